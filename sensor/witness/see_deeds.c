/*
 * see_deeds.c - mail, files, logins, remote use, identities: each is an
 * observation of its own, whichever records are asked for, because later
 * stages judge them. Only what pages are made of waits to be asked for.
 */
#include "witness/private.h"

enum { LIST_MAX = 2048 };

/* A parser may tell a deed before it says what the flow speaks, or inside a protocol that does. */
static void
set_app(struct flow *f, enum app app)
{
	if (f->app == APP_UNKNOWN)
		f->app = (uint8_t)app;
}

static void
set_direction(struct observation_buffer *b, const struct message *m)
{
	if (m->from == RESPONDER)
		b->o.flags |= OBSERVED_RESPONSE;
}

/* ---- mail ---- */

static void
describe_mail(struct observation_buffer *b, const struct mail *l)
{
	b->o.number = l->number;
	b->o.status = l->status;
	b->o.body_bytes = l->bytes;
	b->o.count = l->recipients_count;
	b->o.refused = l->recipients_refused;
	b->o.attachments = (uint16_t)(l->attachments < UINT16_MAX ? l->attachments : UINT16_MAX);
	b->o.flags |= (uint32_t)((l->authenticated ? OBSERVED_AUTHENTICATED : 0) |
	    (l->references ? OBSERVED_REFERENCES : 0) | (l->report ? OBSERVED_REPORT : 0) | (l->list ? OBSERVED_LIST : 0));
	observation_add(b, TEXT_MAIL_HELO, l->helo, TEXT_SHORT_MAX);
	observation_add(b, TEXT_MAIL_FROM, l->from, TEXT_SHORT_MAX);
	observation_add(b, TEXT_MAIL_RECIPIENTS, witness_whole_items(l->recipients, ',', LIST_MAX), LIST_MAX);
	observation_add(b, TEXT_USER, l->user, TEXT_SHORT_MAX);
	observation_add(b, TEXT_MAIL_HEADER_NAME, l->header_from_name, TEXT_SHORT_MAX);
	observation_add(b, TEXT_MAIL_HEADER_FROM, l->header_from, TEXT_SHORT_MAX);
	observation_add(b, TEXT_MAIL_SUBJECT, l->subject, TEXT_LONG_MAX);
	observation_add(b, TEXT_MAIL_ID, l->message_id, TEXT_SHORT_MAX);
	observation_add(b, TEXT_MAIL_ORIGINAL_ID, l->original_id, TEXT_SHORT_MAX);
	observation_add(b, TEXT_FILE_NAME, witness_whole_items(l->attachment_names, '/', TEXT_LONG_MAX),
	    TEXT_LONG_MAX);
}

void
see_mail(struct witness *w, struct flow *f, const struct message *m)
{
	set_app(f, APP_SMTP);
	describe_mail(witness_begin(w, OBSERVE_MAIL, f, m->ts_ns), m->mail);
	witness_end(w);
}

/* ---- files ---- */

static void
describe_file(struct observation_buffer *b, const void *what)
{
	const struct file *l = what;

	b->o.detail = (uint8_t)l->kind;
	b->o.inner = (uint8_t)l->inner;
	b->o.body_bytes = l->bytes;
	b->o.flags |= (uint32_t)((l->whole ? OBSERVED_WHOLE : 0) | (l->encrypted ? OBSERVED_ENCRYPTED : 0) |
	    (l->macros ? OBSERVED_MACROS : 0) | (l->mismatched ? OBSERVED_MISMATCHED : 0));
	observation_add(b, TEXT_FILE_NAME, l->name, TEXT_SHORT_MAX);
	observation_add(b, TEXT_CONTENT_TYPE, l->declared, TEXT_SHORT_MAX);
	if (l->sha256[0] != '\0')
		observation_add(b, TEXT_FILE_SHA256, span_text(l->sha256), 64);
	witness_add_service(b, l->host);
	if (l->path.at != NULL)
		witness_add_url(b, l->host, l->path);
	observation_add(b, TEXT_USER_AGENT, l->user_agent, TEXT_LONG_MAX);
}

/* describe_file() has no message: which way it went is told here. */
struct sent_file {
	const struct file *file;
	const struct message *message;
};

