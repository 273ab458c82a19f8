#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"
#include "engine/feeds.h"
#include "engine/house.h"
#include "engine/options.h"
#include "engine/sandbox.h"

static const char help[] =
"usage: hansho check [options]\n"
"\n"
"Validate the configuration and show what it puts in force: home networks,\n"
"indicators by feed and type, sinks reached or not. Starts nothing.\n"
"\n"
"  -c, --config FILE       configuration\n"
"  --feed [FORMAT:]PATH    a feed more; may be repeated\n"
"  --home CIDR             a home network; may be repeated\n"
"  --formats               list the feed formats that are understood\n"
"  --sample                print a configuration with every option and its default\n"
"  --options               print every option as a table in Markdown\n"
"  --help                  this text\n"
"\n"
"Exit status: 0 all is well, 1 a feed cannot be read or a sink not be reached,\n"
"2 the configuration is wrong.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "feed", required_argument, NULL, 'f' },
	{ "home", required_argument, NULL, 'H' },
	{ "formats", no_argument, NULL, 'F' },
	{ "sample", no_argument, NULL, 's' },
	{ "options", no_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
list_formats(void)
{
	const struct feed_format *f;

	for (f = feed_formats; f->name != NULL; f++)
		printf("%-18s %s\n", f->name, f->what);
}

static void
show_home(const struct config *c)
{
	char text[ADDR_TEXT_MAX + 4];
	unsigned i;

	printf("home      ");
	for (i = 0; i < c->home_count; i++)
		printf("%s%s", i == 0 ? "" : ", ", cidr_text(&c->home[i], text));
	printf("\n");
}

static void
show_feed(const struct feed_result *r)
{
	const char *sep = "";
	unsigned t, i;

	if (r->code < 0) {
		printf("feed      %s: NOT READ: %s\n", r->name, r->fault.text);
		return;
	}
	printf("feed      %s (%s): %u indicators (", r->name, r->summary.format, r->summary.loaded);
	for (t = 0; t < INDICATOR_TYPES; t++)
		if (r->summary.by_type[t] > 0) {
			printf("%s%u %s", sep, r->summary.by_type[t],
			    indicator_type_text((enum indicator_type)t));
			sep = ", ";
		}
	printf("%s), %u duplicates, %u lines not understood\n", *sep == '\0' ? "none" : "",
	    r->summary.duplicates, r->summary.not_understood);
	for (i = 0; i < r->summary.complaints_count; i++)
		printf("            line %u: %s\n", r->summary.complaints[i].line,
		    r->summary.complaints[i].text);
}

static bool
check_feeds(const struct config *c)
{
	struct feed_result *results = calloc(c->feeds_count + 1, sizeof *results);
	struct indicators *set = NULL;
	struct fault fault;
	bool well = true;
	int image = -1;
	unsigned i;

	if (results == NULL)
		return false;
	if (feeds_compile(c, false, results, &image, &fault) < 0 ||
	    indicators_map(image, &set, &fault) < 0) {
		printf("feeds     NOT COMPILED: %s\n", fault.text);
		well = false;
	}
	for (i = 0; i < c->feeds_count; i++) {
		show_feed(&results[i]);
		if (results[i].code < 0)
			well = false;
	}
	if (set != NULL)
		printf("in force  %u indicators\n", indicators_count(set));
	indicators_unmap(set);
	if (image >= 0)
		close(image);
	free(results);
	return well;
}

static bool
check_sink(const struct sink_options *o)
{
	struct sink *sink = NULL;
	struct fault fault = { "" };
	bool reached;

	reached = sink_open(o, &sink, &fault) == 0 && sink_probe(sink, &fault) == 0;
	printf("sink      %s: %s%s\n", o->name, reached ? "reached" : "NOT REACHED: ", fault.text);
	sink_close(sink);
	return reached;
}

static void
check_geoip(const struct config *c)
{
	struct geoip *g;

	if (c->geoip_asn[0] == '\0' && c->geoip_country[0] == '\0') {
		printf("geoip     not configured: alerts go without ASN and country\n");
		return;
	}
	g = house_open_geoip(c);
	printf("geoip     %s\n", g == NULL ? "not in force" : "in force");
	geoip_close(g);
}

static int
check(const struct common_options *options)
{
	struct config config;
	bool well = true;
	unsigned i;

	if (!common_config(options, &config)) {
		config_clear(&config);
		return EXIT_USAGE;
	}
	printf("sensor    %s, %u worker%s, sandbox %s\n", config.sensor_name, config.workers,
	    config.workers == 1 ? "" : "s", sandbox_available() ? "on" : "off (sanitizer build)");
	show_home(&config);
	if (!check_feeds(&config))
		well = false;
	for (i = 0; i < config.sinks_count; i++)
		if (!check_sink(&config.sinks[i]))
			well = false;
	check_geoip(&config);
	config_clear(&config);
	return well ? 0 : 1;
}

/* What asks for a text only; false: something else. */
static bool
print_text(int letter)
{
	switch (letter) {
	case 'h':
		fputs(help, stdout);
		return true;
	case 'F':
		list_formats();
		return true;
	case 's':
		options_print_sample(stdout);
		return true;
	case 'o':
		options_print_table(stdout);
		return true;
	default:
		return false;
	}
}

int
command_check(int argc, char **argv)
{
	struct common_options options = { .config = NULL };
	int o;

	while ((o = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		if (print_text(o))
			return 0;
		if (!common_option(&options, o, optarg))
			return EXIT_USAGE;
	}
	if (optind < argc) {
		fprintf(stderr, "hansho: check: \"%s\" is not expected here\n", argv[optind]);
		return EXIT_USAGE;
	}
	return check(&options);
}
