/*
 * sink.h - where records go: a table of kinds, one row each.
 *
 * A sink gets EVE JSON lines in journal order and either delivers one, asks
 * for it again later, or refuses it for good. It never blocks longer than
 * its configured timeout. The courier calls it; a sink that is down holds
 * back only itself.
 */
#ifndef SENSOR_SINK_H
#define SENSOR_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "record.h"

enum sink_kind { SINK_CONSOLE, SINK_EVE, SINK_SYSLOG, SINK_WEBHOOK, SINK_KINDS };

struct sink_options {
	enum sink_kind kind;
	char name[32];			/* for the journal position, metrics and messages */
	uint32_t records;		/* bit (1 << record_kind): which it takes */
	/* EVE: path, "-" is standard output. SYSLOG: "/dev/log", "udp://host:port", "tcp://host:port". WEBHOOK: URL. */
	char target[1024];
	uint32_t timeout_ms;
	uint32_t retry_min_ms, retry_max_ms;	/* back-off of the courier */
	uint8_t facility;		/* syslog, 0..23 */
	char sensor_name[64];
	int descriptor;			/* CONSOLE, EVE: opened before privileges are dropped; else -1 */
};

enum sink_result {
	SINK_DONE,		/* delivered */
	SINK_LATER,		/* not now: the same record again after the back-off */
	SINK_REFUSED		/* never: the receiver says that it does not want this one */
};

struct sink;

int sink_open(const struct sink_options *options, struct sink **out, struct fault *fault);
/* `fault` is filled for LATER and REFUSED: what, where, why. */
enum sink_result sink_deliver(struct sink *s, enum record_kind kind, const char *line, struct fault *fault);
/* Write out what is buffered (at a batch's end and before acknowledging). */
enum sink_result sink_flush(struct sink *s, struct fault *fault);
/* For `hansho check`: can the target be reached at all? Sends no record. */
int sink_probe(struct sink *s, struct fault *fault);
void sink_close(struct sink *s);	/* NULL is fine */

#endif
