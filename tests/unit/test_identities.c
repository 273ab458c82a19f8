/* Who has an address, as DHCP, DHCPv6 and NetBIOS tell it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include "proto/proto.h"

enum { BYTES_MAX = 1500 };

static struct proto *proto;
static struct flow flow;
static char told[4096];

static void
put_mac(struct span mac)
{
	char text[MAC_TEXT_MAX];

	if (mac.at == NULL)
		return;
	assert_int_equal(mac.left, MAC_BYTES);
	strcat(told, " mac=");
	strcat(told, mac_text(mac.at, text));
}

static void
put_span(const char *key, struct span s)
{
	if (s.at == NULL)
		return;
	strcat(told, key);
	strncat(told, (const char *)s.at, s.left);
}

static void
take(void *to, const struct message *m)
{
	char text[ADDR_TEXT_MAX + 64];
	const struct identity *i = m->identity;

	(void)to;
	assert_true(m->kind == MESSAGE_PROTOCOL || m->kind == MESSAGE_IDENTITY);
	if (m->kind == MESSAGE_PROTOCOL) {
		flow.app = (uint8_t)m->protocol->app;
		return;
	}
	strcat(told, told[0] == '\0' ? "" : "\n");
	strcat(told, identity_source_text(i->source));
	strcat(told, " ");
	strcat(told, addr_text(&i->addr, text));
	put_mac(i->mac);
	put_span(" name=", i->host_name);
	put_span(" domain=", i->domain);
	put_span(" software=", i->software);
	if (i->lease_sec > 0) {
		snprintf(text, sizeof text, " lease=%u", i->lease_sec);
		strcat(told, text);
	}
	strcat(told, i->released ? " released" : "");
}

static void
say(const char *from, uint16_t from_port, const char *to, uint16_t to_port, const void *bytes, size_t len)
{
	struct packet packet = { .protocol = PROTO_UDP, .src_port = from_port, .dst_port = to_port,
		.payload_bytes = (uint32_t)len, .payload_wire_bytes = (uint32_t)len };
	struct flow_key key = { .protocol = PROTO_UDP, .port = { from_port, to_port } };
	struct flow_place place;
	struct dialogue *d = NULL;
	uint8_t *copy = malloc(len == 0 ? 1 : len);	/* exact, for sanitizers */

	assert_non_null(copy);
	memset(&flow, 0, sizeof flow);
	assert_true(addr_parse(from, strlen(from), &key.addr[0]));
	assert_true(addr_parse(to, strlen(to), &key.addr[1]));
	flow_set_key(&flow, &key, &place);
	memcpy(copy, bytes, len);
	packet.payload = copy;
	packet.src = key.addr[0];
	packet.dst = key.addr[1];
	told[0] = '\0';
	proto_datagram(proto, &d, &flow, ORIGINATOR, &packet);
	assert_null(d);
	free(copy);
}

static int
setup(void **state)
{
	static const struct proto_limits limits = { .header_bytes = 65536, .handshake_bytes = 65536,
	    .flow_bytes = 65536 };

	(void)state;
	proto = proto_new(&limits, take, NULL);
	assert_non_null(proto);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	proto_free(proto);
	return 0;
}

/* ---- DHCP ---- */

struct bytes_made {
	uint8_t at[BYTES_MAX];
	size_t len;
};

