#include "proto/kerberos/kerberos.h"

#include <stdlib.h>

#include "proto/der.h"
#include "proto/kerberos/names.h"
#include "proto/ntlm/attempt.h"
#include "proto/pdu.h"

enum { AS_REQ = 10, AS_REP, TGS_REQ, TGS_REP, KRB_ERROR = 30 };	/* application tags, RFC 4120 5.10 */
enum { PREAUTH_REQUIRED = 25, RESPONSE_TOO_BIG = 52 };		/* 7.5.9 */
enum { VERSION = 5, PREFIX_BYTES = 4, ELEMENTS_MAX = 8, MESSAGE_BYTES_MAX = 1 << 20 };

/* What one message says; a name that it does not say is "". */
struct reading {
	uint8_t kind;
	uint32_t code;
	char client[KERBEROS_TEXT_BYTES], realm[KERBEROS_TEXT_BYTES], service[KERBEROS_TEXT_BYTES];
};

/* The last request, since errors need not repeat who asked. */
struct exchange {
	struct proto *proto;
	struct reading asked;
};

static bool
is_kind(uint8_t tag)
{
	uint8_t kind = tag & 0x1f;

	return (tag & 0xe0) == 0x60 && ((kind >= AS_REQ && kind <= TGS_REP) || kind == KRB_ERROR);
}

/* An element that may be there. */
static bool
element(struct span *in, unsigned number, struct span *body)
{
	return der_enter(in, (uint8_t)DER_CONTEXT(number), body);
}

static void
read_request(struct span in, struct reading *r)
{
	struct span wrapped, body, field;

	if (!der_find(&in, DER_CONTEXT(4), ELEMENTS_MAX, &wrapped) || !der_enter(&wrapped, DER_SEQUENCE, &body) ||
	    !element(&body, 0, &field))
		return;
	if (element(&body, 1, &field))
		kerberos_principal(field, r->client);
	if (element(&body, 2, &field))
		kerberos_text(field, r->realm);
	if (element(&body, 3, &field))
		kerberos_principal(field, r->service);
}

static void
read_reply(struct span in, struct reading *r)
{
	char realm[KERBEROS_TEXT_BYTES];
	struct span field;

	if (der_find(&in, DER_CONTEXT(3), ELEMENTS_MAX, &field))
		kerberos_text(field, r->realm);
	if (element(&in, 4, &field))
		kerberos_principal(field, r->client);
	if (element(&in, 5, &field))
		kerberos_ticket(field, realm, r->service);
}

static void
read_error(struct span in, struct reading *r)
{
	struct span field;

	if (!der_find(&in, DER_CONTEXT(6), ELEMENTS_MAX, &field) || !der_number(&field, DER_INTEGER, &r->code))
		return;
	if (element(&in, 7, &field))
		kerberos_text(field, r->realm);
	if (element(&in, 8, &field))
		kerberos_principal(field, r->client);
	if (element(&in, 9, &field) && r->realm[0] == '\0')
		kerberos_text(field, r->realm);
	if (element(&in, 10, &field))
		kerberos_principal(field, r->service);
}

/* False: these are no bytes of Kerberos. Requests count their version from [1], answers from [0]. */
static bool
read_message(struct span bytes, struct reading *r)
{
	struct span application, in, field, version;
	uint32_t number;

	memset(r, 0, sizeof *r);
	if (bytes.left == 0 || !is_kind(bytes.at[0]))
		return false;
	r->kind = bytes.at[0] & 0x1f;
	if (!der_enter(&bytes, bytes.at[0], &application) || !der_enter(&application, DER_SEQUENCE, &in))
		return false;
	version = in;
	if (!element(&version, r->kind == AS_REQ || r->kind == TGS_REQ ? 1 : 0, &field) ||
	    !der_number(&field, DER_INTEGER, &number) || number != VERSION)
		return false;
	if (r->kind == KRB_ERROR)
		read_error(in, r);
	else if (r->kind == AS_REQ || r->kind == TGS_REQ)
		read_request(in, r);
	else
		read_reply(in, r);
	return true;
}

static struct span
said(const char *first, const char *second)
{
	return span_said(first[0] != '\0' ? first : second);
}

static void
tell_identity(const struct reading *r, const struct speaker *s)
{
	struct identity i = { .source = IDENTITY_KERBEROS, .addr = flow_addr(s->flow, s->client),
	    .domain = said(r->realm, "") };
	struct message m = { .kind = MESSAGE_IDENTITY, .flow = s->flow, .from = s->client, .ts_ns = s->ts_ns,
	    .identity = &i };
	struct span name = span_text(r->client);

	if (name.left == 0)
		return;
	if (name.at[name.left - 1] == '$') {
		name.left--;
		i.host_name = name;
	} else {
		i.user = name;
	}
	proto_emit(s->proto, &m);
}

/* An error does not say of which kind its request was; asking for the ticket of tickets is the first one. */
static bool
is_for_service(const struct exchange *e, const struct reading *r)
{
	if (r->kind != KRB_ERROR)
		return r->kind == TGS_REP;
	return e->asked.kind != 0 ? e->asked.kind == TGS_REQ : strncmp(r->service, "krbtgt/", 7) != 0;
}

static void
tell_login(const struct exchange *e, const struct reading *r, const struct speaker *s)
{
	struct login l = { .app = APP_KERBEROS, .method = LOGIN_KERBEROS, .code = r->code,
	    .outcome = r->kind == KRB_ERROR ? OUTCOME_FAILURE : OUTCOME_SUCCESS,
	    .user = said(r->client, e->asked.client), .domain = said(r->realm, e->asked.realm) };
	struct message m = { .kind = MESSAGE_LOGIN, .flow = s->flow, .from = s->client, .ts_ns = s->ts_ns,
	    .login = &l };

	if (is_for_service(e, r))
		l.service = said(r->service, e->asked.service);
	proto_emit(s->proto, &m);
}

