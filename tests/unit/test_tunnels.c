#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "decode/decode.h"
#include "wraps.h"

enum { ETHERNET = 1, RAW = 101 };

static const struct decode_limits limits = { 16, 1 << 20, 30, CHECKSUM_AUTO };

static struct made made;
static struct decode *decode;
static struct packet packet;

static int
setup(void **state)
{
	(void)state;
	memset(&made, 0, sizeof made);
	decode = decode_new(&limits);
	return decode == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	decode_free(decode);
	return 0;
}

static enum decode_result
decode_made(int link_type)
{
	struct frame f = frame_of(&made, link_type);

	return decode_frame(decode, &f, &packet);
}

/*
 * What each row puts around the inner packet, outermost first, in words of a
 * small language: "eth TYPE", "ip4 PROTOCOL", "ip6 PROTOCOL", "udp PORT" and
 * bytes in hexadecimal, "gtp" for its eight bytes with a length and "pppoe",
 * "pptp" the same. `T` in bytes is the direction: 1 or 2.
 */
struct row {
	const char *name;
	int link_type;
	const char *around;
	enum tunnel_kind kind;		/* of the packet */
	enum tunnel_kind realm;		/* in its realm */
	uint32_t realm_id;
	uint32_t wire_id[2];		/* of either direction */
	uint8_t depth, protocol;
};

#define INNER_ETHERNET " 0200000000010200000000020800"

