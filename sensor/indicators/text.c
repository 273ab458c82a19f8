#include "indicators/text.h"

#include <stdint.h>
#include <stdio.h>
#include <strings.h>

#include "base/hex.h"

/* Length of the character at the start of `s`; 0 when it is none. */
static size_t
character_bytes(struct span s)
{
	uint8_t first = s.at[0], second;
	size_t len, i;

	if (first < 0x80)
		return 1;
	len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || s.left < len)
		return 0;
	for (i = 1; i < len; i++)
		if ((s.at[i] & 0xc0) != 0x80)
			return 0;
	second = s.at[1];
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
		return 0;
	return len;
}

bool
text_is_utf8(struct span s)
{
	size_t len;

	while (s.left > 0) {
		if ((len = character_bytes(s)) == 0)
			return false;
		span_skip(&s, len);
	}
	return true;
}

bool
text_is_missing(struct span s)
{
	static const char *const words[] = { "-", "?", "null", "none", "n/a", "unknown" };
	size_t i;

	s = span_trim(s);
	if (s.left == 0)
		return true;
	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (span_equal_nocase(s, span_text(words[i])))
			return true;
	return false;
}

const char *
text_clean(struct span s, char *buf, size_t size)
{
	size_t used = 0, len;

	s = span_trim(s);
	while (s.left > 0) {
		len = character_bytes(s);
		if (used + (len == 0 ? 1 : len) >= size)
			break;
		if (len == 0 || (len == 1 && (s.at[0] < 0x20 || s.at[0] == 0x7f))) {
			buf[used++] = '?';
			span_skip(&s, 1);
			continue;
		}
		span_copy(&s, buf + used, len);
		used += len;
	}
	buf[used] = '\0';
	return buf;
}

const char *
text_escape(struct span s, char *buf, size_t size)
{
	size_t used = 0;
	uint8_t c;

	/* Room is kept for the longest piece, "...", and the NUL. */
	while (s.left > 0 && used + 4 + 4 <= size) {
		c = s.at[0];
		span_skip(&s, 1);
		if (c >= 0x20 && c < 0x7f && c != '\\') {
			buf[used++] = (char)c;
			continue;
		}
		buf[used++] = '\\';
		buf[used++] = 'x';
		hex_put(buf + used, &c, 1);
		used += 2;
	}
	snprintf(buf + used, size - used, "%s", s.left > 0 ? "..." : "");
	return buf;
}

size_t
text_find(struct span s, const char *word)
{
	size_t len = strlen(word), i;

	for (i = 0; i + len <= s.left; i++)
		if (strncasecmp((const char *)s.at + i, word, len) == 0)
			return i;
	return s.left;
}

const uint8_t text_kind[256] = {
	['0'] = BYTE_DIGIT, ['1'] = BYTE_DIGIT, ['2'] = BYTE_DIGIT, ['3'] = BYTE_DIGIT, ['4'] = BYTE_DIGIT,
	['5'] = BYTE_DIGIT, ['6'] = BYTE_DIGIT, ['7'] = BYTE_DIGIT, ['8'] = BYTE_DIGIT, ['9'] = BYTE_DIGIT,
	['a'] = BYTE_HEX, ['b'] = BYTE_HEX, ['c'] = BYTE_HEX, ['d'] = BYTE_HEX, ['e'] = BYTE_HEX, ['f'] = BYTE_HEX,
	['A'] = BYTE_HEX, ['B'] = BYTE_HEX, ['C'] = BYTE_HEX, ['D'] = BYTE_HEX, ['E'] = BYTE_HEX, ['F'] = BYTE_HEX,
	['g'] = BYTE_WORD, ['h'] = BYTE_WORD, ['i'] = BYTE_WORD, ['j'] = BYTE_WORD, ['k'] = BYTE_WORD,
	['l'] = BYTE_WORD, ['m'] = BYTE_WORD, ['n'] = BYTE_WORD, ['o'] = BYTE_WORD, ['p'] = BYTE_WORD,
	['q'] = BYTE_WORD, ['r'] = BYTE_WORD, ['s'] = BYTE_WORD, ['t'] = BYTE_WORD, ['u'] = BYTE_WORD,
	['v'] = BYTE_WORD, ['w'] = BYTE_WORD, ['x'] = BYTE_WORD, ['y'] = BYTE_WORD, ['z'] = BYTE_WORD,
	['G'] = BYTE_WORD, ['H'] = BYTE_WORD, ['I'] = BYTE_WORD, ['J'] = BYTE_WORD, ['K'] = BYTE_WORD,
	['L'] = BYTE_WORD, ['M'] = BYTE_WORD, ['N'] = BYTE_WORD, ['O'] = BYTE_WORD, ['P'] = BYTE_WORD,
	['Q'] = BYTE_WORD, ['R'] = BYTE_WORD, ['S'] = BYTE_WORD, ['T'] = BYTE_WORD, ['U'] = BYTE_WORD,
	['V'] = BYTE_WORD, ['W'] = BYTE_WORD, ['X'] = BYTE_WORD, ['Y'] = BYTE_WORD, ['Z'] = BYTE_WORD,
	['-'] = BYTE_WORD, ['_'] = BYTE_WORD, ['.'] = BYTE_DOT, [':'] = BYTE_COLON, ['/'] = BYTE_SLASH,
	['['] = BYTE_BRACKET, [']'] = BYTE_BRACKET, ['('] = BYTE_BRACKET, [')'] = BYTE_BRACKET,
	['{'] = BYTE_BRACKET, ['}'] = BYTE_BRACKET,
};

unsigned
text_kinds(struct span s)
{
	unsigned found = 0, others = 0, kind;
	size_t i;

	for (i = 0; i < s.left; i++) {
		kind = text_kind[s.at[i]];
		found |= kind;
		others |= kind == 0;
	}
	if (others == 0)
		return found;
	return found | BYTE_OTHER | (memchr(s.at, '\0', s.left) != NULL ? BYTE_NUL : 0u);
}
