#include "decode/layers.h"

/* IEEE 802.1Q. Identifier 0 gives a priority only; of more than two identifiers the outer two count. */
void
vlan_read(struct walk *w)
{
	struct realm *realm = &w->packet->realm;
	struct span head;
	uint16_t tag, type;

	if (!walk_take(w, 4, &head)) {
		walk_short(w, 4);
		return;
	}
	span_u16be(&head, &tag);
	span_u16be(&head, &type);
	tag &= 0x0fff;
	if (realm->vlan[0] == 0)
		realm->vlan[0] = tag;
	else if (realm->vlan[1] == 0)
		realm->vlan[1] = tag;
	ether_or_length_next(w, type);
}

/* A tag that says nothing about who is who: `len` bytes, then the EtherType. */
static void
tag_pass(struct walk *w, size_t len)
{
	struct span head;
	uint16_t type;

	if (!walk_take(w, len + 2, &head)) {
		walk_short(w, len + 2);
		return;
	}
	span_skip(&head, len);
	span_u16be(&head, &type);
	ether_or_length_next(w, type);
}

/* Interfaces of a VN-tag and sequence numbers of HSR and 802.1CB differ with the direction. */
void
tag4_read(struct walk *w)
{
	tag_pass(w, 4);
}

void
tag6_read(struct walk *w)
{
	tag_pass(w, 6);
}

/* IEEE 802.1ah (802.1Q, 9.7): the service instance ends the first four bytes, then the customer's frame. */
void
pbb_read(struct walk *w)
{
	struct span head;
	uint32_t tag;

	if (!walk_take(w, 4, &head)) {
		walk_short(w, 4);
		return;
	}
	span_u32be(&head, &tag);
	tag &= 0xffffff;
	tunnel_note(w->packet, TUNNEL_PBB, tag, tag);
	w->next = ethernet_read;
}

layer_fn *
service_reader(uint8_t number)
{
	static layer_fn *const readers[] = { NULL, ipv4_read, ipv6_read, ethernet_read, nsh_read, mpls_read };

	return number < sizeof readers / sizeof *readers ? readers[number] : NULL;
}

/* RFC 8300, 2.2: the path differs with the direction. The length counts words, this header's too. */
void
nsh_read(struct walk *w)
{
	struct span head = w->in, all;
	uint16_t first = 0;
	uint8_t number = 0;

	if (!span_u16be(&head, &first) || !span_skip(&head, 1) || !span_u8(&head, &number)) {
		walk_short(w, 4);
		return;
	}
	if (first >> 14 != 0 || (first & 63) < 2) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	if (!walk_take(w, (first & 63U) * 4, &all)) {
		walk_short(w, (first & 63U) * 4);
		return;
	}
	w->next = service_reader(number);
	if (w->next == NULL)
		walk_nothing(w, &w->decode->counts.not_ip);
}
