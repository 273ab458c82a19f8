#include "alert/rates.h"

#include <stdlib.h>
#include <string.h>

#include "alert/names.h"
#include "base/heap.h"
#include "base/sentence.h"
#include "base/table.h"
#include "base/when.h"

#define NS_PER_HOUR (3600 * NS_PER_SEC)

struct rate_key {
	struct realm realm;
	struct addr host;
	uint32_t signature;		/* 0: of a host */
};

_Static_assert(sizeof(struct rate_key) == sizeof(struct realm) + sizeof(struct addr) + 4, "compared as bytes");

struct rate {
	UT_hash_handle hh;		/* in the order in which their hours began */
	struct rate_key key;
	int64_t began_ns, last_ns;	/* of its hour; when one opened last */
	uint32_t opened;		/* within the hour */
	struct summary_numbers *summary;	/* NULL: nothing was held back */
};

struct rates {
	uint32_t host_hourly, rule_hourly, max;
	uint64_t *evicted;
	struct rate *table;
};

static void
forget(struct rates *r, struct rate *one)
{
	HASH_DEL(r->table, one);
	free(one->summary);
	free(one);
}

static struct rate *
add(struct rates *r, const struct rate_key *key)
{
	struct rate *one;

	if (HASH_COUNT(r->table) >= r->max) {
		++*r->evicted;
		forget(r, r->table);
	}
	if ((one = calloc(1, sizeof *one)) == NULL)
		return NULL;
	one->key = *key;
	one->began_ns = one->last_ns = WHEN_UNKNOWN;
	HASH_ADD(hh, r->table, key, sizeof one->key, one);
	if (!element_not_added(one))
		return one;
	free(one);
	return NULL;
}

/* An hour after which nothing was held back ends the summary's sum as well. */
static bool
begin_hour(struct rates *r, struct rate *one, int64_t ts_ns, uint32_t limit)
{
	if (one->opened <= limit) {
		free(one->summary);
		one->summary = NULL;
	}
	one->began_ns = ts_ns;
	one->opened = 0;
	HASH_DEL(r->table, one);
	HASH_ADD(hh, r->table, key, sizeof one->key, one);
	if (!element_not_added(one))
		return true;
	free(one->summary);
	free(one);
	return false;
}

/* NULL: within the limit. */
static struct rate *
count(struct rates *r, const struct rate_key *key, int64_t ts_ns, uint32_t limit)
{
	struct rate *one;

	if (limit == 0)
		return NULL;
	HASH_FIND(hh, r->table, key, sizeof *key, one);
	if (one == NULL && (one = add(r, key)) == NULL)
		return NULL;
	if ((one->began_ns == WHEN_UNKNOWN || ts_ns < one->began_ns || ts_ns - one->began_ns >= NS_PER_HOUR) &&
	    !begin_hour(r, one, ts_ns, limit))
		return NULL;
	if (one->last_ns == WHEN_UNKNOWN || ts_ns > one->last_ns)
		one->last_ns = ts_ns;
	return ++one->opened > limit ? one : NULL;
}

