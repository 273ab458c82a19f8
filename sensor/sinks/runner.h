/*
 * runner.h - one sink, its thread and its reader of the journal: what
 * courier.c starts and ends. For the files of this folder only.
 */
#ifndef SENSOR_SINKS_RUNNER_H
#define SENSOR_SINKS_RUNNER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/journal.h"
#include "base/log.h"
#include "sinks/courier.h"
#include "sinks/head.h"

/* What the threads and the caller share. */
struct courier {
	pthread_mutex_t lock;
	pthread_cond_t wake;		/* for the threads */
	pthread_cond_t news;		/* from them */
	bool stop, draining;
	unsigned nudges;		/* courier_step() was called so often */
	uint64_t changes_seen;
	unsigned count;
	struct runner *runners;
	struct head_shelf heads;
};

struct runner {
	struct courier *courier;
	pthread_t thread;
	bool started;
	/* Under the courier's lock; `state` is written by the thread alone, which may read it without. */
	struct sink_state state;
	uint64_t changes;
	bool drained, ended;

	/* The thread's alone while it runs. */
	struct sink_options options;
	struct sink *sink;
	struct journal_reader *reader;
	bool have;			/* a record is read, wanted and not yet taken by the sink */
	uint16_t kind;
	const char *line;
	uint64_t number;
	struct head head;
	unsigned unacknowledged;
	bool full;			/* the sink was, and has not made room since */
	unsigned attempts;		/* failed in a row */
	int64_t failing_since_ns;
	uint64_t waited;		/* delivered since it works again, until the journal's end */
	bool catching_up, position_warned;
	uint64_t random;
	struct log_limit refused_limit, journal_limit;
};

/* The thread's body: `arg` is a struct runner. */
void *runner_run(void *arg);

/* Its thread has ended: what it holds, and what it has not read. Acknowledges nothing. */
uint64_t runner_count_left(struct runner *r);

#endif
