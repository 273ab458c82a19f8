#include "indicators/value.h"

#include <stdio.h>

#include "indicators/name.h"
#include "indicators/text.h"

enum { HOST_BYTES = NAME_ROOM };

static const char *const expected[INDICATOR_TYPES] = {
	[INDICATOR_ADDRESS] = "an IP address",
	[INDICATOR_ADDRESS_PORT] = "address:port",
	[INDICATOR_CIDR] = "a network like 192.0.2.0/24",
	[INDICATOR_DOMAIN] = "a domain name",
	[INDICATOR_URL] = "a URL",
	[INDICATOR_JA3] = "32 hex digits of a JA3",
	[INDICATOR_JA4] = "a JA4",
	[INDICATOR_CERT_SHA1] = "40 hex digits of a SHA-1",
	[INDICATOR_JA3S] = "32 hex digits of a JA3S",
	[INDICATOR_CERT_SHA256] = "64 hex digits of a SHA-256",
	[INDICATOR_FILE_SHA256] = "64 hex digits of a SHA-256",
	[INDICATOR_USER_AGENT] = "a user agent",
};

static char
lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool
copy_lower(struct span s, char *buf, size_t size)
{
	size_t i;

	if (s.left >= size)
		return false;
	for (i = 0; i < s.left; i++)
		buf[i] = lower(s.at[i]);
	buf[s.left] = '\0';
	return true;
}

static bool
port_parse(struct span s, uint16_t *out)
{
	unsigned port = 0;
	size_t i;

	if (s.left == 0 || s.left > 5)
		return false;
	for (i = 0; i < s.left; i++) {
		if (!is_digit((char)s.at[i]))
			return false;
		port = port * 10 + (unsigned)(s.at[i] - '0');
	}
	if (port == 0 || port > 65535)
		return false;
	*out = (uint16_t)port;
	return true;
}

/* ":PORT", at most six bytes; returns how many. */
static size_t
put_port(char *to, unsigned port)
{
	char digits[5];
	size_t n = 0, used = 1;

	do {
		digits[n++] = (char)('0' + port % 10);
		port /= 10;
	} while (port > 0);
	to[0] = ':';
	while (n > 0)
		to[used++] = digits[--n];
	return used;
}

/* Split "host:port", "[v6]:port", "host", "[v6]". `port` is absent (at == NULL) when there is none. */
static bool
split_port(struct span s, struct span *host, struct span *port)
{
	const uint8_t *colon;

	*port = span_of(NULL, 0);
	if (s.left > 0 && s.at[0] == '[') {
		span_skip(&s, 1);
		if (!span_until(&s, ']', host))
			return false;
		if (s.left > 0 && s.at[0] != ':')
			return false;
		if (s.left > 0)
			*port = span_of(s.at + 1, s.left - 1);
		return true;
	}
	colon = s.left == 0 ? NULL : memchr(s.at, ':', s.left);
	*host = s;
	if (colon != NULL) {
		host->left = (size_t)(colon - s.at);
		*port = span_of(colon + 1, s.left - host->left - 1);
	}
	return true;
}

size_t
value_host(struct span host, char *buf, size_t size)
{
	struct span name, digits;
	char plain[ADDR_TEXT_MAX];
	struct addr a;
	uint16_t port = 0;
	bool v6 = host.left > 0 && host.at[0] == '[';

	if (size <= HOST_BYTES || !split_port(host, &name, &digits))
		return 0;
	if (digits.left > 0 && !port_parse(digits, &port))
		return 0;
	if (name.left > 0 && name.at[name.left - 1] == '.')
		name.left--;
	if (name.left == 0 || name.left > NAME_BYTES)
		return 0;
	if (v6) {
		if (!addr_parse((const char *)name.at, name.left, &a))
			return 0;
		name.left = (size_t)snprintf(buf, size, "[%s]", addr_text(&a, plain));
	} else if (!copy_lower(name, buf, size)) {
		return 0;
	}
	if (port == 0 || port == 80 || port == 443)
		return name.left;
	return name.left + put_port(buf + name.left, port);
}

