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

#include <cjson/cJSON.h>

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
	char delimiter;
	const char *comment;		/* what a comment, or the header before the data, begins with */
	struct csv_layout layout;
	const char *header;		/* for the fault when there is none */
	void (*row)(struct feed *f);
};

struct json_rule {
	const char *const *paths;	/* see json_cut.h */
	unsigned count;
	bool texts;			/* parts may be texts, else they are objects */
	const char *shape;		/* for the fault when it is JSON of another kind */
	/* A part that parsed; `path` is its number. */
	void (*part)(struct feed *f, unsigned path, const cJSON *value);
};

struct feed_reader {
	bool (*recognise)(const struct feed_head *head);
	void (*read_line)(struct feed *f, struct span line);	/* never empty, no NUL */
	const struct json_rule *json;				/* instead, when not NULL */
	const struct csv_rule *csv;	/* NULL: no header is needed */
};

/* What a report says of all that is in it. */
struct feed_event {
	char malware[128], reference[128];
	int64_t ns;
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
	struct feed_event event;	/* JSON: what holds the parts at hand */
};

/* Each format has a file in formats/. */
extern const struct feed_reader feodo_csv, feodo_json, feodo_text;
extern const struct feed_reader sslbl_address, sslbl_ja3, sslbl_certificate;
extern const struct feed_reader urlhaus_csv, urlhaus_text;
extern const struct feed_reader threatfox_csv, threatfox_json;
extern const struct feed_reader misp_events, misp_hashes, stix_bundle, zeek_intel;
extern const struct feed_reader suricata_iprep, suricata_datarep, suricata_strings, suricata_json, suricata_ndjson;
extern const struct feed_reader maltrail_csv, maltrail_text;
extern const struct feed_reader drop_text, drop_json, spamhaus_cert;
extern const struct feed_reader cymru_report, cymru_old_report;
extern const struct feed_reader firehol_netset, hosts_file, dnsmasq_file, adblock_list, rpz_zone;
extern const struct feed_reader shadowserver_csv, intelmq_csv, intelmq_json, ctip_json;
extern const struct feed_reader notice_csv, plain_list;

/* Keep "line N: expected WHAT, found 'OFFENDING'" and count it. */
void feed_complain(struct feed *f, const char *what, struct span offending);

/* What a line says beside its value; texts of any bytes, empty when it does not say. */
struct feed_line {
	enum indicator_role role;
	uint8_t confidence;
	struct span malware, reference;
	int64_t first_ns, last_ns, until_ns;
};

/* One that says nothing yet but this. */
struct feed_line feed_says(enum indicator_role role, uint8_t confidence);

/* Read `text` into feed->value and load it, or complain. */
void feed_take_text(struct feed *f, struct span text, unsigned types, const struct feed_line *line);

/* An address in one cell and its port in another; without a port it is an address alone. */
void feed_take_pair(struct feed *f, struct span address, struct span port,
    const struct feed_line *line);

/* A time in a cell, UTC when it says no zone; seconds since 1970 too. WHEN_UNKNOWN when it cannot be read. */
int64_t feed_time(struct span cell);

/* Known to be of no use here (an e-mail address, an MD5): counted, no complaint. */
void feed_pass_over(struct feed *f);

/* ---- for JSON ---- */

/* A text member; absent when it is missing, says nothing, or is no text. */
struct span member_text(const cJSON *object, const char *name);
/* The same of a number or a text that is one, written into `buf`. */
struct span member_number(const cJSON *object, const char *name, char buf[32]);
bool member_true(const cJSON *object, const char *name);

/* One object on a line of its own (JSON lines); NULL was complained of. Free with cJSON_Delete(). */
cJSON *feed_json_line(struct feed *f, struct span line);

/* Does the beginning hold `"key"`, and is it JSON? */
bool head_has_key(const struct feed_head *head, const char *key);

/* A cell of the row at hand. */
static inline struct span
feed_cell(const struct feed *f, unsigned column)
{
	return csv_cell(&f->row, &f->columns, column);
}

/* All of the input, by the reader's json_rule. */
void feed_read_json(struct feed *f);

/* What the input is when it can be no feed at all; NULL when it may be one. */
const char *head_stranger(struct span s);

/* Is this line, without what makes it a comment, the rule's header? Then the feed's columns are set. */
bool csv_is_header(struct feed *f, struct span line, const struct csv_rule *rule);

/* Cuts off what makes it a comment; false when it is none. */
bool csv_uncomment(const struct csv_rule *rule, struct span *line);

/* One line of a CSV: comment, header or row; each row goes to the rule's function. */
void feed_csv_line(struct feed *f, struct span line);

/* Is the last comment, or the first other line, a header of this kind? */
bool head_has_header(const struct feed_head *head, const struct csv_rule *rule);

/* Does a comment before the first other line hold `word` (lower case)? */
bool head_says(const struct feed_head *head, const char *word);

/* Of the first lines that are neither empty nor comments, does one at least, and do all but a few, fit? */
bool head_lines_fit(const struct feed_head *head, const char *comments,
    bool (*fits)(const struct feed_head *head, struct span line));

/* The next line of `rest` that is not empty, trimmed; *comment when it begins with #. */
bool head_line(struct span *rest, struct span *line, bool *comment);

#endif
