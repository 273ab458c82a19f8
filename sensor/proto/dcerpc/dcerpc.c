#include "proto/dcerpc/dcerpc.h"

#include "proto/dcerpc/interfaces.h"

enum pdu_type {	/* C706 12.6.4, MS-RPCE 2.2.2 */
	PDU_REQUEST = 0, PDU_RESPONSE = 2, PDU_FAULT = 3, PDU_BIND = 11, PDU_BIND_ACK, PDU_BIND_NAK, PDU_ALTER,
	PDU_ALTER_ACK, PDU_AUTH3, PDU_TYPES = 20
};

enum {
	FLAG_FIRST = 1, FLAG_LAST = 2, FLAG_OBJECT = 0x80, UUID_BYTES = 16, SYNTAX_BYTES = 20, TRAILER_BYTES = 8,
	PRIVACY = 6, ACCESS_DENIED = 5
};

enum { AUTH_SPNEGO = 9, AUTH_NTLM = 10, AUTH_KERBEROS = 16 };

struct pdu {
	uint8_t type, flags;
	uint32_t call;
	struct span body;		/* between header and verifier */
	struct span token;		/* of a verifier of a kind that is known; else absent */
	bool verified, hidden, cut;	/* has a verifier; the arguments are encrypted; its end is missing */
};

void
dcerpc_init(struct dcerpc *d, struct attempt *attempt)
{
	memset(d, 0, sizeof *d);
	d->attempt = attempt;
}

/* Version 5, little-endian numbers, ASCII, IEEE: what Windows and Samba send. */
uint64_t
dcerpc_length(const uint8_t header[DCERPC_HEADER_BYTES])
{
	static const uint8_t representation[4] = { 0x10, 0, 0, 0 };
	uint16_t len = (uint16_t)(header[9] << 8 | header[8]), verifier = (uint16_t)(header[11] << 8 | header[10]);

	if (header[0] != 5 || header[1] > 1 || header[2] >= PDU_TYPES || memcmp(header + 4, representation, 4) != 0)
		return 0;
	return len < DCERPC_HEADER_BYTES || verifier > len - DCERPC_HEADER_BYTES ? 0 : len;
}

/* The verifier is the last of the PDU (MS-RPCE 2.2.2.11). */
static void
read_verifier(struct pdu *p, uint16_t len)
{
	struct span s = p->body, body;
	uint8_t type, level;

	if (len == 0 || (size_t)len + TRAILER_BYTES > p->body.left)
		return;
	span_take(&s, p->body.left - len - TRAILER_BYTES, &body);
	span_u8(&s, &type);
	span_u8(&s, &level);
	span_skip(&s, TRAILER_BYTES - 2);
	p->body = body;
	p->hidden = level == PRIVACY;
	if (type == AUTH_SPNEGO || type == AUTH_NTLM || type == AUTH_KERBEROS)
		p->token = s;
}

static bool
read_pdu(struct span in, struct pdu *p)
{
	uint16_t len, verifier = 0;
	uint64_t whole;

	memset(p, 0, sizeof *p);
	if (in.left < DCERPC_HEADER_BYTES || (whole = dcerpc_length(in.at)) == 0)
		return false;
	p->cut = in.left < whole;
	if (!p->cut)
		in.left = (size_t)whole;
	span_skip(&in, 2);
	span_u8(&in, &p->type);
	span_u8(&in, &p->flags);
	span_skip(&in, 4);
	span_u16le(&in, &len);
	span_u16le(&in, &verifier);
	span_u32le(&in, &p->call);
	p->body = in;
	p->verified = verifier > 0;
	if (!p->cut)
		read_verifier(p, verifier);
	return true;
}

static void
tell(struct dcerpc *d, const struct speaker *s, struct remote *what)
{
	struct message m = { .kind = MESSAGE_REMOTE, .flow = s->flow, .from = s->client, .ts_ns = s->ts_ns,
	    .remote = what };

	if (d->told >= DCERPC_TOLD_MAX)
		return;
	d->told++;
	what->app = APP_DCERPC;
	proto_emit(s->proto, &m);
}

/* ---- bind and alter_context ---- */

static struct dcerpc_context *
context_for(struct dcerpc *d, uint16_t id)
{
	struct dcerpc_context *c;
	size_t i;

	for (i = 0; i < DCERPC_CONTEXTS_MAX; i++)
		if (d->context[i].used && d->context[i].id == id)
			return &d->context[i];
	c = &d->context[d->context_next];
	d->context_next = (uint8_t)((d->context_next + 1) % DCERPC_CONTEXTS_MAX);
	return c;
}

