/* score.c - points with their reasons, and small sets that forget the oldest. */
#include <stdio.h>

#include "base/eight.h"
#include "base/sentence.h"
#include "behaviour/private.h"

void
score_begin(struct score *c)
{
	c->points = 0;
	c->n.pieces = 0;	/* the rest is large, and set where it is used */
}

static struct evidence *
add(struct score *c, const char *what, int points)
{
	struct evidence *e;

	c->points += points;
	if (c->n.pieces >= EVIDENCE_MAX)
		return NULL;
	e = &c->n.evidence[c->n.pieces++];
	e->what = what;
	e->word = NULL;
	e->text[0] = '\0';
	e->number = 0;
	e->points = points;
	return e;
}

void
score_number(struct score *c, const char *what, uint64_t number, int points)
{
	struct evidence *e = add(c, what, points);

	if (e != NULL)
		e->number = number;
}

void
score_minutes(struct score *c, int64_t from_ns, int64_t to_ns)
{
	score_number(c, "minutes", to_ns < from_ns ? 0 : (uint64_t)(to_ns - from_ns) / (60 * (uint64_t)NS_PER_SEC), 0);
}

void
score_word(struct score *c, const char *what, const char *word, int points)
{
	struct evidence *e = word != NULL ? add(c, what, points) : NULL;

	if (e != NULL)
		e->word = word;
}

void
score_text(struct score *c, const char *what, struct span text, int points)
{
	struct evidence *e;
	size_t len;

	if (text.at == NULL || text.left == 0 || (e = add(c, what, points)) == NULL)
		return;
	len = sentence_whole((const char *)text.at, text.left, sizeof e->text - 1);
	memcpy(e->text, text.at, len);
	e->text[len] = '\0';
}

void
score_addr(struct score *c, const char *what, const struct addr *a, int points)
{
	char text[ADDR_TEXT_MAX];

	score_text(c, what, span_text(addr_text(a, text)), points);
}

int
score_step(const struct step *steps, uint64_t number)
{
	int points = 0;

	for (; steps->from != 0 && number >= steps->from; steps++)
		points = steps->points;
	return points;
}

unsigned
score_confidence(const struct score *c)
{
	return c->points < 0 ? 0 : c->points > 99 ? 99 : (unsigned)c->points;
}

uint32_t
tag_of(const void *bytes, size_t len)
{
	uint32_t tag = (uint32_t)hash_steady(bytes, len);

	return tag != 0 ? tag : 1;
}

struct span
mail_domain(struct span address)
{
	const uint8_t *at = address.left > 0 ? memrchr(address.at, '@', address.left) : NULL;

	if (at == NULL)
		return span_of(NULL, 0);
	return span_of(at + 1, (size_t)(address.at + address.left - at) - 1);
}

static void
copy_low(uint8_t *to, const uint8_t *from)
{
	uint64_t word = eight_lower(eight_load(from));

	memcpy(to, &word, sizeof word);
}

uint32_t
tag_of_text(struct span text)
{
	uint8_t low[256], last[8] = { 0 };
	size_t i, len = text.left < sizeof low ? text.left : sizeof low;

	for (i = 0; i + 8 <= len; i += 8)
		copy_low(low + i, text.at + i);
	if (i < len) {
		memcpy(last, text.at + i, len - i);
		copy_low(low + i, last);
	}
	return tag_of(low, len);
}

bool
tags_add(uint32_t *tags, unsigned most, unsigned *count, unsigned *next, uint32_t tag)
{
	unsigned i;

	for (i = 0; i < *count; i++)
		if (tags[i] == tag)
			return false;
	if (*count < most) {
		tags[(*count)++] = tag;
		return true;
	}
	tags[*next] = tag;
	*next = (*next + 1) % most;
	return true;
}

bool
in_networks(const struct cidr *list, unsigned count, const struct addr *a)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (cidr_contains(&list[i], a))
			return true;
	return false;
}

bool
span_has(struct span text, const char *word)
{
	size_t len = strlen(word), i;
	int first = word[0] | 0x20;	/* whichever case a letter has */

	for (i = 0; text.at != NULL && i + len <= text.left; i++)
		if ((text.at[i] | 0x20) == first && span_equal_nocase(span_of(text.at + i, len), span_of(word, len)))
			return true;
	return false;
}
