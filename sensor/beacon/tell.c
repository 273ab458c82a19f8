/* tell.c - a key and its numbers as a finding, in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "beacon/private.h"
#include "beacon/words.h"

const char *
subject_of(const struct key *k, char buf[SUBJECT_MAX])
{
	const struct track *t = k->track;
	char addr[ADDR_TEXT_MAX];

	if (k->kind == KEY_SERVICE || k->kind == KEY_ZONE)
		return t->service;
	if (k->kind == KEY_BEHAVIOUR)
		snprintf(buf, SUBJECT_MAX, "*:%u", t->port);
	else
		snprintf(buf, SUBJECT_MAX, addr_is_v4(&t->peer) ? "%s:%u" : "[%s]:%u",
		    addr_text(&t->peer, addr), t->port);
	return buf;
}

/* ---- numbers ---- */

static void
describe(const struct key *k, struct beacon_numbers *n)
{
	const struct track *t = k->track;
	float gaps[SCORE_GAPS_MAX];
	struct score_shape shape;

	score_describe(&t->found, gaps, key_gaps(k, SCORE_GAPS_MAX, gaps), &shape);
	n->called = k->kind == KEY_ZONE ? BEACON_ASKS_ZONE : k->kind == KEY_BEHAVIOUR ? BEACON_CALLS_CHANGING : BEACON_CALLS_SERVICE;
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
tell(const struct key *k, struct beacon_numbers *n, const struct contact *c, finding_fn *emit, void *to)
{
	const struct track *t = k->track;
	char subject[SUBJECT_MAX];
	int64_t times[MOST_MARKS];
	struct beacon_plot drawn;
	struct finding f;

	describe(k, n);
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
	f.subject = subject_of(k, subject);
	f.reason = "";
	f.words = beacon_words;
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
