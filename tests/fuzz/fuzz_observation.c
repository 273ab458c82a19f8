/*
 * Whatever a worker that was taken over may send: observations that
 * observation_valid() takes, through beacons, alerts and records to the lines
 * of the sinks. A line is one JSON object without a byte that a terminal
 * obeys; so is its syslog message.
 *
 * Input: for each observation four bytes (kind, texts, a place and a length
 * within the fixed part), the bytes for that place, then per text a tag, a
 * length and bytes. What is out of range is brought into it, so that nearly
 * every input goes all the way.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alerts.h"
#include "alert/eve.h"
#include "alert/former.h"
#include "alert/policy.h"
#include "beacon/beacon.h"
#include "indicator.h"
#include "message.h"
#include "observation.h"
#include "record.h"
#include "sinks/format/format.h"
#include "sinks/syslog_format.h"
#include "sinks/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OBSERVATIONS_MAX = 400 };

struct chain {
	struct beacon *beacon;
	struct alerts *alerts;
};

static void
check_clean(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0))
			abort();
	}
}

/* In every form it is one line, and clean. */
static void
check_formats(enum record_kind kind, const char *line)
{
	char *out;
	int f;

	for (f = FORMAT_ECS; f < LINE_FORMATS; f++) {
		if (format_line(kind, line, (enum line_format)f, &out) < 0)
			abort();
		if (out != NULL) {
			check_clean(out, strlen(out));
			if (strchr(out, '\n') != NULL)
				abort();
		}
		free(out);
	}
}

/* An analyst after this one finds its alerts again (a time of before 1970 it may not know). */
static void
check_former(enum record_kind kind, const char *line)
{
	struct former_head head;
	struct former f;

	if (kind != RECORD_ALERT)
		return;
	if (!former_head(line, &head) || head.revision == 0)
		abort();
	former_read(&f, line);
	former_clear(&f);
}

/* Takes `line`. */
static void
check_line(enum record_kind kind, char *line)
{
	static const struct syslog_sender sender = { .facility = 16, .host = "sensor", .process = 1 };
	char message[SYSLOG_SIZE_UDP];
	struct view v;

	if (line == NULL)
		abort();
	check_clean(line, strlen(line));
	if (!view_open(&v, line))
		abort();
	view_close(&v);
	if (kind == RECORD_ALERT && syslog_format(&sender, kind, line, message, sizeof message) == 0)
		abort();
	check_formats(kind, line);
	check_former(kind, line);
	free(line);
}

static void
on_alert(void *to, const struct alert *a)
{
	(void)to;
	check_line(RECORD_ALERT, eve_alert(a, "sensor"));
}

static void
on_beacon(void *to, const struct finding *f)
{
	(void)to;
	check_line(RECORD_BEACON, eve_beacon(f, "sensor", LANGUAGE_EN));
}

static void
on_finding(void *to, const struct finding *f)
{
	struct chain *c = to;

	alerts_take(c->alerts, f);
}

static int64_t
in_range(int64_t ns)
{
	return (int64_t)((uint64_t)ns % ((uint64_t)OBSERVATION_TIME_MAX_NS + 1));
}

static void
bring_into_range(struct observation *o, uint8_t kind)
{
	o->kind = kind % OBSERVATION_KINDS;
	o->detail %= REMOTE_ACTIONS;	/* the shortest of the enumerations that it may hold */
	if (o->kind == OBSERVE_FILE)
		o->detail = o->inner % FILE_KINDS;
	o->inner %= FILE_KINDS;
	o->outcome %= OUTCOMES;
	o->app %= APP_KINDS;
	o->home &= 3;
	o->host_side &= 1;
	o->flow_state %= FLOW_RESET + 1;
	o->flow_end %= FLOW_END_INPUT + 1;
	o->phase %= PHASE_PACKET + 1;
	o->indicator_type %= INDICATOR_TYPES;
	o->indicator_role %= ROLE_KINDS;
	o->ts_ns = in_range(o->ts_ns);
	o->flow_first_ns = in_range(o->flow_first_ns);
	o->flow_last_ns = in_range(o->flow_last_ns);
	o->deadline_ns = INT64_MAX;
	o->text_bytes = 0;
}

