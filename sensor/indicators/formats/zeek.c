/*
 * Zeek intelligence files: tab-separated, with a #fields line. Zeek itself
 * loads nothing when blanks stand for the tabs; here such a file is no header.
 */
#include "indicators/feed.h"

enum { ZEEK_CONFIDENCE = 60 };

enum column { VALUE, TYPE, SOURCE, DESCRIPTION, LINK };

static const struct csv_alias aliases[] = {
	{ "indicator", VALUE }, { "indicator_type", TYPE }, { "meta.source", SOURCE },
	{ "meta.desc", DESCRIPTION }, { "meta.url", LINK }, { NULL, 0 }
};

static const struct {
	const char *name;
	unsigned types;
} kinds[] = {
	{ "Intel::ADDR", 1 << INDICATOR_ADDRESS }, { "Intel::SUBNET", 1 << INDICATOR_CIDR | 1 << INDICATOR_ADDRESS },
	{ "Intel::URL", 1 << INDICATOR_URL }, { "Intel::DOMAIN", 1 << INDICATOR_DOMAIN },
	{ "Intel::CERT_HASH", 1 << INDICATOR_CERT_SHA1 | 1 << INDICATOR_CERT_SHA256 },
	{ "Intel::FILE_HASH", 1 << INDICATOR_FILE_SHA256 },
	{ "Intel::SOFTWARE", 1 << INDICATOR_USER_AGENT },
	{ "Intel::JA3", 1 << INDICATOR_JA3 },
};

static void
read_row(struct feed *f)
{
	struct feed_line line = feed_says(ROLE_C2, ZEEK_CONFIDENCE);
	struct span type = feed_cell(f, TYPE), value = feed_cell(f, VALUE), link = feed_cell(f, LINK);
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (span_equal(type, span_text(kinds[i].name)))
			break;
	line.malware = feed_cell(f, DESCRIPTION);
	line.reference = link.left > 0 ? link : feed_cell(f, SOURCE);
	if (i == sizeof kinds / sizeof kinds[0] ||
	    (kinds[i].types == 1 << INDICATOR_FILE_SHA256 && value.left < 64))
		feed_pass_over(f);
	else
		feed_take_text(f, value, kinds[i].types, &line);
}

static const struct csv_rule rule = { '\t', "#fields\t",
	{ aliases, 1 << VALUE | 1 << TYPE, 0 }, "#fields\tindicator\tindicator_type\tmeta.source", read_row
};

static bool
recognise(const struct feed_head *head)
{
	return head_says(head, "#fields\t") && head_has_header(head, &rule);
}

static void
read_line(struct feed *f, struct span line)
{
	if (line.at[0] != '#' || (line.left > 8 && memcmp(line.at, "#fields\t", 8) == 0))
		feed_csv_line(f, line);
}

const struct feed_reader zeek_intel = { recognise, read_line, NULL, &rule };
