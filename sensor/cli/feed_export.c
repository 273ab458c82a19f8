#include "cli/feed.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "cli/command.h"

/* One format: how an entry is written; false: it has no place there. */
struct export_row {
	const char *name, *header;
	bool once;			/* the same value of several feeds is one line */
	bool (*write)(const struct indicator *i);
};

/* ---- Zeek ---- */

static const char *
zeek_type(enum indicator_type t)
{
	static const char *const types[INDICATOR_TYPES] = {
		[INDICATOR_ADDRESS] = "ADDR", [INDICATOR_ADDRESS_PORT] = "ADDR", [INDICATOR_CIDR] = "SUBNET",
		[INDICATOR_DOMAIN] = "DOMAIN", [INDICATOR_URL] = "URL", [INDICATOR_CERT_SHA1] = "CERT_HASH",
		[INDICATOR_FILE_SHA256] = "FILE_HASH", [INDICATOR_USER_AGENT] = "SOFTWARE",
	};

	return types[t];
}

/* A tab would be a column more. */
static void
print_cell(const char *text)
{
	for (; *text != '\0'; text++)
		putchar((unsigned char)*text < 0x20 ? ' ' : *text);
}

/* "192.0.2.7:443" → 192.0.2.7, "[2001:db8::7]:443" → 2001:db8::7 */
static void
print_host(const char *value)
{
	const char *end = strrchr(value, ':');

	if (value[0] == '[')
		printf("%.*s", (int)(end - value - 2), value + 1);
	else
		printf("%.*s", (int)(end - value), value);
}

static bool
write_zeek(const struct indicator *i)
{
	if (zeek_type(i->type) == NULL)
		return false;
	if (i->type == INDICATOR_ADDRESS_PORT)
		print_host(i->value);
	else
		print_cell(i->value);
	printf("\tIntel::%s\t", zeek_type(i->type));
	print_cell(i->feed);
	printf("\t");
	print_cell(indicator_role_text(i->role));
	if (i->malware[0] != '\0') {
		printf(" ");
		print_cell(i->malware);
	}
	if (i->type == INDICATOR_ADDRESS_PORT)
		printf(" port %s", strrchr(i->value, ':') + 1);
	printf("\t");
	print_cell(i->reference[0] == '\0' ? "-" : i->reference);
	printf("\n");
	return true;
}

/* ---- Suricata ---- */

/* Category 1, which categories.txt has to name; scores go from 1 to 127. */
static bool
write_iprep(const struct indicator *i)
{
	if (i->type != INDICATOR_ADDRESS && i->type != INDICATOR_CIDR && i->type != INDICATOR_ADDRESS_PORT)
		return false;
	if (i->type == INDICATOR_ADDRESS_PORT)
		print_host(i->value);
	else
		print_cell(i->value);
	printf(",1,%u\n", 1 + (i->confidence > 100 ? 100u : i->confidence) * 126 / 100);
	return true;
}

static bool
write_dataset(const struct indicator *i)
{
	unsigned char coded[4 * 1024];
	size_t len = strlen(i->value);

	switch (i->type) {
	case INDICATOR_ADDRESS:
	case INDICATOR_FILE_SHA256:
	case INDICATOR_CERT_SHA256:
	case INDICATOR_JA3:
	case INDICATOR_JA3S:
		printf("%s\n", i->value);
		return true;
	case INDICATOR_DOMAIN:
	case INDICATOR_URL:
	case INDICATOR_USER_AGENT:
		if (len > sizeof coded / 2)
			return false;
		EVP_EncodeBlock(coded, (const unsigned char *)i->value, (int)len);
		printf("%s\n", (const char *)coded);
		return true;
	default:
		return false;
	}
}

/* ---- others ---- */

static bool
write_plain(const struct indicator *i)
{
	print_cell(i->value);
	printf("\n");
	return true;
}

static void
add_time(cJSON *o, const char *key, int64_t ns)
{
	char buf[WHEN_TEXT_MAX];

	if (ns != WHEN_UNKNOWN)
		cJSON_AddStringToObject(o, key, when_rfc3339(ns, buf));
}

static bool
write_json(const struct indicator *i)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "type", indicator_type_text(i->type));
	cJSON_AddStringToObject(o, "value", i->value);
	cJSON_AddStringToObject(o, "role", indicator_role_text(i->role));
	cJSON_AddStringToObject(o, "feed", i->feed);
	cJSON_AddNumberToObject(o, "line", i->line);
	cJSON_AddNumberToObject(o, "confidence", i->confidence);
	cJSON_AddStringToObject(o, "malware", i->malware);
	cJSON_AddStringToObject(o, "reference", i->reference);
	add_time(o, "first_seen", i->first_seen_ns);
	add_time(o, "last_seen", i->last_seen_ns);
	add_time(o, "valid_until", i->valid_until_ns);
	feed_print_json(o);
	return true;
}

