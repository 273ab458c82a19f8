/*
 * realm.h - where an address is unique.
 *
 * VLAN tags plus the innermost tunnel's identity. Thousands of subscribers are
 * 192.168.0.2: the realm is part of every fragment, flow, host, beacon and
 * case key. No padding, unused parts zero: compare and hash it as bytes.
 *
 * Both directions of a conversation must have one realm, so only what is the
 * same in both is in it. packet.tunnel and packet.tunnel_id say what else was
 * on the wire; records show it.
 *
 *   kind        tunnel_id      why
 *   MPLS        not a realm    Labels belong to one direction, and the last
 *                              but one router takes them off (RFC 3031,
 *                              3.16): one direction has a stack where the
 *                              other has none.
 *   PPPOE       session        RFC 2516: one session, both directions
 *   GRE         key, or 0      NVGRE (RFC 7637): the virtual subnet without
 *                              the flow byte; PPTP: 0, each end has a call
 *                              number of its own
 *   ERSPAN      0              A session says which ports and directions are
 *                              mirrored: sent and received may be two, and two
 *                              switches on the way have one each.
 *   VXLAN       VNI
 *   GENEVE      VNI
 *   GTPU        0              Each end chooses the TEID it wants to hear, and
 *                              a handover changes TEID and base station in
 *                              the middle of a flow; the gateway has given
 *                              the subscriber an address of his own.
 *   IP_IN_IP    0              IPv4 in IPv4, IPv6 in either
 *   DSLITE      0              IPv4 in IPv6 (DS-Lite, MAP-E, lw4o6): `outer`
 *   TEREDO      0              its addresses are global
 *   PBB         I-SID          IEEE 802.1ah
 *
 * Which end of IPv4 in IPv6 is the customer, decided by what does not depend
 * on the direction; the first rule that tells the ends apart:
 * 1. not the one inside the networks of the option `relays` (AFTRs, border
 *    relays);
 * 2. the one whose outer address has its inner IPv4 address in the interface
 *    identifier (RFC 7597, 6, and its third draft: MAP-E, lw4o6);
 * 3. the one whose inner address is more of a home's: 192.168/16, 172.16/12,
 *    192.0.0/29 before 10/8 before 100.64/10 before all others;
 * 4. the numerically lower outer address.
 */
#ifndef HANSHO_REALM_H
#define HANSHO_REALM_H

#include <stdint.h>
#include <string.h>

#include "base/addr.h"

enum tunnel_kind {
	TUNNEL_NONE, TUNNEL_MPLS, TUNNEL_PPPOE, TUNNEL_GRE, TUNNEL_ERSPAN, TUNNEL_VXLAN,
	TUNNEL_GENEVE, TUNNEL_GTPU, TUNNEL_IP_IN_IP, TUNNEL_DSLITE, TUNNEL_TEREDO, TUNNEL_PBB,
	TUNNEL_KINDS
};

struct realm {
	uint16_t vlan[2];	/* identifiers, outermost first; 0: no tag */
	uint16_t tunnel;	/* enum tunnel_kind */
	uint16_t zero;
	uint32_t tunnel_id;	/* see above */
	struct addr outer;	/* the customer's outer address (DS-Lite, MAP-E), else zero */
};

_Static_assert(sizeof(struct realm) == 28, "a realm is compared as bytes");

static inline int
realm_compare(const struct realm *a, const struct realm *b)
{
	return memcmp(a, b, sizeof *a);
}

#endif
