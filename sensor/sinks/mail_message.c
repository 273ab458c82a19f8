#include "sinks/mail_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/hash.h"
#include "base/when.h"
#include "sinks/text.h"
#include "sinks/view.h"

enum {
	ENTRY_MOST = 4096, REASON_MOST = 1000, TITLE_MOST = 200, NAME_MOST = 253,
	LINE_BYTES = 57,		/* 76 characters of base64 (RFC 2045, 6.8) */
	WORD_BYTES = 42,		/* 75 characters of an encoded word (RFC 2047, 2), with what is around */
	SEVERITIES = 5
};

struct words {
	const char *severity[SEVERITIES], *state[3], *why, *count, *none, *intro, *more;
};

static const struct words english = {
	{ "unrated", "critical", "high", "medium", "low" }, { "new", "goes on", "over" }, "why", "%u %s", "no alert",
	"%s: %u incidents. Each is told as it was last.\n", "\n%u further records are not told here.\n",
};

static const struct words japanese = {
	{ "未評価", "重大", "高", "中", "低" }, { "新規", "継続中", "終了" }, "理由", "%2$s %1$u 件", "警報なし",
	"%s: 事案 %u 件。それぞれ最新の状態です。\n", "\nほかに %u 件の記録がありますが、ここには載せていません。\n",
};

static const struct words *
words_of(const struct digest *d)
{
	return d->japanese ? &japanese : &english;
}

/* ---- entries ---- */

static const char *
state_text(const struct words *w, const struct view *v)
{
	return w->state[strcmp(v->state, "close") == 0 ? 2 : strcmp(v->state, "update") == 0 ? 1 : 0];
}

static void
add_ends(struct text *t, const struct view *v)
{
	text_add_clean(t, v->host[0] != '\0' ? v->host : "(sensor)", NAME_MOST);
	if (v->name[0] != '\0') {
		text_add(t, " (");
		text_add_clean(t, v->name, NAME_MOST);
		text_add(t, ")");
	}
	if (v->peer[0] == '\0')
		return;
	text_add(t, " -> ");
	text_add_clean(t, view_peer_name(v)[0] != '\0' ? view_peer_name(v) : v->peer, NAME_MOST);
	if (v->peer_port != 0)
		text_addf(t, ":%u", v->peer_port);
}

static void
write_entry(const struct words *w, const struct view *v, struct text *t)
{
	char when[WHEN_TEXT_MAX] = "-";
	int64_t ns;

	if (when_parse(v->timestamp, strlen(v->timestamp), 0, &ns)) {
		when_rfc3339(ns, when);
		when[10] = ' ';
		when[19] = '\0';
	}
	text_addf(t, "\n%s UTC  %s  ", when, w->severity[v->severity < SEVERITIES ? v->severity : 0]);
	add_ends(t, v);
	text_add(t, "\n  ");
	text_add_clean(t, v->signature[0] != '\0' ? v->signature : v->event_type, TITLE_MOST);
	text_addf(t, " (%s)\n", state_text(w, v));
	if (v->reason[0] != '\0') {
		text_addf(t, "  %s: ", w->why);
		text_add_clean(t, v->reason, REASON_MOST);
		text_add(t, "\n");
	}
	text_add(t, "  ");
	text_add_clean(t, v->id, HEAD_ID_MAX);
	text_addf(t, "-%u", v->revision);
	if (v->technique[0] != '\0') {
		text_add(t, ", ATT&CK ");
		text_add_clean(t, v->technique, 32);
	}
	text_add(t, "\n");
}

/* The incident's, a new one, or NULL beyond `most`. */
static struct digest_entry *
entry_for(struct digest *d, const struct head *head)
{
	unsigned i;

	for (i = 0; i < d->count; i++)
		if (head->id[0] != '\0' && strcmp(d->entry[i].id, head->id) == 0)
			return &d->entry[i];
	return d->count < d->most ? &d->entry[d->count] : NULL;
}

bool
digest_add(struct digest *d, const char *line, const struct head *head)
{
	char buf[ENTRY_MOST], key[HEAD_ID_MAX + 24], *copy;
	struct digest_entry *e;
	struct text t;
	struct view v;

	if (d->entry == NULL && (d->entry = calloc(d->most, sizeof *d->entry)) == NULL)
		return false;
	e = entry_for(d, head);
	if (e != NULL) {
		text_init(&t, buf, sizeof buf);
		if (view_open(&v, line))
			write_entry(words_of(d), &v, &t);
		view_close(&v);
		if ((copy = strdup(buf)) == NULL)
			return false;
		free(e->text);
		e->text = copy;
		e->severity = head->severity < SEVERITIES ? head->severity : 0;
		memcpy(e->id, head->id, sizeof e->id);
		d->count += e == &d->entry[d->count];
	} else {
		d->more++;
	}
	snprintf(key, sizeof key, "%016llx%s-%u", (unsigned long long)d->sum, head->id, head->revision);
	d->sum = hash_bytes(&HASH_FIXED, key, strlen(key));
	return true;
}

