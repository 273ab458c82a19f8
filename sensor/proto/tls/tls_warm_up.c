#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "proto/tls/tls.h"
#include "proto/tls/tls_certificate.h"
#include "proto/tls/tls_scratch.h"

enum { MESSAGE_BYTES = 2048, LISTS_BYTES = 6, SCRATCH_BYTES = 1 << 16 };

static X509 *
make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_EXTENSION *names;
	X509_NAME *name;

	if (certificate == NULL)
		return NULL;
	name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"warm-up",
	    -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 1);
	X509_set_pubkey(certificate, key);
	names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:warm-up.invalid");
	if (names != NULL)
		X509_add_ext(certificate, names, -1);
	X509_EXTENSION_free(names);
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

static void
put_u24(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 16);
	at[1] = (uint8_t)(value >> 8);
	at[2] = (uint8_t)value;
}

/* Reads a certificate with this key as if it had come from the wire. */
static void
read_certificate(struct tls_scratch *scratch, EVP_PKEY *key)
{
	X509 *certificate = key == NULL ? NULL : make_certificate(key);
	uint8_t message[MESSAGE_BYTES], *at = message + LISTS_BYTES;
	struct tls_certificate out;
	int len;

	if (certificate == NULL)
		goto done;
	len = i2d_X509(certificate, NULL);
	if (len <= 0 || len > MESSAGE_BYTES - LISTS_BYTES)
		goto done;
	len = i2d_X509(certificate, &at);
	put_u24(message, (unsigned)len + 3);
	put_u24(message + 3, (unsigned)len);
	tls_certificate_read(scratch, span_of(message, (size_t)len + LISTS_BYTES), &out);
done:
	X509_free(certificate);
	EVP_PKEY_free(key);
}

void
tls_warm_up(void)
{
	struct tls_scratch scratch = { .tools = tls_tools_new() };
	char hex[33];

	if (scratch.tools == NULL)
		return;
	arena_init(&scratch.arena, SCRATCH_BYTES);
	tls_hash(scratch.tools, TLS_MD5, span_text(""), hex, sizeof hex - 1);
	read_certificate(&scratch, EVP_EC_gen("P-256"));
	arena_clear(&scratch.arena);
	tls_tools_free(scratch.tools);
	ERR_clear_error();
}
