#include "analyst/keep.h"

static bool
kind_of(const struct observation *o, uint8_t *kind)
{
	switch (o->kind) {
	case OBSERVE_CONTACT:
		*kind = KEPT_CONTACT;
		return true;
	case OBSERVE_FLOW:
		*kind = KEPT_FLOW;
		return o->count > 0;
	case OBSERVE_MATCH:
		*kind = KEPT_MATCH;
		return (o->flags & OBSERVED_RETRO) == 0;
	default:
		return false;
	}
}

bool
keep_of(const struct observation *o, const char *resolved, struct kept_buffer *out)
{
	struct span name = observation_text(o, o->kind == OBSERVE_MATCH ? TEXT_INDICATOR_VALUE : TEXT_SERVICE);
	struct kept *k = &out->k;

	memset(k, 0, sizeof *k);
	if (!kind_of(o, &k->kind))
		return false;
	k->protocol = o->key.protocol;
	k->host_side = o->host_side;
	k->port[0] = o->key.port[0];
	k->port[1] = o->key.port[1];
	k->type = o->indicator_type;
	k->ts_ns = o->ts_ns;
	k->addr[0] = o->key.addr[0];
	k->addr[1] = o->key.addr[1];
	k->realm = o->key.realm;
	if (k->kind == KEPT_FLOW) {
		k->bytes_out = o->flow_bytes[o->host_side];
		k->bytes_in = o->flow_bytes[!o->host_side];
	}
	if (name.left == 0 && k->kind != KEPT_MATCH && resolved[0] != '\0') {
		k->flags |= KEPT_RESOLVED;
		name = span_text(resolved);
	}
	kept_seal(out, name);
	return true;
}
