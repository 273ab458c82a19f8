/*
 * message_text.h - messages as lines of text, for tests that compare them.
 */
#ifndef TESTS_MESSAGE_TEXT_H
#define TESTS_MESSAGE_TEXT_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alert/names.h"
#include "base/addr.h"
#include "message.h"

enum { LINES_BYTES = 16384 };

static void
put(char *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
put(char *lines, const char *format, ...)
{
	size_t used = strlen(lines);
	va_list ap;

	va_start(ap, format);
	vsnprintf(lines + used, LINES_BYTES - used, format, ap);
	va_end(ap);
}

static void
put_text(char *lines, const char *before, struct span s)
{
	size_t i;

	if (s.at == NULL)
		return;
	put(lines, "%s", before);
	for (i = 0; i < s.left; i++)
		put(lines, s.at[i] >= 0x20 && s.at[i] < 0x7f ? "%c" : "\\x%02x", s.at[i]);
}

static void
put_request(char *lines, const struct http_request *r)
{
	put_text(lines, "request ", r->method);
	put_text(lines, " host=", r->host);
	put_text(lines, " path=", r->path);
	put(lines, " number=%u", r->number);
	put_text(lines, " agent=", r->user_agent);
	put_text(lines, " type=", r->content_type);
	put_text(lines, " referrer=", r->referrer);
	if (r->content_length > 0)
		put(lines, " length=%llu", (unsigned long long)r->content_length);
	put_text(lines, " for=", r->forwarded_for);
	put(lines, "%s%s%s\n", r->connect ? " connect" : "", r->proxied ? " proxied" : "", r->via ? " via" : "");
}

static void
put_response(char *lines, const struct http_response *r)
{
	put(lines, "response %u number=%u", r->status, r->number);
	put_text(lines, " type=", r->content_type);
	put_text(lines, " server=", r->server);
	if (r->content_length > 0)
		put(lines, " length=%llu", (unsigned long long)r->content_length);
	put_text(lines, " for=", r->request_method);
	put_text(lines, " ", r->request_host);
	put_text(lines, " ", r->request_path);
	put_text(lines, " agent=", r->request_user_agent);
	put(lines, "\n");
}

static void
put_flag(char *lines, bool set, const char *word)
{
	if (set)
		put(lines, " %s", word);
}

static const char *
outcome_word(enum outcome o)
{
	static const char *const words[OUTCOMES] = { "unknown", "success", "failure" };

	return words[o];
}

static void
put_protocol(char *lines, const struct protocol *p)
{
	put(lines, "protocol %s", p->app == APP_UNKNOWN ? "unknown" : names_app(p->app));
	put_text(lines, " software=", p->software);
	put_text(lines, " asked=", p->first[ORIGINATOR]);
	put_text(lines, " answered=", p->first[RESPONDER]);
	put(lines, "\n");
}

static void
put_mail(char *lines, const struct mail *m)
{
	put(lines, "mail number=%u", m->number);
	put_text(lines, " helo=", m->helo);
	put_text(lines, " from=", m->from);
	put_text(lines, " to=", m->recipients);
	put(lines, " recipients=%u refused=%u status=%u bytes=%llu", m->recipients_count,
	    m->recipients_refused, m->status, (unsigned long long)m->bytes);
	put_flag(lines, m->authenticated, "authenticated");
	put_text(lines, " user=", m->user);
	put_text(lines, " header-name=", m->header_from_name);
	put_text(lines, " header-from=", m->header_from);
	put_text(lines, " subject=", m->subject);
	put_text(lines, " id=", m->message_id);
	put_flag(lines, m->references, "references");
	put_flag(lines, m->report, "report");
	put_flag(lines, m->list, "list");
	put_text(lines, " original-id=", m->original_id);
	put(lines, " attachments=%u", m->attachments);
	put_text(lines, " names=", m->attachment_names);
	put(lines, "\n");
}

static void
put_file(char *lines, const struct file *f)
{
	put(lines, "file %s", file_kind_text(f->kind));
	if (f->inner != f->kind)
		put(lines, " inner=%s", file_kind_text(f->inner));
	put_text(lines, " name=", f->name);
	put_text(lines, " declared=", f->declared);
	put(lines, " bytes=%llu", (unsigned long long)f->bytes);
	if (f->sha256[0] != '\0')
		put(lines, " sha256=%s", f->sha256);
	put_flag(lines, f->whole, "whole");
	put_flag(lines, f->encrypted, "encrypted");
	put_flag(lines, f->macros, "macros");
	put_flag(lines, f->mismatched, "mismatched");
	put_text(lines, " of=", f->host);
	put_text(lines, "", f->path);
	put(lines, "\n");
}

static void
put_login(char *lines, const struct login *l)
{
	static const char *const methods[LOGIN_METHODS] = { "other", "password", "ntlm", "kerberos", "key",
		"anonymous" };

	put(lines, "login %s %s %s code=%x", names_app(l->app), methods[l->method],
	    outcome_word(l->outcome), l->code);
	put_text(lines, " user=", l->user);
	put_text(lines, " domain=", l->domain);
	put_text(lines, " workstation=", l->workstation);
	put_text(lines, " software=", l->software);
	put_text(lines, " service=", l->service);
	put(lines, "\n");
}

static void
put_remote(char *lines, const struct remote *r)
{
	static const char *const actions[REMOTE_ACTIONS] = { "share", "pipe", "write", "service", "task", "bind" };

	put(lines, "remote %s %s %s code=%x", names_app(r->app), actions[r->action],
	    outcome_word(r->outcome), r->code);
	put_text(lines, " name=", r->name);
	put_text(lines, " command=", r->command);
	if (r->files > 0)
		put(lines, " files=%u", r->files);
	if (r->existing > 0)
		put(lines, " existing=%u", r->existing);
	if (r->deleted > 0)
		put(lines, " deleted=%u", r->deleted);
	if (r->marked > 0)
		put(lines, " marked=%u", r->marked);
	put_text(lines, " ending=", r->ending);
	put(lines, "\n");
}

static void
put_identity(char *lines, const struct identity *i)
{
	char addr[ADDR_TEXT_MAX];

	put(lines, "identity %s %s", identity_source_text(i->source), addr_text(&i->addr, addr));
	put_text(lines, " mac=", i->mac);
	put_text(lines, " host=", i->host_name);
	put_text(lines, " user=", i->user);
	put_text(lines, " domain=", i->domain);
	put_text(lines, " software=", i->software);
	if (i->lease_sec > 0)
		put(lines, " lease=%u", i->lease_sec);
	put_flag(lines, i->released, "released");
	put(lines, "\n");
}

static void
put_proxy(char *lines, const struct proxy *x)
{
	static const char *const actions[PROXY_ACTIONS] = { "connect", "bind", "associate", "claim" };

	put(lines, "proxy %s version=%u", actions[x->action], x->version);
	put_text(lines, " host=", x->host);
	if (x->answered)
		put(lines, " %s code=%x", outcome_word(x->outcome), x->code);
	put(lines, "\n");
}

static void
put_message(void *to, const struct message *m)
{
	char *lines = to;

	switch (m->kind) {
	case MESSAGE_HTTP_REQUEST: put_request(lines, m->http_request); break;
	case MESSAGE_HTTP_RESPONSE: put_response(lines, m->http_response); break;
	case MESSAGE_TLS_CLIENT:
		put(lines, "tls-client");
		put_text(lines, " sni=", m->tls_client->sni);
		put(lines, "\n");
		break;
	case MESSAGE_TLS_SERVER: put(lines, "tls-server cipher=%04x\n", m->tls_server->cipher); break;
	case MESSAGE_TLS_CERTIFICATE:
		put(lines, "tls-certificate");
		put_text(lines, " subject=", m->tls_certificate->subject);
		put(lines, "\n");
		break;
	case MESSAGE_DNS:
		put(lines, "dns %s %s type=%u rcode=%u answers=%u", m->dns->response ? "answer" : "query",
		    m->dns->question, m->dns->question_type, m->dns->rcode, m->dns->answers_count);
		if (m->dns->edns)
			put(lines, " edns=%u", m->dns->edns_udp_bytes);
		put(lines, "\n");
		break;
	case MESSAGE_PROTOCOL: put_protocol(lines, m->protocol); break;
	case MESSAGE_MAIL: put_mail(lines, m->mail); break;
	case MESSAGE_FILE: put_file(lines, m->file); break;
	case MESSAGE_LOGIN: put_login(lines, m->login); break;
	case MESSAGE_REMOTE: put_remote(lines, m->remote); break;
	case MESSAGE_IDENTITY: put_identity(lines, m->identity); break;
	case MESSAGE_PROXY: put_proxy(lines, m->proxy); break;
	case MESSAGE_KINDS: break;
	}
}

#endif
