#include "analyst/keep.h"

#include <string.h>

static uint8_t
kind_of(const struct observation *o)
{
	if (o->kind == OBSERVE_MATCH)
		return KEPT_MATCH;
	return o->kind == OBSERVE_CONTACT ? KEPT_CONTACT : KEPT_FLOW;
}

bool
keep_wants(const struct observation *o, bool log)
{
	switch (o->kind) {
	case OBSERVE_CONTACT:
		return log || kept_is_call(o->host_side, &o->key.addr[1]);
	case OBSERVE_FLOW:
		return o->count > 0 && kept_is_call(o->host_side, &o->key.addr[1]);
	case OBSERVE_MATCH:
		return (o->flags & OBSERVED_RETRO) == 0;
	default:
		return false;
	}
}

void
keep_of(const struct observation *o, const char *resolved, struct kept_buffer *out)
{
	struct span name = observation_text(o, o->kind == OBSERVE_MATCH ? TEXT_INDICATOR_VALUE : TEXT_SERVICE);
	struct kept *k = &out->k;

	memset(k, 0, sizeof *k);
	k->kind = kind_of(o);
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
}
