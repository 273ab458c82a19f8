/* Whose an address is: who is believed, what ends, who gives way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "alert/hosts.h"
#include "alert_rig.h"
#include "message.h"

static struct hosts *hosts;
static uint64_t evicted;
static double now;

enum { MAC_A = 0xa, MAC_B = 0xb };

struct said {
	enum identity_source source;
	const char *addr;
	uint8_t mac;			/* its last byte; 0: none */
	uint32_t lease_sec;
	const char *name, *user, *software;
	bool released;
	uint16_t vlan;
};

static void
note(const struct said *s)
{
	static struct observation_buffer b;
	const uint8_t mac[MAC_BYTES] = { 2, 0, 0, 0, 0, s->mac };

	rig_observation(&b, OBSERVE_IDENTITY, ++now);
	b.o.detail = (uint8_t)s->source;
	b.o.named = rig_addr(s->addr);
	b.o.code = s->lease_sec;
	b.o.key.realm.vlan[0] = s->vlan;
	if (s->released)
		b.o.flags |= OBSERVED_RELEASED;
	if (s->mac != 0)
		observation_add(&b, TEXT_MAC, span_of(mac, sizeof mac), sizeof mac);
	if (s->name != NULL)
		rig_text(&b, TEXT_HOST_NAME, s->name);
	if (s->user != NULL)
		rig_text(&b, TEXT_USER, s->user);
	if (s->software != NULL)
		rig_text(&b, TEXT_SOFTWARE, s->software);
	observation_seal(&b);
	hosts_note(hosts, &b.o);
}

/* "02:00:00:00:00:0a dhcp, desk dhcp, alice kerberos" */
static const char *
known_in(const char *addr, uint16_t vlan)
{
	static char text[1024];
	struct host_identity known;
	struct addr a = rig_addr(addr);
	struct realm realm;
	int i;

	memset(&realm, 0, sizeof realm);
	realm.vlan[0] = vlan;
	text[0] = '\0';
	if (!hosts_find(hosts, &realm, &a, &known))
		return "nobody";
	for (i = 0; i < HOST_FACTS; i++)
		if (known.fact[i].text != NULL)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s %s",
			    text[0] == '\0' ? "" : ", ", known.fact[i].text, known.fact[i].source);
	return text;
}

static const char *
known(const char *addr)
{
	return known_in(addr, 0);
}

static int
setup(void **state)
{
	(void)state;
	evicted = 0;
	now = 0;
	hosts = hosts_new(3, &evicted);
	return hosts == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	hosts_free(hosts);
	return 0;
}

#define A "10.0.0.5"

static void
ask(uint8_t mac, const char *name)
{
	note(&(struct said){ .source = IDENTITY_DHCP, .addr = A, .mac = mac, .name = name });
}

static void
grant(uint8_t mac)
{
	note(&(struct said){ .source = IDENTITY_DHCP, .addr = A, .mac = mac, .lease_sec = 60 });
}

static void
log_in(const char *user)
{
	note(&(struct said){ .source = IDENTITY_KERBEROS, .addr = A, .user = user });
}

static void
claim(const char *name)
{
	note(&(struct said){ .source = IDENTITY_NBNS, .addr = A, .name = name });
}

static void
a_program_is_believed_last(void **state)
{
	(void)state;
	note(&(struct said){ .source = IDENTITY_HTTP, .addr = A, .software = "Firefox" });
	note(&(struct said){ .source = IDENTITY_HTTP, .addr = A, .software = "Fire" });
	assert_string_equal(known(A), "Fire http");
	note(&(struct said){ .source = IDENTITY_DHCP, .addr = A, .software = "MSFT 5.0" });
	note(&(struct said){ .source = IDENTITY_HTTP, .addr = A, .software = "Firefox" });
	assert_string_equal(known(A), "MSFT 5.0 dhcp");
}

static void
request_and_grant_are_joined(void **state)
{
	struct host_identity all;
	struct addr a = rig_addr(A);
	struct realm realm;

	(void)state;
	assert_string_equal(known(A), "nobody");
	ask(MAC_A, "desk");
	grant(MAC_A);
	assert_string_equal(known(A), "02:00:00:00:00:0a dhcp, desk dhcp");
	memset(&realm, 0, sizeof realm);
	assert_true(hosts_find(hosts, &realm, &a, &all));
	assert_int_equal(all.fact[HOST_MAC].heard_ns, RIG_START_NS + 2 * NS_PER_SEC);
	assert_int_equal(all.fact[HOST_NAME].heard_ns, RIG_START_NS + 1 * NS_PER_SEC);
	assert_string_equal(known_in(A, 7), "nobody");
}

