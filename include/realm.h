/*
 * realm.h - where an address is unique.
 *
 * VLAN tags plus the innermost tunnel's identity. Thousands of subscribers are
 * 192.168.0.2: the realm is part of every fragment, flow, host, beacon and
 * case key. No padding, unused parts zero: compare and hash it as bytes.
 */
#ifndef HANSHO_REALM_H
#define HANSHO_REALM_H

#include <stdint.h>
#include <string.h>

#include "base/addr.h"

enum tunnel_kind {
	TUNNEL_NONE, TUNNEL_MPLS, TUNNEL_PPPOE, TUNNEL_GRE, TUNNEL_ERSPAN, TUNNEL_VXLAN,
	TUNNEL_GENEVE, TUNNEL_GTPU, TUNNEL_IP_IN_IP, TUNNEL_DSLITE, TUNNEL_TEREDO,
	TUNNEL_KINDS
};

struct realm {
	uint16_t vlan[2];	/* identifiers, outermost first; 0: no tag */
	uint16_t tunnel;	/* enum tunnel_kind */
	uint16_t zero;
	uint32_t tunnel_id;	/* VNI, GRE key, TEID, label */
	struct addr outer;	/* the customer's outer address (DS-Lite, MAP-E), else zero */
};

_Static_assert(sizeof(struct realm) == 28, "a realm is compared as bytes");

static inline int
realm_compare(const struct realm *a, const struct realm *b)
{
	return memcmp(a, b, sizeof *a);
}

#endif
