#include "sinks/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
text_init(struct text *t, char *buf, size_t size)
{
	t->at = buf;
	t->size = size;
	t->len = 0;
	t->full = false;
	buf[0] = '\0';
}

static bool
add_bytes(struct text *t, const char *s, size_t len)
{
	if (len >= t->size - t->len) {
		t->full = true;
		return false;
	}
	memcpy(t->at + t->len, s, len);
	t->len += len;
	t->at[t->len] = '\0';
	return true;
}

bool
text_add(struct text *t, const char *s)
{
	return add_bytes(t, s, strlen(s));
}

bool
text_addf(struct text *t, const char *format, ...)
{
	size_t room = t->size - t->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->at + t->len, room, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		t->at[t->len] = '\0';
		t->full = true;
		return false;
	}
	t->len += (size_t)n;
	return true;
}

/* Length of the well-formed UTF-8 character at the start (RFC 3629, section 4), or 0. */
static size_t
utf8_length(struct span in, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t lead = in.at[0];
	size_t len, i;

	if (lead < 0x80)
		len = 1;
	else if (lead >= 0xc2 && lead < 0xe0)
		len = 2;
	else if (lead >= 0xe0 && lead < 0xf0)
		len = 3;
	else if (lead >= 0xf0 && lead < 0xf5)
		len = 4;
	else
		return 0;
	if (len > in.left)
		return 0;
	*code = len == 1 ? lead : lead & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((in.at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (in.at[i] & 0x3f);
	}
	if (*code < least[len] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return len;
}

/* C0, DEL, C1, marks and overrides of direction, line and paragraph separators, byte order mark */
static bool
is_trouble(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

size_t
text_unit(struct span *in, char unit[TEXT_UNIT_MAX])
{
	size_t len, i, n = 0;
	uint32_t code = 0;

	if (in->left == 0)
		return 0;
	len = utf8_length(*in, &code);
	if (len > 0 && !is_trouble(code)) {
		memcpy(unit, in->at, len);
		unit[len] = '\0';
		n = len;
	} else {
		len = len == 0 ? 1 : len;
		for (i = 0; i < len; i++)
			n += (size_t)snprintf(unit + n, TEXT_UNIT_MAX - n, "\\x%02x", in->at[i]);
	}
	in->at += len;
	in->left -= len;
	return n;
}

/* So many bytes are printable ASCII, which is itself; at most `most`. */
static size_t
plain_length(struct span in, size_t most)
{
	size_t n = 0;

	while (n < in.left && n < most && in.at[n] >= 0x20 && in.at[n] < 0x7f)
		n++;
	return n;
}

void
text_add_clean(struct text *t, const char *s, size_t most)
{
	struct span in = span_text(s);
	char unit[TEXT_UNIT_MAX];
	size_t n, done = 0, room;

	for (;;) {
		room = t->size - t->len - 1;
		n = plain_length(in, most - done < room ? most - done : room);
		add_bytes(t, (const char *)in.at, n);
		span_advance(&in, n);
		done += n;
		if ((n = text_unit(&in, unit)) == 0)
			return;
		if (done + n > most) {
			text_add(t, "...");
			return;
		}
		if (!add_bytes(t, unit, n))
			return;
		done += n;
	}
}

size_t
text_columns(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		if (((unsigned char)*s & 0xc0) != 0x80)
			n++;
	return n;
}

/* Wide and fullwidth characters (UAX #11): Hangul, CJK, kana, fullwidth forms, and what is set among them. */
static bool
is_wide(uint32_t c)
{
	return (c >= 0x1100 && c < 0x1160) || (c >= 0x2e80 && c < 0xa4d0) || (c >= 0xac00 && c < 0xd7a4) ||
	    (c >= 0xf900 && c < 0xfb00) || (c >= 0xfe30 && c < 0xfe70) || (c >= 0xff00 && c < 0xff61) ||
	    (c >= 0xffe0 && c < 0xffe7) || (c >= 0x20000 && c < 0x40000);
}

size_t
text_cell(const char *s, size_t *columns)
{
	uint8_t lead = (uint8_t)*s;
	uint32_t code = 0;
	size_t len;

	*columns = lead != '\0';
	if (lead < 0x80)
		return *columns;
	/* No character is longer than four bytes, and none goes on behind the text's end. */
	len = utf8_length(span_of(s, strnlen(s, 4)), &code);
	if (len > 0 && is_wide(code))
		*columns = 2;
	return len > 0 ? len : 1;
}

size_t
text_width(const char *s)
{
	size_t n = 0, columns, len;

	for (; (len = text_cell(s, &columns)) > 0; s += len)
		n += columns;
	return n;
}
