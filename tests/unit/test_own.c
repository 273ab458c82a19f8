/* Own traffic is this machine's, to where its configuration sends it; nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "analyst/own.h"

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static bool
is_own(const struct own *o, const char *host, const char *peer, const char *said, const char *named)
{
	static struct observation_buffer b;

	memset(&b, 0, sizeof b);
	b.o.kind = OBSERVE_CONTACT;
	b.o.host_side = 1;
	b.o.key.addr[1] = address(host);
	b.o.key.addr[0] = address(peer);
	observation_add(&b, TEXT_SERVICE, said == NULL ? (struct span){ NULL, 0 } : span_text(said), 255);
	observation_seal(&b);
	return own_is(o, &b.o, named);
}

static void
test_own(void **state)
{
	struct config c;
	struct addr me = address("192.0.2.1"), also = address("2001:db8::1");
	struct own *o;

	(void)state;
	assert_int_equal(config_defaults(&c), 0);
	assert_non_null(config_add_sink(&c, SINK_WEBHOOK, "https://user:secret@Hook.example:8443/path"));
	assert_non_null(config_add_sink(&c, SINK_SYSLOG, "tcp://203.0.113.5:6514"));
	assert_non_null(config_add_sink(&c, SINK_SYSLOG, "udp://[2001:db8::5]:514"));
	assert_non_null(config_add_sink(&c, SINK_SYSLOG, "local:/dev/log"));
	assert_non_null(config_add_sink(&c, SINK_EVE, "-"));
	assert_non_null(o = own_new(&c));
	own_add_address(o, &me);
	own_add_address(o, &also);
	assert_true(is_own(o, "192.0.2.1", "198.51.100.7", "hook.example", ""));
	assert_true(is_own(o, "192.0.2.1", "198.51.100.7", NULL, "hook.example"));
	assert_true(is_own(o, "192.0.2.1", "203.0.113.5", NULL, ""));
	assert_true(is_own(o, "2001:db8::1", "2001:db8::5", "whatever.example", ""));
	/* Another machine, another place, a name that only resembles, what the traffic says against what DNS said. */
	assert_false(is_own(o, "240.1.2.3", "198.51.100.7", "hook.example", ""));
	assert_false(is_own(o, "192.0.2.1", "198.51.100.7", "evil.example", ""));
	assert_false(is_own(o, "192.0.2.1", "198.51.100.7", "xhook.example", ""));
	assert_false(is_own(o, "192.0.2.1", "198.51.100.7", "hook.example.net", ""));
	assert_false(is_own(o, "192.0.2.1", "198.51.100.7", "evil.example", "hook.example"));
	assert_false(is_own(o, "192.0.2.1", "198.51.100.7", NULL, ""));
	own_free(o);
	own_free(NULL);
	config_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_own) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
