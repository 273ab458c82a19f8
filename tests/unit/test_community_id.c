#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "records/community_id.h"

static struct flow_key
key(const char *from, uint16_t from_port, const char *to, uint16_t to_port, uint8_t protocol)
{
	struct flow_key k;

	memset(&k, 0, sizeof k);
	assert_true(addr_parse(from, strlen(from), &k.addr[0]));
	assert_true(addr_parse(to, strlen(to), &k.addr[1]));
	k.port[0] = from_port;
	k.port[1] = to_port;
	k.protocol = protocol;
	return k;
}

/* The published example of the specification. */
static void
test_published_vector(void **state)
{
	struct flow_key k = key("128.232.110.120", 34855, "66.35.250.204", 80, 6);
	char text[COMMUNITY_ID_TEXT];

	(void)state;
	assert_string_equal(community_id(&k, text), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	k = key("66.35.250.204", 80, "128.232.110.120", 34855, 6);
	assert_string_equal(community_id(&k, text), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
}

static void
test_what_counts(void **state)
{
	struct flow_key k = key("2001:db8::1", 1000, "2001:db8::2", 443, 17), other = k;
	char text[COMMUNITY_ID_TEXT], again[COMMUNITY_ID_TEXT];

	(void)state;
	community_id(&k, text);
	other.realm.vlan[0] = 7;	/* the realm is no part of it */
	assert_string_equal(community_id(&other, again), text);
	other.port[1] = 444;
	assert_string_not_equal(community_id(&other, again), text);
	k.protocol = other.protocol = 47;	/* GRE has no ports */
	assert_string_equal(community_id(&other, again), community_id(&k, text));
}

/* More of the specification's examples; ICMP types and codes stand as ports, as the flow table maps them. */
static void
test_more_vectors(void **state)
{
	static const struct {
		const char *from, *to;
		uint16_t from_port, to_port;
		uint8_t protocol;
		const char *id;
	} rows[] = {
		{ "192.168.1.52", "8.8.8.8", 54585, 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
		{ "8.8.8.8", "192.168.1.52", 53, 54585, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ=" },
		{ "192.168.170.8", "192.168.170.56", 7, 80, 132, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=" },
		{ "192.168.170.8", "192.168.170.56", 7, 7, 132, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs=" },
		/* echo, from either side */
		{ "192.168.0.89", "192.168.0.1", 8, 0, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
		{ "192.168.0.1", "192.168.0.89", 0, 8, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=" },
		/* no answer: type and code, orientation kept */
		{ "192.168.0.89", "192.168.0.1", 20, 0, 1, "1:3o2RFccXzUgjl7zDpqmY7yJi8rI=" },
		{ "192.168.0.89", "192.168.0.1", 20, 1, 1, "1:tz/fHIDUHs19NkixVVoOZywde+I=" },
		/* neighbour solicitation and advertisement */
		{ "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 136, 58,
		    "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
		{ "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 135, 58,
		    "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=" },
		{ "3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0, 58,
		    "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w=" },
		{ "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:507:0:1:260:97ff:fe07:69ea", 3, 0, 58,
		    "1:/OGBt9BN1ofenrmSPWYicpij2Vc=" },
	};
	char text[COMMUNITY_ID_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct flow_key k = key(rows[i].from, rows[i].from_port, rows[i].to, rows[i].to_port,
		    rows[i].protocol);

		assert_string_equal(community_id(&k, text), rows[i].id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vector),
		cmocka_unit_test(test_more_vectors),
		cmocka_unit_test(test_what_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
