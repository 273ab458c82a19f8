#include "proto/dns/dns.h"

#include <stdlib.h>

#include "proto/bytes.h"
#include "proto/dns/name.h"

enum {
	PORT_DNS = 53, PORT_MDNS = 5353, PORT_LLMNR = 5355,
	PORT_NETBIOS = 137,	/* looks like DNS, but its names are others (RFC 1002) */
	HEADER_BYTES = 12,
	TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_NULL = 10, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16,
	TYPE_KEY = 25, TYPE_AAAA = 28, TYPE_SRV = 33, TYPE_DNAME = 39, TYPE_OPT = 41,
	TYPE_SVCB = 64, TYPE_HTTPS = 65,	/* RFC 9460 */
	TYPE_PRIVATE_FIRST = 65280, TYPE_PRIVATE_LAST = 65534,	/* RFC 6895 section 3.1 */
	PARAMETER_V4_HINT = 4, PARAMETER_ECH = 5, PARAMETER_V6_HINT = 6,
	CLASS_IN = 1, CLASS_ANY = 255,
	QUESTIONS_STRICT = 1, ADDITIONAL_STRICT = 2,
	HINTS_MAX = 8		/* parameters with addresses, of all answers */
};

struct header {
	uint16_t id, flags, questions, answers, authorities, additionals;
};

/*
 * Addresses that a service is said to have. They are put behind the answers
 * when those are all read: here they are only noted.
 */
struct hints {
	struct span owner[HINTS_MAX];	/* where the name stands in the message */
	struct span addresses[HINTS_MAX];
	uint8_t len[HINTS_MAX];		/* of one address */
	unsigned count;
};

/* One message on its way: `in` is what is left of `whole`. */
struct reading {
	struct span whole, in;
	struct header header;
	struct hints hints;
	struct dns_message message;
	struct dns_answer answers[DNS_ANSWERS_MAX];
	bool asked;		/* the first question is whole, or there is none */
};

/* A question's text ends where it says so: the rest of its room is nobody's. */
static void
begin_reading(struct reading *r, struct span bytes)
{
	struct dns_message *m = &r->message;

	memset(m, 0, offsetof(struct dns_message, question));
	m->question[0] = '\0';
	memset(&m->question_type, 0, sizeof *m - offsetof(struct dns_message, question_type));
	r->whole = r->in = bytes;
	r->asked = false;
	r->hints.count = 0;
}

static bool
read_header(struct span *in, struct header *h)
{
	return span_u16be(in, &h->id) && span_u16be(in, &h->flags) && span_u16be(in, &h->questions) &&
	    span_u16be(in, &h->answers) && span_u16be(in, &h->authorities) &&
	    span_u16be(in, &h->additionals);
}

static void
read_flags(const struct header *h, struct dns_message *m)
{
	m->id = h->id;
	m->response = (h->flags & 0x8000) != 0;
	m->opcode = (uint8_t)(h->flags >> 11 & 0xf);
	m->authoritative = (h->flags & 0x0400) != 0;
	m->truncated = (h->flags & 0x0200) != 0;
	m->rcode = h->flags & 0xf;
}

static bool
read_questions(struct reading *r)
{
	struct dns_message *m = &r->message;
	unsigned i;

	r->asked = r->header.questions == 0;
	for (i = 0; i < r->header.questions; i++) {
		if (i == 0) {
			if (!dns_name(r->whole, &r->in, m->question) || !span_u16be(&r->in, &m->question_type) ||
			    !span_u16be(&r->in, &m->question_class))
				return false;
			r->asked = true;
			continue;
		}
		if (!dns_name_skip(&r->in) || !span_skip(&r->in, 4))
			return false;
	}
	return true;
}

static bool
read_address(struct span data, size_t len, struct dns_answer *a)
{
	uint8_t bytes[16];

	if (data.left != len || !span_copy(&data, bytes, len))
		return false;
	if (len == 4)
		a->addr = addr_v4(bytes);
	else
		memcpy(a->addr.b, bytes, sizeof a->addr.b);
	return true;
}

/* A place behind what is there already; NULL when all are taken. */
static struct dns_answer *
next_record(struct reading *r)
{
	unsigned used = r->message.answers_count + r->message.extras_count;

	return used < DNS_ANSWERS_MAX ? &r->answers[used] : NULL;
}

