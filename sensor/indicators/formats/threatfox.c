/*
 * ThreatFox (abuse.ch): indicators of all kinds, each with what it is used for.
 */
#include "indicators/feed.h"

/* A site that was broken into serves honest visitors, too: a hit there says less. */
enum { COMPROMISED_MOST = 40 };

enum column { VALUE, TYPE, THREAT, MALWARE, ALIAS, FIRST, LAST, CONFIDENCE, COMPROMISED, ID };

static const struct csv_alias aliases[] = {
	{ "ioc_value", VALUE }, { "ioc", VALUE }, { "ioc_type", TYPE }, { "threat_type", THREAT },
	{ "malware_printable", MALWARE }, { "fk_malware", ALIAS },
	{ "first_seen_utc", FIRST }, { "first_seen", FIRST }, { "last_seen_utc", LAST }, { "last_seen", LAST },
	{ "confidence_level", CONFIDENCE }, { "is_compromised", COMPROMISED }, { "ioc_id", ID },
	{ NULL, 0 }
};

/* What one entry says, whichever form it is written in. */
struct entry {
	struct span value, type, threat, malware, first, last, confidence, id;
	bool compromised;
};

static bool
is(struct span s, const char *word)
{
	return span_equal_nocase(s, span_text(word));
}

/* The kinds of value that are on the wire; 0 for those that are not. */
static unsigned
types_of(struct span type)
{
	static const struct {
		const char *name;
		unsigned types;
	} rows[] = {
		{ "ip:port", 1 << INDICATOR_ADDRESS_PORT | 1 << INDICATOR_ADDRESS },
		{ "ip", 1 << INDICATOR_ADDRESS }, { "domain", 1 << INDICATOR_DOMAIN },
		{ "url", 1 << INDICATOR_URL }, { "sha256_hash", 1 << INDICATOR_FILE_SHA256 },
		{ "ja3", 1 << INDICATOR_JA3 }, { "ja4", 1 << INDICATOR_JA4 },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (is(type, rows[i].name))
			return rows[i].types;
	return 0;
}

static enum indicator_role
role_of(struct span threat)
{
	if (is(threat, "botnet_cc") || is(threat, "cc_skimming") || is(threat, "cc"))
		return ROLE_C2;
	return is(threat, "payload_delivery") || is(threat, "payload") ? ROLE_DOWNLOAD : ROLE_SUSPICIOUS;
}

static uint8_t
percent(struct span text)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < text.left && i < 3 && text.at[i] >= '0' && text.at[i] <= '9'; i++)
		n = n * 10 + (unsigned)(text.at[i] - '0');
	return (uint8_t)(i == 0 ? 50 : n > 100 ? 100 : n);
}

static void
take(struct feed *f, const struct entry *e)
{
	struct feed_line line = feed_says(role_of(e->threat), percent(e->confidence));
	unsigned types = types_of(e->type);

	if (e->compromised && line.confidence > COMPROMISED_MOST)
		line.confidence = COMPROMISED_MOST;
	line.malware = e->malware;
	line.reference = e->id;
	line.first_ns = feed_time(e->first);
	line.last_ns = feed_time(e->last);
	if (types != 0)
		feed_take_text(f, e->value, types, &line);
	else
		feed_pass_over(f);
}

/* ---- CSV ---- */

static void
read_row(struct feed *f)
{
	struct span name = feed_cell(f, MALWARE);
	const struct entry e = {
		.value = feed_cell(f, VALUE), .type = feed_cell(f, TYPE), .threat = feed_cell(f, THREAT),
		.malware = name.left > 0 ? name : feed_cell(f, ALIAS), .first = feed_cell(f, FIRST),
		.last = feed_cell(f, LAST), .confidence = feed_cell(f, CONFIDENCE), .id = feed_cell(f, ID),
		.compromised = is(feed_cell(f, COMPROMISED), "true"),
	};

	take(f, &e);
}

static const struct csv_rule rule = { ',', "#",
	{ aliases, 1 << VALUE | 1 << TYPE | 1 << THREAT, 0 },
	"first_seen_utc,ioc_id,ioc_value,ioc_type,threat_type,fk_malware,...", read_row
};

static bool
recognise_csv(const struct feed_head *head)
{
	return head_has_header(head, &rule);
}

const struct feed_reader threatfox_csv = { recognise_csv, feed_csv_line, NULL, &rule };

/* ---- JSON: {"id":[{...}]} as exported, {"query_status":"ok","data":[{...}]} as answered ---- */

static void
read_object(struct feed *f, unsigned path, const cJSON *o)
{
	char number[32], id[32];
	struct span value = member_text(o, "ioc_value"), name = member_text(o, "malware_printable");
	struct span first = member_text(o, "first_seen_utc"), last = member_text(o, "last_seen_utc");
	const struct entry e = {
		.value = value.left > 0 ? value : member_text(o, "ioc"),
		.type = member_text(o, "ioc_type"), .threat = member_text(o, "threat_type"),
		.malware = name.left > 0 ? name : member_text(o, "malware"),
		.first = first.left > 0 ? first : member_text(o, "first_seen"),
		.last = last.left > 0 ? last : member_text(o, "last_seen"),
		.confidence = member_number(o, "confidence_level", number),
		.id = member_number(o, "id", id), .compromised = member_true(o, "is_compromised"),
	};

	(void)path;
	if (e.value.left == 0 || e.type.left == 0)
		feed_complain(f, "an object with ioc and ioc_type", e.value);
	else
		take(f, &e);
}

static const char *const paths[] = { "*.[]" };
static const struct json_rule json_rule = { paths, 1, false, "{\"id\": [entry], ...} or {\"data\": [entries]}", read_object };

static bool
recognise_json(const struct feed_head *head)
{
	struct span s = span_trim(head->bytes);

	return s.left > 0 && s.at[0] == '{' && head_has_key(head, "ioc_type") &&
	    head_has_key(head, "threat_type");
}

const struct feed_reader threatfox_json = { recognise_json, NULL, &json_rule, NULL };