static bool
done(struct value *v, enum indicator_type type, size_t len)
{
	v->type = type;
	v->len = len;
	v->text[len] = '\0';
	return true;
}

static bool
done_address(struct value *v)
{
	addr_text(&v->net.base, v->text);
	return done(v, INDICATOR_ADDRESS, strlen(v->text));
}

static bool
parse_address(struct span s, struct value *v)
{
	if (!addr_parse((const char *)s.at, s.left, &v->net.base))
		return false;
	v->net.bits = 128;
	return done_address(v);
}

static bool
with_port(struct value *v)
{
	bool v4 = addr_is_v4(&v->net.base);
	size_t len = 0;

	if (!v4)
		v->text[len++] = '[';
	addr_text(&v->net.base, v->text + len);
	len = strlen(v->text);
	if (!v4)
		v->text[len++] = ']';
	len += put_port(v->text + len, v->port);
	return done(v, INDICATOR_ADDRESS_PORT, len);
}

static bool
parse_address_port(struct span s, struct value *v)
{
	struct span host, port;

	if (!split_port(s, &host, &port) || !port_parse(port, &v->port) ||
	    !addr_parse((const char *)host.at, host.left, &v->net.base))
		return false;
	v->net.bits = 128;
	return with_port(v);
}

/* A network of one address is that address. */
static bool
parse_network(struct span s, struct value *v)
{
	if (s.left == 0 || memchr(s.at, '/', s.left) == NULL ||
	    !cidr_parse((const char *)s.at, s.left, &v->net))
		return false;
	if (v->net.bits == 128)
		return done_address(v);
	cidr_text(&v->net, v->text);
	return done(v, INDICATOR_CIDR, strlen(v->text));
}

static bool
parse_domain(struct span s, struct value *v)
{
	char ascii[HOST_BYTES];

	if (!name_to_ascii(&s, ascii))
		return false;
	if (s.left > 0 && s.at[s.left - 1] == '.')
		s.left--;
	if (!name_copy(s, v->text))
		return false;
	return done(v, INDICATOR_DOMAIN, s.left);
}

static bool
parse_hex(struct span s, size_t digits, enum indicator_type type, struct value *v)
{
	size_t i;

	if (s.left != digits || !copy_lower(s, v->text, sizeof v->text))
		return false;
	for (i = 0; i < digits; i++)
		if (!is_hex(v->text[i]))
			return false;
	return done(v, type, digits);
}

/* "0A:1B:..", as tools print a fingerprint. */
static bool
parse_sha1(struct span s, struct value *v)
{
	uint8_t digits[40];
	size_t i;

	if (s.left != 59)
		return parse_hex(s, 40, INDICATOR_CERT_SHA1, v);
	for (i = 0; i < 20; i++) {
		if (i > 0 && s.at[3 * i - 1] != ':')
			return false;
		memcpy(digits + 2 * i, s.at + 3 * i, 2);
	}
	return parse_hex(span_of(digits, sizeof digits), 40, INDICATOR_CERT_SHA1, v);
}

static bool
parse_ja3s(struct span s, struct value *v)
{
	return parse_hex(s, 32, INDICATOR_JA3S, v);
}

static bool
parse_file_sha256(struct span s, struct value *v)
{
	return parse_hex(s, 64, INDICATOR_FILE_SHA256, v);
}

static bool
parse_cert_sha256(struct span s, struct value *v)
{
	return parse_hex(s, 64, INDICATOR_CERT_SHA256, v);
}

/* Whatever a program may write into a header's line. */
static bool
parse_user_agent(struct span s, struct value *v)
{
	size_t i;

	if (s.left == 0 || s.left > VALUE_BYTES)
		return false;
	for (i = 0; i < s.left; i++)
		if (s.at[i] < 0x20 || s.at[i] == 0x7f)
			return false;
	memcpy(v->text, s.at, s.left);
	return done(v, INDICATOR_USER_AGENT, s.left);
}