static const struct row rows[] = {
	{ "mpls", ETHERNET, "eth 8847 0001T0400001T13f", TUNNEL_MPLS, TUNNEL_NONE, 0, { 0x11, 0x12 }, 0, 0 },
	{ "mpls, one label", ETHERNET, "eth 8847 0001T13f", TUNNEL_MPLS, TUNNEL_NONE, 0, { 0x11, 0x12 }, 0, 0 },
	{ "pseudowire", ETHERNET, "eth 8847 0001T13f" INNER_ETHERNET, TUNNEL_MPLS, TUNNEL_NONE, 0,
	    { 0x11, 0x12 }, 0, 0 },
	{ "pseudowire with control word", ETHERNET, "eth 8847 0001T13f 0000000T" INNER_ETHERNET, TUNNEL_MPLS,
	    TUNNEL_NONE, 0, { 0x11, 0x12 }, 0, 0 },
	{ "pseudowire that begins with zeros", ETHERNET, "eth 8847 0001T13f 000000000001 020000000002 0800",
	    TUNNEL_MPLS, TUNNEL_NONE, 0, { 0x11, 0x12 }, 0, 0 },
	{ "pseudowire that looks like IPv4", ETHERNET, "eth 8847 0001T13f 40000000000T 020000000002 0800",
	    TUNNEL_MPLS, TUNNEL_NONE, 0, { 0x11, 0x12 }, 0, 0 },
	{ "pppoe", ETHERNET, "eth 8864 pppoe 0021", TUNNEL_PPPOE, TUNNEL_PPPOE, 0x1234, { 0x1234, 0x1234 }, 0, 0 },
	{ "pppoe in two tags", ETHERNET, "eth 88a8 00648100 00078864 pppoe 0021", TUNNEL_PPPOE, TUNNEL_PPPOE, 0x1234,
	    { 0x1234, 0x1234 }, 0, 0 },
	{ "mac-in-mac", ETHERNET, "eth 88a8 006488e7 00abcdef" INNER_ETHERNET, TUNNEL_PBB, TUNNEL_PBB, 0xabcdef,
	    { 0xabcdef, 0xabcdef }, 0, 0 },
	{ "gre", ETHERNET, "eth 0800 ip4 47 00000800", TUNNEL_GRE, TUNNEL_GRE, 0, { 0, 0 }, 1, 47 },
	{ "gre with all", ETHERNET, "eth 0800 ip4 47 b0000800 00000000 00000042 0000000T", TUNNEL_GRE, TUNNEL_GRE, 0x42,
	    { 0x42, 0x42 }, 1, 47 },
	{ "gre over IPv6", ETHERNET, "eth 86dd ip6 47 20000800 00000042", TUNNEL_GRE, TUNNEL_GRE, 0x42,
	    { 0x42, 0x42 }, 1, 47 },
	{ "bridge", ETHERNET, "eth 0800 ip4 47 00006558" INNER_ETHERNET, TUNNEL_GRE, TUNNEL_GRE, 0, { 0, 0 }, 1, 47 },
	{ "bridge with a key", ETHERNET, "eth 0800 ip4 47 20006558 00000321" INNER_ETHERNET, TUNNEL_GRE, TUNNEL_GRE,
	    0x321, { 0x321, 0x321 }, 1, 47 },
	{ "nvgre", ETHERNET, "eth 0800 ip4 47 20006558 0123450T" INNER_ETHERNET, TUNNEL_GRE, TUNNEL_GRE, 0x12345,
	    { 0x1234501, 0x1234502 }, 1, 47 },
	{ "mpls in gre", ETHERNET, "eth 0800 ip4 47 20008847 00000042 0001T13f", TUNNEL_MPLS, TUNNEL_GRE, 0x42,
	    { 0x11, 0x12 }, 1, 47 },
	{ "pptp", ETHERNET, "eth 0800 ip4 47 3001880b pptp 0000000T ff030021", TUNNEL_GRE, TUNNEL_GRE, 0, { 1, 2 }, 1, 47 },
	{ "pptp with acknowledgement", ETHERNET, "eth 0800 ip4 47 3081880b pptp 0000000T 00000001 21", TUNNEL_GRE,
	    TUNNEL_GRE, 0, { 1, 2 }, 1, 47 },
	{ "wccp", ETHERNET, "eth 0800 ip4 47 0000883e 01020304", TUNNEL_GRE, TUNNEL_GRE, 0, { 0, 0 }, 1, 47 },
	{ "erspan 1", ETHERNET, "eth 0800 ip4 47 000088be" INNER_ETHERNET, TUNNEL_ERSPAN, TUNNEL_ERSPAN, 0, { 0, 0 }, 1,
	    47 },
	{ "erspan 2", ETHERNET, "eth 0800 ip4 47 100088be 0000000T 1064180T 00000000" INNER_ETHERNET, TUNNEL_ERSPAN,
	    TUNNEL_ERSPAN, 0, { 1, 2 }, 1, 47 },
	{ "erspan 3", ETHERNET, "eth 0800 ip4 47 100022eb 0000000T 20641bfT 00000000 00000000" INNER_ETHERNET,
	    TUNNEL_ERSPAN, TUNNEL_ERSPAN, 0, { 0x3f1, 0x3f2 }, 1, 47 },
	{ "erspan 3 with more", ETHERNET, "eth 0800 ip4 47 100022eb 0000000T 2064000a 00000000 00000001 0000000000000000"
	    INNER_ETHERNET, TUNNEL_ERSPAN, TUNNEL_ERSPAN, 0, { 10, 10 }, 1, 47 },
	{ "erspan 3 of IP", ETHERNET, "eth 0800 ip4 47 100022eb 0000000T 20640002 00000000 00000800", TUNNEL_ERSPAN,
	    TUNNEL_ERSPAN, 0, { 2, 2 }, 1, 47 },
	{ "vxlan", ETHERNET, "eth 0800 ip4 17 udp 4789 08000000 00006400" INNER_ETHERNET, TUNNEL_VXLAN, TUNNEL_VXLAN, 100,
	    { 100, 100 }, 1, 17 },
	{ "vxlan of Linux, with a policy", ETHERNET, "eth 86dd ip6 17 udp 8472 88480007 00006400" INNER_ETHERNET,
	    TUNNEL_VXLAN, TUNNEL_VXLAN, 100, { 100, 100 }, 1, 17 },
	{ "vxlan-gpe", ETHERNET, "eth 0800 ip4 17 udp 4790 0c000001 00006400", TUNNEL_VXLAN, TUNNEL_VXLAN, 100,
	    { 100, 100 }, 1, 17 },
	{ "vxlan-gpe with nsh", ETHERNET, "eth 0800 ip4 17 udp 4790 0c000004 00006400 0fc20201 000001ff", TUNNEL_VXLAN,
	    TUNNEL_VXLAN, 100, { 100, 100 }, 1, 17 },
	{ "geneve", ETHERNET, "eth 0800 ip4 17 udp 6081 00006558 00006400" INNER_ETHERNET, TUNNEL_GENEVE, TUNNEL_GENEVE, 100,
	    { 100, 100 }, 1, 17 },
	{ "geneve with options", ETHERNET, "eth 0800 ip4 17 udp 6081 02c00800 00006400 0102000112345678", TUNNEL_GENEVE,
	    TUNNEL_GENEVE, 100, { 100, 100 }, 1, 17 },
	{ "gtp-u", ETHERNET, "eth 0800 ip4 17 udp 2152 30 gtp 0000000T", TUNNEL_GTPU, TUNNEL_GTPU, 0, { 1, 2 }, 1, 17 },
	{ "gtp-u with extensions", ETHERNET, "eth 0800 ip4 17 udp 2152 36 gtp 0000000T 00010085 01000985 01000900",
	    TUNNEL_GTPU, TUNNEL_GTPU, 0, { 1, 2 }, 1, 17 },
	{ "mpls in udp", ETHERNET, "eth 0800 ip4 17 udp 6635 0001T13f", TUNNEL_MPLS, TUNNEL_IP_IN_IP, 0, { 0x11, 0x12 }, 1,
	    17 },
	{ "4 in 4", ETHERNET, "eth 0800 ip4 4", TUNNEL_IP_IN_IP, TUNNEL_IP_IN_IP, 0, { 0, 0 }, 1, 4 },
	{ "4 in 4 behind authentication", ETHERNET, "eth 0800 ip4 51 04020000 00000001 00000001 00000000",
	    TUNNEL_IP_IN_IP, TUNNEL_IP_IN_IP, 0, { 0, 0 }, 1, 4 },
	{ "mpls in ip", ETHERNET, "eth 0800 ip4 137 0001T13f", TUNNEL_MPLS, TUNNEL_IP_IN_IP, 0, { 0x11, 0x12 }, 1, 137 },
	{ "etherip", ETHERNET, "eth 0800 ip4 97 3000" INNER_ETHERNET, TUNNEL_IP_IN_IP, TUNNEL_IP_IN_IP, 0, { 0, 0 }, 1, 97 },
	{ "gre in gre", ETHERNET, "eth 0800 ip4 47 00000800 ip4 47 20000800 00000042", TUNNEL_GRE, TUNNEL_GRE, 0x42,
	    { 0x42, 0x42 }, 2, 47 },
	{ "vn-tag", ETHERNET, "eth 8926 0001000T 0800", TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "e-tag", ETHERNET, "eth 893f 00010002000T 0800", TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "802.11", 105, "08010000 020000000001 020000000002 020000000003 1000 aaaa030000000800", TUNNEL_NONE, TUNNEL_NONE,
	    0, { 0, 0 }, 0, 0 },
	{ "802.11 with quality, four addresses, HT", 105, "88830000 020000000001 020000000002 020000000003 1000"
	    " 020000000004 0000 00000000 aaaa030000000800", TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "802.11 aggregate", 105, "88020000 020000000001 020000000002 020000000003 1000 8000"
	    " 020000000001 020000000002 0029 aaaa030000000800", TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "radiotap", 127, "0000 0800 00000000 08020000 020000000001 020000000002 020000000003 1000 aaaa030000000800",
	    TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "radiotap with time and padding", 127, "0000 1c00 03000080 00000000 00000000 0000000000000001 20000000"
	    " 88020000 020000000001 020000000002 020000000003 1000 0000 0000 aaaa030000000800",
	    TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "prism", 119, "44000000 0c000000 00000000 08020000 020000000001 020000000002 020000000003 1000 aaaa030000000800",
	    TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "avs", 163, "80211001 0000000c 00000000 08020000 020000000001 020000000002 020000000003 1000 aaaa030000000800",
	    TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "ppi", 192, "0000 0800 69000000 08020000 020000000001 020000000002 020000000003 1000 aaaa030000000800",
	    TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "nflog", 239, "02000000 05000100 aa000000 25000900", TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "nflog, big endian", 239, "02000000 00050001 aa000000 00250009", TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "pflog", 117, "3d020000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000"
	    " 0000000000000000 0000000000000000 00000000", TUNNEL_NONE, TUNNEL_NONE, 0, { 0, 0 }, 0, 0 },
	{ "pppoe alone", 51, "pppoe 0021", TUNNEL_PPPOE, TUNNEL_PPPOE, 0x1234, { 0x1234, 0x1234 }, 0, 0 },
	{ "mpls alone", 219, "0001T13f", TUNNEL_MPLS, TUNNEL_NONE, 0, { 0x11, 0x12 }, 0, 0 },
};