/* TargetName, then key, length, value (RFC 9460 section 2.2). */
static bool
read_service(struct reading *r, struct span data, struct span owner, struct dns_answer *a)
{
	struct span target, value;
	uint16_t key, len;

	if (!span_skip(&data, 2))
		return false;
	target = data;
	if (!dns_name(r->whole, &data, a->target))
		return false;
	if (a->target[0] == '\0')	/* "." is the owner itself */
		target = owner;
	while (span_u16be(&data, &key) && span_u16be(&data, &len) && span_take(&data, len, &value)) {
		a->ech |= key == PARAMETER_ECH;
		if ((key != PARAMETER_V4_HINT && key != PARAMETER_V6_HINT) || r->hints.count == HINTS_MAX)
			continue;
		r->hints.owner[r->hints.count] = target;
		r->hints.addresses[r->hints.count] = value;
		r->hints.len[r->hints.count++] = key == PARAMETER_V4_HINT ? 4 : 16;
	}
	return data.left == 0;
}

/* `data` lies within the message, and names in it may point out of it. */
static bool
read_data(struct reading *r, struct span data, struct span owner, struct dns_answer *a)
{
	switch (a->type) {
	case TYPE_A: return read_address(data, 4, a);
	case TYPE_AAAA: return read_address(data, 16, a);
	case TYPE_SVCB:
	case TYPE_HTTPS: return read_service(r, data, owner, a);
	case TYPE_SRV:
		return span_skip(&data, 6) && dns_name(r->whole, &data, a->target);
	case TYPE_MX:
		return span_skip(&data, 2) && dns_name(r->whole, &data, a->target);
	case TYPE_CNAME:
	case TYPE_DNAME:
	case TYPE_NS:
	case TYPE_PTR:
		return dns_name(r->whole, &data, a->target);
	default: return true;
	}
}

/* One record as it stands: its data is a span of the message. */
struct record {
	struct span owner, data;
	uint16_t type, class;
	uint32_t ttl_sec;
};

static bool
take_record(struct reading *r, struct record *out)
{
	uint16_t len;

	out->owner = r->in;
	return dns_name_skip(&r->in) && span_u16be(&r->in, &out->type) && span_u16be(&r->in, &out->class) &&
	    span_u32be(&r->in, &out->ttl_sec) && span_u16be(&r->in, &len) &&
	    span_take(&r->in, len, &out->data);
}

/* Only the Internet's records have these forms; an update's may be empty (RFC 2136 section 2.4). */
static bool
is_plain(const struct record *rr)
{
	/* the top bit of mDNS says that older answers are void (RFC 6762 section 10.2) */
	return (rr->class & 0x7fff) == CLASS_IN;
}

static bool
fill_answer(struct reading *r, const struct record *rr, struct dns_answer *a)
{
	struct span owner = rr->owner;

	memset(&a->addr, 0, sizeof a->addr);
	a->target[0] = '\0';
	a->ech = a->hint = false;
	a->type = rr->type;
	a->ttl_sec = rr->ttl_sec;
	return dns_name(r->whole, &owner, a->name) &&
	    (!is_plain(rr) || read_data(r, rr->data, rr->owner, a));
}

static bool
carries_anything(uint16_t type)
{
	return type == TYPE_TXT || type == TYPE_NULL || type == TYPE_KEY ||
	    (type >= TYPE_PRIVATE_FIRST && type <= TYPE_PRIVATE_LAST);
}

static bool
read_answers(struct reading *r)
{
	struct record rr;
	unsigned i;

	for (i = 0; i < r->header.answers; i++) {
		if (!take_record(r, &rr))
			return false;
		if (carries_anything(rr.type))
			r->message.odd_payload_bytes += (uint32_t)rr.data.left;
		if (r->message.answers_count == DNS_ANSWERS_MAX)
			continue;
		if (!fill_answer(r, &rr, &r->answers[r->message.answers_count]))
			return false;
		r->message.answers_count++;
	}
	return true;
}

static void
add_hint(struct reading *r, struct span owner, struct span address, size_t len)
{
	struct dns_answer *a = next_record(r);

	if (a == NULL || !dns_name(r->whole, &owner, a->name) || !read_address(address, len, a))
		return;
	a->type = len == 4 ? TYPE_A : TYPE_AAAA;
	a->ttl_sec = 0;
	a->target[0] = '\0';
	a->ech = false;
	a->hint = true;
	r->message.extras_count++;
}

static void
add_hints(struct reading *r)
{
	struct span address;
	unsigned i;

	for (i = 0; i < r->hints.count; i++)
		while (span_take(&r->hints.addresses[i], r->hints.len[i], &address))
			add_hint(r, r->hints.owner[i], address, r->hints.len[i]);
}

