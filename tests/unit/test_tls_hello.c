#include "tls_rig.h"

static void
test_ja4_is_the_published_one(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	hear_hello(&s, &h);
	assert_int_equal(s.heard.clients, 1);
	assert_string_equal(s.heard.client.ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_true(says(&s.heard, "best='772' sni='host.example' alpn='h2,http/1.1'"));
	session_close(&s);
}

static void
test_ja4_without_signatures(void **state)
{
	/* The published example keeps type 000d in the list though no algorithm follows. */
	static const unsigned none[] = { WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.signatures = none;
	hear_hello(&s, &h);
	assert_string_equal(s.heard.client.ja4, "t13d1516h2_8daaf6152771_6d807ffa2a79");
	session_close(&s);
}

static void
test_ja3_is_the_published_one(void **state)
{
	static const unsigned ciphers[] = { 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4,
		WIRE_END };
	static const unsigned extensions[] = { 0, 10, 11, WIRE_END };
	static const unsigned groups[] = { 23, 24, 25, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.version = 0x0301;
	h.ciphers = ciphers;
	h.extensions = extensions;
	h.groups = groups;
	hear_hello(&s, &h);
	assert_string_equal(s.heard.client.ja3, "ada70206e40642a3e4461f35503241d5");
	assert_true(says(&s.heard, "text='769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,"
	    "0-10-11,23-24-25,0'"));
	session_close(&s);
}

static void
test_ja3_and_ja4_without_extensions(void **state)
{
	static const unsigned ciphers[] = { 4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.version = 0x0301;
	h.ciphers = ciphers;
	h.extensions = NULL;
	hear_hello(&s, &h);
	assert_string_equal(s.heard.client.ja3, "de350869b8c85de67a350c8d186f11e6");
	/* sha256 of 0003,0004,0005,0006,0009,000a,0012,0013,0062,0063,0064 */
	assert_string_equal(s.heard.client.ja4, "t10i110000_3609b414f052_000000000000");
	assert_true(says(&s.heard, "best='769' sni=- alpn=-"));
	session_close(&s);
}

static void
test_grease_alone_is_nothing(void **state)
{
	static const unsigned grease[] = { 0x0a0a, 0x1a1a, 0xfafa, WIRE_END };
	static const unsigned extensions[] = { 0x2a2a, 0, 16, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.ciphers = grease;
	h.extensions = extensions;
	hear_hello(&s, &h);
	assert_true(says(&s.heard, "text='771,,0-16,,'"));
	assert_string_equal(s.heard.client.ja4, "t12d0002h2_000000000000_000000000000");
	session_close(&s);
}

static void
test_look_alikes_of_grease_stay(void **state)
{
	static const unsigned ciphers[] = { 0x0a1a, 0xaa0a, 0x0b0b, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.ciphers = ciphers;
	h.extensions = NULL;
	hear_hello(&s, &h);
	assert_true(says(&s.heard, "text='771,2586-43530-2827,,,'"));
	session_close(&s);
}

static void
check_alpn(const void *list, size_t len, const char *code)
{
	static const unsigned extensions[] = { 16, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	h.extensions = extensions;
	h.alpn = list;
	h.alpn_len = len;
	hear_hello(&s, &h);
	assert_int_equal(strlen(s.heard.client.ja4), 36);
	assert_memory_equal(s.heard.client.ja4 + 8, code, 2);
	session_close(&s);
}

/* The table of JA4.md, "ALPN Extension Value". */
static void
test_ja4_of_odd_alpn(void **state)
{
	(void)state;
	check_alpn("\010http/1.1\002h2", 12, "h1");
	check_alpn("\001q", 2, "qq");
	check_alpn("\001\xab", 2, "ab");
	check_alpn("\002\xab\xcd", 3, "ad");
	check_alpn("\0020\xab", 3, "3b");
	check_alpn("\00401\xab\xcd", 5, "3d");
	check_alpn("\0040\xab\xcd" "1", 5, "01");
	check_alpn("\003h2-", 4, "6d");
	check_alpn("", 0, "00");
	check_alpn("\000", 1, "00");
}

static void
test_counts_stop_at_99(void **state)
{
	unsigned ciphers[121], extensions[121], i;
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	for (i = 0; i < 120; i++) {
		ciphers[i] = 0x0100 + i;
		extensions[i] = 0x5000 + i;
	}
	ciphers[120] = extensions[120] = WIRE_END;
	h.ciphers = ciphers;
	h.extensions = extensions;
	hear_hello(&s, &h);
	assert_memory_equal(s.heard.client.ja4, "t12i999900_", 11);
	session_close(&s);
}

/* A server name without a name in it is a "d" all the same. */
static void
test_empty_extensions(void **state)
{
	static const uint8_t extensions[] = { 0, 16, 0, 0, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0, 43, 0, 0 };
	static const unsigned ciphers[] = { 47, WIRE_END };
	static struct wire message;
	struct wire_hello h = { .version = 0x0303, .ciphers = ciphers };
	struct session s;

	(void)state;
	clear_wires();
	message.len = 0;
	wire_client_hello(&message, &h);
	message.bytes[3] = (uint8_t)(message.bytes[3] + sizeof extensions);
	wire_bytes(&message, extensions, sizeof extensions);
	wire_record(&client_wire, 22, message.bytes, message.len);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_true(says(&s.heard, "best='771' sni=- alpn=-"));
	assert_true(says(&s.heard, "text='771,47,0-10-11-43,,'"));
	assert_memory_equal(s.heard.client.ja4, "t12d010400_", 11);
	session_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ja4_is_the_published_one),
		cmocka_unit_test(test_ja4_without_signatures),
		cmocka_unit_test(test_ja3_is_the_published_one),
		cmocka_unit_test(test_ja3_and_ja4_without_extensions),
		cmocka_unit_test(test_grease_alone_is_nothing),
		cmocka_unit_test(test_look_alikes_of_grease_stay),
		cmocka_unit_test(test_ja4_of_odd_alpn),
		cmocka_unit_test(test_counts_stop_at_99),
		cmocka_unit_test(test_empty_extensions),
	};

	tls_warm_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