static void
describe_sent(struct observation_buffer *b, const void *what)
{
	const struct sent_file *sent = what;

	describe_file(b, sent->file);
	set_direction(b, sent->message);
}

void
see_file(struct witness *w, struct flow *f, const struct message *m)
{
	const struct sent_file sent = { m->file, m };
	const struct sighting s = { m->ts_ns, describe_sent, &sent };

	if (m->file->sha256[0] != '\0')
		match_text(w, f, &s, INDICATOR_FILE_SHA256, span_text(m->file->sha256));
	if (m->file->ordinary && m->file->kind != FILE_SCRIPT && (w->options.records & WITNESS_FILE) == 0)
		return;
	describe_sent(witness_begin(w, OBSERVE_FILE, f, m->ts_ns), &sent);
	witness_end(w);
}

/* ---- logins and use of other machines ---- */

void
see_login(struct witness *w, struct flow *f, const struct message *m)
{
	const struct login *l = m->login;
	struct observation_buffer *b;

	set_app(f, l->app);
	b = witness_begin(w, OBSERVE_LOGIN, f, m->ts_ns);
	b->o.app = (uint8_t)l->app;
	b->o.detail = (uint8_t)l->method;
	b->o.outcome = (uint8_t)l->outcome;
	b->o.code = l->code;
	observation_add(b, TEXT_USER, l->user, TEXT_SHORT_MAX);
	observation_add(b, TEXT_DOMAIN, l->domain, TEXT_SHORT_MAX);
	observation_add(b, TEXT_HOST_NAME, l->workstation, TEXT_SHORT_MAX);
	observation_add(b, TEXT_SOFTWARE, l->software, TEXT_SHORT_MAX);
	observation_add(b, TEXT_TICKET, l->service, TEXT_SHORT_MAX);
	witness_end(w);
}

void
see_remote(struct witness *w, struct flow *f, const struct message *m)
{
	const struct remote *r = m->remote;
	struct observation_buffer *b;

	set_app(f, r->app);
	b = witness_begin(w, OBSERVE_REMOTE, f, m->ts_ns);
	b->o.app = (uint8_t)r->app;
	b->o.detail = (uint8_t)r->action;
	b->o.outcome = (uint8_t)r->outcome;
	b->o.code = r->code;
	b->o.count = r->files;
	b->o.refused = r->deleted;
	b->o.number = r->marked;
	b->o.body_bytes = r->existing;
	observation_add(b, TEXT_SHARE, r->name, TEXT_LONG_MAX);
	observation_add(b, TEXT_COMMAND, r->command, TEXT_LONG_MAX);
	observation_add(b, TEXT_FILE_NAME, r->ending, TEXT_SHORT_MAX);
	witness_end(w);
}

/* ---- identities ---- */

void
witness_identity(struct witness *w, struct flow *f, const struct message *m, const struct identity *i)
{
	struct observation_buffer *b = witness_begin(w, OBSERVE_IDENTITY, f, m->ts_ns);

	b->o.detail = (uint8_t)i->source;
	b->o.named = i->addr;
	b->o.code = i->lease_sec;
	if (i->released)
		b->o.flags |= OBSERVED_RELEASED;
	set_direction(b, m);
	if (i->mac.left == MAC_BYTES)
		observation_add(b, TEXT_MAC, i->mac, MAC_BYTES);
	observation_add(b, TEXT_HOST_NAME, i->host_name, TEXT_SHORT_MAX);
	observation_add(b, TEXT_USER, i->user, TEXT_SHORT_MAX);
	observation_add(b, TEXT_DOMAIN, i->domain, TEXT_SHORT_MAX);
	observation_add(b, TEXT_SOFTWARE, i->software, TEXT_SHORT_MAX);
	witness_end(w);
}

void
see_identity(struct witness *w, struct flow *f, const struct message *m)
{
	static const uint8_t apps[IDENTITY_SOURCES] = {
		[IDENTITY_DHCP] = APP_DHCP, [IDENTITY_DHCPV6] = APP_DHCP, [IDENTITY_NBNS] = APP_NBNS,
		[IDENTITY_MDNS] = APP_MDNS, [IDENTITY_LLMNR] = APP_LLMNR,
	};

	set_app(f, apps[m->identity->source]);
	witness_identity(w, f, m, m->identity);
}
