/*
 * Webhook: HTTP POSTs, each of one record or of a batch, several at once.
 *
 * The URL may hold a secret (a token in its path): messages show scheme and
 * host alone. Redirects are not followed: a secret does not travel elsewhere.
 *
 * What fails is repeated with full jitter, each post by itself, while others
 * go out. When as many attempts as may be on their way have failed with none
 * that worked between them, it is the receiver that fails, not a request: then all rest, the
 * courier is told, and after its pause one post tries for all. A post that
 * fails while others are taken (posts.h) stops nobody, and is given up in the end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/hash.h"
#include "base/when.h"
#include "sinks/curl_start.h"
#include "sinks/dead_letters.h"
#include "sinks/jitter.h"
#include "sinks/wait.h"
#include "sinks/webhook_private.h"

enum {
	RETRY_AFTER_MOST_SEC = 3600,
	HELD_FOR_EACH = 4,		/* posts that wait for each that may be on its way */
	FLUSH_MS = 50,			/* how long one call works before it looks up */
	HURRY_MS = 500
};

/* ---- opening ---- */

/* Scheme and authority without user and password. False: no http or https URL. */
static bool
show_url(const char *url, char shown[URL_SHOWN])
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *u = curl_url();
	bool ok = false;

	if (u == NULL || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		goto done;
	ok = strcmp(scheme, "https") == 0 || strcmp(scheme, "http") == 0;
	if (curl_url_get(u, CURLUPART_PORT, &port, 0) != CURLUE_OK)
		port = NULL;
	snprintf(shown, URL_SHOWN, "%s://%.255s%s%s", scheme, host, port != NULL ? ":" : "",
	    port != NULL ? port : "");
done:
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return ok;
}

static int
read_secrets(const struct sink *s, struct fault *fault)
{
	const struct sink_options *o = &s->options;
	struct webhook *w = s->state;
	int r = 0;

	if (secret_is_place(o->target))
		r = secret_read(o->target, w->url, sizeof w->url, fault);
	else
		snprintf(w->url, sizeof w->url, "%s", o->target);
	if (r == 0 && o->header[0] != '\0')
		r = secret_read(o->header, w->header, sizeof w->header, fault);
	if (r == 0 && o->secret[0] != '\0')
		r = secret_read(o->secret, w->secret, sizeof w->secret, fault);
	if (r == 0 && w->header[0] != '\0' && strchr(w->header, ':') == NULL)
		r = fault_set(fault, SE_USAGE, "%s: expected a header line such as Authorization: ...", o->header);
	return r;
}

/* With one request at a time, and one record in it, nothing waits behind: a killed sensor repeats that one. */
static void
set_sizes(struct sink *s)
{
	struct webhook *w = s->state;
	unsigned each = s->options.batch > 0 ? s->options.batch : 1;

	w->flights = s->options.parallel > 0 ? s->options.parallel : 1;
	if (w->flights > SINK_PARALLEL_MOST)
		w->flights = SINK_PARALLEL_MOST;
	w->batch = w->flights == 1 ? each : w->flights * HELD_FOR_EACH * each;
	s->batch = w->batch;
}

