/*
 * MISP events (misp-core-format), as a MISP feed or an export has them: one
 * event, several behind each other, or an array of them.
 *
 * Only attributes that are meant for detection (to_ids) and not deleted. What
 * an event says of itself (its title, the galaxy's or tag's malware) is known
 * for the attributes behind it: MISP writes it first.
 */
#include "indicators/feed.h"

#include <strings.h>

#include "base/when.h"
#include "indicators/json_cut.h"
#include "indicators/text.h"

enum { MISP_CONFIDENCE = 60 };

enum part { INFO, DATE, TAG, ATTRIBUTE };

/* In each form the same four, with attributes of the event and of its objects. */
static const char *const paths[] = {
	"Event.info", "Event.date", "Event.Tag.[]", "Event.Attribute.[]", "Event.Object.[].Attribute.[]",
	"[].Event.info", "[].Event.date", "[].Event.Tag.[]", "[].Event.Attribute.[]",
	"[].Event.Object.[].Attribute.[]",
	"response.[].Event.info", "response.[].Event.date", "response.[].Event.Tag.[]",
	"response.[].Event.Attribute.[]", "response.[].Event.Object.[].Attribute.[]",
};

enum { PATHS = sizeof paths / sizeof paths[0], FORMS = 3, PARTS = PATHS / FORMS };

_Static_assert((int)PATHS <= (int)JSON_PATHS_MAX, "the cutter knows no more paths");

/* One type of attribute; two values are joined by "|". */
struct kind {
	const char *name;
	unsigned first, second;		/* types of the value, and of what follows "|" */
	bool port;			/* what follows is the first one's port */
};

static const struct kind kinds[] = {
	{ "ip-dst", 1 << INDICATOR_ADDRESS | 1 << INDICATOR_CIDR, 0, false },
	{ "ip-dst|port", 1 << INDICATOR_ADDRESS, 0, true },
	{ "domain", 1 << INDICATOR_DOMAIN, 0, false },
	{ "hostname", 1 << INDICATOR_DOMAIN, 0, false },
	{ "hostname|port", 1 << INDICATOR_DOMAIN, 0, false },
	{ "domain|ip", 1 << INDICATOR_DOMAIN, 1 << INDICATOR_ADDRESS, false },
	{ "url", 1 << INDICATOR_URL, 0, false },
	{ "ja3-fingerprint-md5", 1 << INDICATOR_JA3, 0, false },
	{ "x509-fingerprint-sha1", 1 << INDICATOR_CERT_SHA1, 0, false },
	{ "x509-fingerprint-sha256", 1 << INDICATOR_CERT_SHA256, 0, false },
	{ "sha256", 1 << INDICATOR_FILE_SHA256, 0, false },
	{ "filename|sha256", 0, 1 << INDICATOR_FILE_SHA256, false },
	{ "malware-sample", 0, 0, false },
	{ "user-agent", 1 << INDICATOR_USER_AGENT, 0, false },
};

static const struct kind *
kind_of(struct span type)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (span_equal(type, span_text(kinds[i].name)))
			return &kinds[i];
	return NULL;
}

/* "Payload delivery" is what fetches the malware, "Network activity" whom it calls. */
static enum indicator_role
role_of(struct span category)
{
	if (span_equal_nocase(category, span_text("Payload delivery")) ||
	    span_equal_nocase(category, span_text("Payload installation")) ||
	    span_equal_nocase(category, span_text("Artifacts dropped")))
		return ROLE_DOWNLOAD;
	return ROLE_C2;
}

static void
take_both(struct feed *f, const struct kind *k, struct span value, const struct feed_line *line)
{
	struct span first = value;
	bool two = strchr(k->name, '|') != NULL && span_until(&value, '|', &first);

	if (k->port)
		feed_take_pair(f, first, two ? value : span_of(NULL, 0), line);
	else if (k->first != 0)
		feed_take_text(f, first, k->first, line);
	if (k->second != 0)
		feed_take_text(f, two ? value : span_of(NULL, 0), k->second, line);
}

