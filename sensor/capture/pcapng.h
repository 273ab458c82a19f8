/*
 * pcapng.h - frames out of a pcapng stream (draft-ietf-opsawg-pcapng).
 *
 * Sections of either byte order, any mix of link types, snapshot lengths and
 * time resolutions; enhanced, simple and obsolete packet blocks; what packets
 * and interface statistics say about losses. Other blocks are passed over:
 * secrets, custom blocks, and names, since anybody may write any name for any
 * address there and no packet showed it. Holds one block of at most PCAPNG_KEPT bytes, and
 * PCAPNG_INTERFACES descriptions. Only reads from the FILE, which stays the
 * caller's. No seeking, so pipes will do.
 */
#ifndef SENSOR_CAPTURE_PCAPNG_H
#define SENSOR_CAPTURE_PCAPNG_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "frame.h"

#define PCAPNG_BLOCK_MAX 16777216	/* a longer block is taken for damage, as other readers do */
#define PCAPNG_INTERFACES 65536		/* of one section */

struct pcapng;

/* Reads the first section header. The fault does not name the file. */
int pcapng_open(FILE *f, struct pcapng **out, struct fault *fault);

/*
 * 1: *out is filled but for its ordinal, and its bytes are valid until the next
 * call. 0: the end. SE_FORMAT: damaged, SE_SYSTEM: could not be read,
 * SE_NOMEM; the fault says where. Nothing can be read after that.
 */
int pcapng_next(struct pcapng *p, struct frame *out, struct fault *fault);

/* Packets that were lost when it was recorded, as far as the stream has said so. */
uint64_t pcapng_lost(const struct pcapng *p);

void pcapng_close(struct pcapng *p);	/* NULL is fine */

#endif