static void
add_texts(struct observation_buffer *b, struct span *in, unsigned count)
{
	struct span text = span_of(NULL, 0);
	uint64_t seen = 0;
	uint8_t tag, len;

	for (; count > 0; count--) {
		if (!span_u8(in, &tag) || !span_u8(in, &len))
			return;
		span_take(in, len < in->left ? len : in->left, &text);
		tag = (uint8_t)(1 + tag % (TEXT_TAGS - 1));
		if ((seen & UINT64_C(1) << tag) == 0)
			observation_add(b, tag, text, OBSERVATION_TEXT_BYTES);
		seen |= UINT64_C(1) << tag;
	}
}

/* The fixed part goes on from the observation before: beacons need many that differ little. */
static bool
next_observation(struct span *in, struct observation_buffer *b)
{
	struct span part = span_of(NULL, 0);
	uint8_t kind, texts, place, len;
	size_t at;

	if (!span_u8(in, &kind) || !span_u8(in, &texts) || !span_u8(in, &place) || !span_u8(in, &len))
		return false;
	at = place % (sizeof b->o / 2) * 2;
	span_take(in, len < in->left ? len : in->left, &part);
	if (part.left > sizeof b->o - at)
		part.left = sizeof b->o - at;
	if (part.left > 0)
		memcpy((uint8_t *)&b->o + at, part.at, part.left);
	b->o.ts_ns = (int64_t)((uint64_t)b->o.ts_ns + (kind >> 3) * UINT64_C(1000000000));
	bring_into_range(&b->o, kind);
	add_texts(b, in, texts % 8);
	observation_seal(b);
	return observation_valid(&b->o, b->o.bytes);
}

static void
take(struct chain *c, const struct observation *o)
{
	switch (o->kind) {
	case OBSERVE_CONTACT: beacon_note(c->beacon, o); break;
	case OBSERVE_MATCH: policy_match(NULL, o, on_finding, c); break;
	case OBSERVE_NAME: alerts_name(c->alerts, o); break;
	case OBSERVE_SENSOR: policy_sensor(o, on_finding, c); break;
	case OBSERVE_IDENTITY: alerts_identity(c->alerts, o); check_line(RECORD_IDENTITY, eve_record(o, "sensor")); break;
	case OBSERVE_EVASION: policy_evasion(NULL, o, on_finding, c); break;
	case OBSERVE_LASTING:		/* for behaviours alone */
	case OBSERVE_UNANSWERED:
	case OBSERVE_PROXY: break;
	default: check_line(RECORD_FLOW, eve_record(o, "sensor"));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct beacon_limits beacon = { .max_keys = 16, .min_contacts = 5, .alert_score = 0.5, .record_score = 0.1,
		.burst_ms = 2 };
	static const struct alert_limits alert = { .max_open = 4, .max_names = 8, .max_hosts = 8, .update_sec = 300,
		.close_sec = 3600, .case_close_sec = 3600, .host_hourly = 2, .rule_hourly = 3 };
	static struct observation_buffer b;
	struct span in = span_of(data, size);
	struct chain c;
	unsigned n;

	memset(&b.o, 0, sizeof b.o);
	c.beacon = beacon_new(&beacon, on_finding, &c);
	c.alerts = alerts_new(&alert, NULL, on_alert, NULL);
	for (n = 0; c.beacon != NULL && c.alerts != NULL && n < OBSERVATIONS_MAX; n++) {
		if (!next_observation(&in, &b))
			break;
		alerts_advance(c.alerts, b.o.ts_ns);
		take(&c, &b.o);
	}
	if (c.beacon != NULL && c.alerts != NULL) {
		beacon_each(c.beacon, on_beacon, NULL);
		alerts_finish(c.alerts, OBSERVATION_TIME_MAX_NS);
	}
	beacon_free(c.beacon);
	alerts_free(c.alerts);
	return 0;
}
