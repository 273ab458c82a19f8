#include "indicators/feed.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "indicators/allow.h"
#include "indicators/text.h"

enum { EXCERPT_BYTES = 80, TEXT_KEPT_BYTES = 128 };

/* In the order of recognition: what is sure of itself first, what takes anything last. */
static const struct {
	const char *name, *what;
	const struct feed_reader *reader;
} formats[] = {
	{ "feodo-csv", "Feodo Tracker, ipblocklist.csv (both layouts)", &feodo_csv },
	{ "feodo-json", "Feodo Tracker, ipblocklist.json", &feodo_json },
	{ "feodo-txt", "Feodo Tracker, ipblocklist.txt", &feodo_text },
	{ "sslbl-ip-csv", "SSLBL, sslipblacklist.csv", &sslbl_address },
	{ "sslbl-ja3-csv", "SSLBL, ja3_fingerprints.csv", &sslbl_ja3 },
	{ "sslbl-cert-csv", "SSLBL, sslblacklist.csv", &sslbl_certificate },
	{ "urlhaus-csv", "URLhaus, csv, csv_recent, csv_online", &urlhaus_csv },
	{ "urlhaus-text", "URLhaus, one URL a line", &urlhaus_text },
	{ "threatfox-csv", "ThreatFox, full and recent", &threatfox_csv },
	{ "threatfox-json", "ThreatFox, export and answer of the API", &threatfox_json },
	{ "misp", "MISP, events of a feed", &misp_events },
	{ "misp-hashes", "MISP, hashes.csv: passed over, MD5 of values are not on the wire", &misp_hashes },
	{ "stix", "STIX 2.1 bundle, or what a TAXII 2.1 collection answers", &stix_bundle },
	{ "zeek-intel", "Zeek intelligence file", &zeek_intel },
	{ "shadowserver-csv", "Shadowserver report: sinkhole, compromised, blocklist, special", &shadowserver_csv },
	{ "intelmq-csv", "IntelMQ events, CSV", &intelmq_csv },
	{ "intelmq-json", "IntelMQ events, JSON lines", &intelmq_json },
	{ "ctip-json", "Microsoft CTIP, JSON lines", &ctip_json },
	{ "cymru", "Team Cymru report, category|address|asn|timestamp|...", &cymru_report },
	{ "cymru-old", "Team Cymru report, report|ip|asn|timestamp|...", &cymru_old_report },
	{ "spamhaus-cert", "Spamhaus CERT report", &spamhaus_cert },
	{ "drop-txt", "Spamhaus DROP, text", &drop_text },
	{ "drop-json", "Spamhaus DROP, JSON lines", &drop_json },
	{ "notice-csv", "NOTICE-style list of infected addresses, Japanese or English header, times JST",
	  &notice_csv },
	{ "maltrail-csv", "Maltrail, trails.csv", &maltrail_csv },
	{ "maltrail-txt", "Maltrail, one of the static trails", &maltrail_text },
	{ "suricata-iprep", "Suricata IP reputation list", &suricata_iprep },
	{ "suricata-datarep", "Suricata dataset with reputations, value,reputation", &suricata_datarep },
	{ "suricata-json", "Suricata dataset, a JSON array", &suricata_json },
	{ "suricata-ndjson", "Suricata dataset, JSON lines", &suricata_ndjson },
	{ "suricata-string", "Suricata dataset of type string (base64)", &suricata_strings },
	{ "firehol", "FireHOL netset", &firehol_netset },
	{ "dnsmasq", "dnsmasq, address=/name/...", &dnsmasq_file },
	{ "adblock", "list for ad blockers, ||name^", &adblock_list },
	{ "rpz", "response policy zone", &rpz_zone },
	{ "hosts", "hosts file, 0.0.0.0 name", &hosts_file },
	{ "plain", "one value a line: address, network, address:port, domain, URL, JA3, JA4, SHA-1, SHA-256",
	  &plain_list },
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

const char *
feed_format(unsigned n, const char **what)
{
	if (n >= FORMATS)
		return NULL;
	if (what != NULL)
		*what = formats[n].what;
	return formats[n].name;
}

void
feed_complain(struct feed *f, const char *what, struct span offending)
{
	struct feed_summary *s = f->summary;
	struct feed_complaint c = { .line = f->line };
	char excerpt[EXCERPT_BYTES];

	s->not_understood++;
	if (s->complaints_count == FEED_COMPLAINTS_MAX && f->builder->complain == NULL)
		return;
	snprintf(c.text, sizeof c.text, "expected %s, found '%s'", what,
	    text_escape(offending, excerpt, sizeof excerpt));
	if (s->complaints_count < FEED_COMPLAINTS_MAX)
		s->complaints[s->complaints_count++] = c;
	if (f->builder->complain != NULL)
		f->builder->complain(f->builder->complain_to, &c);
}

void
builder_on_complaint(struct builder *b, feed_complaint_fn *tell, void *to)
{
	b->complain = tell;
	b->complain_to = to;
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

/* What the operator says of the feed stands over what it says itself. */
static void
apply_terms(const struct feed_terms *terms, struct indicator *i)
{
	bool fits = terms->role != ROLE_INFECTED || i->type == INDICATOR_ADDRESS ||
	    i->type == INDICATOR_CIDR;

	if (terms->role_set && fits)
		i->role = terms->role;
	if (terms->confidence > 0)
		i->confidence = terms->confidence;
	if (i->first_seen_ns == WHEN_UNKNOWN && i->last_seen_ns == WHEN_UNKNOWN)
		i->last_seen_ns = terms->fetched_ns;
}

/* Infected machines are the operator's own: no list takes them out. */
static bool
is_allowed(struct feed *f, enum indicator_role role)
{
	struct feed_summary *s = f->summary;
	struct feed_complaint c = { .line = f->line, .allowed = true };
	struct feed_refusal *r;
	struct allow_rule rule;

	if (f->builder->allow == NULL || role == ROLE_INFECTED ||
	    !allow_value(f->builder->allow, &f->value, f->builder->allow_ns, &rule))
		return false;
	s->allowed++;
	if (s->refusals_count == FEED_COMPLAINTS_MAX && f->builder->complain == NULL)
		return true;
	snprintf(c.text, sizeof c.text, "%.60s: %.80s, line %u: %s", f->value.text, rule.list, rule.line,
	    rule.reason);
	if (s->refusals_count < FEED_COMPLAINTS_MAX) {
		r = &s->refusals[s->refusals_count++];
		r->line = f->line;
		memcpy(r->text, c.text, sizeof r->text);
	}
	if (f->builder->complain != NULL)
		f->builder->complain(f->builder->complain_to, &c);
	return true;
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
		.valid_until_ns = line->until_ns,
	};

	apply_terms(&f->builder->terms, &i);
	if (is_allowed(f, i.role))
		return;
	count_result(f, builder_put(f->builder, &f->value, &i));
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

struct feed_line
feed_says(enum indicator_role role, uint8_t confidence)
{
	return (struct feed_line){ .role = role, .confidence = confidence, .first_ns = WHEN_UNKNOWN,
	    .last_ns = WHEN_UNKNOWN, .until_ns = WHEN_UNKNOWN };
}

void
feed_pass_over(struct feed *f)
{
	f->summary->passed_over++;
}

enum { EPOCH_DIGITS_LEAST = 9, EPOCH_DIGITS_MOST = 10 };

#define EPOCH_MOST INT64_C(9000000000)	/* in 2255, so that nanoseconds can be added to */

/* Nine or ten digits, with or without a fraction: from 1973. */
static bool
epoch_seconds(struct span cell, int64_t *ns)
{
	int64_t sec = 0;
	size_t i;

	for (i = 0; i < cell.left && cell.at[i] >= '0' && cell.at[i] <= '9' && i <= EPOCH_DIGITS_MOST; i++)
		sec = sec * 10 + (cell.at[i] - '0');
	if (i < EPOCH_DIGITS_LEAST || i > EPOCH_DIGITS_MOST || sec > EPOCH_MOST || (i < cell.left && cell.at[i] != '.'))
		return false;
	*ns = sec * NS_PER_SEC;
	return true;
}

int64_t
feed_time(struct span cell)
{
	int64_t ns;

	if (epoch_seconds(cell, &ns))
		return ns;
	return when_parse((const char *)cell.at, cell.left, 0, &ns) ? ns : WHEN_UNKNOWN;
}

/* ---- CSV ---- */

bool
csv_is_header(struct feed *f, struct span line, const struct csv_rule *rule)
{
	const char *why;

	return csv_split(line, rule->delimiter, f->scratch, &f->row, &why) &&
	    csv_header(&f->row, &rule->layout, &f->columns);
}

bool
csv_uncomment(const struct csv_rule *rule, struct span *line)
{
	size_t len = strlen(rule->comment);

	if (line->left < len || memcmp(line->at, rule->comment, len) != 0)
		return false;
	while (line->left >= len && memcmp(line->at, rule->comment, len) == 0)
		span_skip(line, len);
	return true;
}

static void
csv_comment(struct feed *f, struct span line)
{
	struct csv_columns before = f->columns;

	if (!csv_is_header(f, line, f->reader->csv))
		f->columns = before;
}

void
feed_csv_line(struct feed *f, struct span line)
{
	const struct csv_rule *rule = f->reader->csv;
	struct csv_columns columns;
	const char *why;

	if (csv_uncomment(rule, &line)) {
		csv_comment(f, line);
		return;
	}
	if (!csv_split(line, rule->delimiter, f->scratch, &f->row, &why)) {
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

/* Known, and no list of indicators. NULL: it is not known. */
static const char *
near_miss(const struct feed_head *head)
{
	if (head_says(head, "#fields indicator"))
		return "a Zeek intelligence file with blanks between its columns, expected tabs";
	if (head_has_key(head, "Orgc") && head_has_key(head, "threat_level_id"))
		return "the manifest of a MISP feed, expected its events (they are fetched when it is a feed's url)";
	return NULL;
}

static int
not_recognised(struct feed *f, struct span head)
{
	struct span rest = head, line = { NULL, 0 };
	char excerpt[EXCERPT_BYTES];
	const char *what;
	bool comment = true;

	while (comment && head_line(&rest, &line, &comment))
		;
	if ((what = near_miss(&(const struct feed_head){ head, f->builder->cp932, f })) != NULL)
		return fault_set(f->fault, SE_FORMAT, "feed %s: looks like %s", f->name, what);
	return fault_set(f->fault, SE_FORMAT,
	    "feed %s: text of no known format, beginning with '%s': expected one of "
	    "`hansho check --formats` (it can be forced)", f->name,
	    text_escape(line, excerpt, sizeof excerpt));
}

static int
choose_by_name(struct feed *f, const char *format)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (strcmp(formats[i].name, format) == 0)
			break;
	if (i == FORMATS)
		return fault_set(f->fault, SE_USAGE, "feed %s: there is no format '%s'", f->name, format);
	f->reader = formats[i].reader;
	snprintf(f->summary->format, sizeof f->summary->format, "%s", format);
	return 0;
}

static int
choose(struct feed *f, const char *format)
{
	struct feed_head head = { lines_peek(&f->lines), f->builder->cp932, f };
	const char *what = f->lines.failed ? NULL : head_stranger(head.bytes);
	size_t i;
	int r;

	if (format != NULL && (r = choose_by_name(f, format)) < 0)
		return r;
	if (what != NULL)
		return fault_set(f->fault, SE_FORMAT, "feed %s: looks like %s, expected %s", f->name,
		    what, format != NULL ? format : "a list of indicators");
	for (i = 0; f->reader == NULL && i < FORMATS && !f->lines.failed; i++)
		if (formats[i].reader->recognise(&head))
			choose_by_name(f, formats[i].name);
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
		return fault_set(f->fault, f->lines.unpack != NULL ? SE_FORMAT : SE_SYSTEM,
		    "feed %s: reading failed: %s", f->name, lines_fault(&f->lines));
	if (f->reader->csv != NULL && f->columns.count == 0)
		return fault_set(f->fault, SE_FORMAT, "feed %s: no header line, expected %s as in '%s'",
		    f->name, s->format, f->reader->csv->header);
	if (s->loaded + s->duplicates + s->passed_over + s->allowed == 0 && s->not_understood > 0)
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
	f->event.ns = WHEN_UNKNOWN;
	lines_init(&f->lines, in, b->feed_bytes);
	if ((r = choose(f, format)) < 0)
		goto done;
	if (f->lines.failed)
		;
	else if (f->reader->json != NULL)
		feed_read_json(f);
	else
		read_lines(f);
	r = verdict(f);
	if (r < 0 && r != SE_LIMIT)
		builder_rollback(b, mark);
done:
	lines_clear(&f->lines);
	free(f);
	return r;
}