static bool
bind_one(struct dcerpc *d, struct span *in, uint8_t place)
{
	char text[DCERPC_UUID_TEXT];
	enum dcerpc_interface interface;
	struct dcerpc_context *c;
	uint16_t id;
	uint8_t syntaxes, zero;
	struct span abstract;

	if (!span_u16le(in, &id) || !span_u8(in, &syntaxes) || !span_u8(in, &zero) ||
	    !span_take(in, SYNTAX_BYTES, &abstract) || !span_skip(in, (size_t)syntaxes * SYNTAX_BYTES))
		return false;
	c = context_for(d, id);
	memcpy(c->uuid, abstract.at, UUID_BYTES);
	dcerpc_uuid_text(c->uuid, text);
	dcerpc_interface_name(text, &interface);
	c->id = id;
	c->interface = (uint8_t)interface;
	c->used = c->waits = true;
	c->place = place;
	return true;
}

static void
read_bind(struct dcerpc *d, struct pdu *p)
{
	struct span in = p->body;
	uint8_t count, i;

	for (i = 0; i < DCERPC_CONTEXTS_MAX; i++)
		d->context[i].waits = false;
	if (!span_skip(&in, 8) || !span_u8(&in, &count) || !span_skip(&in, 3))
		return;
	for (i = 0; i < count && i < DCERPC_CONTEXTS_MAX; i++)
		if (!bind_one(d, &in, i))
			return;
}

static void
tell_bind(struct dcerpc *d, const struct speaker *s, const struct dcerpc_context *c, bool accepted,
    uint32_t code)
{
	struct remote what = { .action = REMOTE_BIND, .code = accepted ? 0 : code,
	    .outcome = accepted ? OUTCOME_SUCCESS : OUTCOME_FAILURE };
	char text[DCERPC_UUID_TEXT];
	enum dcerpc_interface interface;

	dcerpc_uuid_text(c->uuid, text);
	what.name = span_text(dcerpc_interface_name(text, &interface));
	tell(d, s, &what);
}

/* One interface is offered in several encodings: it is bound when one of them is taken. */
static void
settle_binds(struct dcerpc *d, const struct speaker *s, const bool accepted[DCERPC_CONTEXTS_MAX], uint32_t code)
{
	struct dcerpc_context *c, *other;
	bool taken;

	for (c = d->context; c < d->context + DCERPC_CONTEXTS_MAX; c++) {
		if (!c->waits)
			continue;
		taken = false;
		for (other = c; other < d->context + DCERPC_CONTEXTS_MAX; other++) {
			if (!other->waits || memcmp(other->uuid, c->uuid, UUID_BYTES) != 0)
				continue;
			taken = taken || accepted[other->place];
			other->waits = false;
		}
		tell_bind(d, s, c, taken, code);
	}
}

static void
read_bind_ack(struct dcerpc *d, const struct speaker *s, struct pdu *p)
{
	bool accepted[DCERPC_CONTEXTS_MAX] = { false };
	struct span in = p->body;
	uint16_t len, result, reason;
	uint32_t code = 0;
	uint8_t count, i;

	/* The secondary address; what follows is aligned to 4 in the PDU, whose header has 16 bytes. */
	if (!span_skip(&in, 8) || !span_u16le(&in, &len) || !span_skip(&in, len) ||
	    !span_skip(&in, (4 - (10 + (size_t)len) % 4) % 4) || !span_u8(&in, &count) || !span_skip(&in, 3))
		return;
	for (i = 0; i < count && i < DCERPC_CONTEXTS_MAX; i++) {
		if (!span_u16le(&in, &result) || !span_u16le(&in, &reason) || !span_skip(&in, SYNTAX_BYTES))
			return;
		accepted[i] = result == 0;
		code = result == 0 ? code : reason;
	}
	settle_binds(d, s, accepted, code);
}

static void
read_bind_nak(struct dcerpc *d, const struct speaker *s, struct pdu *p)
{
	static const bool accepted[DCERPC_CONTEXTS_MAX] = { false };
	struct span in = p->body;
	uint16_t reason = 0;

	span_u16le(&in, &reason);
	settle_binds(d, s, accepted, reason);
	attempt_answer(d->attempt, s, APP_DCERPC, OUTCOME_FAILURE, reason, span_of(NULL, 0));
	d->authenticating = false;
}

/* ---- calls ---- */

