#include "alert/eve_parts.h"
#include "alert/words.h"
#include "records/realm_text.h"

static const struct addr nowhere;

void
eve_realm(struct json *j, unsigned hansho, const struct realm *r, bool vlan)
{
	bool tagged = vlan && (r->vlan[0] != 0 || r->vlan[1] != 0);
	bool outer = !addr_equal(&r->outer, &nowhere);
	unsigned realm, tags;
	int i;

	if (!tagged && !outer && r->tunnel == TUNNEL_NONE)
		return;
	realm = json_object(j, hansho, "realm");
	if (tagged) {
		tags = json_array(j, realm, "vlan");
		for (i = 0; i < 2; i++)
			if (r->vlan[i] != 0)
				json_array_number(j, tags, r->vlan[i]);
	}
	if (r->tunnel != TUNNEL_NONE) {
		json_text(j, realm, "tunnel", realm_tunnel_text(r->tunnel));
		json_number(j, realm, "tunnel_id", r->tunnel_id);
	}
	if (outer)
		json_addr(j, realm, "outer", &r->outer);
}

static bool
over_ip(const struct observation *o)
{
	return o->tunnel_depth > 0;
}

void
eve_tunnel(struct json *j, const struct observation *o)
{
	static const char *const keys[2] = { "id_toserver", "id_toclient" };
	unsigned tunnel;
	int side;

	if (o == NULL || o->tunnel == TUNNEL_NONE)
		return;
	tunnel = json_object(j, JSON_ROOT, "tunnel");
	if (over_ip(o)) {
		json_addr(j, tunnel, "src_ip", &o->outer[ORIGINATOR]);
		json_addr(j, tunnel, "dest_ip", &o->outer[RESPONDER]);
		eve_proto(j, tunnel, o->tunnel_protocol);
		json_number(j, tunnel, "depth", o->tunnel_depth);
	}
	json_text(j, tunnel, "kind", realm_tunnel_text(o->tunnel));
	for (side = 0; side < 2; side++)
		if (o->tunnel_id[side] != 0)
			json_number(j, tunnel, keys[side], o->tunnel_id[side]);
}

const char *
eve_tunnel_words(const struct observation *o, enum language l, char *buf, size_t size)
{
	char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
	bool ends;

	buf[0] = '\0';
	if (o == NULL || o->tunnel == TUNNEL_NONE)
		return buf;
	ends = over_ip(o);
	return words_tunnel(realm_tunnel_text(o->tunnel),
	    o->tunnel_id[ORIGINATOR] != 0 ? o->tunnel_id[ORIGINATOR] : o->tunnel_id[RESPONDER],
	    ends ? addr_text(&o->outer[ORIGINATOR], from) : NULL, ends ? addr_text(&o->outer[RESPONDER], to) : NULL, l, buf, size);
}
