#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyst/memory.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"
#include "config/options.h"
#include "engine/feeds.h"
#include "engine/house.h"
#include "engine/porter.h"
#include "engine/rooms.h"
#include "engine/sizing.h"
#include "system/landlock.h"
#include "system/pin.h"

static const char help[] =
"usage: hansho check [options]\n"
"\n"
"Validate the configuration and show what it puts in force: options that are not\n"
"at their defaults, home networks, indicators by feed and type, sinks reached or\n"
"not. Starts nothing, sends no record.\n"
"\n"
"  -c, --config FILE       configuration (default: /etc/hansho.yaml, when it is there)\n"
"  --feed [FORMAT:]PATH    a feed more; may be repeated\n"
"  --home CIDR             a home network; may be repeated\n"
"  --interface             print the interface that is configured; 1 when there is none\n"
"  --sizing                print what the configuration may take in memory; nothing else\n"
"  --json                  that as JSON\n"
"  --formats               list the feed formats that are understood\n"
"  --sample                print a configuration with every option and its default\n"
"  --options               print every option as a table in Markdown\n"
"  --help                  this text\n"
"\n"
"Exit status: 0 all is well; 1 a feed cannot be read, a sink not be reached, or the\n"
"interface, the user or a database is not there; 2 the configuration is wrong.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "feed", required_argument, NULL, 'f' },
	{ "home", required_argument, NULL, 'H' },
	{ "interface", no_argument, NULL, 'I' },
	{ "sizing", no_argument, NULL, 'S' },
	{ "json", no_argument, NULL, 'J' },
	{ "formats", no_argument, NULL, 'F' },
	{ "sample", no_argument, NULL, 's' },
	{ "options", no_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
list_formats(void)
{
	const char *name, *what;
	unsigned n;

	for (n = 0; (name = feed_format(n, &what)) != NULL; n++)
		printf("%-18s %s\n", name, what);
}

/* Options whose value is not the default: of the file, or of the command line. */
static void
show_config(const struct common_options *options, const struct config *c)
{
	char here[4096], without[4096];
	const struct option_row *row;
	struct config defaults;

	printf("config    %s\n", options->config == NULL ? "no file: defaults" : options->config);
	if (config_defaults(&defaults) < 0)
		return;
	for (row = option_rows; row < option_rows + option_rows_count; row++) {
		if (strstr(row->path, "[]") != NULL)
			continue;
		option_text(row, c, here, sizeof here);
		option_text(row, &defaults, without, sizeof without);
		if (strcmp(here, without) != 0)
			printf("            %s: %s (default: %s)\n", row->path, here,
			    without[0] == '\0' ? "none" : without);
	}
	config_clear(&defaults);
}

/* Tried in a child each, with what the kernel of this machine has. */
static bool
show_sandbox(const struct config *c)
{
	static const char *const roles[] = {
		[SANDBOX_WORKER] = "worker", [SANDBOX_READER] = "reader", [SANDBOX_COMPILER] = "compiler",
		[SANDBOX_ANALYST] = "analyst", [SANDBOX_KEEPER] = "keeper", [SANDBOX_PORTER] = "porter", [SANDBOX_COURIER] = "courier",
	};
	static struct room_plan plan;
	char journal[CONFIG_TEXT_MAX + 16], memory[CONFIG_TEXT_MAX + 16], landlock[64];
	struct fault fault;
	bool well = true;
	unsigned i;
	int r;

	if (!sandbox_available()) {
		printf("sandbox   off (sanitizer build)\n");
		return true;
	}
	snprintf(journal, sizeof journal, "%s/journal", c->state_directory);
	snprintf(landlock, sizeof landlock, "Landlock ABI %d", landlock_abi());
	for (i = 0; i < sizeof roles / sizeof *roles; i++) {
		room_plan(&plan, (enum sandbox)i, c, journal, memory_folder(c, memory, sizeof memory));
		r = sandbox_probe((enum sandbox)i, &plan.room, &fault);
		well = well && r == 0;
		printf("%s%-9s %s%s, %s, at most %" PRIu64 " MiB of memory of its own%s%s\n",
		    i == 0 ? "sandbox   " : "          ", roles[i],
		    i == SANDBOX_COURIER ? "" : "system calls filtered (seccomp), no network, ",
		    i == SANDBOX_COURIER ? "files of its outputs" : i == SANDBOX_ANALYST ?
		    "files of its journal and memory" : i == SANDBOX_KEEPER ? "files of the history" : "no files",
		    landlock_abi() > 0 ? landlock : "no Landlock in this kernel",
		    plan.room.data_bytes >> 20, r < 0 ? ": NOT IN FORCE: " : "", r < 0 ? fault.text : "");
	}
	return well;
}

/* As a start from here would bind them; a service may have other processors. */
static void
show_pin(const struct config *c)
{
	char text[PIN_TEXT_MAX];
	struct fault fault;
	struct pin p;
	unsigned i;

	if (!c->pin_workers)
		return;
	if (pin_look(&p, c->workers, &fault) < 0) {
		printf("pinning   none: %s\n", fault.text);
		return;
	}
	printf("pinning   ");
	for (i = 0; i < c->workers; i++)
		printf("%s %u", i == 0 ? c->workers == 1 ? "worker on processor" : "workers on processors" : ",",
		    pin_processor(&p, i));
	printf("; the others on %s%s\n", pin_text(&p.rest, text),
	    p.processors > c->workers ? "" : ", too: there is no rest for them");
}

static bool
show_sensor(const struct config *c)
{
	bool user = c->user[0] == '\0' || getpwnam(c->user) != NULL;

	printf("sensor    %s, %u worker%s\n", c->sensor_name, c->workers, c->workers == 1 ? "" : "s");
	show_pin(c);
	printf("user      %s%s\n", c->user[0] == '\0' ? "stays as started, also as root" : c->user,
	    user ? "" : ": NOT THERE: expected a user of this system");
	return user;
}

static bool
show_state(const struct config *c)
{
	const char *path = c->state_directory;
	struct stat st;

	if (stat(path, &st) < 0) {
		printf("state     %s: %s\n", path, errno == ENOENT ? "not there yet, is made at the start" :
		    strerror(errno));
		return errno == ENOENT || errno == EACCES;
	}
	printf("state     %s%s\n", path, S_ISDIR(st.st_mode) ? "" : ": NOT A DIRECTORY");
	return S_ISDIR(st.st_mode);
}

static bool
show_capture(const struct config *c)
{
	const char *name = c->capture.interface;
	bool there = name[0] == '\0' || strcmp(name, "any") == 0 || if_nametoindex(name) != 0;

	printf("capture   %s%s\n", name[0] == '\0' ? "no interface: watch needs -i" : name,
	    there ? "" : ": NOT THERE: expected an interface of this machine");
	return there;
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
	const struct feed_summary *sum = &r->summary;
	const char *sep = " (";
	unsigned t, i;

	if (r->code < 0) {
		printf("feed      %s: NOT READ: %s\n", r->name, r->fault.text);
		return;
	}
	printf("feed      %s, %s: %u loaded", r->name, sum->format, sum->loaded);
	for (t = 0; t < INDICATOR_TYPES; t++)
		if (sum->by_type[t] > 0) {
			printf("%s%u %s", sep, sum->by_type[t], indicator_type_text((enum indicator_type)t));
			sep = ", ";
		}
	printf("%s, %u duplicate%s", *sep == ',' ? ")" : "", sum->duplicates, sum->duplicates == 1 ? "" : "s");
	if (sum->passed_over > 0)
		printf(", %u of no use here", sum->passed_over);
	printf(", %u line%s not understood\n", sum->not_understood, sum->not_understood == 1 ? "" : "s");
	if (sum->allowed > 0)
		printf("            %u on an allow list, not loaded\n", sum->allowed);
	for (i = 0; i < sum->refusals_count; i++)
		printf("            line %u: %s\n", sum->refusals[i].line, sum->refusals[i].text);
	for (i = 0; i < sum->complaints_count; i++)
		printf("            line %u: %s\n", sum->complaints[i].line, sum->complaints[i].text);
}

static void
show_in_force(const struct indicators *set)
{
	const char *sep = ": ";
	unsigned t, n;

	printf("in force  %u indicators", indicators_count(set));
	for (t = 0; t < INDICATOR_TYPES; t++)
		if ((n = indicators_count_type(set, (enum indicator_type)t)) > 0) {
			printf("%s%u %s", sep, n, indicator_type_text((enum indicator_type)t));
			sep = ", ";
		}
	printf("\n");
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
	if (feeds_compile(c, false, false, results, &image, &fault) < 0 ||
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
		show_in_force(set);
	indicators_unmap(set);
	if (image >= 0)
		close(image);
	free(results);
	return well;
}

/* Opening an EVE file or a store would make it, perhaps as the wrong user. */
static int
probe_eve(const char *path, struct fault *fault)
{
	char folder[CONFIG_TEXT_MAX];
	const char *what = path;
	char *slash;

	if (strcmp(path, "-") == 0)
		return 0;
	if (access(path, F_OK) < 0) {
		snprintf(folder, sizeof folder, "%s", path);
		slash = strrchr(folder, '/');
		if (slash != NULL)
			slash[slash == folder] = '\0';
		what = slash == NULL ? "." : folder;
	}
	if (faccessat(AT_FDCWD, what, W_OK, AT_EACCESS) == 0)
		return 0;
	return fault_set(fault, SE_SYSTEM, "%s: cannot be written: %s", what, strerror(errno));
}

static bool
check_sink(const struct sink_options *o)
{
	struct sink *sink = NULL;
	struct fault fault = { "" };
	bool reached;

	if (o->kind == SINK_STORE && o->target[0] == '\0') {
		printf("sink      %s: store in state_directory/delivery, made at the start\n", o->name);
		return true;
	}
	if (o->kind == SINK_EVE || o->kind == SINK_STORE)
		reached = probe_eve(o->target, &fault) == 0;
	else
		reached = sink_open(o, &sink, &fault) == 0 && sink_probe(sink, &fault) == 0;
	sink_close(sink);
	printf("sink      %s: ", o->name);
	/* A webhook's URL may hold a password. */
	if (o->kind == SINK_CONSOLE)
		printf("standard output");
	else
		printf("%s%s%s", sink_kind_text(o->kind), o->kind == SINK_WEBHOOK ? "" : " ",
		    o->kind == SINK_WEBHOOK ? "" : o->target);
	printf("%s%s\n", reached ? ", reached" : ", NOT REACHED: ", reached ? "" : fault.text);
	return reached;
}

static bool
check_geoip(const struct config *c)
{
	struct geoip *g;

	if (c->geoip_asn[0] == '\0' && c->geoip_country[0] == '\0') {
		printf("geoip     not configured: alerts go without ASN and country\n");
		return true;
	}
	g = house_open_geoip(c);
	printf("geoip     ASN %s, country %s%s\n", c->geoip_asn[0] == '\0' ? "none" : c->geoip_asn,
	    c->geoip_country[0] == '\0' ? "none" : c->geoip_country, g == NULL ? ": NOT OPENED" : "");
	geoip_close(g);
	return g != NULL;
}

static bool
check_metrics(const struct config *c)
{
	struct fault fault;

	if (porter_check(c, &fault) < 0) {
		printf("metrics   NOT AN ADDRESS: %s\n", fault.text);
		return false;
	}
	if (c->metrics_listen[0] == '\0')
		printf("metrics   at the status socket only\n");
	else
		printf("metrics   http://%s/metrics\n", c->metrics_listen);
	return true;
}

/* "suppress  host 10.0.9.0/24, rule beacon: laboratory, until 2026-12-31" */
static void
show_suppress(const struct suppress_rule *r)
{
	const struct { const char *name, *value; } parts[] = {
		{ "host", r->host }, { "service", r->service }, { "indicator", r->indicator }, { "rule", r->rule },
	};
	const char *sep = "";
	size_t i;

	printf("suppress  ");
	for (i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].value[0] != '\0') {
			printf("%s%s %s", sep, parts[i].name, parts[i].value);
			sep = ", ";
		}
	printf(": %s, %s%s%s\n", r->reason, strcmp(r->until, "never") == 0 ? "ends " : "until ", r->until,
	    suppress_is_over(r, time(NULL)) ? ": OVER" : "");
}

static unsigned
check_parts(const struct config *c)
{
	unsigned faults = 0, i;

	faults += !show_sensor(c);
	faults += !show_sandbox(c);
	faults += !show_state(c);
	faults += !show_capture(c);
	show_home(c);
	faults += !check_feeds(c);
	for (i = 0; i < c->sinks_count; i++)
		faults += !check_sink(&c->sinks[i]);
	for (i = 0; i < c->suppress_count; i++)
		show_suppress(&c->suppress[i]);
	faults += !check_metrics(c);
	return faults + !check_geoip(c);
}

static int
check(struct common_options *options)
{
	struct config config;
	unsigned faults;

	common_find_config(options);
	if (!common_config(options, &config)) {
		config_clear(&config);
		return EXIT_USAGE;
	}
	show_config(options, &config);
	faults = check_parts(&config);
	if (faults == 0)
		printf("all is well\n");
	else
		printf("%u part%s not well: see the words in capitals\n", faults,
		    faults == 1 ? " is" : "s are");
	config_clear(&config);
	return faults == 0 ? 0 : 1;
}

/* For a service that is to begin only where there is something to watch. */
static int
print_interface(struct common_options *options)
{
	struct config config;
	int status = EXIT_USAGE;

	common_find_config(options);
	if (common_config(options, &config)) {
		status = config.capture.interface[0] == '\0';
		if (status == 0)
			printf("%s\n", config.capture.interface);
	}
	config_clear(&config);
	return status;
}

static int
print_sizing(struct common_options *options, bool json)
{
	struct config config;
	int status = EXIT_USAGE;

	common_find_config(options);
	if (common_config(options, &config)) {
		status = 0;
		if (!json)
			sizing_print(&config, stdout);
		else if (!sizing_json(&config, stdout))
			status = 1;
	}
	config_clear(&config);
	return status;
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
	bool interface = false, sizing = false, json = false;
	int o;

	while ((o = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1) {
		if (print_text(o))
			return 0;
		interface = interface || o == 'I';
		sizing = sizing || o == 'S';
		json = json || o == 'J';
		if (o != 'I' && o != 'S' && o != 'J' && !common_option(&options, o, optarg))
			return EXIT_USAGE;
	}
	if (optind < argc) {
		fprintf(stderr, "hansho: check: \"%s\" is not expected here\n", argv[optind]);
		return EXIT_USAGE;
	}
	if (json && !sizing) {
		fprintf(stderr, "hansho: check: --json goes with --sizing\n");
		return EXIT_USAGE;
	}
	if (sizing)
		return print_sizing(&options, json);
	return interface ? print_interface(&options) : check(&options);
}
