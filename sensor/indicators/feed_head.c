/* feed_head.c - what is this? Told from the beginning of the input. */
#include "indicators/feed.h"

#include <string.h>

#include "indicators/text.h"

bool
head_line(struct span *rest, struct span *line, bool *comment)
{
	while (rest->left > 0) {
		if (!span_until(rest, '\n', line))
			span_take(rest, rest->left, line);
		*line = span_trim(*line);
		if (line->left == 0)
			continue;
		*comment = line->at[0] == '#';
		return true;
	}
	return false;
}

bool
head_has_header(const struct feed_head *head, const struct csv_rule *rule)
{
	struct span rest = head->bytes, line;
	bool comment = true;

	while (comment && head_line(&rest, &line, &comment)) {
		if (line.left > LINE_BYTES)
			return false;
		if (csv_uncomment(rule, &line))
			comment = true;
		if (csv_is_header(head->feed, line, rule))
			return true;
	}
	return false;
}

bool
head_says(const struct feed_head *head, const char *word)
{
	struct span rest = head->bytes, line;
	bool comment;

	while (head_line(&rest, &line, &comment) && comment)
		if (text_find(line, word) < line.left)
			return true;
	return false;
}

enum { LINES_TRIED = 50 };

bool
head_lines_fit(const struct feed_head *head, const char *comments,
    bool (*fits)(const struct feed_head *head, struct span line))
{
	struct span rest = head->bytes, line;
	unsigned tried = 0, fit = 0;
	bool comment;

	while (tried < LINES_TRIED && head_line(&rest, &line, &comment)) {
		if (strchr(comments, line.at[0]) != NULL || line.at[0] == '\0')
			continue;
		tried++;
		fit += fits(head, line);
	}
	return fit > 0 && 4 * fit >= 3 * tried;
}

bool
head_has_key(const struct feed_head *head, const char *key)
{
	struct span s = span_trim(head->bytes);
	char quoted[64];
	int len = snprintf(quoted, sizeof quoted, "\"%s\"", key);

	return s.left > 0 && (s.at[0] == '{' || s.at[0] == '[') &&
	    memmem(s.at, s.left, quoted, (size_t)len) != NULL;
}

static const struct {
	const char *start;
	size_t len;
	const char *what;
} strangers[] = {
	{ "\x1f\x8b", 2, "gzip data inside packed data" },
	{ "PK\x03\x04", 4, "a zip archive inside packed data" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd data inside packed data" },
	{ "\xfd" "7zXZ", 5, "xz data inside packed data" },
	{ "\xff\xfe", 2, "UTF-16 text (expected UTF-8)" },
	{ "\xfe\xff", 2, "UTF-16 text (expected UTF-8)" },
	{ "<", 1, "HTML or XML, such as an error page" },
};

/* Random bytes are a ninth control bytes, text has none. A single NUL spoils its line only. */
static bool
is_binary(struct span s)
{
	size_t most = s.left < 512 ? s.left : 512, odd = 0, i;

	for (i = 0; i < most; i++)
		if ((s.at[i] < 0x20 && strchr("\t\n\f\r", s.at[i]) == NULL) || s.at[i] == 0 ||
		    s.at[i] == 0x7f)
			odd++;
	return odd > 1 + most / 20;
}


const char *
head_stranger(struct span s)
{
	size_t i;

	if (s.left == 0)
		return "an empty file";
	while (s.left > 0 && strchr(" \t\r\n", s.at[0]) != NULL && s.at[0] != 0)
		span_skip(&s, 1);
	for (i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
		if (s.left >= strangers[i].len &&
		    memcmp(s.at, strangers[i].start, strangers[i].len) == 0)
			return strangers[i].what;
	return is_binary(s) ? "binary data" : NULL;
}
