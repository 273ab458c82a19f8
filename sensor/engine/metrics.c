#include "engine/metrics.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

enum { BEAT_SEC = 10 };

/* ---- a moment's look ---- */

static void
look_at_sinks(struct metrics_view *v, int64_t clock_ns)
{
	const struct board *b = v->board;
	uint64_t count = atomic_load(&b->sinks_count), records = atomic_load(&b->journal_records), number;
	int64_t caught_up_ns;
	unsigned i;

	v->sinks = count > SINKS_MAX ? SINKS_MAX : (unsigned)count;
	for (i = 0; i < v->sinks; i++) {
		const struct board_sink *from = &b->sink[i];
		struct metrics_sink *to = &v->sink[i];

		board_text(to->name, sizeof to->name, from->name);
		board_text(to->last_fault, sizeof to->last_fault, from->last_fault);
		to->delivered = atomic_load(&from->delivered);
		to->refused = atomic_load(&from->refused);
		to->given_up = atomic_load(&from->given_up);
		to->refused_others = atomic_load(&from->refused_others);
		to->failures = atomic_load(&from->failures);
		to->lost = atomic_load(&from->lost);
		to->failing = atomic_load(&from->failing);
		number = to->number = atomic_load(&from->number);
		to->lag_records = records > number ? records - number : 0;
		caught_up_ns = atomic_load(&from->caught_up_ns);	/* any number, when the courier is somebody else's */
		/* It looks at the journal some times a second: less than that is none. */
		if (to->lag_records > 0 && caught_up_ns >= 0 && clock_ns - caught_up_ns > NS_PER_SEC)
			to->lag_ns = (uint64_t)(clock_ns - caught_up_ns);
	}
}

static void
look_at_feeds(struct metrics_view *v, int64_t now_ns)
{
	const struct board *b = v->board;
	uint64_t count = atomic_load(&b->feeds_count);
	int64_t renewed_sec, age_sec;
	unsigned i;

	v->feeds = count > FEEDS_MAX ? FEEDS_MAX : (unsigned)count;
	for (i = 0; i < v->feeds; i++) {
		const struct board_feed *from = &b->feed[i];
		struct metrics_feed *to = &v->feed[i];

		board_text(to->name, sizeof to->name, from->name);
		to->entries = atomic_load(&from->entries);
		to->refused = atomic_load(&from->refused);
		to->well = atomic_load(&from->well);
		renewed_sec = atomic_load(&from->renewed_sec);
		/* Never is as long as the sensor knows of it. */
		age_sec = now_ns / NS_PER_SEC - (renewed_sec > 0 ? renewed_sec : v->sensor.started_ns / NS_PER_SEC);
		to->age_sec = age_sec > 0 ? (uint64_t)age_sec : 0;
	}
}

bool
metrics_is_alive(const struct board *b, int64_t clock_ns)
{
	return clock_ns - atomic_load(&b->beat_ns) <= BEAT_SEC * NS_PER_SEC;
}

static void
look_whether_ready(struct metrics_view *v, int64_t clock_ns)
{
	const struct board *b = v->board;
	unsigned i;

	v->why_not_ready[0] = '\0';
	if (!metrics_is_alive(b, clock_ns))
		snprintf(v->why_not_ready, sizeof v->why_not_ready, "the supervisor does nothing");
	else if (atomic_load(&b->stop) != 0)
		snprintf(v->why_not_ready, sizeof v->why_not_ready, "it is stopping");
	else if (atomic_load(&b->watching) == 0)
		snprintf(v->why_not_ready, sizeof v->why_not_ready, "it is starting");
	else if (atomic_load(&b->process[BOARD_OF_ANALYST].up) == 0 || atomic_load(&b->analyst_up) == 0)
		snprintf(v->why_not_ready, sizeof v->why_not_ready, "the analyst does not work");
	else if (atomic_load(&b->process[BOARD_OF_COURIER].up) == 0 || atomic_load(&b->courier_up) == 0)
		snprintf(v->why_not_ready, sizeof v->why_not_ready, "the courier does not work");
	for (i = 0; i < v->workers && v->why_not_ready[0] == '\0'; i++)
		if (atomic_load(&b->process[BOARD_OF_WORKER + i].up) == 0 || atomic_load(&b->worker[i].turns) == 0)
			snprintf(v->why_not_ready, sizeof v->why_not_ready, "worker %u does not work", i);
}

