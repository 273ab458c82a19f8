/*
 * kinds.h - what the kinds of sinks have in common, for the files of this
 * folder only. A row that leaves a function out has nothing to do there.
 */
#ifndef SENSOR_SINKS_KINDS_H
#define SENSOR_SINKS_KINDS_H

#include <stdatomic.h>

#include "base/log.h"
#include "sinks/sink.h"

struct sink_row {
	const char *name;
	bool settles;			/* keeps `held` and `tally` itself, record by record */
	bool patient;			/* may hold records for as long as it likes */
	int (*open)(struct sink *s, struct fault *fault);
	enum sink_result (*deliver)(struct sink *s, const struct sink_record *r, struct fault *fault);
	enum sink_result (*flush)(struct sink *s, struct fault *fault);
	bool (*wants_other)(const struct sink *s);
	int (*probe)(struct sink *s, struct fault *fault);
	void (*close)(struct sink *s);		/* also after an open that failed */
};

struct sink {
	const struct sink_row *row;
	struct sink_options options;
	atomic_bool cancelled;
	uint32_t retry_after_ms;
	unsigned held, batch;		/* batch: 256 unless open() says otherwise */
	bool hurry;
	struct sink_tally tally;
	struct log_limit rotation_limit;
	void *state;			/* the kind's own */
};

extern const struct sink_row sink_console, sink_eve, sink_syslog, sink_webhook, sink_store, sink_mail;

/* Fill the fault and say LATER or REFUSED. */
#define sink_later(...) (fault_set(__VA_ARGS__), SINK_LATER)
#define sink_refuse(...) (fault_set(__VA_ARGS__), SINK_REFUSED)

#endif
