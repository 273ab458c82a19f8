/*
 * feeds.h - the configured feeds, compiled by a short-lived process.
 *
 * The compiler reads the files (hostile bytes) in a sandbox without network
 * and hands back the image as a descriptor, and what it understood.
 */
#ifndef SENSOR_ENGINE_FEEDS_H
#define SENSOR_ENGINE_FEEDS_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"
#include "indicators/indicators.h"

enum { FEED_OPEN = 1 };

struct feed_result {
	char name[64];
	int code;			/* 0, FEED_OPEN until it was read, or why this feed is not in the image */
	bool absent;			/* a fetched feed that was not fetched yet: no fault */
	struct feed_summary summary;
	struct fault fault;
};

/*
 * Compile all feeds of `config`. `results` (config->feeds_count of them) say
 * what became of each; a feed that cannot be read is left out, and so is one
 * that ended the compiler twice. *image is the caller's. `in_process`: no
 * process of its own, no sandbox. `keep`: the image is kept below
 * config->state_directory for the next start, and taken from there
 * (image_file.h).
 */
int feeds_compile(const struct config *config, bool in_process, bool keep, struct feed_result *results,
    int *image, struct fault *fault);

/*
 * The same without waiting, for a live sensor, which has other children to look after; it keeps
 * the image, and knows the indicator of `hansho selftest`, too.
 * `shed` (NULL is fine) is called in the compiler, to let go of what is not
 * its business. `config` is borrowed until feeds_job_free().
 */
struct feeds_job;
int feeds_begin(const struct config *config, void (*shed)(void *to), void *to,
    struct feeds_job **out, struct fault *fault);
/* A child has ended: was it this job's (which may be NULL)? */
bool feeds_job_ended(struct feeds_job *j, pid_t pid, int status);
/* 1: done, *image is the caller's; 0: not yet; or SE_ code. A compiler that takes too long is ended. */
int feeds_job_look(struct feeds_job *j, int *image, struct fault *fault);
const struct feed_result *feeds_job_results(const struct feeds_job *j);
void feeds_job_free(struct feeds_job *j);	/* ends a compiler at work; NULL is fine */

/* The allow lists of the configuration; what is wrong with them is said. NULL: no memory. */
struct allow;
struct allow *feeds_open_allow(const struct config *config);

/* One log line a feed that was not understood in whole or part. Returns how many feeds failed. */
unsigned feeds_report(const struct feed_result *results, unsigned count);

#endif
