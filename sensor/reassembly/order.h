/*
 * order.h - one side's bytes into order: what is next, what waits, what is lost.
 *
 * The inner half of reassembly.c, which keeps the streams. Every call here is
 * made with the stream marked busy; each may leave it dead (its taker wants no
 * more), and then does nothing further.
 */
#ifndef SENSOR_REASSEMBLY_ORDER_H
#define SENSOR_REASSEMBLY_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "reassembly/reassembly.h"
#include "reassembly/side.h"
#include "reassembly/surrogate.h"

/* What a queued segment costs besides its bytes, here and in libnids; it counts towards total_bytes. */
#define SEGMENT_COST 160

/* So many sides that spoke just now are held as they are (print.h). */
enum { RECENT_SIDES = 64 };

struct reassembly {
	struct reassembly_limits limits;
	int64_t hole_ns;
	stream_piece_fn *emit;
	void *to;
	struct surrogates *surrogates;
	struct stream *streams;		/* slab of limits.max_streams */
	uint32_t used;			/* of the slab, ever */
	struct stream *free;
	struct stream **carried;	/* by their number in libnids, from 0; NULL: nobody has it */
	uint32_t *idle;			/* numbers that nobody has, */
	uint32_t idle_count;		/* so many */
	struct stream_list active;
	struct segment_pool pool;
	struct side_list waiting;
	struct deadlines deadlines;
	int64_t at_ns;			/* time of the pieces that are delivered now */
	bool sure;			/* of these: the receiver took them, as far as can be told */
	stream_differs_fn *differs;	/* may be NULL */
	struct print_recent recent[RECENT_SIDES];
	struct reassembly_counts counts;
};

/* A payload: `wire_len` bytes from number `seq` on, of which `len` were captured. */
struct payload {
	uint32_t seq;
	const uint8_t *bytes;
	uint32_t len, wire_len;
	int64_t at_ns;
	bool sure;			/* the receiver took it, as far as can be told */
	bool pushed;
};

/* Is `seq` so near to what this side would send next that it can belong to the stream? */
bool order_is_near(const struct side *d, uint32_t seq);

/* The side's first byte in stream order has number `seq`. */
void order_begin(struct side *d, uint32_t seq);

void order_payload(struct reassembly *r, struct side *d, const struct payload *p);

/* The other side says that it has all before number `ack`. */
void order_ack(struct reassembly *r, struct side *d, uint32_t ack, int64_t at_ns);

/* Nothing will be sent again: every hole counts as acknowledged. */
void order_hopeless(struct reassembly *r, struct side *d, int64_t at_ns);

/* The side says that number `seq` is the first it will not send. */
void order_fin(struct side *d, uint32_t seq);

/* The hole in front of the queue, if any, is lost; what stood behind it is delivered. */
void order_give_up(struct reassembly *r, struct side *d, int64_t at_ns);

/* All holes are lost. */
void order_flush(struct reassembly *r, struct side *d, int64_t at_ns);

/* What is known to be missing at the end, by FIN or the other side's ACK. */
void order_missing_end(struct reassembly *r, struct side *d, int64_t at_ns);

/* Forget what is queued (the bytes go when the surrogate is closed). */
void order_forget(struct reassembly *r, struct side *d);

/* The surrogate's: bytes in order. `to` is the struct reassembly. */
void order_deliver(void *to, uint32_t index, int side, const uint8_t *bytes, size_t len);

/* The stream's taker wants no more of it. */
void order_unwanted(struct stream *s);

/* Where a side's last bytes are held. */
struct print_recent *order_recent(struct reassembly *r, const struct side *d);

/* libnids is to know nothing more of the stream. */
void order_set_down(struct reassembly *r, struct stream *s);

/* Somebody who had marked the stream busy is done with it: a dead one is dropped by the last. In reassembly.c. */
void stream_leave(struct reassembly *r, struct stream *s);

/* In a flow's slot: nothing of it is wanted any more. */
extern char order_released;

#endif
