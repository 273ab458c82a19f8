/*
 * feed.h - what a format's reader gets, and what it must do.
 *
 * A reader understands one format line by line (or as a whole, for JSON). It
 * gives a value to feed_take_text() or feed_take_pair() with what else the line
 * says; or it says with feed_complain() what it expected. It never decides
 * what may be loaded: value.h does.
 */
#ifndef SENSOR_INDICATORS_FEED_H
#define SENSOR_INDICATORS_FEED_H

#include "indicators/builder.h"
#include "indicators/csv.h"
#include "indicators/lines.h"
#include "indicators/value.h"

/* The beginning of the input, up to LINE_BYTES or more, for recognition. */
struct feed_head {
	struct span bytes;
	iconv_t cp932;
	struct feed *feed;		/* scratch */
};

struct csv_rule {
	struct csv_layout layout;
	const char *header;		/* for the fault when there is none */
	void (*row)(struct feed *f);
};

struct feed_reader {
	bool (*recognise)(const struct feed_head *head);
	void (*read_line)(struct feed *f, struct span line);	/* never empty, no NUL */
	void (*read_whole)(struct feed *f, struct lines *lines);	/* instead, when not NULL */
	const struct csv_rule *csv;	/* NULL: no header is needed */
};

struct feed {
	const char *name;
	const struct feed_reader *reader;
	struct builder *builder;
	struct feed_summary *summary;
	struct fault *fault;
	uint32_t line;
	int code;			/* <0: reading ends, `fault` is filled */
	struct csv_columns columns;
	struct csv_row row;
	struct value value;
	bool converts;			/* notice: lines are CP932 */
	uint8_t scratch[2 * LINE_BYTES];	/* of csv_split */
	char converted[4 * LINE_BYTES];
	struct lines lines;
};

extern const struct feed_reader feodo_csv, feodo_json, feodo_text;
extern const struct feed_reader sslbl_address, sslbl_ja3, sslbl_certificate;
extern const struct feed_reader urlhaus_csv, urlhaus_text;
extern const struct feed_reader notice_csv, plain_list;

/* Keep "line N: expected WHAT, found 'OFFENDING'" and count it. */
void feed_complain(struct feed *f, const char *what, struct span offending);

/* What a line says beside its value; texts of any bytes, empty when it does not say. */
struct feed_line {
	enum indicator_role role;
	uint8_t confidence;
	struct span malware, reference;
	int64_t first_ns, last_ns;
};

/* Read `text` into feed->value and load it, or complain. */
void feed_take_text(struct feed *f, struct span text, unsigned types, const struct feed_line *line);

/* An address in one cell and its port in another; without a port it is an address alone. */
void feed_take_pair(struct feed *f, struct span address, struct span port,
    const struct feed_line *line);

/* A time in a cell, UTC when it says no zone; WHEN_UNKNOWN when it cannot be read. */
int64_t feed_time(struct span cell);

/* A cell of the row at hand. */
static inline struct span
feed_cell(const struct feed *f, unsigned column)
{
	return csv_cell(&f->row, &f->columns, column);
}

/* One line of a CSV: comment, header or row; each row goes to the rule's function. */
void feed_csv_line(struct feed *f, struct span line);

/* Is the last comment, or the first other line, a header of this kind? */
bool head_has_header(const struct feed_head *head, const struct csv_rule *rule);

/* Does a comment before the first other line hold `word` (lower case)? */
bool head_says(const struct feed_head *head, const char *word);

/* The next line of `rest` that is not empty, trimmed; *comment when it begins with #. */
bool head_line(struct span *rest, struct span *line, bool *comment);

#endif
