#include "sinks/sink.h"

#include <stdlib.h>

#include "sinks/kinds.h"

static const struct sink_row *const rows[SINK_KINDS] = {
	[SINK_CONSOLE] = &sink_console,
	[SINK_EVE] = &sink_eve,
	[SINK_SYSLOG] = &sink_syslog,
	[SINK_WEBHOOK] = &sink_webhook,
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

enum sink_result
sink_deliver(struct sink *s, enum record_kind kind, const char *line, struct fault *fault)
{
	s->retry_after_ms = 0;
	return s->row->deliver(s, kind, line, fault);
}

enum sink_result
sink_flush(struct sink *s, struct fault *fault)
{
	s->retry_after_ms = 0;
	return s->row->flush == NULL ? SINK_DONE : s->row->flush(s, fault);
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