enum { ROWS = sizeof rows / sizeof *rows };

static void
wrap_hex(const char *word, size_t len, unsigned direction)
{
	uint8_t bytes[64];
	char two[3] = "";
	size_t i;

	for (i = 0; i < len / 2; i++) {
		memcpy(two, word + 2 * i, 2);
		if (two[0] == 'T')
			two[0] = (char)('0' + direction);
		if (two[1] == 'T')
			two[1] = (char)('0' + direction);
		bytes[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	wrap(&made, bytes, len / 2);
}

static void
wrap_length(const char *before, size_t len, const char *behind, unsigned direction)
{
	char text[32];

	snprintf(text, sizeof text, "%s%04x%s", before, (unsigned)len & 0xffff, behind);
	wrap_hex(text, strlen(text), direction);
}

/* One word, with the number behind it when it has one. Direction 1 goes from 1 to 2. */
static void
wrap_word(const char *word, const char *number, unsigned direction)
{
	size_t len = strcspn(word, " ");
	uint8_t src = direction == 1 ? 1 : 2, dst = (uint8_t)(3 - src);

	if (strncmp(word, "eth ", 4) == 0)
		wrap_ethernet(&made, (unsigned)strtoul(number, NULL, 16));
	else if (strncmp(word, "ip4 ", 4) == 0)
		wrap_ipv4(&made, src, dst, (uint8_t)atoi(number));
	else if (strncmp(word, "ip6 ", 4) == 0)
		wrap_ipv6(&made, src, dst, (uint8_t)atoi(number));
	else if (strncmp(word, "udp ", 4) == 0)
		wrap_udp(&made, 50000, (uint16_t)atoi(number));
	else if (strncmp(word, "gtp", 3) == 0)
		wrap_length("ff", made.len - 4, "", direction);
	else if (strncmp(word, "pppoe", 5) == 0)
		wrap_length("11001234", made.len, "", direction);
	else if (strncmp(word, "pptp", 4) == 0)
		wrap_length("", made.len - (strstr(number, "00000001 21") == NULL ? 4 : 8), "000T", direction);
	else
		wrap_hex(word, len, direction);
}

/* From the last word to the first. A number belongs to the word before it. */
static void
wrap_all(const char *around, unsigned direction)
{
	const char *at[32], *p = around;
	size_t count = 0;

	while (*p != '\0') {
		at[count++] = p;
		if (strncmp(p, "eth ", 4) == 0 || strncmp(p, "ip4 ", 4) == 0 || strncmp(p, "ip6 ", 4) == 0 ||
		    strncmp(p, "udp ", 4) == 0)
			p += 4;
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	while (count-- > 0)
		wrap_word(at[count], at[count] + strcspn(at[count], " ") + (at[count][strcspn(at[count], " ")] == ' '),
		    direction);
}

static void
make_row(const struct row *r, unsigned direction)
{
	if (direction == 1)
		make_inner(&made, 3, 4, 4000, 53);
	else
		make_inner(&made, 4, 3, 53, 4000);
	wrap_all(r->around, direction);
}

static void
assert_inner(const char *name, unsigned direction)
{
	if (packet.src_port != (direction == 1 ? 4000 : 53) || packet.payload_bytes != 5)
		fail_msg("%s, direction %u: port %u, %u bytes, depth %u", name, direction, packet.src_port,
		    packet.payload_bytes, packet.depth);
	assert_int_equal(packet.dst_port, direction == 1 ? 53 : 4000);
	assert_int_equal(packet.src.b[15], direction == 1 ? 3 : 4);
	assert_int_equal(packet.dst.b[15], direction == 1 ? 4 : 3);
	assert_int_equal(packet.src.b[12], 10);
	assert_memory_equal(packet.payload, "hello", 5);
	assert_int_equal(packet.ip_bytes, 33);
	assert_int_equal(packet.flags, 0);
}

static void
every_wrapping_is_opened(void **state)
{
	static const struct addr nowhere;
	unsigned direction;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS; i++)
		for (direction = 1; direction <= 2; direction++) {
			make_row(&rows[i], direction);
			if (decode_made(rows[i].link_type) != DECODE_PACKET)
				fail_msg("%s: no packet", rows[i].name);
			assert_inner(rows[i].name, direction);
			if (packet.tunnel != rows[i].kind || packet.realm.tunnel != rows[i].realm ||
			    packet.realm.tunnel_id != rows[i].realm_id ||
			    packet.tunnel_id != rows[i].wire_id[direction - 1] || packet.depth != rows[i].depth ||
			    packet.outer_protocol != rows[i].protocol)
				fail_msg("%s: tunnel %u, realm %u with %x, on the wire %x, depth %u, protocol %u",
				    rows[i].name, packet.tunnel, packet.realm.tunnel, packet.realm.tunnel_id,
				    packet.tunnel_id, packet.depth, packet.outer_protocol);
			assert_int_equal(addr_equal(&packet.outer_src, &nowhere), rows[i].depth == 0);
			if (rows[i].depth > 0) {
				assert_int_equal(packet.outer_src.b[15], direction);
				assert_int_equal(packet.outer_dst.b[15], 3 - direction);
			}
		}
	assert_int_equal(decode_counts(decode)->unopened, 0);
	assert_int_equal(decode_counts(decode)->packets, 2 * ROWS);
}

static void
both_directions_have_one_realm(void **state)
{
	struct packet there;
	size_t i;

	(void)state;
	for (i = 0; i < ROWS; i++) {
		make_row(&rows[i], 1);
		decode_made(rows[i].link_type);
		there = packet;
		make_row(&rows[i], 2);
		decode_made(rows[i].link_type);
		if (realm_compare(&there.realm, &packet.realm) != 0)
			fail_msg("%s: realms differ", rows[i].name);
		assert_int_equal(decode_shard(&there, 1000), decode_shard(&packet, 1000));
	}
}

/* Whatever was cut off, what is said about the rest lies within it. */
static void
check_cut(const struct row *r, size_t captured)
{
	uint8_t *exact = malloc(captured + 1);
	struct frame f = frame_of(&made, r->link_type);
	volatile uint8_t sum = 0;
	uint32_t i;

	assert_non_null(exact);
	memcpy(exact + 1, made.b, captured);
	f.bytes = exact + 1;
	f.captured_bytes = (uint32_t)captured;
	if (decode_frame(decode, &f, &packet) == DECODE_PACKET) {
		decode_verify(decode, &packet);
		assert_true(packet.payload_bytes <= packet.payload_wire_bytes);
		assert_true((packet.flags & PACKET_TRUNCATED) != 0);
		for (i = 0; i < packet.payload_bytes; i++)
			sum = (uint8_t)(sum + packet.payload[i]);
	}
	free(exact);
}

static void
cut_at_every_byte(void **state)
{
	size_t i, captured;

	(void)state;
	for (i = 0; i < ROWS; i++) {
		make_row(&rows[i], 1);
		for (captured = 0; captured < made.len; captured++)
			check_cut(&rows[i], captured);
	}
}

/* Every bit of what is around the inner packet turned over: nothing breaks, and no packet is lost that was one. */
static void
every_bit_turned(void **state)
{
	struct frame f;
	size_t i, bit, around;

	(void)state;
	for (i = 0; i < ROWS; i++) {
		make_row(&rows[i], 1);
		around = made.len - 33;
		f = frame_of(&made, rows[i].link_type);
		for (bit = 0; bit < 8 * around; bit++) {
			made.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (decode_frame(decode, &f, &packet) == DECODE_PACKET)
				decode_verify(decode, &packet);
			made.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

static void
what_only_looks_like_a_tunnel_stays_udp(void **state)
{
	static const char *const twins[] = {
		"udp 4789 00000000 00006400" INNER_ETHERNET,	/* no identifier */
		"udp 4789 08000001 00006400" INNER_ETHERNET,	/* reserved bits */
		"udp 4789 08000000 00006401" INNER_ETHERNET,
		"udp 4789 08000000 00006400 020000000001 030000000002 0800",	/* sent by a group */
		"udp 4789 08000000 00006400 020000000001 020000000002 1234",	/* nobody's EtherType */
		"udp 4788 08000000 00006400" INNER_ETHERNET,	/* another port */
		"udp 4790 08000001 00006400",			/* no next protocol */
		"udp 4790 0c000009 00006400",
		"udp 6081 40006558 00006400" INNER_ETHERNET,	/* version 1 */
		"udp 6081 00016558 00006400" INNER_ETHERNET,
		"udp 6081 00006558 00006401" INNER_ETHERNET,
		"udp 6081 00001234 00006400",
		"udp 6081 3f000800 00006400",			/* options beyond the end */
		"udp 2152 20 gtp 00000001",			/* GTP' */
		"udp 2152 50 gtp 00000001",			/* version 2 */
		"udp 2152 30ff0000 00000001",			/* another length */
		"udp 2152 30010021 00000001",			/* an echo, not a packet */
		"udp 2152 34 gtp 00000001 00000085 00000000",	/* an extension without length */
		"udp 2152 30 gtp 00000001 00",			/* no IP */
		"udp 3544 0001ffff",				/* texts beyond the end */
		"udp 3544",					/* IPv4 inside Teredo */
		"udp 6635 00011040",				/* labels without bottom */
		"udp 6635 0001113f 00",				/* no IP below */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof twins / sizeof *twins; i++) {
		make_inner(&made, 3, 4, 4000, 53);
		wrap_all(twins[i], 1);
		wrap_ipv4(&made, 1, 2, PROTO_UDP);
		assert_int_equal(decode_made(RAW), DECODE_PACKET);
		if (packet.tunnel != TUNNEL_NONE || packet.depth != 0 || packet.src_port != 50000)
			fail_msg("taken for a tunnel: %s", twins[i]);
		assert_int_equal(packet.realm.tunnel, TUNNEL_NONE);
		assert_int_equal(packet.payload_bytes, made.len - 28);
		assert_int_equal(packet.src.b[12], 192);
	}
}

static void
a_tunnel_without_ip_inside_is_its_carrier(void **state)
{
	static const struct {
		const char *around;
		uint8_t protocol;
	} carriers[] = {
		{ "eth 0800 ip4 17 udp 4789 08000000 00006400 020000000001 020000000002 0806", 17 },
		{ "eth 0800 ip4 47 000088cc", 47 },		/* not opened at all */
		{ "eth 0800 ip4 47 10006558 00000001 020000000001 020000000002 0806", 47 },
		{ "eth 0800 ip4 47 00000800 ff", 47 },		/* no IP header */
		{ "eth 0800 ip4 47 40000800 00000000", 47 },	/* source routes */
		{ "eth 0800 ip4 47 3001880b pptp 00000001 ff0300fd", 47 },	/* encrypted */
		{ "eth 0800 ip4 4 ff", 4 },
		{ "eth 0800 ip4 41", 41 },
		{ "eth 0800 ip4 97 2000" INNER_ETHERNET, 97 },
		{ "eth 0800 ip4 137 00011040 00011040", 137 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof carriers / sizeof *carriers; i++) {
		make_inner(&made, 3, 4, 4000, 53);
		wrap_all(carriers[i].around, 1);
		assert_int_equal(decode_made(ETHERNET), DECODE_PACKET);
		if (packet.protocol != carriers[i].protocol || packet.depth != 0 || packet.tunnel != TUNNEL_NONE)
			fail_msg("%s: protocol %u, depth %u", carriers[i].around, packet.protocol, packet.depth);
		assert_int_equal(packet.src.b[12], 192);
		assert_int_equal(packet.src.b[15], 1);
		assert_int_equal(packet.realm.tunnel, TUNNEL_NONE);
		assert_int_equal(packet.ip_bytes, made.len - 14);
		assert_int_equal(packet.payload_wire_bytes, made.len - 14 - 20 - (packet.protocol == 17 ? 8 : 0));
	}
	assert_int_equal(decode_counts(decode)->packets, i);
	assert_int_equal(decode_counts(decode)->not_ip, 0);
	assert_int_equal(decode_counts(decode)->malformed, 0);
	assert_true(decode_counts(decode)->unopened >= 4);
}

static void
nesting_ends(void **state)
{
	int i;

	(void)state;
	make_inner(&made, 3, 4, 4000, 53);
	for (i = 0; i < 8; i++)
		wrap_ipv4(&made, 1, 2, 4);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.depth, 8);
	assert_int_equal(packet.src_port, 4000);
	assert_int_equal(decode_counts(decode)->too_nested, 0);
	for (i = 0; i < 50; i++)
		wrap_ipv4(&made, 1, 2, 4);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.depth, 8);
	assert_int_equal(packet.protocol, 4);
	assert_int_equal(packet.src_port, 0);
	assert_int_equal(decode_counts(decode)->too_nested, 1);
}

/* ---- IPv4 in IPv6 ---- */

/* Inner and outer ends by text. */
static void
make_softwire(const char *outer_src, const char *outer_dst, const char *src, const char *dst)
{
	struct addr a;

	make_inner(&made, 3, 4, 4000, 53);
	assert_true(addr_parse(src, strlen(src), &a));
	memcpy(made.b + 12, a.b + 12, 4);
	assert_true(addr_parse(dst, strlen(dst), &a));
	memcpy(made.b + 16, a.b + 12, 4);
	wrap_ipv6(&made, 1, 2, 4);
	assert_true(addr_parse(outer_src, strlen(outer_src), &a));
	memcpy(made.b + 8, a.b, 16);
	assert_true(addr_parse(outer_dst, strlen(outer_dst), &a));
	memcpy(made.b + 24, a.b, 16);
}

static void
assert_customer(const char *customer, const char *other, const char *inner, const char *peer)
{
	struct realm up;
	struct addr wanted;

	make_softwire(customer, other, inner, peer);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.tunnel, TUNNEL_DSLITE);
	assert_true(addr_parse(customer, strlen(customer), &wanted));
	if (!addr_equal(&packet.realm.outer, &wanted))
		fail_msg("%s is not the customer for %s to %s", customer, inner, peer);
	up = packet.realm;
	make_softwire(other, customer, peer, inner);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	if (realm_compare(&up, &packet.realm) != 0)
		fail_msg("%s is not the customer for what comes back", customer);
}

static void
the_customer_of_a_softwire_is_found(void **state)
{
	(void)state;
	/* DS-Lite: the home's address, whichever outer address is lower */
	assert_customer("2001:db8:1::1", "2001:db8:ffff::1", "192.168.0.2", "198.51.100.7");
	assert_customer("2001:db8:ffff::2", "2001:db8::1", "192.168.0.2", "198.51.100.7");
	assert_customer("2001:db8:ffff::2", "2001:db8::1", "192.0.0.2", "198.51.100.7");
	assert_customer("2001:db8:ffff::2", "2001:db8::1", "10.1.2.3", "198.51.100.7");
	assert_customer("2001:db8:ffff::2", "2001:db8::1", "100.64.0.1", "198.51.100.7");
	/* a server of the provider */
	assert_customer("2001:db8:ffff::2", "2001:db8::1", "192.168.0.2", "10.0.0.53");
	assert_customer("2001:db8:ffff::2", "2001:db8::1", "10.1.2.3", "100.64.0.53");
	/* MAP-E: the inner address in the interface identifier, as published and as drafted */
	assert_customer("2001:db8:ffff:0:0:cb00:7109:34", "2001:db8::1", "203.0.113.9", "198.51.100.7");
	assert_customer("2001:db8:ffff:0:cb:71:900:3400", "2001:db8::1", "203.0.113.9", "198.51.100.7");
	/* nothing tells */
	assert_customer("2001:db8::1", "2001:db8:ffff::2", "203.0.113.9", "198.51.100.7");
}

static void
named_relays_come_first(void **state)
{
	struct cidr relay;

	(void)state;
	assert_true(cidr_parse("2001:db8:aaaa::/48", 18, &relay));
	decode_set_relays(decode, &relay, 1);
	assert_customer("2001:db8:ffff::2", "2001:db8:aaaa::1", "203.0.113.9", "198.51.100.7");
	assert_customer("2001:db8:ffff::2", "2001:db8:aaaa::1", "203.0.113.9", "192.168.0.2");
	assert_customer("2001:db8:1::2", "2001:db8:aaaa::1", "203.0.113.9", "198.51.100.7");
}

static void
equal_addresses_of_two_customers_are_two(void **state)
{
	struct realm one;

	(void)state;
	make_softwire("2001:db8:1::1", "2001:db8:ffff::1", "192.168.0.2", "198.51.100.7");
	decode_made(RAW);
	one = packet.realm;
	make_softwire("2001:db8:2::1", "2001:db8:ffff::1", "192.168.0.2", "198.51.100.7");
	decode_made(RAW);
	assert_int_not_equal(realm_compare(&one, &packet.realm), 0);
}

/* ---- IPv6 inside ---- */

static void
make_ipv6_inner(void)
{
	made.len = 0;
	put(&made, "hello", 5);
	wrap_udp(&made, 4000, 53);
	wrap_ipv6(&made, 3, 4, PROTO_UDP);
}

static void
ipv6_is_found_in_both(void **state)
{
	(void)state;
	make_ipv6_inner();
	wrap_ipv4(&made, 1, 2, 41);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.src_port, 4000);
	assert_int_equal(packet.realm.tunnel, TUNNEL_IP_IN_IP);
	assert_true(addr_is_v4(&packet.outer_src));
	make_ipv6_inner();
	wrap_ipv6(&made, 1, 2, 41);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.src_port, 4000);
	assert_int_equal(packet.outer_dst.b[15], 2);
}

static void
teredo_is_opened(void **state)
{
	static const struct {
		const char *lead;
		size_t len;
	} leads[] = {
		{ "", 0 },
		{ "\0\0\xfe\xdc\x3f\xff\xfd\x4e", 8 },
		{ "\0\1\2\1ididv\0\0\0\0\0\0\0\1\0", 0 },	/* lengths that lie */
		{ "\0\1\2\1idv\0\0\0\0\0\0\0\1\0", 16 },
		{ "\0\1\0\0\0\0\0\0\0\0\0\1\0\0\0\xfe\xdc\x3f\xff\xfd\x4e", 21 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof leads / sizeof *leads; i++) {
		make_ipv6_inner();
		memcpy(made.b + 8, "\x20\1\0\0", 4);
		wrap(&made, leads[i].lead, leads[i].len);
		wrap_udp(&made, 3544, 49152);
		wrap_ipv4(&made, 1, 2, PROTO_UDP);
		assert_int_equal(decode_made(RAW), DECODE_PACKET);
		assert_int_equal(packet.realm.tunnel, TUNNEL_TEREDO);
		assert_int_equal(packet.src_port, 4000);
		assert_int_equal(packet.outer_src.b[15], 1);
	}
	make_ipv6_inner();	/* addresses that nobody has there */
	wrap_udp(&made, 3544, 49152);
	wrap_ipv4(&made, 1, 2, PROTO_UDP);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.depth, 0);
	assert_int_equal(packet.src_port, 3544);
}

/* ---- fragments and checksums ---- */

/* `made` holds an IPv4 packet: its half `n` as a fragment, in `made`. */
static void
keep_half(const struct made *whole, size_t head, size_t cut, int n)
{
	size_t at = n == 0 ? 0 : cut, len = n == 0 ? cut : whole->len - head - cut;

	made.len = 0;
	put(&made, whole->b, head);
	put(&made, whole->b + head + at, len);
	set16(&made, 2, (unsigned)made.len);
	set16(&made, 6, (n == 0 ? 0x2000U : 0) | (unsigned)(at / 8));
	set16(&made, 10, 0);
	set16(&made, 10, ~slow_sum(made.b, head, 0) & 0xffff);
}

static void
fragments_inside_and_outside(void **state)
{
	static struct made whole;

	(void)state;
	/* the tunnel's packets in fragments */
	make_inner(&made, 3, 4, 4000, 53);
	wrap_all("ip4 17 udp 2152 30 gtp 00000001", 1);
	whole = made;
	keep_half(&whole, 20, 16, 0);
	assert_int_equal(decode_made(RAW), DECODE_HELD);
	keep_half(&whole, 20, 16, 1);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.src_port, 4000);
	assert_int_equal(packet.realm.tunnel, TUNNEL_GTPU);
	assert_int_equal(packet.frames, 1);	/* the inner conversation sent one */
	/* the inner packets in fragments, each in a tunnel packet */
	make_inner(&made, 3, 4, 4000, 53);
	whole = made;
	keep_half(&whole, 20, 8, 0);
	wrap_all("ip4 47 20000800 00000042", 1);
	assert_int_equal(decode_made(RAW), DECODE_HELD);
	keep_half(&whole, 20, 8, 1);
	wrap_all("ip4 47 20000800 00000043", 1);	/* in another realm: not of this one */
	assert_int_equal(decode_made(RAW), DECODE_HELD);
	keep_half(&whole, 20, 8, 1);
	wrap_all("ip4 47 20000800 00000042", 1);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.src_port, 4000);
	assert_int_equal(packet.frames, 2);
	assert_int_equal(packet.outer_src.b[15], 1);
}

