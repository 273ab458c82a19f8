/*
 * tls_wire.h - TLS handshakes made byte by byte, for tests of the TLS reader.
 */
#ifndef TEST_TLS_WIRE_H
#define TEST_TLS_WIRE_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct wire {
	uint8_t bytes[150000];
	size_t len;
};

static inline void
wire_bytes(struct wire *w, const void *bytes, size_t len)
{
	assert(len <= sizeof w->bytes - w->len);
	if (len > 0)
		memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static inline void
wire_number(struct wire *w, unsigned value, unsigned size)
{
	uint8_t b[4];
	unsigned i;

	for (i = 0; i < size; i++)
		b[i] = (uint8_t)(value >> 8 * (size - 1 - i));
	wire_bytes(w, b, size);
}

/* A length of `size` bytes that wire_close() fills in. */
static inline size_t
wire_open(struct wire *w, unsigned size)
{
	wire_number(w, 0, size);
	return w->len;
}

static inline void
wire_close(struct wire *w, size_t at, unsigned size)
{
	size_t len = w->len - at;
	unsigned i;

	for (i = 0; i < size; i++)
		w->bytes[at - size + i] = (uint8_t)(len >> 8 * (size - 1 - i));
}

static inline void
wire_record(struct wire *w, unsigned type, const void *bytes, size_t len)
{
	wire_number(w, type, 1);
	wire_number(w, 0x0303, 2);
	wire_number(w, (unsigned)len, 2);
	wire_bytes(w, bytes, len);
}

/* Lists of 16-bit values, ended by END. */
enum { WIRE_END = 0x10000 };

static inline void
wire_list(struct wire *w, const unsigned *values)
{
	for (; *values != WIRE_END; values++)
		wire_number(w, *values, 2);
}

static inline void
wire_extension(struct wire *w, unsigned type, const void *body, size_t len)
{
	wire_number(w, type, 2);
	wire_number(w, (unsigned)len, 2);
	wire_bytes(w, body, len);
}

/* What stands in a ClientHello; NULL lists and texts are left out. */
struct wire_hello {
	unsigned version;
	const unsigned *ciphers, *extensions, *groups, *signatures, *versions;
	const char *sni;
	const uint8_t *alpn;		/* counted names, without the outer length */
	size_t alpn_len;
	const uint8_t *formats;
	size_t formats_len;
	size_t padding;			/* bytes in each extension without a meaning here */
};

static inline void
wire_extension_body(struct wire *w, const struct wire_hello *h, unsigned type)
{
	size_t at, list;

	at = wire_open(w, 2);
	switch (type) {
	case 0:
		list = wire_open(w, 2);
		wire_number(w, 0, 1);
		wire_number(w, (unsigned)strlen(h->sni), 2);
		wire_bytes(w, h->sni, strlen(h->sni));
		wire_close(w, list, 2);
		break;
	case 10: case 13:
		list = wire_open(w, 2);
		wire_list(w, type == 10 ? h->groups : h->signatures);
		wire_close(w, list, 2);
		break;
	case 11:
		list = wire_open(w, 1);
		wire_bytes(w, h->formats, h->formats_len);
		wire_close(w, list, 1);
		break;
	case 16:
		list = wire_open(w, 2);
		wire_bytes(w, h->alpn, h->alpn_len);
		wire_close(w, list, 2);
		break;
	case 43:
		list = wire_open(w, 1);
		wire_list(w, h->versions);
		wire_close(w, list, 1);
		break;
	default:
		for (list = 0; list < h->padding; list++)
			wire_number(w, 0x55, 1);
	}
	wire_close(w, at, 2);
}

static inline void
wire_client_hello(struct wire *w, const struct wire_hello *h)
{
	static const uint8_t random[32] = { 1, 2, 3 };
	const unsigned *type;
	size_t at, list;

	wire_number(w, 1, 1);
	at = wire_open(w, 3);
	wire_number(w, h->version, 2);
	wire_bytes(w, random, sizeof random);
	wire_number(w, 0, 1);
	list = wire_open(w, 2);
	wire_list(w, h->ciphers);
	wire_close(w, list, 2);
	wire_number(w, 0x0100, 2);
	if (h->extensions != NULL) {
		list = wire_open(w, 2);
		for (type = h->extensions; *type != WIRE_END; type++) {
			wire_number(w, *type, 2);
			wire_extension_body(w, h, *type);
		}
		wire_close(w, list, 2);
	}
	wire_close(w, at, 3);
}

/* `extensions`: ready bytes, NULL for no block. */
static inline void
wire_server_hello(struct wire *w, unsigned version, const uint8_t random[32], unsigned cipher,
    const struct wire *extensions)
{
	size_t at, list;

	wire_number(w, 2, 1);
	at = wire_open(w, 3);
	wire_number(w, version, 2);
	wire_bytes(w, random, 32);
	wire_number(w, 0, 1);
	wire_number(w, cipher, 2);
	wire_number(w, 0, 1);
	if (extensions != NULL) {
		list = wire_open(w, 2);
		wire_bytes(w, extensions->bytes, extensions->len);
		wire_close(w, list, 2);
	}
	wire_close(w, at, 3);
}

/* `count` times the same certificate. */
static inline void
wire_certificate(struct wire *w, const uint8_t *der, size_t len, unsigned count)
{
	size_t at, list, one;

	wire_number(w, 11, 1);
	at = wire_open(w, 3);
	list = wire_open(w, 3);
	while (count-- > 0) {
		one = wire_open(w, 3);
		wire_bytes(w, der, len);
		wire_close(w, one, 3);
	}
	wire_close(w, list, 3);
	wire_close(w, at, 3);
}

#endif
