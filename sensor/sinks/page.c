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
	p->column += text_columns(text);
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
	if (p->column > 0 && p->column + 2 > column)
		page_end_line(p);
	while (p->column < column) {
		put_bytes(p, " ", 1);
		p->column++;
	}
}

void
page_wrap(struct page *p, enum ink ink, size_t left, const char *text)
{
	char word[1024];
	const char *end;
	size_t len;
	bool first = true;

	while (*(text += strspn(text, " ")) != '\0') {
		end = text + strcspn(text, " ");
		len = (size_t)(end - text) < sizeof word - 1 ? (size_t)(end - text) : sizeof word - 1;
		memcpy(word, text, len);
		word[len] = '\0';
		if (!first && p->column + 1 + text_columns(word) > p->width) {
			page_end_line(p);
			page_to(p, left);
		} else if (!first) {
			page_put(p, INK_PLAIN, " ");
		}
		page_put(p, ink, word);
		text = end;
		first = false;
	}
}
