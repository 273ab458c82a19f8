#include "base/addr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>

#include "base/eight.h"

static char *
put_octet(char *to, unsigned n)
{
	if (n >= 100)
		*to++ = (char)('0' + n / 100);
	if (n >= 10)
		*to++ = (char)('0' + n / 10 % 10);
	*to++ = (char)('0' + n % 10);
	return to;
}

const char *
addr_text(const struct addr *a, char *buf)
{
	char *to = buf;
	int i;

	if (!addr_is_v4(a)) {
		inet_ntop(AF_INET6, a->b, buf, ADDR_TEXT_MAX);
		return buf;
	}
	for (i = 12; i < 16; i++) {
		to = put_octet(to, a->b[i]);
		*to++ = '.';
	}
	to[-1] = '\0';
	return buf;
}

/* Four numbers, as inet_pton(3) takes them: no zero in front of another digit. */
static bool
parse_v4(const char *text, size_t len, struct addr *out)
{
	unsigned number = 0, digits = 0, part = 0;
	uint8_t four[4];
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9' && (digits == 0 || number > 0)) {
			number = number * 10 + (unsigned)(text[i] - '0');
			digits++;
			if (number > 255)
				return false;
		} else if (text[i] == '.' && digits > 0 && part < 3) {
			four[part++] = (uint8_t)number;
			number = digits = 0;
		} else {
			return false;
		}
	}
	if (part != 3 || digits == 0)
		return false;
	four[3] = (uint8_t)number;
	*out = addr_v4(four);
	return true;
}

bool
addr_parse(const char *text, size_t len, struct addr *out)
{
	char buf[ADDR_TEXT_MAX];
	const char *colon;
	struct addr a;

	if (len == 0 || len >= sizeof buf)
		return false;
	if ((colon = memchr(text, ':', len)) == NULL)
		return parse_v4(text, len, out);
	/* "192.0.2.7:80": in IPv6 dots come behind colons. */
	if (memchr(text, '.', (size_t)(colon - text)) != NULL)
		return false;
	if (memchr(text, '\0', len) != NULL)
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(AF_INET6, buf, a.b) != 1)
		return false;
	*out = a;
	return true;
}

static void
clear_host_bits(struct cidr *c)
{
	size_t whole = c->bits / 8;

	if (whole >= sizeof c->base.b)
		return;
	c->base.b[whole] = (uint8_t)(c->base.b[whole] & (0xff00 >> (c->bits % 8)));
	memset(c->base.b + whole + 1, 0, sizeof c->base.b - whole - 1);
}

static bool
parse_bits(const char *text, size_t len, unsigned most, unsigned *out)
{
	unsigned bits = 0;
	size_t i;

	if (len == 0 || len > 3)
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		bits = bits * 10 + (unsigned)(text[i] - '0');
	}
	if (bits > most)
		return false;
	*out = bits;
	return true;
}

bool
cidr_parse(const char *text, size_t len, struct cidr *out)
{
	const char *slash = len == 0 ? NULL : memchr(text, '/', len);
	size_t addr_len = slash == NULL ? len : (size_t)(slash - text);
	unsigned most, bits;
	struct cidr c;

	if (!addr_parse(text, addr_len, &c.base))
		return false;
	most = memchr(text, ':', addr_len) == NULL ? 32 : 128;
	bits = most;
	if (slash != NULL && !parse_bits(slash + 1, len - addr_len - 1, most, &bits))
		return false;
	c.bits = (uint8_t)(bits + 128 - most);
	clear_host_bits(&c);
	*out = c;
	return true;
}

/* Where two halves of addresses differ. */
static uint64_t
difference(const uint8_t *a, const uint8_t *b)
{
	return be64toh(eight_load(a) ^ eight_load(b));
}

bool
cidr_contains(const struct cidr *c, const struct addr *a)
{
	uint64_t first = difference(c->base.b, a->b);

	if (c->bits <= 64)
		return c->bits == 0 || first >> (64 - c->bits) == 0;
	return first == 0 && difference(c->base.b + 8, a->b + 8) >> (128 - c->bits) == 0;
}

const char *
cidr_text(const struct cidr *c, char *buf)
{
	bool v4 = addr_is_v4(&c->base) && c->bits >= 96;

	addr_text(&c->base, buf);
	snprintf(buf + strlen(buf), 5, "/%u", v4 ? c->bits - 96u : (unsigned)c->bits);
	return buf;
}

const char *
mac_text(const uint8_t *mac, char *buf)
{
	snprintf(buf, MAC_TEXT_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
	    mac[5]);
	return buf;
}
