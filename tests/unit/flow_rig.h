/* flow_rig.h - a packet into a flow table, looked for first as the pipeline does. */
#ifndef TESTS_UNIT_FLOW_RIG_H
#define TESTS_UNIT_FLOW_RIG_H

#include "flow/table.h"

static inline struct flow *
flow_take(struct flows *t, struct packet *p, int *side, bool *is_new)
{
	struct flow_look look;

	flows_look(t, p, &look);
	flows_look_on(t, &look);
	return flows_packet(t, p, &look, side, is_new);
}

#endif
