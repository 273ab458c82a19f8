/*
 * page.h - rows, columns and wrapped text on a descriptor.
 *
 * The page knows at which column it is. Colour is switched on and off without
 * counting as columns. What it is given is clean text (text.h).
 */
#ifndef SENSOR_SINKS_PAGE_H
#define SENSOR_SINKS_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "sinks/output.h"

enum ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_RED, INK_ALARM, INK_YELLOW, INK_CYAN };

struct page {
	struct output *out;
	size_t column, width;
	bool colour;
	bool failed;		/* something did not fit into memory */
};

void page_put(struct page *p, enum ink ink, const char *text);
void page_end_line(struct page *p);

/* Blanks up to `column`; when that is passed, or not at least two blanks lie between, on the next line. */
void page_to(struct page *p, size_t column);

/* Words, broken at the page's width; the next lines begin at `left`. */
void page_wrap(struct page *p, enum ink ink, size_t left, const char *text);

#endif
