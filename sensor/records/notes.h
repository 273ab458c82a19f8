/*
 * notes.h - what the sensor tells about itself as alerts, in each language.
 *
 * One table: a name that is part of the output (the subject of incidents that
 * have no other), and a sentence (base/sentence.h). The log stays English.
 */
#ifndef SENSOR_RECORDS_NOTES_H
#define SENSOR_RECORDS_NOTES_H

#include <stddef.h>

#include "base/language.h"
#include "base/sentence.h"

/* Behind each: the pieces of its sentence. */
enum sensor_note {
	NOTE_JOURNAL_LOST,	/* count */
	NOTE_JOURNAL_FULL,	/* count */
	NOTE_WORKER_MISSING,	/* worker; signal and signal_name, or status, lost or anew; workers */
	NOTE_WORKER_BACK,	/* the same, seconds */
	NOTE_ANALYST_DIED,
	NOTE_KEEPER_ENDED,
	NOTE_FEED_OLD,		/* feed, hours; why, or held */
	NOTE_FEED_RENEWED,
	NOTE_NO_PACKETS,	/* seconds */
	NOTE_PACKETS_AGAIN,
	/* percent, whole, seconds; wrong or well */
	NOTE_ONE_SIDED, NOTE_CHECKSUMS, NOTE_SNAPLEN, NOTE_KERNEL_DROPS, NOTE_RING_DROPS,
	NOTE_NO_PROTOCOL,	/* count, seconds, protocol */
	NOTE_PROTOCOL_AGAIN,	/* protocol */
	NOTE_FRAMES_BACK,
	NOTE_CLOCK_FORWARD, NOTE_CLOCK_BACK,	/* seconds */
	NOTE_CLOCK_WELL,
	NOTE_SINK_LAGS,		/* sink, seconds, records */
	NOTE_SINK_WELL,		/* sink */
	NOTE_SINK_REFUSES,	/* sink, count */
	NOTE_SINK_TAKES,	/* sink, seconds */
	NOTE_MEMORY,		/* percent, mib */
	NOTE_SHED_NOTHING, NOTE_SHED_BODIES, NOTE_SHED_STREAMS, NOTE_SHED_PARSING,
	SENSOR_NOTES
};

enum { SENSOR_NOTE_MAX = 768 };

const char *note_name(enum sensor_note n);

/* Returns `buf`. `pieces`: NULL for none. */
const char *note_text(enum sensor_note n, enum language l, const struct piece *pieces, char *buf, size_t size);

/* The same in every language. */
struct note_words {
	char text[LANGUAGES][SENSOR_NOTE_MAX];
};
void note_words(enum sensor_note n, const struct piece *pieces, struct note_words *out);

#endif