static void
read_attribute(struct feed *f, const cJSON *o)
{
	struct feed_line line = feed_says(role_of(member_text(o, "category")), MISP_CONFIDENCE);
	const struct kind *k = kind_of(member_text(o, "type"));
	struct span comment = member_text(o, "comment");
	char stamp[32];

	if (!member_true(o, "to_ids") || member_true(o, "deleted") || k == NULL) {
		feed_pass_over(f);
		return;
	}
	line.malware = span_text(f->event.malware);
	line.reference = comment.left > 0 ? comment : span_text(f->event.reference);
	line.first_ns = feed_time(member_text(o, "first_seen"));
	line.last_ns = feed_time(member_text(o, "last_seen"));
	if (line.first_ns == WHEN_UNKNOWN)
		line.first_ns = f->event.ns;
	if (line.last_ns == WHEN_UNKNOWN)
		line.last_ns = feed_time(member_number(o, "timestamp", stamp));
	take_both(f, k, member_text(o, "value"), &line);
}

/* misp-galaxy:malpedia="Emotet", malware-family names of other galaxies likewise. */
static void
read_tag(struct feed *f, const cJSON *o)
{
	static const char *const galaxies[] = { "misp-galaxy:malpedia=", "misp-galaxy:mitre-malware=",
		"misp-galaxy:banker=", "misp-galaxy:botnet=", "misp-galaxy:rat=", "misp-galaxy:ransomware=",
		"misp-galaxy:stealer=", "misp-galaxy:tool=", "malware_classification:malware-family=" };
	struct span name = member_text(o, "name");
	size_t i, len;

	for (i = 0; i < sizeof galaxies / sizeof galaxies[0]; i++) {
		len = strlen(galaxies[i]);
		if (name.left <= len || strncasecmp((const char *)name.at, galaxies[i], len) != 0)
			continue;
		span_skip(&name, len);
		if (name.left >= 2 && name.at[0] == '"' && name.at[name.left - 1] == '"')
			name = span_of(name.at + 1, name.left - 2);
		text_clean(name, f->event.malware, sizeof f->event.malware);
		return;
	}
}

static void
read_part(struct feed *f, unsigned path, const cJSON *value)
{
	unsigned part = path % PARTS;

	if (part >= ATTRIBUTE) {
		read_attribute(f, value);
		return;
	}
	if (part == TAG) {
		read_tag(f, value);
		return;
	}
	if (!cJSON_IsString(value))
		return;
	if (part == DATE) {
		f->event.ns = feed_time(span_text(value->valuestring));
		return;
	}
	/* The title begins nothing but a new event: what the one before said of itself ends here. */
	f->event.malware[0] = '\0';
	text_clean(span_text(value->valuestring), f->event.reference, sizeof f->event.reference);
}

static const struct json_rule json_rule = { paths, PATHS, true, "{\"Event\": {...}}, or an array of such", read_part };

static bool
recognise(const struct feed_head *head)
{
	return head_has_key(head, "Event") && (head_has_key(head, "info") || head_has_key(head, "Attribute"));
}

/* ---- hashes.csv: which events have a value of this MD5. Nothing on the wire has one ---- */

enum { MD5_DIGITS = 32, UUID_BYTES = 36 };

static bool
is_hash_line(struct span line)
{
	struct span digest;

	return span_until(&line, ',', &digest) && digest.left == MD5_DIGITS && line.left == UUID_BYTES &&
	    (text_kinds(digest) & ~(unsigned)(BYTE_DIGIT | BYTE_HEX)) == 0 && line.at[8] == '-' && line.at[23] == '-';
}

static bool
fits_hashes(const struct feed_head *head, struct span line)
{
	(void)head;
	return is_hash_line(line);
}

static bool
recognise_hashes(const struct feed_head *head)
{
	return head_lines_fit(head, "#", fits_hashes);
}

static void
read_hash(struct feed *f, struct span line)
{
	if (is_hash_line(line))
		feed_pass_over(f);
	else if (line.at[0] != '#')
		feed_complain(f, "an MD5 and the uuid of an event", line);
}

const struct feed_reader misp_hashes = { recognise_hashes, read_hash, NULL, NULL };
const struct feed_reader misp_events = { recognise, NULL, &json_rule, NULL };
