#include <getopt.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyst/keeper.h"
#include "analyst/memory.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/options.h"
#include "engine/image_file.h"
#include "engine/replay.h"
#include "record.h"

static const char help[] =
"usage: hansho replay [options] FILE...\n"
"\n"
"Read captures in time order and print the alerts. FILE is pcap or pcapng, also\n"
"compressed (gzip, zstd, lz4, xz); a quoted pattern such as 'day-*.pcap' is\n"
"expanded; - is standard input.\n"
"\n"
"  -c, --config FILE       configuration (default: none, all values at their defaults)\n"
"  --feed [FORMAT:]PATH    hold destinations against this feed; may be repeated\n"
"  --home CIDR             a network whose hosts are watched over; may be repeated\n"
"                          (default: the private networks)\n"
"  --eve FILE              write EVE JSON lines; - is standard output, without the table\n"
"  --records LIST          which: alert,beacon,held,census (default), also http,tls,\n"
"                          dns,flow,smtp,fileinfo,login,remote,identity,unknown\n"
"  --state DIR             keep a history below DIR; what it has from earlier runs is known,\n"
"                          and held against the feeds\n"
"  --workers N             processes that read the captures (default: 1)\n"
"  --in-process            everything in one process, without a sandbox\n"
"  --quiet                 no summary at the end\n"
"  --help                  this text\n"
"\n"
"Exit status: 0 done, 1 something could not be read or delivered, 2 wrong usage.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "feed", required_argument, NULL, 'f' },
	{ "home", required_argument, NULL, 'H' },
	{ "eve", required_argument, NULL, 'e' },
	{ "records", required_argument, NULL, 'r' },
	{ "state", required_argument, NULL, 's' },
	{ "workers", required_argument, NULL, 'w' },
	{ "in-process", no_argument, NULL, 'p' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct common_options common;
	const char *state;
	bool in_process, quiet;
};

/* As common_read(). */
static int
read_options(int argc, char **argv, struct request *r)
{
	const struct own_option own[] = {
		{ .letter = 'p', .flag = &r->in_process },
		{ .letter = 'q', .flag = &r->quiet },
		{ .letter = 's', .name = "--state", .text = &r->state },
		{ .letter = 0 },
	};
	int status = common_read(argc, argv, long_options, "c:h", help, own, &r->common, r);

	if (status == 0 && optind == argc) {
		fprintf(stderr, "hansho: replay: no FILE: expected at least one capture, or -\n");
		return EXIT_USAGE;
	}
	return status;
}

/* Patterns that the shell left alone are expanded here; a name without a match stays and is reported when opened. */
static int
expand(char **names, glob_t *found)
{
	int flags = GLOB_NOCHECK | GLOB_BRACE;

	for (; *names != NULL; names++, flags |= GLOB_APPEND)
		if (glob(*names, flags, NULL, found) != 0)
			return SE_NOMEM;
	return 0;
}

static int
run(const struct request *r, const struct config *config, char **names)
{
	struct replay_options options = {
		.config = config, .workers = config->workers,
		.in_process = r->in_process, .quiet = r->quiet, .keeps = r->state != NULL,
	};
	struct capture_file *files = NULL;
	glob_t found = { 0 };
	int status = 1;
	size_t i;

	if (expand(names, &found) < 0 || (files = calloc(found.gl_pathc, sizeof *files)) == NULL) {
		log_error("replay", "no memory for the list of files");
		goto done;
	}
	for (i = 0; i < found.gl_pathc; i++)
		files[i].path = found.gl_pathv[i];
	options.files = files;
	options.files_count = (unsigned)found.gl_pathc;
	status = replay_run(&options);
done:
	free(files);
	globfree(&found);
	return status;
}

/* The folder that holds the history's. */
static bool
set_state(const struct request *r, struct config *c)
{
	struct fault fault;

	if (r->state == NULL)
		return true;
	if (strlen(r->state) >= sizeof c->state_directory) {
		fprintf(stderr, "hansho: --state: the path is longer than %zu bytes\n",
		    sizeof c->state_directory - 1);
		return false;
	}
	snprintf(c->state_directory, sizeof c->state_directory, "%s", r->state);
	c->history_enabled = true;
	if (keeper_make_folders(c, "", &fault) < 0 || memory_make_folder(c, "", &fault) < 0 ||
	    image_file_make_folder(c, "", &fault) < 0) {
		fprintf(stderr, "hansho: --state: %s\n", fault.text);
		return false;
	}
	return true;
}

int
command_replay(int argc, char **argv)
{
	struct request r = { .in_process = false };
	struct config config;
	int status;

	if ((status = read_options(argc, argv, &r)) != 0)
		return status < 0 ? 0 : status;
	status = common_config(&r.common, &config) && set_state(&r, &config) ?
	    run(&r, &config, argv + optind) : EXIT_USAGE;
	config_clear(&config);
	return status;
}
