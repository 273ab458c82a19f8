/* tell.c - a key and its numbers as a finding, in words. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "beacon/private.h"

enum { REASON_MAX = 900 };

static const char *
duration(double sec, char buf[32])
{
	if (sec < 10)
		snprintf(buf, 32, "%.1f s", sec);
	else if (sec < 120)
		snprintf(buf, 32, "%.0f s", sec);
	else if (sec < 7200)
		snprintf(buf, 32, "%.0f min", sec / 60);
	else if (sec < 172800)
		snprintf(buf, 32, "%.1f h", sec / 3600);
	else
		snprintf(buf, 32, "%.1f days", sec / 86400);
	return buf;
}

void
subject_of(const struct key *k, char buf[SUBJECT_MAX])
{
	const struct track *t = k->track;
	char addr[ADDR_TEXT_MAX];

	if (k->kind == KEY_SERVICE || k->kind == KEY_ZONE)
		snprintf(buf, SUBJECT_MAX, "%s", t->service);
	else if (k->kind == KEY_BEHAVIOUR)
		snprintf(buf, SUBJECT_MAX, "*:%u", t->port);
	else
		snprintf(buf, SUBJECT_MAX, addr_is_v4(&t->peer) ? "%s:%u" : "[%s]:%u",
		    addr_text(&t->peer, addr), t->port);
}

/* ---- the sentence ---- */

struct text {
	char *at;
	size_t left;
};

static void __attribute__((format(printf, 2, 3)))
say(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= t->left)
		n = (int)t->left - 1;
	t->at += n;
	t->left -= (size_t)n;
}

static void
say_sign(struct text *t, const struct beacon_sign *s, uint32_t history_days)
{
	double percent = s->value * 100;

	switch (s->kind) {
	case SIGN_HOSTS:
		if (s->value > 1)
			say(t, "; %.0f hosts call it", s->value);
		else if (s->weight > 0)
			say(t, "; no other host calls it");
		break;
	case SIGN_VOICE:
		if (s->weight > 0)
			say(t, "; the program that calls it calls nothing else here");
		else if (s->weight < 0)
			say(t, "; called by a program that calls %.0f others, too", s->value - 1);
		break;
	case SIGN_PAGE:
		if (s->value > 0)
			say(t, "; began with a page load");
		break;
	case SIGN_BROWSING:
		say(t, "; %.0f %% of the calls come with page loads", percent);
		break;
	case SIGN_ANSWERS:
		say(t, "; %.0f %% of the answers are equally long", percent);
		break;
	case SIGN_UNATTENDED:
		say(t, "; %.0f %% of the calls while nobody browses", percent);
		break;
	case SIGN_STEADY:
		say(t, "; in %.0f %% of all hours", percent);
		break;
	case SIGN_INTERNAL:
		say(t, "; the peer is at home");
		break;
	case SIGN_CERTIFICATE:
		say(t, "; self-signed certificate");
		break;
	case SIGN_FAILING:
		say(t, "; %.0f %% of the connections get no answer", percent);
		break;
	case SIGN_LABELS:
		say(t, "; %.0f %% of the names never asked before", percent);
		break;
	case SIGN_NOVELTY:
		if (s->weight > 0)
			say(t, "; nobody here called it on the %u days of history before", history_days);
		else
			say(t, "; called from here for %.0f days already", s->value);
		break;
	default:
		break;
	}
}

static void
reason_of(const struct key *k, const struct beacon_numbers *n, const char *subject, char buf[REASON_MAX])
{
	struct text t = { buf, REASON_MAX };
	char interval[32], since[32];
	double span = (double)(n->last_ns - n->first_ns) / (double)NS_PER_SEC;
	unsigned i;

	say(&t, "%s %s%s", k->kind == KEY_ZONE ? "asks for names in" : "calls",
	    k->kind == KEY_BEHAVIOUR ? "changing addresses, " : "", subject);
	if (n->sign[0].weight >= 1)
		say(&t, " every %s (jitter %.0f %%)", duration(n->interval_sec, interval), n->jitter * 100);
	else
		say(&t, ", on average every %s", duration(span / fmax(n->contacts - 1., 1), interval));
	if (n->missed >= .05)
		say(&t, ", %.0f %% of the calls missing", n->missed * 100);
	say(&t, ", %u times in %s", n->contacts, duration(span, since));
	if (n->known != NULL) {
		say(&t, "; known to be harmless: %s", n->known);
		return;
	}
	for (i = 1; i < n->signs; i++)
		say_sign(&t, &n->sign[i], n->history_days);
}

