/*
 * entry.h - a flow as the table keeps it, and the parts of the table's work
 * that need no table: places, keys, direction, the state of a TCP connection.
 */
#ifndef SENSOR_FLOW_ENTRY_H
#define SENSOR_FLOW_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "flow.h"
#include "flow/table.h"
#include "packet.h"

/* Each has one timeout, so a list in order of the last packet is in order of the deadlines. */
enum timer { TIMER_TCP_NEW, TIMER_TCP_ESTABLISHED, TIMER_TCP_CLOSED, TIMER_UDP, TIMER_ICMP, TIMER_OTHER,
	TIMERS };

enum {	/* flow.known, for side 0; shifted left by one for side 1 */
	KNOWN_START = 1,	/* `isn` is set: the SYN's sequence number, seen or inferred */
	KNOWN_EDGE = 4,		/* the talk's `edge` is set */
	KNOWN_RIGHT = 16,	/* a right checksum was seen */
	KNOWN_DOUBTED = 64	/* a wrong one was overlooked */
};

/*
 * Indexes count from 1; 0 is none. Two cache lines, of which
 * a packet of a known flow needs both, and nothing else unless it says something.
 */
struct entry {
	uint32_t hash, chain;
	uint32_t older, newer;	/* in the list of its timer; `newer` alone in a list being sorted */
	int64_t touched_ns;	/* table's clock at the last packet */
	struct flow flow;
};

enum { ENTRY_BYTES = 128 };

_Static_assert(sizeof(struct entry) == ENTRY_BYTES, "two cache lines that processors fetch together");

/* ---- what a packet adds ---- */

/* May the packet say something about a TCP connection? A host would have dropped one with a wrong checksum. */
static inline bool
is_good_tcp(const struct packet *p)
{
	return p->protocol == PROTO_TCP && (p->flags & (PACKET_BAD_CHECKSUM | PACKET_FRAGMENT)) == 0;
}

/* Counters, times, the state; what was said needs a talk. */
void entry_count(struct entry *e, const struct packet *p, int side, struct flow_counts *counts);

/* The side that did not speak yet says its own number with its first packet. */
void entry_note_tunnel(struct entry *e, const struct packet *p, int side);

/* ---- what ends together ---- */

static inline bool
began_before(const struct entry *entry, uint32_t a, uint32_t b)
{
	return entry[a].flow.first_ordinal < entry[b].flow.first_ordinal;
}

/* A chain over `newer`, from now on in the order the flows began. */
uint32_t chain_sort(struct entry *entry, uint32_t chain);

/* ---- what was said ---- */

struct talk_pool {
	struct talk_chunk *chunks;
	struct flow_talk *unused;	/* linked by slot[SLOT_WITNESS] */
};

/* Zeroed but for the times; NULL without memory. */
struct flow_talk *talk_take(struct talk_pool *p);
void talk_leave(struct talk_pool *p, struct flow_talk *k);	/* NULL is fine */
void talk_pool_clear(struct talk_pool *p);

/* ---- where flows are ---- */

struct place_pool {
	struct place **buckets;
	uint32_t bucket_shift;
	struct place_chunk *chunks;
	struct place *unused;
	struct place *latest;		/* where the latest flow with a place is; NULL: none */
};

/* The most that one costs, its buckets too. */
size_t place_bytes(void);

/* `flows`: at most so many will be there at once. */
bool place_pool_init(struct place_pool *p, uint32_t flows);
void place_pool_clear(struct place_pool *p);

/* The one like *place, which is not kept; NULL without memory. */
const struct flow_place *place_take(struct place_pool *p, const struct flow_place *place);
void place_leave(struct place_pool *p, const struct flow_place *place);	/* NULL is fine */

/* ---- keys ---- */

/* Key of the packet's flow with its sender as side 0. */
void key_from_packet(struct flow_key *k, const struct packet *p);

/* Random numbers for hashes of keys, from the process's seed. */
struct key_secret {
	uint64_t word[10];	/* one for each word of a key */
	uint64_t plain[5];	/* for one that is plain */
	uint64_t last[5];	/* to bring 128 bits to 32 */
};

void key_secret_init(struct key_secret *s);

/* Fills *out; its hash is the same for both directions. */
void key_look(const struct key_secret *s, const struct packet *p, struct flow_look *out);

/* Of one that is not plain, as key_side(). */
int key_side_other(const struct flow *f, const struct flow_key *k);

static inline int
key_side_plain(const struct flow *f, const struct flow_look *look)
{
	uint32_t low[2], port[2] = { f->port[0], f->port[1] };

	if (f->place != NULL || f->protocol != look->protocol)
		return -1;
	memcpy(low, f->low, sizeof low);
	if (low[0] == look->low[0] && low[1] == look->low[1] && port[0] == look->port[0] && port[1] == look->port[1])
		return ORIGINATOR;
	if (low[0] == look->low[1] && low[1] == look->low[0] && port[0] == look->port[1] && port[1] == look->port[0])
		return RESPONDER;
	return -1;
}

/* Which side of `f` sent what is looked for: 0, 1, or -1 when it is another conversation. */
static inline int
key_side(const struct flow *f, const struct flow_look *look)
{
	return look->plain ? key_side_plain(f, look) : key_side_other(f, &look->key);
}

/* Did the sender of this first packet ask? False: it answers a question that was not seen. */
bool sender_asked(const struct packet *p, const struct flow_key *k);

/* tcp_begins_anew() says yes: is that not to be believed, yet? Notes the SYN. */
bool tcp_must_be_confirmed(struct entry *e, const struct packet *p, int side);

/* Does this SYN belong to another connection than the one kept? */
bool tcp_begins_anew(const struct entry *e, const struct packet *p, int side);

/* Moves the state on; counters and flags are already counted. */
void tcp_note(struct entry *e, const struct packet *p, int side);

/* Payload that is no repetition and no keep-alive. Moves the edge. */
bool tcp_is_new_payload(struct entry *e, const struct packet *p, int side);

#endif
