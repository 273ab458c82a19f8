/*
 * ring.h - records from one process to one other through shared memory.
 *
 * A single-producer, single-consumer ring in a shared mapping made before the
 * fork. A record is a length and bytes; it lies in one piece. The consumer
 * trusts nothing: lengths are checked against what the ring holds, and a ring
 * that lies is reported as damaged. Positions live in the mapping, so that a
 * new producer or consumer goes on where the dead one stopped; a producer
 * that died in the middle of a record leaves nothing of it. When all is taken
 * the next record lies at the ring's start again: a consumer that keeps up
 * leaves the rest of a large ring untouched.
 *
 * The watermark says that nothing before it will follow; its meaning (ordinal
 * or time) is the users'.
 */
#ifndef SENSOR_SYSTEM_RING_H
#define SENSOR_SYSTEM_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/* `bytes` is rounded up to a power of two, at least 64 KiB. NULL without memory. */
struct ring *ring_new(size_t bytes);
void ring_free(struct ring *r);		/* in the last process that uses it; NULL is fine */

/* ---- producer ---- */

/* Room for one record of `len` bytes, or NULL when the ring is full now. */
void *ring_reserve(struct ring *r, uint32_t len);
/* The reserved record is complete and visible. */
void ring_commit(struct ring *r);
void ring_set_watermark(struct ring *r, int64_t watermark);	/* lower than before: nothing changes */
void ring_lower_watermark(struct ring *r, int64_t watermark);	/* it was wrong */
/* No record will follow. */
void ring_end(struct ring *r);
bool ring_has_ended(const struct ring *r);
/* Sleep until the consumer made room, at most `ms`. */
void ring_wait_room(struct ring *r, int ms);

/*
 * A new producer: the record that its predecessor committed last, if it has
 * not been taken yet; NULL when nothing waits. Valid until the next reserve.
 */
const void *ring_newest(struct ring *r, uint32_t *len);

/* ---- consumer ---- */

enum ring_state { RING_RECORD, RING_EMPTY, RING_ENDED, RING_DAMAGED };

/* The next record, which stays until ring_done(). */
enum ring_state ring_peek(struct ring *r, const void **record, uint32_t *len);
void ring_done(struct ring *r);
/* Has ring_peek() seen already that one more is there? Then nobody needs the watermark. */
bool ring_has_more(const struct ring *r);
/*
 * The watermark; read it BEFORE ring_peek(): then RING_EMPTY means that nothing
 * up to it is missing.
 */
int64_t ring_watermark(const struct ring *r);

/* Start anew, empty and without end: its producer is dead and begins again. */
void ring_reset(struct ring *r);

/* Bytes waiting, for the metrics. */
uint64_t ring_used(const struct ring *r);

/* ---- waking ---- */

/* A consumer of several rings sleeps on one bell. Producers ring it when they have a batch, not at every commit. */
struct bell;
struct bell *bell_new(void);		/* shared mapping; NULL without memory */
void bell_free(struct bell *b);
void ring_attach_bell(struct ring *r, struct bell *b);
uint32_t bell_count(const struct bell *b);
/* Sleep until the bell's count is not `seen` any more, at most `ms`. */
void bell_wait(struct bell *b, uint32_t seen, int ms);
void bell_ring(struct bell *b);

#endif
