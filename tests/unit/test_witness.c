#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "packet.h"
#include "witness/witness.h"

/* Indicators as one list: everything that is asked is on it, and who is asked for is noted. */
static struct addr asked;

static unsigned
no_peer(const struct indicators *i, const struct addr *a, uint16_t port, uint32_t *found, unsigned most)
{
	(void)i, (void)a, (void)port, (void)found, (void)most;
	return 0;
}

static unsigned
any_source(const struct indicators *i, const struct addr *a, uint32_t *found, unsigned most)
{
	(void)i, (void)most;
	asked = *a;
	found[0] = 0;
	return 1;
}

static void
get(const struct indicators *i, uint32_t n, struct indicator *out)
{
	(void)i, (void)n;
	*out = (struct indicator){
		.type = INDICATOR_ADDRESS, .role = ROLE_INFECTED, .value = "198.51.100.7",
		.feed = "notice", .malware = "", .reference = "",
	};
}

static const struct witness_lookup lookup = { .by_peer = no_peer, .by_source = any_source, .get = get };

struct seen {
	unsigned matches;
	uint8_t host_side;
};

static void
see(void *to, const struct observation *o)
{
	struct seen *s = to;

	if (o->kind != OBSERVE_MATCH)
		return;
	s->matches++;
	s->host_side = o->host_side;
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

/* A TCP flow from `from` to `to` begins, in a house whose home is `home`. */
static struct seen
begin(const char *home, const char *from, const char *to)
{
	struct cidr network;
	const struct witness_options options = {
		.home = &network, .home_count = 1, .burst_pause_ns = 1, .lookup = &lookup,
	};
	struct flow f = { .key = { .protocol = PROTO_TCP, .port = { 40000, 443 } } };
	struct seen s = { 0 };
	struct witness *w;

	assert_true(cidr_parse(home, strlen(home), &network));
	assert_non_null(w = witness_new(&options, see, &s));
	/* Never looked into: the functions above answer. */
	witness_set_indicators(w, (const struct indicators *)(const void *)&asked);
	f.key.addr[ORIGINATOR] = address(from);
	f.key.addr[RESPONDER] = address(to);
	witness_flow_started(w, &f, 1);
	witness_free(w);
	return s;
}

static void
test_infected_is_who_asks_and_is_ours(void **state)
{
	struct seen s = begin("198.51.100.0/24", "198.51.100.7", "192.0.2.1");

	(void)state;
	assert_int_equal(s.matches, 1);
	assert_int_equal(s.host_side, ORIGINATOR);
	assert_true(addr_equal(&asked, &(struct addr){ { [10] = 0xff, 0xff, 198, 51, 100, 7 } }));
}

static void
test_infected_elsewhere_says_nothing_about_ours(void **state)
{
	(void)state;
	assert_int_equal(begin("192.0.2.0/24", "198.51.100.7", "192.0.2.1").matches, 0);
}

static void
test_without_home_who_asks_is_the_host(void **state)
{
	(void)state;
	assert_int_equal(begin("10.0.0.0/8", "198.51.100.7", "192.0.2.1").matches, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_infected_is_who_asks_and_is_ours),
		cmocka_unit_test(test_infected_elsewhere_says_nothing_about_ours),
		cmocka_unit_test(test_without_home_who_asks_is_the_host),
	};

	return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