void
metrics_look(struct metrics_view *v, const struct board *b, int64_t now_ns, int64_t clock_ns)
{
	uint64_t workers = atomic_load(&b->workers);
	unsigned i;

	memset(v, 0, sizeof *v);
	v->board = b;
	v->workers = workers > WORKERS_MAX ? WORKERS_MAX : (unsigned)workers;
	v->sensor.one = 1;
	v->sensor.workers = v->workers;
	v->sensor.memory_limit_bytes = atomic_load(&b->memory_limit_bytes);
	v->sensor.memory_used_bytes = atomic_load(&b->memory_used_bytes);
	for (i = 0; i < TROUBLE_KINDS; i++)
		v->sensor.trouble[i] = atomic_load(&b->trouble[i]);
	v->sensor.started_ns = atomic_load(&b->started_ns);
	look_at_sinks(v, clock_ns);
	look_at_feeds(v, now_ns);
	look_whether_ready(v, clock_ns);
	v->sensor.ready = v->why_not_ready[0] == '\0';
}

/* ---- what there is ---- */

static const char *const labels[METRIC_SCOPES] = {
	[METRIC_WORKER] = "worker", [METRIC_SINK] = "sink", [METRIC_FEED] = "feed", [METRIC_PROCESS] = "process",
};

unsigned
metrics_count(const struct metrics_view *v, enum metric_scope scope)
{
	switch (scope) {
	case METRIC_WORKER: return v->workers;
	case METRIC_SINK: return v->sinks;
	case METRIC_FEED: return v->feeds;
	case METRIC_PROCESS: return BOARD_OF_WORKER + v->workers;
	default: return 1;
	}
}

const void *
metrics_at(const struct metrics_view *v, enum metric_scope scope, unsigned n)
{
	switch (scope) {
	case METRIC_SENSOR: return &v->sensor;
	case METRIC_WORKER: return &v->board->worker[n];
	case METRIC_ANALYST: return &v->board->analyst;
	case METRIC_KEEPER: return &v->board->keeper;
	case METRIC_SINK: return &v->sink[n];
	case METRIC_FEED: return &v->feed[n];
	default: return &v->board->process[n];
	}
}

const char *
metrics_name(const struct metrics_view *v, enum metric_scope scope, unsigned n, char *buf, size_t size)
{
	static const char *const processes[BOARD_OF_WORKER] = { "supervisor", "analyst", "keeper", "courier", "porter" };

	buf[0] = '\0';
	if (scope == METRIC_WORKER)
		snprintf(buf, size, "%u", n);
	else if (scope == METRIC_SINK)
		snprintf(buf, size, "%s", v->sink[n].name);
	else if (scope == METRIC_FEED)
		snprintf(buf, size, "%s", v->feed[n].name);
	else if (scope == METRIC_PROCESS && n < BOARD_OF_WORKER)
		snprintf(buf, size, "%s", processes[n]);
	else if (scope == METRIC_PROCESS)
		snprintf(buf, size, "worker-%u", n - BOARD_OF_WORKER);
	return buf;
}

/* A process that this sensor does not have is not told. */
static bool
is_there(const struct metrics_view *v, enum metric_scope scope, unsigned n)
{
	return scope != METRIC_PROCESS || atomic_load(&v->board->process[n].starts) > 0;
}

/* The word may change while it is read: it is one word. */
static uint64_t
word_at(const void *base, size_t offset)
{
	return *(const volatile uint64_t *)(const void *)((const char *)base + offset);
}

static bool
is_known(const struct metric *m, uint64_t word)
{
	return m->type != METRIC_MOMENT || (int64_t)word > 0;
}

static double
scaled(const struct metric *m, uint64_t word)
{
	if (m->type == METRIC_MOMENT)
		return (double)(int64_t)word * 1e-9;
	return m->scale != 0 ? (double)word * m->scale : (double)word;
}

static unsigned
length(const struct metric_array *a)
{
	return a == NULL ? 1 : a->count * length(a->inner);
}

/* ---- Prometheus text ---- */

struct line {
	FILE *to;
	bool open;		/* a brace is */
};

/* What may stand in a label's value: no line end, no quote of its own. */
static void
put_label(struct line *l, const char *label, const char *value)
{
	fprintf(l->to, "%s%s=\"", l->open ? "," : "{", label);
	l->open = true;
	for (; *value != '\0'; value++)
		if (*value == '"' || *value == '\\')
			fprintf(l->to, "\\%c", *value);
		else
			fputc((unsigned char)*value < 0x20 || *value == 0x7f ? '?' : *value, l->to);
	fputc('"', l->to);
}

static void
put_array_labels(struct line *l, const struct metric_array *a, unsigned i)
{
	for (; a != NULL; a = a->inner) {
		put_label(l, a->label, a->text(i / length(a->inner)));
		i %= length(a->inner);
	}
}