static void
a_grant_to_another_ends_all(void **state)
{
	(void)state;
	ask(MAC_A, "desk");
	grant(MAC_A);
	log_in("alice");
	ask(MAC_B, "phone");
	assert_string_equal(known(A), "02:00:00:00:00:0a dhcp, desk dhcp, alice kerberos");
	grant(MAC_B);
	assert_string_equal(known(A), "02:00:00:00:00:0b dhcp, phone dhcp");
	grant(MAC_A);
	assert_string_equal(known(A), "02:00:00:00:00:0a dhcp");
}

static void
who_asks_in_vain_changes_nothing(void **state)
{
	(void)state;
	ask(MAC_A, "desk");
	grant(MAC_A);
	ask(MAC_B, "evil");
	grant(MAC_A);
	claim("evil");
	assert_string_equal(known(A), "02:00:00:00:00:0a dhcp, desk dhcp");
}

static void
who_ranks_higher_is_believed(void **state)
{
	(void)state;
	claim("one");
	claim("two");
	assert_string_equal(known(A), "two nbns");
	note(&(struct said){ .source = IDENTITY_NTLM, .addr = A, .name = "three", .user = "alice" });
	claim("four");
	note(&(struct said){ .source = IDENTITY_MDNS, .addr = A, .name = "five" });
	assert_string_equal(known(A), "three ntlm, alice ntlm");
	ask(0, "six");
	assert_string_equal(known(A), "six dhcp, alice ntlm");
}

static void
a_machine_is_no_user(void **state)
{
	(void)state;
	log_in("DESK-7$");
	assert_string_equal(known(A), "DESK-7 kerberos");
	log_in("alice");
	log_in("DESK-7$");
	assert_string_equal(known(A), "DESK-7 kerberos, alice kerberos");
	log_in("$");
	assert_string_equal(known(A), "DESK-7 kerberos, $ kerberos");
}

static void
what_is_given_back_ends(void **state)
{
	(void)state;
	grant(MAC_A);
	note(&(struct said){ .source = IDENTITY_DHCP, .addr = A, .mac = MAC_B, .released = true });
	assert_string_equal(known(A), "02:00:00:00:00:0a dhcp");
	note(&(struct said){ .source = IDENTITY_DHCP, .addr = A, .mac = MAC_A, .released = true });
	assert_string_equal(known(A), "nobody");
	grant(MAC_A);
	note(&(struct said){ .source = IDENTITY_MDNS, .addr = A, .name = "desk" });
	note(&(struct said){ .source = IDENTITY_MDNS, .addr = A, .name = "other", .released = true });
	note(&(struct said){ .source = IDENTITY_NBNS, .addr = A, .name = "desk", .released = true });
	assert_string_equal(known(A), "02:00:00:00:00:0a dhcp, desk mdns");
	note(&(struct said){ .source = IDENTITY_MDNS, .addr = A, .name = "desk", .released = true });
	assert_string_equal(known(A), "02:00:00:00:00:0a dhcp");
	note(&(struct said){ .source = IDENTITY_DHCP, .addr = "10.0.0.9", .released = true });
	assert_string_equal(known("10.0.0.9"), "nobody");
}

static void
the_one_heard_longest_ago_gives_way(void **state)
{
	(void)state;
	claim("a");
	note(&(struct said){ .source = IDENTITY_NBNS, .addr = "10.0.0.6", .name = "b" });
	note(&(struct said){ .source = IDENTITY_NBNS, .addr = A, .name = "c", .vlan = 7 });
	claim("a");
	assert_int_equal(evicted, 0);
	note(&(struct said){ .source = IDENTITY_NBNS, .addr = "2001:db8::7", .name = "d" });
	assert_int_equal(evicted, 1);
	assert_string_equal(known("10.0.0.6"), "nobody");
	assert_string_equal(known(A), "a nbns");
	assert_string_equal(known_in(A, 7), "c nbns");
	assert_string_equal(known("2001:db8::7"), "d nbns");
}

static void
nothing_said_is_nothing_kept(void **state)
{
	char name[400];

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	claim("");
	assert_string_equal(known(A), "nobody");
	claim(name);
	assert_int_equal(strlen(known(A)), 255 + strlen(" nbns"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_program_is_believed_last, setup, teardown),
		cmocka_unit_test_setup_teardown(request_and_grant_are_joined, setup, teardown),
		cmocka_unit_test_setup_teardown(a_grant_to_another_ends_all, setup, teardown),
		cmocka_unit_test_setup_teardown(who_asks_in_vain_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(who_ranks_higher_is_believed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_machine_is_no_user, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_given_back_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(the_one_heard_longest_ago_gives_way, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_said_is_nothing_kept, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
