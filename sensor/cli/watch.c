#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/dry_run.h"
#include "cli/options.h"
#include "engine/watch.h"

static const char help[] =
"usage: hansho watch -i IFACE [options]\n"
"\n"
"Watch an interface and ring. SIGTERM ends cleanly, SIGHUP reads the\n"
"configuration and the feeds again without losing a packet or a flow.\n"
"Opening an interface needs root or CAP_NET_RAW, which is all that is kept.\n"
"\n"
"  -i, --interface IFACE   what to watch (or capture.interface in the configuration)\n"
"  -c, --config FILE       configuration (default: /etc/hansho.yaml, when it is there)\n"
"  --feed [FORMAT:]PATH    hold destinations against this feed; may be repeated\n"
"  --home CIDR             a network whose hosts are watched over; may be repeated\n"
"  --eve FILE              write EVE JSON lines; - is standard output, without the table\n"
"  --records LIST          which: alert,beacon,held,census (default), also http,tls,\n"
"                          dns,flow,smtp,fileinfo,login,remote,identity,unknown\n"
"  --workers N             processes that share the traffic (default: 1)\n"
"  --record FILE           write the frames seen (with N workers: FILE.0, FILE.1, ...)\n"
"  --dry-run               measure with generated traffic what this machine can take, and end\n"
"  --json                  --dry-run prints one line of JSON\n"
"  --help                  this text\n";

static const struct option long_options[] = {
	{ "interface", required_argument, NULL, 'i' },
	{ "config", required_argument, NULL, 'c' },
	{ "feed", required_argument, NULL, 'f' },
	{ "home", required_argument, NULL, 'H' },
	{ "eve", required_argument, NULL, 'e' },
	{ "records", required_argument, NULL, 'r' },
	{ "workers", required_argument, NULL, 'w' },
	{ "record", required_argument, NULL, 'R' },
	{ "dry-run", no_argument, NULL, 'D' },
	{ "json", no_argument, NULL, 'J' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct common_options common;
	const char *interface, *record;
	bool dry_run, json;
};

static bool
read_config(void *to, struct config *config)
{
	const struct request *r = to;

	if (!common_config(&r->common, config))
		return false;
	if (r->interface != NULL)
		snprintf(config->capture.interface, sizeof config->capture.interface, "%s",
		    r->interface);
	if (r->dry_run || config->capture.interface[0] != '\0')
		return true;
	fprintf(stderr, "hansho: watch: no interface: expected -i IFACE, or capture.interface in the configuration\n");
	return false;
}

/* As common_read(). */
static int
read_options(int argc, char **argv, struct request *r)
{
	const struct own_option own[] = {
		{ .letter = 'i', .name = "--interface", .text = &r->interface },
		{ .letter = 'R', .name = "--record", .text = &r->record },
		{ .letter = 'D', .name = "--dry-run", .flag = &r->dry_run },
		{ .letter = 'J', .name = "--json", .flag = &r->json },
		{ .letter = 0 },
	};
	int status = common_read(argc, argv, long_options, "i:c:h", help, own, &r->common, r);

	if (status != 0)
		return status;
	if (r->json && !r->dry_run) {
		fprintf(stderr, "hansho: watch: --json: expected with --dry-run\n");
		return EXIT_USAGE;
	}
	return common_no_words("watch", argc, argv) ? 0 : EXIT_USAGE;
}

int
command_watch(int argc, char **argv)
{
	struct request r = { .interface = NULL };
	struct config config;
	struct watch_options options = { &config, read_config, &r, NULL, NULL };
	int status;

	if ((status = read_options(argc, argv, &r)) != 0)
		return status < 0 ? 0 : status;
	options.record = r.record;
	common_find_config(&r.common);
	status = EXIT_USAGE;
	if (read_config(&r, &config)) {
		options.file = r.common.config;
		status = r.dry_run ? dry_run_show(&config, r.json) : watch_run(&options);
	}
	config_clear(&config);
	return status;
}
