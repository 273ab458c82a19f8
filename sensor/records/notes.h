/*
 * notes.h - what the sensor tells about itself as alerts, in each language.
 *
 * One table: a name that is part of the output (the subject of incidents that
 * have one), and a sentence (base/sentence.h). The log stays English.
 */
#ifndef SENSOR_RECORDS_NOTES_H
#define SENSOR_RECORDS_NOTES_H

#include <stddef.h>

#include "base/language.h"
#include "base/sentence.h"

enum sensor_note {
	NOTE_JOURNAL_LOST,	/* count */
	NOTE_JOURNAL_FULL,	/* count */
	SENSOR_NOTES
};

enum { SENSOR_NOTE_MAX = 512 };

const char *note_name(enum sensor_note n);

/* Returns `buf`. */
const char *note_text(enum sensor_note n, enum language l, const struct piece *pieces, char *buf, size_t size);

#endif