/* RFC 6891 section 6.1.2: the class is a size, the time to live holds the upper bits of the response code. */
static void
take_opt(struct reading *r, const struct record *rr)
{
	r->message.edns = true;
	r->message.edns_udp_bytes = rr->class;
	r->message.rcode = (uint16_t)(r->message.rcode | (rr->ttl_sec >> 24) << 4);
}

static bool
read_others(struct reading *r, unsigned count)
{
	struct dns_answer *a;
	struct record rr;

	for (; count > 0; count--) {
		if (!take_record(r, &rr))
			return false;
		if (rr.type == TYPE_OPT && !r->message.edns)
			take_opt(r, &rr);
		if ((rr.type != TYPE_A && rr.type != TYPE_AAAA && rr.type != TYPE_CNAME) || !is_plain(&rr) ||
		    (a = next_record(r)) == NULL)
			continue;
		if (!fill_answer(r, &rr, a))
			return false;
		r->message.extras_count++;
	}
	return true;
}

static bool
read_records(struct reading *r)
{
	if (!read_answers(r))
		return false;
	add_hints(r);
	return read_others(r, r->header.authorities) && read_others(r, r->header.additionals);
}

/* Whole to its last record. False says too little about *r: look at `asked` and the counts. */
static bool
read_message(struct reading *r, struct span bytes)
{
	begin_reading(r, bytes);
	r->message.answers = r->answers;
	if (!read_header(&r->in, &r->header))
		return false;
	read_flags(&r->header, &r->message);
	return read_questions(r) && read_records(r);
}

/* What an ordinary query or its answer says of itself. */
static bool
is_ordinary(const struct header *h)
{
	bool response = (h->flags & 0x8000) != 0;

	if ((h->flags & 0x7840) != 0 || h->questions != QUESTIONS_STRICT)	/* opcode, Z */
		return false;
	if (!response && (h->answers != 0 || h->authorities != 0 || (h->flags & 0x000f) != 0))
		return false;
	return response || h->additionals <= ADDITIONAL_STRICT;
}

static bool
is_flawless(const struct reading *r, bool whole)
{
	return whole && r->in.left == 0 && is_ordinary(&r->header) && r->message.question[0] != '\0' &&
	    r->message.question_type != 0 &&
	    (r->message.question_class == CLASS_IN || r->message.question_class == CLASS_ANY);
}

/*
 * Bytes that only look like a header (no question, no answer, not even whole)
 * are no message.
 */
static bool
says_something(const struct reading *r, bool whole)
{
	return r->asked && (whole || r->header.questions > 0 || r->message.answers_count > 0);
}

static void
emit(struct proto *p, struct reading *r, bool whole, struct message m)
{
	if (!says_something(r, whole))
		return;
	m.kind = MESSAGE_DNS;
	m.dns = &r->message;
	proto_emit(p, &m);
}

static bool
has_port(const struct packet *packet, uint16_t port)
{
	return packet->src_port == port || packet->dst_port == port;
}

static bool
may_be_ordinary(struct span bytes)
{
	struct header h;

	return read_header(&bytes, &h) && is_ordinary(&h);
}

static enum datagram_taken
dns_datagram(struct proto *p, void *state, const struct flow *f, int from, const struct packet *packet)
{
	struct span bytes = span_of(packet->payload, packet->payload_bytes);
	struct message m = { .flow = f, .from = from, .ts_ns = packet->ts_ns };
	bool multicast = has_port(packet, PORT_MDNS) || has_port(packet, PORT_LLMNR), whole;
	bool ours = multicast || has_port(packet, PORT_DNS);
	struct reading r;

	(void)state;
	if (bytes.left < HEADER_BYTES)
		return DATAGRAM_OTHER;
	if (!ours && (has_port(packet, PORT_NETBIOS) || !may_be_ordinary(bytes)))
		return DATAGRAM_OTHER;
	whole = read_message(&r, bytes);
	if (!ours && !is_flawless(&r, whole))
		return DATAGRAM_OTHER;
	r.message.flavour = has_port(packet, PORT_MDNS) ? DNS_MDNS :
	    multicast ? DNS_LLMNR : DNS_UNICAST;
	if (multicast)	/* the top bit asks for a unicast answer (RFC 6762 section 5.4) */
		r.message.question_class &= 0x7fff;
	if (!whole && packet->payload_bytes >= packet->payload_wire_bytes)
		proto_counters(p)->malformed[APP_DNS]++;
	emit(p, &r, whole, m);
	return DATAGRAM_TAKEN;
}

