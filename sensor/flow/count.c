#include <stdlib.h>

#include "base/when.h"
#include "flow/entry.h"

static void
count_speech(struct entry *e, const struct packet *p, int side)
{
	struct flow_talk *k = e->flow.talk;
	int64_t *last_ns = &k->last_payload_ns[side];

	k->payload_bytes[side] += p->payload_wire_bytes;
	if ((p->flags & PACKET_BAD_CHECKSUM) != 0)
		return;
	if (p->protocol == PROTO_TCP && !tcp_is_new_payload(e, p, side))
		return;
	if (*last_ns != WHEN_UNKNOWN)
		k->pause_ns[side] = p->ts_ns > *last_ns ? p->ts_ns - *last_ns : 0;
	*last_ns = p->ts_ns;
}

/* Only a side's packets up to its first payload can bring news of that. */
static void
note_directions(const struct flow *f, const struct packet *p, int side, struct flow_counts *counts)
{
	const struct flow_side *s = &f->side[side], *other = &f->side[!side];
	const struct flow_talk *k = flow_talk(f);
	bool had_payload = k->payload_bytes[0] + k->payload_bytes[1] > 0, has_payload = had_payload || p->payload_wire_bytes > 0;
	bool had_both = s->packets > 0 && other->packets > 0;

	if (p->protocol != PROTO_TCP)
		return;
	if (!had_payload && has_payload)
		counts->spoken++;
	if (has_payload && other->packets > 0 && !(had_payload && had_both))
		counts->answered++;
}

void
entry_count(struct entry *e, const struct packet *p, int side, struct flow_counts *counts)
{
	struct flow *f = &e->flow;
	struct flow_side *s = &f->side[side];

	if (s->packets == 0 || flow_talk(f)->payload_bytes[side] == 0)
		note_directions(f, p, side, counts);
	s->packets += p->frames;
	s->bytes += p->ip_bytes;
	if (p->ts_ns > f->last_ns)
		f->last_ns = p->ts_ns;
	if (p->payload_wire_bytes > 0)
		count_speech(e, p, side);
	if (is_good_tcp(p)) {
		f->tcp_flags[side] |= p->tcp_flags;
		tcp_note(e, p, side);
	} else if (p->protocol != PROTO_TCP && f->side[!side].packets > 0) {
		f->state = FLOW_ESTABLISHED;
	}
}

void
entry_note_tunnel(struct entry *e, const struct packet *p, int side)
{
	struct flow *f = &e->flow;
	struct flow_tunnel *n = flow_talk(f)->tunnel;

	if (f->talk != NULL && n == NULL && f->side[!side].packets == 0 && f->side[side].packets == 0) {
		if ((n = f->talk->tunnel = calloc(1, sizeof *n)) == NULL)
			return;
		n->kind = p->tunnel;
		n->protocol = p->outer_protocol;
		n->depth = p->depth;
		n->outer[side] = p->outer_src;
		n->outer[!side] = p->outer_dst;
	}
	if (n != NULL && n->kind == p->tunnel && f->side[side].packets == 0)
		n->id[side] = p->tunnel_id;
}
