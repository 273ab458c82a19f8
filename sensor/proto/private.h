/*
 * private.h - what proto's parts share: proto.c has the tables and the shared
 * part, dialogue.c the streams, datagram.c the datagrams, unknown.c what
 * nobody knows.
 */
#ifndef SENSOR_PROTO_PRIVATE_H
#define SENSOR_PROTO_PRIVATE_H

#include "proto/proto.h"

enum { SHARED_MOST = 64 };

struct proto {
	struct proto_limits limits;
	struct proto_counts counts;
	message_fn *emit;
	void *to;
	uint64_t emitted;
	bool sheds_bodies;
	void *shared[SHARED_MOST];		/* as in proto_rows */
	void *datagram_shared[SHARED_MOST];	/* as in datagram_rows */
	struct dialogue *idlest, *busiest;	/* of those that still parse */
	struct content_tools *content;		/* made when first asked for */
	double entropy_steps[DIALOGUE_HELD_BYTES];	/* unknown.c: made when first asked for */
	struct dialogue *over;			/* stands for every UDP flow that nobody reads on */
};

/* The tables of protocols, NULL behind the last row; asked in this order. */
extern const struct proto_row *const proto_rows[];
extern const struct datagram_row *const datagram_rows[];

/* ---- unknown.c ---- */

/* What one side said first; made when needed. */
struct first_bytes {
	uint8_t *at;		/* DIALOGUE_HELD_BYTES */
	uint16_t used;
};

/* Appends what finds room. False: there was no memory at all. */
bool first_bytes_add(struct proto *p, struct first_bytes *b, const uint8_t *bytes, uint64_t len);
void first_bytes_free(struct proto *p, struct first_bytes *b);

/* `like`: flow, side and time. Spans of the two sides, absent where one said nothing. */
void unknown_tell(struct proto *p, const struct message *like, const struct span said[2]);

/* The flow's protocol, when its row leaves that to us. */
void protocol_tell(struct proto *p, const struct message *like, enum app app);

/* ---- dialogue.c ---- */

struct dialogue *dialogue_of_datagrams(struct proto *p, const struct datagram_row *row);	/* opened; NULL without memory */
const struct datagram_row *dialogue_datagrams(const struct dialogue *d);
void *dialogue_reader(const struct dialogue *d);
/* It is done, and stays for what its reader wants to be kept (see datagram_row). False: that is nothing. */
bool dialogue_rest(struct dialogue *d);
uint64_t dialogue_mark(const struct dialogue *d);	/* 0: it does not rest */
void dialogue_spoke(struct dialogue *d);		/* the others give way first */

/* One that is done from the start and in no list. dialogue_free() leaves the shared one alone. */
struct dialogue *dialogue_over(struct proto *p);

#endif
