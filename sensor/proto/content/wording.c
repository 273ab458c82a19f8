#include "proto/content/wording.h"

#include <endian.h>
#include <stdbool.h>

#include "base/eight.h"

enum language { POWERSHELL, VBSCRIPT, JAVASCRIPT, BATCH, LANGUAGES };

struct word {
	const char *text;
	enum language language;
	uint8_t points;
};

/* In order of their first letter (index_words() relies on it); lower case. */
static const struct word words[] = {
	{ "$env:", POWERSHELL, 2 }, { "$erroractionpreference", POWERSHELL, 2 }, { "$psscriptroot", POWERSHELL, 2 },
	{ "%appdata%", BATCH, 1 }, { "%comspec%", BATCH, 2 }, { "%temp%", BATCH, 1 }, { "%~dp0", BATCH, 2 },
	{ "activexobject(", JAVASCRIPT, 2 }, { "add-type ", POWERSHELL, 2 },
	{ "addeventlistener(", JAVASCRIPT, 2 },
	{ "cmd /c ", BATCH, 1 }, { "cmdletbinding", POWERSHELL, 2 }, { "const ", JAVASCRIPT, 1 },
	{ "convertto-securestring", POWERSHELL, 2 }, { "createobject(", VBSCRIPT, 2 }, { "chrw(", VBSCRIPT, 2 },
	{ "del /f", BATCH, 1 }, { "del /q", BATCH, 1 }, { "dim ", VBSCRIPT, 1 },
	{ "document.", JAVASCRIPT, 1 }, { "downloadfile(", POWERSHELL, 2 }, { "downloadstring(", POWERSHELL, 2 },
	{ "end function", VBSCRIPT, 2 }, { "end sub", VBSCRIPT, 2 }, { "errorlevel", BATCH, 1 }, { "eval(", JAVASCRIPT, 1 },
	{ "executeglobal", VBSCRIPT, 2 },
	{ "foreach-object", POWERSHELL, 2 }, { "frombase64string(", POWERSHELL, 2 },
	{ "fromcharcode(", JAVASCRIPT, 2 }, { "function ", JAVASCRIPT, 1 }, { "function(", JAVASCRIPT, 2 },
	{ "goto ", BATCH, 1 },
	{ "iex ", POWERSHELL, 1 }, { "iex(", POWERSHELL, 2 }, { "invoke-expression", POWERSHELL, 2 },
	{ "invoke-webrequest", POWERSHELL, 2 }, { "import-module ", POWERSHELL, 2 },
	{ "let ", JAVASCRIPT, 1 },
	{ "new activexobject", JAVASCRIPT, 2 }, { "new-item ", POWERSHELL, 2 }, { "new-object ", POWERSHELL, 2 },
	{ "on error resume next", VBSCRIPT, 2 }, { "option explicit", VBSCRIPT, 2 },
	{ "param(", POWERSHELL, 1 }, { "parsefloat(", JAVASCRIPT, 2 }, { "parseint(", JAVASCRIPT, 2 },
	{ "powershell ", BATCH, 1 }, { "prototype.", JAVASCRIPT, 1 },
	{ "reflection.assembly]", POWERSHELL, 2 }, { "reg add ", BATCH, 1 }, { "require(", JAVASCRIPT, 1 },
	{ "return ", JAVASCRIPT, 1 }, { "return!", JAVASCRIPT, 2 },
	{ "schtasks ", BATCH, 1 }, { "set /a ", BATCH, 2 }, { "set /p ", BATCH, 2 }, { "set-executionpolicy", POWERSHELL, 2 },
	{ "set-location", POWERSHELL, 2 }, { "setlocal", BATCH, 2 }, { "start-process ", POWERSHELL, 2 }, { "start-sleep", POWERSHELL, 2 },
	{ "system.net.webclient", POWERSHELL, 2 }, { "split(", JAVASCRIPT, 1 },
	{ "typeof ", JAVASCRIPT, 2 },
	{ "unescape(", JAVASCRIPT, 1 }, { "use strict", JAVASCRIPT, 2 },
	{ "var ", JAVASCRIPT, 1 }, { "vbcrlf", VBSCRIPT, 2 },
	{ "window.", JAVASCRIPT, 1 }, { "write-host ", POWERSHELL, 2 }, { "write-output ", POWERSHELL, 2 },
	{ "wscript.echo", VBSCRIPT, 2 }, { "wscript.createobject", VBSCRIPT, 2 }, { "wscript.shell", VBSCRIPT, 2 },
	{ "wscript.quit", JAVASCRIPT, 1 }, { "writeline(", VBSCRIPT, 1 },
};

enum { WORDS = sizeof words / sizeof words[0] };

_Static_assert(WORDS <= 128, "the words used are noted in two words of 64 bits");