static const struct export_row rows[] = {
	{ "zeek-intel", "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\n", false, write_zeek },
	{ "suricata-iprep", "", true, write_iprep },
	{ "suricata-dataset", "", true, write_dataset },
	{ "plain", "", true, write_plain },
	{ "json", "", false, write_json },
};

/* ---- all of it ---- */

struct entry {
	char *value;			/* a copy: many are written when they are asked for only */
	enum indicator_type type;
	uint32_t number;
};

static int
by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = strcmp(x->value, y->value);

	if (d == 0 && x->type != y->type)
		d = x->type < y->type ? -1 : 1;
	return d != 0 ? d : x->number < y->number ? -1 : 1;
}

static void
free_entries(struct entry *entries, uint32_t count)
{
	uint32_t n;

	for (n = 0; n < count; n++)
		free(entries[n].value);
	free(entries);
}

/* Whose addresses are infected is nobody's blocklist. */
static uint32_t
collect(const struct feed_request *q, const struct indicators *set, struct entry *entries, uint32_t *victims)
{
	uint32_t n, count = 0, all = indicators_count(set);
	struct indicator i;

	for (n = 0; n < all; n++) {
		indicators_get(set, n, &i);
		if (q->types != 0 && (q->types >> i.type & 1) == 0)
			continue;
		if (i.role == ROLE_INFECTED) {
			++*victims;
			continue;
		}
		entries[count] = (struct entry){ strdup(i.value), i.type, n };
		if (entries[count].value == NULL) {
			fprintf(stderr, "hansho: feed export: no memory: it is not complete\n");
			break;
		}
		count++;
	}
	qsort(entries, count, sizeof *entries, by_value);
	return count;
}

static void
write_all(const struct export_row *row, const struct indicators *set, const struct entry *entries, uint32_t count,
    uint32_t victims)
{
	uint32_t n, left_out = 0;
	struct indicator i;

	fputs(row->header, stdout);
	for (n = 0; n < count; n++) {
		if (row->once && n > 0 && entries[n].type == entries[n - 1].type &&
		    strcmp(entries[n].value, entries[n - 1].value) == 0)
			continue;
		indicators_get(set, entries[n].number, &i);
		left_out += !row->write(&i);
	}
	if (left_out > 0)
		fprintf(stderr, "hansho: feed export: %u %s no place in %s: left out\n", left_out,
		    left_out == 1 ? "entry has" : "entries have", row->name);
	if (victims > 0)
		fprintf(stderr, "hansho: feed export: %u %s of victims: left out\n", victims,
		    victims == 1 ? "entry is an address" : "entries are addresses");
}

static const struct export_row *
find_row(const struct feed_request *q)
{
	const char *name = q->format == NULL && q->json ? "json" : q->format;
	size_t i;

	for (i = 0; name != NULL && i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	fprintf(stderr, "hansho: feed export: --format: expected zeek-intel, suricata-iprep, suricata-dataset, plain or json\n");
	return NULL;
}

int
feed_export(const struct feed_request *q, const struct config *c)
{
	const struct export_row *row = find_row(q);
	struct feed_result *results;
	struct entry *entries;
	struct indicators *set;
	uint32_t count = 0, victims = 0;
	int status = 1;

	if (row == NULL)
		return EXIT_USAGE;
	/* A dataset is of one type: rules that use it say which. */
	if (strcmp(row->name, "suricata-dataset") == 0 && (q->types == 0 || (q->types & (q->types - 1)) != 0)) {
		fprintf(stderr, "hansho: feed export: suricata-dataset: expected one --type\n");
		return EXIT_USAGE;
	}
	if (!feed_map(c, &results, &set))
		return 1;
	status = feeds_report(results, c->feeds_count) > 0;
	if ((entries = malloc(((size_t)indicators_count(set) + 1) * sizeof *entries)) == NULL) {
		fprintf(stderr, "hansho: feed export: no memory\n");
		status = 1;
	} else {
		count = collect(q, set, entries, &victims);
		write_all(row, set, entries, count, victims);
	}
	free_entries(entries, count);
	indicators_unmap(set);
	free(results);
	return status;
}
