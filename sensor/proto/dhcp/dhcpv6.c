/* dhcpv6.c - RFC 8415 */
#include <string.h>

#include "proto/dhcp/dhcp.h"
#include "proto/dhcp/private.h"

enum {
	PORT_CLIENT = 546, PORT_SERVER = 547,
	TYPE_SOLICIT = 1, TYPE_REQUEST = 3, TYPE_CONFIRM = 4, TYPE_RENEW = 5, TYPE_REBIND = 6, TYPE_REPLY = 7,
	TYPE_RELEASE = 8, TYPE_DECLINE = 9, TYPE_RELAY_FORWARD = 12, TYPE_RELAY_REPLY = 13,
	OPTION_CLIENT_ID = 1, OPTION_ADDRESSES = 3, OPTION_ADDRESS = 5, OPTION_RELAYED = 9,
	OPTION_VENDOR_CLASS = 16, OPTION_CLIENT_NAME = 39, OPTION_LINK_ADDRESS = 79,	/* RFC 4704, RFC 6939 */
	DUID_TIME = 1, DUID_LINK = 3,
	RELAYS_MAX = 8,			/* HOP_COUNT_LIMIT, section 7.6 */
	ADDRESSES_MAX = 8		/* of one message */
};

struct given {
	struct addr addr;
	uint32_t valid_sec;
};

struct dhcpv6_reading {
	uint8_t type;
	struct span mac;		/* of the identifier; better what the relay saw */
	bool relay_saw;
	struct span vendor_class;
	struct span client_name;
	struct given given[ADDRESSES_MAX];
	unsigned given_count;
};

/* Section 11: link layer with time, or without. */
static struct span
mac_of_identifier(struct span id)
{
	uint16_t kind, hardware;

	if (!span_u16be(&id, &kind) || !span_u16be(&id, &hardware) || hardware != HARDWARE_ETHERNET)
		return span_of(NULL, 0);
	if (kind == DUID_TIME ? !span_skip(&id, 4) : kind != DUID_LINK)
		return span_of(NULL, 0);
	return id.left == MAC_BYTES ? id : span_of(NULL, 0);
}

static bool
next_option(struct span *in, uint16_t *code, struct span *value)
{
	uint16_t len;

	return span_u16be(in, code) && span_u16be(in, &len) && span_take(in, len, value);
}

static bool
read_address(struct dhcpv6_reading *r, struct span in)
{
	struct given *g;

	if (r->given_count == ADDRESSES_MAX)
		return true;
	g = &r->given[r->given_count];
	if (!span_copy(&in, g->addr.b, sizeof g->addr.b) || !span_skip(&in, 4) || !span_u32be(&in, &g->valid_sec))
		return false;
	r->given_count++;
	return true;
}

/* IA_NA (section 21.4): identifier, two times, options, of which the addresses are read. */
static bool
read_addresses(struct dhcpv6_reading *r, struct span in)
{
	struct span value;
	uint16_t code;

	if (!span_skip(&in, 12))
		return false;
	while (in.left > 0) {
		if (!next_option(&in, &code, &value))
			return false;
		if (code == OPTION_ADDRESS && !read_address(r, value))
			return false;
	}
	return true;
}

/* Section 21.16: enterprise, then texts with their lengths; the first one. */
static struct span
vendor_class(struct span in)
{
	struct span text;
	uint16_t len;

	if (!span_skip(&in, 4) || !span_u16be(&in, &len) || !span_take(&in, len, &text) || text.left == 0)
		return span_of(NULL, 0);
	return text;
}

static bool
read_option(struct dhcpv6_reading *r, uint16_t code, struct span value)
{
	switch (code) {
	case OPTION_CLIENT_ID:
		if (!r->relay_saw)
			r->mac = mac_of_identifier(value);
		return true;
	case OPTION_ADDRESSES:
		return read_addresses(r, value);
	case OPTION_VENDOR_CLASS:
		r->vendor_class = vendor_class(value);
		return true;
	case OPTION_CLIENT_NAME:
		r->client_name = value;
		return true;
	default:
		return true;
	}
}