static bool
take_message(struct exchange *e, struct span bytes, struct speaker s, int from)
{
	struct reading r;

	if (!read_message(bytes, &r))
		return false;
	if (r.kind == AS_REQ || r.kind == TGS_REQ) {
		e->asked = r;
		return true;
	}
	s.client = 1 - from;
	if (r.kind == KRB_ERROR && (r.code == PREAUTH_REQUIRED || r.code == RESPONSE_TOO_BIG || r.code == 0))
		return true;
	tell_login(e, &r, &s);
	if (r.kind == AS_REP)
		tell_identity(&r, &s);
	return true;
}

/* ---- datagrams ---- */

static bool
datagram_guess(const struct flow *f, int from, const struct packet *packet)
{
	struct span bytes = span_of(packet->payload, packet->payload_bytes);
	struct reading r;

	(void)f;
	(void)from;
	return read_message(bytes, &r);
}

static void *
exchange_open(struct proto *p)
{
	struct exchange *e = calloc(1, sizeof *e);

	if (e == NULL)
		return NULL;
	e->proto = p;
	*proto_held(p) += sizeof *e;
	return e;
}

static void
exchange_close(void *state)
{
	struct exchange *e = state;

	*proto_held(e->proto) -= sizeof *e;
	free(e);
}

static enum datagram_taken
kerberos_datagram(struct proto *p, void *state, const struct flow *f, int from, const struct packet *packet)
{
	struct speaker s = { p, f, packet->ts_ns, from };

	return take_message(state, span_of(packet->payload, packet->payload_bytes), s, from) ?
	    DATAGRAM_TAKEN : DATAGRAM_OTHER;
}

const struct datagram_row kerberos_datagram_row = {
	.app = APP_KERBEROS,
	.guess = datagram_guess,
	.open = exchange_open,
	.datagram = kerberos_datagram,
	.close = exchange_close,
};

/* ---- over TCP, each message behind its length (7.2.2) ---- */

struct kerberos_reader {
	struct exchange exchange;
	struct pdu_side side[2];
	struct bytes_ceiling ceiling;
};

static uint64_t
kerberos_length(const uint8_t *header)
{
	struct span s = span_of(header, PREFIX_BYTES);
	uint32_t len;

	return span_u32be(&s, &len) && len > 0 && len <= MESSAGE_BYTES_MAX ? (uint64_t)len + PREFIX_BYTES : 0;
}

/* Prefix, tag and the tag's own length agree, and a sequence follows. */
static enum guess
kerberos_guess(struct span first, int from)
{
	uint64_t whole = first.left < PREFIX_BYTES ? 0 : kerberos_length(first.at);
	uint8_t tag;
	uint32_t len;
	size_t header;
	struct span s = first;

	(void)from;
	if (first.at[0] != 0 || (first.left >= PREFIX_BYTES && whole == 0))
		return GUESS_NO;
	if (!span_skip(&s, PREFIX_BYTES) || s.left == 0)
		return GUESS_MORE;
	if (!is_kind(s.at[0]))
		return GUESS_NO;
	if (!der_peek(s, &tag, &header, &len))
		return s.left < 6 ? GUESS_MORE : GUESS_NO;
	if (header + len + PREFIX_BYTES != whole)
		return GUESS_NO;
	if (s.left == header)
		return GUESS_MORE;
	return s.at[header] == DER_SEQUENCE ? GUESS_YES : GUESS_NO;
}

static bool
kerberos_begins(struct span piece)
{
	return piece.left > 0 && kerberos_guess(piece, ORIGINATOR) == GUESS_YES;
}

static const struct pdu_rule kerberos_rule = { PREFIX_BYTES, KERBEROS_KEEP_BYTES, kerberos_length, kerberos_begins };

static void *
kerberos_open(struct proto *p)
{
	struct kerberos_reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->exchange.proto = p;
	r->ceiling.most = proto_limits(p)->flow_bytes;
	r->ceiling.total = proto_held(p);
	*proto_held(p) += sizeof *r;
	return r;
}

static void
kerberos_close(void *reader)
{
	struct kerberos_reader *r = reader;

	pdu_clear(&r->side[0], &r->ceiling);
	pdu_clear(&r->side[1], &r->ceiling);
	*proto_held(r->exchange.proto) -= sizeof *r;
	free(r);
}

static bool
kerberos_piece(void *reader, const struct stream_piece *piece)
{
	struct kerberos_reader *r = reader;
	struct pdu_side *side = &r->side[piece->from];
	struct speaker s = { r->exchange.proto, piece->flow, piece->ts_ns, piece->from };
	struct span in = span_of(piece->bytes, (size_t)piece->len), message;
	enum pdu_step step;

	if (piece->gap) {
		pdu_gap(side, &r->ceiling, piece->len);
		return true;
	}
	while ((step = pdu_next(side, &kerberos_rule, &r->ceiling, &in, &message)) == PDU_MESSAGE) {
		span_skip(&message, PREFIX_BYTES);
		take_message(&r->exchange, message, s, piece->from);
	}
	if (step == PDU_FULL)
		proto_counters(r->exchange.proto)->over_limit++;
	return step == PDU_MORE;
}

const struct proto_row kerberos_row = {
	.app = APP_KERBEROS,
	.guess = kerberos_guess,
	.open = kerberos_open,
	.piece = kerberos_piece,
	.close = kerberos_close,
};