static int
webhook_open(struct sink *s, struct fault *fault)
{
	struct webhook *w;
	unsigned i;
	int r;

	if ((w = calloc(1, sizeof *w)) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: out of memory", s->options.name);
	s->state = w;
	w->random = hash_bytes(hash_seed(), s->options.name, strlen(s->options.name)) | 1;
	set_sizes(s);
	if ((r = read_secrets(s, fault)) < 0)
		return r;
	if (!show_url(w->url, w->shown))
		return fault_set(fault, SE_USAGE,
		    "sink %s: an http:// or https:// URL is expected", s->options.name);
	if (s->options.template[0] != '\0' && (r = template_read(s->options.template, &w->template, fault)) < 0)
		return r;
	if (!curl_start() || (w->multi = curl_multi_init()) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: libcurl does not start", s->options.name);
	for (i = 0; i < w->flights; i++) {
		if ((w->flight[i].easy = curl_easy_init()) == NULL)
			return fault_set(fault, SE_NOMEM, "sink %s: libcurl does not start", s->options.name);
		flight_prepare(s, &w->flight[i]);
	}
	return 0;
}

/* ---- what came of a post ---- */

/* Who is suspected takes nobody's place. */
static void
make_room(struct sink *s)
{
	const struct webhook *w = s->state;

	s->batch = w->batch + w->posts.suspects;
}

static void
settle(struct sink *s, struct post *p, bool taken)
{
	struct webhook *w = s->state;

	s->held -= p->count;
	posts_remove(&w->posts, p, taken);
	make_room(s);
}

static void
note_success(struct sink *s, struct post *p)
{
	struct webhook *w = s->state;

	w->failed_in_row = 0;
	s->tally.delivered += p->count;
	settle(s, p, true);
}

/* Only the records that are at fault themselves shall be lost. */
static bool
is_about_a_record(long status)
{
	return status == 400 || status == 413 || status == 422;
}

static void
bury(struct sink *s, const struct post *p)
{
	struct fault fault;
	unsigned i;

	s->tally.refused += p->count;
	for (i = 0; i < p->count; i++)
		s->tally.refused_others += !p->letter[i].of_sensor;
	if (s->options.dead_letters[0] == '\0')
		return;
	for (i = 0; i < p->count; i++)
		if (dead_letters_add(s->options.dead_letters, s->options.name, s->tally.fault.text, p->letter[i].line,
		    DEAD_LETTERS_MOST, &fault) < 0) {
			s->tally.fault = fault;
			return;
		}
}

static void
note_refusal(struct sink *s, struct post *p, long status, const char *said)
{
	struct webhook *w = s->state;

	w->failed_in_row = 0;		/* it is there, and it answers */
	if (p->count > 1 && is_about_a_record(status) && posts_split(&w->posts, p))
		return;
	fault_set(&s->tally.fault, SE_PEER, "webhook %s: answers %ld%s", w->shown, status, said);
	bury(s, p);
	settle(s, p, true);
}

/* The receiver takes others, and will never take this one. */
static void
give_up(struct sink *s, struct post *p)
{
	struct webhook *w = s->state;

	fault_set(&s->tally.fault, SE_PEER, "given up after %u attempts in %lld s, while others were taken: %s", p->attempts,
	    (long long)((wait_now() - p->failing_since_ns) / NS_PER_SEC), w->fault.text);
	s->tally.given_up += p->count;
	bury(s, p);
	settle(s, p, false);
}

/* A failure of its own: only the record at fault shall wait, and not for ever. */
static void
note_suspect(struct sink *s, struct post *p)
{
	struct webhook *w = s->state;

	make_room(s);
	if (p->count > 1 && p->own >= POST_FAILS_OWN)
		posts_split(&w->posts, p);
	else if (post_is_hopeless(p, wait_now(), s->options.give_up_sec))
		give_up(s, p);
}

enum blame { BLAME_ANY, BLAME_RECEIVER };

/* `after_sec`: the receiver asks to be left alone for so long, or 0. */
static void
note_failure(struct sink *s, struct post *p, enum blame blame, curl_off_t after_sec)
{
	struct webhook *w = s->state;
	uint32_t most = s->hurry && s->options.retry_max_ms > HURRY_MS ? HURRY_MS : s->options.retry_max_ms;
	bool own = posts_note_failure(&w->posts, p, wait_now(), blame == BLAME_ANY);
	uint32_t pause_ms = jitter_pause_ms(&w->random, s->options.retry_min_ms, most, p->attempts);
	uint32_t after_ms = 1000 * (uint32_t)(after_sec < RETRY_AFTER_MOST_SEC ? after_sec : RETRY_AFTER_MOST_SEC);

	s->tally.failures++;
	s->tally.fault = w->fault;
	p->not_before_ns = wait_deadline(own && after_ms > pause_ms ? after_ms : pause_ms);
	if (own) {
		note_suspect(s, p);
		return;
	}
	if (after_ms > 0)
		w->retry_after_ms = after_ms;
	if (after_ms > 0 || (p->own == 0 && ++w->failed_in_row >= w->flights))
		w->tripped = true;
}

static void
judge(struct sink *s, struct flight *f, struct post *p, long status)
{
	struct webhook *w = s->state;
	curl_off_t after_sec = 0;
	char said[SAID_MAX];

	if (status >= 200 && status < 300) {
		note_success(s, p);
		return;
	}
	if (status >= 300 && status < 400) {
		fault_set(&w->fault, SE_PEER, "webhook %s: answers %ld, and redirects are not followed: put the new URL "
		    "into the configuration", w->shown, status);
		w->tripped = true;
		note_failure(s, p, BLAME_RECEIVER, 0);
		return;
	}
	flight_answer(f, said);
	/* 408 and 425 ask for the same request again (RFC 9110, 15.5.9; RFC 8470, 5.2). */
	if (status >= 400 && status < 500 && status != 408 && status != 425 && status != 429) {
		note_refusal(s, p, status, said);
		return;
	}
	if (curl_easy_getinfo(f->easy, CURLINFO_RETRY_AFTER, &after_sec) != CURLE_OK || after_sec < 0)
		after_sec = 0;
	fault_set(&w->fault, SE_PEER, "webhook %s: answers %ld%s", w->shown, status, said);
	note_failure(s, p, status < 500 ? BLAME_RECEIVER : BLAME_ANY, after_sec);
}

static void
finish(struct sink *s, struct flight *f, CURLcode r)
{
	struct webhook *w = s->state;
	struct post *p = f->post;
	long status = 0;

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	flight_land(w, f);
	/* With the status the answer is given, even if the body behind it is endless or stops. */
	if (r == CURLE_OK || status >= 200) {
		judge(s, f, p, status);
		return;
	}
	fault_set(&w->fault, SE_PEER, "webhook %s: %s", w->shown, flight_words(f, r));
	note_failure(s, p, BLAME_ANY, 0);
}

/* ---- working ---- */

static struct flight *
free_flight(struct webhook *w)
{
	/* The first after a failure of the whole tries for all. */
	unsigned n = w->failed_in_row >= w->flights ? 1 : w->flights, i;

	for (i = 0; i < w->flights && w->flying < n; i++)
		if (w->flight[i].post == NULL)
			return &w->flight[i];
	return NULL;
}

/* False: no memory. */
static bool
launch(struct sink *s, int64_t *wake_ns)
{
	struct webhook *w = s->state;
	struct flight *f;
	struct post *p;

	*wake_ns = INT64_MAX;
	while (!w->tripped && (f = free_flight(w)) != NULL &&
	    (p = posts_ready(&w->posts, wait_now(), w->failed_in_row >= w->flights, wake_ns)) != NULL)
		if (!flight_launch(s, f, p))
			return false;
	return true;
}

static bool
work(struct sink *s, int64_t *wake_ns)
{
	struct webhook *w = s->state;
	struct flight *f;
	const CURLMsg *m;
	int n;

	if (!launch(s, wake_ns) || curl_multi_perform(w->multi, &n) != CURLM_OK)
		return false;
	while ((m = curl_multi_info_read(w->multi, &n)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		if (curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&f) == CURLE_OK)
			finish(s, f, m->data.result);
	}
	return launch(s, wake_ns);
}

/* All are back: whoever waited for a time of its own goes when the courier's pause is over. */
static enum sink_result
tell_trip(struct sink *s, struct fault *fault)
{
	struct webhook *w = s->state;
	struct post *p;

	w->tripped = false;
	if (w->failed_in_row < w->flights)
		w->failed_in_row = w->flights;
	for (p = w->posts.first; p != NULL; p = p->next)
		p->not_before_ns = 0;
	s->retry_after_ms = w->retry_after_ms;
	w->retry_after_ms = 0;
	*fault = w->fault;
	return SINK_LATER;
}

static void
be_cancelled(struct webhook *w)
{
	unsigned i;

	for (i = 0; i < w->flights; i++)
		if (w->flight[i].post != NULL)
			flight_land(w, &w->flight[i]);
}

static void
be_quick(struct webhook *w)
{
	int64_t soon_ns = wait_deadline(HURRY_MS);
	struct post *p;

	for (p = w->posts.first; p != NULL; p = p->next)
		if (p->not_before_ns > soon_ns)
			p->not_before_ns = soon_ns;
}

static enum sink_result
webhook_flush(struct sink *s, struct fault *fault)
{
	int64_t until_ns = wait_deadline(FLUSH_MS), wake_ns, left_ns;
	struct webhook *w = s->state;

	if (w->posts.last != NULL)
		w->posts.last->sealed = true;
	if (s->hurry)
		be_quick(w);
	while (w->posts.first != NULL) {
		if (atomic_load(&s->cancelled)) {
			be_cancelled(w);
			return sink_later(fault, SE_STOPPED, "webhook %s: stopped", w->shown);
		}
		if (!work(s, &wake_ns))
			return sink_later(fault, SE_NOMEM, "webhook %s: out of memory", w->shown);
		if (w->tripped && w->flying == 0)
			return tell_trip(s, fault);
		left_ns = until_ns - wait_now();
		if (left_ns <= 0)
			return SINK_BUSY;
		if (w->posts.first == NULL)
			break;
		if (wake_ns != INT64_MAX && wake_ns - wait_now() < left_ns)
			left_ns = wake_ns - wait_now();
		curl_multi_poll(w->multi, NULL, 0, left_ns <= 0 ? 0 : (int)(left_ns / 1000000) + 1, NULL);
	}
	return SINK_DONE;
}

static char *
render(const struct webhook *w, const char *line)
{
	cJSON *record = cJSON_Parse(line);
	char *body = record == NULL ? NULL : template_render(w->template, record);

	cJSON_Delete(record);
	return body;
}

static enum sink_result
webhook_deliver(struct sink *s, const struct sink_record *rec, struct fault *fault)
{
	struct webhook *w = s->state;
	char *body = NULL;
	int64_t wake_ns;

	if (w->template != NULL && (body = render(w, rec->line)) == NULL) {
		s->tally.refused++;
		s->tally.refused_others += rec->head->kind != HEAD_SENSOR;
		fault_set(&s->tally.fault, SE_LIMIT, "webhook %s: what %s makes of it is too long", w->shown,
		    s->options.template);
		return SINK_REFUSED;
	}
	if (!posts_add(&w->posts, rec->line, body, rec->head, s->options.batch > 0 ? s->options.batch : 1)) {
		free(body);
		return sink_later(fault, SE_NOMEM, "webhook %s: out of memory", w->shown);
	}
	s->held++;
	/* What is full may go; the rest waits for others or for the flush. */
	if (w->posts.last->sealed && !w->tripped)
		work(s, &wake_ns);
	return SINK_DONE;
}

static bool
webhook_wants_other(const struct sink *s)
{
	const struct webhook *w = s->state;

	return posts_want_other(&w->posts);
}

/* ---- the others ---- */

/* Connects, with TLS where there is some, and sends nothing. */
static int
webhook_probe(struct sink *s, struct fault *fault)
{
	struct webhook *w = s->state;
	struct flight f = { .easy = curl_easy_init() };
	CURLcode r;

	if (f.easy == NULL)
		return fault_set(fault, SE_NOMEM, "webhook %s: out of memory", w->shown);
	flight_prepare(s, &f);
	curl_easy_setopt(f.easy, CURLOPT_CONNECT_ONLY, 1L);
	r = curl_easy_perform(f.easy);
	curl_easy_cleanup(f.easy);
	if (r != CURLE_OK)
		return fault_set(fault, SE_PEER, "webhook %s: %s", w->shown, flight_words(&f, r));
	return 0;
}

static void
webhook_close(struct sink *s)
{
	struct webhook *w = s->state;
	unsigned i;

	if (w == NULL)
		return;
	be_cancelled(w);
	for (i = 0; i < w->flights; i++)
		curl_easy_cleanup(w->flight[i].easy);
	curl_multi_cleanup(w->multi);
	posts_clear(&w->posts);
	template_free(w->template);
	explicit_bzero(w->secret, sizeof w->secret);
	explicit_bzero(w->header, sizeof w->header);
	free(w);
}

const struct sink_row sink_webhook = {
	.name = "webhook",
	.settles = true,
	.open = webhook_open,
	.deliver = webhook_deliver,
	.flush = webhook_flush,
	.wants_other = webhook_wants_other,
	.probe = webhook_probe,
	.close = webhook_close,
};
