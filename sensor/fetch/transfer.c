#include "fetch/transfer.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "fetch/fetch.h"

enum {
	REDIRECTS_MOST = 5,
	HEADER_BYTES_MOST = 65536,
	OTHER_BODY_MOST = 65536,	/* of an answer that is no feed */
	RETRY_AFTER_MOST_SEC = 86400,
	SLICE_MS = 100,
	SHOWN_MAX = 300
};

struct transfer {
	const struct transfer_request *q;
	struct transfer_answer *a;
	CURL *easy;
	CURLM *multi;
	FILE *to;
	uint64_t header_bytes, other_bytes;
	int code;			/* why a callback ended it, or 0 */
	const char *why;
	char words[CURL_ERROR_SIZE], shown[SHOWN_MAX];
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready;

static void
start_curl(void)
{
	curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- URLs ---- */

struct origin {
	char *scheme, *host, *port;
};

static void
origin_clear(struct origin *o)
{
	curl_free(o->scheme);
	curl_free(o->host);
	curl_free(o->port);
	memset(o, 0, sizeof *o);
}

/* False: no http or https URL with a host. Clear it in any case. */
static bool
origin_read(const char *url, struct origin *o)
{
	CURLU *u = curl_url();
	bool well;

	memset(o, 0, sizeof *o);
	well = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &o->scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &o->host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &o->port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
	    o->host[0] != '\0' && (strcmp(o->scheme, "https") == 0 || strcmp(o->scheme, "http") == 0);
	curl_url_cleanup(u);
	return well;
}

bool
fetch_url_well(const char *url)
{
	struct origin o;
	bool well = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;

	well = origin_read(url, &o) && well;
	origin_clear(&o);
	return well;
}

const char *
fetch_url_text(const char *url, char *buf, unsigned size)
{
	struct origin o;

	if (origin_read(url, &o))
		snprintf(buf, size, "%s://%.255s%s%.5s", o.scheme, o.host,
		    strcmp(o.port, strcmp(o.scheme, "https") == 0 ? "443" : "80") == 0 ? "" : ":",
		    strcmp(o.port, strcmp(o.scheme, "https") == 0 ? "443" : "80") == 0 ? "" : o.port);
	else
		snprintf(buf, size, "a URL");
	origin_clear(&o);
	return buf;
}

static bool
same_origin(const char *a, const char *b)
{
	struct origin x, y;
	bool same = origin_read(a, &x);

	same = origin_read(b, &y) && same && strcmp(x.scheme, y.scheme) == 0 &&
	    strcasecmp(x.host, y.host) == 0 && strcmp(x.port, y.port) == 0;
	origin_clear(&x);
	origin_clear(&y);
	return same;
}

/* ---- what comes ---- */

static size_t
end_with(struct transfer *t, int code, const char *why)
{
	t->code = code;
	t->why = why;
	return 0;
}

static size_t
take_header(char *bytes, size_t size, size_t count, void *to)
{
	struct transfer *t = to;

	(void)bytes;
	t->header_bytes += size * count;
	if (t->header_bytes > HEADER_BYTES_MOST)
		return end_with(t, SE_LIMIT, "more than 64 KiB of headers");
	return size * count;
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *to)
{
	struct transfer *t = to;
	size_t len = size * count;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		t->other_bytes += len;
		return t->other_bytes > OTHER_BODY_MOST ? 0 : len;
	}
	if (len > t->q->most_bytes || t->a->bytes > t->q->most_bytes - len)
		return end_with(t, SE_LIMIT, "more bytes than max_mib allows");
	if (fwrite(bytes, 1, len, t->to) != len)
		return end_with(t, SE_SYSTEM, "cannot be written to the state directory");
	t->a->bytes += len;
	return len;
}

/* What will be sent back to the server: bounded, and without a byte that could end a header. */
static void
keep_header(const struct transfer *t, const char *name, char word[TRANSFER_WORD_MAX])
{
	struct curl_header *h;
	const char *c;

	word[0] = '\0';
	if (curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK ||
	    strlen(h->value) >= TRANSFER_WORD_MAX)
		return;
	for (c = h->value; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			return;
	snprintf(word, TRANSFER_WORD_MAX, "%s", h->value);
}

/* ---- one request ---- */

static bool
add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (more != NULL)
		*list = more;
	return more != NULL;
}

static bool
add_condition(struct curl_slist **list, const char *name, const char *value)
{
	char line[TRANSFER_WORD_MAX + 32];

	snprintf(line, sizeof line, "%s: %s", name, value);
	return value[0] == '\0' || add_header(list, line);
}

/* NULL without memory. */
static struct curl_slist *
make_headers(const struct transfer_request *q, const char *url)
{
	struct curl_slist *list = NULL;
	bool well = add_header(&list, q->accept == NULL ? "Accept: */*" : q->accept);

	well = well && add_condition(&list, "If-None-Match", q->etag);
	well = well && add_condition(&list, "If-Modified-Since", q->last_modified);
	if (well && q->auth_header != NULL && same_origin(q->url, url))
		well = add_header(&list, q->auth_header);
	if (well)
		return list;
	curl_slist_free_all(list);
	return NULL;
}

static void
set_options(struct transfer *t, const char *url, struct curl_slist *headers)
{
	const struct transfer_request *q = t->q;
	struct curl_blob pem = { .data = NULL };

	curl_easy_reset(t->easy);
	curl_easy_setopt(t->easy, CURLOPT_URL, url);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)q->timeout_sec * 1000);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)q->timeout_sec * 1000);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that hangs must not hold up the end of the process. */
	curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
	/* "" rather than unset: the environment has no say. */
	curl_easy_setopt(t->easy, CURLOPT_PROXY, q->proxy);
	curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)q->most_bytes);
	curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "hansho/" HANSHO_VERSION);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->words);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	if (q->certificates == NULL)
		return;
	pem.data = (void *)(uintptr_t)q->certificates;
	pem.len = strlen(q->certificates);
	pem.flags = CURL_BLOB_COPY;
	curl_easy_setopt(t->easy, CURLOPT_CAINFO_BLOB, &pem);
	curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
}

