#include "proto/quic/quic_keys.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 64, HASH_BYTES = 32, PLAIN_BYTES = 65536, NUMBER_BYTES_MAX = 4, LABEL_BYTES_MAX = 32 };

struct quic_tools {
	EVP_MD *sha256;		/* fetched once: OpenSSL would search for them at each use */
	EVP_CIPHER *gcm, *ecb;
	EVP_MD_CTX *hash;
	EVP_CIPHER_CTX *opener, *mask;
	uint8_t plain[PLAIN_BYTES];	/* no datagram has more */
};

struct quic_tools *
quic_tools_new(void)
{
	struct quic_tools *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	t->gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	t->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	t->hash = EVP_MD_CTX_new();
	t->opener = EVP_CIPHER_CTX_new();
	t->mask = EVP_CIPHER_CTX_new();
	ERR_clear_error();
	if (t->sha256 != NULL && t->gcm != NULL && t->ecb != NULL && t->hash != NULL && t->opener != NULL &&
	    t->mask != NULL)
		return t;
	quic_tools_free(t);
	return NULL;
}

void
quic_tools_free(struct quic_tools *t)
{
	if (t == NULL)
		return;
	EVP_MD_free(t->sha256);
	EVP_CIPHER_free(t->gcm);
	EVP_CIPHER_free(t->ecb);
	EVP_MD_CTX_free(t->hash);
	EVP_CIPHER_CTX_free(t->opener);
	EVP_CIPHER_CTX_free(t->mask);
	free(t);
}

/* ---- HKDF (RFC 5869) over HMAC (RFC 2104), both with SHA-256 ---- */

static bool
hash_two(struct quic_tools *t, struct span a, struct span b, uint8_t out[HASH_BYTES])
{
	return EVP_DigestInit_ex2(t->hash, t->sha256, NULL) == 1 &&
	    EVP_DigestUpdate(t->hash, a.at, a.left) == 1 && EVP_DigestUpdate(t->hash, b.at, b.left) == 1 &&
	    EVP_DigestFinal_ex(t->hash, out, NULL) == 1;
}