/* A fragment of the inner packet whose tunnel packet came in fragments too. */
static void
fragments_in_fragments(void **state)
{
	static struct made inner, outer;
	int half, n;

	(void)state;
	make_inner(&made, 3, 4, 4000, 53);
	inner = made;
	for (half = 0; half < 2; half++) {
		keep_half(&inner, 20, 8, half);
		wrap_all("ip4 4", 1);
		set16(&made, 4, 100U + (unsigned)half);
		outer = made;
		for (n = 0; n < 2; n++) {
			keep_half(&outer, 20, 16, n);
			if (half == 0 || n == 0)
				assert_int_equal(decode_made(RAW), DECODE_HELD);
		}
	}
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.src_port, 4000);
	assert_int_equal(packet.depth, 1);
	assert_memory_equal(packet.payload, "hello", 5);
}

static void
checksums_are_the_inner_ones(void **state)
{
	struct decode_limits strict = limits;
	size_t udp;

	(void)state;
	strict.checksum = CHECKSUM_STRICT;
	decode_free(decode);
	decode = decode_new(&strict);
	make_inner(&made, 3, 4, 4000, 53);
	wrap_all("ip6 17 udp 4789 08000000 00006400" INNER_ETHERNET, 1);	/* the outer checksum is 0 */
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	decode_verify(decode, &packet);
	assert_int_equal(packet.flags & PACKET_BAD_CHECKSUM, 0);
	udp = made.len - 13;
	set16(&made, udp + 6, 0x1234);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	decode_verify(decode, &packet);
	assert_int_not_equal(packet.flags & PACKET_BAD_CHECKSUM, 0);
	set16(&made, udp + 6, 0);
	made.b[udp - 20 + 8] = 1;	/* the inner IPv4 header's */
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	decode_verify(decode, &packet);
	assert_int_not_equal(packet.flags & PACKET_BAD_CHECKSUM, 0);
}