/* t13d1516h2_8daaf6152771_b186095e22b6: what each place may hold. */
static bool
parse_ja4(struct span s, struct value *v)
{
	static const char form[] = "pvvs0000aa_xxxxxxxxxxxx_xxxxxxxxxxxx";
	size_t i;
	bool fits = true;
	char c;

	if (s.left != sizeof form - 1 || !copy_lower(s, v->text, sizeof v->text))
		return false;
	for (i = 0; i < s.left && fits; i++) {
		c = v->text[i];
		switch (form[i]) {
		case 'p': fits = c == 't' || c == 'q' || c == 'd'; break;
		case 's': fits = c == 'd' || c == 'i'; break;
		case '0': fits = is_digit(c); break;
		case 'x': fits = is_hex(c); break;
		case '_': fits = c == '_'; break;
		default: fits = is_digit(c) || (c >= 'a' && c <= 'z'); break;
		}
	}
	return fits && done(v, INDICATOR_JA4, s.left);
}

static bool
is_path(struct span path)
{
	size_t i;

	for (i = 0; i < path.left; i++)
		if (path.at[i] <= 0x20 || path.at[i] == 0x7f)
			return false;
	return text_is_utf8(path);
}

/* The canonical host in v->text: an address, or a name of two labels at least. */
static bool
check_url_host(struct value *v, size_t len)
{
	struct span host, port;
	char name[NAME_BYTES];

	if (!split_port(span_of(v->text, len), &host, &port))
		return false;
	v->host_is_address = addr_parse((const char *)host.at, host.left, &v->net.base);
	v->net.bits = 128;
	if (v->host_is_address)
		return true;
	return name_copy(host, name) && memchr(host.at, '.', host.left) != NULL;
}

static size_t
until_any(struct span s, const char *set)
{
	const char *c;
	size_t i;

	for (i = 0; i < s.left; i++)
		for (c = set; *c != '\0'; c++)
			if (s.at[i] == (uint8_t)*c)
				return i;
	return i;
}

/* "://" may also stand in a query: only the first slash can belong to a scheme. */
static bool
has_scheme(struct span s)
{
	size_t slash = until_any(s, "/?#");

	return slash > 0 && s.left - slash >= 2 && memcmp(s.at + slash - 1, "://", 3) == 0;
}

static bool
skip_scheme(struct span *s)
{
	static const char *const schemes[] = { "http://", "https://" };
	size_t i, len;

	for (i = 0; i < 2; i++) {
		len = strlen(schemes[i]);
		if (s->left >= len && span_equal_nocase(span_of(s->at, len), span_text(schemes[i])))
			return span_skip(s, len);
	}
	return !has_scheme(*s);
}

/* The host of "host:port" in ASCII; `buf` has room for both. */
static bool
ascii_authority(struct span *authority, char *buf)
{
	struct span host, port;
	size_t len;

	if (!split_port(*authority, &host, &port))
		return true;	/* value_host() refuses it */
	if (!name_to_ascii(&host, buf))
		return false;
	if (host.at != (const uint8_t *)buf)
		return true;
	if (port.left > 5)
		return false;
	len = host.left;
	if (port.at != NULL) {
		buf[len++] = ':';
		memcpy(buf + len, port.at, port.left);
		len += port.left;
	}
	*authority = span_of(buf, len);
	return true;
}

/* Scheme, user and fragment are no part of what is matched (RFC 3986, 3). */
static bool
parse_url(struct span s, struct value *v)
{
	bool scheme = has_scheme(s);
	char ascii[HOST_BYTES + sizeof ":65535"];
	struct span authority, user;
	const char *slash;
	size_t len, most;

	if (!skip_scheme(&s))
		return false;
	s.left = until_any(s, "#");
	span_take(&s, until_any(s, "/?"), &authority);
	if (s.left == 0 && !scheme)
		return false;
	while (span_until(&authority, '@', &user))
		;
	if (!ascii_authority(&authority, ascii))
		return false;
	len = value_host(authority, v->text, sizeof v->text);
	if (len == 0 || !check_url_host(v, len) || !is_path(s))
		return false;
	slash = s.left == 0 || s.at[0] == '?' ? "/" : "";
	most = sizeof v->text - len - strlen(slash);
	if (s.left >= most)
		return false;
	strcpy(v->text + len, slash);
	len += strlen(slash);
	memcpy(v->text + len, s.at, s.left);
	return done(v, INDICATOR_URL, len + s.left);
}

