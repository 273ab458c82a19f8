#include "cli/feed.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

static const char help[] =
"usage: hansho feed update [NAME...]       fetch now, and put in force what is good\n"
"       hansho feed list                   age, entries, last fault, licence, next fetch\n"
"       hansho feed list --catalogue       the public feeds that are known\n"
"       hansho feed lookup VALUE...        what feeds say of an address, a name, a URL, a hash\n"
"       hansho feed check [FORMAT:]FILE... counts by type, and every line not understood\n"
"       hansho feed export --format FORMAT hand on what is in force\n"
"\n"
"  -c, --config FILE       configuration (default: /etc/hansho.yaml, when it is there)\n"
"  --feed [FORMAT:]PATH    a feed more; may be repeated\n"
"  --json                  one JSON object a line\n"
"  --force                 update: also what would be held back, and before the server's Retry-After\n"
"  --catalogue             list: the public feeds that are known, with their terms\n"
"  --format FORMAT         export: zeek-intel, suricata-iprep, suricata-dataset, plain, json\n"
"  --type TYPE             export: only these (ip, ip:port, cidr, domain, url, ja3, ...); may be repeated\n"
"  --help                  this text\n"
"\n"
"Exit status: 0 done; 1 a feed could not be fetched or read, is held back, or no value\n"
"is known; 2 wrong usage or configuration.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "feed", required_argument, NULL, 'f' },
	{ "json", no_argument, NULL, 'j' },
	{ "force", no_argument, NULL, 'F' },
	{ "catalogue", no_argument, NULL, 'C' },
	{ "format", required_argument, NULL, 'o' },
	{ "type", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* ---- shared ---- */

void
feed_print_json(cJSON *object)
{
	char *text = cJSON_PrintUnformatted(object);

	if (text != NULL)
		puts(text);
	free(text);
	cJSON_Delete(object);
}

const char *
feed_span_text(int64_t sec, char buf[32])
{
	static const struct {
		int64_t sec, below;
		const char *unit;
	} units[] = { { 1, 120, "s" }, { 60, 7200, "min" }, { 3600, 172800, "h" }, { 86400, INT64_MAX, "d" } };
	unsigned i = 0;

	while (sec >= units[i].below)
		i++;
	snprintf(buf, 32, "%" PRId64 " %s", sec / units[i].sec, units[i].unit);
	return buf;
}

void
feed_print_types(const uint32_t by_type[INDICATOR_TYPES])
{
	const char *sep = " (";
	unsigned t;

	for (t = 0; t < INDICATOR_TYPES; t++)
		if (by_type[t] > 0) {
			printf("%s%u %s", sep, by_type[t], indicator_type_text((enum indicator_type)t));
			sep = ", ";
		}
	if (*sep == ',')
		printf(")");
}

cJSON *
feed_types_json(const uint32_t by_type[INDICATOR_TYPES])
{
	cJSON *o = cJSON_CreateObject();
	unsigned t;

	for (t = 0; t < INDICATOR_TYPES; t++)
		if (by_type[t] > 0)
			cJSON_AddNumberToObject(o, indicator_type_text((enum indicator_type)t), by_type[t]);
	return o;
}

bool
feed_map(const struct config *c, struct feed_result **results, struct indicators **set)
{
	struct fault fault;
	int image = -1, r;

	*set = NULL;
	if ((*results = calloc(c->feeds_count + 1, sizeof **results)) == NULL) {
		fprintf(stderr, "hansho: feed: no memory\n");
		return false;
	}
	if ((r = feeds_compile(c, false, false, *results, &image, &fault)) == 0)
		r = indicators_map(image, set, &fault);
	if (image >= 0)
		close(image);
	if (r == 0)
		return true;
	fprintf(stderr, "hansho: feed: %s\n", fault.text);
	free(*results);
	*results = NULL;
	return false;
}

/* ---- options ---- */

static bool
take_type(void *request, const char *text)
{
	struct feed_request *q = request;
	unsigned t;

	for (t = 0; t < INDICATOR_TYPES; t++)
		if (strcmp(indicator_type_text((enum indicator_type)t), text) == 0) {
			q->types |= 1u << t;
			return true;
		}
	fprintf(stderr, "hansho: feed: --type %s: expected one of", text);
	for (t = 0; t < INDICATOR_TYPES; t++)
		fprintf(stderr, " %s", indicator_type_text((enum indicator_type)t));
	fprintf(stderr, "\n");
	return false;
}

/* As common_read(). */
static int
read_options(int argc, char **argv, struct feed_request *q)
{
	const struct own_option own[] = {
		{ .letter = 'j', .flag = &q->json },
		{ .letter = 'F', .flag = &q->force },
		{ .letter = 'C', .flag = &q->catalogue },
		{ .letter = 'o', .name = "--format", .text = &q->format },
		{ .letter = 't', .take = take_type },
		{ .letter = 0 },
	};
	int status = common_read(argc, argv, long_options, "c:h", help, own, &q->common, q);

	q->words = argv + optind;
	q->words_count = argc - optind;
	return status;
}

static int
refuse(const char *words)
{
	fprintf(stderr, "hansho: feed: %s\n", words);
	return EXIT_USAGE;
}

static int
list(const struct feed_request *q, const struct config *c)
{
	return q->catalogue ? feed_list_catalogue(q, c) : feed_list(q, c);
}

/* What each part takes: words at least and at most. */
static const struct {
	const char *name;
	int least, most;
	int (*run)(const struct feed_request *q, const struct config *c);
} parts[] = {
	{ "update", 0, FEEDS_MAX, feed_update },
	{ "list", 0, 0, list },
	{ "lookup", 1, 1 << 20, feed_lookup },
	{ "export", 0, 0, feed_export },
};

static int
run(const char *name, struct feed_request *q)
{
	struct config config;
	size_t i;
	int status = EXIT_USAGE;

	if (strcmp(name, "check") == 0)
		return q->words_count == 0 ? refuse("check: expected [FORMAT:]FILE...") : feed_check(q);
	for (i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcmp(parts[i].name, name) == 0)
			break;
	if (i == sizeof parts / sizeof *parts)
		return refuse("expected update, list, lookup, check or export");
	if (q->words_count < parts[i].least || q->words_count > parts[i].most)
		return refuse(parts[i].least > 0 ? "lookup: expected VALUE..." : "a word more than is expected here");
	common_find_config(&q->common);
	if (common_config(&q->common, &config))
		status = parts[i].run(q, &config);
	config_clear(&config);
	return status;
}

int
command_feed(int argc, char **argv)
{
	struct feed_request q = { .json = false };
	const char *name = argc > 1 ? argv[1] : "";
	int status;

	if (argc > 1 && name[0] != '-') {
		argv[1] = argv[0];
		argc--;
		argv++;
	} else {
		name = "";
	}
	if ((status = read_options(argc, argv, &q)) != 0)
		return status < 0 ? 0 : status;
	return run(name, &q);
}
