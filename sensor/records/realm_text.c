#include "records/realm_text.h"

#include <stdio.h>

const char *
realm_tunnel_text(uint16_t kind)
{
	static const char *const names[TUNNEL_KINDS] = {
		[TUNNEL_NONE] = "", [TUNNEL_MPLS] = "mpls", [TUNNEL_PPPOE] = "pppoe",
		[TUNNEL_GRE] = "gre", [TUNNEL_ERSPAN] = "erspan", [TUNNEL_VXLAN] = "vxlan",
		[TUNNEL_GENEVE] = "geneve", [TUNNEL_GTPU] = "gtp-u", [TUNNEL_IP_IN_IP] = "ip-in-ip",
		[TUNNEL_DSLITE] = "ds-lite", [TUNNEL_TEREDO] = "teredo", [TUNNEL_PBB] = "802.1ah",
	};

	return kind < TUNNEL_KINDS ? names[kind] : "?";
}

const char *
realm_text(const struct realm *r, char buf[REALM_TEXT_MAX])
{
	static const struct addr nowhere;
	char outer[ADDR_TEXT_MAX + 1] = "", vlan[24] = "", id[16] = "";

	if (r->vlan[0] != 0 && r->vlan[1] != 0)
		snprintf(vlan, sizeof vlan, "vlan %u.%u", r->vlan[0], r->vlan[1]);
	else if (r->vlan[0] != 0 || r->vlan[1] != 0)
		snprintf(vlan, sizeof vlan, "vlan %u", r->vlan[0] != 0 ? r->vlan[0] : r->vlan[1]);
	if (r->tunnel_id != 0)
		snprintf(id, sizeof id, " %u", r->tunnel_id);
	if (!addr_equal(&r->outer, &nowhere)) {
		outer[0] = ' ';
		addr_text(&r->outer, outer + 1);
	}
	snprintf(buf, REALM_TEXT_MAX, "%s%s%s%s%s", vlan, vlan[0] != '\0' && r->tunnel != TUNNEL_NONE ? " " : "",
	    realm_tunnel_text(r->tunnel), id, outer);
	return buf;
}
