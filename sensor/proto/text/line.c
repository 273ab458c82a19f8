#include "proto/text/line.h"

#include <strings.h>

/* Add what finds room below LINE_MOST_BYTES; the rest is passed over. */
static void
hold(struct line_reader *l, struct bytes_ceiling *c, struct span part)
{
	size_t room = LINE_MOST_BYTES - l->held.used;

	if (l->skipping)
		return;
	if (part.left > room) {
		part.left = room;
		l->cut = true;
	}
	if (!l->cut || part.left > 0)
		l->cut = !bytes_append(&l->held, c, part) || l->cut;
}

static void
forget_given(struct line_reader *l, struct bytes_ceiling *c)
{
	if (!l->given)
		return;
	bytes_empty(&l->held, c);
	l->given = l->cut = false;
}

static struct span
without_cr(struct span line)
{
	if (line.left > 0 && line.at[line.left - 1] == '\r')
		line.left--;
	return line;
}

/* A whole line lies in `part`, but for what is held of it. */
static struct span
whole_line(struct line_reader *l, struct bytes_ceiling *c, struct span part)
{
	l->given = true;
	if (l->held.used == 0 && !l->cut) {
		if (part.left > LINE_MOST_BYTES + 1) {
			part.left = LINE_MOST_BYTES;
			l->cut = true;
		}
		return without_cr(part);
	}
	/* The CR may be the byte that finds no room. */
	hold(l, c, without_cr(part));
	part = span_of(l->held.at, l->held.used);
	return without_cr(part);
}

bool
line_next(struct line_reader *l, struct bytes_ceiling *c, struct span *in, struct span *line)
{
	struct span part;

	forget_given(l, c);
	while (in->left > 0) {
		if (!span_until(in, '\n', &part)) {
			hold(l, c, *in);
			span_skip(in, in->left);
			return false;
		}
		if (!l->skipping) {
			*line = whole_line(l, c, part);
			return true;
		}
		l->skipping = false;
	}
	return false;
}

void
line_lose(struct line_reader *l, struct bytes_ceiling *c)
{
	bytes_empty(&l->held, c);
	l->given = l->cut = false;
	l->skipping = true;
}

void
line_clear(struct line_reader *l, struct bytes_ceiling *c)
{
	bytes_clear(&l->held, c);
	memset(l, 0, sizeof *l);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct span
line_word(struct span *line)
{
	struct span word;
	size_t i = 0;

	while (line->left > 0 && is_blank(line->at[0]))
		span_skip(line, 1);
	while (i < line->left && !is_blank(line->at[i]))
		i++;
	span_take(line, i, &word);
	while (line->left > 0 && is_blank(line->at[0]))
		span_skip(line, 1);
	return word;
}

bool
span_begins_nocase(struct span s, const char *text)
{
	size_t len = strlen(text);

	return s.left >= len && strncasecmp((const char *)s.at, text, len) == 0;
}

bool
span_holds_nocase(struct span s, const char *text)
{
	for (; s.left > 0; span_skip(&s, 1))
		if (((s.at[0] ^ (uint8_t)text[0]) & ~0x20) == 0 && span_begins_nocase(s, text))
			return true;
	return false;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

uint16_t
line_answer(struct span line, struct span *text, bool *more)
{
	*more = false;
	if (line.left < 3 || line.at[0] < '1' || line.at[0] > '6' || !is_digit(line.at[1]) ||
	    !is_digit(line.at[2]))
		return 0;
	if (line.left > 3 && line.at[3] != ' ' && line.at[3] != '-')
		return 0;
	*more = line.left > 3 && line.at[3] == '-';
	*text = span_of(line.at + (line.left > 3 ? 4 : 3), line.left - (line.left > 3 ? 4 : 3));
	return (uint16_t)((line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 + (line.at[2] - '0'));
}

enum guess
line_guess_word(struct span first, const char *word)
{
	size_t len;

	/* Nearly always no, at the first letter. */
	if (first.left > 0 && ((first.at[0] ^ (uint8_t)word[0]) & ~0x20) != 0)
		return GUESS_NO;
	len = strlen(word);
	if (strncasecmp((const char *)first.at, word, first.left < len ? first.left : len) != 0)
		return GUESS_NO;
	return first.left < len ? GUESS_MORE : GUESS_YES;
}

static enum guess
guess_any(struct span line, const char *const words[])
{
	enum guess g, best = GUESS_NO;

	for (; *words != NULL && best != GUESS_YES; words++)
		if ((g = line_guess_word(line, *words)) != GUESS_NO)
			best = g;
	return best;
}

enum guess
line_guess_commands(struct span first, const char *const own[], const char *const shared[])
{
	struct span line, rest;
	enum guess g;

	while (first.left > 0) {
		rest = first;
		if (!span_until(&first, '\n', &line)) {
			g = guess_any(first, own);
			return g != GUESS_NO || guess_any(first, shared) != GUESS_NO ? GUESS_MORE : GUESS_NO;
		}
		line.left++;
		if (guess_any(line, own) == GUESS_YES)
			return GUESS_YES;
		if (guess_any(rest, shared) != GUESS_YES)
			return GUESS_NO;
	}
	return GUESS_MORE;
}

enum guess
line_guess_greeting(struct span first, const char *name, const char *other)
{
	enum guess g = line_guess_word(first, "220");
	struct span line;

	if (g != GUESS_YES)
		return g;
	if (first.left > 3 && first.at[3] != ' ' && first.at[3] != '-')
		return GUESS_NO;
	while (span_until(&first, '\n', &line)) {
		if (span_holds_nocase(line, name))
			return GUESS_YES;
		if (span_holds_nocase(line, other))
			return GUESS_NO;
	}
	return GUESS_MORE;
}
