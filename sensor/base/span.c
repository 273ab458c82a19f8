#include "base/span.h"

#include "base/eight.h"

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* The same but for the bit that tells small letters from large ones, and that in letters alone? */
static bool
same_eight(const uint8_t *a, const uint8_t *b)
{
	uint64_t w = eight_load(a), difference = w ^ eight_load(b);

	return (difference & ~(eight_between(w | EIGHT(0x20), 'a', 'z') >> 2)) == 0;
}

bool
span_same_nocase(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i;

	if (len < 8) {
		for (i = 0; i < len; i++)
			if (lower(a[i]) != lower(b[i]))
				return false;
		return true;
	}
	for (i = 0; i + 8 < len; i += 8)
		if (!same_eight(a + i, b + i))
			return false;
	return same_eight(a + len - 8, b + len - 8);
}

static bool
is_blank(uint8_t c)
{
	return c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

struct span
span_trim(struct span s)
{
	while (s.left > 0 && is_blank(s.at[0])) {
		s.at++;
		s.left--;
	}
	while (s.left > 0 && is_blank(s.at[s.left - 1]))
		s.left--;
	return s;
}
