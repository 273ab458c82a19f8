/* Whom a UDP flow called: the contact waits for a hello that can be had, and for no longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pipeline_rig.h"

#include "../quic_seal.h"

static const uint8_t ID[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

/* A hello for `name`, ALPN `alpn`. */
static size_t
make_hello(uint8_t *out, const char *name, const char *alpn)
{
	uint8_t name_len = (uint8_t)strlen(name), alpn_len = (uint8_t)strlen(alpn), *at = out;
	size_t extensions = 9 + (size_t)name_len + 7 + alpn_len;

	*at++ = 1;
	*at++ = 0;
	*at++ = 0;
	*at++ = (uint8_t)(2 + 32 + 1 + 4 + 2 + 2 + extensions);
	memcpy(at, "\3\3", 2);
	memset(at + 2, 9, 32);
	memcpy(at + 34, "\0\0\2\x13\1\1\0\0", 8);
	at[42] = (uint8_t)extensions;
	at += 43;
	memcpy(at, "\0\0\0", 3);
	at[3] = (uint8_t)(name_len + 5);
	at[4] = 0;
	at[5] = (uint8_t)(name_len + 3);
	at[6] = at[7] = 0;
	at[8] = name_len;
	memcpy(at + 9, name, name_len);
	at += 9 + name_len;
	memcpy(at, "\0\x10\0", 3);
	at[3] = (uint8_t)(alpn_len + 3);
	at[4] = 0;
	at[5] = (uint8_t)(alpn_len + 1);
	at[6] = alpn_len;
	memcpy(at + 7, alpn, alpn_len);
	return (size_t)(at - out) + 7 + alpn_len;
}

/* `from` to `to` of the hello in one Initial, with keys of the connection with this id; sent to `to_id`. */
static void
say_to(struct rig_talk *t, int64_t ms, struct span id, struct span to_id, const uint8_t *hello, size_t from, size_t to)
{
	struct quic_tools *tools = quic_tools_new();
	uint8_t plain[1180] = { 6, 0x40, (uint8_t)from, 0x40, (uint8_t)(to - from) }, packet[1400];
	struct quic_key_pair keys;
	size_t len;

	assert_non_null(tools);
	assert_true(quic_keys_derive(tools, quic_version_find(1), id, &keys));
	memcpy(plain + 5, hello + from, to - from);
	len = quic_initial(&keys.client, 1, to_id, span_of(NULL, 0), span_of(NULL, 0),
	    (uint32_t)ms, span_of(plain, sizeof plain), packet);
	rig_datagram(t, ms, 0, packet, len);
	quic_tools_free(tools);
}

static void
say_part(struct rig_talk *t, int64_t ms, const uint8_t *hello, size_t from, size_t to)
{
	say_to(t, ms, span_of(ID, sizeof ID), span_of(ID, sizeof ID), hello, from, to);
}

/* What a client sends to its server when the handshake is over. */
static void
say_short(struct rig_talk *t, int64_t ms)
{
	static const uint8_t bytes[40] = { 0x40, 9, 9, 9 };

	rig_datagram(t, ms, 0, bytes, sizeof bytes);
}

static void
assert_contact(unsigned which, int64_t ms, const char *name)
{
	const struct observation *o = rig_found(OBSERVE_CONTACT, which);

	rig_assert_text(o, TEXT_SERVICE, name);
	assert_int_equal(o->ts_ns, RIG_START_NS + ms * INT64_C(1000000));
	assert_int_equal(o->app, APP_QUIC);
}

/* Another id, another connection, whoever else's packets come in between. */
static void
a_port_that_is_used_again(void **state)
{
	static const uint8_t ids[][8] = { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 } };
	struct rig_talk t = rig_talk(1, 443);
	struct span id[4];
	uint8_t hello[512];
	size_t i, len = make_hello(hello, "one.example", "h3");

	(void)state;
	for (i = 0; i < 4; i++)
		id[i] = span_of(ids[i], sizeof ids[i]);
	say_to(&t, 0, id[0], id[0], hello, 0, len);
	say_short(&t, 10);
	say_to(&t, 20, id[0], id[0], hello, 0, len);		/* its first one again */
	say_to(&t, 25, id[0], id[3], hello, 0, len);		/* to the id that the server chose */
	say_to(&t, 26, id[0], id[3], hello, 0, len);
	len = make_hello(hello, "two.example", "h3");
	say_to(&t, 500, id[1], id[1], hello, 40, len);
	say_to(&t, 501, id[1], id[1], hello, 0, 40);
	say_short(&t, 510);
	say_to(&t, 60000, id[2], id[2], hello, 0, len);		/* after a pause, the same name */
	say_short(&t, 60010);
	say_short(&t, 90000);					/* a pause within */
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_TLS), 3);
	assert_int_equal(rig_count(OBSERVE_CONTACT), 4);
	assert_contact(0, 0, "one.example");
	assert_contact(1, 501, "two.example");
	assert_contact(2, 60000, "two.example");
	assert_contact(3, 90000, "two.example");
	assert_int_equal(rig_count(OBSERVE_FLOW), 1);
}

