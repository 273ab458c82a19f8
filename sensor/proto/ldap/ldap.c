#include "proto/ldap/ldap.h"

#include <stdlib.h>

#include "proto/der.h"
#include "proto/ntlm/ntlm.h"
#include "proto/ntlm/spnego.h"
#include "proto/pdu.h"
#include "proto/text/sasl.h"

enum { HEADER_BYTES = 6, DN_BYTES = 256, MECHANISM_BYTES = 32, TLS_HANDSHAKE = 0x16 };

/* RFC 4511 section 4.2 and following */
enum operation {
	LDAP_BIND = DER_APPLICATION(0), LDAP_BOUND = DER_APPLICATION(1), LDAP_UNBIND = 0x42,
	LDAP_SEARCH = DER_APPLICATION(3), LDAP_ENTRY = DER_APPLICATION(4), LDAP_FOUND = DER_APPLICATION(5),
	LDAP_REFERENCE = DER_APPLICATION(19), LDAP_EXTENDED = DER_APPLICATION(23), LDAP_EXTENDED_ANSWER = DER_APPLICATION(24)
};

enum { AUTH_SIMPLE = 0x80, AUTH_SASL = DER_CONTEXT(3), AUTH_SICILY = 0x8a, REQUEST_NAME = 0x80 };
enum { RESULT_SUCCESS = 0, RESULT_SASL_GOES_ON = 14 };

enum step { STEP_NEXT, STEP_DONE, STEP_TLS };

struct ldap {
	struct proto *p;
	const struct stream_piece *piece;	/* being read */
	struct bytes_ceiling ceiling;
	struct pdu_side side[2];
	bool over[2];
	bool binding;			/* a bind was not told yet */
	bool sasl;
	uint32_t bind_id, tls_id;	/* of the message */
	bool asked_tls;
	enum login_method method;
	uint16_t dn_bytes;
	uint8_t dn[DN_BYTES];
	struct ntlm ntlm;		/* of a bind with NTLM */
	bool tls;
	size_t tls_rest;
};

/* ---- told by content ---- */

static bool
is_operation(uint8_t tag)
{
	static const uint8_t known[] = { LDAP_BIND, LDAP_BOUND, LDAP_UNBIND, LDAP_SEARCH, LDAP_ENTRY, LDAP_FOUND,
		LDAP_REFERENCE, LDAP_EXTENDED, LDAP_EXTENDED_ANSWER };

	return memchr(known, tag, sizeof known) != NULL;
}

/* LDAPMessage ::= SEQUENCE { messageID INTEGER, protocolOp CHOICE ... } */
static enum guess
ldap_guess(struct span first, int from)
{
	struct span in = first, id;
	uint8_t tag = 0;
	size_t header = 0;
	uint32_t len = 0;

	(void)from;
	if (first.left == 0)
		return GUESS_MORE;
	if (first.at[0] != DER_SEQUENCE || (first.left > 1 && (first.at[1] == 0x80 || first.at[1] > 0x84)))
		return GUESS_NO;
	if (!der_peek(in, &tag, &header, &len) || !span_skip(&in, header) || in.left == 0)
		return GUESS_MORE;
	if (in.at[0] != DER_INTEGER || (in.left > 1 && (in.at[1] == 0 || in.at[1] > 4)))
		return GUESS_NO;
	if (!der_next(&in, &tag, &id) || !span_u8(&in, &tag))
		return GUESS_MORE;
	return is_operation(tag) ? GUESS_YES : GUESS_NO;
}

static uint64_t
message_length(const uint8_t *header)
{
	struct span in = span_of(header, HEADER_BYTES);
	uint8_t tag;
	size_t bytes;
	uint32_t body;

	if (!der_peek(in, &tag, &bytes, &body) || tag != DER_SEQUENCE)
		return 0;
	return (uint64_t)bytes + body;
}

static bool
message_begins(struct span piece)
{
	return ldap_guess(piece, 0) == GUESS_YES;
}

static const struct pdu_rule rule = { HEADER_BYTES, LDAP_KEEP_BYTES, message_length, message_begins };

/* ---- what is said ---- */

