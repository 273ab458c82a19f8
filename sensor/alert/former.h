/*
 * former.h - an alert's line, read back: what an analyst that died had told.
 *
 * Only lines of this program are given here, from its own journal; yet what is
 * missing or of another type makes the line none. The realm's tunnel and VLANs
 * are those of the line.
 */
#ifndef SENSOR_ALERT_FORMER_H
#define SENSOR_ALERT_FORMER_H

#include <stdbool.h>

#include "alert.h"

struct cJSON;

/* What is told of every line, without reading all of it. */
struct former_head {
	char id[ALERT_ID_TEXT];
	uint32_t revision;
	enum alert_state state;
};

/* False: it is no alert's line. */
bool former_head(const char *line, struct former_head *out);

/* When the record is of; false: it does not say. */
bool former_time(const char *line, int64_t *ts_ns);

struct former {
	struct former_head head;
	struct alert alert;		/* id, revision, times, counts, held_by, signature */
	struct finding finding;		/* kind, ends, texts, severity; without numbers and observation */
	struct indicator indicator;
	int64_t case_opened_ns;
	uint32_t signature_id;
	struct cJSON *root;		/* the texts' */
};

/* False: it cannot be one, or no memory. former_clear() either way. */
bool former_read(struct former *f, const char *line);
void former_clear(struct former *f);

/*
 * The same line as the next revision: other time, revision and state. malloc'd;
 * NULL: no memory.
 */
char *former_line(const char *line, const struct alert *a);

#endif
