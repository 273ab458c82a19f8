/*
 * Feodo Tracker (abuse.ch): addresses of botnet C2 servers, checked by hand.
 */
#include "indicators/feed.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "base/when.h"
#include "indicators/json_cut.h"
#include "indicators/text.h"

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

static struct feed_line
feodo_line(void)
{
	return (struct feed_line){ .role = ROLE_C2, .confidence = FEODO_CONFIDENCE,
	    .first_ns = WHEN_UNKNOWN, .last_ns = WHEN_UNKNOWN };
}

static void
read_row(struct feed *f)
{
	struct feed_line line = feodo_line();

	line.malware = feed_cell(f, MALWARE);
	line.first_ns = feed_time(feed_cell(f, FIRST));
	line.last_ns = feed_time(feed_cell(f, LAST));
	feed_take_pair(f, feed_cell(f, ADDRESS), feed_cell(f, PORT), &line);
}

/* A list of who called whom is no list of servers: the called one may be a sinkhole. */
static const struct csv_rule rule = {
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
	struct feed_line says = feodo_line();

	if (line.at[0] != '#')
		feed_take_text(f, line, 1 << INDICATOR_ADDRESS, &says);
}

const struct feed_reader feodo_text = { recognise_text, read_text_line, NULL, NULL };

/* ---- JSON ---- */

static struct span
json_text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	struct span s = { NULL, 0 };

	if (cJSON_IsString(item) && !text_is_missing(span_text(item->valuestring)))
		s = span_text(item->valuestring);
	return s;
}

/* A port is written as a number or as text; anything else is a text that is no port. */
static struct span
json_port(const cJSON *object, char buf[32])
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "port");

	if (item == NULL || cJSON_IsNull(item) || cJSON_IsString(item))
		return json_text(object, "port");
	if (!cJSON_IsNumber(item))
		return span_text("not a number");
	snprintf(buf, 32, "%.17g", item->valuedouble);
	return span_text(buf);
}

static void
read_object(struct feed *f, const cJSON *object)
{
	struct feed_line line = feodo_line();
	char port[32];

	line.malware = json_text(object, "malware");
	line.first_ns = feed_time(json_text(object, "first_seen"));
	line.last_ns = feed_time(json_text(object, "last_online"));
	feed_take_pair(f, json_text(object, "ip_address"), json_port(object, port), &line);
}

static bool
read_element(void *to, struct span element, uint32_t at, bool too_long)
{
	struct feed *f = to;
	cJSON *object = NULL;

	f->line = at;
	if (!too_long && memchr(element.at, '\0', element.left) == NULL)
		object = cJSON_ParseWithLength((const char *)element.at, element.left);
	if (cJSON_IsObject(object))
		read_object(f, object);
	else
		feed_complain(f, too_long ? "an object of at most 65536 bytes" : "a JSON object", element);
	cJSON_Delete(object);
	return f->code == 0;
}

static void
read_array(struct feed *f, struct lines *lines)
{
	struct json_cut *cut;
	struct span block;
	uint8_t last = 0;

	if ((cut = malloc(sizeof *cut)) == NULL) {
		f->code = fault_set(f->fault, SE_NOMEM, "feed %s: no memory to read it", f->name);
		return;
	}
	json_cut_init(cut, read_element, f);
	while (lines_block(lines, &block)) {
		last = block.at[block.left - 1];
		if (!json_cut_push(cut, block))
			break;
	}
	f->summary->lines = cut->line - (last == '\n');
	if (f->code == 0 && !lines->failed && !json_cut_whole(cut))
		f->code = fault_set(f->fault, SE_FORMAT, "feed %s: line %u: broken JSON, expected %s",
		    f->name, cut->line, cut->why);
	free(cut);
}

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

const struct feed_reader feodo_json = { recognise_json, NULL, read_array, NULL };
