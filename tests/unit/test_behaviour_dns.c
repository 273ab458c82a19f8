#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

enum { TYPE_A = 1, TYPE_TXT = 16, TYPE_NULL = 10, TYPE_SRV = 33, RCODE_OK = 0, RCODE_NAME = 3 };

static uint32_t dice;

static uint32_t
throw(uint32_t sides)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % sides;
}

/* `len` letters drawn from `alphabet` → buf. */
static const char *
draw(char *buf, unsigned len, const char *alphabet)
{
	unsigned i, sides = (unsigned)strlen(alphabet);

	for (i = 0; i < len; i++)
		buf[i] = alphabet[throw(sides)];
	buf[len] = '\0';
	return buf;
}

static void
dns(double sec, const char *name, uint16_t type, bool response, uint16_t rcode, uint32_t payload)
{
	rig_observation(&b, OBSERVE_DNS, sec);
	b.o.app = APP_DNS;
	to("192.0.2.53", 53);
	b.o.version = type;
	b.o.status = rcode;
	b.o.count = payload;
	if (response)
		b.o.flags |= OBSERVED_RESPONSE;
	rig_text(&b, TEXT_SERVICE, name);
	note();
}

static void
given(double sec, const char *name, const char *address)
{
	rig_observation(&b, OBSERVE_NAME, sec);
	b.o.app = APP_DNS;
	to("192.0.2.53", 53);
	b.o.named = rig_addr(address);
	rig_text(&b, TEXT_SERVICE, name);
	note();
}

static void
ask(double sec, const char *name, const char *address)
{
	dns(sec, name, TYPE_A, false, RCODE_OK, 0);
	dns(sec, name, TYPE_A, true, address != NULL ? RCODE_OK : RCODE_NAME, 0);
	if (address != NULL)
		given(sec, name, address);
}

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567", hex[] = "0123456789abcdef";

/* ---- tunnels ---- */

static void
test_tunnel(void **state)
{
	char label[64], name[128];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "%s.t.example.net", draw(label, 60, base32));
		dns(i, name, TYPE_NULL, false, RCODE_OK, 0);
		dns(i, name, TYPE_NULL, true, RCODE_OK, 100);
		if (i < 38)
			assert_int_equal(kept.count, 0);
	}
	assert_true(rang("dns-tunnel") >= 1);
	assert_int_equal(kept.f[0].severity, SEVERITY_HIGH);
	assert_string_equal(kept.f[0].n.technique, "T1071.004");
	assert_non_null(strstr(kept.f[0].reason, "asked for 40 names under example.net in 0 min, 62 bytes before the zone"));
}

/* Data by address questions alone, through a resolver inside, whose answers nobody calls. */
static void
test_tunnel_of_addresses(void **state)
{
	char label[64], name[128], address[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 80; i++) {
		snprintf(name, sizeof name, "%s.example.net", draw(label, 48, hex));
		snprintf(address, sizeof address, "198.51.100.%u", i);
		ask(i * 40, name, address);
	}
	assert_true(rang("dns-tunnel") >= 1);
}

static void
test_tunnel_twins(void **state)
{
	char label[64], name[128], address[32];
	unsigned i;

	(void)state;
	begin();	/* a content network: as long, as coded, but called */
	for (i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "%s.cdn.example.net", draw(label, 48, hex));
		snprintf(address, sizeof address, "198.51.100.%u", i % 250);
		ask(i, name, address);
		contact(i + .1, address, 443);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* reputation: loopback answers, or none */
	for (i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "%s.list.example.net", draw(label, 40, hex));
		ask(i, name, i % 4 ? NULL : "127.0.0.2");
	}
	assert_int_equal(kept.count, 0);
	begin();	/* a search domain behind whole names */
	for (i = 0; i < 1200; i++) {
		snprintf(name, sizeof name, "%s.some-service.com.office.example.net", draw(label, 12, base32));
		ask(i, name, NULL);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* a directory and its own hosts */
	for (i = 0; i < 400; i++) {
		snprintf(name, sizeof name, "_ldap._tcp.site%u._sites.dc._msdcs.office.example.net", i % 6);
		dns(i, name, TYPE_SRV, false, RCODE_OK, 0);
		dns(i, name, TYPE_SRV, true, RCODE_OK, 0);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* few names an hour */
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%s.t.example.net", draw(label, 60, base32));
		dns(i * 120, name, TYPE_TXT, false, RCODE_OK, 0);
	}
	assert_int_equal(kept.count, 0);
}

static bool
ends_in(struct span name, const char *end)
{
	size_t len = strlen(end);

	return name.left >= len && memcmp(name.at + name.left - len, end, len) == 0;
}

static const char *
of_list(void *what, const struct observation *o, struct span name, bool upload)
{
	(void)o;
	(void)upload;
	return ends_in(name, what) ? "reputation by DNS" : NULL;
}

static void
test_tunnel_listed(void **state)
{
	static char list[] = ".rep.example.org";
	char label[64], name[128];
	unsigned i;

	(void)state;
	begin();
	behaviour_set_harmless(behaviour, of_list, list);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%s.rep.example.org", draw(label, 60, base32));
		dns(i, name, TYPE_TXT, false, RCODE_OK, 0);
	}
	assert_int_equal(kept.count, 0);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%s.rep.example.net", draw(label, 60, base32));
		dns(i, name, TYPE_TXT, false, RCODE_OK, 0);
	}
	assert_true(rang("dns-tunnel") >= 1);
}

