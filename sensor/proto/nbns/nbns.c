#include "proto/nbns/nbns.h"

#include <string.h>

#include "proto/dns/name.h"

enum {
	PORT_NAMES = 137, PORT_DATAGRAMS = 138,
	NAME_BYTES = 15, ENCODED_BYTES = 32, STATUS_NAME_BYTES = 18,
	TYPE_NB = 0x20, TYPE_NBSTAT = 0x21,
	FLAG_RESPONSE = 0x8000, GROUP = 0x8000,
	/* Section 4.2.1.1; 15 is the multi-homed registration that Windows sends. */
	OPCODE_QUERY = 0, OPCODE_REGISTER = 5, OPCODE_RELEASE = 6, OPCODE_REFRESH = 8,
	OPCODE_REFRESH_TOO = 9, OPCODE_REGISTER_MORE = 15,
	/* The sixteenth byte of a name: which service of the machine. */
	SUFFIX_WORKSTATION = 0x00, SUFFIX_SERVER = 0x20, SUFFIX_CONTROLLERS = 0x1c, SUFFIX_BROWSERS = 0x1e
};

struct nbns_source {
	struct proto *p;
	const struct flow *flow;
	int from;
	int64_t ts_ns;
};

struct netbios_name {
	char text[NAME_BYTES];
	size_t len;
	uint8_t suffix;
};

struct nbns_header {
	uint16_t flags, questions, answers, authorities, additionals;
	unsigned opcode;
	bool response;
};

/* What one datagram says about its sender; names point into where they were read to. */
struct nbns_found {
	struct netbios_name host, group;
	struct span mac;
	bool released;
};

static void
emit_protocol(const struct nbns_source *s)
{
	const struct protocol told = { .app = APP_NBNS };
	const struct message m = { .kind = MESSAGE_PROTOCOL, .flow = s->flow, .from = s->from,
		.ts_ns = s->ts_ns, .protocol = &told };

	if (s->flow->app != APP_NBNS)
		proto_emit(s->p, &m);
}

static void
emit_found(const struct nbns_source *s, const struct nbns_found *found)
{
	struct identity i = { .source = IDENTITY_NBNS, .addr = flow_addr(s->flow, s->from), .mac = found->mac,
		.released = found->released };
	const struct message m = { .kind = MESSAGE_IDENTITY, .flow = s->flow, .from = s->from,
		.ts_ns = s->ts_ns, .identity = &i };

	if (found->host.len > 0)
		i.host_name = span_of(found->host.text, found->host.len);
	if (found->group.len > 0)
		i.domain = span_of(found->group.text, found->group.len);
	if (i.host_name.at != NULL || i.domain.at != NULL)
		proto_emit(s->p, &m);
}

/* 15 bytes, filled up with blanks or NULs, and the suffix. */
static void
set_name(struct netbios_name *n, const uint8_t bytes[NAME_BYTES + 1])
{
	n->len = NAME_BYTES;
	memcpy(n->text, bytes, NAME_BYTES);
	n->suffix = bytes[NAME_BYTES];
	while (n->len > 0 && (n->text[n->len - 1] == ' ' || n->text[n->len - 1] == '\0'))
		n->len--;
}

/* Section 4.1: a label of 32 letters from A to P, two for each byte; scopes behind it are skipped. */
static bool
read_name(struct span *in, struct netbios_name *n)
{
	struct span all = *in, letters;
	uint8_t len, bytes[NAME_BYTES + 1];
	size_t i;

	if (!span_u8(&all, &len) || len != ENCODED_BYTES || !span_take(&all, ENCODED_BYTES, &letters))
		return false;
	for (i = 0; i < sizeof bytes; i++) {
		uint8_t high = letters.at[2 * i], low = letters.at[2 * i + 1];

		if (high < 'A' || high > 'P' || low < 'A' || low > 'P')
			return false;
		bytes[i] = (uint8_t)((high - 'A') << 4 | (low - 'A'));
	}
	set_name(n, bytes);
	return dns_name_skip(in);
}

static bool
is_host(const struct netbios_name *n, unsigned flags)
{
	return (flags & GROUP) == 0 && n->len > 0 &&
	    (n->suffix == SUFFIX_WORKSTATION || n->suffix == SUFFIX_SERVER);
}

static bool
is_group(const struct netbios_name *n, unsigned flags)
{
	return (flags & GROUP) != 0 && n->len > 0 && (n->suffix == SUFFIX_WORKSTATION ||
	    n->suffix == SUFFIX_CONTROLLERS || n->suffix == SUFFIX_BROWSERS);
}

static void
take_name(struct nbns_found *found, const struct netbios_name *n, unsigned flags)
{
	if (is_host(n, flags) && found->host.len == 0)
		found->host = *n;
	else if (is_group(n, flags) && found->group.len == 0)
		found->group = *n;
}

static bool
read_header(struct span *in, struct nbns_header *h)
{
	uint16_t id;

	if (!span_u16be(in, &id) || !span_u16be(in, &h->flags) || !span_u16be(in, &h->questions) ||
	    !span_u16be(in, &h->answers) || !span_u16be(in, &h->authorities) ||
	    !span_u16be(in, &h->additionals))
		return false;
	h->response = (h->flags & FLAG_RESPONSE) != 0;
	h->opcode = h->flags >> 11 & 0xf;
	return true;
}

/* Type, class, time to live, and the data. */
static bool
read_record(struct span *in, uint16_t *type, struct span *data)
{
	uint16_t class, len;
	uint32_t ttl;

	return span_u16be(in, type) && span_u16be(in, &class) && span_u32be(in, &ttl) &&
	    span_u16be(in, &len) && span_take(in, len, data);
}

