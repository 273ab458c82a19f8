/*
 * Team Cymru's reports for network owners, in both layouts. An address is that
 * of an infected host, but in the category of controllers: there it is a C2.
 */
#include "indicators/feed.h"

enum { CYMRU_CONFIDENCE = 80 };

enum column { CATEGORY, ADDRESS, SEEN, NOTES };

static const struct {
	const char *name;
	enum indicator_role role;
} categories[] = {
	{ "bot", ROLE_INFECTED }, { "bots", ROLE_INFECTED }, { "spam", ROLE_INFECTED },
	{ "controller", ROLE_C2 }, { "controllers", ROLE_C2 }, { "phishing", ROLE_SUSPICIOUS },
	{ "bruteforce", ROLE_SCANNER }, { "scanner", ROLE_SCANNER }, { "scanners", ROLE_SCANNER },
	{ "proxy", ROLE_RESOLVER }, { "openresolver", ROLE_RESOLVER }, { "openresolvers", ROLE_RESOLVER },
};

/* "family: azorult;dest_addr: ...", "srcport 1337 mwtype Conficker destaddr ...": the word behind `key`. */
static struct span
note(struct span notes, const char *key, const char *end)
{
	const uint8_t *at = notes.left == 0 ? NULL : memmem(notes.at, notes.left, key, strlen(key));
	struct span rest;
	size_t len = 0;

	if (at == NULL)
		return span_of(NULL, 0);
	at += strlen(key);
	rest = span_trim(span_of(at, (size_t)(notes.at + notes.left - at)));
	while (len < rest.left && strchr(end, rest.at[len]) == NULL)
		len++;
	return span_trim(span_of(rest.at, len));
}

static void
take(struct feed *f, struct span malware)
{
	struct span category = feed_cell(f, CATEGORY);
	struct feed_line line = feed_says(ROLE_INFECTED, CYMRU_CONFIDENCE);
	size_t i;

	for (i = 0; i < sizeof categories / sizeof categories[0]; i++)
		if (span_equal_nocase(category, span_text(categories[i].name)))
			break;
	if (i == sizeof categories / sizeof categories[0]) {
		feed_pass_over(f);
		return;
	}
	line.role = categories[i].role;
	line.malware = malware;
	line.reference = category;
	line.first_ns = line.last_ns = feed_time(feed_cell(f, SEEN));
	feed_take_text(f, feed_cell(f, ADDRESS), 1 << INDICATOR_ADDRESS, &line);
}

static void
read_row(struct feed *f)
{
	take(f, note(feed_cell(f, NOTES), "family:", ";"));
}

static void
read_old_row(struct feed *f)
{
	take(f, note(feed_cell(f, NOTES), "mwtype ", " "));
}

static const struct csv_alias aliases[] = {
	{ "category", CATEGORY }, { "address", ADDRESS }, { "timestamp", SEEN },
	{ "optional_information", NOTES }, { NULL, 0 }
};
static const struct csv_alias old_aliases[] = {
	{ "format: report", CATEGORY }, { "report", CATEGORY }, { "ip", ADDRESS }, { "timestamp", SEEN },
	{ "comments", NOTES }, { NULL, 0 }
};
static const struct csv_rule rule = { '|', "#",
	{ aliases, 1 << CATEGORY | 1 << ADDRESS | 1 << SEEN, 0 },
	"#category|address|asn|timestamp|optional_information|asninfo", read_row
};
static const struct csv_rule old_rule = { '|', "#",
	{ old_aliases, 1 << CATEGORY | 1 << ADDRESS | 1 << SEEN, 0 },
	"# Format: report|ip|asn|timestamp|comments|asn_name", read_old_row
};

static bool
recognise(const struct feed_head *head)
{
	return head_has_header(head, &rule);
}

static bool
recognise_old(const struct feed_head *head)
{
	return head_has_header(head, &old_rule);
}

const struct feed_reader cymru_report = { recognise, feed_csv_line, NULL, &rule };
const struct feed_reader cymru_old_report = { recognise_old, feed_csv_line, NULL, &old_rule };