static void
tell_login(struct ldap *l, enum outcome outcome, uint32_t code)
{
	struct login login = { .app = APP_LDAP, .method = l->method, .outcome = outcome, .code = code };
	struct message m = { .kind = MESSAGE_LOGIN, .flow = l->piece->flow, .from = l->piece->from,
	    .ts_ns = l->piece->ts_ns, .login = &login };

	if (!l->binding)
		return;
	l->binding = false;
	if (l->dn_bytes > 0)
		login.user = span_of(l->dn, l->dn_bytes);
	if (l->ntlm.user[0] != '\0')
		login.user = span_text(l->ntlm.user);
	if (l->ntlm.domain[0] != '\0')
		login.domain = span_text(l->ntlm.domain);
	if (l->ntlm.workstation[0] != '\0')
		login.workstation = span_text(l->ntlm.workstation);
	proto_emit(l->p, &m);
}

static void
set_dn(struct ldap *l, struct span dn)
{
	if (dn.left > DN_BYTES)
		dn.left = DN_BYTES;
	if (dn.left > 0)
		memcpy(l->dn, dn.at, dn.left);
	l->dn_bytes = (uint16_t)dn.left;
}

static void
read_token(struct ldap *l, struct span in)
{
	struct span token;

	switch (spnego_find(in, &token)) {
	case TOKEN_NONE: break;
	case TOKEN_KERBEROS: l->method = LOGIN_KERBEROS; break;
	case TOKEN_NTLM:
		l->method = LOGIN_NTLM;
		if (ntlm_read(token, &l->ntlm) && l->ntlm.kind == NTLM_AUTHENTICATE && l->ntlm.anonymous)
			l->method = LOGIN_ANONYMOUS;
		break;
	}
}

static void
read_sasl(struct ldap *l, struct span in)
{
	struct span mechanism, credentials;
	struct sasl s;

	l->sasl = true;
	if (!der_take(&in, DER_OCTETS, &mechanism))
		return;
	sasl_begin(&s, mechanism);
	l->method = sasl_method(&s);
	if (der_enter(&in, DER_OCTETS, &credentials))
		read_token(l, credentials);
}

/* BindRequest ::= SEQUENCE { version, name, authentication CHOICE } */
static void
take_bind(struct ldap *l, uint32_t id, struct span in)
{
	struct span dn, body = span_of(NULL, 0);
	uint32_t version;
	uint8_t tag;

	if (!der_number(&in, DER_INTEGER, &version) || !der_take(&in, DER_OCTETS, &dn) || in.left == 0)
		return;
	/* The steps of one SASL exchange are one bind. */
	if (!l->sasl)
		tell_login(l, OUTCOME_UNKNOWN, 0);
	tag = in.at[0];
	if (!der_enter(&in, tag, &body))
		return;
	if (!l->sasl || tag != AUTH_SASL)
		memset(&l->ntlm, 0, sizeof l->ntlm);
	l->binding = true;
	l->bind_id = id;
	l->method = LOGIN_OTHER;
	l->sasl = false;
	set_dn(l, dn);
	if (tag == AUTH_SIMPLE)
		l->method = body.left > 0 ? LOGIN_PASSWORD : LOGIN_ANONYMOUS;
	else if (tag == AUTH_SASL)
		read_sasl(l, body);
	else if (tag >= AUTH_SICILY - 1 && tag <= AUTH_SICILY + 1)
		read_token(l, body);
}

static void
take_extended(struct ldap *l, uint32_t id, struct span in)
{
	struct span name;

	if (!der_take(&in, REQUEST_NAME, &name) || !span_equal(name, span_text("1.3.6.1.4.1.1466.20037")))
		return;
	l->asked_tls = true;
	l->tls_id = id;
}

static enum step
take_bound(struct ldap *l, uint32_t id, struct span in)
{
	uint32_t result;

	if (!l->binding || id != l->bind_id || !der_number(&in, DER_ENUMERATED, &result))
		return STEP_NEXT;
	if (result == RESULT_SASL_GOES_ON)
		return STEP_NEXT;
	tell_login(l, result == RESULT_SUCCESS ? OUTCOME_SUCCESS : OUTCOME_FAILURE, result);
	return result == RESULT_SUCCESS && l->sasl ? STEP_DONE : STEP_NEXT;
}

