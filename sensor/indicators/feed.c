#include "indicators/feed.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "indicators/text.h"

enum { EXCERPT_BYTES = 80, TEXT_KEPT_BYTES = 128 };

static const struct feed_format names[] = {
	{ "feodo-csv", "Feodo Tracker, ipblocklist.csv (both layouts)" },
	{ "feodo-json", "Feodo Tracker, ipblocklist.json" },
	{ "feodo-txt", "Feodo Tracker, ipblocklist.txt" },
	{ "sslbl-ip-csv", "SSLBL, sslipblacklist.csv" },
	{ "sslbl-ja3-csv", "SSLBL, ja3_fingerprints.csv" },
	{ "sslbl-cert-csv", "SSLBL, sslblacklist.csv" },
	{ "urlhaus-csv", "URLhaus, csv, csv_recent, csv_online" },
	{ "urlhaus-text", "URLhaus, one URL a line" },
	{ "notice-csv", "NOTICE-style list of infected addresses, Japanese or English header, times JST" },
	{ "plain", "one value a line: address, network, address:port, domain, URL, JA3, JA4, SHA-1" },
	{ NULL, NULL },
};

/* In the order of `names`, which is the order of recognition. */
static const struct feed_reader *const readers[] = {
	&feodo_csv, &feodo_json, &feodo_text, &sslbl_address, &sslbl_ja3, &sslbl_certificate,
	&urlhaus_csv, &urlhaus_text, &notice_csv, &plain_list,
};

enum { READERS = sizeof readers / sizeof readers[0] };

_Static_assert(sizeof names / sizeof names[0] == READERS + 1, "each reader has a name");

const struct feed_format *const feed_formats = names;

void
feed_complain(struct feed *f, const char *what, struct span offending)
{
	struct feed_summary *s = f->summary;
	struct feed_complaint *c;
	char excerpt[EXCERPT_BYTES];

	s->not_understood++;
	if (s->complaints_count == FEED_COMPLAINTS_MAX)
		return;
	c = &s->complaints[s->complaints_count++];
	c->line = f->line;
	snprintf(c->text, sizeof c->text, "expected %s, found '%s'", what,
	    text_escape(offending, excerpt, sizeof excerpt));
}

static void
count_result(struct feed *f, int r)
{
	if (r == 0) {
		f->summary->loaded++;
		f->summary->by_type[f->value.type]++;
	} else if (r == 1) {
		f->summary->duplicates++;
	} else if (r == SE_LIMIT) {
		f->code = fault_set(f->fault, r,
		    "feed %s: line %u: no more than %u indicators are configured",
		    f->name, f->line, f->builder->max_indicators);
	} else {
		f->code = fault_set(f->fault, r, "feed %s: line %u: %s", f->name, f->line, se_text(r));
	}
}

/* Load feed->value. */
static void
feed_take(struct feed *f, const struct feed_line *line)
{
	char malware[TEXT_KEPT_BYTES], reference[TEXT_KEPT_BYTES];
	struct indicator i = {
		.type = f->value.type, .role = line->role, .value = f->value.text, .feed = f->name,
		.malware = text_clean(line->malware, malware, sizeof malware),
		.reference = text_clean(line->reference, reference, sizeof reference),
		.line = f->line, .confidence = line->confidence,
		.first_seen_ns = line->first_ns, .last_seen_ns = line->last_ns,
	};

	count_result(f, builder_put(f->builder, &i));
}

void
feed_take_text(struct feed *f, struct span text, unsigned types, const struct feed_line *line)
{
	const char *why;

	if (value_read(text, types, &f->value, &why))
		feed_take(f, line);
	else
		feed_complain(f, why, text);
}

void
feed_take_pair(struct feed *f, struct span address, struct span port,
    const struct feed_line *line)
{
	const char *why;

	if (!value_read(address, 1 << INDICATOR_ADDRESS, &f->value, &why))
		feed_complain(f, why, address);
	else if (port.left > 0 && !value_add_port(&f->value, port))
		feed_complain(f, "a port from 1 to 65535", port);
	else
		feed_take(f, line);
}

int64_t
feed_time(struct span cell)
{
	int64_t ns;

	return when_parse((const char *)cell.at, cell.left, 0, &ns) ? ns : WHEN_UNKNOWN;
}

/* ---- CSV ---- */

static bool
is_header(struct feed *f, struct span line, const struct csv_rule *rule)
{
	const char *why;

	return csv_split(line, f->scratch, &f->row, &why) &&
	    csv_header(&f->row, &rule->layout, &f->columns);
}

static void
csv_comment(struct feed *f, struct span line)
{
	struct csv_columns before = f->columns;

	while (line.left > 0 && line.at[0] == '#')
		span_skip(&line, 1);
	if (!is_header(f, line, f->reader->csv))
		f->columns = before;
}

void
feed_csv_line(struct feed *f, struct span line)
{
	const struct csv_rule *rule = f->reader->csv;
	struct csv_columns columns;
	const char *why;

	if (line.at[0] == '#') {
		csv_comment(f, line);
		return;
	}
	if (!csv_split(line, f->scratch, &f->row, &why)) {
		feed_complain(f, why, line);
		return;
	}
	if (csv_names_column(f->row.cell[0], rule->layout.aliases) &&
	    csv_header(&f->row, &rule->layout, &columns)) {
		f->columns = columns;
		return;
	}
	if (f->columns.count == 0)
		feed_complain(f, "a header line before the first row", line);
	else if (f->row.count != f->columns.count)
		feed_complain(f, "as many cells as the header has", line);
	else
		rule->row(f);
}