static enum dcerpc_interface
interface_of(const struct dcerpc *d, uint16_t context)
{
	size_t i;

	for (i = 0; i < DCERPC_CONTEXTS_MAX; i++)
		if (d->context[i].used && d->context[i].id == context)
			return (enum dcerpc_interface)d->context[i].interface;
	return INTERFACE_OTHER;
}

static void
read_request(struct dcerpc *d, struct pdu *p)
{
	struct span in = p->body;
	const struct dcerpc_call *call;
	uint16_t context, opnum;

	if ((p->flags & FLAG_FIRST) == 0 || !span_skip(&in, 4) || !span_u16le(&in, &context) ||
	    !span_u16le(&in, &opnum) || ((p->flags & FLAG_OBJECT) != 0 && !span_skip(&in, UUID_BYTES)))
		return;
	if ((call = dcerpc_call_of(interface_of(d, context), opnum)) == NULL)
		return;
	d->name[0] = d->command[0] = '\0';
	d->hidden = p->hidden || (p->cut && p->verified);
	if (!d->hidden)
		call->read(d, in);
	d->calls = !call->silent;
	d->call = p->call;
	d->action = (uint8_t)call->action;
	d->returns = call->returns && !d->hidden;
}

static void
end_call(struct dcerpc *d, const struct speaker *s, enum outcome outcome, uint32_t code)
{
	struct remote what = { .action = (enum remote_action)d->action, .outcome = outcome, .code = code,
	    .name = d->name[0] == '\0' ? span_of(NULL, 0) : span_text(d->name),
	    .command = d->command[0] == '\0' ? span_of(NULL, 0) : span_text(d->command) };

	d->calls = false;
	tell(d, s, &what);
}

static void
read_response(struct dcerpc *d, const struct speaker *s, struct pdu *p)
{
	struct span in = p->body, last;
	uint32_t code = 0;

	if (!d->calls || p->call != d->call)
		return;
	if (!d->returns || p->cut || (p->flags & FLAG_LAST) == 0 || in.left < 12) {
		end_call(d, s, OUTCOME_UNKNOWN, 0);
		return;
	}
	span_skip(&in, in.left - 4);
	last = in;
	span_u32le(&last, &code);
	end_call(d, s, code == 0 ? OUTCOME_SUCCESS : OUTCOME_FAILURE, code);
}

static void
read_fault(struct dcerpc *d, const struct speaker *s, struct pdu *p)
{
	struct span in = p->body;
	uint32_t code = 0;

	if (span_skip(&in, 8))
		span_u32le(&in, &code);
	if (d->authenticating && code == ACCESS_DENIED) {
		attempt_answer(d->attempt, s, APP_DCERPC, OUTCOME_FAILURE, code, span_of(NULL, 0));
		d->authenticating = false;
	}
	if (d->calls && p->call == d->call)
		end_call(d, s, OUTCOME_FAILURE, code);
}

/* ---- both directions ---- */

static void
take_asked(struct dcerpc *d, struct pdu *p)
{
	bool binds = p->type == PDU_BIND || p->type == PDU_ALTER;

	if ((binds || p->type == PDU_AUTH3) && p->token.left > 0) {
		attempt_token(d->attempt, p->token);
		d->authenticating = d->attempt->user[0] != '\0' || d->attempt->method == LOGIN_KERBEROS ||
		    d->attempt->method == LOGIN_ANONYMOUS;
	}
	if (binds)
		read_bind(d, p);
	else if (p->type == PDU_REQUEST)
		read_request(d, p);
}

static void
take_answered(struct dcerpc *d, const struct speaker *s, struct pdu *p)
{
	bool bound = p->type == PDU_BIND_ACK || p->type == PDU_ALTER_ACK;

	if (bound && p->token.left > 0)
		attempt_challenge(d->attempt, s, p->token, IDENTITY_NTLM);
	if (d->authenticating && (bound || p->type == PDU_RESPONSE)) {
		attempt_answer(d->attempt, s, APP_DCERPC, OUTCOME_SUCCESS, 0, span_of(NULL, 0));
		d->authenticating = false;
	}
	if (bound)
		read_bind_ack(d, s, p);
	else if (p->type == PDU_BIND_NAK)
		read_bind_nak(d, s, p);
	else if (p->type == PDU_RESPONSE)
		read_response(d, s, p);
	else if (p->type == PDU_FAULT)
		read_fault(d, s, p);
}

void
dcerpc_pdu(struct dcerpc *d, const struct speaker *s, bool asked, struct span bytes)
{
	struct pdu p;

	if (!read_pdu(bytes, &p))
		return;
	if (asked)
		take_asked(d, &p);
	else
		take_answered(d, s, &p);
}
