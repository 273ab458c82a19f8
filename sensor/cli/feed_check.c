#include "cli/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "engine/feeds.h"
#include "engine/house.h"
#include "engine/rooms.h"
#include "indicators/allow.h"
#include "indicators/unpack.h"
#include "system/process.h"
#include "system/sandbox.h"

/* Given to stdio before the sandbox, in which it could not ask what standard output is. */
static char out[65536];

struct checking {
	const char *path;
	bool json;
};

static void
complain(void *to, const struct feed_complaint *c)
{
	const struct checking *k = to;
	cJSON *o;

	if (!k->json) {
		printf("%s:%u: %s%s\n", k->path, c->line, c->allowed ? "not loaded, an allow list has it: " : "", c->text);
		return;
	}
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "file", k->path);
	cJSON_AddNumberToObject(o, "line", c->line);
	cJSON_AddStringToObject(o, c->allowed ? "allow_list" : "not_understood", c->text);
	feed_print_json(o);
}

static void
summarise(const struct checking *k, const struct feed_summary *s, int code, const struct fault *fault)
{
	cJSON *o;

	if (k->json) {
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "file", k->path);
		cJSON_AddStringToObject(o, "format", s->format);
		cJSON_AddNumberToObject(o, "lines", s->lines);
		cJSON_AddNumberToObject(o, "entries", s->loaded);
		cJSON_AddItemToObject(o, "by_type", feed_types_json(s->by_type));
		cJSON_AddNumberToObject(o, "duplicates", s->duplicates);
		cJSON_AddNumberToObject(o, "of_no_use", s->passed_over);
		cJSON_AddNumberToObject(o, "on_allow_list", s->allowed);
		cJSON_AddNumberToObject(o, "not_understood_count", s->not_understood);
		if (code < 0)
			cJSON_AddStringToObject(o, "fault", fault->text);
		feed_print_json(o);
		return;
	}
	if (code < 0) {
		printf("%s: NOT READ: %s\n", k->path, fault->text);
		return;
	}
	printf("%s: %s, %u lines: %u entries", k->path, s->format, s->lines, s->loaded);
	feed_print_types(s->by_type);
	printf(", %u duplicates, %u of no use here, %u on an allow list, %u not understood\n", s->duplicates, s->passed_over,
	    s->allowed, s->not_understood);
}

/* In a child: the file is as hostile as any. */
static int
check_here(const struct checking *k, FILE *in, const char *format, const struct config *c)
{
	const struct sandbox_room room = { .data_bytes = room_bytes(SANDBOX_COMPILER, c) };
	struct builder *b = builder_new(c->max_indicators);
	struct allow *allow = feeds_open_allow(c);
	struct feed_summary summary;
	struct fault fault = { "" };
	int r;

	unpack_prepare(in);
	if (b == NULL || allow == NULL || (sandbox_available() && sandbox_enter(SANDBOX_COMPILER, &room, &fault) < 0)) {
		fprintf(stderr, "hansho: feed check: %s\n", b == NULL || allow == NULL ? "no memory" : fault.text);
		return 1;
	}
	builder_set_feed_bytes(b, c->feed_bytes);
	builder_set_allow(b, allow, house_wall_clock_ns());
	builder_on_complaint(b, complain, (void *)(uintptr_t)k);
	r = feed_read(in, "check", format, b, &summary, &fault);
	summarise(k, &summary, r, &fault);
	builder_free(b);
	allow_free(allow);
	return fflush(stdout) != 0 || r < 0;
}

static int
check_file(const struct feed_request *q, const char *word, const struct config *c)
{
	const char *colon = strchr(word, ':');
	bool forced = colon != NULL && config_is_format(word, (size_t)(colon - word));
	struct checking k = { forced ? colon + 1 : word, q->json };
	char format[32] = "", how[128];
	struct fault fault;
	FILE *in;
	pid_t pid;
	int status;

	if (forced)
		snprintf(format, sizeof format, "%.*s", (int)(colon - word), word);
	if (config_need_file(k.path, &fault) < 0 || (in = fopen(k.path, "re")) == NULL) {
		fprintf(stderr, "hansho: feed check: %s\n", fault.text);
		return 1;
	}
	fflush(stdout);
	if ((pid = process_fork("compiler")) == 0)
		_exit(check_here(&k, in, forced ? format : NULL, c));
	fclose(in);
	if (pid < 0)
		return 1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	process_describe_end(status, "reader of this file", how, sizeof how);
	fprintf(stderr, "hansho: feed check: %s: %s\n", k.path, how);
	return 1;
}

int
feed_check(const struct feed_request *q)
{
	struct config c;
	int i, status = 0;

	setvbuf(stdout, out, _IOFBF, sizeof out);
	if (config_defaults(&c) < 0)
		return 1;
	for (i = 0; i < q->words_count; i++)
		status |= check_file(q, q->words[i], &c);
	config_clear(&c);
	return status;
}
