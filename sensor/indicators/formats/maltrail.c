/*
 * Maltrail: trails.csv as its server makes it, and the static trails by hand.
 */
#include "indicators/feed.h"

#include "indicators/text.h"

enum { MALWARE_CONFIDENCE = 70, SUSPICIOUS_CONFIDENCE = 40 };

enum { TRAIL = 1 << INDICATOR_ADDRESS | 1 << INDICATOR_ADDRESS_PORT | 1 << INDICATOR_CIDR |
    1 << INDICATOR_DOMAIN | 1 << INDICATOR_URL };

/* "emotet (malware)", "ad tracker (suspicious)", "known attacker". */
static struct feed_line
line_of(struct span info)
{
	bool malware = text_find(info, "(malware)") < info.left || text_find(info, "c&c") < info.left;
	struct feed_line line = feed_says(malware ? ROLE_C2 : ROLE_SUSPICIOUS,
	    malware ? MALWARE_CONFIDENCE : SUSPICIOUS_CONFIDENCE);
	size_t end = text_find(info, " (");

	if (text_find(info, "attacker") < info.left || text_find(info, "scanner") < info.left)
		line.role = ROLE_SCANNER;
	else if (text_find(info, "sinkhole") < info.left)
		line.role = ROLE_SINKHOLE;
	else if (text_find(info, "tor exit node") < info.left || text_find(info, "proxy") < info.left)
		line.role = ROLE_RESOLVER;
	line.malware = span_trim(span_of(info.at, end));
	return line;
}

/* ---- trails.csv: trail,info,reference without a header ---- */

static bool
split_row(struct feed *f, struct span line)
{
	const char *why;

	return csv_split(line, ',', f->scratch, &f->row, &why) && f->row.count == 3;
}

static bool
fits_row(const struct feed_head *head, struct span line)
{
	struct span reference;
	const char *why;

	if (!split_row(head->feed, line))
		return false;
	reference = head->feed->row.cell[2];
	return reference.left > 2 && (reference.at[0] == '(' || text_find(reference, ".") < reference.left) &&
	    text_find(reference, "/") == reference.left && head->feed->row.cell[1].left > 2 &&
	    value_read(head->feed->row.cell[0], TRAIL, &head->feed->value, &why);
}

static bool
recognise_csv(const struct feed_head *head)
{
	return head_lines_fit(head, "#", fits_row);
}

static void
read_csv_line(struct feed *f, struct span line)
{
	struct feed_line says;

	if (line.at[0] == '#')
		return;
	if (!split_row(f, line)) {
		feed_complain(f, "trail,info,reference", line);
		return;
	}
	says = line_of(f->row.cell[1]);
	says.reference = f->row.cell[2];
	feed_take_text(f, f->row.cell[0], TRAIL, &says);
}

const struct feed_reader maltrail_csv = { recognise_csv, read_csv_line, NULL, NULL };

/* ---- static trails: one a line, "# Reference:" above those that it speaks of ---- */

static bool
recognise_text(const struct feed_head *head)
{
	return head_says(head, "# reference: ") || head_says(head, "# aliases: ");
}

static void
note_comment(struct feed *f, struct span line)
{
	static const char reference[] = "# Reference: ";
	size_t len = sizeof reference - 1;

	if (line.left > len && memcmp(line.at, reference, len) == 0)
		text_clean(span_of(line.at + len, line.left - len), f->event.reference,
		    sizeof f->event.reference);
}

/* A slash at the beginning is a path on any host: that is no indicator of ours. */
static bool
is_pattern(struct span s)
{
	size_t i;

	if (s.at[0] == '/')
		return true;
	for (i = 0; i < s.left; i++)
		if (strchr("\\[]()*+|", s.at[i]) != NULL)
			return true;
	return false;
}

static void
read_text_line(struct feed *f, struct span line)
{
	struct feed_line says = feed_says(ROLE_C2, MALWARE_CONFIDENCE);
	struct span value;

	if (line.at[0] == '#') {
		note_comment(f, line);
		return;
	}
	if (!span_until(&line, '#', &value))
		value = line;
	value = span_trim(value);
	says.reference = span_text(f->event.reference);
	if (is_pattern(value))
		feed_pass_over(f);
	else
		feed_take_text(f, value, TRAIL, &says);
}

const struct feed_reader maltrail_text = { recognise_text, read_text_line, NULL, NULL };
