/*
 * quic_seal.h - Initial packets as a sender makes them (RFC 9001, 5.3 and 5.4):
 * for tests and for the fuzz target, so that what stands in them is reached.
 */
#ifndef TESTS_QUIC_SEAL_H
#define TESTS_QUIC_SEAL_H

#include <openssl/evp.h>
#include <string.h>

#include "proto/quic/quic_keys.h"

enum { SEAL_NUMBER_BYTES = 4 };

/*
 * `header` without the packet number, whose 4 bytes follow; `plain`: frames,
 * at least 4 bytes. Returns the length of what stands in `out`, which has room
 * for 20 bytes more than both.
 */
static inline size_t
quic_seal(const struct quic_keys *k, struct span header, uint32_t number, struct span plain, uint8_t *out)
{
	EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new(), *ecb = EVP_CIPHER_CTX_new();
	size_t head = header.left + SEAL_NUMBER_BYTES, at = header.left, i;
	uint8_t nonce[QUIC_IV_BYTES], mask[QUIC_SAMPLE_BYTES];
	int len = 0;

	memcpy(out, header.at, header.left);
	memcpy(nonce, k->iv, sizeof nonce);
	for (i = 0; i < SEAL_NUMBER_BYTES; i++) {
		out[at + i] = (uint8_t)(number >> 8 * (3 - i));
		nonce[sizeof nonce - SEAL_NUMBER_BYTES + i] ^= out[at + i];
	}
	EVP_EncryptInit_ex(gcm, EVP_aes_128_gcm(), NULL, k->key, nonce);
	EVP_EncryptUpdate(gcm, NULL, &len, out, (int)head);
	EVP_EncryptUpdate(gcm, out + head, &len, plain.at, (int)plain.left);
	EVP_EncryptFinal_ex(gcm, out + head + len, &len);
	EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, QUIC_TAG_BYTES, out + head + plain.left);
	EVP_EncryptInit_ex(ecb, EVP_aes_128_ecb(), NULL, k->hp, NULL);
	EVP_EncryptUpdate(ecb, mask, &len, out + head, QUIC_SAMPLE_BYTES);
	out[0] ^= mask[0] & 0x0f;
	for (i = 0; i < SEAL_NUMBER_BYTES; i++)
		out[at + i] ^= mask[1 + i];
	EVP_CIPHER_CTX_free(gcm);
	EVP_CIPHER_CTX_free(ecb);
	return head + plain.left + QUIC_TAG_BYTES;
}

/* A whole Initial packet, number length 4. `room` of out: 100 more than token and plain. */
static inline size_t
quic_initial(const struct quic_keys *k, uint32_t version, struct span dcid, struct span scid, struct span token,
    uint32_t number, struct span plain, uint8_t *out)
{
	static const uint8_t types[2] = { 0xc3, 0xd3 };
	size_t len = SEAL_NUMBER_BYTES + plain.left + QUIC_TAG_BYTES, at = 0, i;
	uint8_t header[1400];

	header[at++] = types[version == 0x6b3343cf];
	for (i = 0; i < 4; i++)
		header[at++] = (uint8_t)(version >> 8 * (3 - i));
	header[at++] = (uint8_t)dcid.left;
	memcpy(header + at, dcid.at, dcid.left);
	at += dcid.left;
	header[at++] = (uint8_t)scid.left;
	if (scid.left > 0)
		memcpy(header + at, scid.at, scid.left);
	at += scid.left;
	header[at++] = (uint8_t)(0x40 | token.left >> 8);
	header[at++] = (uint8_t)token.left;
	if (token.left > 0)
		memcpy(header + at, token.at, token.left);
	at += token.left;
	header[at++] = (uint8_t)(0x40 | len >> 8);
	header[at++] = (uint8_t)len;
	return quic_seal(k, span_of(header, at), number, plain, out);
}

#endif
