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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vector),
		cmocka_unit_test(test_what_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