/* What begins a text; lower case. Asked in this order, behind blanks and markup comments. */
static const struct {
	const char *text;
	enum file_kind kind;
} beginnings[] = {
	{ "#!", FILE_SCRIPT }, { "<?php", FILE_SCRIPT }, { "@echo off", FILE_SCRIPT }, { "<hta:application", FILE_SCRIPT },
	{ "<scriptlet", FILE_SCRIPT }, { "<package", FILE_SCRIPT }, { "<job", FILE_SCRIPT }, { "<svg", FILE_IMAGE },
	{ "<!doctype html", FILE_HTML }, { "<html", FILE_HTML }, { "<head", FILE_HTML }, { "<body", FILE_HTML },
	{ "<title", FILE_HTML }, { "<meta", FILE_HTML }, { "<script", FILE_HTML }, { "<iframe", FILE_HTML },
	{ "<table", FILE_HTML }, { "<div", FILE_HTML }, { "<style", FILE_HTML }, { "<!doctype svg", FILE_IMAGE },
};

static const char *const javascript_begins[] = {
	"/*", "//", "(", "!", ";", "'use strict", "\"use strict", "var ", "let ", "const ", "function", "window",
	"self", "try", "if(", "if (", "import ", "eval(", "$(", "this.", "for(", "for (", "document.", "define(",
};

/* Control characters other than tab, line feed, form feed and carriage return. */
static bool
is_no_text(uint8_t c)
{
	return (c < 0x20 && (0x3600u >> c & 1) == 0) || c == 0x7f;
}

enum { BLOCK_BYTES = 64 };

_Static_assert(WORDING_BYTES % BLOCK_BYTES == 0, "a text is so many whole blocks");

/* Lower case; says whether all is text. Without a branch and of a fixed length, compilers do it many bytes at a time. */
static bool
lower_block(const uint8_t *restrict in, uint8_t *restrict to)
{
	uint8_t bad = 0, c;
	size_t i;

	for (i = 0; i < BLOCK_BYTES; i++) {
		c = in[i];
		bad |= (uint8_t)((c < 0x20) & (c != '\t') & (c != '\n') & (c != '\f') & (c != '\r')) | (c == 0x7f);
		to[i] = (uint8_t)(c | ((uint8_t)(c - 'A') < 26) << 5);
	}
	return bad == 0;
}

/* Lower case into `to`. Every body comes by here. */
static size_t
lower_bytes(struct span in, uint8_t to[WORDING_BYTES])
{
	size_t len = in.left < WORDING_BYTES ? in.left : WORDING_BYTES, at;
	uint8_t last[BLOCK_BYTES];

	for (at = 0; at + BLOCK_BYTES <= len; at += BLOCK_BYTES)
		if (!lower_block(in.at + at, to + at))
			return 0;
	if (at == len)
		return len;
	memset(last, ' ', sizeof last);
	memcpy(last, in.at + at, len - at);
	return lower_block(last, to + at) ? len : 0;
}

