/* sink_rig.h - one record to one sink, as the courier hands it over. */
#ifndef TESTS_SINK_RIG_H
#define TESTS_SINK_RIG_H

#include "sinks/sink.h"

static inline enum sink_result
give(struct sink *s, enum record_kind kind, const char *line, struct fault *fault)
{
	struct head head;
	struct sink_record r = { kind, line, &head };

	head_read(&head, line);
	return sink_deliver(s, &r, fault);
}

#endif
