#include "proto/text/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

#define NONE ((iconv_t)-1)

/* What it is called in mails, and by the C library; NULL: UTF-8. */
static const struct charset {
	const char *name, *table;
} charsets[] = {
	{ "utf-8", NULL }, { "utf8", NULL }, { "us-ascii", NULL }, { "ascii", NULL },
	/* What is declared as ISO-8859-1 mostly is its superset. */
	{ "iso-8859-1", "CP1252" }, { "latin1", "CP1252" }, { "windows-1252", "CP1252" }, { "cp1252", "CP1252" },
	{ "iso-2022-jp", "ISO-2022-JP" }, { "shift_jis", "CP932" }, { "shift-jis", "CP932" },
	{ "sjis", "CP932" }, { "windows-31j", "CP932" }, { "cp932", "CP932" }, { "euc-jp", "EUC-JP" },
	{ "gb2312", "GB18030" }, { "gbk", "GB18030" }, { "gb18030", "GB18030" }, { "big5", "BIG5" },
	{ "euc-kr", "CP949" }, { "ks_c_5601-1987", "CP949" },
	{ "koi8-r", "KOI8-R" }, { "windows-1251", "CP1251" }, { "windows-1250", "CP1250" },
	{ "iso-8859-2", "ISO-8859-2" }, { "iso-8859-15", "ISO-8859-15" },
};

enum { CHARSETS = sizeof charsets / sizeof charsets[0] };

struct charsets {
	iconv_t open[CHARSETS];		/* NONE: not yet, or not there */
	bool tried[CHARSETS];
};

struct charsets *
charsets_new(void)
{
	struct charsets *c = calloc(1, sizeof *c);
	size_t i;

	for (i = 0; c != NULL && i < CHARSETS; i++)
		c->open[i] = NONE;
	return c;
}

void
charsets_free(struct charsets *c)
{
	size_t i;

	for (i = 0; c != NULL && i < CHARSETS; i++)
		if (c->open[i] != NONE)
			iconv_close(c->open[i]);
	free(c);
}

/* A table stays in memory as long as somebody has it open: these are never closed. */
void
charsets_warm_up(void)
{
	static iconv_t kept[CHARSETS];
	size_t i;

	for (i = 0; i < CHARSETS; i++)
		if (kept[i] == NULL && charsets[i].table != NULL)
			kept[i] = iconv_open("UTF-8", charsets[i].table);
}

static iconv_t
converter(struct charsets *c, size_t i)
{
	if (!c->tried[i])
		c->open[i] = iconv_open("UTF-8", charsets[i].table);
	c->tried[i] = true;
	return c->open[i];
}

/* RFC 3629: the length of the character at the beginning of `s`, 0 when it is none. */
static size_t
utf8_length(struct span s)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;
	uint32_t value;

	if (s.at[0] < 0x80)
		return 1;
	len = s.at[0] >= 0xf0 && s.at[0] < 0xf5 ? 4 : s.at[0] >= 0xe0 ? 3 : 2;
	if (s.at[0] < 0xc2 || s.at[0] >= 0xf5 || s.left < len)
		return 0;
	value = s.at[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((s.at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s.at[i] & 0x3fu);
	}
	if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	return len;
}

static bool
put(uint8_t *to, size_t room, size_t *used, const void *bytes, size_t len)
{
	if (len > room - *used)
		return false;
	memcpy(to + *used, bytes, len);
	*used += len;
	return true;
}

static bool
put_unknown(uint8_t *to, size_t room, size_t *used)
{
	return put(to, room, used, "\xef\xbf\xbd", 3);
}

static void
copy_utf8(struct span text, uint8_t *to, size_t room, size_t *used)
{
	size_t len;
	bool more = true;

	while (more && text.left > 0) {
		len = utf8_length(text);
		more = len == 0 ? put_unknown(to, room, used) : put(to, room, used, text.at, len);
		span_skip(&text, len == 0 ? 1 : len);
	}
}

static void
convert(iconv_t with, struct span text, uint8_t *to, size_t room, size_t *used)
{
	char *from = (char *)(uintptr_t)text.at, *at = (char *)to + *used;
	size_t left = text.left, space = room - *used;
	bool more = true;

	iconv(with, NULL, NULL, NULL, NULL);
	while (more && left > 0) {
		more = iconv(with, &from, &left, &at, &space) == (size_t)-1 && (errno == EILSEQ || errno == EINVAL);
		*used = room - space;
		if (!more)
			break;
		more = put_unknown(to, room, used);
		at = (char *)to + *used;
		space = room - *used;
		from++;
		left--;
	}
}

bool
charset_convert(struct charsets *c, struct span name, struct span text, uint8_t *to, size_t room, size_t *used)
{
	iconv_t with;
	size_t i;

	*used = 0;
	for (i = 0; i < CHARSETS; i++)
		if (span_equal_nocase(name, span_text(charsets[i].name)))
			break;
	if (i == CHARSETS)
		return false;
	if (charsets[i].table == NULL) {
		copy_utf8(text, to, room, used);
		return true;
	}
	if ((with = converter(c, i)) == NONE)
		return false;
	convert(with, text, to, room, used);
	return true;
}
