/*
 * ole_walk.h - directory entries of an OLE compound file ([MS-CFB] 2.6) as it passes by.
 *
 * Entries are 128 bytes and stand at multiples of 128, wherever the directory
 * is: every such block is asked whether it is an entry that matters.
 */
#ifndef SENSOR_CONTENT_OLE_WALK_H
#define SENSOR_CONTENT_OLE_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { OLE_ENTRY_BYTES = 128 };

struct ole_walk {
	bool encrypted;		/* EncryptedPackage: an OOXML document behind a password ([MS-OFFCRYPTO] 2.3.4.4) */
	bool macros;		/* a VBA project ([MS-OVBA] 2.2.1) */
	bool lost;		/* of the block that is being held, bytes are missing */
	uint8_t held_bytes;
	uint8_t held[OLE_ENTRY_BYTES];
};

void ole_walk_bytes(struct ole_walk *w, struct span bytes);
void ole_walk_lost(struct ole_walk *w, uint64_t bytes);

#endif
