/*
 * E-mail through an SMTP relay, as a digest: what was told within an interval
 * goes out as one mail. Until it is out the journal keeps it, however long that takes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "base/when.h"
#include "sinks/curl_start.h"
#include "sinks/kinds.h"
#include "sinks/mail_message.h"
#include "sinks/secret.h"
#include "sinks/wait.h"

enum { ADDRESSES_MOST = 32, ADDRESS_MAX = 255, MAIL_HELD_MOST = 1 << 20 };

struct mail {
	CURL *easy;
	CURLM *multi;
	struct curl_slist *to;
	struct digest digest;
	int64_t due_ns;			/* monotonic; of what is held */
	char *message;			/* composed: it stays the same when it is sent again */
	size_t message_len, sent;
	char words[CURL_ERROR_SIZE];
	char login[SECRET_MAX];
};

/* ---- opening ---- */

/* "a@b.example": no blank, no control character, nothing that SMTP or a header would read on. */
static bool
is_address(const char *text, size_t len)
{
	size_t i, at = 0;

	if (len < 3 || len > ADDRESS_MAX)
		return false;
	for (i = 0; i < len; i++) {
		at += text[i] == '@';
		if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f || strchr("<>,;:\\\"()[]", text[i]) != NULL)
			return false;
	}
	return at == 1 && text[0] != '@' && text[len - 1] != '@';
}

static int
add_recipients(struct sink *s, struct fault *fault)
{
	const char *at = s->options.mail_to;
	struct mail *m = s->state;
	struct curl_slist *more;
	char one[ADDRESS_MAX + 3];
	unsigned count = 0;
	size_t len;

	for (; *(at += strspn(at, ", ")) != '\0'; at += len) {
		len = strcspn(at, ", ");
		if (!is_address(at, len) || ++count > ADDRESSES_MOST)
			return fault_set(fault, SE_USAGE, "sink %s: to: expected up to %d addresses such as soc@example.org, with "
			    "commas between", s->options.name, ADDRESSES_MOST);
		snprintf(one, sizeof one, "<%.*s>", (int)len, at);
		if ((more = curl_slist_append(m->to, one)) == NULL)
			return fault_set(fault, SE_NOMEM, "sink %s: out of memory", s->options.name);
		m->to = more;
	}
	return count > 0 ? 0 : fault_set(fault, SE_USAGE, "sink %s: to: expected an address", s->options.name);
}

static size_t
give_message(char *to, size_t size, size_t count, void *arg)
{
	struct mail *m = arg;
	size_t len = m->message_len - m->sent;

	if (len > size * count)
		len = size * count;
	memcpy(to, m->message + m->sent, len);
	m->sent += len;
	return len;
}

static size_t
drop_answer(char *bytes, size_t size, size_t count, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * count;
}

