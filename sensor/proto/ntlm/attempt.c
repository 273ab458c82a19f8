#include "proto/ntlm/attempt.h"

#include "proto/kerberos/names.h"
#include "proto/ntlm/spnego.h"

_Static_assert((int)KERBEROS_TEXT_BYTES <= (int)NTLM_TEXT_BYTES, "names of both fit the same room");

static void
forget(struct attempt *a)
{
	bool told = a->server_told;

	memset(a, 0, sizeof *a);
	a->server_told = told;
}

static void
take_ntlm(struct attempt *a, struct span token)
{
	struct ntlm n;

	if (!ntlm_read(token, &n) || n.kind == NTLM_CHALLENGE)
		return;
	if (n.kind == NTLM_NEGOTIATE)
		forget(a);
	a->open = true;
	a->method = n.anonymous ? LOGIN_ANONYMOUS : LOGIN_NTLM;
	memcpy(a->user, n.user, sizeof a->user);
	memcpy(a->domain, n.domain, sizeof a->domain);
	memcpy(a->workstation, n.workstation, sizeof a->workstation);
}

void
attempt_token(struct attempt *a, struct span token)
{
	enum token_kind kind = spnego_find(token, &token);

	a->open = true;
	if (kind == TOKEN_NTLM) {
		take_ntlm(a, token);
	} else if (kind == TOKEN_KERBEROS) {
		forget(a);
		a->open = true;
		a->method = LOGIN_KERBEROS;
		kerberos_ap_req(token, a->domain, a->service);
	}
}

void
attempt_name(struct attempt *a, enum login_method method, const char *user, const char *domain)
{
	forget(a);
	a->open = true;
	a->method = method;
	strncat(a->user, user, sizeof a->user - 1);
	strncat(a->domain, domain, sizeof a->domain - 1);
}

static void
emit_identity(const struct speaker *s, int side, struct identity *i)
{
	struct message m = { .kind = MESSAGE_IDENTITY, .flow = s->flow, .from = side, .ts_ns = s->ts_ns,
	    .identity = i };

	i->addr = flow_addr(s->flow, side);
	proto_emit(s->proto, &m);
}

void
attempt_challenge(struct attempt *a, const struct speaker *s, struct span token,
    enum identity_source source)
{
	struct identity i = { .source = source };
	struct ntlm n;

	if (a->server_told || spnego_find(token, &token) != TOKEN_NTLM || !ntlm_read(token, &n) ||
	    n.kind != NTLM_CHALLENGE)
		return;
	i.host_name = span_said(n.dns_computer[0] != '\0' ? n.dns_computer : n.computer);
	i.domain = span_said(n.dns_domain[0] != '\0' ? n.dns_domain : n.computer_domain);
	if (i.host_name.at == NULL)
		return;
	a->server_told = true;
	emit_identity(s, 1 - s->client, &i);
}

/* What a failed attempt claims to be need not be so. */
static void
tell_client(const struct attempt *a, const struct speaker *s)
{
	struct identity i = { .source = IDENTITY_NTLM, .host_name = span_said(a->workstation),
	    .user = span_said(a->user), .domain = span_said(a->domain) };

	if (a->method == LOGIN_NTLM && (i.host_name.at != NULL || i.user.at != NULL))
		emit_identity(s, s->client, &i);
}

void
attempt_answer(struct attempt *a, const struct speaker *s, enum app app, enum outcome outcome,
    uint32_t code, struct span software)
{
	struct login l = { .app = app, .method = a->method, .outcome = outcome, .code = code,
	    .user = span_said(a->user), .domain = span_said(a->domain), .workstation = span_said(a->workstation),
	    .software = software, .service = span_said(a->service) };
	struct message m = { .kind = MESSAGE_LOGIN, .flow = s->flow, .from = s->client, .ts_ns = s->ts_ns,
	    .login = &l };

	if (!a->open)
		return;
	proto_emit(s->proto, &m);
	if (outcome == OUTCOME_SUCCESS)
		tell_client(a, s);
	forget(a);
}
