#include "proto/tls/tls_fingerprint.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/hex.h"

/* ---- JA3: decimal numbers in the order of the wire ---- */

static void
put_decimal(struct tls_text *t, unsigned value)
{
	char digits[12];
	size_t len = 0;

	do {
		digits[len++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (len > 0)
		tls_text_byte(t, digits[--len]);
}

static void
put_values(struct tls_text *t, struct span list)
{
	size_t begin = t->used;
	uint16_t value;

	while (tls_next_value(&list, &value)) {
		if (t->used > begin)
			tls_text_byte(t, '-');
		put_decimal(t, value);
	}
}

static void
put_extension_types(struct tls_text *t, struct span block)
{
	size_t begin = t->used;
	struct span body;
	uint16_t type;

	while (tls_next_extension(&block, &type, &body)) {
		if (t->used > begin)
			tls_text_byte(t, '-');
		put_decimal(t, type);
	}
}

static void
put_small_values(struct tls_text *t, struct span list)
{
	size_t begin = t->used;
	uint8_t value;

	while (span_u8(&list, &value)) {
		if (t->used > begin)
			tls_text_byte(t, '-');
		put_decimal(t, value);
	}
}

bool
tls_ja3(struct tls_scratch *s, const struct tls_client_hello *h, struct tls_client *out)
{
	struct tls_text t;
	/* Room: two bytes become at most "65535-", one "255-"; five fields with their commas. */
	size_t room = 16 + 3 * (h->ciphers.left + h->extensions.left + h->groups.left) +
	    4 * h->point_formats.left;

	if (!tls_text_begin(&t, &s->arena, room))
		return false;
	put_decimal(&t, h->version);
	tls_text_byte(&t, ',');
	put_values(&t, h->ciphers);
	tls_text_byte(&t, ',');
	put_extension_types(&t, h->extensions);
	tls_text_byte(&t, ',');
	put_values(&t, h->groups);
	tls_text_byte(&t, ',');
	put_small_values(&t, h->point_formats);
	out->ja3_text = tls_text_span(&t);
	tls_hash_text(s->tools, TLS_MD5, out->ja3_text, out->ja3, sizeof out->ja3 - 1);
	return true;
}

bool
tls_ja3s(struct tls_scratch *s, const struct tls_server_hello *h, struct tls_server *out)
{
	struct tls_text t;

	if (!tls_text_begin(&t, &s->arena, 16 + 3 * h->extensions.left))
		return false;
	put_decimal(&t, h->legacy_version);
	tls_text_byte(&t, ',');
	put_decimal(&t, h->cipher);
	tls_text_byte(&t, ',');
	put_extension_types(&t, h->extensions);
	out->ja3s_text = tls_text_span(&t);
	tls_hash_text(s->tools, TLS_MD5, out->ja3s_text, out->ja3s, sizeof out->ja3s - 1);
	return true;
}

/* ---- JA4: hex numbers, sorted ---- */

enum { JA4_HASH_DIGITS = 12, JA4_COUNT_MOST = 99, FEW_VALUES = 64 };

static const char JA4_NOTHING[] = "000000000000";

struct values {
	uint16_t *at;
	size_t count;
};

static int
compare_values(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* As many as programs send are soon put in order; whoever sends thousands shall gain nothing by it. */
static void
sort_values(struct values *v)
{
	size_t i, place;
	uint16_t value;

	if (v->count > FEW_VALUES) {
		qsort(v->at, v->count, sizeof v->at[0], compare_values);
		return;
	}
	for (i = 1; i < v->count; i++) {
		value = v->at[i];
		for (place = i; place > 0 && v->at[place - 1] > value; place--)
			v->at[place] = v->at[place - 1];
		v->at[place] = value;
	}
}

static bool
collect_ciphers(struct arena *a, struct span list, struct values *out)
{
	uint16_t value;

	out->count = 0;
	if ((out->at = arena_take(a, list.left + 2)) == NULL)
		return false;
	while (tls_next_value(&list, &value))
		out->at[out->count++] = value;
	sort_values(out);
	return true;
}

/* `all`: how many there are; server_name and ALPN are counted but not collected. */
static bool
collect_extensions(struct arena *a, struct span block, struct values *out, size_t *all)
{
	struct span body;
	uint16_t type;

	out->count = 0;
	*all = 0;
	if ((out->at = arena_take(a, block.left / 2 + 2)) == NULL)
		return false;
	while (tls_next_extension(&block, &type, &body)) {
		(*all)++;
		if (type != EXTENSION_SERVER_NAME && type != EXTENSION_ALPN)
			out->at[out->count++] = type;
	}
	sort_values(out);
	return true;
}

static void
put_hex(struct tls_text *t, uint16_t value)
{
	const uint8_t bytes[2] = { (uint8_t)(value >> 8), (uint8_t)value };
	char digits[4];

	hex_put(digits, bytes, sizeof bytes);
	tls_text_bytes(t, digits, sizeof digits);
}

static void
put_hex_list(struct tls_text *t, const struct values *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (i > 0)
			tls_text_byte(t, ',');
		put_hex(t, list->at[i]);
	}
}

static bool
hash_ciphers(struct tls_scratch *s, const struct values *ciphers, char *hex)
{
	struct tls_text t;

	memcpy(hex, JA4_NOTHING, sizeof JA4_NOTHING);
	if (ciphers->count == 0)
		return true;
	if (!tls_text_begin(&t, &s->arena, 5 * ciphers->count))
		return false;
	put_hex_list(&t, ciphers);
	tls_hash_text(s->tools, TLS_SHA256, tls_text_span(&t), hex, JA4_HASH_DIGITS);
	return true;
}

/* Extensions sorted, then the signature algorithms in the order of the wire. */
static bool
hash_extensions(struct tls_scratch *s, const struct values *extensions, struct span signatures,
    char *hex)
{
	char between = '_';
	struct tls_text t;
	uint16_t value;

	memcpy(hex, JA4_NOTHING, sizeof JA4_NOTHING);
	if (extensions->count == 0)
		return true;
	if (!tls_text_begin(&t, &s->arena, 5 * extensions->count + 3 * signatures.left + 1))
		return false;
	put_hex_list(&t, extensions);
	while (tls_next_value(&signatures, &value)) {
		tls_text_byte(&t, between);
		put_hex(&t, value);
		between = ',';
	}
	tls_hash_text(s->tools, TLS_SHA256, tls_text_span(&t), hex, JA4_HASH_DIGITS);
	return true;
}

static const char *
version_code(uint16_t version)
{
	switch (version) {
	case 0x0304: return "13";
	case 0x0303: return "12";
	case 0x0302: return "11";
	case 0x0301: return "10";
	case 0x0300: return "s3";
	case 0x0002: return "s2";
	case DTLS_1_0: return "d1";
	case DTLS_1_2: return "d2";
	case DTLS_1_3: return "d3";
	default: return "00";
	}
}

static bool
is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The first protocol's first and last character; of its hex form when either is not alphanumeric. */
static void
alpn_code(struct span list, char code[3])
{
	uint8_t first, last;
	struct span name;

	memcpy(code, "00", 3);
	if (!tls_next_name(&list, &name) || name.left == 0)
		return;
	first = name.at[0];
	last = name.at[name.left - 1];
	if (is_alphanumeric(first) && is_alphanumeric(last)) {
		code[0] = (char)first;
		code[1] = (char)last;
	} else {
		code[0] = hex_digit(first >> 4);
		code[1] = hex_digit(last);
	}
}

static void
put_two_digits(struct tls_text *t, size_t count)
{
	if (count > JA4_COUNT_MOST)
		count = JA4_COUNT_MOST;
	tls_text_byte(t, (char)('0' + count / 10));
	tls_text_byte(t, (char)('0' + count % 10));
}

bool
tls_ja4(struct tls_scratch *s, char transport, const struct tls_client_hello *h, struct tls_client *out)
{
	char alpn[3], cipher_hash[JA4_HASH_DIGITS + 1], extension_hash[JA4_HASH_DIGITS + 1];
	struct tls_text t = { .at = out->ja4, .room = sizeof out->ja4 - 1 };
	struct values ciphers, extensions;
	size_t all;

	if (!collect_ciphers(&s->arena, h->ciphers, &ciphers) ||
	    !collect_extensions(&s->arena, h->extensions, &extensions, &all))
		return false;
	if (!hash_ciphers(s, &ciphers, cipher_hash) ||
	    !hash_extensions(s, &extensions, h->signatures, extension_hash))
		return false;
	alpn_code(h->alpn, alpn);
	tls_text_byte(&t, transport);
	tls_text_bytes(&t, version_code(h->best_version), 2);
	tls_text_byte(&t, h->has_sni ? 'd' : 'i');
	put_two_digits(&t, ciphers.count);
	put_two_digits(&t, all);
	tls_text_bytes(&t, alpn, 2);
	tls_text_byte(&t, '_');
	tls_text_bytes(&t, cipher_hash, strlen(cipher_hash));
	tls_text_byte(&t, '_');
	tls_text_bytes(&t, extension_hash, strlen(extension_hash));
	out->ja4[t.used] = '\0';
	return true;
}