static void
copy_whole(char *to, size_t size, const char *from)
{
	size_t len = sentence_whole(from, strlen(from), size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

/* Latest first. */
static void
add_example(struct summary_numbers *s, const struct alert *a)
{
	struct summary_example *e = s->example;

	memmove(e + 1, e, (SUMMARY_EXAMPLES - 1) * sizeof *e);
	if (s->examples < SUMMARY_EXAMPLES)
		s->examples++;
	memcpy(e->id, a->id, sizeof e->id);
	e->host = a->finding->host;
	copy_whole(e->subject, sizeof e->subject, a->finding->subject);
}

static const struct summary_numbers *
sum_up(struct rate *one, const struct alert *a, uint32_t limit)
{
	struct summary_numbers *s = one->summary;

	if (s == NULL) {
		if ((s = one->summary = calloc(1, sizeof *s)) == NULL)
			return NULL;
		s->since_ns = a->ts_ns;
	}
	s->signature = one->key.signature;
	s->limit = limit;
	s->further++;
	copy_whole(s->title, sizeof s->title, a->signature);
	add_example(s, a);
	return s;
}

static bool
is_always_told(const struct finding *f)
{
	return f->kind == FINDING_SENSOR || f->kind == FINDING_SUMMARY || f->kind == FINDING_CASE ||
	    f->severity == SEVERITY_CRITICAL;
}

static struct rate_key
host_key(const struct finding *f)
{
	struct rate_key key;

	memset(&key, 0, sizeof key);
	key.realm = f->realm;
	key.host = f->host;
	return key;
}

static struct rate_key
rule_key(uint32_t signature)
{
	struct rate_key key;

	memset(&key, 0, sizeof key);
	key.signature = signature;
	return key;
}

static const struct summary_numbers *
count_both(struct rates *r, const struct alert *a, uint32_t signature)
{
	struct rate_key host = host_key(a->finding), rule = rule_key(signature);
	struct rate *over;

	if ((over = count(r, &host, a->ts_ns, r->host_hourly)) != NULL)
		return sum_up(over, a, r->host_hourly);
	if ((over = count(r, &rule, a->ts_ns, r->rule_hourly)) != NULL)
		return sum_up(over, a, r->rule_hourly);
	return NULL;
}

const struct summary_numbers *
rates_open(struct rates *r, const struct alert *a)
{
	return is_always_told(a->finding) ? NULL : count_both(r, a, names_of(a->finding).signature_id);
}

/* ---- over a restart ---- */

void
rates_again(struct rates *r, const struct alert *a, uint32_t signature)
{
	struct rate_key key = r->host_hourly > 0 ? host_key(a->finding) : rule_key(signature);
	struct rate *one;

	if (is_always_told(a->finding))
		return;
	HASH_FIND(hh, r->table, &key, sizeof key, one);
	if (one == NULL || one->last_ns == WHEN_UNKNOWN || a->ts_ns > one->last_ns)
		count_both(r, a, signature);
}

struct saved_rate {
	struct rate_key key;
	uint32_t opened, summed;	/* summed: the next of the summaries is its */
	int64_t began_ns, last_ns;
};

void
rates_save(const struct rates *r, struct state_out *out)
{
	const struct rate *one, *next;
	struct saved_rate s;

	state_out_table(out, "rates", sizeof s);
	HASH_ITER(hh, r->table, one, next) {
		memset(&s, 0, sizeof s);
		s.key = one->key;
		s.opened = one->opened;
		s.summed = one->summary != NULL;
		s.began_ns = one->began_ns;
		s.last_ns = one->last_ns;
		state_out_put(out, &s, 1);
	}
	state_out_table(out, "summaries", sizeof *one->summary);
	HASH_ITER(hh, r->table, one, next)
		if (one->summary != NULL)
			state_out_put(out, one->summary, 1);
}

static void
load_summary(struct rate *one, const struct summary_numbers *from)
{
	unsigned i;

	if ((one->summary = malloc(sizeof *from)) == NULL)
		return;
	*one->summary = *from;
	if (one->summary->examples > SUMMARY_EXAMPLES)
		one->summary->examples = SUMMARY_EXAMPLES;
	one->summary->title[SUMMARY_TITLE_MAX - 1] = '\0';
	for (i = 0; i < SUMMARY_EXAMPLES; i++) {
		one->summary->example[i].id[sizeof one->summary->example[i].id - 1] = '\0';
		one->summary->example[i].subject[SUMMARY_SUBJECT_MAX - 1] = '\0';
	}
}

void
rates_load(struct rates *r, const struct state_in *in)
{
	size_t rates, summaries, i, at = 0;
	const struct saved_rate *s = state_in_records(in, "rates", sizeof *s, &rates);
	const struct summary_numbers *summary = state_in_records(in, "summaries", sizeof *summary, &summaries);
	struct rate *one;

	for (i = 0; i < rates; i++) {
		bool summed = s[i].summed != 0 && at < summaries;

		HASH_FIND(hh, r->table, &s[i].key, sizeof s[i].key, one);
		if (one == NULL && (one = add(r, &s[i].key)) != NULL) {
			one->opened = s[i].opened;
			one->began_ns = s[i].began_ns;
			one->last_ns = s[i].last_ns;
			if (summed)
				load_summary(one, &summary[at]);
		}
		at += summed;
	}
}

struct rates *
rates_new(uint32_t host_hourly, uint32_t rule_hourly, uint32_t max, uint64_t *evicted)
{
	struct rates *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->host_hourly = host_hourly;
	r->rule_hourly = rule_hourly;
	r->max = max == 0 ? 1 : max;
	r->evicted = evicted;
	return r;
}

void
rates_free(struct rates *r)
{
	if (r == NULL)
		return;
	while (r->table != NULL)
		forget(r, r->table);
	free(r);
}

size_t
rates_rate_bytes(void)
{
	return heap_bytes(sizeof(struct rate)) + heap_bytes(sizeof(struct summary_numbers)) + sizeof(struct UT_hash_bucket);
}
