/* auth.c - who asks, as far as Authorization tells: Basic (RFC 7617), NTLM and Negotiate (RFC 4559). */
#include "base/hash.h"
#include "proto/http/private.h"
#include "proto/ntlm/ntlm.h"
#include "proto/ntlm/spnego.h"
#include "proto/text/coding.h"

enum { PORT_WINRM = 5985, PORT_WINRM_TLS = 5986 };

static void
read_basic(struct span pair, struct asked *a)
{
	if (!span_until(&pair, ':', &a->user))
		return;
	a->login = true;
	a->method = LOGIN_PASSWORD;
}

/* The first message says little, the second is the server's: only the third is a try. */
static void
read_ntlm(struct span token, struct asked *a, struct ntlm *room)
{
	if (!ntlm_read(token, room) || room->kind != NTLM_AUTHENTICATE)
		return;
	a->login = true;
	a->method = room->anonymous ? LOGIN_ANONYMOUS : LOGIN_NTLM;
	a->user = span_text(room->user);
	a->domain = span_text(room->domain);
	a->workstation = span_text(room->workstation);
}

static void
read_negotiate(struct span blob, struct asked *a, struct ntlm *room)
{
	struct span token;

	switch (spnego_find(blob, &token)) {
	case TOKEN_NTLM: read_ntlm(token, a, room); break;
	case TOKEN_KERBEROS:
		a->login = true;
		a->method = LOGIN_KERBEROS;
		break;
	case TOKEN_NONE: break;
	}
}

/* WS-Management (DSP0226) as Windows serves it. */
static bool
is_winrm(const struct flow *f, struct span path)
{
	static const char wsman[] = "/wsman";

	return f != NULL && (f->port[RESPONDER] == PORT_WINRM || f->port[RESPONDER] == PORT_WINRM_TLS) &&
	    path.left >= sizeof wsman - 1 && memcmp(path.at, wsman, sizeof wsman - 1) == 0;
}

void
http_read_login(const struct http_head *head, const struct flow *f, struct asked *a, struct http_login *room)
{
	struct span value = head->field[HTTP_AUTHORIZATION], scheme, bytes;
	struct coding decoder = { .kind = CODING_BASE64 };

	if (value.at == NULL)
		value = head->field[HTTP_PROXY_AUTHORIZATION];
	if (value.at == NULL || !span_until(&value, ' ', &scheme))
		return;
	bytes = span_of(room->bytes, coding_decode(&decoder, &value, room->bytes, sizeof room->bytes));
	if (span_equal_nocase(scheme, span_text("basic")))
		read_basic(bytes, a);
	else if (span_equal_nocase(scheme, span_text("ntlm")))
		read_ntlm(bytes, a, &room->ntlm);
	else if (span_equal_nocase(scheme, span_text("negotiate")))
		read_negotiate(bytes, a, &room->ntlm);
	a->winrm = is_winrm(f, a->request.path);
}

/* Basic is sent with every request: a success that is known already is no news. */
static bool
is_known(struct http *h, const struct asked *a, enum outcome outcome)
{
	uint64_t hash;

	if (outcome != OUTCOME_SUCCESS) {
		h->known_login = 0;
		return false;
	}
	hash = hash_bytes(&HASH_FIXED, a->user.at, a->user.left) | 1;
	if (hash == h->known_login)
		return true;
	h->known_login = hash;
	return false;
}

void
http_tell_login(struct http *h, const struct asked *a, unsigned status)
{
	struct login l = { .app = a->winrm ? APP_WINRM : APP_HTTP, .method = (enum login_method)a->method,
	    .outcome = status == 401 || status == 407 ? OUTCOME_FAILURE : OUTCOME_SUCCESS, .code = status,
	    .user = a->user, .domain = a->domain, .workstation = a->workstation };
	struct message m = h->like;

	if (!a->login || status < 200 || is_known(h, a, l.outcome))
		return;
	m.kind = MESSAGE_LOGIN;
	m.login = &l;
	proto_emit(h->p, &m);
}
