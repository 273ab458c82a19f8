#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/hash.h"
#include "base/hex.h"
#include "sinks/text.h"
#include "sinks/webhook_private.h"

enum { ANSWER_SHOWN = 120, SIGNATURE_BYTES = 32 };

static size_t
take_answer(char *bytes, size_t size, size_t count, void *arg)
{
	struct flight *f = arg;
	size_t len = size * count, room = ANSWER_MOST - f->answer_len;

	memcpy(f->answer + f->answer_len, bytes, len < room ? len : room);
	f->answer_len += len < room ? len : room;
	return len <= room ? len : 0;	/* 0 ends the transfer: the status is known already */
}

void
flight_prepare(struct sink *s, struct flight *f)
{
	const struct sink_options *o = &s->options;
	struct webhook *w = s->state;

	curl_easy_setopt(f->easy, CURLOPT_URL, w->url);
	curl_easy_setopt(f->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(f->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(f->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(f->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (o->ca_file[0] != '\0') {
		curl_easy_setopt(f->easy, CURLOPT_CAINFO, o->ca_file);
		curl_easy_setopt(f->easy, CURLOPT_CAPATH, NULL);
	}
	if (o->cert_file[0] != '\0') {
		curl_easy_setopt(f->easy, CURLOPT_SSLCERT, o->cert_file);
		curl_easy_setopt(f->easy, CURLOPT_SSLKEY, o->key_file[0] != '\0' ? o->key_file : o->cert_file);
	}
	curl_easy_setopt(f->easy, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms);
	curl_easy_setopt(f->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)o->timeout_ms);
	curl_easy_setopt(f->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(f->easy, CURLOPT_USERAGENT, "hansho/" HANSHO_VERSION);
	curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, f->words);
	curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(f->easy, CURLOPT_PRIVATE, f);
}

/* ---- what is sent ---- */

/* "[a,b]"; NULL without memory. */
static char *
join(const struct post *p)
{
	char *body = malloc(p->bytes + p->count + 2), *at = body;
	unsigned i;

	if (body == NULL)
		return NULL;
	for (i = 0; i < p->count; i++) {
		*at++ = i == 0 ? '[' : ',';
		at = stpcpy(at, p->letter[i].body);
	}
	*at++ = ']';
	*at = '\0';
	return body;
}

/* False: no memory, the list is as it was. */
static bool
add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (more == NULL)
		return false;
	*list = more;
	return true;
}

/* Of several: the same for the same records in the same order. Alerts have an id and a revision; what has none is not the same twice. */
static bool
add_key(struct curl_slist **list, const struct post *p)
{
	char line[KEY_TEXT_MAX + 40];
	uint64_t sum = 0;
	unsigned i;

	if (p->count == 1 && p->letter[0].key[0] == '\0')
		return true;
	for (i = 0; i < p->count; i++) {
		const char *text = p->letter[i].key[0] != '\0' ? p->letter[i].key : p->letter[i].line;
		uint64_t both[2] = { sum, hash_bytes(&HASH_FIXED, text, strlen(text)) };

		sum = hash_bytes(&HASH_FIXED, both, sizeof both);
	}
	if (p->count == 1)
		snprintf(line, sizeof line, "Idempotency-Key: %s", p->letter[0].key);
	else
		snprintf(line, sizeof line, "Idempotency-Key: batch-%016llx-%u", (unsigned long long)sum, p->count);
	return add_header(list, line);
}

/* HMAC-SHA256 (RFC 2104) over "TIMESTAMP.BODY": whoever records a request cannot send it again later. */
static bool
add_signature(struct curl_slist **list, const struct webhook *w, const char *body, size_t len)
{
	char line[96] = "X-Signature: sha256=", stamp[64];
	unsigned char sum[EVP_MAX_MD_SIZE];
	size_t begin = strlen(line), all_len;
	unsigned sum_len = 0;
	char *all;
	bool ok;

	if (w->secret[0] == '\0')
		return true;
	snprintf(stamp, sizeof stamp, "X-Signature-Timestamp: %lld", (long long)time(NULL));
	if ((all = malloc(len + sizeof stamp)) == NULL)
		return false;
	all_len = (size_t)sprintf(all, "%s.", strchr(stamp, ' ') + 1);
	memcpy(all + all_len, body, len);
	ok = HMAC(EVP_sha256(), w->secret, (int)strlen(w->secret), (const unsigned char *)all, all_len + len, sum,
	    &sum_len) != NULL && sum_len == SIGNATURE_BYTES;
	free(all);
	hex_put(line + begin, sum, SIGNATURE_BYTES);
	line[begin + 2 * SIGNATURE_BYTES] = '\0';
	return ok && add_header(list, stamp) && add_header(list, line);
}

/* An empty Expect: no round trip for "100 Continue", which small receivers do not know. */
static struct curl_slist *
make_headers(const struct webhook *w, const struct post *p, const char *body, size_t len)
{
	struct curl_slist *list = NULL;

	if (add_header(&list, "Content-Type: application/json") && add_header(&list, "Expect:") &&
	    add_key(&list, p) && add_signature(&list, w, body, len) &&
	    (w->header[0] == '\0' || add_header(&list, w->header)))
		return list;
	curl_slist_free_all(list);
	return NULL;
}

bool
flight_launch(struct sink *s, struct flight *f, struct post *p)
{
	struct webhook *w = s->state;
	const char *body;
	size_t len;

	f->body = s->options.batch > 0 ? join(p) : NULL;
	if (s->options.batch > 0 && f->body == NULL)
		return false;
	body = f->body != NULL ? f->body : p->letter[0].body;
	len = strlen(body);
	f->answer_len = 0;
	f->words[0] = '\0';
	if ((f->headers = make_headers(w, p, body, len)) == NULL)
		goto failed;
	curl_easy_setopt(f->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers);
	curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(f->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	if (curl_multi_add_handle(w->multi, f->easy) != CURLM_OK)
		goto failed;
	f->post = p;
	p->flies = p->sealed = true;
	w->flying++;
	return true;
failed:
	curl_slist_free_all(f->headers);
	free(f->body);
	f->headers = NULL;
	f->body = NULL;
	return false;
}

void
flight_land(struct webhook *w, struct flight *f)
{
	curl_multi_remove_handle(w->multi, f->easy);
	curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(f->headers);
	free(f->body);
	f->headers = NULL;
	f->body = NULL;
	f->answer[f->answer_len] = '\0';
	if (f->post != NULL) {
		f->post->flies = false;
		w->flying--;
	}
	f->post = NULL;
}

/* ---- what is told of it ---- */

const char *
flight_words(const struct flight *f, CURLcode r)
{
	switch (r) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_OPERATION_TIMEDOUT:
		if (f->words[0] != '\0')
			return f->words;
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		return "stopped";
	default:
		break;
	}
	return curl_easy_strerror(r);
}

const char *
flight_answer(struct flight *f, char buf[SAID_MAX])
{
	struct text t;

	f->answer[strcspn(f->answer, "\r\n")] = '\0';
	text_init(&t, buf, SAID_MAX);
	if (f->answer[0] != '\0')
		text_add(&t, ": ");
	text_add_clean(&t, f->answer, ANSWER_SHOWN);
	return buf;
}
