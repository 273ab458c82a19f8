#include "proto/tls/tls_tools.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/hex.h"
#include "proto/tls/tls_known.h"

struct tls_tools {
	EVP_MD_CTX *context;
	EVP_MD *digest[TLS_DIGESTS];	/* fetched once: OpenSSL would search for them at each hash */
	struct tls_known *known;
};

struct tls_tools *
tls_tools_new(void)
{
	static const char *const names[TLS_DIGESTS] = { "MD5", "SHA1", "SHA256" };
	struct tls_tools *t = calloc(1, sizeof *t);
	int i;

	if (t == NULL)
		return NULL;
	t->context = EVP_MD_CTX_new();
	t->known = tls_known_new();
	if (t->context == NULL || t->known == NULL) {
		tls_tools_free(t);
		return NULL;
	}
	for (i = 0; i < TLS_DIGESTS; i++)
		t->digest[i] = EVP_MD_fetch(NULL, names[i], NULL);
	ERR_clear_error();
	return t;
}

void
tls_tools_free(struct tls_tools *t)
{
	int i;

	if (t == NULL)
		return;
	for (i = 0; i < TLS_DIGESTS; i++)
		EVP_MD_free(t->digest[i]);
	EVP_MD_CTX_free(t->context);
	tls_known_free(t->known);
	free(t);
}

struct tls_known *
tls_tools_known(struct tls_tools *t)
{
	return t->known;
}

bool
tls_hash(struct tls_tools *t, enum tls_digest kind, struct span bytes, char *hex, size_t digits)
{
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	size_t i;

	hex[0] = '\0';
	if (t->digest[kind] == NULL)
		return false;
	if (EVP_DigestInit_ex2(t->context, t->digest[kind], NULL) != 1 ||
	    EVP_DigestUpdate(t->context, bytes.at, bytes.left) != 1 ||
	    EVP_DigestFinal_ex(t->context, raw, &len) != 1) {
		ERR_clear_error();
		return false;
	}
	for (i = 0; i < digits && i < 2 * (size_t)len; i++)
		hex[i] = hex_digit(i % 2 == 0 ? raw[i / 2] >> 4 : raw[i / 2]);
	hex[i] = '\0';
	return true;
}
