#include "sinks/page.h"

#include <string.h>

#include "sinks/text.h"

static void
put_bytes(struct page *p, const char *bytes, size_t len)
{
	if (!output_add(p->out, bytes, len))
		p->failed = true;
}

static void
put_ink(struct page *p, enum ink ink)
{
	static const char *const codes[] = {
		[INK_PLAIN] = "\033[0m", [INK_BOLD] = "\033[1m", [INK_DIM] = "\033[2m",
		[INK_RED] = "\033[31m", [INK_ALARM] = "\033[1;31m", [INK_YELLOW] = "\033[33m",
		[INK_CYAN] = "\033[36m",
	};

	if (p->colour)
		put_bytes(p, codes[ink], strlen(codes[ink]));
}

void
page_put(struct page *p, enum ink ink, const char *text)
{
	if (text[0] == '\0')
		return;
	if (ink != INK_PLAIN)
		put_ink(p, ink);
	put_bytes(p, text, strlen(text));
	if (ink != INK_PLAIN)
		put_ink(p, INK_PLAIN);
	p->column += text_width(text);
}

void
page_end_line(struct page *p)
{
	put_bytes(p, "\n", 1);
	p->column = 0;
}

void
page_to(struct page *p, size_t column)
{
	static const char blanks[] = "                                ";
	size_t n;

	if (p->column > 0 && p->column + 2 > column)
		page_end_line(p);
	while (p->column < column) {
		n = column - p->column < sizeof blanks - 1 ? column - p->column : sizeof blanks - 1;
		put_bytes(p, blanks, n);
		p->column += n;
	}
}

/* The next piece that is not broken: a word, or one wide character with what may not begin a line. */
static size_t
next_piece(const char *text)
{
	enum { MOST = 1000 };
	static const char *const closing[] = { "。", "、", "」", "）", "ー" };
	size_t len = 0, columns, one, i;

	while ((one = text_cell(text + len, &columns)) > 0 && text[len] != ' ' && len < MOST) {
		if (columns == 2 && len > 0)
			break;
		len += one;
		if (columns == 2)
			break;
	}
	for (i = 0; len > 0 && (text[len] & 0x80) != 0 && i < sizeof closing / sizeof *closing; i++)
		if (strncmp(text + len, closing[i], strlen(closing[i])) == 0) {
			len += strlen(closing[i]);
			break;
		}
	return len;
}

void
page_wrap(struct page *p, enum ink ink, size_t left, const char *text)
{
	char piece[1024];
	size_t len;
	bool first = true, blank;

	while (*text != '\0') {
		blank = *text == ' ';
		if (*(text += strspn(text, " ")) == '\0')
			break;
		len = next_piece(text);
		memcpy(piece, text, len);
		piece[len] = '\0';
		if (!first && p->column + blank + text_width(piece) > p->width) {
			page_end_line(p);
			page_to(p, left);
		} else if (!first && blank) {
			page_put(p, INK_PLAIN, " ");
		}
		page_put(p, ink, piece);
		text += len;
		first = false;
	}
}
