#include "alert/suppress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alert/names.h"
#include "base/log.h"
#include "base/when.h"

#define NS_PER_DAY (86400 * NS_PER_SEC)

struct compiled {
	const struct suppress_rule *rule;
	struct cidr host, peer;
	bool by_host, by_peer;
	unsigned signature;		/* 0: by name */
	int64_t end_ns;			/* from then on it holds nothing back */
};

struct suppress {
	struct suppress_rule *rules;
	struct compiled *compiled;
	unsigned count;
	struct suppress_counts counts;
};

/* ---- reading ---- */

static bool
read_until(const char *text, int64_t *end_ns)
{
	*end_ns = INT64_MAX;
	if (strcmp(text, "never") == 0)
		return true;
	if (strlen(text) != 10 || !when_parse(text, 10, 0, end_ns))
		return false;
	*end_ns += NS_PER_DAY;
	return true;
}

bool
suppress_is_over(const struct suppress_rule *r, int64_t now_sec)
{
	int64_t end_ns;

	return read_until(r->until, &end_ns) && now_sec >= end_ns / NS_PER_SEC;
}

static bool
is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

const char *
suppress_rule_fault(const struct suppress_rule *r, const char **expected)
{
	struct cidr network;
	int64_t end_ns;

	*expected = "an address or a CIDR such as 192.0.2.0/24";
	if (r->host[0] != '\0' && !cidr_parse(r->host, strlen(r->host), &network))
		return "host";
	*expected = "at least one of host, service, indicator and rule";
	if (r->host[0] == '\0' && r->service[0] == '\0' && r->indicator[0] == '\0' && r->rule[0] == '\0')
		return "";
	*expected = "why it is held back";
	if (r->reason[0] == '\0')
		return "reason";
	*expected = "its last day, such as 2026-12-31, or never";
	if (!read_until(r->until, &end_ns))
		return "until";
	*expected = "";
	return NULL;
}

static bool
compile(const struct suppress_rule *r, struct compiled *out)
{
	const char *expected;

	memset(out, 0, sizeof *out);
	if (suppress_rule_fault(r, &expected) != NULL)
		return false;
	out->rule = r;
	out->by_host = r->host[0] != '\0' && cidr_parse(r->host, strlen(r->host), &out->host);
	out->by_peer = r->service[0] != '\0' && cidr_parse(r->service, strlen(r->service), &out->peer);
	if (is_number(r->rule))
		out->signature = (unsigned)strtoul(r->rule, NULL, 10);
	return read_until(r->until, &out->end_ns);
}

struct suppress *
suppress_new(const struct suppress_rule *rules, unsigned count)
{
	struct suppress *s = calloc(1, sizeof *s);
	unsigned i;

	if (s == NULL)
		return NULL;
	if (count > SUPPRESS_MAX)
		count = SUPPRESS_MAX;
	s->rules = calloc(count + 1, sizeof *s->rules);
	s->compiled = calloc(count + 1, sizeof *s->compiled);
	if (s->rules == NULL || s->compiled == NULL) {
		suppress_free(s);
		return NULL;
	}
	for (i = 0; i < count; i++) {
		s->rules[i] = rules[i];
		if (!compile(&s->rules[i], &s->compiled[i]))
			s->compiled[i].rule = NULL;
	}
	s->count = count;
	return s;
}

void
suppress_free(struct suppress *s)
{
	if (s == NULL)
		return;
	free(s->rules);
	free(s->compiled);
	free(s);
}

/* ---- holding against findings ---- */

/* Is `name` `zone`, or beneath it? */
static bool
is_beneath(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return n >= z && z > 0 && strcasecmp(name + n - z, zone) == 0 && (n == z || name[n - z - 1] == '.');
}

static bool
fits_service(const struct compiled *c, const struct finding *f)
{
	const char *service = c->rule->service;

	if (service[0] == '\0')
		return true;
	if (f->kind == FINDING_SENSOR)
		return false;
	return (c->by_peer && cidr_contains(&c->peer, &f->peer)) || strcasecmp(f->subject, service) == 0 ||
	    is_beneath(f->service, service) || is_beneath(f->subject, service);
}

static bool
fits_rule(const struct compiled *c, const struct finding *f)
{
	const char *rule = c->rule->rule;

	if (rule[0] == '\0')
		return true;
	if (c->signature != 0)
		return names_of(f).signature_id == c->signature;
	return strcmp(names_kind(f->kind), rule) == 0 ||
	    (f->behaviour != NULL && strcmp(f->behaviour->name, rule) == 0);
}

static bool
fits(const struct compiled *c, const struct finding *f)
{
	const char *value = c->rule->indicator;

	if (c->by_host && (f->kind == FINDING_SENSOR || !cidr_contains(&c->host, &f->host)))
		return false;
	if (value[0] != '\0' && (f->indicator == NULL || strcasecmp(f->indicator->value, value) != 0))
		return false;
	return fits_service(c, f) && fits_rule(c, f);
}

static void
tell_expired(struct suppress *s, unsigned i)
{
	if (s->counts.expired[i])
		return;
	s->counts.expired[i] = true;
	log_warn("alerts", "suppress: rule %u (%s) ended with %s: what it held back is told again", i + 1,
	    s->rules[i].reason, s->rules[i].until);
}

bool
suppress_finding(struct suppress *s, const struct finding *f)
{
	unsigned i;

	for (i = 0; i < s->count; i++) {
		const struct compiled *c = &s->compiled[i];

		if (c->rule == NULL || !fits(c, f))
			continue;
		if (f->ts_ns >= c->end_ns) {
			tell_expired(s, i);
			continue;
		}
		s->counts.held++;
		s->counts.hits[i]++;
		return true;
	}
	return false;
}

const struct suppress_counts *
suppress_counts(const struct suppress *s)
{
	return &s->counts;
}
