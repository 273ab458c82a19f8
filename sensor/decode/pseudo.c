#include "decode/layers.h"

/* Link types that no wire has: what the capturing machine put before the packet. */

enum { NFLOG_PAYLOAD = 9, NFLOG_ATTRIBUTES = 64 };

/* BSD loopback: an address family in the order of the machine that captured, or of the network. */
void
loopback_read(struct walk *w)
{
	struct span head;
	uint32_t family;

	if (!walk_take(w, 4, &head)) {
		walk_short(w, 4);
		return;
	}
	span_u32be(&head, &family);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		w->next = ipv4_read;
		break;
	case 10:	/* Linux */
	case 24:	/* NetBSD, OpenBSD */
	case 28:	/* FreeBSD */
	case 30:	/* macOS */
		w->next = ipv6_read;
		break;
	default:
		walk_nothing(w, &w->decode->counts.not_ip);
	}
}

/* A length and a type of two bytes each in the order of the machine that captured. */
static bool
attribute_take(struct span *s, bool big, uint16_t *type, struct span *value)
{
	struct span head, rest = *s;
	uint16_t len = 0;

	if (!span_take(&rest, 4, &head))
		return false;
	if (big)
		(void)(span_u16be(&head, &len) && span_u16be(&head, type));
	else
		(void)(span_u16le(&head, &len) && span_u16le(&head, type));
	*type &= 0x7fff;
	if (len < 4 || !span_take(&rest, len - 4U, value))
		return false;
	if (!span_skip(&rest, (4 - len % 4U) % 4))
		rest.left = 0;
	*s = rest;
	return true;
}

/* The payload attribute; the last one, which a snapshot length may have cut. */
static bool
nflog_payload(struct span s, bool big, size_t *skip)
{
	struct span all = s, value, head;
	uint16_t type = 0, len = 0;
	unsigned i;

	for (i = 0; i < NFLOG_ATTRIBUTES && s.left >= 4; i++) {
		head = s;
		(void)(big ? span_u16be(&head, &len) && span_u16be(&head, &type) :
		    span_u16le(&head, &len) && span_u16le(&head, &type));
		if (len >= 4 && (type & 0x7fff) == NFLOG_PAYLOAD) {
			*skip = all.left - s.left + 4;
			return true;
		}
		if (!attribute_take(&s, big, &type, &value))
			return false;
	}
	return false;
}

/* Netfilter's log: address family, version 0, resource, attributes. */
void
nflog_read(struct walk *w)
{
	struct span head;
	uint8_t family, version;
	size_t skip = 0;

	if (!walk_take(w, 4, &head)) {
		walk_short(w, 4);
		return;
	}
	span_u8(&head, &family);
	span_u8(&head, &version);
	if (version != 0 || (!nflog_payload(w->in, false, &skip) && !nflog_payload(w->in, true, &skip))) {
		walk_nothing(w, &w->decode->counts.not_ip);
		return;
	}
	walk_take(w, skip, &head);
	w->next = ip_read;
}

/* OpenBSD's packet filter: a length that is padded to four, the address family behind it. */
void
pflog_read(struct walk *w)
{
	struct span s = w->in, head;
	uint8_t len = 0;
	size_t all;

	if (!span_u8(&s, &len)) {
		walk_short(w, 1);
		return;
	}
	all = (len + 3U) / 4 * 4;
	if (len < 28 || !walk_take(w, all, &head)) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	w->next = ip_read;
}

/* Per-packet information: version 0, flags, length, the link type of what follows, all in little endian. */
void
ppi_read(struct walk *w)
{
	struct span s = w->in, head;
	uint16_t version = 0, len = 0;
	uint32_t link_type = 0;

	if (!span_u16le(&s, &version) || !span_u16le(&s, &len) || !span_u32le(&s, &link_type)) {
		walk_short(w, 8);
		return;
	}
	if ((version & 0xff) != 0 || len < 8) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	if (!walk_take(w, len, &head)) {
		walk_short(w, len);
		return;
	}
	w->next = link_type <= 0xffff ? link_reader((int)link_type) : NULL;
	if (w->next == NULL)
		walk_nothing(w, &w->decode->counts.unknown_link);
}
