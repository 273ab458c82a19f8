#include "proto/tls/tls_certificate.h"

#include <limits.h>
#include <openssl/asn1t.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/when.h"
#include "proto/tls/tls_known.h"

/*
 * RFC 5280, 4.1, without the inside of the key. d2i_X509() takes the key apart
 * through OpenSSL's providers, which costs ten times as much as all the rest.
 */
struct tls_tbs {
	ASN1_INTEGER *version, *serial;
	ASN1_TYPE *algorithm;
	X509_NAME *issuer;
	X509_VAL *validity;
	X509_NAME *subject;
	ASN1_TYPE *key;
	ASN1_BIT_STRING *issuer_id, *subject_id;
	STACK_OF(X509_EXTENSION) *extensions;
};

struct tls_x509 {
	struct tls_tbs *tbs;
	ASN1_TYPE *algorithm;
	ASN1_BIT_STRING *signature;
};

ASN1_SEQUENCE(tls_tbs) = {
	ASN1_EXP_OPT(struct tls_tbs, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(struct tls_tbs, serial, ASN1_INTEGER),
	ASN1_SIMPLE(struct tls_tbs, algorithm, ASN1_ANY),
	ASN1_SIMPLE(struct tls_tbs, issuer, X509_NAME),
	ASN1_SIMPLE(struct tls_tbs, validity, X509_VAL),
	ASN1_SIMPLE(struct tls_tbs, subject, X509_NAME),
	ASN1_SIMPLE(struct tls_tbs, key, ASN1_ANY),
	ASN1_IMP_OPT(struct tls_tbs, issuer_id, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(struct tls_tbs, subject_id, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(struct tls_tbs, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END_name(struct tls_tbs, tls_tbs)

ASN1_SEQUENCE(tls_x509) = {
	ASN1_SIMPLE(struct tls_x509, tbs, tls_tbs),
	ASN1_SIMPLE(struct tls_x509, algorithm, ASN1_ANY),
	ASN1_SIMPLE(struct tls_x509, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct tls_x509, tls_x509)

static bool
take_certificate(struct span *list, struct span *out)
{
	struct span s = *list;
	uint32_t len;

	if (!span_u24be(&s, &len) || !span_take(&s, len, out))
		return false;
	*list = s;
	return true;
}

static struct span
keep_bytes(struct arena *a, const void *bytes, size_t len)
{
	const char *copy = arena_text(a, bytes, len);

	return span_of(copy, copy == NULL ? 0 : len);
}

/* Nothing is kept when the printing failed half-way. */
static bool
print_name(struct arena *a, const X509_NAME *name, unsigned long flags, struct span *out)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *text = NULL;
	bool done = false;
	long len;

	if (memory == NULL || X509_NAME_print_ex(memory, name, 0, flags) < 0)
		goto done;
	if ((len = BIO_get_mem_data(memory, &text)) < 0)
		goto done;
	*out = keep_bytes(a, text == NULL ? "" : text, (size_t)len);
	done = true;
done:
	BIO_free(memory);
	return done;
}

/* UTF-8 as it is; a name that is not what its string type says is printed byte by byte, escaped. */
static struct span
name_text(struct arena *a, const X509_NAME *name)
{
	const unsigned long utf8 = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
	const unsigned long bytes = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_UTF8_CONVERT;
	struct span out = { NULL, 0 };

	if (!print_name(a, name, utf8, &out))
		print_name(a, name, bytes, &out);
	return out;
}

static void
put_address(struct tls_text *t, const ASN1_OCTET_STRING *octets)
{
	const uint8_t *bytes = ASN1_STRING_get0_data(octets);
	char text[ADDR_TEXT_MAX];
	struct addr address;

	if (ASN1_STRING_length(octets) == 4)
		address = addr_v4(bytes);
	else
		memcpy(address.b, bytes, sizeof address.b);
	addr_text(&address, text);
	tls_text_bytes(t, text, strlen(text));
}

static bool
is_wanted(const GENERAL_NAME *name)
{
	int len;

	if (name->type == GEN_DNS)
		return true;
	if (name->type != GEN_IPADD)
		return false;
	len = ASN1_STRING_length(name->d.iPAddress);
	return len == 4 || len == 16;
}

static void
put_name(struct tls_text *t, const GENERAL_NAME *name)
{
	if (t->used > 0)
		tls_text_byte(t, ',');
	if (name->type == GEN_IPADD)
		put_address(t, name->d.iPAddress);
	else
		tls_text_bytes(t, ASN1_STRING_get0_data(name->d.dNSName),
		    (size_t)ASN1_STRING_length(name->d.dNSName));
}

static size_t
names_room(const GENERAL_NAMES *names)
{
	const GENERAL_NAME *name;
	size_t room = 1;
	int i;

	for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		name = sk_GENERAL_NAME_value(names, i);
		if (is_wanted(name))
			room += name->type == GEN_IPADD ? ADDR_TEXT_MAX + 1 :
			    (size_t)ASN1_STRING_length(name->d.dNSName) + 1;
	}
	return room;
}

static struct span
names_text(struct arena *a, const STACK_OF(X509_EXTENSION) *extensions)
{
	GENERAL_NAMES *names;
	struct span out = { NULL, 0 };
	struct tls_text t;
	int i;

	names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
	if (names == NULL)
		return out;
	if (!tls_text_begin(&t, a, names_room(names)))
		goto done;
	for (i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (is_wanted(sk_GENERAL_NAME_value(names, i)))
			put_name(&t, sk_GENERAL_NAME_value(names, i));
	out = tls_text_span(&t);
done:
	GENERAL_NAMES_free(names);
	return out;
}

static struct span
serial_text(struct arena *a, const ASN1_INTEGER *serial)
{
	static const char HEX[] = "0123456789ABCDEF";
	const uint8_t *bytes = ASN1_STRING_get0_data(serial);
	int i, len = ASN1_STRING_length(serial);
	struct span out = { NULL, 0 };
	struct tls_text t;

	if (!tls_text_begin(&t, a, 2 * (size_t)len + 2))
		return out;
	if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER)
		tls_text_byte(&t, '-');
	for (i = 0; i < len; i++) {
		tls_text_byte(&t, HEX[bytes[i] >> 4]);
		tls_text_byte(&t, HEX[bytes[i] & 15]);
	}
	return tls_text_span(&t);
}

/* By calendar arithmetic alone: gmtime() and timegm() would look for time zone files. */
static int64_t
time_ns(const ASN1_TIME *when)
{
	const struct tm epoch = { .tm_year = 70, .tm_mday = 1 };
	int days, seconds;
	struct tm tm;
	int64_t sec;

	if (when == NULL || ASN1_TIME_to_tm(when, &tm) != 1 ||
	    OPENSSL_gmtime_diff(&days, &seconds, &epoch, &tm) != 1)
		return WHEN_UNKNOWN;
	sec = (int64_t)days * 86400 + seconds;
	/* "99991231235959Z", no end (RFC 5280, 4.1.2.5), is beyond what nanoseconds can say. */
	if (sec > INT64_MAX / NS_PER_SEC)
		return INT64_MAX;
	if (sec < -(INT64_MAX / NS_PER_SEC))
		return -INT64_MAX;
	return sec * NS_PER_SEC;
}

static void
describe(struct arena *a, const struct tls_tbs *tbs, struct tls_certificate *out)
{
	out->subject = name_text(a, tbs->subject);
	out->issuer = name_text(a, tbs->issuer);
	out->names = names_text(a, tbs->extensions);
	out->serial = serial_text(a, tbs->serial);
	out->not_before_ns = time_ns(tbs->validity->notBefore);
	out->not_after_ns = time_ns(tbs->validity->notAfter);
	out->self_signed = X509_NAME_cmp(tbs->subject, tbs->issuer) == 0;
}

static void
read_leaf(struct tls_scratch *s, struct span der, struct tls_certificate *out)
{
	const uint8_t *at = der.at;
	ASN1_VALUE *value;

	if (der.left > LONG_MAX)
		return;
	value = ASN1_item_d2i(NULL, &at, (long)der.left, ASN1_ITEM_rptr(tls_x509));
	if (value != NULL)
		describe(&s->arena, ((const struct tls_x509 *)value)->tbs, out);
	ASN1_item_free(value, ASN1_ITEM_rptr(tls_x509));
	ERR_clear_error();
}

/* Enough for all texts, however much of them is escaped: what this flow has no room for, others may have. */
static bool
has_room(const struct arena *a, struct span leaf)
{
	return a->used_bytes < a->most_bytes && a->most_bytes - a->used_bytes > 16 * leaf.left;
}

bool
tls_certificate_read(struct tls_scratch *s, struct span body, struct tls_certificate *out)
{
	struct span list, leaf, other;
	uint32_t len;
	bool had_room;

	memset(out, 0, sizeof *out);
	out->not_before_ns = out->not_after_ns = WHEN_UNKNOWN;
	if (!span_u24be(&body, &len) || !span_take(&body, len, &list))
		return false;
	if (!take_certificate(&list, &leaf) || leaf.left == 0)
		return false;
	for (out->chain = 1; take_certificate(&list, &other); out->chain++)
		;
	tls_hash(s->tools, TLS_SHA256, leaf, out->sha256, sizeof out->sha256 - 1);
	if (tls_known_find(tls_tools_known(s->tools), out))
		return true;
	tls_hash(s->tools, TLS_SHA1, leaf, out->sha1, sizeof out->sha1 - 1);
	had_room = has_room(&s->arena, leaf);
	read_leaf(s, leaf, out);
	if (had_room)
		tls_known_add(tls_tools_known(s->tools), out);
	return true;
}
