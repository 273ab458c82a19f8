#include <cjson/cJSON.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/status_page.h"
#include "engine/porter.h"

enum { REFRESH_SEC = 1 };

static const char help[] =
"usage: hansho status [options]\n"
"\n"
"How is the sensor that runs here? Live in a terminal, until ^C.\n"
"\n"
"  -c, --config FILE   its configuration (default: /etc/hansho.yaml, when it is there)\n"
"  --socket PATH       where it is asked (default: status.sock in the state directory)\n"
"  --once              once, also in a terminal\n"
"  --json              once, as JSON\n"
"  --help              this text\n"
"\n"
"Exit status: 0 every process of it works, 1 not, or no sensor runs, 2 wrong usage.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, 's' },
	{ "once", no_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct common_options common;
	const char *socket;
	bool once, json;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static int
is_ready(const cJSON *o)
{
	return cJSON_GetObjectItemCaseSensitive(o, "not_ready") == NULL ? 0 : 1;
}

/* ---- showing ---- */

static int
show_json(const char *path)
{
	cJSON *o = ask_sensor("status", path);
	char *text;
	int status;

	if (o == NULL)
		return 1;
	status = is_ready(o);
	if ((text = cJSON_Print(o)) != NULL)
		puts(text);
	free(text);
	cJSON_Delete(o);
	return status;
}

static int
show_once(const char *path)
{
	cJSON *o = ask_sensor("status", path);
	int status;

	if (o == NULL)
		return 1;
	status_print(stdout, o, NULL, isatty(STDOUT_FILENO) == 1);
	status = is_ready(o);
	cJSON_Delete(o);
	return status;
}

/* In one write, so that a terminal does not flicker. */
static void
show(const cJSON *now, const cJSON *before)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f == NULL)
		return;
	fputs("\033[H\033[J", f);
	status_print(f, now, before, true);
	if (fclose(f) == 0)
		fputs(text, stdout);
	fflush(stdout);
	free(text);
}

static int
show_live(const char *path)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	const struct timespec pause = { REFRESH_SEC, 0 };
	cJSON *before = NULL, *now;
	int status = 1;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	while (stopped == 0 && (now = ask_sensor("status", path)) != NULL) {
		show(now, before);
		status = is_ready(now);
		cJSON_Delete(before);
		before = now;
		nanosleep(&pause, NULL);
	}
	cJSON_Delete(before);
	return stopped != 0 ? status : 1;
}

/* ---- options ---- */

/* As common_read(). */
static int
read_options(int argc, char **argv, struct request *r)
{
	const struct own_option own[] = {
		{ .letter = 's', .name = "--socket", .text = &r->socket },
		{ .letter = 'o', .flag = &r->once },
		{ .letter = 'j', .flag = &r->json },
		{ .letter = 0 },
	};
	int status = common_read(argc, argv, long_options, "c:h", help, own, &r->common, r);

	return status != 0 || common_no_words("status", argc, argv) ? status : EXIT_USAGE;
}

int
command_status(int argc, char **argv)
{
	struct request r = { .socket = NULL };
	char path[CONFIG_TEXT_MAX + 16];
	struct config config;
	int status;

	if ((status = read_options(argc, argv, &r)) != 0)
		return status < 0 ? 0 : status;
	if (r.socket == NULL) {
		common_find_config(&r.common);
		status = common_config(&r.common, &config) ? 0 : EXIT_USAGE;
		if (status == 0)
			r.socket = porter_socket_path(&config, path, sizeof path);
		config_clear(&config);
		if (status != 0)
			return status;
	}
	if (r.json)
		return show_json(r.socket);
	return r.once || isatty(STDOUT_FILENO) != 1 ? show_once(r.socket) : show_live(r.socket);
}
