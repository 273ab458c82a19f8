#include "proto/http/outstanding.h"

#include "proto/http/http.h"

enum { TEXTS = 7 };

struct record {
	uint32_t number;
	bool connect, login, winrm;
	uint8_t method;
	bool absent[TEXTS];
	uint32_t len[TEXTS];
};

static size_t
record_bytes(const struct record *r)
{
	size_t sum = sizeof *r;
	int i;

	for (i = 0; i < TEXTS; i++)
		sum += r->len[i];
	return sum;
}

static struct record
record_at(const struct outstanding *o)
{
	struct record r;

	memcpy(&r, o->texts.at + o->begin, sizeof r);	/* not aligned */
	return r;
}

unsigned
outstanding_count(const struct outstanding *o)
{
	return o->forgotten + o->count;
}

void
outstanding_clear(struct outstanding *o, struct bytes_ceiling *c)
{
	bytes_empty(&o->texts, c);
	o->begin = 0;
	o->count = 0;
	o->forgotten = 0;
}

static void
drop_kept(struct outstanding *o)
{
	struct record r = record_at(o);

	o->begin += record_bytes(&r);
	o->count--;
}

void
outstanding_drop(struct outstanding *o, struct bytes_ceiling *c, unsigned count)
{
	for (; count > 0 && outstanding_count(o) > 0; count--) {
		if (o->forgotten > 0)
			o->forgotten--;
		else
			drop_kept(o);
	}
	if (outstanding_count(o) == 0)
		outstanding_clear(o, c);
}

static void
close_up(struct outstanding *o)
{
	if (o->begin == 0)
		return;
	o->texts.used -= o->begin;
	memmove(o->texts.at, o->texts.at + o->begin, o->texts.used);
	o->begin = 0;
}

/* There is room. */
static void
put(struct bytes *b, const void *bytes, size_t len)
{
	memcpy(b->at + b->used, bytes, len);
	b->used += len;
}

unsigned
outstanding_push(struct outstanding *o, struct bytes_ceiling *c, const struct asked *a)
{
	const struct http_request *r = &a->request;
	const struct span text[TEXTS] = { r->method, r->host, r->path, r->user_agent, a->user, a->domain,
	    a->workstation };
	struct record record;
	unsigned forgotten = 0;
	size_t i;

	memset(&record, 0, sizeof record);
	record.number = r->number;
	record.connect = r->connect;
	record.login = a->login;
	record.winrm = a->winrm;
	record.method = a->method;
	for (i = 0; i < TEXTS; i++) {
		record.absent[i] = text[i].at == NULL;
		record.len[i] = (uint32_t)text[i].left;
	}
	if (o->begin > o->texts.used / 2 || o->count == HTTP_OUTSTANDING_MAX)
		close_up(o);
	while (o->count > 0 && (o->count == HTTP_OUTSTANDING_MAX ||
	    !bytes_reserve(&o->texts, c, record_bytes(&record)))) {
		drop_kept(o);
		close_up(o);
		o->forgotten++;
		forgotten++;
	}
	if (!bytes_reserve(&o->texts, c, record_bytes(&record))) {
		memset(record.absent, true, sizeof record.absent);
		memset(record.len, 0, sizeof record.len);
	}
	if (!bytes_reserve(&o->texts, c, record_bytes(&record))) {
		o->forgotten++;
		return forgotten + 1;
	}
	put(&o->texts, &record, sizeof record);
	for (i = 0; i < TEXTS; i++)
		if (record.len[i] > 0)
			put(&o->texts, text[i].at, record.len[i]);
	o->count++;
	return forgotten;
}

bool
outstanding_first(const struct outstanding *o, struct asked *out)
{
	struct span *const text[TEXTS] = { &out->request.method, &out->request.host, &out->request.path,
	    &out->request.user_agent, &out->user, &out->domain, &out->workstation };
	const uint8_t *at;
	struct record r;
	int i;

	memset(out, 0, sizeof *out);
	if (o->count == 0 || o->forgotten > 0)
		return o->forgotten > 0;
	r = record_at(o);
	at = o->texts.at + o->begin + sizeof r;
	for (i = 0; i < TEXTS; i++) {
		if (!r.absent[i])
			*text[i] = span_of(at, r.len[i]);
		at += r.len[i];
	}
	out->request.number = r.number;
	out->request.connect = r.connect;
	out->login = r.login;
	out->winrm = r.winrm;
	out->method = r.method;
	return true;
}