static enum step
take_extended_answer(struct ldap *l, uint32_t id, struct span in)
{
	uint32_t result;

	if (!l->asked_tls || id != l->tls_id || !der_number(&in, DER_ENUMERATED, &result))
		return STEP_NEXT;
	l->asked_tls = false;
	return result == RESULT_SUCCESS ? STEP_TLS : STEP_NEXT;
}

/* A message's beginning: its end may be cut off. */
static enum step
take_message(struct ldap *l, struct span message)
{
	struct span in, body;
	uint32_t id;
	uint8_t tag;

	if (!der_enter(&message, DER_SEQUENCE, &in) || !der_number(&in, DER_INTEGER, &id) || in.left == 0)
		return STEP_NEXT;
	tag = in.at[0];
	if (!der_enter(&in, tag, &body))
		return STEP_NEXT;
	switch (tag) {
	case LDAP_BIND: take_bind(l, id, body); return STEP_NEXT;
	case LDAP_EXTENDED: take_extended(l, id, body); return STEP_NEXT;
	case LDAP_BOUND: return take_bound(l, id, body);
	case LDAP_EXTENDED_ANSWER: return take_extended_answer(l, id, body);
	case LDAP_UNBIND: return STEP_DONE;
	default: return STEP_NEXT;
	}
}

/* ---- the row ---- */

static void *
ldap_open(struct proto *p)
{
	struct ldap *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->p = p;
	l->ceiling.most = proto_limits(p)->flow_bytes;
	l->ceiling.total = proto_held(p);
	return l;
}

static void
ldap_close(void *reader)
{
	struct ldap *l = reader;

	pdu_clear(&l->side[0], &l->ceiling);
	pdu_clear(&l->side[1], &l->ceiling);
	free(l);
}

static void
ldap_end(void *reader, const struct flow *f, int64_t ts_ns)
{
	struct ldap *l = reader;
	struct stream_piece last = { .flow = (struct flow *)(uintptr_t)f, .ts_ns = ts_ns };

	l->piece = &last;
	tell_login(l, OUTCOME_UNKNOWN, 0);
}

static bool
give_up_side(struct ldap *l)
{
	proto_counters(l->p)->given_up[APP_LDAP]++;
	l->over[l->piece->from] = true;
	pdu_clear(&l->side[l->piece->from], &l->ceiling);
	if (!l->over[!l->piece->from])
		return true;
	tell_login(l, OUTCOME_UNKNOWN, 0);
	return false;
}

static bool
leave(struct ldap *l, bool tls, size_t rest)
{
	tell_login(l, OUTCOME_UNKNOWN, 0);
	l->tls = tls;
	l->tls_rest = rest;
	return false;
}

static bool
read_messages(struct ldap *l, struct span in)
{
	int from = l->piece->from;
	enum step step = STEP_NEXT;
	enum pdu_step got = PDU_MESSAGE;
	struct span message;

	while (in.left > 0 && step == STEP_NEXT && got == PDU_MESSAGE) {
		if (l->asked_tls && l->side[from].held.used == 0 && in.at[0] == TLS_HANDSHAKE)
			return leave(l, true, in.left);
		got = pdu_next(&l->side[from], &rule, &l->ceiling, &in, &message);
		if (got == PDU_MESSAGE)
			step = take_message(l, message);
	}
	if (got == PDU_FULL)
		proto_counters(l->p)->over_limit++;
	if (got == PDU_BAD || got == PDU_FULL)
		return give_up_side(l);
	return step == STEP_NEXT ? true : leave(l, step == STEP_TLS, in.left);
}

static bool
ldap_piece(void *reader, const struct stream_piece *piece)
{
	struct ldap *l = reader;

	l->piece = piece;
	if (l->over[piece->from] || piece->len == 0)
		return true;
	if (piece->gap) {
		pdu_gap(&l->side[piece->from], &l->ceiling, piece->len);
		return true;
	}
	return read_messages(l, span_of(piece->bytes, (size_t)piece->len));
}

static bool
ldap_tunnel(const void *reader, size_t *rest)
{
	const struct ldap *l = reader;

	*rest = l->tls_rest;
	return l->tls;
}

const struct proto_row ldap_row = {
	.app = APP_LDAP,
	.guess = ldap_guess,
	.open = ldap_open,
	.piece = ldap_piece,
	.end = ldap_end,
	.close = ldap_close,
	.tunnel = ldap_tunnel,
};