static bool
parse_ja3(struct span s, struct value *v)
{
	return parse_hex(s, 32, INDICATOR_JA3, v);
}

/* "192.0.2.0/33" is a broken network and no URL. */
static bool
is_like_network(struct span s)
{
	size_t slash = until_any(s, "/");
	struct addr a;

	return slash < s.left && addr_parse((const char *)s.at, slash, &a) &&
	    until_any(span_of(s.at + slash + 1, s.left - slash - 1), "/?.") == s.left - slash - 1;
}

static const char *
expectation(unsigned types)
{
	int type;

	for (type = 0; type < INDICATOR_TYPES; type++)
		if (types == 1u << type)
			return expected[type];
	return "an address, network, address:port, domain, URL, JA3, JA4 or SHA-1";
}

enum {
	HEX = BYTE_DIGIT | BYTE_HEX,
	NUMBERS = HEX | BYTE_DOT | BYTE_COLON	/* what addresses are made of */
};

/* In order of preference. `bytes`: no other kinds may be in it; `needs`: one of these must. */
static const struct form {
	unsigned types, bytes, needs;
	bool (*parse)(struct span s, struct value *v);
} forms[] = {
	{ 1 << INDICATOR_ADDRESS, NUMBERS, BYTE_DOT | BYTE_COLON, parse_address },
	{ 1 << INDICATOR_CIDR | 1 << INDICATOR_ADDRESS, NUMBERS | BYTE_SLASH, BYTE_SLASH, parse_network },
	{ 1 << INDICATOR_ADDRESS_PORT, NUMBERS | BYTE_BRACKET, BYTE_COLON, parse_address_port },
	{ 1 << INDICATOR_JA3, HEX, HEX, parse_ja3 },
	{ 1 << INDICATOR_CERT_SHA1, HEX | BYTE_COLON, HEX, parse_sha1 },
	{ 1 << INDICATOR_JA4, HEX | BYTE_WORD, BYTE_WORD, parse_ja4 },
	{ 1 << INDICATOR_DOMAIN, HEX | BYTE_WORD | BYTE_DOT | BYTE_OTHER, ~0u, parse_domain },
	{ 1 << INDICATOR_URL, ~0u, BYTE_SLASH | BYTE_OTHER, parse_url },
	/* Alike: a hash of 64 digits is a file's, one of 32 a JA3, where the feed does not say. */
	{ 1 << INDICATOR_JA3S, HEX, HEX, parse_ja3s },
	{ 1 << INDICATOR_FILE_SHA256, HEX, HEX, parse_file_sha256 },
	{ 1 << INDICATOR_CERT_SHA256, HEX, HEX, parse_cert_sha256 },
};

bool
value_parse(struct span text, unsigned types, struct value *out, const char **why)
{
	unsigned kinds = text_kinds(text);
	const struct form *f;
	bool network;

	*why = expectation(types);
	if (text.left == 0 || (kinds & BYTE_NUL) != 0)
		return false;
	if (text.left > VALUE_BYTES) {
		*why = "at most 2048 bytes";
		return false;
	}
	if (types == 1u << INDICATOR_USER_AGENT)	/* any text is one: only where it must be */
		return parse_user_agent(text, out);
	network = (types & 1 << INDICATOR_CIDR) && (kinds & BYTE_SLASH) && is_like_network(text);
	for (f = forms; f < forms + sizeof forms / sizeof forms[0]; f++) {
		if ((f->types & types) == 0 || (kinds & ~f->bytes) != 0 || (kinds & f->needs) == 0 ||
		    (network && f->parse == parse_url))
			continue;
		if (f->parse(text, out) && (types & 1u << out->type))
			return true;
	}
	if (network)
		*why = expected[INDICATOR_CIDR];
	return false;
}

bool
value_add_port(struct value *v, struct span port)
{
	return port_parse(port, &v->port) && with_port(v);
}
