#include "analyst/past.h"

#include <stdlib.h>
#include <string.h>

#include "analyst/keeper.h"
#include "base/when.h"
#include "history/known.h"

struct past {
	const struct config *config;
	struct history_known *known;
};

struct past *
past_new(const struct config *config)
{
	struct past *p = calloc(1, sizeof *p);

	if (p != NULL)
		p->config = config;
	return p;
}

void
past_free(struct past *p)
{
	if (p == NULL)
		return;
	history_known_close(p->known);
	free(p);
}

void
past_read(struct past *p)
{
	char path[CONFIG_TEXT_MAX + 32];
	struct history_known *known;
	struct fault fault;

	if (!p->config->history_enabled || history_known_open(keeper_known_path(p->config, path, sizeof path), &known,
	    &fault) < 0)
		return;
	history_known_close(p->known);
	p->known = known;
}

static int32_t
day_of(int64_t ns)
{
	return (int32_t)(ns / NS_PER_SEC / 86400);
}

void
past_ask(void *past, const struct novelty_question *q, struct novelty *out)
{
	const struct past *p = past;
	int32_t day = day_of(q->before_ns), first;

	memset(out, 0, sizeof *out);
	if (p == NULL || p->known == NULL || q->before_ns == WHEN_UNKNOWN)
		return;
	out->days = history_known_days_before(p->known, q->realm, q->host, day);
	if (p->config->history.days > 0 && out->days > p->config->history.days)
		out->days = p->config->history.days;
	out->known = out->days >= KNOWN_COVERAGE_DAYS;
	first = history_known_first_day(p->known, q->name, q->peer, q->port, q->protocol);
	out->never = first == KNOWN_NEVER || first >= day;
	if (!out->never)
		out->since_days = (uint32_t)(day - first);
}