static bool
has_name(const struct metric_array *a, unsigned i)
{
	for (; a != NULL; a = a->inner) {
		if (a->text(i / length(a->inner)) == NULL)
			return false;
		i %= length(a->inner);
	}
	return true;
}

static bool
is_told(const struct metric *m, unsigned i, uint64_t word)
{
	return has_name(m->array, i) && (word != 0 || m->type != METRIC_COUNTER);
}

static void
put_number(struct line *l, const struct metric *m, uint64_t word)
{
	fputs(l->open ? "} " : " ", l->to);
	if (m->type == METRIC_MOMENT || m->scale != 0)
		fprintf(l->to, "%.6f\n", scaled(m, word));
	else
		fprintf(l->to, "%" PRIu64 "\n", word);
}

static void
put_one(FILE *to, const struct metrics_view *v, const struct metric *m, unsigned n, unsigned i)
{
	uint64_t word = word_at(metrics_at(v, m->scope, n), m->offset + i * sizeof word);
	struct line l = { to, false };
	char name[BOARD_NAME_MAX];

	if (!is_known(m, word) || (m->array != NULL && !is_told(m, i, word)))
		return;
	fputs(m->name, to);
	if (labels[m->scope] != NULL)
		put_label(&l, labels[m->scope], metrics_name(v, m->scope, n, name, sizeof name));
	if (m->label != NULL)
		put_label(&l, m->label, m->value);
	put_array_labels(&l, m->array, i);
	put_number(&l, m, word);
}

void
metrics_print(const struct metrics_view *v, FILE *to)
{
	const struct metric *m;
	unsigned n, i;

	for (m = metric_rows; m < metric_rows + metric_rows_count; m++) {
		if (m == metric_rows || strcmp(m[-1].name, m->name) != 0)
			fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
			    m->type == METRIC_COUNTER ? "counter" : "gauge");
		for (n = 0; n < metrics_count(v, m->scope); n++)
			for (i = 0; i < length(m->array) && is_there(v, m->scope, n); i++)
				put_one(to, v, m, n, i);
	}
}

/* ---- JSON ---- */

/* "hansho_drops_total" → "drops": the ending is for those who calculate rates. */
static const char *
short_name(const struct metric *m, char *buf, size_t size)
{
	size_t n;

	snprintf(buf, size, "%s", m->name + strlen("hansho_"));
	n = strlen(buf);
	if (n > 6 && strcmp(buf + n - 6, "_total") == 0)
		buf[n - 6] = '\0';
	return buf;
}

/* The object under `name`, made when it is not there. */
static cJSON *
inner_object(cJSON *o, const char *name)
{
	cJSON *i = cJSON_GetObjectItemCaseSensitive(o, name);

	return i != NULL ? i : cJSON_AddObjectToObject(o, name);
}

/* Adds to what is there: a total is made of several. */
static void
add_number(cJSON *o, const char *name, const struct metric *m, double number)
{
	cJSON *old = cJSON_GetObjectItemCaseSensitive(o, name);

	if (old == NULL)
		cJSON_AddNumberToObject(o, name, number);
	else if (m->type != METRIC_MOMENT)
		cJSON_SetNumberHelper(old, old->valuedouble + number);
	else if (number > old->valuedouble)
		cJSON_SetNumberHelper(old, number);
}

static void
add_array(cJSON *o, const struct metric *m, const void *base)
{
	const struct metric_array *a;
	unsigned i, rest;
	uint64_t word;
	cJSON *at;

	for (i = 0; i < length(m->array); i++) {
		word = word_at(base, m->offset + i * sizeof word);
		if (!is_told(m, i, word))
			continue;
		rest = i;
		at = o;
		for (a = m->array; a->inner != NULL; a = a->inner) {
			at = inner_object(at, a->text(rest / length(a->inner)));
			rest %= length(a->inner);
		}
		add_number(at, a->text(rest), m, scaled(m, word));
	}
}

static void
add_rows(cJSON *o, enum metric_scope scope, const void *base)
{
	const struct metric *m;
	char name[64];
	uint64_t word;

	for (m = metric_rows; m < metric_rows + metric_rows_count; m++) {
		if (m->scope != scope)
			continue;
		short_name(m, name, sizeof name);
		word = word_at(base, m->offset);
		if (m->array != NULL)
			add_array(m->label == NULL ? inner_object(o, name) : inner_object(inner_object(o, name), m->value), m, base);
		else if (!is_known(m, word))
			continue;
		else if (m->label != NULL)
			add_number(inner_object(o, name), m->value, m, scaled(m, word));
		else
			add_number(o, name, m, scaled(m, word));
	}
}

