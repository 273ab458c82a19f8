/*
 * surrogate.h - libnids, told about invented connections only.
 *
 * A surrogate is a TCP connection that exists between the fence and libnids
 * alone: an address pair made from an index, and per side a numbering in
 * which the stream's first byte has sequence number 1. So the caller speaks in
 * stream offsets, and what the real addresses and numbers are is not libnids's
 * affair. Side 0 is its client, side 1 its server.
 *
 * The only file that sees nids.h is surrogate.c. libnids keeps global state:
 * one `struct surrogates` in a process. No call here may be made inside
 * `deliver`. libnids allocates for each segment that it must queue and for each
 * new connection; when it finds no memory for that the process stops.
 */
#ifndef SENSOR_REASSEMBLY_SURROGATE_H
#define SENSOR_REASSEMBLY_SURROGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SURROGATES_MAX ((1U << 24) - 1)
#define SURROGATE_MOST_BYTES 65495U	/* of one segment: 65,535 less two headers of 20 */

struct surrogates;

/* The next bytes of one side, in order. They die on return. */
typedef void surrogate_deliver_fn(void *to, uint32_t index, int side, const uint8_t *bytes,
    size_t len);

/* For indexes below `count`. NULL: no memory, or there is one already (logged). */
struct surrogates *surrogates_new(uint32_t count, surrogate_deliver_fn *deliver, void *to);
void surrogates_free(struct surrogates *s);	/* NULL is fine */

/* Open connection `index`, which must not be open. False: libnids would not. */
bool surrogate_open(struct surrogates *s, uint32_t index);
void surrogate_close(struct surrogates *s, uint32_t index);

/*
 * Side `side` sends `len` (1..SURROGATE_MOST_BYTES) bytes that stand at
 * `offset` of its stream, and says that it has everything before `heard` of the
 * other side's. Delivers what is in order now, these bytes or also what waited.
 */
void surrogate_send(struct surrogates *s, uint32_t index, int side, uint64_t offset,
    uint64_t heard, const uint8_t *bytes, uint32_t len);

/* The same without bytes. */
void surrogate_hear(struct surrogates *s, uint32_t index, int side, uint64_t offset,
    uint64_t heard);

/* The next `len` bytes of `side` will never come: expect what stands behind them. Delivers nothing. */
void surrogate_skip(struct surrogates *s, uint32_t index, int side, uint64_t len);

/* The most that libnids and we need for one, what it queues aside. */
size_t surrogate_stream_bytes(void);

#endif
