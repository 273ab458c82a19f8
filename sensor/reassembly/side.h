/*
 * side.h - one direction of a stream under reassembly, and who waits for what.
 *
 * Three orders are kept over them: streams by last packet (who gives way at
 * the ceiling), sides with a hole by age of the hole (who gives way when the
 * queues are full), and sides whose hole has a deadline by that deadline.
 */
#ifndef SENSOR_REASSEMBLY_SIDE_H
#define SENSOR_REASSEMBLY_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/queue.h"

struct flow;
struct stream;

struct side {
	struct stream *stream;
	struct queue queue;
	struct side *older, *newer;	/* among those with a hole */
	uint64_t offset;		/* of the next byte to deliver */
	uint64_t heard;			/* what libnids was told that the other side has */
	uint64_t fin_offset;
	int64_t ack_ns;			/* when `ack` was reached */
	int64_t last_ns;		/* time of the last piece */
	int64_t deadline_ns;
	uint32_t deadline_at;		/* place in struct deadlines, from 1; 0: none */
	uint32_t next_seq;		/* the wire's number of `offset` */
	uint32_t ack;			/* the other side's, as on the wire */
	uint32_t far_seq;		/* what would continue the run of far segments */
	uint8_t far_run;
	uint8_t which;			/* ORIGINATOR or RESPONDER */
	bool open, ack_seen, fin_seen;
	bool waits;			/* is in the list of those with a hole */
	bool filler;			/* the byte under way is not the wire's */
	bool shut;			/* the receiver's window was zero when it last spoke */
	bool sure;			/* the receiver takes the payload at work, as far as can be told */
	struct print print;		/* of what was delivered */
};

struct stream {
	struct flow *flow;
	struct stream *idler, *busier;	/* free ones hang on `busier` */
	struct side side[2];
	uint32_t busy;			/* calls at work on it */
	uint32_t carrier;		/* its number in libnids, from 1; 0: that has nothing of it */
	bool dead;			/* to be dropped when nobody works on it */
	bool evicted;
};

/* A heap: least (deadline, flow's first_ordinal, which) on top. */
struct deadlines {
	struct side **at;		/* [1..count] */
	uint32_t count;
	int64_t first_ns;		/* of the one on top; INT64_MAX: there is none. Asked at every frame. */
};

bool deadlines_init(struct deadlines *d, uint32_t most);
void deadlines_clear(struct deadlines *d);
void deadlines_set(struct deadlines *d, struct side *s, int64_t deadline_ns);
void deadlines_remove(struct deadlines *d, struct side *s);	/* fine when it has none */

static inline struct side *
deadlines_first(const struct deadlines *d)
{
	return d->count == 0 ? NULL : d->at[1];
}

struct side_list {
	struct side *oldest, *newest;
};

void side_list_append(struct side_list *l, struct side *s);
void side_list_remove(struct side_list *l, struct side *s);

struct stream_list {
	struct stream *idlest, *busiest;
};

void stream_list_append(struct stream_list *l, struct stream *s);
void stream_list_remove(struct stream_list *l, struct stream *s);

#endif
