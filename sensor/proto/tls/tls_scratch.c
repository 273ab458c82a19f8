#include "proto/tls/tls_scratch.h"

#include <openssl/err.h>
#include <stdint.h>
#include <string.h>

void
tls_scratch_init(struct tls_scratch *s, size_t most_bytes)
{
	arena_init(&s->arena, most_bytes);
	s->digest = NULL;
}

void
tls_scratch_clear(struct tls_scratch *s)
{
	arena_clear(&s->arena);
	EVP_MD_CTX_free(s->digest);
	s->digest = NULL;
}

bool
tls_hash(struct tls_scratch *s, const EVP_MD *kind, struct span bytes, char *hex, size_t digits)
{
	static const char HEX[] = "0123456789abcdef";
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	size_t i;

	hex[0] = '\0';
	if (s->digest == NULL && (s->digest = EVP_MD_CTX_new()) == NULL)
		return false;
	if (EVP_DigestInit_ex(s->digest, kind, NULL) != 1 ||
	    EVP_DigestUpdate(s->digest, bytes.at, bytes.left) != 1 ||
	    EVP_DigestFinal_ex(s->digest, raw, &len) != 1) {
		ERR_clear_error();
		return false;
	}
	for (i = 0; i < digits && i < 2 * (size_t)len; i++)
		hex[i] = HEX[i % 2 == 0 ? raw[i / 2] >> 4 : raw[i / 2] & 15];
	hex[i] = '\0';
	return true;
}

bool
tls_text_begin(struct tls_text *t, struct arena *a, size_t room)
{
	t->used = 0;
	t->room = room;
	t->full = false;
	return (t->at = arena_take(a, room)) != NULL;
}

void
tls_text_bytes(struct tls_text *t, const void *bytes, size_t len)
{
	if (len > t->room - t->used) {
		t->full = true;
		return;
	}
	if (len > 0)
		memcpy(t->at + t->used, bytes, len);
	t->used += len;
}

void
tls_text_byte(struct tls_text *t, char c)
{
	tls_text_bytes(t, &c, 1);
}

struct span
tls_text_span(const struct tls_text *t)
{
	return span_of(t->at, t->used);
}