/* ---- numbers ---- */

static void
describe(struct beacon *b, const struct key *k, struct beacon_numbers *n)
{
	const struct track *t = k->track;
	float gaps[SCORE_GAPS_MAX];
	struct score_shape shape;

	(void)b;
	score_describe(&t->found, gaps, key_gaps(k, SCORE_GAPS_MAX, gaps), &shape);
	n->interval_sec = shape.interval_sec;
	if (n->interval_sec <= 0 && k->contacts > 1)
		n->interval_sec = (double)(t->last_ns - t->first_ns) / (double)NS_PER_SEC / (k->contacts - 1);
	n->jitter = shape.jitter;
	n->missed = shape.missed;
	n->clustered = t->found.clustered;
	n->contacts = k->contacts;
	n->first_alert_contact = t->first_alert;
	n->first_ns = t->first_ns;
	n->last_ns = t->last_ns;
	n->claimed = t->claimed;
	n->peers = t->peers_count;
	n->peer[0] = t->peer;
	if (t->peers != NULL)
		memcpy(n->peer, t->peers->latest, sizeof n->peer);
}

static void
plot(const struct key *k, const struct beacon_numbers *n, int64_t *times, struct beacon_plot *out)
{
	const struct track *t = k->track;
	float gaps[SCORE_GAPS_MAX];
	unsigned i, count = key_gaps(k, SCORE_GAPS_MAX, gaps);
	double at;

	memset(out, 0, sizeof *out);
	for (i = 0; i < count && n->interval_sec > 0; i++) {
		at = gaps[i] / n->interval_sec * 10;
		out->bin[at < BEACON_BINS - 1 ? (unsigned)at : BEACON_BINS - 1]++;
	}
	out->time_ns = times;
	if (t->times != NULL) {
		out->time_ns = t->times->at_ns;
		out->times = t->times->used;
		return;
	}
	for (i = 0; i < k->used; i++)
		times[out->times++] = mark_ns(k, t->marks[i]);
}

void
tell(struct beacon *b, struct key *k, struct beacon_numbers *n, const struct contact *c, finding_fn *emit,
    void *to)
{
	const struct track *t = k->track;
	char subject[SUBJECT_MAX], reason[REASON_MAX];
	int64_t times[MOST_MARKS];
	struct beacon_plot drawn;
	struct finding f;

	describe(b, k, n);
	subject_of(k, subject);
	reason_of(k, n, subject, reason);
	memset(&f, 0, sizeof f);
	f.kind = FINDING_BEACON;
	f.ts_ns = n->last_ns;
	f.first_ns = n->first_ns;
	f.realm = t->realm;
	f.host = t->host;
	f.peer = t->peer;
	f.peer_port = t->port;
	f.protocol = t->protocol;
	f.service = t->service;
	f.subject = subject;
	f.reason = reason;
	f.severity = n->known != NULL ? SEVERITY_LOW : SEVERITY_MEDIUM;
	f.beacon = n;
	if (c != NULL) {
		f.because = c->o;
		f.host_port = c->o->key.port[ORIGINATOR];
		/* An old contact may be told of late; what comes of it happens now. */
		f.ts_ns = c->o->flow_last_ns > c->o->ts_ns ? c->o->flow_last_ns : c->o->ts_ns;
	} else {
		plot(k, n, times, &drawn);
		f.plot = &drawn;
	}
	emit(to, &f);
}
