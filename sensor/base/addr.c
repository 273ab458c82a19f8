#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

const char *
addr_text(const struct addr *a, char *buf)
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, a->b + 12, buf, ADDR_TEXT_MAX);
	else
		inet_ntop(AF_INET6, a->b, buf, ADDR_TEXT_MAX);
	return buf;
}

bool
addr_parse(const char *text, size_t len, struct addr *out)
{
	char buf[ADDR_TEXT_MAX];
	struct addr a;
	uint8_t four[4];

	if (len == 0 || len >= sizeof buf || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (strchr(buf, ':') == NULL) {
		if (inet_pton(AF_INET, buf, four) != 1)
			return false;
		*out = addr_v4(four);
		return true;
	}
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

bool
cidr_contains(const struct cidr *c, const struct addr *a)
{
	size_t whole = c->bits / 8;
	unsigned rest = c->bits % 8;

	if (memcmp(c->base.b, a->b, whole) != 0)
		return false;
	return rest == 0 || ((c->base.b[whole] ^ a->b[whole]) >> (8 - rest)) == 0;
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