/* ---- recognition ---- */

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
		while (line.left > 0 && line.at[0] == '#')
			span_skip(&line, 1);
		if (is_header(head->feed, line, rule))
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

static const struct {
	const char *start;
	size_t len;
	const char *what;
} strangers[] = {
	{ "\x1f\x8b", 2, "gzip data (unpack it first)" },
	{ "PK\x03\x04", 4, "a zip archive (unpack it first)" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd data (unpack it first)" },
	{ "\xfd" "7zXZ", 5, "xz data (unpack it first)" },
	{ "\xff\xfe", 2, "UTF-16 text (expected UTF-8)" },
	{ "\xfe\xff", 2, "UTF-16 text (expected UTF-8)" },
	{ "<", 1, "HTML or XML, such as an error page" },
	{ "{", 1, "a JSON object, such as an error message" },
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

/* What the input is when it can be no feed at all; NULL when it may be one. */
static const char *
stranger(struct span s)
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

static int
not_recognised(struct feed *f, struct span head)
{
	struct span rest = head, line = { NULL, 0 };
	char excerpt[EXCERPT_BYTES];
	bool comment = true;

	while (comment && head_line(&rest, &line, &comment))
		;
	return fault_set(f->fault, SE_FORMAT,
	    "feed %s: text of no known format, beginning with '%s': expected feodo, sslbl, urlhaus, "
	    "notice or a plain list (a format can be forced)", f->name,
	    text_escape(line, excerpt, sizeof excerpt));
}

static int
choose_by_name(struct feed *f, const char *format)
{
	size_t i;

	for (i = 0; i < READERS; i++)
		if (strcmp(names[i].name, format) == 0)
			break;
	if (i == READERS)
		return fault_set(f->fault, SE_USAGE, "feed %s: there is no format '%s'", f->name, format);
	f->reader = readers[i];
	snprintf(f->summary->format, sizeof f->summary->format, "%s", format);
	return 0;
}

static int
choose(struct feed *f, const char *format)
{
	struct feed_head head = { lines_peek(&f->lines), f->builder->cp932, f };
	const char *what = f->lines.failed ? NULL : stranger(head.bytes);
	size_t i;
	int r;

	if (format != NULL && (r = choose_by_name(f, format)) < 0)
		return r;
	if (what != NULL)
		return fault_set(f->fault, SE_FORMAT, "feed %s: looks like %s, expected %s", f->name,
		    what, format != NULL ? format : "a list of indicators");
	for (i = 0; f->reader == NULL && i < READERS && !f->lines.failed; i++)
		if (readers[i]->recognise(&head))
			choose_by_name(f, names[i].name);
	f->columns.count = 0;
	if (f->reader == NULL && !f->lines.failed)
		return not_recognised(f, head.bytes);
	return 0;
}

/* ---- reading ---- */

static void
read_line(struct feed *f, struct span line, bool too_long)
{
	line = span_trim(line);
	if (too_long)
		feed_complain(f, "a line of at most 65536 bytes", line);
	else if (line.left > 0 && memchr(line.at, '\0', line.left) != NULL)
		feed_complain(f, "text without NUL bytes", line);
	else if (line.left > 0)
		f->reader->read_line(f, line);
}

static void
read_lines(struct feed *f)
{
	struct span line;
	bool too_long;

	while (f->code == 0 && lines_next(&f->lines, &line, &too_long)) {
		f->line = f->summary->lines = f->lines.number;
		read_line(f, line, too_long);
	}
}

/* Many lines and none understood is another format, or a new one: not an empty feed. */
static int
verdict(struct feed *f)
{
	struct feed_summary *s = f->summary;

	if (f->code < 0)
		return f->code;
	if (f->lines.failed)
		return fault_set(f->fault, SE_SYSTEM, "feed %s: reading failed: %s", f->name,
		    se_text(SE_SYSTEM));
	if (f->reader->csv != NULL && f->columns.count == 0)
		return fault_set(f->fault, SE_FORMAT, "feed %s: no header line, expected %s as in '%s'",
		    f->name, s->format, f->reader->csv->header);
	if (s->loaded + s->duplicates == 0 && s->not_understood > 0)
		return fault_set(f->fault, SE_FORMAT, "feed %s: as %s none of %u lines was understood; "
		    "line %u: %s", f->name, s->format, s->not_understood, s->complaints[0].line,
		    s->complaints[0].text);
	return 0;
}

int
feed_read(FILE *in, const char *name, const char *format, struct builder *b,
    struct feed_summary *summary, struct fault *fault)
{
	struct builder_mark mark = builder_mark(b);
	char kept_name[TEXT_KEPT_BYTES];
	struct feed *f;
	int r;

	memset(summary, 0, sizeof *summary);
	if ((f = calloc(1, sizeof *f)) == NULL)
		return fault_set(fault, SE_NOMEM, "feed %s: no memory to read it", name);
	f->name = text_clean(span_text(name), kept_name, sizeof kept_name);
	f->builder = b;
	f->summary = summary;
	f->fault = fault;
	lines_init(&f->lines, in);
	if ((r = choose(f, format)) < 0)
		goto done;
	if (f->lines.failed)
		;
	else if (f->reader->read_whole != NULL)
		f->reader->read_whole(f, &f->lines);
	else
		read_lines(f);
	r = verdict(f);
	if (r < 0 && r != SE_LIMIT)
		builder_rollback(b, mark);
done:
	free(f);
	return r;
}
