/*
 * zip_walk.h - the local headers of a ZIP as it passes by (APPNOTE 4.3.7).
 *
 * Entries whose size stands in their header are stepped over; behind others,
 * and behind a loss, the next header's signature is searched for.
 */
#ifndef SENSOR_CONTENT_ZIP_WALK_H
#define SENSOR_CONTENT_ZIP_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { ZIP_HEADER_BYTES = 30, ZIP_NAME_BYTES = 96 };

struct zip_walk {
	uint64_t skip;		/* bytes to step over before the next header */
	bool search;		/* after that, the signature must be looked for */
	bool over;		/* the central directory was reached */
	bool encrypted;		/* an entry needs a password */
	bool package;		/* [Content_Types].xml or _rels/.rels: Open Packaging Conventions */
	bool office;		/* word/, xl/, ppt/ */
	bool macros;		/* vbaProject.bin, or a sheet of Excel 4.0 macros */
	uint16_t held_bytes;
	uint8_t held[ZIP_HEADER_BYTES + ZIP_NAME_BYTES];
};

void zip_walk_bytes(struct zip_walk *w, struct span bytes);
void zip_walk_lost(struct zip_walk *w, uint64_t bytes);

#endif
