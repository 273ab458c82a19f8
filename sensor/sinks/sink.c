#include "sinks/sink.h"

#include <stdlib.h>
#include <string.h>

#include "sinks/kinds.h"

enum { BATCH_USUAL = 256 };

static const struct sink_row *const rows[SINK_KINDS] = {
	[SINK_CONSOLE] = &sink_console,
	[SINK_EVE] = &sink_eve,
	[SINK_SYSLOG] = &sink_syslog,
	[SINK_WEBHOOK] = &sink_webhook,
	[SINK_STORE] = &sink_store,
	[SINK_MAIL] = &sink_mail,
};

const char *
sink_kind_text(enum sink_kind kind)
{
	return kind < SINK_KINDS ? rows[kind]->name : "?";
}

int
sink_open(const struct sink_options *options, struct sink **out, struct fault *fault)
{
	struct sink *s;
	int r;

	*out = NULL;
	if (options->kind >= SINK_KINDS)
		return fault_set(fault, SE_USAGE, "sink %s: no such kind of sink", options->name);
	if ((s = calloc(1, sizeof *s)) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: out of memory", options->name);
	s->row = rows[options->kind];
	s->options = *options;
	s->batch = BATCH_USUAL;
	atomic_init(&s->cancelled, false);
	if (s->options.timeout_ms == 0)
		s->options.timeout_ms = SINK_TIMEOUT_MS;
	if ((r = s->row->open(s, fault)) < 0) {
		sink_close(s);
		return r;
	}
	*out = s;
	return 0;
}

static bool
is_alert(enum record_kind kind)
{
	return kind == RECORD_ALERT || kind == RECORD_MEMBER || kind == RECORD_HELD;
}

bool
sink_asks_head(const struct sink_options *o, enum record_kind kind)
{
	return is_alert(kind) || o->networks_count > 0;
}

bool
sink_wants(const struct sink_options *o, enum record_kind kind, const struct head *head)
{
	unsigned i;

	if ((unsigned)kind >= 32 || (o->records >> kind & 1) == 0)
		return false;
	if (is_alert(kind) && o->least_severity > 0 && head->severity > o->least_severity)
		return false;
	if (is_alert(kind) && o->kinds != 0 && (o->kinds >> head->kind & 1) == 0)
		return false;
	for (i = 0; i < o->networks_count; i++)
		if (head->has_host && cidr_contains(&o->networks[i], &head->host))
			return true;
	return o->networks_count == 0;
}

enum sink_result
sink_deliver(struct sink *s, const struct sink_record *r, struct fault *fault)
{
	enum sink_result e;

	s->retry_after_ms = 0;
	e = s->row->deliver(s, r, fault);
	if (s->row->settles)
		return e;
	s->held += e == SINK_DONE;
	s->tally.refused += e == SINK_REFUSED;
	s->tally.refused_others += e == SINK_REFUSED && r->head->kind != HEAD_SENSOR;
	s->tally.failures += e == SINK_LATER;
	if (e != SINK_DONE)
		s->tally.fault = *fault;
	return e;
}

enum sink_result
sink_flush(struct sink *s, struct fault *fault)
{
	enum sink_result e;

	s->retry_after_ms = 0;
	e = s->row->flush == NULL ? SINK_DONE : s->row->flush(s, fault);
	if (s->row->settles)
		return e;
	if (e != SINK_DONE)
		s->tally.fault = *fault;
	if (e == SINK_LATER) {
		s->tally.failures++;
		return e;
	}
	*(e == SINK_DONE ? &s->tally.delivered : &s->tally.refused) += s->held;
	s->held = 0;
	return e;
}

unsigned
sink_held(const struct sink *s)
{
	return s->held;
}

unsigned
sink_batch(const struct sink *s)
{
	return s->batch;
}

bool
sink_is_patient(const struct sink *s)
{
	return s->row->patient;
}

bool
sink_has_room(const struct sink *s)
{
	unsigned each = s->options.batch > 0 ? s->options.batch : 1;

	return s->held + each <= s->batch;
}

bool
sink_wants_other(const struct sink *s)
{
	return s->row->wants_other != NULL && s->row->wants_other(s);
}

void
sink_take_tally(struct sink *s, struct sink_tally *out)
{
	*out = s->tally;
	memset(&s->tally, 0, sizeof s->tally);
}

void
sink_hurry(struct sink *s)
{
	s->hurry = true;
}

uint32_t
sink_retry_after_ms(const struct sink *s)
{
	return s->retry_after_ms;
}

int
sink_probe(struct sink *s, struct fault *fault)
{
	return s->row->probe == NULL ? 0 : s->row->probe(s, fault);
}

void
sink_cancel(struct sink *s)
{
	atomic_store(&s->cancelled, true);
}

void
sink_close(struct sink *s)
{
	if (s == NULL)
		return;
	if (s->row->close != NULL)
		s->row->close(s);
	free(s);
}
