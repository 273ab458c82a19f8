/*
 * recogniser.h - what a file is, told from its bytes in any slicing.
 *
 * The first RECOGNISE_BYTES (or all there are) decide the kind; then, where
 * the kind has more to say, a walk goes on over the rest without keeping it:
 * ZIP local headers, OLE directory entries, PDF's /Encrypt, where 7z keeps its
 * header, an ISO 9660 volume descriptor. Fixed size, no allocation.
 */
#ifndef SENSOR_CONTENT_RECOGNISER_H
#define SENSOR_CONTENT_RECOGNISER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "message.h"
#include "proto/content/ole_walk.h"
#include "proto/content/seek.h"
#include "proto/content/zip_walk.h"

enum { RECOGNISE_BYTES = 2048, RECOGNISE_SEEKS = 2 };

struct recogniser {
	enum file_kind kind;
	bool encrypted, macros;
	bool decided;		/* `kind` is final, but for what a walk finds */
	uint64_t offset;	/* of the next byte */
	struct seek seek[RECOGNISE_SEEKS];
	struct zip_walk zip;
	struct ole_walk ole;
	uint16_t first_bytes;
	uint8_t first[RECOGNISE_BYTES];	/* not cleared by recogniser_init() */
};

void recogniser_init(struct recogniser *r);
void recogniser_bytes(struct recogniser *r, struct span bytes);

/* `bytes` are missing here, or were not looked at. */
void recogniser_skip(struct recogniser *r, uint64_t bytes);

/* No more bytes: `kind`, `encrypted` and `macros` are as good as they get. */
void recogniser_end(struct recogniser *r);

/* More bytes cannot change a thing. */
bool recogniser_done(const struct recogniser *r);

#endif
