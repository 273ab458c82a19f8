/* alert_rig.h - observations and findings to order, for the tests of alert/. */
#ifndef TESTS_ALERT_RIG_H
#define TESTS_ALERT_RIG_H

#include <string.h>

#include "base/when.h"
#include "finding.h"
#include "observation.h"

#define RIG_START_NS (1700000000LL * NS_PER_SEC)

static inline struct addr
rig_addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

/* 10.0.0.5:51514 asks 192.0.2.77:443 over TCP at `sec` after the start. */
static inline void
rig_observation(struct observation_buffer *b, enum observation_kind kind, double sec)
{
	struct observation *o = &b->o;

	memset(o, 0, sizeof *o);
	o->kind = (uint16_t)kind;
	o->key.addr[ORIGINATOR] = rig_addr("10.0.0.5");
	o->key.addr[RESPONDER] = rig_addr("192.0.2.77");
	o->key.port[ORIGINATOR] = 51514;
	o->key.port[RESPONDER] = 443;
	o->key.protocol = 6;
	o->home = 1;
	o->ts_ns = RIG_START_NS + (int64_t)(sec * 1e9);
	o->flow_first_ns = RIG_START_NS;
	o->flow_last_ns = o->ts_ns;
	o->flow_id = 1234567890123400;
	o->flow_state = FLOW_ESTABLISHED;
	o->packets[0] = 12;
	o->packets[1] = 10;
	o->flow_bytes[0] = 2310;
	o->flow_bytes[1] = 8120;
	o->indicator_first_ns = o->indicator_last_ns = o->indicator_until_ns = WHEN_UNKNOWN;
	o->not_before_ns = o->not_after_ns = WHEN_UNKNOWN;
}

static inline void
rig_text(struct observation_buffer *b, enum observation_text tag, const char *text)
{
	observation_add(b, tag, span_text(text), OBSERVATION_TEXT_BYTES);
}

static inline void
rig_indicator(struct observation_buffer *b, enum indicator_role role, enum indicator_type type,
    const char *value)
{
	b->o.indicator_role = (uint8_t)role;
	b->o.indicator_type = (uint8_t)type;
	b->o.indicator_line = 17;
	b->o.indicator_confidence = 90;
	rig_text(b, TEXT_INDICATOR_VALUE, value);
	rig_text(b, TEXT_INDICATOR_FEED, "threatfox");
	rig_text(b, TEXT_INDICATOR_MALWARE, "Emotet");
	rig_text(b, TEXT_INDICATOR_REFERENCE, "12345");
}

#endif