/* A first packet that stays shut hides no hello behind it. */
static void
what_is_shut_hides_nothing(void **state)
{
	static const uint8_t q046[] = "\xc3Q046\x50\1\2\3\4\5\6\7\x08\0\0\0\1";
	struct rig_talk t = rig_talk(1, 443);
	uint8_t hello[512];
	size_t len = make_hello(hello, "c2.example", "h3");

	(void)state;
	rig_datagram(&t, 0, 0, q046, sizeof q046 - 1);
	say_part(&t, 5, hello, 0, len);
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 2);
	assert_contact(1, 5, "c2.example");
}

static void
a_contact_is_called_as_its_hello_says(void **state)
{
	struct rig_talk t = rig_talk(1, 443);
	const struct observation *o;
	uint8_t hello[512];
	size_t len = make_hello(hello, "c2.example", "h3");

	(void)state;
	say_part(&t, 0, hello, 40, len);
	say_part(&t, 5, hello, 0, 40);
	say_part(&t, 9, hello, 0, 40);
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 1);
	o = rig_found(OBSERVE_CONTACT, 0);
	rig_assert_text(o, TEXT_SERVICE, "c2.example");
	assert_int_equal(o->ts_ns, RIG_START_NS);
	assert_int_equal(o->app, APP_QUIC);
	assert_int_equal(rig_count(OBSERVE_TLS), 1);
	assert_int_equal(rig_found(OBSERVE_TLS, 0)->code, 1);
	assert_int_equal(rig_found(OBSERVE_FLOW, 0)->app, APP_QUIC);
	rig_assert_text(rig_found(OBSERVE_FLOW, 0), TEXT_SERVICE, "c2.example");
}

static void
a_hello_that_never_comes_whole(void **state)
{
	struct rig_talk t = rig_talk(1, 443);
	uint8_t hello[512];

	(void)state;
	make_hello(hello, "c2.example", "h3");
	say_part(&t, 0, hello, 0, 40);
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 1);
	rig_assert_text(rig_found(OBSERVE_CONTACT, 0), TEXT_SERVICE, NULL);
	assert_int_equal(rig_found(OBSERVE_CONTACT, 0)->ts_ns, RIG_START_NS);
}

static void
google_s_own_is_a_contact_at_once(void **state)
{
	static const uint8_t q046[] = "\xc3Q046\x50\1\2\3\4\5\6\7\x08\0\0\0\1";
	struct rig_talk t = rig_talk(1, 443);

	(void)state;
	rig_datagram(&t, 0, 0, q046, sizeof q046 - 1);
	rig_datagram(&t, 5, 0, q046, sizeof q046 - 1);
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 1);
	assert_int_equal(rig_found(OBSERVE_CONTACT, 0)->ordinal, 1);
}

static void
dns_inside(void **state)
{
	static const struct { uint16_t port; const char *name, *alpn; enum app app; } cases[] = {
		{ 443, "a.example", "h3", APP_QUIC }, { 853, "a.example", "x", APP_DOQ },
		{ 8853, "a.example", "doq-i03", APP_DOQ }, { 443, "DNS.google", "h3", APP_DOH },
		{ 443, "abc.dns.nextdns.io", "h3", APP_DOH }, { 443, "notdns.google", "h3", APP_QUIC },
	};
	uint8_t hello[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig_talk t = rig_talk((unsigned)i + 1, cases[i].port);

		say_part(&t, (int64_t)i, hello, 0, make_hello(hello, cases[i].name, cases[i].alpn));
	}
	rig_run_all();
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(rig_found(OBSERVE_CONTACT, (unsigned)i)->app, cases[i].app);
}

static void
dns_inside_over_tcp(void **state)
{
	static const struct { uint16_t port; const char *name, *alpn; enum app app; } cases[] = {
		{ 443, "a.example", "h2", APP_TLS }, { 853, "a.example", "x", APP_DOT },
		{ 8853, "a.example", "dot", APP_DOT }, { 443, "dns.google", "h2", APP_DOH },
	};
	uint8_t record[600] = { 22, 3, 1 };
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rig_talk t = rig_talk((unsigned)i + 1, cases[i].port);

		len = make_hello(record + 5, cases[i].name, cases[i].alpn);
		record[3] = (uint8_t)(len >> 8);
		record[4] = (uint8_t)len;
		rig_handshake(&t, (int64_t)i * 10);
		rig_segment_bytes(&t, (int64_t)i * 10 + 1, 0, TCP_ACK, t.seq[0], record, len + 5);
	}
	rig_run_all();
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(rig_found(OBSERVE_CONTACT, (unsigned)i)->app, cases[i].app);
		rig_assert_text(rig_found(OBSERVE_CONTACT, (unsigned)i), TEXT_SERVICE, cases[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_contact_is_called_as_its_hello_says, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_port_that_is_used_again, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(what_is_shut_hides_nothing, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_hello_that_never_comes_whole, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(google_s_own_is_a_contact_at_once, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(dns_inside, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(dns_inside_over_tcp, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
