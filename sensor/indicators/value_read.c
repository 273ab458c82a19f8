/* value_read.c - values as feeds write them, and what must never be loaded. */
#include "indicators/value.h"

#include <string.h>

#include "base/suffix.h"

bool
value_is_findable(const struct value *v)
{
	bool v4 = addr_is_v4(&v->net.base) && v->net.bits >= 96;

	if (v->type == INDICATOR_CIDR)
		return v->net.bits >= (v4 ? 96 + NETWORK_V4_LEAST : NETWORK_V6_LEAST);
	return v->type != INDICATOR_DOMAIN || strchr(v->text, '.') != NULL;
}

static const char *
address_refused(const struct addr *a)
{
	static const struct addr zero, loopback6 = { { [15] = 1 } };
	const uint8_t *four = a->b + 12;

	if (addr_is_v4(a)) {
		if ((four[0] | four[1] | four[2] | four[3]) == 0)
			return "a real address, not the unspecified one";
		if (four[0] == 127)
			return "a real address, not loopback";
		if (four[0] >= 224 && four[0] < 240)
			return "a real address, not multicast";
		if ((four[0] & four[1] & four[2] & four[3]) == 255)
			return "a real address, not broadcast";
		return NULL;
	}
	if (addr_equal(a, &zero))
		return "a real address, not the unspecified one";
	if (addr_equal(a, &loopback6))
		return "a real address, not loopback";
	return a->b[0] == 0xff ? "a real address, not multicast" : NULL;
}

static const char *
network_refused(const struct cidr *net)
{
	static const struct addr zero, mapped = { { [10] = 0xff, [11] = 0xff } };
	bool v4 = addr_is_v4(&net->base) && net->bits >= 96;

	if (v4 && net->bits < 96 + NETWORK_V4_LEAST)
		return "a network of /8 or longer";
	if (!v4 && net->bits < NETWORK_V6_LEAST)
		return "an IPv6 network of /19 or longer";
	if (!v4 && !addr_equal(&net->base, &zero) && cidr_contains(net, &mapped))
		return "a network that does not hold all of IPv4";
	return address_refused(&net->base);
}

static const char *
domain_refused(const struct value *v)
{
	if (strchr(v->text, '.') == NULL)
		return "a name of two labels at least";
	if (suffix_is_public(v->text))
		return "a name below a public suffix, not the suffix itself";
	return NULL;
}

static const char *
value_refused(const struct value *v)
{
	switch (v->type) {
	case INDICATOR_ADDRESS:
	case INDICATOR_ADDRESS_PORT:
		return address_refused(&v->net.base);
	case INDICATOR_CIDR:
		return network_refused(&v->net);
	case INDICATOR_DOMAIN:
		return domain_refused(v);
	case INDICATOR_URL:
		return v->host_is_address ? address_refused(&v->net.base) : NULL;
	default:
		return NULL;
	}
}

/* Undo what keeps readers of a report from clicking. `buf` holds s.left bytes. */
static struct span
refang(struct span s, uint8_t *buf)
{
	static const char *const marks[] = { "[.]", "(.)", "[:]" };
	bool hxxp = s.left >= 4 && (s.at[0] | 0x20) == 'h' &&
	    span_equal_nocase(span_of(s.at, 4), span_text("hxxp"));
	size_t used = 0, i;

	if (s.left == 0 ||
	    (!hxxp && memchr(s.at, '[', s.left) == NULL && memchr(s.at, '(', s.left) == NULL))
		return s;
	if (hxxp) {
		memcpy(buf, "http", used = 4);
		span_skip(&s, 4);
	}
	while (s.left > 0) {
		i = s.at[0] == '[' || s.at[0] == '(' ? 0 : 3;
		for (; i < 3; i++)
			if (s.left >= 3 && memcmp(s.at, marks[i], 3) == 0)
				break;
		buf[used++] = i < 3 ? (uint8_t)marks[i][1] : s.at[0];
		span_skip(&s, i < 3 ? 3 : 1);
	}
	return span_of(buf, used);
}

/* "*.name", ".name" and "||name^" all say: the name and what is below it. */
static struct span
undecorate(struct span s)
{
	if (s.left > 3 && memcmp(s.at, "||", 2) == 0 && s.at[s.left - 1] == '^')
		return span_of(s.at + 2, s.left - 3);
	if (s.left > 2 && memcmp(s.at, "*.", 2) == 0)
		span_skip(&s, 2);
	else if (s.left > 1 && s.at[0] == '.')
		span_skip(&s, 1);
	return s;
}

bool
value_read(struct span text, unsigned types, struct value *out, const char **why)
{
	uint8_t buf[VALUE_BYTES + 64];

	text = span_trim(text);
	if (text.left > sizeof buf) {
		*why = "at most 2048 bytes";
		return false;
	}
	text = refang(text, buf);
	if (types & 1 << INDICATOR_DOMAIN)
		text = undecorate(text);
	if (!value_parse(text, types, out, why))
		return false;
	*why = value_refused(out);
	return *why == NULL;
}