/* Flags and an address, as often as there are addresses: is the sender's among them? */
static bool
is_the_senders(const struct nbns_source *s, struct span data, uint16_t *flags)
{
	struct addr a, sender = flow_addr(s->flow, s->from);
	struct span address;

	while (span_u16be(&data, flags) && span_take(&data, 4, &address)) {
		a = addr_v4(address.at);
		if (addr_equal(&a, &sender))
			return true;
	}
	return false;
}

/* Registrations, refreshes, releases: the question's name, its address in the record behind it. */
static bool
read_claim(const struct nbns_source *s, struct span in, const struct nbns_header *h)
{
	struct nbns_found found = { .released = h->opcode == OPCODE_RELEASE };
	struct netbios_name name;
	struct span data;
	uint16_t type, flags;

	if (h->questions != 1 || h->additionals == 0)
		return true;
	if (!read_name(&in, &name) || !span_skip(&in, 4) || !dns_name_skip(&in) ||
	    !read_record(&in, &type, &data))
		return false;
	if (type != TYPE_NB || !is_the_senders(s, data, &flags))
		return true;
	take_name(&found, &name, flags);
	emit_found(s, &found);
	return true;
}

/* Section 4.2.18: how many names, each with its flags, then statistics that begin with the hardware address. */
static bool
read_status(struct nbns_found *found, struct span data)
{
	struct span one, mac;
	struct netbios_name name;
	uint8_t count;

	if (!span_u8(&data, &count))
		return false;
	for (; count > 0; count--) {
		if (!span_take(&data, STATUS_NAME_BYTES, &one))
			return false;
		set_name(&name, one.at);
		take_name(found, &name, (unsigned)one.at[16] << 8 | one.at[17]);
	}
	if (span_take(&data, MAC_BYTES, &mac) && memcmp(mac.at, "\0\0\0\0\0\0", MAC_BYTES) != 0)
		found->mac = mac;
	return true;
}

/* An answer to a query: its name is the record's own. */
static bool
read_answer(const struct nbns_source *s, struct span in, const struct nbns_header *h)
{
	struct nbns_found found = { .released = false };
	struct netbios_name name;
	struct span data;
	uint16_t type, flags;

	if (h->questions != 0 || h->answers == 0 || (h->flags & 0xf) != 0)
		return true;
	if (!read_name(&in, &name) || !read_record(&in, &type, &data))
		return false;
	if (type == TYPE_NBSTAT && !read_status(&found, data))
		return false;
	if (type == TYPE_NB && is_the_senders(s, data, &flags))
		take_name(&found, &name, flags);
	emit_found(s, &found);
	return true;
}

/* Other programs use these ports too: a header that no name service sends is not one. */
static bool
is_ordinary(const struct nbns_header *h)
{
	return h->questions <= 1 && h->answers <= 1 && h->authorities <= 1 && h->additionals <= 1 &&
	    h->questions + h->answers > 0;
}

static bool
read_names(const struct nbns_source *s, const struct nbns_header *h, struct span in)
{
	if (h->response)
		return h->opcode == OPCODE_QUERY ? read_answer(s, in, h) : true;
	switch (h->opcode) {
	case OPCODE_REGISTER:
	case OPCODE_REGISTER_MORE:
	case OPCODE_REFRESH:
	case OPCODE_REFRESH_TOO:
	case OPCODE_RELEASE:
		return read_claim(s, in, h);
	default:
		return true;
	}
}

enum { DATAGRAM_FIRST = 0x10, DATAGRAM_BROADCAST = 0x12, DATAGRAM_TYPES_END = 0x17 };

/* Section 4.4.1: who sent it, with address and name. */
static bool
read_datagram(const struct nbns_source *s, struct span in)
{
	struct nbns_found found = { .released = false };
	struct netbios_name name;
	struct addr a, sender = flow_addr(s->flow, s->from);
	struct span address;

	if (in.at[0] > DATAGRAM_BROADCAST)
		return true;
	if (!span_skip(&in, 4) || !span_take(&in, 4, &address) || !span_skip(&in, 6) || !read_name(&in, &name))
		return false;
	a = addr_v4(address.at);
	if (addr_equal(&a, &sender))
		take_name(&found, &name, 0);
	emit_found(s, &found);
	return true;
}

static bool
has_port(const struct packet *packet, uint16_t port)
{
	return packet->src_port == port || packet->dst_port == port;
}

static enum datagram_taken
nbns_datagram(struct proto *p, void *state, const struct flow *f, int from, const struct packet *packet)
{
	const struct nbns_source s = { p, f, from, packet->ts_ns };
	struct span in = span_of(packet->payload, packet->payload_bytes);
	struct nbns_header h;
	bool whole, names = has_port(packet, PORT_NAMES);

	(void)state;
	if (names ? !read_header(&in, &h) || !is_ordinary(&h) :
	    !has_port(packet, PORT_DATAGRAMS) || in.left == 0 || in.at[0] < DATAGRAM_FIRST ||
	    in.at[0] >= DATAGRAM_TYPES_END)
		return DATAGRAM_OTHER;
	emit_protocol(&s);
	whole = names ? read_names(&s, &h, in) : read_datagram(&s, in);
	if (!whole && packet->payload_bytes >= packet->payload_wire_bytes)
		proto_counters(p)->malformed[APP_NBNS]++;
	return DATAGRAM_TAKEN;
}

const struct datagram_row nbns_datagram_row = {
	.app = APP_NBNS,
	.datagram = nbns_datagram,
};
