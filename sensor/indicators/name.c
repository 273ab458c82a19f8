#include "indicators/name.h"

#include <idn2.h>
#include <stdint.h>

#include "indicators/text.h"

enum { LABEL_BYTES = 63 };

static bool
is_ascii(struct span s)
{
	uint64_t word, all = 0;

	for (; s.left >= sizeof word; span_advance(&s, sizeof word)) {
		memcpy(&word, s.at, sizeof word);
		all |= word;
	}
	for (; s.left > 0; span_advance(&s, 1))
		all |= s.at[0];
	return (all & 0x8080808080808080ULL) == 0;
}

bool
name_to_ascii(struct span *s, char buf[NAME_ROOM])
{
	char text[4 * NAME_BYTES + 1], *ascii = NULL;
	size_t len;

	if (is_ascii(*s))
		return true;
	if (s->left >= sizeof text || !text_is_utf8(*s) || memchr(s->at, '\0', s->left) != NULL)
		return false;
	memcpy(text, s->at, s->left);
	text[s->left] = '\0';
	if (idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	len = strlen(ascii);
	if (len < NAME_ROOM)
		memcpy(buf, ascii, len + 1);
	idn2_free(ascii);
	*s = span_of(buf, len);
	return len < NAME_ROOM;
}

static char
lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool
name_copy(struct span s, char *to)
{
	unsigned kind, label = 0, all = 0;
	size_t i, from = 0;

	if (s.left > NAME_BYTES)
		return false;
	for (i = 0; i < s.left; i++) {
		kind = text_kind[s.at[i]];
		to[i] = lower(s.at[i]);
		if (kind != BYTE_DOT) {
			label |= kind != 0 ? kind : (unsigned)BYTE_OTHER;
			continue;
		}
		if (i == from || i - from > LABEL_BYTES)
			return false;
		all |= label;
		label = 0;
		from = i + 1;
	}
	return i > from && i - from <= LABEL_BYTES && (label & ~(unsigned)BYTE_DIGIT) != 0 &&
	    ((all | label) & ~(unsigned)(BYTE_DIGIT | BYTE_HEX | BYTE_WORD)) == 0;
}
