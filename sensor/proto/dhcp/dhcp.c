#include "proto/dhcp/dhcp.h"

#include <string.h>

#include "proto/dhcp/private.h"
#include "proto/dns/name.h"

/* ---- what both versions share ---- */

void
dhcp_tell_protocol(const struct dhcp_source *s)
{
	const struct protocol told = { .app = APP_DHCP };
	const struct message m = { .kind = MESSAGE_PROTOCOL, .flow = s->flow, .from = s->from,
		.ts_ns = s->ts_ns, .protocol = &told };

	if (s->flow->app != APP_DHCP)
		proto_emit(s->p, &m);
}

void
dhcp_malformed(const struct dhcp_source *s, const struct packet *packet)
{
	if (packet->payload_bytes >= packet->payload_wire_bytes)
		proto_counters(s->p)->malformed[APP_DHCP]++;
}

void
dhcp_emit(const struct dhcp_source *s, const struct identity *i)
{
	const struct message m = { .kind = MESSAGE_IDENTITY, .flow = s->flow, .from = s->from,
		.ts_ns = s->ts_ns, .identity = i };

	proto_emit(s->p, &m);
}

bool
dhcp_wire_name(struct span wire, char name[DNS_NAME_MAX])
{
	struct span in = wire;

	return dns_name(wire, &in, name) && name[0] != '\0';
}

/* ---- IPv4 ---- */

enum {
	BOOT_REQUEST = 1, BOOT_REPLY = 2,
	FIXED_BYTES = 236, SNAME_AT = 44, SNAME_BYTES = 64, FILE_AT = 108, FILE_BYTES = 128,
	/* RFC 2132; RFC 4702 */
	OPTION_PAD = 0, OPTION_HOST_NAME = 12, OPTION_DOMAIN = 15, OPTION_ADDRESS = 50, OPTION_LEASE = 51,
	OPTION_OVERLOAD = 52, OPTION_TYPE = 53, OPTION_VENDOR_CLASS = 60, OPTION_CLIENT_NAME = 81,
	OPTION_END = 255,
	TYPE_REQUEST = 3, TYPE_DECLINE = 4, TYPE_ACK = 5, TYPE_RELEASE = 7, TYPE_INFORM = 8
};

static const uint8_t magic_cookie[4] = { 0x63, 0x82, 0x53, 0x63 };

struct dhcp_reading {
	struct span whole;
	uint8_t op, hardware, hardware_bytes;
	struct span client, yours;		/* ciaddr, yiaddr: 4 bytes */
	struct span mac;
	uint8_t type, overload;
	struct span host_name, domain, asked, vendor_class, client_name;
	uint32_t lease_sec;
};

static bool
read_fixed(struct dhcp_reading *r, struct span *in)
{
	struct span hardware;

	if (!span_u8(in, &r->op) || !span_u8(in, &r->hardware) || !span_u8(in, &r->hardware_bytes) ||
	    !span_skip(in, 9) || !span_take(in, 4, &r->client) || !span_take(in, 4, &r->yours) ||
	    !span_skip(in, 8) || !span_take(in, 16, &hardware))
		return false;
	if (r->hardware == HARDWARE_ETHERNET && r->hardware_bytes == MAC_BYTES)
		r->mac = span_of(hardware.at, MAC_BYTES);
	return span_skip(in, SNAME_BYTES + FILE_BYTES);
}

static void
read_option(struct dhcp_reading *r, uint8_t code, struct span value)
{
	switch (code) {
	case OPTION_HOST_NAME: r->host_name = value; break;
	case OPTION_DOMAIN: r->domain = value; break;
	case OPTION_ADDRESS: r->asked = value; break;
	case OPTION_LEASE: span_u32be(&value, &r->lease_sec); break;
	case OPTION_OVERLOAD: span_u8(&value, &r->overload); break;
	case OPTION_TYPE: span_u8(&value, &r->type); break;
	case OPTION_VENDOR_CLASS: r->vendor_class = value; break;
	case OPTION_CLIENT_NAME: r->client_name = value; break;
	default: break;
	}
}

/* False: an option is longer than what is there. What came before it stands. */
static bool
read_options(struct dhcp_reading *r, struct span in)
{
	struct span value;
	uint8_t code, len;

	while (span_u8(&in, &code) && code != OPTION_END) {
		if (code == OPTION_PAD)
			continue;
		if (!span_u8(&in, &len) || !span_take(&in, len, &value))
			return false;
		read_option(r, code, value);
	}
	return true;
}

