/*
 * Feodo Tracker (abuse.ch): addresses of botnet C2 servers, checked by hand.
 */
#include "indicators/feed.h"

enum { FEODO_CONFIDENCE = 100 };

enum column { ADDRESS, PORT, FIRST, LAST, MALWARE, SOURCE };

static const struct csv_alias aliases[] = {
	{ "dst_ip", ADDRESS }, { "dstip", ADDRESS }, { "ip_address", ADDRESS },
	{ "dst_port", PORT }, { "dstport", PORT }, { "port", PORT },
	{ "first_seen_utc", FIRST }, { "first_seen", FIRST }, { "firstseen", FIRST },
	{ "last_online", LAST }, { "lastonline", LAST },
	{ "malware", MALWARE },
	{ "src_ip", SOURCE }, { "source_ip", SOURCE }, { "srcip", SOURCE }, { "source ip", SOURCE },
	{ NULL, 0 }
};

static void
read_row(struct feed *f)
{
	struct feed_line line = feed_says(ROLE_C2, FEODO_CONFIDENCE);

	line.malware = feed_cell(f, MALWARE);
	line.first_ns = feed_time(feed_cell(f, FIRST));
	line.last_ns = feed_time(feed_cell(f, LAST));
	feed_take_pair(f, feed_cell(f, ADDRESS), feed_cell(f, PORT), &line);
}

/* A list of who called whom is no list of servers: the called one may be a sinkhole. */
static const struct csv_rule rule = { ',', "#",
	{ aliases, 1 << ADDRESS | 1 << PORT | 1 << MALWARE, 1 << SOURCE },
	"first_seen_utc,dst_ip,dst_port,c2_status,last_online,malware", read_row
};

static bool
recognise_csv(const struct feed_head *head)
{
	return head_has_header(head, &rule);
}

const struct feed_reader feodo_csv = { recognise_csv, feed_csv_line, NULL, &rule };

/* ---- one address a line ---- */

static bool
recognise_text(const struct feed_head *head)
{
	return head_says(head, "feodo tracker");
}

static void
read_text_line(struct feed *f, struct span line)
{
	struct feed_line says = feed_says(ROLE_C2, FEODO_CONFIDENCE);

	if (line.at[0] != '#')
		feed_take_text(f, line, 1 << INDICATOR_ADDRESS, &says);
}

const struct feed_reader feodo_text = { recognise_text, read_text_line, NULL, NULL };

/* ---- JSON ---- */

static void
read_object(struct feed *f, unsigned path, const cJSON *object)
{
	struct feed_line line = feed_says(ROLE_C2, FEODO_CONFIDENCE);
	char port[32];

	(void)path;
	line.malware = member_text(object, "malware");
	line.first_ns = feed_time(member_text(object, "first_seen"));
	line.last_ns = feed_time(member_text(object, "last_online"));
	feed_take_pair(f, member_text(object, "ip_address"), member_number(object, "port", port), &line);
}

static const char *const paths[] = { "[]" };
static const struct json_rule json_rule = { paths, 1, false, "an array of objects with ip_address", read_object };

static bool
recognise_json(const struct feed_head *head)
{
	struct span s = span_trim(head->bytes);

	if (s.left == 0 || s.at[0] != '[')
		return false;
	span_skip(&s, 1);
	s = span_trim(s);
	if (s.left > 0 && s.at[0] == ']')
		return true;
	return s.left > 0 && s.at[0] == '{' && memmem(s.at, s.left, "\"ip_address\"", 12) != NULL;
}

const struct feed_reader feodo_json = { recognise_json, NULL, &json_rule, NULL };
