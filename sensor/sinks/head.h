/*
 * head.h - the few things of a record that decide where it goes, and whether
 * it is told there: read once, by a scanner that makes no tree, and shared by
 * all sinks.
 */
#ifndef SENSOR_SINKS_HEAD_H
#define SENSOR_SINKS_HEAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* hansho.kind of an alert. */
enum head_kind {
	HEAD_OTHER, HEAD_INDICATOR, HEAD_BEACON, HEAD_BEHAVIOUR, HEAD_CASE, HEAD_RETRO, HEAD_EVASION, HEAD_SENSOR,
	HEAD_SUMMARY,
	HEAD_KINDS
};

/* hansho.state; what is neither of the two ends is an update. */
enum head_state { HEAD_NO_STATE, HEAD_OPEN, HEAD_UPDATE, HEAD_CLOSE };

enum { HEAD_ID_MAX = 40 };

struct head {
	uint8_t severity;		/* 1 critical to 4 low; 0: no alert */
	enum head_kind kind;
	enum head_state state;
	bool worse;			/* hansho.case.worse */
	uint32_t revision;
	char id[HEAD_ID_MAX];		/* of the incident; "" for none, or one that is too long */
	bool has_host;
	struct addr host;		/* whom we watch over; of what is no alert: who asked */
};

/* An EVE line. What is missing, or no JSON, is left at zero. */
void head_read(struct head *h, const char *line);

/* "indicator", ...; HEAD_OTHER is "". */
const char *head_kind_text(enum head_kind kind);

/* The latest heads by record number, for several threads. */
enum { HEADS_KEPT = 256 };

struct head_shelf {
	pthread_mutex_t lock;
	uint64_t number[HEADS_KEPT];	/* 0: nothing there */
	struct head head[HEADS_KEPT];
};

void head_shelf_init(struct head_shelf *s);
void head_shelf_clear(struct head_shelf *s);

/* Of record `number`, read now if nobody did before. */
void head_shelf_get(struct head_shelf *s, uint64_t number, const char *line, struct head *out);

#endif