static bool
read_message(struct dhcpv6_reading *r, struct span in)
{
	struct span value;
	uint16_t code;

	if (!span_u8(&in, &r->type) || !span_skip(&in, 3))
		return false;
	while (in.left > 0)
		if (!next_option(&in, &code, &value) || !read_option(r, code, value))
			return false;
	return true;
}

/* What the relay saw of the client's frame counts more than what the client calls itself. */
static void
read_link_address(struct dhcpv6_reading *r, struct span value)
{
	uint16_t hardware;

	if (!span_u16be(&value, &hardware) || hardware != HARDWARE_ETHERNET || value.left != MAC_BYTES)
		return;
	r->mac = value;
	r->relay_saw = true;
}

/* Section 9: type, hops, two addresses, options, the message in one of them. *in becomes that message. */
static bool
open_relayed(struct dhcpv6_reading *r, struct span *in)
{
	struct span options = *in, value, inner = span_of(NULL, 0);
	uint16_t code;

	if (!span_skip(&options, 34))
		return false;
	while (options.left > 0) {
		if (!next_option(&options, &code, &value))
			return false;
		if (code == OPTION_RELAYED)
			inner = value;
		else if (code == OPTION_LINK_ADDRESS)
			read_link_address(r, value);
	}
	*in = inner;
	return inner.left > 0;
}

static bool
is_relayed(struct span in)
{
	return in.left > 0 && (in.at[0] == TYPE_RELAY_FORWARD || in.at[0] == TYPE_RELAY_REPLY);
}

static bool
is_told(uint8_t type)
{
	return type == TYPE_REQUEST || (type >= TYPE_CONFIRM && type <= TYPE_DECLINE);
}

static void
emit_identities(const struct dhcp_source *s, const struct dhcpv6_reading *r)
{
	struct span full = r->client_name;
	struct identity i = { .source = IDENTITY_DHCPV6, .mac = r->mac, .software = r->vendor_class };
	char name[DNS_NAME_MAX];
	unsigned n;

	/* RFC 4704 section 4: flags, then the name, in the wire's form. */
	if (span_skip(&full, 1) && dhcp_wire_name(full, name))
		i.host_name = span_text(name);
	for (n = 0; n < r->given_count && is_told(r->type); n++) {
		i.addr = r->given[n].addr;
		i.lease_sec = r->type == TYPE_REPLY ? r->given[n].valid_sec : 0;
		i.released = r->type == TYPE_RELEASE || r->type == TYPE_DECLINE ||
		    (r->type == TYPE_REPLY && i.lease_sec == 0);
		dhcp_emit(s, &i);
	}
}

static bool
on_its_ports(const struct packet *packet)
{
	uint16_t to = packet->dst_port, from = packet->src_port;

	return to == PORT_CLIENT || to == PORT_SERVER || from == PORT_CLIENT || from == PORT_SERVER;
}

/* Asked of every datagram. */
static bool
is_ours(const struct flow *f, const struct packet *packet, struct span in)
{
	struct addr asker;

	if (!on_its_ports(packet) || in.left < 4 || in.at[0] < TYPE_SOLICIT || in.at[0] > TYPE_RELAY_REPLY)
		return false;
	asker = flow_addr(f, ORIGINATOR);
	return !addr_is_v4(&asker);
}

static enum datagram_taken
dhcpv6_datagram(struct proto *p, void *state, const struct flow *f, int from, const struct packet *packet)
{
	const struct dhcp_source s = { p, f, from, packet->ts_ns };
	struct span in = span_of(packet->payload, packet->payload_bytes);
	struct dhcpv6_reading r;
	unsigned relays;

	(void)state;
	if (!is_ours(f, packet, in))
		return DATAGRAM_OTHER;
	memset(&r, 0, sizeof r);
	dhcp_tell_protocol(&s);
	for (relays = 0; is_relayed(in); relays++)
		if (relays == RELAYS_MAX || !open_relayed(&r, &in)) {
			dhcp_malformed(&s, packet);
			return DATAGRAM_TAKEN;
		}
	if (!read_message(&r, in))
		dhcp_malformed(&s, packet);
	emit_identities(&s, &r);
	return DATAGRAM_TAKEN;
}

const struct datagram_row dhcpv6_datagram_row = {
	.app = APP_DHCP,
	.datagram = dhcpv6_datagram,
};
