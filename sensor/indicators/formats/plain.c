/*
 * A list of the operator's own, or of anybody: one value a line.
 */
#include "indicators/feed.h"

enum { PLAIN_CONFIDENCE = 50, LINES_TRIED = 50 };

/* A comment begins the line or follows a blank: "#" and ";" may stand inside a URL. */
static void
split_comment(struct span line, struct span *value, struct span *comment)
{
	bool none = line.left == 0 ||
	    (memchr(line.at, '#', line.left) == NULL && memchr(line.at, ';', line.left) == NULL);
	size_t i;

	for (i = none ? line.left : 0; i < line.left; i++)
		if ((line.at[i] == '#' || line.at[i] == ';') &&
		    (i == 0 || line.at[i - 1] == ' ' || line.at[i - 1] == '\t'))
			break;
	*comment = line;
	span_take(comment, i, value);
	*value = span_trim(*value);
	span_skip(comment, 1);
	*comment = span_trim(*comment);
}

/* Who gives us a list wants to hear of calls to what is in it: C2. The comment is the reference. */
static void
read_line(struct feed *f, struct span line)
{
	struct feed_line says = feed_says(ROLE_C2, PLAIN_CONFIDENCE);
	struct span value;

	split_comment(line, &value, &says.reference);
	if (value.left > 0)
		feed_take_text(f, value, VALUE_ANY, &says);
}

static bool
recognise(const struct feed_head *head)
{
	struct span rest = head->bytes, line, value, note;
	const char *why;
	bool comment;
	int tried;

	for (tried = 0; tried < LINES_TRIED && head_line(&rest, &line, &comment);) {
		split_comment(line, &value, &note);
		if (value.left == 0)
			continue;
		if (value_read(value, VALUE_ANY, &head->feed->value, &why))
			return true;
		tried++;
	}
	return false;
}

const struct feed_reader plain_list = { recognise, read_line, NULL, NULL };