static void
add(struct bytes_made *b, const void *bytes, size_t len)
{
	assert_true(b->len + len <= sizeof b->at);
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

static void
dhcp_begin(struct bytes_made *b, uint8_t op, const char *client, const char *yours)
{
	static const uint8_t mac[MAC_BYTES] = { 2, 0, 0x5e, 0x10, 0, 1 };

	memset(b, 0, sizeof *b);
	b->at[0] = op;
	b->at[1] = 1;
	b->at[2] = MAC_BYTES;
	memcpy(b->at + 12, client, 4);
	memcpy(b->at + 16, yours, 4);
	memcpy(b->at + 28, mac, sizeof mac);
	b->len = 236;
	add(b, "\x63\x82\x53\x63", 4);
}

static void
option(struct bytes_made *b, uint8_t code, const char *value, size_t len)
{
	const uint8_t head[2] = { code, (uint8_t)len };

	add(b, head, sizeof head);
	add(b, value, len);
}

static void
dhcp_request(struct bytes_made *b)
{
	dhcp_begin(b, 1, "\0\0\0\0", "\0\0\0\0");
	option(b, 53, "\3", 1);
	option(b, 50, "\xc0\0\2\x0a", 4);
	add(b, "\0\0", 2);	/* pad */
	option(b, 12, "DESK-7", 7);	/* some end it with a NUL */
	option(b, 81, "\0\0\0desk-7.corp.example", 22);
	option(b, 60, "MSFT 5.0", 8);
	option(b, 82, "\1\4abcd", 6);	/* of a relay: no concern of ours */
	add(b, "\xff", 1);
}

static void
dhcp_client(const struct bytes_made *b, size_t len)
{
	say("0.0.0.0", 68, "255.255.255.255", 67, b->at, len);
}

static void
a_request_says_who_asks(void **state)
{
	struct bytes_made b;

	(void)state;
	dhcp_request(&b);
	dhcp_client(&b, b.len);
	assert_string_equal(told, "dhcp 192.0.2.10 mac=02:00:5e:10:00:01 name=DESK-7 software=MSFT 5.0");
	assert_int_equal(flow.app, APP_DHCP);
	assert_int_equal(proto_counts(proto)->malformed[APP_DHCP], 0);
}

static void
a_grant_has_a_lease(void **state)
{
	struct bytes_made b;

	(void)state;
	dhcp_begin(&b, 2, "\0\0\0\0", "\xc0\0\2\x0a");
	option(&b, 53, "\5", 1);
	option(&b, 51, "\0\0\x0e\x10", 4);
	option(&b, 15, "corp.example", 12);
	say("192.0.2.1", 67, "255.255.255.255", 68, b.at, b.len);	/* no end: tolerated */
	assert_string_equal(told, "dhcp 192.0.2.10 mac=02:00:5e:10:00:01 domain=corp.example lease=3600");
	/* The answer to an INFORM grants nothing. */
	dhcp_begin(&b, 2, "\xc0\0\2\x0a", "\0\0\0\0");
	option(&b, 53, "\5", 1);
	say("192.0.2.1", 67, "192.0.2.10", 68, b.at, b.len);
	assert_string_equal(told, "");
}

static void
a_release_gives_back(void **state)
{
	struct bytes_made b;

	(void)state;
	dhcp_begin(&b, 1, "\xc0\0\2\x0a", "\0\0\0\0");
	option(&b, 53, "\7", 1);
	dhcp_client(&b, b.len);
	assert_string_equal(told, "dhcp 192.0.2.10 mac=02:00:5e:10:00:01 released");
	dhcp_begin(&b, 1, "\0\0\0\0", "\0\0\0\0");
	option(&b, 53, "\4", 1);
	option(&b, 50, "\xc0\0\2\x0b", 4);
	dhcp_client(&b, b.len);
	assert_string_equal(told, "dhcp 192.0.2.11 mac=02:00:5e:10:00:01 released");
	/* A DISCOVER is about nobody's address. */
	dhcp_begin(&b, 1, "\0\0\0\0", "\0\0\0\0");
	option(&b, 53, "\1", 1);
	option(&b, 50, "\xc0\0\2\x0b", 4);
	dhcp_client(&b, b.len);
	assert_string_equal(told, "");
	assert_int_equal(flow.app, APP_DHCP);
}

static void
options_may_stand_in_the_boot_file(void **state)
{
	struct bytes_made b;

	(void)state;
	dhcp_begin(&b, 1, "\xc0\0\2\x0a", "\0\0\0\0");
	option(&b, 53, "\3", 1);
	option(&b, 52, "\3", 1);
	memcpy(b.at + 108, "\x0c\4file\xff", 7);
	memcpy(b.at + 44, "\x3c\4name\x34\1\3\xff", 10);	/* overload in overload: read once */
	dhcp_client(&b, b.len);
	assert_string_equal(told, "dhcp 192.0.2.10 mac=02:00:5e:10:00:01 name=file software=name");
	assert_int_equal(proto_counts(proto)->malformed[APP_DHCP], 0);
}

static void
a_client_name_may_be_on_the_wire(void **state)
{
	struct bytes_made b;

	(void)state;
	dhcp_begin(&b, 1, "\xc0\0\2\x0a", "\0\0\0\0");
	option(&b, 53, "\3", 1);
	option(&b, 81, "\4\0\0\4Desk\4corp\0", 14);
	dhcp_client(&b, b.len);
	assert_string_equal(told, "dhcp 192.0.2.10 mac=02:00:5e:10:00:01 name=desk.corp");
	/* A pointer to itself. */
	dhcp_begin(&b, 1, "\xc0\0\2\x0a", "\0\0\0\0");
	option(&b, 53, "\3", 1);
	option(&b, 81, "\4\0\0\xc0\0", 5);
	dhcp_client(&b, b.len);
	assert_string_equal(told, "dhcp 192.0.2.10 mac=02:00:5e:10:00:01");
}

static void
dhcp_cut_at_every_byte(void **state)
{
	struct bytes_made b;
	size_t len;

	(void)state;
	dhcp_request(&b);
	for (len = 0; len < b.len; len++)
		dhcp_client(&b, len);
	assert_true(proto_counts(proto)->malformed[APP_DHCP] > 30);
	b.at[236] ^= 1;
	dhcp_client(&b, b.len);
	assert_string_equal(told, "");
	assert_int_not_equal(flow.app, APP_DHCP);
}

/* ---- DHCPv6 ---- */

static void
option6(struct bytes_made *b, uint8_t code, const void *value, size_t len)
{
	const uint8_t head[4] = { 0, code, (uint8_t)(len >> 8), (uint8_t)len };

	add(b, head, sizeof head);
	add(b, value, len);
}

static void
dhcpv6_message(struct bytes_made *b, uint8_t type, uint8_t valid_sec)
{
	static const uint8_t id[] = { 0, 1, 0, 1, 1, 2, 3, 4, 2, 0, 0x5e, 0x10, 0, 6 };
	uint8_t addresses[40] = { [13] = 5, [15] = 24, [16] = 0x20, 0x01, 0x0d, 0xb8, [31] = 7, [39] = valid_sec };
	const uint8_t head[4] = { type, 1, 2, 3 };

	b->len = 0;
	add(b, head, sizeof head);
	option6(b, 1, id, sizeof id);
	option6(b, 3, addresses, sizeof addresses);
	option6(b, 39, "\0\4host\4corp\0", 12);
	option6(b, 16, "\0\0\1\x37\0\4MSFT", 10);
}

static void
dhcpv6_say(const struct bytes_made *b, size_t len)
{
	say("fe80::7", 546, "ff02::1:2", 547, b->at, len);
}

static void
dhcpv6_asks_and_grants(void **state)
{
	struct bytes_made b;

	(void)state;
	dhcpv6_message(&b, 3, 0);
	dhcpv6_say(&b, b.len);
	assert_string_equal(told, "dhcpv6 2001:db8::7 mac=02:00:5e:10:00:06 name=host.corp software=MSFT");
	assert_int_equal(flow.app, APP_DHCP);
	dhcpv6_message(&b, 7, 90);
	dhcpv6_say(&b, b.len);
	assert_string_equal(told, "dhcpv6 2001:db8::7 mac=02:00:5e:10:00:06 name=host.corp software=MSFT lease=90");
	dhcpv6_message(&b, 7, 0);
	dhcpv6_say(&b, b.len);
	assert_non_null(strstr(told, " released"));
	dhcpv6_message(&b, 8, 0);
	dhcpv6_say(&b, b.len);
	assert_non_null(strstr(told, " released"));
	dhcpv6_message(&b, 1, 9);
	dhcpv6_say(&b, b.len);
	assert_string_equal(told, "");
	assert_int_equal(proto_counts(proto)->malformed[APP_DHCP], 0);
}

static void
relay(struct bytes_made *b, unsigned times)
{
	static const uint8_t head[34] = { 12 };
	struct bytes_made inner;

	while (times-- > 0) {
		inner = *b;
		b->len = 0;
		add(b, head, sizeof head);
		option6(b, 79, "\0\1\2\0\x5e\x10\0\7", 8);
		option6(b, 9, inner.at, inner.len);
	}
}

static void
what_a_relay_saw_counts_more(void **state)
{
	struct bytes_made b;

	(void)state;
	dhcpv6_message(&b, 3, 0);
	relay(&b, 1);
	dhcpv6_say(&b, b.len);
	assert_string_equal(told, "dhcpv6 2001:db8::7 mac=02:00:5e:10:00:07 name=host.corp software=MSFT");
	dhcpv6_message(&b, 3, 0);
	relay(&b, 8);
	dhcpv6_say(&b, b.len);
	assert_string_not_equal(told, "");
	relay(&b, 1);
	dhcpv6_say(&b, b.len);
	assert_string_equal(told, "");
	assert_int_equal(proto_counts(proto)->malformed[APP_DHCP], 1);
}

static void
dhcpv6_cut_at_every_byte(void **state)
{
	struct bytes_made b;
	size_t len;

	(void)state;
	dhcpv6_message(&b, 3, 0);
	relay(&b, 2);
	for (len = 0; len < b.len; len++) {
		dhcpv6_say(&b, len);
		assert_string_equal(told, "");
	}
	dhcpv6_say(&b, b.len);
	assert_string_not_equal(told, "");
}

/* ---- NetBIOS ---- */

static void
netbios_name(struct bytes_made *b, const char *name, uint8_t suffix)
{
	uint8_t letters[34] = { 32 };
	size_t i, len = strlen(name);

	for (i = 0; i < 16; i++) {
		uint8_t c = i == 15 ? suffix : i < len ? (uint8_t)name[i] : ' ';

		letters[1 + 2 * i] = (uint8_t)('A' + (c >> 4));
		letters[2 + 2 * i] = (uint8_t)('A' + (c & 15));
	}
	add(b, letters, sizeof letters);
}

static void
claim(struct bytes_made *b, uint8_t opcode, const char *name, uint8_t suffix, bool group, uint8_t last)
{
	const uint8_t header[12] = { 1, 2, (uint8_t)(opcode << 3), 0x10, 0, 1, 0, 0, 0, 0, 0, 1 };
	const uint8_t data[8] = { 0, 6, group ? 0x80 : 0, 0, 192, 0, 2, last };

	b->len = 0;
	add(b, header, sizeof header);
	netbios_name(b, name, suffix);
	add(b, "\0\x20\0\1\xc0\x0c\0\x20\0\1\0\4\x93\xe0", 14);
	add(b, data, sizeof data);
}

static void
names_say(const struct bytes_made *b, size_t len)
{
	say("192.0.2.7", 137, "192.0.2.255", 137, b->at, len);
}

static void
a_registration_names_its_sender(void **state)
{
	struct bytes_made b;

	(void)state;
	claim(&b, 5, "DESK-7", 0x20, false, 7);
	names_say(&b, b.len);
	assert_string_equal(told, "nbns 192.0.2.7 name=DESK-7");
	assert_int_equal(flow.app, APP_NBNS);
	claim(&b, 8, "DESK-7", 0, false, 7);
	names_say(&b, b.len);
	assert_string_equal(told, "nbns 192.0.2.7 name=DESK-7");
	claim(&b, 15, "CORP", 0, true, 7);
	names_say(&b, b.len);
	assert_string_equal(told, "nbns 192.0.2.7 domain=CORP");
	claim(&b, 6, "DESK-7", 0, false, 7);
	names_say(&b, b.len);
	assert_string_equal(told, "nbns 192.0.2.7 name=DESK-7 released");
	/* For another's address, of another service (a user's name may stand there), a query. */
	claim(&b, 5, "DESK-7", 0, false, 8);
	names_say(&b, b.len);
	assert_string_equal(told, "");
	claim(&b, 5, "ALICE", 3, false, 7);
	names_say(&b, b.len);
	assert_string_equal(told, "");
	claim(&b, 0, "DESK-7", 0, false, 7);
	names_say(&b, b.len);
	assert_string_equal(told, "");
	assert_int_equal(proto_counts(proto)->malformed[APP_NBNS], 0);
}

static void
node_status(struct bytes_made *b, uint8_t count)
{
	static const uint8_t header[12] = { 1, 2, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0 };
	uint8_t head[11] = { 0, 0x21, 0, 1, 0, 0, 0, 0, 0, 43, count };

	b->len = 0;
	add(b, header, sizeof header);
	netbios_name(b, "*", 0);
	add(b, head, sizeof head);
	add(b, "DESK-7         \0\4\0", 18);
	add(b, "CORP           \0\x84\0", 18);
	add(b, "\2\0\x5e\x10\0\1", 6);
}

static void
a_node_status_tells_all(void **state)
{
	struct bytes_made b;

	(void)state;
	node_status(&b, 2);
	names_say(&b, b.len);
	assert_string_equal(told, "nbns 192.0.2.7 mac=02:00:5e:10:00:01 name=DESK-7 domain=CORP");
	node_status(&b, 3);	/* more names than there are */
	names_say(&b, b.len);
	assert_string_equal(told, "");
	assert_int_equal(proto_counts(proto)->malformed[APP_NBNS], 1);
}

static void
a_browser_datagram_names_its_sender(void **state)
{
	static const uint8_t head[14] = { 0x11, 2, 0, 1, 192, 0, 2, 7, 0, 138, 0, 100, 0, 0 };
	struct bytes_made b = { .len = 0 };

	(void)state;
	add(&b, head, sizeof head);
	netbios_name(&b, "DESK-7", 0);
	netbios_name(&b, "CORP", 0x1d);
	say("192.0.2.7", 138, "192.0.2.255", 138, b.at, b.len);
	assert_string_equal(told, "nbns 192.0.2.7 name=DESK-7");
	say("192.0.2.8", 138, "192.0.2.255", 138, b.at, b.len);
	assert_string_equal(told, "");
	b.at[20] = 'Q';
	say("192.0.2.7", 138, "192.0.2.255", 138, b.at, b.len);
	assert_string_equal(told, "");
	assert_int_equal(proto_counts(proto)->malformed[APP_NBNS], 1);
}

static void
netbios_cut_at_every_byte(void **state)
{
	struct bytes_made b;
	size_t len;

	(void)state;
	claim(&b, 5, "DESK-7", 0, false, 7);
	for (len = 0; len < b.len; len++) {
		names_say(&b, len);
		assert_string_equal(told, "");
		say("192.0.2.7", 138, "192.0.2.255", 138, b.at, len);
		assert_string_equal(told, "");
	}
	node_status(&b, 2);
	for (len = 0; len < b.len; len++) {
		names_say(&b, len);
		assert_string_equal(told, "");
	}
	assert_true(proto_counts(proto)->malformed[APP_NBNS] > 50);
	names_say((const struct bytes_made *)memset(&b, 0xff, sizeof b), 60);
	assert_int_not_equal(flow.app, APP_NBNS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_says_who_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_grant_has_a_lease, setup, teardown),
		cmocka_unit_test_setup_teardown(a_release_gives_back, setup, teardown),
		cmocka_unit_test_setup_teardown(options_may_stand_in_the_boot_file, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_name_may_be_on_the_wire, setup, teardown),
		cmocka_unit_test_setup_teardown(dhcp_cut_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(dhcpv6_asks_and_grants, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_relay_saw_counts_more, setup, teardown),
		cmocka_unit_test_setup_teardown(dhcpv6_cut_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(a_registration_names_its_sender, setup, teardown),
		cmocka_unit_test_setup_teardown(a_node_status_tells_all, setup, teardown),
		cmocka_unit_test_setup_teardown(a_browser_datagram_names_its_sender, setup, teardown),
		cmocka_unit_test_setup_teardown(netbios_cut_at_every_byte, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
