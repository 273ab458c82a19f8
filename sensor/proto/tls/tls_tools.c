#include "proto/tls/tls_tools.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/hex.h"
#include "proto/tls/tls_known.h"
#include "proto/tls/tls_repeat.h"

enum { SHORT_BYTES = 464, SHORT_PLACES = 16, DIGEST_BYTES_MAX = 32 };

/* A short text's hash: what programs say that shuffle the rest of their hellos. */
struct short_text {
	uint16_t len;		/* 0: free */
	uint8_t kind, digits;
	char hex[2 * DIGEST_BYTES_MAX + 1];
	uint8_t text[SHORT_BYTES];
};

struct tls_tools {
	EVP_MD_CTX *context[TLS_DIGESTS];	/* OpenSSL makes one anew for another digest */
	EVP_MD *digest[TLS_DIGESTS];	/* fetched once: OpenSSL would search for them at each hash */
	struct tls_known *known;
	struct tls_repeats *repeats;
	struct arena_spare spare;
	struct short_text shorts[SHORT_PLACES];	/* by hash; the latest stays */
};

struct tls_tools *
tls_tools_new(void)
{
	static const char *const names[TLS_DIGESTS] = { "MD5", "SHA1", "SHA256" };
	struct tls_tools *t = calloc(1, sizeof *t);
	int i;

	if (t == NULL)
		return NULL;
	t->known = tls_known_new();
	t->repeats = tls_repeats_new();
	for (i = 0; i < TLS_DIGESTS && t->known != NULL && t->repeats != NULL; i++) {
		t->digest[i] = EVP_MD_fetch(NULL, names[i], NULL);
		if ((t->context[i] = EVP_MD_CTX_new()) == NULL)
			break;
	}
	ERR_clear_error();
	if (i == TLS_DIGESTS)
		return t;
	tls_tools_free(t);
	return NULL;
}

void
tls_tools_free(struct tls_tools *t)
{
	int i;

	if (t == NULL)
		return;
	for (i = 0; i < TLS_DIGESTS; i++) {
		EVP_MD_free(t->digest[i]);
		EVP_MD_CTX_free(t->context[i]);
	}
	tls_known_free(t->known);
	tls_repeats_free(t->repeats);
	arena_spare_clear(&t->spare);
	free(t);
}

struct tls_known *
tls_tools_known(struct tls_tools *t)
{
	return t->known;
}

struct tls_repeats *
tls_tools_repeats(struct tls_tools *t)
{
	return t->repeats;
}

struct arena_spare *
tls_tools_spare(struct tls_tools *t)
{
	return &t->spare;
}

static bool
digest(struct tls_tools *t, enum tls_digest kind, struct span bytes, uint8_t raw[EVP_MAX_MD_SIZE], unsigned *len)
{
	if (t->digest[kind] == NULL)
		return false;
	if (EVP_DigestInit_ex2(t->context[kind], t->digest[kind], NULL) == 1 &&
	    EVP_DigestUpdate(t->context[kind], bytes.at, bytes.left) == 1 &&
	    EVP_DigestFinal_ex(t->context[kind], raw, len) == 1)
		return true;
	ERR_clear_error();
	return false;
}

bool
tls_hash(struct tls_tools *t, enum tls_digest kind, struct span bytes, char *hex, size_t digits)
{
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	hex[0] = '\0';
	if (!digest(t, kind, bytes, raw, &len))
		return false;
	len = len < digits / 2 ? len : (unsigned)digits / 2;
	hex_put(hex, raw, len);
	hex[2 * len] = '\0';
	return true;
}

bool
tls_hash_text(struct tls_tools *t, enum tls_digest kind, struct span text, char *hex, size_t digits)
{
	struct short_text *s = &t->shorts[hash_table(text.at, text.left) % SHORT_PLACES];

	if (text.left == 0 || text.left > SHORT_BYTES || digits > 2 * DIGEST_BYTES_MAX)
		return tls_hash(t, kind, text, hex, digits);
	if (s->kind != kind || s->digits != digits || !span_equal(span_of(s->text, s->len), text)) {
		s->len = 0;
		if (!tls_hash(t, kind, text, hex, digits))
			return false;
		s->kind = (uint8_t)kind;
		s->digits = (uint8_t)digits;
		memcpy(s->hex, hex, digits + 1);
		s->len = (uint16_t)text.left;
		memcpy(s->text, text.at, text.left);
	}
	memcpy(hex, s->hex, digits + 1);
	return true;
}
