#include "flow/entry.h"

/* A repetition lies at most a window behind; the largest is 1 GiB, but 1 MiB is what is met. */
enum { REPEATED_MOST_BYTES = 1 << 20 };

static bool
known(const struct entry *e, uint8_t what, int side)
{
	return (e->flow.known & what << side) != 0;
}

static void
know_start(struct entry *e, int side, uint32_t seq)
{
	if (known(e, KNOWN_START, side) || (e->flow.isn_seen & 1 << side) != 0)
		return;
	e->flow.isn[side] = seq;
	e->flow.known |= (uint8_t)(KNOWN_START << side);
}

/* The side's first right checksum, after wrong ones that were overlooked: no host took those. */
static bool
was_doubtful(const struct entry *e, const struct packet *p, int side)
{
	return (p->flags & PACKET_RIGHT_CHECKSUM) != 0 && known(e, KNOWN_DOUBTED, side) &&
	    !known(e, KNOWN_RIGHT, side);
}

/*
 * Repeated SYNs carry the number of the first; so does the SYN that comes
 * behind its own SYN+ACK or first data in the capture, since those told it.
 * A side whose number nobody has told yet may open at the same time as the
 * other (RFC 9293, 3.5), but only while nothing else was said.
 */
bool
tcp_begins_anew(const struct entry *e, const struct packet *p, int side)
{
	bool answer = (p->tcp_flags & TCP_ACK) != 0;

	if ((p->tcp_flags & TCP_SYN) == 0)
		return false;
	if (was_doubtful(e, p, side))
		return true;
	if (known(e, KNOWN_START, side) && p->seq == e->flow.isn[side])
		return false;
	if (answer && known(e, KNOWN_START, !side) && p->ack - 1 == e->flow.isn[!side])
		return false;
	return known(e, KNOWN_START, side) || e->flow.state != FLOW_NEW;
}

enum { SYN_WAITS = 1 };		/* << 32, above its number */

/*
 * A SYN inside a connection is answered with an ACK and changes nothing (RFC 9293,
 * 3.10.7.4; RFC 5961, 4): who sends one with a number of his own, to make a
 * sensor forget what it read, must not succeed. When the two begin anew indeed,
 * the SYN+ACK says so. Of a RST nobody knows here whether it was taken. Where
 * one direction alone is seen nothing can be confirmed.
 */
bool
tcp_must_be_confirmed(struct entry *e, const struct packet *p, int side)
{
	struct flow *f = &e->flow;

	if (f->talk == NULL || f->state == FLOW_NEW || f->state == FLOW_CLOSED || f->side[!side].packets == 0 ||
	    was_doubtful(e, p, side))
		return false;
	if ((p->tcp_flags & TCP_ACK) != 0)
		return f->talk->syn != ((uint64_t)SYN_WAITS << 32 | (p->ack - 1));
	f->talk->syn = (uint64_t)SYN_WAITS << 32 | p->seq;
	return true;
}

static void
note_starts(struct entry *e, const struct packet *p, int side)
{
	if ((p->tcp_flags & TCP_SYN) != 0) {
		know_start(e, side, p->seq);
		e->flow.midway = false;
		if ((p->tcp_flags & TCP_ACK) != 0)
			know_start(e, !side, p->ack - 1);
	} else if ((p->tcp_flags & TCP_RST) == 0) {
		know_start(e, side, p->seq - 1);
	}
}

/* Who has reset a connection does not speak on it: then the RST was somebody else's. */
static bool
reset_was_forged(const struct entry *e, const struct packet *p, int side)
{
	return e->flow.state == FLOW_RESET && e->flow.resetter == side && p->payload_wire_bytes > 0 &&
	    (p->tcp_flags & (TCP_RST | TCP_SYN)) == 0;
}

void
tcp_note(struct entry *e, const struct packet *p, int side)
{
	struct flow *f = &e->flow;
	uint8_t both = f->tcp_flags[0] & f->tcp_flags[1];

	note_starts(e, p, side);
	if (f->state == FLOW_CLOSED)
		return;
	if ((p->tcp_flags & TCP_RST) != 0) {
		if (f->state != FLOW_RESET)
			f->resetter = side == RESPONDER;
		f->state = FLOW_RESET;
	} else if (reset_was_forged(e, p, side)) {
		f->state = FLOW_ESTABLISHED;
	} else if (f->state != FLOW_RESET && (both & TCP_FIN) != 0) {
		f->state = FLOW_CLOSED;
	} else if (f->state == FLOW_NEW && (both & TCP_ACK) != 0) {
		f->state = FLOW_ESTABLISHED;
	}
}

/*
 * Keep-alives repeat the last byte before the edge (RFC 9293, 3.8.4). What
 * lies far behind is no repetition: a forged number moved the edge away.
 */
bool
tcp_is_new_payload(struct entry *e, const struct packet *p, int side)
{
	uint32_t end = p->seq + p->payload_wire_bytes, *edge = &e->flow.talk->edge[side];
	int32_t ahead = (int32_t)(end - *edge);

	if (known(e, KNOWN_EDGE, side) && ahead <= 0 && ahead > -REPEATED_MOST_BYTES)
		return false;
	*edge = end;
	e->flow.known |= (uint8_t)(KNOWN_EDGE << side);
	return true;
}
