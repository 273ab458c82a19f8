/* main.c - a table of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct {
	const char *name, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "replay", "read captures, print alerts", command_replay },
	{ "watch", "watch an interface", command_watch },
	{ "status", "how is the sensor that runs here", command_status },
	{ "alerts", "list, show, acknowledge, export what a store has kept", command_alerts },
	{ "selftest", "does everything work, from the interface to each sink", command_selftest },
	{ "hunt", "who called this, weeks ago", command_hunt },
	{ "check", "validate the configuration, show what is in force", command_check },
	{ "feed", "fetch, list, test, look up, hand on what feeds say", command_feed },
};

#define COMMANDS (sizeof commands / sizeof *commands)

static void
usage(FILE *to)
{
	size_t i;

	fprintf(to, "hansho %s - finds machines under an attacker's command\n\nusage:\n",
	    HANSHO_VERSION);
	for (i = 0; i < COMMANDS; i++)
		fprintf(to, "  hansho %-8s %s\n", commands[i].name, commands[i].what);
	fprintf(to, "\n`hansho COMMAND --help` tells a command's options, `man hansho` all of it.\n");
}

static int
run(int argc, char **argv)
{
	static char name[32];	/* what getopt_long() puts before its complaints */
	size_t i;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("hansho %s\n", HANSHO_VERSION);
		return 0;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return 0;
	}
	for (i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			snprintf(name, sizeof name, "hansho: %s", commands[i].name);
			argv[1] = name;
			return commands[i].run(argc - 1, argv + 1);
		}
	fprintf(stderr, "hansho: no command \"%s\": expected ", argv[1]);
	for (i = 0; i < COMMANDS; i++)
		fprintf(stderr, "%s%s", i == 0 ? "" : i + 1 < COMMANDS ? ", " : " or ", commands[i].name);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	command_begin();
	return command_end(run(argc, argv));
}