static void
add_each(cJSON *o, const struct metrics_view *v, enum metric_scope scope, const char *key)
{
	cJSON *list = cJSON_AddArrayToObject(o, key), *one;
	char name[BOARD_NAME_MAX];
	unsigned n;

	for (n = 0; list != NULL && n < metrics_count(v, scope); n++) {
		if (!is_there(v, scope, n) || (one = cJSON_CreateObject()) == NULL)
			continue;
		cJSON_AddItemToArray(list, one);
		cJSON_AddStringToObject(one, labels[scope], metrics_name(v, scope, n, name, sizeof name));
		add_rows(one, scope, metrics_at(v, scope, n));
		if (scope != METRIC_SINK)
			continue;
		cJSON_AddStringToObject(one, "last_fault", v->sink[n].last_fault);
		cJSON_AddNumberToObject(one, "number", (double)v->sink[n].number);
	}
}

/* The words are feeds' own, cut; the analyst may be writing them. */
static void
add_census(cJSON *o, const struct census_now *now)
{
	cJSON *list = cJSON_AddArrayToObject(o, "census"), *one;
	char family[BEHAVIOUR_FAMILY_MAX], day[WHEN_TEXT_MAX];
	unsigned rows = now->rows < CENSUS_SHOWN ? now->rows : CENSUS_SHOWN, i;
	const struct census_row *r;

	for (i = 0; list != NULL && i < rows; i++) {
		r = &now->row[i];
		if ((one = cJSON_CreateObject()) == NULL)
			return;
		cJSON_AddItemToArray(list, one);
		/* As the analyst left it: until the year 2243, or nobody's. */
		when_rfc3339((r->day >= 0 && r->day < 100000 ? (int64_t)r->day : 0) * 86400 * NS_PER_SEC, day);
		day[10] = '\0';
		snprintf(family, sizeof family, "%.*s", (int)sizeof r->family - 1, r->family);
		cJSON_AddStringToObject(one, "day", day);
		cJSON_AddStringToObject(one, "family", family);
		cJSON_AddNumberToObject(one, "servers", (double)r->servers);
		cJSON_AddNumberToObject(one, "hosts", (double)r->hosts);
		cJSON_AddBoolToObject(one, "estimated", r->estimated != 0);
	}
}

/* Its number has 64 bits: no JSON number holds them. */
static void
add_selftest(cJSON *o, const struct selftest_state *s)
{
	cJSON *to = cJSON_AddObjectToObject(o, "selftest");
	char run[SELFTEST_RUN_DIGITS + 1];

	if (to == NULL)
		return;
	snprintf(run, sizeof run, "%016" PRIx64, s->run);
	cJSON_AddStringToObject(to, "run", run);
	cJSON_AddNumberToObject(to, "captured_ns", (double)s->captured_ns);
	cJSON_AddNumberToObject(to, "understood_ns", (double)s->understood_ns);
	cJSON_AddNumberToObject(to, "packets", (double)s->packets);
	cJSON_AddNumberToObject(to, "contact", (double)s->contact);
	cJSON_AddNumberToObject(to, "matched", (double)s->matched);
	cJSON_AddNumberToObject(to, "journal_number", (double)s->journal_number);
}

cJSON *
metrics_json(const struct metrics_view *v)
{
	cJSON *o = cJSON_CreateObject(), *total;
	unsigned n;

	if (o == NULL)
		return NULL;
	cJSON_AddStringToObject(o, "version", HANSHO_VERSION);
	if (v->why_not_ready[0] != '\0')
		cJSON_AddStringToObject(o, "not_ready", v->why_not_ready);
	add_rows(o, METRIC_SENSOR, metrics_at(v, METRIC_SENSOR, 0));
	if ((total = cJSON_AddObjectToObject(o, "total")) != NULL)
		for (n = 0; n < v->workers; n++)
			add_rows(total, METRIC_WORKER, metrics_at(v, METRIC_WORKER, n));
	add_each(o, v, METRIC_WORKER, "per_worker");
	add_rows(inner_object(o, "analyst"), METRIC_ANALYST, metrics_at(v, METRIC_ANALYST, 0));
	add_census(o, &v->board->analyst.census);
	add_rows(inner_object(o, "history"), METRIC_KEEPER, metrics_at(v, METRIC_KEEPER, 0));
	add_selftest(o, &v->board->analyst.selftest);
	add_each(o, v, METRIC_SINK, "sinks");
	add_each(o, v, METRIC_FEED, "feeds");
	add_each(o, v, METRIC_PROCESS, "processes");
	return o;
}