static void
radio_that_carries_nothing(void **state)
{
	static const struct {
		int link_type;
		const char *around;
	} quiet[] = {
		{ 105, "80000000 020000000001 020000000002 020000000003 1000" },	/* a beacon */
		{ 105, "48010000 020000000001 020000000002 020000000003 1000" },	/* no data */
		{ 105, "08410000 020000000001 020000000002 020000000003 1000 aaaa030000000800" },	/* encrypted */
		{ 127, "0100 0800 00000000" },
		{ 127, "0000 0900 02000000 40 08020000 020000000001 020000000002 020000000003 1000 aaaa030000000800" },
		{ 192, "0000 0800 ffff0000" },
		{ 239, "02000000 00000000" },
		{ 51, "1109123400210021" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof quiet / sizeof *quiet; i++) {
		make_inner(&made, 3, 4, 4000, 53);
		wrap_all(quiet[i].around, 1);
		if (decode_made(quiet[i].link_type) != DECODE_NOTHING)
			fail_msg("a packet out of %s", quiet[i].around);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_wrapping_is_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(both_directions_have_one_realm, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(every_bit_turned, setup, teardown),
		cmocka_unit_test_setup_teardown(what_only_looks_like_a_tunnel_stays_udp, setup, teardown),
		cmocka_unit_test_setup_teardown(a_tunnel_without_ip_inside_is_its_carrier, setup, teardown),
		cmocka_unit_test_setup_teardown(nesting_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(the_customer_of_a_softwire_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(named_relays_come_first, setup, teardown),
		cmocka_unit_test_setup_teardown(equal_addresses_of_two_customers_are_two, setup, teardown),
		cmocka_unit_test_setup_teardown(ipv6_is_found_in_both, setup, teardown),
		cmocka_unit_test_setup_teardown(teredo_is_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_inside_and_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_in_fragments, setup, teardown),
		cmocka_unit_test_setup_teardown(checksums_are_the_inner_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(radio_that_carries_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