static CURLcode
result_of(struct transfer *t)
{
	const CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(t->multi, &left)) != NULL)
		if (m->msg == CURLMSG_DONE)
			return m->data.result;
	return CURLE_RECV_ERROR;
}

/* Not curl_easy_perform(): it cannot be told to stop between two of its waits. */
static CURLcode
perform(struct transfer *t)
{
	CURLcode r = CURLE_ABORTED_BY_CALLBACK;
	int running = 1;

	if (curl_multi_add_handle(t->multi, t->easy) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	while (!atomic_load(t->q->cancelled)) {
		if (curl_multi_perform(t->multi, &running) != CURLM_OK) {
			r = CURLE_OUT_OF_MEMORY;
			break;
		}
		if (running == 0) {
			r = result_of(t);
			break;
		}
		curl_multi_poll(t->multi, NULL, 0, SLICE_MS, NULL);
	}
	curl_multi_remove_handle(t->multi, t->easy);
	return r;
}

/* ---- what came of it ---- */

static int
judge_failure(struct transfer *t, CURLcode r, struct fault *fault)
{
	if (atomic_load(t->q->cancelled))
		return fault_set(fault, SE_STOPPED, "%s: stopped", t->shown);
	if (t->code != 0)
		return fault_set(fault, t->code, "%s: %s", t->shown, t->why);
	switch (r) {
	case CURLE_FILESIZE_EXCEEDED:
		return fault_set(fault, SE_LIMIT, "%s: more bytes than max_mib allows", t->shown);
	case CURLE_OPERATION_TIMEDOUT:
		return fault_set(fault, SE_PEER, "%s: not done within %u s (timeout_sec)", t->shown,
		    t->q->timeout_sec);
	/* Words about host and certificate, never about the path. */
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
		if (t->words[0] != '\0')
			return fault_set(fault, SE_PEER, "%s: %s", t->shown, t->words);
		break;
	default:
		break;
	}
	return fault_set(fault, SE_PEER, "%s: %s", t->shown, curl_easy_strerror(r));
}

static void
keep_answer(struct transfer *t)
{
	curl_off_t after_sec = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->a->status);
	if (curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &after_sec) == CURLE_OK && after_sec > 0)
		t->a->retry_after_sec = (uint32_t)(after_sec < RETRY_AFTER_MOST_SEC ? after_sec :
		    RETRY_AFTER_MOST_SEC);
	keep_header(t, "ETag", t->a->etag);
	keep_header(t, "Last-Modified", t->a->last_modified);
	keep_header(t, "X-TAXII-Date-Added-Last", t->a->date_added_last);
}

