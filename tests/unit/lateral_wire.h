/*
 * lateral_wire.h - bytes of NTLM, SPNEGO, SMB and DCE/RPC, as tests say them.
 */
#ifndef TESTS_LATERAL_WIRE_H
#define TESTS_LATERAL_WIRE_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum { WIRE_BYTES = 16384 };

struct wire {
	size_t len;
	uint8_t bytes[WIRE_BYTES];
};

static inline void
wire_bytes(struct wire *w, const void *bytes, size_t len)
{
	assert(w->len + len <= WIRE_BYTES);
	memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static inline void
wire_zeros(struct wire *w, size_t len)
{
	assert(w->len + len <= WIRE_BYTES);
	memset(w->bytes + w->len, 0, len);
	w->len += len;
}

/* Little-endian. */
static inline void
wire_number(struct wire *w, uint64_t n, size_t len)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)(n >> 8 * i);
	wire_bytes(w, bytes, len);
}

static inline void
wire_number_at(struct wire *w, size_t at, uint64_t n, size_t len)
{
	size_t used = w->len;

	w->len = at;
	wire_number(w, n, len);
	w->len = used;
}

/* ASCII as UTF-16LE, without a NUL. */
static inline void
wire_wide(struct wire *w, const char *text)
{
	for (; *text != '\0'; text++)
		wire_number(w, (uint8_t)*text, 2);
}

/* ---- NTLM (MS-NLMP 2.2.1) ---- */

static inline void
wire_negotiate_token(struct wire *w)
{
	wire_bytes(w, "NTLMSSP\0\1\0\0\0\x07\x82\x08\xa2", 16);
	wire_zeros(w, 24);
}

/* The text behind the message, its field at `field`. */
static inline void
wire_field(struct wire *w, size_t begin, size_t field, const char *text)
{
	wire_number_at(w, begin + field, 2 * strlen(text), 2);
	wire_number_at(w, begin + field + 2, 2 * strlen(text), 2);
	wire_number_at(w, begin + field + 4, w->len - begin, 4);
	wire_wide(w, text);
}

static inline void
wire_pair(struct wire *w, uint16_t id, const char *text)
{
	wire_number(w, id, 2);
	wire_number(w, 2 * strlen(text), 2);
	wire_wide(w, text);
}

static inline void
wire_challenge(struct wire *w, const char *domain, const char *computer, const char *dns)
{
	size_t begin = w->len, info;

	wire_bytes(w, "NTLMSSP\0\2\0\0\0", 12);
	wire_zeros(w, 44);
	wire_number_at(w, begin + 20, 1, 4);
	wire_field(w, begin, 12, domain);
	info = w->len;
	wire_pair(w, 2, domain);
	wire_pair(w, 1, computer);
	wire_pair(w, 3, dns);
	wire_pair(w, 0, "");
	wire_number_at(w, begin + 40, w->len - info, 2);
	wire_number_at(w, begin + 42, w->len - info, 2);
	wire_number_at(w, begin + 44, info - begin, 4);
}

static inline void
wire_authenticate(struct wire *w, const char *user, const char *domain, const char *workstation, size_t proof)
{
	size_t begin = w->len;

	wire_bytes(w, "NTLMSSP\0\3\0\0\0", 12);
	wire_zeros(w, 52);
	wire_number_at(w, begin + 60, 1, 4);
	wire_field(w, begin, 28, domain);
	wire_field(w, begin, 36, user);
	wire_field(w, begin, 44, workstation);
	wire_number_at(w, begin + 20, proof, 2);
	wire_number_at(w, begin + 24, w->len - begin, 4);
	wire_zeros(w, proof);
}

/* ---- SPNEGO (RFC 4178) ---- */

static inline void
wire_element(struct wire *w, uint8_t tag, const struct wire *body)
{
	uint8_t head[4] = { tag, 0x82, (uint8_t)(body->len >> 8), (uint8_t)body->len };

	wire_bytes(w, head, sizeof head);
	wire_bytes(w, body->bytes, body->len);
}

/* Wraps what is in `w` into an element. */
static inline void
wire_wrap(struct wire *w, uint8_t tag)
{
	static struct wire body;

	body = *w;
	w->len = 0;
	wire_element(w, tag, &body);
}

static inline void
wire_spnego_init(struct wire *w, const struct wire *token)
{
	static struct wire negotiation, all;

	negotiation.len = all.len = 0;
	wire_element(&negotiation, 0x04, token);
	wire_wrap(&negotiation, 0xa2);
	wire_bytes(&all, "\xa0\x0e\x30\x0c\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a", 16);
	wire_bytes(&all, negotiation.bytes, negotiation.len);
	wire_wrap(&all, 0x30);
	wire_wrap(&all, 0xa0);
	negotiation.len = 0;
	wire_bytes(&negotiation, "\x06\x06\x2b\x06\x01\x05\x05\x02", 8);
	wire_bytes(&negotiation, all.bytes, all.len);
	wire_element(w, 0x60, &negotiation);
}

static inline void
wire_spnego_answer(struct wire *w, const struct wire *token)
{
	static struct wire all, octets;

	all.len = octets.len = 0;
	wire_bytes(&all, "\xa0\x03\x0a\x01\x01", 5);
	wire_element(&octets, 0x04, token);
	wire_element(&all, 0xa2, &octets);
	wire_wrap(&all, 0x30);
	wire_element(w, 0xa1, &all);
}

#endif
