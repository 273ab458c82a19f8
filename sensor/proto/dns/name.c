#include "proto/dns/name.h"

enum {
	WIRE_BYTES_MAX = 255,		/* RFC 1035 section 3.1 */
	POINTERS_MAX = 64,
	ESCAPE_BYTES = 4
};

_Static_assert(WIRE_BYTES_MAX * ESCAPE_BYTES < DNS_NAME_MAX, "every name fits");

/* What is plain in a host or service name, in small letters; 0: written as \ddd, a dot inside a label too. */
static const char plain[UINT8_MAX + 1] = {
	['!'] = '!', ['#'] = '#', '$', '%', '&', '\'', '(', ')', '*', '+', ',', '-', ['/'] = '/',
	['0'] = '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', '@',
	['A'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
	'w', 'x', 'y', 'z', '[', [']'] = ']', '^', '_', '`',
	['a'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
	'w', 'x', 'y', 'z', '{', '|', '}', '~',
};

static size_t
put_label(char *to, struct span label)
{
	size_t len = 0, i;
	uint8_t c;

	for (i = 0; i < label.left; i++) {
		c = label.at[i];
		if (plain[c] != 0) {
			to[len++] = plain[c];
			continue;
		}
		to[len++] = '\\';
		to[len++] = (char)('0' + c / 100);
		to[len++] = (char)('0' + c / 10 % 10);
		to[len++] = (char)('0' + c % 10);
	}
	return len;
}

/* `low`: the second byte. The target must lie before *limit, which moves there. */
static bool
follow(struct span whole, uint8_t high, uint8_t low, size_t *limit, struct span *out)
{
	size_t target = (size_t)(high & 0x3f) << 8 | low;

	if (target >= *limit)
		return false;
	*limit = target;
	*out = span_of(whole.at + target, whole.left - target);
	return true;
}

bool
dns_name(struct span whole, struct span *in, char text[DNS_NAME_MAX])
{
	size_t len = 0, wire = 1, limit = (size_t)(in->at - whole.at);
	struct span at = *in, label;
	unsigned pointers = 0;
	uint8_t head = 1, low;	/* not 0: an end right here is not the root */

	while (span_u8(&at, &head) && head != 0) {
		if (head >= 0xc0) {
			if (!span_u8(&at, &low) || ++pointers > POINTERS_MAX)
				return false;
			if (pointers == 1)
				*in = at;
			if (!follow(whole, head, low, &limit, &at))
				return false;
			continue;
		}
		wire += head + 1u;
		if (head > 63 || wire > WIRE_BYTES_MAX || !span_take(&at, head, &label))
			return false;
		if (len > 0)
			text[len++] = '.';
		len += put_label(text + len, label);
	}
	if (head != 0)
		return false;
	if (pointers == 0)
		*in = at;
	text[len] = '\0';
	return true;
}

bool
dns_name_skip(struct span *in)
{
	uint8_t head;

	while (span_u8(in, &head)) {
		if (head == 0)
			return true;
		if (head >= 0xc0)
			return span_skip(in, 1);
		if (head > 63 || !span_skip(in, head))
			return false;
	}
	return false;
}
