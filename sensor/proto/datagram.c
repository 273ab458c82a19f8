/* datagram.c - whose a datagram is. */
#include "proto/private.h"

static bool
is_first_payload(const struct flow *f, int from, const struct packet *packet)
{
	const struct flow_talk *k = flow_talk(f);

	return k->payload_bytes[from] == packet->payload_wire_bytes && k->payload_bytes[1 - from] == 0;
}

/* Nothing is kept for such flows, so what is told of them is their first payload alone. */
static void
tell_first_payload(struct proto *p, const struct flow *f, int from, const struct packet *packet)
{
	const struct message like = { .flow = f, .from = from, .ts_ns = packet->ts_ns };
	struct span said[2] = { { NULL, 0 }, { NULL, 0 } };

	if (packet->payload_bytes == 0 || !is_first_payload(f, from, packet))
		return;
	p->counts.unknown++;
	said[from] = span_of(packet->payload, packet->payload_bytes);
	unknown_tell(p, &like, said);
}

/* The row has enough, or its dialogue gave way: the flow is nobody's any more, or until it begins anew. */
static void
leave(struct proto *p, struct dialogue **d)
{
	if (dialogue_rest(*d))
		return;
	dialogue_free(*d);
	*d = p->over;
}

bool
proto_begins_anew(const struct dialogue *d, int from, const struct packet *packet)
{
	uint64_t mark = dialogue_mark(d);

	return mark != 0 && dialogue_datagrams(d)->again(mark, from, packet);
}

static bool
begin_anew(struct proto *p, struct dialogue **d, int from, const struct packet *packet)
{
	const struct datagram_row *row = dialogue_datagrams(*d);
	struct dialogue *next;

	if (!proto_begins_anew(*d, from, packet) || (next = dialogue_of_datagrams(p, row)) == NULL)
		return false;
	row->resume(dialogue_reader(next), dialogue_mark(*d));
	dialogue_free(*d);
	*d = next;
	return true;
}

static bool
ask_reader(struct proto *p, struct dialogue **d, const struct flow *f, int from, const struct packet *packet)
{
	const struct datagram_row *row = dialogue_datagrams(*d);
	enum datagram_taken taken = row->datagram(p, dialogue_reader(*d), f, from, packet);

	if (taken == DATAGRAM_LAST)
		leave(p, d);
	else
		dialogue_spoke(*d);
	return taken != DATAGRAM_OTHER;
}

static bool
ask_row(struct proto *p, struct dialogue **d, const struct datagram_row *row, const struct flow *f, int from,
    const struct packet *packet)
{
	if (row->guess != NULL && !row->guess(f, from, packet))
		return false;
	if (row->open == NULL) {
		if (row->datagram(p, NULL, f, from, packet) == DATAGRAM_OTHER)
			return false;
		p->counts.datagrams[row->app]++;
		return true;
	}
	if (*d != NULL || (*d = dialogue_of_datagrams(p, row)) == NULL)
		return false;
	p->counts.recognised[row->app]++;
	return ask_reader(p, d, f, from, packet);
}

void
proto_datagram(struct proto *p, struct dialogue **d, const struct flow *f, int from, const struct packet *packet)
{
	const struct datagram_row *const *row;

	if (packet->protocol != PROTO_UDP ||
	    (packet->flags & (PACKET_BAD_CHECKSUM | PACKET_FRAGMENT)) != 0)
		return;
	if (*d != NULL && *d != p->over) {
		if (dialogue_wants(*d) || begin_anew(p, d, from, packet)) {
			if (ask_reader(p, d, f, from, packet))
				return;
		} else {
			leave(p, d);
		}
	}
	for (row = datagram_rows; *row != NULL; row++)
		if (ask_row(p, d, *row, f, from, packet))
			return;
	tell_first_payload(p, f, from, packet);
}

bool
proto_awaits_name(const struct flow *f, int from, const struct packet *packet)
{
	const struct datagram_row *const *row;

	for (row = datagram_rows; *row != NULL; row++)
		if ((*row)->named && (*row)->guess(f, from, packet))
			return true;
	return false;
}
