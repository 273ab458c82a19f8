/*
 * Webhook: one HTTP POST for each record, its body the EVE object.
 *
 * The URL may hold a secret (a token in its path): messages show scheme and
 * host alone. Redirects are not followed: a secret does not travel elsewhere.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>

#include <curl/curl.h>

#include "sinks/kinds.h"
#include "sinks/text.h"
#include "sinks/view.h"
#include "sinks/wait.h"

enum {
	ANSWER_MOST = 4096,		/* of a body are read */
	ANSWER_SHOWN = 120,
	RETRY_AFTER_MOST_SEC = 3600,
	URL_SHOWN = 300
};

struct webhook {
	CURL *easy;
	CURLM *multi;
	char shown[URL_SHOWN];		/* "https://host:port" */
	char curl_words[CURL_ERROR_SIZE];
	char answer[ANSWER_MOST + 1];
	size_t answer_len;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void
start_curl(void)
{
	curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t
take_answer(char *bytes, size_t size, size_t count, void *arg)
{
	struct webhook *w = arg;
	size_t len = size * count, room = ANSWER_MOST - w->answer_len;

	memcpy(w->answer + w->answer_len, bytes, len < room ? len : room);
	w->answer_len += len < room ? len : room;
	return len <= room ? len : 0;	/* 0 ends the transfer: the status is known already */
}

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

static void
set_options(struct sink *s, CURL *easy)
{
	struct webhook *w = s->state;

	curl_easy_setopt(easy, CURLOPT_URL, s->options.target);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)s->options.timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->options.timeout_ms);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "hansho/" HANSHO_VERSION);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, w->curl_words);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, w);
}