/* The fields of the boot file and the server's name may hold options, too (RFC 2132 section 9.3). */
static bool
read_overload(struct dhcp_reading *r)
{
	uint8_t where = r->overload;
	bool whole = true;

	if (where & 1)
		whole = read_options(r, span_of(r->whole.at + FILE_AT, FILE_BYTES));
	if (where & 2)
		whole = read_options(r, span_of(r->whole.at + SNAME_AT, SNAME_BYTES)) && whole;
	return whole;
}

static bool
is_set(struct span address)
{
	static const uint8_t zero[4];

	return address.left == 4 && memcmp(address.at, zero, 4) != 0;
}

/* Whose address a message is about; absent: about none. */
static struct span
subject_of(const struct dhcp_reading *r)
{
	switch (r->type) {
	case TYPE_REQUEST: return is_set(r->client) ? r->client : r->asked;
	case TYPE_DECLINE: return r->asked;
	case TYPE_ACK: return r->lease_sec > 0 ? r->yours : span_of(NULL, 0);
	case TYPE_RELEASE:
	case TYPE_INFORM: return r->client;
	default: return span_of(NULL, 0);
	}
}

/* Some end their names with a NUL (RFC 2132 section 2 says: do not). */
static struct span
without_nul(struct span s)
{
	while (s.left > 0 && s.at[s.left - 1] == '\0')
		s.left--;
	return s.left == 0 ? span_of(NULL, 0) : s;
}

/* RFC 4702 section 2: flags, two result codes, the name: on the wire's form with flag E, else as text. */
static struct span
client_name(struct span option, char name[DNS_NAME_MAX])
{
	enum { FLAG_E = 4 };
	uint8_t flags;

	if (!span_u8(&option, &flags) || !span_skip(&option, 2))
		return span_of(NULL, 0);
	if ((flags & FLAG_E) == 0)
		return without_nul(option);
	return dhcp_wire_name(option, name) ? span_text(name) : span_of(NULL, 0);
}

static void
emit_identity(const struct dhcp_source *s, const struct dhcp_reading *r)
{
	struct span subject = subject_of(r), full;
	struct identity i = { .source = IDENTITY_DHCP, .mac = r->mac };
	char name[DNS_NAME_MAX];

	if (!is_set(subject))
		return;
	full = client_name(r->client_name, name);
	i.addr = addr_v4(subject.at);
	i.host_name = without_nul(r->host_name);
	if (i.host_name.at == NULL)
		i.host_name = full;
	i.domain = without_nul(r->domain);
	i.software = without_nul(r->vendor_class);
	i.lease_sec = r->type == TYPE_ACK ? r->lease_sec : 0;
	i.released = r->type == TYPE_RELEASE || r->type == TYPE_DECLINE;
	dhcp_emit(s, &i);
}

/* Asked of every datagram. */
static bool
has_cookie(struct span in)
{
	struct span cookie;

	return span_skip(&in, FIXED_BYTES) && span_take(&in, sizeof magic_cookie, &cookie) &&
	    memcmp(cookie.at, magic_cookie, sizeof magic_cookie) == 0;
}

static enum datagram_taken
dhcp_datagram(struct proto *p, void *state, const struct flow *f, int from, const struct packet *packet)
{
	const struct dhcp_source s = { p, f, from, packet->ts_ns };
	struct span in = span_of(packet->payload, packet->payload_bytes);
	struct dhcp_reading r;
	bool whole;

	(void)state;
	if (!has_cookie(in))
		return DATAGRAM_OTHER;
	memset(&r, 0, sizeof r);
	r.whole = in;
	if (!read_fixed(&r, &in) || (r.op != BOOT_REQUEST && r.op != BOOT_REPLY))
		return DATAGRAM_OTHER;
	span_skip(&in, sizeof magic_cookie);
	dhcp_tell_protocol(&s);
	whole = read_options(&r, in);
	whole = read_overload(&r) && whole;
	if (!whole)
		dhcp_malformed(&s, packet);
	emit_identity(&s, &r);
	return DATAGRAM_TAKEN;
}

const struct datagram_row dhcp_datagram_row = {
	.app = APP_DHCP,
	.datagram = dhcp_datagram,
};