void
digest_clear(struct digest *d)
{
	unsigned i;

	for (i = 0; i < d->count; i++)
		free(d->entry[i].text);
	free(d->entry);
	d->entry = NULL;
	d->count = d->more = 0;
	d->sum = 0;
}

/* ---- headers ---- */

/* "2 critical, 3 high" */
static void
count_severities(const struct digest *d, struct text *t)
{
	const struct words *w = words_of(d);
	unsigned counts[SEVERITIES] = { 0 }, i;
	const char *sep = "";
	char one[64];

	for (i = 0; i < d->count; i++)
		counts[d->entry[i].severity]++;
	for (i = 1; i <= SEVERITIES; i++) {
		unsigned k = i % SEVERITIES;

		if (counts[k] == 0)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(one, sizeof one, w->count, counts[k], w->severity[k]);
#pragma GCC diagnostic pop
		text_addf(t, "%s%s", sep, one);
		sep = d->japanese ? "、" : ", ";
	}
	if (sep[0] == '\0')
		text_add(t, w->none);
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

/* RFC 2047: encoded words, each of whole characters. */
static void
put_unstructured(FILE *to, const char *text)
{
	char piece[WORD_BYTES + 8], coded[80];
	size_t n = 0, one;
	const char *sep = "";

	if (is_ascii(text)) {
		fputs(text, to);
		return;
	}
	while (*text != '\0') {
		for (n = 0; *text != '\0'; n += one, text += one) {
			for (one = 1; ((unsigned char)text[one] & 0xc0) == 0x80; one++)
				continue;
			if (n + one > WORD_BYTES)
				break;
			memcpy(piece + n, text, one);
		}
		EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)piece, (int)n);
		fprintf(to, "%s=?UTF-8?B?%s?=", sep, coded);
		sep = "\r\n ";
	}
}

static void
put_subject(FILE *to, const struct digest *d)
{
	char buf[512];
	struct text t;

	text_init(&t, buf, sizeof buf);
	text_add(&t, "[hansho] ");
	text_add_clean(&t, d->sensor, 100);
	text_add(&t, ": ");
	count_severities(d, &t);
	fputs("Subject: ", to);
	put_unstructured(to, buf);
	fputs("\r\n", to);
}

/* The C library's names of days and months follow the locale; those of mails do not. */
static void
put_date(FILE *to, int64_t now_sec)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t sec = (time_t)now_sec;
	struct tm tm;

	gmtime_r(&sec, &tm);
	fprintf(to, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n", days + 3 * tm.tm_wday, tm.tm_mday,
	    months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* The right side: what the sensor is called, as far as a name may hold it. */
static void
put_message_id(FILE *to, const struct digest *d)
{
	const char *c;

	fprintf(to, "Message-ID: <%016llx.%u@", (unsigned long long)d->sum, d->count + d->more);
	for (c = d->sensor; *c != '\0' && c < d->sensor + 60; c++)
		fputc((*c >= '0' && *c <= '9') || ((*c | 32) >= 'a' && (*c | 32) <= 'z') ? *c : '-', to);
	fputs(".hansho.invalid>\r\n", to);
}

/* ---- body ---- */

static char *
body_text(const struct digest *d, size_t *len)
{
	const struct words *w = words_of(d);
	char *body = NULL, summary[256];
	struct text t;
	unsigned i;
	FILE *to;

	if ((to = open_memstream(&body, len)) == NULL)
		return NULL;
	text_init(&t, summary, sizeof summary);
	count_severities(d, &t);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fprintf(to, w->intro, summary, d->count);
	for (i = 0; i < d->count; i++)
		fputs(d->entry[i].text, to);
	if (d->more > 0)
		fprintf(to, w->more, d->more);
#pragma GCC diagnostic pop
	if (fclose(to) != 0) {
		free(body);
		return NULL;
	}
	return body;
}

static void
put_base64(FILE *to, const char *text, size_t len)
{
	char line[80];
	size_t n;

	for (; len > 0; text += n, len -= n) {
		n = len < LINE_BYTES ? len : LINE_BYTES;
		EVP_EncodeBlock((unsigned char *)line, (const unsigned char *)text, (int)n);
		fprintf(to, "%s\r\n", line);
	}
}

char *
digest_mail(const struct digest *d, int64_t now_sec)
{
	size_t body_len = 0, mail_len = 0;
	char *body = body_text(d, &body_len), *mail = NULL;
	FILE *to;

	if (body == NULL || (to = open_memstream(&mail, &mail_len)) == NULL) {
		free(body);
		return NULL;
	}
	fprintf(to, "From: %s\r\nTo: %s\r\n", d->from, d->to);
	put_subject(to, d);
	put_date(to, now_sec);
	put_message_id(to, d);
	fputs("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
	    "Auto-Submitted: auto-generated\r\nUser-Agent: hansho/" HANSHO_VERSION "\r\n\r\n", to);
	put_base64(to, body, body_len);
	free(body);
	if (fclose(to) != 0) {
		free(mail);
		return NULL;
	}
	return mail;
}
