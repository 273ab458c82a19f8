/*
 * Shadowserver's daily reports, told by their headers: the order of the fields
 * is not fixed. Which column holds the infected host depends on the report:
 * in sinkhole reports it is the source, in reports of what was found on a
 * host it is that host's address. Whom it called is never loaded, it is the
 * sinkhole. A report of DNS queries at a sinkhole names resolvers, nobody
 * infected: it is read and passed over. So are those of networks that let
 * forged addresses out, and of orders to flood somebody.
 */
#include "indicators/feed.h"

#include "base/when.h"

enum { SINKHOLE_CONFIDENCE = 90, FOUND_CONFIDENCE = 75, BLOCKLIST_CONFIDENCE = 60 };

enum column { WHEN, SOURCE, SOURCE_PORT, PEER, ADDRESS, SEVERITY, INFECTION, FAMILY, TAG, QUERY, REASON, LIST,
	CONTROL, CONTROL_ADDRESS };

static const struct csv_alias aliases[] = {
	{ "timestamp", WHEN }, { "src_ip", SOURCE }, { "src_port", SOURCE_PORT }, { "dst_ip", PEER },
	{ "ip", ADDRESS }, { "severity", SEVERITY }, { "infection", INFECTION }, { "family", FAMILY },
	{ "tag", TAG }, { "query", QUERY }, { "routedspoof", QUERY }, { "attack_src_ip", QUERY },
	 { "reason", REASON }, { "source", LIST }, { "cc_url", CONTROL },
	{ "cc_ip", CONTROL_ADDRESS },
	{ NULL, 0 }
};

static struct span
first_of(const struct feed *f, enum column a, enum column b)
{
	struct span s = feed_cell(f, a);

	return s.left > 0 ? s : feed_cell(f, b);
}

static struct feed_line
row_line(const struct feed *f, enum indicator_role role, uint8_t confidence)
{
	struct feed_line line = feed_says(role, confidence);

	line.malware = first_of(f, INFECTION, FAMILY);
	line.reference = feed_cell(f, TAG);
	line.first_ns = line.last_ns = feed_time(feed_cell(f, WHEN));
	return line;
}

static bool
has(const struct feed *f, enum column c)
{
	return f->columns.at[c] != CSV_CELLS_MAX;
}

/* A host that was broken into, and the server that its code calls, when the report knows it. */
static void
found_row(struct feed *f)
{
	struct feed_line line = row_line(f, ROLE_INFECTED, FOUND_CONFIDENCE);
	struct span control = feed_cell(f, CONTROL);

	feed_take_text(f, feed_cell(f, ADDRESS), 1 << INDICATOR_ADDRESS, &line);
	if (control.left == 0 || f->code < 0)
		return;
	line.role = ROLE_C2;
	feed_take_text(f, control, 1 << INDICATOR_URL | 1 << INDICATOR_DOMAIN | 1 << INDICATOR_ADDRESS, &line);
}

static void
blocklist_row(struct feed *f)
{
	struct feed_line line = row_line(f, ROLE_SUSPICIOUS, BLOCKLIST_CONFIDENCE);

	line.malware = span_of(NULL, 0);
	line.reference = first_of(f, REASON, LIST);
	feed_take_text(f, feed_cell(f, ADDRESS), 1 << INDICATOR_ADDRESS, &line);
}

static void
read_row(struct feed *f)
{
	struct feed_line line;

	if (has(f, QUERY)) {
		feed_pass_over(f);
	} else if (has(f, SOURCE)) {
		line = row_line(f, ROLE_INFECTED, SINKHOLE_CONFIDENCE);
		feed_take_text(f, feed_cell(f, SOURCE), 1 << INDICATOR_ADDRESS, &line);
	} else if (has(f, REASON)) {
		blocklist_row(f);
	} else {
		found_row(f);
	}
}

static const struct csv_rule rule = { ',', "#",
	{ aliases, 1 << WHEN, 0 }, "timestamp,severity,... of a Shadowserver report", read_row
};

/* Besides the time, an address of one of the two kinds, and a column that only these reports have. */
static bool
recognise(const struct feed_head *head)
{
	const struct feed *f = head->feed;

	return head_has_header(head, &rule) && (has(f, SOURCE) || has(f, ADDRESS)) &&
	    (has(f, SEVERITY) || has(f, INFECTION) || has(f, FAMILY) || has(f, TAG));
}

const struct feed_reader shadowserver_csv = { recognise, feed_csv_line, NULL, &rule };