/* The same; UTF-16 narrowed. Returns how many bytes, 0 when it is no text. */
static size_t
lower_text(struct span in, uint8_t *to)
{
	size_t len = 0, i, at;
	uint8_t c;

	if (in.left >= 3 && memcmp(in.at, "\xef\xbb\xbf", 3) == 0)
		span_skip(&in, 3);
	if (in.left < 2 || (memcmp(in.at, "\xff\xfe", 2) != 0 && memcmp(in.at, "\xfe\xff", 2) != 0))
		return lower_bytes(in, to);
	at = in.at[0] == 0xfe;	/* big-endian: the second of each pair */
	span_skip(&in, 2);
	for (i = 0; i + 2 <= in.left && len < WORDING_BYTES; i += 2) {
		c = in.at[i + at];
		if (in.at[i + !at] != 0)
			c = 0x80;	/* beyond Latin-1: a letter of some kind */
		if (is_no_text(c))
			return 0;
		to[len++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
	return len;
}

static bool
begins(struct span s, const char *text)
{
	size_t len;

	/* Nearly always no, at the first byte. */
	if (s.left == 0 || s.at[0] != (uint8_t)text[0])
		return false;
	len = strlen(text);
	return s.left >= len && memcmp(s.at, text, len) == 0;
}

static struct span
skip_blanks(struct span s)
{
	while (s.left > 0 && (s.at[0] <= ' ' || s.at[0] == ';'))
		span_skip(&s, 1);
	return s;
}

/* Blanks, XML declarations and comments before what matters. */
static struct span
skip_markup(struct span s)
{
	static const struct { const char *begin, *end; } skipped[] = { { "<!--", "-->" }, { "<?xml", "?>" } };
	const uint8_t *end;
	size_t i;

	s = skip_blanks(s);
	for (i = 0; i < sizeof skipped / sizeof skipped[0]; ) {
		end = begins(s, skipped[i].begin) ?
		    memmem(s.at, s.left, skipped[i].end, strlen(skipped[i].end)) : NULL;
		if (end == NULL) {
			i++;
			continue;
		}
		span_skip(&s, (size_t)(end - s.at) + strlen(skipped[i].end));
		s = skip_blanks(s);
		i = 0;
	}
	return s;
}

struct score {
	unsigned points;
	bool sure;	/* one of its words is not used in prose */
};

static bool
is_enough(const struct score *s)
{
	return s->sure && s->points >= WORDING_ENOUGH;
}

/* Where the words of each first letter begin: a text asks for more letters than there are words. */
static void
index_words(uint8_t at[UINT8_MAX + 1])
{
	size_t i;

	memset(at, WORDS, UINT8_MAX + 1);
	for (i = WORDS; i > 0; i--)
		at[(uint8_t)words[i - 1].text[0]] = (uint8_t)(i - 1);
}

/* Counts the words, `i` and those behind it, that begin exactly here. All have three letters at least. False: none. */
static bool
count_words(struct span at, size_t i, uint64_t used[2], struct score score[LANGUAGES])
{
	bool any = false;

	for (; i < WORDS && (uint8_t)words[i].text[0] == at.at[0]; i++) {
		if (at.left < 3 || (uint8_t)words[i].text[1] != at.at[1] || (uint8_t)words[i].text[2] != at.at[2] ||
		    !begins(at, words[i].text) ||
		    (used[i / 64] >> i % 64 & 1) != 0)
			continue;
		used[i / 64] |= (uint64_t)1 << i % 64;
		score[words[i].language].points += words[i].points;
		score[words[i].language].sure |= words[i].points > 1;
		any = true;
	}
	return any;
}

static bool
begins_as_javascript(struct span s)
{
	size_t i;

	for (i = 0; i < sizeof javascript_begins / sizeof javascript_begins[0]; i++)
		if (begins(s, javascript_begins[i]))
			return true;
	return false;
}

/*
 * Of eight bytes the top bit of each that begins one of the words: letters, digits and _ do behind none of them, $ and %
 * anywhere. *inside: that of the first byte, when the eight before ended within a word.
 */
static uint64_t
word_begins(const uint8_t *at, uint64_t *inside)
{
	uint64_t w = le64toh(eight_load(at));
	uint64_t word = eight_between(w, 'a', 'z') | eight_between(w, '0', '9') | eight_between(w, '_', '_');
	uint64_t begins = word & ~(word << 8 | *inside);

	*inside = word >> 56;
	return begins | eight_between(w, '$', '%');
}

static bool
is_script(struct span text)
{
	bool javascript = begins_as_javascript(skip_blanks(text));
	struct score score[LANGUAGES] = { { 0, false } };
	uint64_t used[2] = { 0, 0 }, inside = 0, begins;
	uint8_t first[UINT8_MAX + 1];
	struct span at;
	size_t eight;

	index_words(first);
	for (eight = 0; eight < text.left; eight += 8) {
		for (begins = word_begins(text.at + eight, &inside); begins != 0; begins &= begins - 1) {
			at = text;
			if (span_skip(&at, eight + (unsigned)__builtin_ctzll(begins) / 8) && at.left > 0 && first[at.at[0]] < WORDS &&
			    count_words(at, first[at.at[0]], used, score) &&
			    (is_enough(&score[POWERSHELL]) || is_enough(&score[VBSCRIPT]) || is_enough(&score[BATCH]) ||
			    (is_enough(&score[JAVASCRIPT]) && javascript)))
				return true;
		}
	}
	return false;
}

/* The colon is its rarest byte. */
static bool
holds_application(struct span s)
{
	static const char word[] = "<hta:application";
	enum { BEFORE = 4, BYTES = sizeof word - 1 };
	const uint8_t *colon;

	if (s.left < BYTES)
		return false;
	for (span_skip(&s, BEFORE); (colon = memchr(s.at, ':', s.left)) != NULL;
	    span_skip(&s, (size_t)(colon + 1 - s.at)))
		if (begins(span_of(colon - BEFORE, s.left - (size_t)(colon - s.at) + BEFORE), word))
			return true;
	return false;
}

enum file_kind
wording_kind(struct span first)
{
	uint8_t lower[WORDING_BYTES];
	struct span text, markup;
	size_t i, len = lower_text(first, lower);

	if (len == 0)
		return FILE_UNKNOWN;
	memset(lower + len, ' ', -len % 8);	/* is_script() reads by eight */
	text = span_of(lower, len);
	markup = skip_markup(text);
	for (i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
		if (!begins(markup, beginnings[i].text))
			continue;
		if (beginnings[i].kind == FILE_HTML && holds_application(text))
			return FILE_SCRIPT;
		return beginnings[i].kind;
	}
	return is_script(text) ? FILE_SCRIPT : FILE_TEXT;
}