/* 1: *next is where to go on, yours; 0: no redirect. */
static int
judge_redirect(struct transfer *t, const char *url, char **next, struct fault *fault)
{
	char *to = NULL;

	*next = NULL;
	if (t->a->status < 300 || t->a->status > 399 || t->a->status == 304)
		return 0;
	if (curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to) != CURLE_OK || to == NULL ||
	    !fetch_url_well(to))
		return fault_set(fault, SE_PEER, "%s: answers %ld and does not say where to go", t->shown, t->a->status);
	if (strncmp(url, "https://", 8) == 0 && strncmp(to, "https://", 8) != 0)
		return fault_set(fault, SE_PEER, "%s: leads from https to http, which is not followed", t->shown);
	if ((*next = strdup(to)) == NULL)
		return fault_set(fault, SE_NOMEM, "%s: no memory", t->shown);
	return 1;
}

static int
judge_status(const struct transfer *t, struct fault *fault)
{
	bool asked = t->q->etag[0] != '\0' || t->q->last_modified[0] != '\0';

	if (t->a->status == 200 || (t->a->status == 304 && asked))
		return 0;
	return fault_set(fault, SE_PEER, "%s: answers %ld%s", t->shown, t->a->status,
	    t->a->status == 401 || t->a->status == 403 ? ": is the authentication header right?" : "");
}

/* 1: a redirect; 0: done. */
static int
request_once(struct transfer *t, const char *url, char **next, struct fault *fault)
{
	struct curl_slist *headers = make_headers(t->q, url);
	CURLcode r;

	*next = NULL;
	if (headers == NULL)
		return fault_set(fault, SE_NOMEM, "%s: no memory", t->shown);
	fetch_url_text(url, t->shown, sizeof t->shown);
	t->words[0] = '\0';
	t->header_bytes = t->other_bytes = 0;
	memset(t->a, 0, sizeof *t->a);
	set_options(t, url, headers);
	r = perform(t);
	keep_answer(t);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	/* An answer that is no feed is known by its status, even if its body is endless. */
	if (r != CURLE_OK && (t->a->status == 0 || t->a->status == 200 || t->code != 0))
		return judge_failure(t, r, fault);
	return judge_redirect(t, url, next, fault);
}

int
transfer_get(const struct transfer_request *q, FILE *to, struct transfer_answer *a, struct fault *fault)
{
	struct transfer t = { .q = q, .a = a, .to = to };
	char *url = strdup(q->url), *next;
	unsigned redirects = 0;
	int r = SE_NOMEM;

	memset(a, 0, sizeof *a);
	pthread_once(&curl_once, start_curl);
	if (url == NULL || curl_ready != CURLE_OK || (t.easy = curl_easy_init()) == NULL ||
	    (t.multi = curl_multi_init()) == NULL) {
		fault_set(fault, SE_NOMEM, "libcurl does not start");
		goto done;
	}
	while ((r = request_once(&t, url, &next, fault)) == 1) {
		free(url);
		url = next;
		if (++redirects > REDIRECTS_MOST) {
			r = fault_set(fault, SE_PEER, "%s: more than %d redirects", t.shown, (int)REDIRECTS_MOST);
			break;
		}
	}
	if (r == 0)
		r = judge_status(&t, fault);
done:
	free(url);
	curl_easy_cleanup(t.easy);
	curl_multi_cleanup(t.multi);
	return r;
}