/* A tunnel stays known while many other zones with long names come by. */
static void
test_tunnel_among_others(void **state)
{
	char label[64], name[160];
	unsigned i, n;

	(void)state;
	begin();
	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "%s.t.example.net", draw(label, 60, base32));
		dns(i * 20, name, TYPE_TXT, false, RCODE_OK, 0);
		for (n = 0; n < 20; n++) {
			snprintf(name, sizeof name, "a-rather-long-host-name.zone%u.com", i * 20 + n);
			ask(i * 20 + n * .5, name, "198.51.100.9");
		}
	}
	assert_true(rang("dns-tunnel") >= 1);
	for (i = 0; i < kept.count; i++)
		assert_non_null(strstr(kept.f[i].reason, "example.net"));
}

/* Who asks for others is not the one: the others are seen asking. */
static void
test_resolver(void **state)
{
	char label[64], name[128];
	unsigned i, answered;

	(void)state;
	for (answered = 0; answered < 2; answered++) {
		begin();
		if (answered) {
			rig_observation(&b, OBSERVE_DNS, 0);
			b.o.app = APP_DNS;
			b.o.home = 3;
			b.o.key.addr[ORIGINATOR] = rig_addr("10.0.0.9");
			to("10.0.0.5", 53);
			b.o.flags |= OBSERVED_RESPONSE;
			rig_text(&b, TEXT_SERVICE, "www.example.com");
			note();
		}
		for (i = 0; i < 60; i++) {
			snprintf(name, sizeof name, "%s.t.example.net", draw(label, 60, base32));
			dns(i + 1, name, TYPE_TXT, false, RCODE_OK, 0);
			snprintf(name, sizeof name, "%s.com", draw(label, 14, base32));
			ask(i + 1, name, NULL);
		}
		assert_int_equal(rang("dns-tunnel") > 0, !answered);
		assert_int_equal(rang("generated-names") > 0, !answered);
	}
}

/* ---- generated names ---- */

static void
test_generated(void **state)
{
	char label[64], name[128];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 9; i++) {
		snprintf(name, sizeof name, "%s.com", draw(label, 14, "abcdefghijklmnopqrstuvwxyz"));
		ask(i, name, NULL);
	}
	assert_int_equal(kept.count, 0);
	for (; i < 40; i++) {
		snprintf(name, sizeof name, "%s.%s", draw(label, 14, "abcdefghijklmnopqrstuvwxyz"), i % 2 ? "net" : "co.uk");
		ask(i, name, NULL);
	}
	assert_true(rang("generated-names") >= 1);
	assert_string_equal(kept.f[0].n.technique, "T1568.002");
	assert_non_null(strstr(kept.f[0].reason, "that do not exist in 0 min"));
	begin();
	for (i = 0; i < 30; i++) {	/* hexadecimal, among a user's own questions */
		snprintf(name, sizeof name, "%s.space", draw(label, 8, hex));
		ask(i * 5, name, NULL);
		snprintf(name, sizeof name, "www.site%u.com", i);
		ask(i * 5 + 1, name, "198.51.100.7");
	}
	assert_true(rang("generated-names") >= 1);
	begin();	/* drawn, and numbered as well */
	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "%s%02u.space", draw(label, 10, "bcdfghjklmnpqrstvwxyz"), i);
		ask(i, name, NULL);
	}
	assert_true(rang("generated-names") >= 1);
}

static const char *const words[] = { "wikipedia", "microsoft", "stackoverflow", "rakuten", "nicovideo", "tsukuba",
	"mizuho", "gigazine", "schwarz", "quizlet", "flickr", "tumblr", "deutsche", "telekom", "hokkaido", "blackboard" };

static void
test_generated_twins(void **state)
{
	char label[64], name[128];
	unsigned i;

	(void)state;
	begin();	/* three names of one label, at each start of a browser; and those behind a search domain */
	for (i = 0; i < 300; i++) {
		draw(label, 7 + i % 9, "abcdefghijklmnopqrstuvwxyz");
		ask(i, label, NULL);
		snprintf(name, sizeof name, "%s.office.example.net", label);
		ask(i, name, NULL);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* whole names behind a search domain of two labels, and of one's own top level */
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "www.%s.com.example.net", draw(label, 12, base32));
		ask(i, name, NULL);
		snprintf(name, sizeof name, "www.%s.com.lan", label);
		ask(i, name, NULL);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* a portal knows every name */
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%s.com", draw(label, 14, base32));
		ask(i, name, "10.0.0.1");
	}
	assert_int_equal(kept.count, 0);
	begin();	/* a reader of old links, a house whose resolver is cut off: words */
	for (i = 0; i < 160; i++) {
		snprintf(name, sizeof name, "www.%s%s.com", words[i % 16], words[i / 16 % 16]);
		ask(i, name, NULL);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* a row of numbered names that is not there yet: servers of a test, shops, a list of somebody's */
	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "%s%s%02u.%s", words[i % 3 == 0 ? 7 : 10], i % 2 ? "-" : "", i, i % 2 ? "net" : "com");
		ask(i * 2, name, NULL);
		snprintf(name, sizeof name, "%s%u.example-%s.com", i % 2 ? "cdn" : "node", i, words[i % 16]);
		ask(i * 2 + 1, name, NULL);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* short ones, of which nothing but the number is left */
	for (i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "%s%02u.com", i % 2 ? "site" : "zone", i);
		ask(i, name, NULL);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* the resolver fails: not a word about the name */
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%s.com", draw(label, 14, base32));
		dns(i, name, TYPE_A, true, 2, 0);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* a few an hour */
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof name, "%s.com", draw(label, 14, base32));
		ask(i * 450, name, NULL);
	}
	assert_int_equal(kept.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tunnel),
		TEST(test_tunnel_of_addresses),
		TEST(test_tunnel_twins),
		TEST(test_tunnel_listed),
		TEST(test_tunnel_among_others),
		TEST(test_resolver),
		TEST(test_generated),
		TEST(test_generated_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
