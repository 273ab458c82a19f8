/*
 * IntelMQ events, CSV and JSON lines. What source.ip is depends on the event's
 * class: of an infected system the victim, of a c2-server the C2 itself. A
 * destination is the other side and loaded only where it must be the C2's.
 */
#include "indicators/feed.h"

enum { INTELMQ_CONFIDENCE = 70 };

enum column { CLASS, SOURCE_IP, SOURCE_NET, SOURCE_NAME, SOURCE_URL, SOURCE_PORT, MALWARE, SEEN, FEED };

static const struct {
	const char *name;
	enum column column;
} fields[] = {
	{ "classification.type", CLASS }, { "source.ip", SOURCE_IP }, { "source.network", SOURCE_NET },
	{ "source.fqdn", SOURCE_NAME }, { "source.url", SOURCE_URL }, { "source.port", SOURCE_PORT },
	{ "malware.name", MALWARE }, { "time.source", SEEN }, { "feed.name", FEED },
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

/* Of those classes that say something about traffic. */
static const struct {
	const char *name;
	enum indicator_role role;
} classes[] = {
	{ "infected-system", ROLE_INFECTED }, { "c2-server", ROLE_C2 },
	{ "malware-distribution", ROLE_DOWNLOAD }, { "malware-configuration", ROLE_DOWNLOAD },
	{ "phishing", ROLE_SUSPICIOUS }, { "blacklist", ROLE_SUSPICIOUS }, { "blocklist", ROLE_SUSPICIOUS },
	{ "scanner", ROLE_SCANNER }, { "brute-force", ROLE_SCANNER }, { "ids-alert", ROLE_SCANNER },
	{ "exploit", ROLE_SCANNER }, { "proxy", ROLE_RESOLVER }, { "tor", ROLE_RESOLVER },
};

static const size_t classes_count = sizeof classes / sizeof classes[0];

static void
take(struct feed *f, const struct span cell[FIELDS], struct span whole)
{
	struct feed_line line = feed_says(ROLE_SUSPICIOUS, INTELMQ_CONFIDENCE);
	size_t i;

	for (i = 0; i < classes_count; i++)
		if (span_equal(cell[CLASS], span_text(classes[i].name)))
			break;
	if (i == classes_count) {
		feed_pass_over(f);
		return;
	}
	line.role = classes[i].role;
	line.malware = cell[MALWARE];
	line.reference = cell[FEED];
	line.first_ns = line.last_ns = feed_time(cell[SEEN]);
	if (cell[SOURCE_URL].left > 0 && line.role != ROLE_INFECTED)
		feed_take_text(f, cell[SOURCE_URL], 1 << INDICATOR_URL, &line);
	else if (cell[SOURCE_NAME].left > 0 && line.role != ROLE_INFECTED)
		feed_take_text(f, cell[SOURCE_NAME], 1 << INDICATOR_DOMAIN, &line);
	else if (cell[SOURCE_IP].left > 0 && line.role == ROLE_C2)
		feed_take_pair(f, cell[SOURCE_IP], cell[SOURCE_PORT], &line);
	else if (cell[SOURCE_IP].left > 0)
		feed_take_text(f, cell[SOURCE_IP], 1 << INDICATOR_ADDRESS, &line);
	else if (cell[SOURCE_NET].left > 0)
		feed_take_text(f, cell[SOURCE_NET], 1 << INDICATOR_CIDR | 1 << INDICATOR_ADDRESS, &line);
	else
		feed_complain(f, "source.ip, source.network, source.fqdn or source.url", whole);
}

/* ---- CSV ---- */

static const struct csv_alias aliases[] = {
	{ "classification.type", CLASS }, { "source.ip", SOURCE_IP }, { "source.network", SOURCE_NET },
	{ "source.fqdn", SOURCE_NAME }, { "source.url", SOURCE_URL }, { "source.port", SOURCE_PORT },
	{ "malware.name", MALWARE }, { "time.source", SEEN }, { "feed.name", FEED }, { NULL, 0 }
};

static void
read_row(struct feed *f)
{
	struct span cell[FIELDS];
	unsigned i;

	for (i = 0; i < FIELDS; i++)
		cell[i] = feed_cell(f, i);
	take(f, cell, f->row.cell[0]);
}

static const struct csv_rule rule = { ',', "#",
	{ aliases, 1 << CLASS, 0 }, "classification.type,source.ip,time.source,...", read_row
};

static bool
recognise_csv(const struct feed_head *head)
{
	return head_has_header(head, &rule) && head->feed->columns.known > 1;
}

const struct feed_reader intelmq_csv = { recognise_csv, feed_csv_line, NULL, &rule };

/* ---- JSON lines ---- */

static bool
recognise_json(const struct feed_head *head)
{
	return head_has_key(head, "classification.type");
}

static void
read_json_line(struct feed *f, struct span line)
{
	cJSON *o = feed_json_line(f, line);
	struct span cell[FIELDS];
	char port[32];
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < FIELDS; i++)
		cell[fields[i].column] = fields[i].column == SOURCE_PORT ?
		    member_number(o, fields[i].name, port) : member_text(o, fields[i].name);
	take(f, cell, line);
	cJSON_Delete(o);
}

const struct feed_reader intelmq_json = { recognise_json, read_json_line, NULL, NULL };
