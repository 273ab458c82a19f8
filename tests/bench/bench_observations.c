/*
 * What an observation costs the analyst: those of a capture with the default configuration, no indicators and no records
 * asked for; slice by slice, the time of the analyst alone.
 *
 *     bench_observations CAPTURE
 *
 * Each kind is taken by a function of its own, so that valgrind's callgrind (--toggle-collect=analyse) tells them apart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analyst/analyst.h"
#include "base/suffix.h"
#include "capture/capture.h"
#include "engine/house.h"
#include "engine/pipeline.h"
#include "system/scratch.h"

enum { SLICE_BYTES = 32 << 20 };

struct bench {
	struct analyst *analyst;
	uint8_t *held;
	size_t used;
	uint64_t frames, observations, bytes, by_kind[OBSERVATION_KINDS];
	double seconds;
};

#define KINDS(X) X(CONTACT) X(MATCH) X(NAME) X(HTTP) X(TLS) X(DNS) X(FLOW) X(SENSOR) X(UNKNOWN) X(MAIL) X(FILE) X(LOGIN) X(REMOTE) \
	X(IDENTITY) X(EVASION) X(LASTING) X(UNANSWERED) X(PROXY)
#define TAKER(kind) \
	__attribute__((noinline)) static void \
	take_##kind(struct analyst *a, const struct observation *o) \
	{ \
		analyst_take(a, o); \
		__asm__ volatile("");	/* no jump in place of the call */ \
	}
KINDS(TAKER)

#define ENTRY(kind) [OBSERVE_##kind] = take_##kind,
static void (*const take[OBSERVATION_KINDS])(struct analyst *, const struct observation *) = { KINDS(ENTRY) };

#define NAME(kind) [OBSERVE_##kind] = #kind,
static const char *const names[OBSERVATION_KINDS] = { KINDS(NAME) };

static double
cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((noinline)) static void
analyse(struct bench *b)
{
	double began = cpu_seconds();
	const struct observation *o;
	size_t at;

	for (at = 0; at < b->used; at += o->bytes) {
		o = (const void *)(b->held + at);
		take[o->kind](b->analyst, o);
	}
	b->seconds += cpu_seconds() - began;
	b->used = 0;
}

static void
hold(void *to, const struct observation *o)
{
	struct bench *b = to;

	if (o->bytes > SLICE_BYTES - b->used)
		analyse(b);
	memcpy(b->held + b->used, o, o->bytes);
	b->used += o->bytes;
	b->observations++;
	b->bytes += o->bytes;
	b->by_kind[o->kind]++;
}

static void
say(void *to, const char *line)
{
	(void)to;
	fprintf(stderr, "%s\n", line);
}

static void
report(const struct bench *b)
{
	unsigned i;

	printf("%llu frames, %llu observations (%.3f a frame) of %.0f bytes: %.0f ns each, %.2f million a second;",
	    (unsigned long long)b->frames, (unsigned long long)b->observations, (double)b->observations / (double)b->frames,
	    (double)b->bytes / (double)b->observations, 1e9 * b->seconds / (double)b->observations, (double)b->observations / b->seconds / 1e6);
	for (i = 0; i < OBSERVATION_KINDS; i++)
		if (b->by_kind[i] > 0)
			printf(" %llu %s", (unsigned long long)b->by_kind[i], names[i]);
	printf("\n");
}

int
main(int argc, char **argv)
{
	static struct config config;
	struct pipeline_options options = { .config = &config, .shard = 0, .shards = 1 };
	struct capture_file file = { .path = argc > 1 ? argv[1] : "" };
	char directory[CONFIG_TEXT_MAX];
	struct journal *journal;
	struct capture *capture;
	struct pipeline *pipeline;
	struct bench b = { .held = malloc(SLICE_BYTES) };
	struct fault fault;
	struct frame f;

	suffix_prepare();
	if (b.held == NULL || config_defaults(&config) < 0 || scratch_make(directory, sizeof directory, &fault) < 0 ||
	    journal_open(directory, &config.journal, &journal, &fault) < 0 ||
	    capture_files_open(&file, 1, say, NULL, &capture, &fault) < 0 ||
	    (b.analyst = analyst_new(&config, journal, NULL, 0)) == NULL ||
	    (pipeline = pipeline_new(&options, hold, &b)) == NULL) {
		fprintf(stderr, "bench_observations: %s\n", argc > 1 ? fault.text : "a capture is expected");
		return 1;
	}
	analyst_set_known(b.analyst, house_open_known(&config));
	for (; capture_next(capture, &f) == CAPTURE_FRAME; b.frames++)
		pipeline_frame(pipeline, &f);
	pipeline_finish(pipeline);
	analyse(&b);
	report(&b);
	journal_close(journal);
	scratch_remove(directory);
	return 0;
}
