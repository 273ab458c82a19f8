#include "decode/layers.h"

/* Real stacks have a handful of labels; a frame that is all labels has no bottom. */
enum { LABELS_MAX = 16 };

/*
 * What follows the last label is told by its first four bits (RFC 4928, 3): 4
 * and 6 are IP, else it is a pseudowire's: Ethernet, with a control word (first
 * four bits 0; RFC 4448, 4.6) or without one. Both may begin with zeros, so
 * the one with a known EtherType at its place is taken, the control word first.
 */
static void
pseudowire_read(struct walk *w)
{
	struct span behind = w->in, word;
	uint8_t first = 0;

	(void)span_u8(&behind, &first);
	behind = w->in;
	if (first >> 4 == 0 && span_skip(&behind, 4) && looks_like_ethernet(behind, w->wire - 4)) {
		walk_take(w, 4, &word);
		w->next = ethernet_read;
	} else if (looks_like_ethernet(w->in, w->wire)) {
		w->next = ethernet_read;
	} else {
		walk_nothing(w, &w->decode->counts.not_ip);
	}
}

/* An Ethernet address may begin with 4 or 6 too: then the IP header's lengths do not fit. */
static bool
looks_like_ip(const struct walk *w)
{
	struct span s = w->in;
	uint8_t first;
	uint16_t second, third;

	if (!span_u8(&s, &first) || !span_skip(&s, 1) || !span_u16be(&s, &second) || !span_u16be(&s, &third))
		return false;
	if (first >> 4 == 4)
		return (first & 15) >= 5 && second >= 20 && second <= w->wire;
	return first >> 4 == 6 && third + 40U <= w->wire;
}

/* RFC 3032, 2.1: label, traffic class, bottom of stack, time to live. */
void
mpls_read(struct walk *w)
{
	struct span entry;
	uint32_t label = 0;
	unsigned count;

	for (count = 0; (label >> 8 & 1) == 0; count++) {
		if (count == LABELS_MAX) {
			walk_nothing(w, &w->decode->counts.malformed);
			return;
		}
		if (!walk_take(w, 4, &entry)) {
			walk_short(w, 4);
			return;
		}
		span_u32be(&entry, &label);
	}
	tunnel_note(w->packet, TUNNEL_MPLS, 0, label >> 12);
	if (looks_like_ip(w))
		w->next = ip_read;
	else
		pseudowire_read(w);
}