/* Of a key that is no longer than a block. */
static bool
hmac(struct quic_tools *t, struct span key, struct span bytes, uint8_t out[HASH_BYTES])
{
	uint8_t inner[BLOCK_BYTES] = { 0 }, outer[BLOCK_BYTES], digest[HASH_BYTES];
	size_t i;

	span_copy(&key, inner, key.left);
	for (i = 0; i < BLOCK_BYTES; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	return hash_two(t, span_of(inner, BLOCK_BYTES), bytes, digest) &&
	    hash_two(t, span_of(outer, BLOCK_BYTES), span_of(digest, HASH_BYTES), out);
}

/* HKDF-Expand-Label with no context and at most one block (RFC 8446, 7.1). */
static bool
expand(struct quic_tools *t, const uint8_t secret[QUIC_SECRET_BYTES], const char *label, uint8_t *out, uint8_t len)
{
	uint8_t info[LABEL_BYTES_MAX + 5] = { 0 }, block[HASH_BYTES];
	size_t label_bytes = strlen(label);

	info[1] = len;
	info[2] = (uint8_t)label_bytes;
	memcpy(info + 3, label, label_bytes);
	info[label_bytes + 4] = 1;
	if (!hmac(t, span_of(secret, QUIC_SECRET_BYTES), span_of(info, label_bytes + 5), block))
		return false;
	memcpy(out, block, len);
	return true;
}

static bool
derive_side(struct quic_tools *t, const struct quic_version *v, const uint8_t initial[QUIC_SECRET_BYTES],
    const char *label, struct quic_keys *out)
{
	uint8_t secret[QUIC_SECRET_BYTES];

	return expand(t, initial, label, secret, QUIC_SECRET_BYTES) &&
	    expand(t, secret, v->key, out->key, QUIC_KEY_BYTES) &&
	    expand(t, secret, v->iv, out->iv, QUIC_IV_BYTES) &&
	    expand(t, secret, v->hp, out->hp, QUIC_KEY_BYTES);
}

bool
quic_keys_derive(struct quic_tools *t, const struct quic_version *v, struct span dcid, struct quic_key_pair *out)
{
	uint8_t initial[QUIC_SECRET_BYTES];
	bool done = hmac(t, span_of(v->salt, QUIC_SALT_BYTES), dcid, initial) &&
	    derive_side(t, v, initial, "tls13 client in", &out->client) &&
	    derive_side(t, v, initial, "tls13 server in", &out->server);

	if (!done)
		ERR_clear_error();
	return done;
}

/* ---- opening ---- */

/* The mask over first byte and packet number (RFC 9001, 5.4.3). */
static bool
make_mask(struct quic_tools *t, const struct quic_keys *k, struct span sample, uint8_t mask[QUIC_SAMPLE_BYTES])
{
	int len = 0;

	return EVP_EncryptInit_ex2(t->mask, t->ecb, k->hp, NULL, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(t->mask, 0) == 1 &&
	    EVP_EncryptUpdate(t->mask, mask, &len, sample.at, QUIC_SAMPLE_BYTES) == 1 && len == QUIC_SAMPLE_BYTES;
}

/* RFC 9000, A.3: the number nearest to the expected one that ends like this. */
static uint64_t
whole_number(uint64_t expected, uint64_t cut, unsigned bytes)
{
	uint64_t window = (uint64_t)1 << 8 * bytes, half = window / 2;
	uint64_t number = (expected & ~(window - 1)) | cut;

	if (number + half <= expected && number < ((uint64_t)1 << 62) - window)
		return number + window;
	if (number > expected + half && number >= window)
		return number - window;
	return number;
}

static bool
decrypt(struct quic_tools *t, const struct quic_keys *k, const uint8_t nonce[QUIC_IV_BYTES],
    const struct span header[3], struct span sealed, struct span *plain)
{
	uint8_t tag[QUIC_TAG_BYTES];
	int len = 0, i;

	memcpy(tag, sealed.at + sealed.left - QUIC_TAG_BYTES, QUIC_TAG_BYTES);
	sealed.left -= QUIC_TAG_BYTES;
	if (EVP_DecryptInit_ex2(t->opener, t->gcm, k->key, nonce, NULL) != 1)
		return false;
	for (i = 0; i < 3; i++)
		if (EVP_DecryptUpdate(t->opener, NULL, &len, header[i].at, (int)header[i].left) != 1)
			return false;
	if (EVP_DecryptUpdate(t->opener, t->plain, &len, sealed.at, (int)sealed.left) != 1 ||
	    (size_t)len != sealed.left)
		return false;
	if (EVP_CIPHER_CTX_ctrl(t->opener, EVP_CTRL_AEAD_SET_TAG, QUIC_TAG_BYTES, tag) != 1 ||
	    EVP_DecryptFinal_ex(t->opener, t->plain + len, &len) != 1)
		return false;
	*plain = span_of(t->plain, sealed.left);
	return true;
}

bool
quic_open(struct quic_tools *t, const struct quic_keys *k, const struct quic_packet *p, uint64_t *next,
    struct span *plain)
{
	uint8_t mask[QUIC_SAMPLE_BYTES], nonce[QUIC_IV_BYTES], first, number[NUMBER_BYTES_MAX];
	struct span rest = p->whole, header[3];
	uint64_t cut = 0, full;
	unsigned bytes, i;

	if (rest.left > PLAIN_BYTES || !span_skip(&rest, p->number_at) ||
	    rest.left < NUMBER_BYTES_MAX + QUIC_SAMPLE_BYTES)
		return false;
	if (!make_mask(t, k, span_of(rest.at + NUMBER_BYTES_MAX, QUIC_SAMPLE_BYTES), mask)) {
		ERR_clear_error();
		return false;
	}
	first = (uint8_t)(p->whole.at[0] ^ (mask[0] & 0x0f));
	bytes = (first & 3u) + 1;
	for (i = 0; i < bytes; i++) {
		number[i] = rest.at[i] ^ mask[i + 1];
		cut = cut << 8 | number[i];
	}
	full = whole_number(*next, cut, bytes);
	memcpy(nonce, k->iv, QUIC_IV_BYTES);
	for (i = 0; i < 8; i++)
		nonce[QUIC_IV_BYTES - 1 - i] ^= (uint8_t)(full >> 8 * i);
	header[0] = span_of(&first, 1);
	header[1] = span_of(p->whole.at + 1, p->number_at - 1);
	header[2] = span_of(number, bytes);
	span_skip(&rest, bytes);
	if (!decrypt(t, k, nonce, header, rest, plain)) {
		ERR_clear_error();
		return false;
	}
	if (full >= *next)
		*next = full + 1;
	return true;
}
