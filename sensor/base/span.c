#include "base/span.h"

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool
span_equal_nocase(struct span a, struct span b)
{
	size_t i;

	if (a.left != b.left)
		return false;
	for (i = 0; i < a.left; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
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