const struct datagram_row dns_datagram_row = {
	.app = APP_DNS,
	.datagram = dns_datagram,
};

/* ---- over TCP ---- */

enum { PREFIX_BYTES = 2, QUESTION_BYTES_MAX = 255 + 4, MESSAGE_BYTES_LEAST = HEADER_BYTES + 5 };

struct dns_side {
	struct bytes message;	/* prefix and what came of it, when it came in parts */
	bool over;		/* a gap: where messages begin is not known any more */
};

struct dns_stream {
	struct proto *p;
	struct dns_side side[2];
	struct bytes_ceiling ceiling;
};

/* The first message has an ordinary header and a whole question for the Internet. */
static enum guess
dns_guess(struct span first, int from)
{
	struct reading r;
	struct span message;
	uint16_t len;

	(void)from;	/* the question is repeated in the answer */
	message = first;
	if (!span_u16be(&message, &len))
		return GUESS_MORE;
	if (len < MESSAGE_BYTES_LEAST)
		return GUESS_NO;
	if (message.left > len)
		message.left = len;
	begin_reading(&r, message);
	if (!read_header(&r.in, &r.header))
		return GUESS_MORE;
	if (!is_ordinary(&r.header))
		return GUESS_NO;
	if (!read_questions(&r))
		return message.left < len && message.left < HEADER_BYTES + QUESTION_BYTES_MAX ?
		    GUESS_MORE : GUESS_NO;
	return r.message.question_type != 0 && (r.message.question_class == CLASS_IN ||
	    r.message.question_class == CLASS_ANY) ? GUESS_YES : GUESS_NO;
}

static void *
dns_open(struct proto *p)
{
	struct dns_stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->p = p;
	s->ceiling.most = proto_limits(p)->flow_bytes;
	s->ceiling.total = proto_held(p);
	return s;
}

static void
dns_close(void *reader)
{
	struct dns_stream *s = reader;

	bytes_clear(&s->side[0].message, &s->ceiling);
	bytes_clear(&s->side[1].message, &s->ceiling);
	free(s);
}

static void
take_message(struct dns_stream *s, const struct stream_piece *piece, struct span bytes)
{
	struct message m = { .flow = piece->flow, .from = piece->from, .ts_ns = piece->ts_ns };
	struct reading r;
	bool whole = read_message(&r, bytes);

	if (piece->flow->port[RESPONDER] == PORT_LLMNR)	/* RFC 4795 section 2.5 */
		r.message.flavour = DNS_LLMNR;
	if (!whole)
		proto_counters(s->p)->malformed[APP_DNS]++;
	emit(s->p, &r, whole, m);
}

/* Takes what the message under way still needs. False: a limit. */
static bool
collect(struct dns_stream *s, struct dns_side *side, const struct stream_piece *piece, struct span *in)
{
	struct bytes *b = &side->message;
	struct span part, whole;
	size_t need = PREFIX_BYTES;
	uint16_t len;

	if (b->used >= PREFIX_BYTES)
		need += (size_t)(b->at[0] << 8 | b->at[1]);
	part = span_of(in->at, need - b->used < in->left ? need - b->used : in->left);
	if (!bytes_append(b, &s->ceiling, part))
		return false;
	span_skip(in, part.left);
	whole = span_of(b->at, b->used);
	if (!span_u16be(&whole, &len) || whole.left < len)
		return true;
	take_message(s, piece, whole);
	bytes_empty(b, &s->ceiling);
	return true;
}

static bool
dns_piece(void *reader, const struct stream_piece *piece)
{
	struct dns_stream *s = reader;
	struct dns_side *side = &s->side[piece->from];
	struct span in = span_of(piece->bytes, (size_t)piece->len), rest, message;
	uint16_t len;

	if (piece->gap)
		side->over = true;
	while (!side->over && in.left > 0) {
		rest = in;
		if (side->message.used == 0 && span_u16be(&rest, &len) && span_take(&rest, len, &message)) {
			take_message(s, piece, message);
			in = rest;
		} else if (!collect(s, side, piece, &in)) {
			proto_counters(s->p)->over_limit++;
			side->over = true;
		}
	}
	if (side->over)
		bytes_clear(&side->message, &s->ceiling);
	return !s->side[0].over || !s->side[1].over;
}

const struct proto_row dns_row = {
	.app = APP_DNS,
	.guess = dns_guess,
	.open = dns_open,
	.piece = dns_piece,
	.close = dns_close,
};