static int
webhook_open(struct sink *s, struct fault *fault)
{
	struct webhook *w;

	pthread_once(&curl_once, start_curl);
	if ((w = calloc(1, sizeof *w)) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: out of memory", s->options.name);
	s->state = w;
	s->batch = 1;
	if (curl_ready != CURLE_OK || (w->easy = curl_easy_init()) == NULL ||
	    (w->multi = curl_multi_init()) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: libcurl does not start", s->options.name);
	if (!show_url(s->options.target, w->shown))
		return fault_set(fault, SE_USAGE,
		    "sink %s: an http:// or https:// URL is expected", s->options.name);
	set_options(s, w->easy);
	curl_easy_setopt(w->easy, CURLOPT_POST, 1L);
	return 0;
}

static CURLcode
transfer_result(struct webhook *w)
{
	const CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(w->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			return m->data.result;
	return CURLE_RECV_ERROR;
}

/* Not curl_easy_perform(): it cannot be told to stop between two of its waits. */
static CURLcode
transfer(struct sink *s, CURL *easy)
{
	struct webhook *w = s->state;
	CURLcode r = CURLE_OPERATION_TIMEDOUT;
	int running = 1;

	w->answer_len = 0;
	w->curl_words[0] = '\0';
	if (curl_multi_add_handle(w->multi, easy) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	while (!atomic_load(&s->cancelled)) {
		if (curl_multi_perform(w->multi, &running) != CURLM_OK) {
			r = CURLE_OUT_OF_MEMORY;
			break;
		}
		if (running == 0) {
			r = transfer_result(w);
			break;
		}
		curl_multi_poll(w->multi, NULL, 0, WAIT_SLICE_MS, NULL);
	}
	if (atomic_load(&s->cancelled) && running != 0)
		r = CURLE_ABORTED_BY_CALLBACK;
	curl_multi_remove_handle(w->multi, easy);
	w->answer[w->answer_len] = '\0';
	return r;
}

/* Words of libcurl that are about host and certificate, never about the path. */
static const char *
curl_text(const struct webhook *w, CURLcode r)
{
	switch (r) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_OPERATION_TIMEDOUT:
		if (w->curl_words[0] != '\0')
			return w->curl_words;
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		return "stopped";
	default:
		break;
	}
	return curl_easy_strerror(r);
}

/* What the receiver said, as far as a log line wants to hear it: the first line. */
static const char *
answer_text(struct webhook *w, char buf[4 * ANSWER_SHOWN])
{
	struct text t;

	w->answer[strcspn(w->answer, "\r\n")] = '\0';
	text_init(&t, buf, 4 * ANSWER_SHOWN);
	if (w->answer[0] != '\0')
		text_add(&t, ": ");
	text_add_clean(&t, w->answer, ANSWER_SHOWN);
	return buf;
}

static enum sink_result
judge(struct sink *s, struct fault *fault)
{
	struct webhook *w = s->state;
	char said[4 * ANSWER_SHOWN];
	curl_off_t after_sec = 0;
	long status = 0;

	curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return SINK_DONE;
	if (status >= 300 && status < 400)
		return sink_later(fault, SE_PEER,
		    "webhook %s: answers %ld, and redirects are not followed: put the new URL into the configuration",
		    w->shown, status);
	/* 408 and 425 ask for the same request again (RFC 9110, 15.5.9; RFC 8470, 5.2). */
	if (status >= 400 && status < 500 && status != 408 && status != 425 && status != 429)
		return sink_refuse(fault, SE_PEER, "webhook %s: answers %ld%s", w->shown, status,
		    answer_text(w, said));
	if (curl_easy_getinfo(w->easy, CURLINFO_RETRY_AFTER, &after_sec) == CURLE_OK && after_sec > 0)
		s->retry_after_ms = 1000 * (uint32_t)(after_sec < RETRY_AFTER_MOST_SEC ?
		    after_sec : RETRY_AFTER_MOST_SEC);
	return sink_later(fault, SE_PEER, "webhook %s: answers %ld%s", w->shown, status,
	    answer_text(w, said));
}

/* Alerts have an id and a revision; what has none is not the same twice. */
static struct curl_slist *
make_headers(const char *line)
{
	struct curl_slist *list = NULL, *more;
	char key[160] = "Idempotency-Key: ";
	struct text t;
	struct view v;

	if (view_open(&v, line) && v.id[0] != '\0') {
		text_init(&t, key, sizeof key);
		text_add(&t, "Idempotency-Key: ");
		text_add_clean(&t, v.id, 64);
		text_addf(&t, "-%u", v.revision);
		list = curl_slist_append(NULL, key);
	}
	view_close(&v);
	/* An empty Expect: no round trip for "100 Continue", which small receivers do not know. */
	if ((more = curl_slist_append(list, "Content-Type: application/json")) == NULL ||
	    curl_slist_append(more, "Expect:") == NULL) {
		curl_slist_free_all(list != NULL ? list : more);
		return NULL;
	}
	return more;
}

static enum sink_result
webhook_deliver(struct sink *s, const struct sink_record *rec, struct fault *fault)
{
	struct webhook *w = s->state;
	struct curl_slist *headers;
	long status = 0;
	CURLcode r;

	if ((headers = make_headers(rec->line)) == NULL)
		return sink_later(fault, SE_NOMEM, "webhook %s: out of memory", w->shown);
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(w->easy, CURLOPT_POSTFIELDS, rec->line);
	curl_easy_setopt(w->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(rec->line));
	r = transfer(s, w->easy);
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(w->easy, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(headers);
	/* With the status the answer is given, even if the body behind it is endless or stops. */
	curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
	if (r == CURLE_OK || status >= 200)
		return judge(s, fault);
	return sink_later(fault, SE_PEER, "webhook %s: %s", w->shown, curl_text(w, r));
}

/* Connects, with TLS where there is some, and sends nothing. */
static int
webhook_probe(struct sink *s, struct fault *fault)
{
	struct webhook *w = s->state;
	CURL *easy = curl_easy_init();
	CURLcode r;

	if (easy == NULL)
		return fault_set(fault, SE_NOMEM, "webhook %s: out of memory", w->shown);
	set_options(s, easy);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	r = transfer(s, easy);
	curl_easy_cleanup(easy);
	if (r != CURLE_OK)
		return fault_set(fault, SE_PEER, "webhook %s: %s", w->shown, curl_text(w, r));
	return 0;
}

static void
webhook_close(struct sink *s)
{
	struct webhook *w = s->state;

	if (w == NULL)
		return;
	curl_easy_cleanup(w->easy);
	curl_multi_cleanup(w->multi);
	free(w);
}

const struct sink_row sink_webhook = {
	.name = "webhook",
	.open = webhook_open,
	.deliver = webhook_deliver,
	.probe = webhook_probe,
	.close = webhook_close,
};