/* With a password nothing goes out in the clear. */
static void
set_security(struct sink *s)
{
	const struct sink_options *o = &s->options;
	struct mail *m = s->state;
	long level = o->starttls == SINK_STARTTLS_OFF ? CURLUSESSL_NONE : o->starttls == SINK_STARTTLS_TRY ? CURLUSESSL_TRY :
	    CURLUSESSL_ALL;
	char *colon = strchr(m->login, ':');

	if (colon != NULL) {
		level = CURLUSESSL_ALL;
		*colon = '\0';
		curl_easy_setopt(m->easy, CURLOPT_USERNAME, m->login);
		curl_easy_setopt(m->easy, CURLOPT_PASSWORD, colon + 1);
		*colon = ':';
	}
	curl_easy_setopt(m->easy, CURLOPT_USE_SSL, level);
	curl_easy_setopt(m->easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(m->easy, CURLOPT_SSL_VERIFYHOST, 2L);
	if (o->ca_file[0] != '\0') {
		curl_easy_setopt(m->easy, CURLOPT_CAINFO, o->ca_file);
		curl_easy_setopt(m->easy, CURLOPT_CAPATH, NULL);
	}
	if (o->cert_file[0] != '\0') {
		curl_easy_setopt(m->easy, CURLOPT_SSLCERT, o->cert_file);
		curl_easy_setopt(m->easy, CURLOPT_SSLKEY, o->key_file[0] != '\0' ? o->key_file : o->cert_file);
	}
}

static void
set_options(struct sink *s)
{
	struct mail *m = s->state;
	char from[ADDRESS_MAX + 3];

	snprintf(from, sizeof from, "<%s>", s->options.mail_from);
	curl_easy_setopt(m->easy, CURLOPT_URL, s->options.target);
	curl_easy_setopt(m->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(m->easy, CURLOPT_MAIL_FROM, from);
	curl_easy_setopt(m->easy, CURLOPT_MAIL_RCPT, m->to);
	curl_easy_setopt(m->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(m->easy, CURLOPT_READFUNCTION, give_message);
	curl_easy_setopt(m->easy, CURLOPT_READDATA, m);
	curl_easy_setopt(m->easy, CURLOPT_WRITEFUNCTION, drop_answer);
	curl_easy_setopt(m->easy, CURLOPT_TIMEOUT_MS, (long)s->options.timeout_ms);
	curl_easy_setopt(m->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->options.timeout_ms);
	curl_easy_setopt(m->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(m->easy, CURLOPT_ERRORBUFFER, m->words);
	set_security(s);
}

static int
mail_open(struct sink *s, struct fault *fault)
{
	const struct sink_options *o = &s->options;
	struct mail *m;
	int r;

	if ((m = calloc(1, sizeof *m)) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: out of memory", o->name);
	s->state = m;
	s->batch = MAIL_HELD_MOST;
	if (strncmp(o->target, "smtp://", 7) != 0 && strncmp(o->target, "smtps://", 8) != 0)
		return fault_set(fault, SE_USAGE, "sink %s: expected smtp://host:port or smtps://host:port", o->name);
	if (strchr(o->target, '@') != NULL)
		return fault_set(fault, SE_USAGE, "sink %s: a password does not stand in the configuration: expected it in login",
		    o->name);
	if (!is_address(o->mail_from, strlen(o->mail_from)))
		return fault_set(fault, SE_USAGE, "sink %s: from: expected an address such as hansho@example.org", o->name);
	if ((r = add_recipients(s, fault)) < 0)
		return r;
	if (o->login[0] != '\0' && (r = secret_read(o->login, m->login, sizeof m->login, fault)) < 0)
		return r;
	if (m->login[0] != '\0' && strchr(m->login, ':') == NULL)
		return fault_set(fault, SE_USAGE, "%s: expected user:password", o->login);
	m->digest = (struct digest){ .japanese = o->japanese, .sensor = s->options.sensor_name, .from = s->options.mail_from,
		.to = s->options.mail_to, .most = o->mail_alerts > 0 ? o->mail_alerts : 1 };
	if (!curl_start() || (m->easy = curl_easy_init()) == NULL || (m->multi = curl_multi_init()) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: libcurl does not start", o->name);
	set_options(s);
	return 0;
}

/* ---- sending ---- */

static CURLcode
result_of(struct mail *m)
{
	const CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(m->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE)
			return message->data.result;
	return CURLE_RECV_ERROR;
}

static CURLcode
transfer(struct sink *s)
{
	struct mail *m = s->state;
	CURLcode r = CURLE_ABORTED_BY_CALLBACK;
	int running = 1;

	m->sent = 0;
	m->words[0] = '\0';
	if (curl_multi_add_handle(m->multi, m->easy) != CURLM_OK)
		return CURLE_OUT_OF_MEMORY;
	while (!atomic_load(&s->cancelled)) {
		if (curl_multi_perform(m->multi, &running) != CURLM_OK || running == 0) {
			r = running == 0 ? result_of(m) : CURLE_OUT_OF_MEMORY;
			break;
		}
		curl_multi_poll(m->multi, NULL, 0, WAIT_SLICE_MS, NULL);
	}
	curl_multi_remove_handle(m->multi, m->easy);
	return r;
}

static void
settle(struct sink *s)
{
	struct mail *m = s->state;

	digest_clear(&m->digest);
	free(m->message);
	m->message = NULL;
	s->held = 0;
}

static enum sink_result
send_digest(struct sink *s, struct fault *fault)
{
	struct mail *m = s->state;
	long code = 0;
	CURLcode r;

	if (m->message == NULL && (m->message = digest_mail(&m->digest, (int64_t)time(NULL))) == NULL)
		return sink_later(fault, SE_NOMEM, "mail %s: out of memory", s->options.target);
	m->message_len = strlen(m->message);
	if ((r = transfer(s)) == CURLE_OK) {
		s->tally.delivered += s->held;
		settle(s);
		return SINK_DONE;
	}
	curl_easy_getinfo(m->easy, CURLINFO_RESPONSE_CODE, &code);
	fault_set(fault, SE_PEER, "mail %s: %s", s->options.target, m->words[0] != '\0' ? m->words :
	    curl_easy_strerror(r));
	s->tally.fault = *fault;
	/* Too large, or its content is not wanted (RFC 5321, 4.2.3): the same mail would not be taken later either. */
	if (code == 552 || code == 554) {
		s->tally.refused += s->held;
		settle(s);
		return SINK_REFUSED;
	}
	s->tally.failures++;
	return SINK_LATER;
}

static enum sink_result
mail_flush(struct sink *s, struct fault *fault)
{
	struct mail *m = s->state;

	if (s->held == 0)
		return SINK_DONE;
	if (m->message == NULL && !s->hurry && wait_now() < m->due_ns && s->held < s->batch) {
		wait_pause(WAIT_SLICE_MS, &s->cancelled);
		return SINK_BUSY;
	}
	return send_digest(s, fault);
}

/* A mail that is composed stays as it is: what comes meanwhile is for the next one. */
static enum sink_result
mail_deliver(struct sink *s, const struct sink_record *rec, struct fault *fault)
{
	struct mail *m = s->state;
	enum sink_result r;

	if (m->message != NULL && (r = send_digest(s, fault)) == SINK_LATER)
		return r;
	if (!digest_add(&m->digest, rec->line, rec->head))
		return sink_later(fault, SE_NOMEM, "mail %s: out of memory", s->options.target);
	if (s->held++ == 0)
		m->due_ns = wait_now() + (int64_t)s->options.mail_interval_sec * NS_PER_SEC;
	return SINK_DONE;
}

/* Connects, with TLS where there is some, and says nothing but hello. */
static int
mail_probe(struct sink *s, struct fault *fault)
{
	struct mail *m = s->state;
	CURLcode r;

	curl_easy_setopt(m->easy, CURLOPT_CONNECT_ONLY, 1L);
	r = transfer(s);
	curl_easy_setopt(m->easy, CURLOPT_CONNECT_ONLY, 0L);
	if (r == CURLE_OK)
		return 0;
	return fault_set(fault, SE_PEER, "mail %s: %s", s->options.target, m->words[0] != '\0' ? m->words :
	    curl_easy_strerror(r));
}

static void
mail_close(struct sink *s)
{
	struct mail *m = s->state;

	if (m == NULL)
		return;
	curl_easy_cleanup(m->easy);
	curl_multi_cleanup(m->multi);
	curl_slist_free_all(m->to);
	digest_clear(&m->digest);
	free(m->message);
	explicit_bzero(m->login, sizeof m->login);
	free(m);
}

const struct sink_row sink_mail = {
	.name = "mail",
	.settles = true,
	.patient = true,
	.open = mail_open,
	.deliver = mail_deliver,
	.flush = mail_flush,
	.probe = mail_probe,
	.close = mail_close,
};
