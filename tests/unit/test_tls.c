#include "base/when.h"
#include "tls_rig.h"

/* ---- whole handshakes ---- */

static const uint8_t CHANGE_CIPHER[] = { 1 };

static void
test_tls12_in_every_slicing(void **state)
{
	struct wire_hello h = example_hello();
	struct talk t = { .turns = 0 };
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	add_certificate(&server_wire, NULL, 3);
	wire_record(&server_wire, 22, "\016\000\000\000", 4);
	add_turn(&t, CLIENT, &client_wire);
	add_turn(&t, SERVER, &server_wire);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_false(s.wanted);
	assert_int_equal(s.heard.clients, 1);
	assert_int_equal(s.heard.servers, 1);
	assert_int_equal(s.heard.certificates, 1);
	assert_true(says(&s.heard, "server='771' cipher='49199' retry='0' alpn='h2'"));
	assert_true(says(&s.heard, "text='771,49199,65281-16'"));
	assert_true(says(&s.heard, "subject='CN=\xe9\x90\x98.example,O=Fire\\, Bell' issuer='CN=Test CA'"));
	assert_true(says(&s.heard, "names='a.example,192.0.2.7,2001:db8::1,*.b.example'"));
	assert_true(says(&s.heard, "serial='ABCDEF' sni='host.example'"));
	assert_true(says(&s.heard, "from='1577836800000000000' to='1924991999000000000'"));
	assert_true(says(&s.heard, "self='0' chain='3'"));
	assert_int_equal(proto_counts(s.p)->messages[MESSAGE_TLS_CERTIFICATE], 1);
	assert_int_equal(proto_counts(s.p)->given_up[APP_TLS], 0);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

static void
test_hashes_of_the_certificate(void **state)
{
	static struct wire message;
	char hex[65];
	uint8_t sum[32], *der;
	struct session s;
	int len, i;

	(void)state;
	clear_wires();
	message.len = 0;
	der = make_certificate(&len, "99991231235959Z");
	wire_certificate(&message, der, (size_t)len, 1);
	SHA256(der, (size_t)len, sum);
	for (i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	add_server_hello(&server_wire, 0x0301, false);
	wire_record(&server_wire, 22, message.bytes, message.len);
	session_open(&s, &LIMITS);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_string_equal(s.heard.certificate.sha256, hex);
	assert_true(s.heard.certificate.self_signed);
	assert_true(s.heard.certificate.not_after_ns == INT64_MAX);
	assert_true(says(&s.heard, "sni=-"));
	/* The client was not seen yet; its hello may come late. */
	assert_true(s.wanted);
	session_close(&s);
	OPENSSL_free(der);
}

static void
test_tls13_is_released_at_the_server_hello(void **state)
{
	struct wire_hello h = example_hello();
	struct talk t = { .turns = 0 };
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0304, false);
	add_turn(&t, CLIENT, &client_wire);
	add_turn(&t, SERVER, &server_wire);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_false(s.wanted);
	assert_true(says(&s.heard, "server='772' cipher='4865'"));
	assert_true(says(&s.heard, "text='771,4865,65281-16-43'"));
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

/* RFC 8446, D.4: with the ChangeCipherSpecs of middlebox compatibility. */
static void
retry_talk(struct talk *t)
{
	struct wire_hello h = example_hello();

	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0304, true);
	wire_record(&server_wire, 20, CHANGE_CIPHER, 1);
	wire_record(&more_wire, 20, CHANGE_CIPHER, 1);
	h.sni = "second.example";
	add_client_hello(&more_wire, &h);
	add_server_hello(&last_wire, 0x0304, false);
	t->turns = 0;
	add_turn(t, CLIENT, &client_wire);
	add_turn(t, SERVER, &server_wire);
	add_turn(t, CLIENT, &more_wire);
	add_turn(t, SERVER, &last_wire);
}

static void
test_hello_retry_request(void **state)
{
	struct session s;
	struct talk t;

	(void)state;
	retry_talk(&t);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_true(s.heard.server.retry);
	assert_true(s.wanted);
	say(&s, CLIENT, more_wire.bytes, more_wire.len, false);
	assert_int_equal(s.heard.clients, 2);
	assert_true(says(&s.heard, "sni='second.example'"));
	assert_true(s.wanted);
	say(&s, SERVER, last_wire.bytes, last_wire.len, false);
	assert_false(s.wanted);
	assert_false(s.heard.server.retry);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

/* Early data behind the first hello, refused by a HelloRetryRequest (RFC 8446, 4.2.10). */
static void
test_second_hello_behind_early_data(void **state)
{
	static const uint8_t early[300] = { 22, 3, 3, 0, 9, 1, 0, 0, 5 };
	struct wire_hello h = example_hello();
	struct talk t = { .turns = 0 };
	struct session s;

	(void)state;
	retry_talk(&t);
	client_wire.len = more_wire.len = 0;
	add_client_hello(&client_wire, &h);
	wire_record(&client_wire, 20, CHANGE_CIPHER, 1);
	wire_record(&client_wire, 23, early, sizeof early);
	h.sni = "second.example";
	add_client_hello(&more_wire, &h);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_int_equal(s.heard.clients, 2);
	assert_int_equal(s.heard.servers, 2);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

/* All server messages in one record, then one message over many records. */
static void
test_records_and_messages_do_not_match(void **state)
{
	static struct wire whole;
	struct wire_hello h = example_hello();
	struct talk t = { .turns = 0 };
	struct session s;
	size_t at, len;

	(void)state;
	clear_wires();
	whole.len = 0;
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0302, false);
	wire_bytes(&whole, server_wire.bytes + 5, server_wire.len - 5);
	server_wire.len = 0;
	add_certificate(&server_wire, NULL, 1);
	/* CertificateStatus is of no use and stands in between. */
	wire_bytes(&whole, "\026\000\000\003abc", 7);
	wire_bytes(&whole, server_wire.bytes + 5, server_wire.len - 5);
	server_wire.len = 0;
	for (at = 0; at < whole.len; at += len) {
		len = whole.len - at < 7 ? whole.len - at : 7;
		wire_record(&server_wire, 22, whole.bytes + at, len);
		wire_record(&server_wire, 22, NULL, 0);
	}
	add_turn(&t, CLIENT, &client_wire);
	add_turn(&t, SERVER, &server_wire);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_int_equal(s.heard.certificates, 1);
	assert_false(s.wanted);
	check_slicings(&t, s.heard.text);

	server_wire.len = 0;
	wire_record(&server_wire, 22, whole.bytes, whole.len);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

static void
test_resumed_session_ends_at_change_cipher(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_true(s.wanted);
	wire_record(&more_wire, 20, CHANGE_CIPHER, 1);
	say(&s, SERVER, more_wire.bytes, more_wire.len, false);
	assert_false(s.wanted);
	session_close(&s);
}

/* RFC 6066, 3: "unrecognized_name" is a warning, and the handshake goes on. */
static void
test_alerts(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	wire_record(&server_wire, 21, "\001\160", 2);
	add_server_hello(&server_wire, 0x0304, false);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.servers, 1);
	session_close(&s);

	server_wire.len = 0;
	wire_record(&server_wire, 21, "\002\050", 2);
	add_server_hello(&server_wire, 0x0304, false);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.servers, 0);
	assert_false(s.wanted);
	session_close(&s);
}

/* ---- what goes wrong ---- */

static void
test_one_side_alone(void **state)
{
	static const uint8_t data[16000];
	struct wire_hello h = example_hello();
	struct session s;
	int i;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	wire_record(&more_wire, 23, data, sizeof data);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	for (i = 0; i < 40 && s.wanted; i++)
		say(&s, CLIENT, more_wire.bytes, more_wire.len, false);
	assert_int_equal(s.heard.clients, 1);
	assert_false(s.wanted);
	session_close(&s);

	add_server_hello(&server_wire, 0x0304, false);
	session_open(&s, &LIMITS);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	for (i = 0; i < 40 && s.wanted; i++)
		say(&s, SERVER, more_wire.bytes, more_wire.len, false);
	assert_int_equal(s.heard.servers, 1);
	assert_false(s.wanted);
	session_close(&s);
}

/* A flow that was joined from the wrong end: the responder says ClientHello. */
static void
test_sides_exchanged(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	add_certificate(&server_wire, NULL, 1);
	session_open(&s, &LIMITS);
	say(&s, RESPONDER, client_wire.bytes, client_wire.len, false);
	say(&s, ORIGINATOR, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.certificates, 1);
	assert_true(says(&s.heard, "sni='host.example'"));
	assert_false(s.wanted);
	session_close(&s);
}

static void
test_a_gap_ends_its_side_only(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	add_certificate(&server_wire, NULL, 1);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, 50, false);
	say(&s, CLIENT, NULL, 10, true);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_int_equal(s.heard.clients, 0);
	assert_int_equal(proto_counts(s.p)->given_up[APP_TLS], 1);
	assert_true(s.wanted);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.certificates, 1);
	assert_false(s.wanted);
	session_close(&s);
}

static void
test_time_is_of_the_last_piece(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, 100, false);
	s.now_ns = 5000;
	say(&s, CLIENT, client_wire.bytes + 100, client_wire.len - 100, false);
	assert_int_equal(s.heard.ts_ns, 5001);
	session_close(&s);
}

/* Hashes are known of what is no certificate, names are not. */
static void
test_malformed_certificate(void **state)
{
	static struct wire message;
	struct session s;

	(void)state;
	clear_wires();
	message.len = 0;
	wire_certificate(&message, (const uint8_t *)"hello", 5, 2);
	add_server_hello(&server_wire, 0x0303, false);
	wire_record(&server_wire, 22, message.bytes, message.len);
	session_open(&s, &LIMITS);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_string_equal(s.heard.certificate.sha1, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
	assert_true(says(&s.heard, "subject=- issuer=- names=- serial=-"));
	assert_int_equal(s.heard.certificate.chain, 2);
	assert_true(s.heard.certificate.not_before_ns == WHEN_UNKNOWN);
	session_close(&s);
}

/* Every byte of a real one changed, one after the other: nothing but no crash is asked. */
static void
test_damaged_certificates(void **state)
{
	static struct wire message;
	struct session s;
	uint8_t *der;
	int len, i;

	(void)state;
	der = make_certificate(&len, NULL);
	for (i = 0; i < len; i++) {
		clear_wires();
		message.len = 0;
		der[i] ^= 0xff;
		wire_certificate(&message, der, (size_t)len, 1);
		der[i] ^= 0xff;
		add_server_hello(&server_wire, 0x0303, false);
		wire_record(&server_wire, 22, message.bytes, message.len);
		session_open(&s, &LIMITS);
		say(&s, SERVER, server_wire.bytes, server_wire.len, false);
		assert_int_equal(s.heard.certificates, 1);
		session_close(&s);
	}
	OPENSSL_free(der);
}

static void
test_empty_certificate_list(void **state)
{
	struct session s;

	(void)state;
	clear_wires();
	add_server_hello(&server_wire, 0x0303, false);
	wire_record(&server_wire, 22, "\013\000\000\003\000\000\000", 7);
	session_open(&s, &LIMITS);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.certificates, 0);
	assert_int_equal(proto_counts(s.p)->given_up[APP_TLS], 1);
	session_close(&s);
}

/* A hello of `len` bytes (padded in its last extension), in records of 16000. */
static void
make_huge_hello(struct wire *w, size_t padding)
{
	static const unsigned extensions[] = { 0, 21, WIRE_END };
	static struct wire message;
	struct wire_hello h = example_hello();
	size_t at, len;

	h.extensions = extensions;
	h.padding = padding;
	message.len = 0;
	wire_client_hello(&message, &h);
	for (at = 0; at < message.len; at += len) {
		len = message.len - at < 16000 ? message.len - at : 16000;
		wire_record(w, 22, message.bytes + at, len);
	}
}

static void
test_huge_hello_up_to_the_limit(void **state)
{
	struct proto_limits limits = { .header_bytes = 1000, .handshake_bytes = 60000,
	    .flow_bytes = 400000 };
	struct session s;
	size_t at;

	(void)state;
	clear_wires();
	make_huge_hello(&client_wire, 50000);
	session_open(&s, &limits);
	for (at = 0; at + 1000 < client_wire.len; at += 1000)
		say(&s, CLIENT, client_wire.bytes + at, 1000, false);
	assert_int_equal(s.heard.clients, 0);
	say(&s, CLIENT, client_wire.bytes + at, client_wire.len - at, false);
	assert_int_equal(s.heard.clients, 1);
	session_close(&s);

	/* One byte above the limit on a message: refused at its header. */
	limits.handshake_bytes = 49999;
	session_open(&s, &limits);
	say(&s, CLIENT, client_wire.bytes, 9, false);
	assert_int_equal(proto_counts(s.p)->over_limit, 1);
	assert_int_equal(proto_counts(s.p)->given_up[APP_TLS], 1);
	session_close(&s);

	/* The limit of the flow: refused when the bytes would outgrow it. */
	limits.handshake_bytes = 60000;
	limits.flow_bytes = 20000;
	session_open(&s, &limits);
	say(&s, CLIENT, client_wire.bytes, 18000, false);
	assert_int_equal(proto_counts(s.p)->over_limit, 0);
	say(&s, CLIENT, client_wire.bytes + 18000, 3000, false);
	assert_int_equal(proto_counts(s.p)->over_limit, 1);
	session_close(&s);
}

/* Texts too find their limit, and nothing is said. */
static void
test_no_room_for_texts(void **state)
{
	const struct proto_limits limits = { .header_bytes = 1000, .handshake_bytes = 60000,
	    .flow_bytes = 64 };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	session_open(&s, &limits);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_int_equal(s.heard.clients, 0);
	assert_int_equal(proto_counts(s.p)->over_limit, 1);
	session_close(&s);
}

/* A handshake that never ends is left. */
static void
test_endless_handshake(void **state)
{
	static const uint8_t requests[16000];	/* HelloRequests */
	struct session s;
	int i;

	(void)state;
	clear_wires();
	wire_record(&server_wire, 22, requests, sizeof requests);
	session_open(&s, &LIMITS);
	for (i = 0; i < 100 && s.wanted; i++)
		say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_false(s.wanted);
	assert_true(i < 30);
	assert_int_equal(proto_counts(s.p)->over_limit, 1);
	session_close(&s);
}

static void
test_hello_whose_lengths_lie(void **state)
{
	/* In an example_hello() behind record and message header: version, random, session, 16 ciphers. */
	enum { BLOCK_AT = 5 + 4 + 2 + 32 + 1 + 2 + 32 + 2 };
	static const uint8_t bad[] = { 22, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 1, 1 };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	session_open(&s, &LIMITS);
	say(&s, CLIENT, bad, sizeof bad, false);
	assert_int_equal(s.heard.clients, 0);
	assert_int_equal(proto_counts(s.p)->given_up[APP_TLS], 1);
	session_close(&s);

	/* The extension block ends within its last extension: the others are known. */
	clear_wires();
	add_client_hello(&client_wire, &h);
	client_wire.bytes[BLOCK_AT + 1] = (uint8_t)(client_wire.bytes[BLOCK_AT + 1] - 9);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_int_equal(s.heard.clients, 1);
	assert_memory_equal(s.heard.client.ja4, "t13d1515h2_", 11);
	session_close(&s);

	/* It claims more than there is. */
	client_wire.bytes[BLOCK_AT]++;
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_int_equal(s.heard.clients, 0);
	assert_int_equal(proto_counts(s.p)->given_up[APP_TLS], 1);
	session_close(&s);
}

/* ---- SSLv2 form, and what is told by the first bytes ---- */

static size_t
make_v2_hello(uint8_t *out)
{
	static const uint8_t head[] = { 0x80, 9 + 6 + 16, 1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 47, 0, 0, 53 };

	memset(out, 0, 33);
	memcpy(out, head, sizeof head);
	return 33;
}

static void
test_v2_hello(void **state)
{
	struct talk t = { .turns = 0 };
	struct session s;

	(void)state;
	clear_wires();
	client_wire.len = make_v2_hello(client_wire.bytes);
	add_server_hello(&server_wire, 0x0301, false);
	add_certificate(&server_wire, NULL, 1);
	add_turn(&t, CLIENT, &client_wire);
	add_turn(&t, SERVER, &server_wire);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_true(says(&s.heard, "client='769' best='769' sni=- alpn=- ja3='' ja4='' text=-"));
	assert_int_equal(s.heard.certificates, 1);
	assert_false(s.wanted);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

static enum guess
guess(const void *bytes, size_t len)
{
	return tls_row.guess(span_of(bytes, len), ORIGINATOR);
}

static void
test_guess(void **state)
{
	struct wire_hello h = example_hello();
	uint8_t v2[33];
	size_t len;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	for (len = 0; len <= 5; len++)
		assert_int_equal(guess(client_wire.bytes, len), GUESS_MORE);
	assert_int_equal(guess(client_wire.bytes, 6), GUESS_YES);
	assert_int_equal(guess(server_wire.bytes, server_wire.len), GUESS_YES);
	make_v2_hello(v2);
	for (len = 0; len < 11; len++)
		assert_int_equal(guess(v2, len), GUESS_MORE);
	assert_int_equal(guess(v2, 11), GUESS_YES);
	v2[2] = 4;
	assert_int_equal(guess(v2, 11), GUESS_NO);
	assert_int_equal(guess("GET / HTTP/1.1\r\n", 16), GUESS_NO);
	assert_int_equal(guess("SSH-2.0-x", 9), GUESS_NO);
	assert_int_equal(guess("\026\003\001\100\377\001", 6), GUESS_YES);
	assert_int_equal(guess("\026\003\001\177\377\001", 6), GUESS_NO);
	assert_int_equal(guess("\026\003\001\000\020\013", 6), GUESS_NO);
	assert_int_equal(guess("\026\376\375\000\000\000", 6), GUESS_NO);	/* DTLS */
	assert_int_equal(guess("\027\003\003\001\000", 5), GUESS_YES);
}

/* Through the table of protocols: told by content, and the flow is known as TLS. */
static void
test_a_dialogue_finds_tls(void **state)
{
	struct wire_hello h = example_hello();
	struct heard heard = { .len = 0 };
	struct flow flow = { .midway = false };
	struct stream_piece piece = { .flow = &flow, .ts_ns = 7, .from = ORIGINATOR };
	struct proto *p = proto_new(&LIMITS, hear, &heard);
	struct dialogue *d = dialogue_new(p);
	size_t i;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	for (i = 0; i < client_wire.len; i++) {
		piece.bytes = client_wire.bytes + i;
		piece.offset = i;
		piece.len = 1;
		assert_true(dialogue_piece(d, &piece));
	}
	assert_int_equal(heard.clients, 1);
	assert_int_equal(dialogue_app(d), APP_TLS);
	add_server_hello(&server_wire, 0x0304, false);
	piece.from = RESPONDER;
	piece.offset = 0;
	piece.bytes = server_wire.bytes;
	piece.len = server_wire.len;
	assert_false(dialogue_piece(d, &piece));
	assert_int_equal(heard.servers, 1);
	dialogue_free(d);
	proto_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls12_in_every_slicing),
		cmocka_unit_test(test_hashes_of_the_certificate),
		cmocka_unit_test(test_tls13_is_released_at_the_server_hello),
		cmocka_unit_test(test_hello_retry_request),
		cmocka_unit_test(test_second_hello_behind_early_data),
		cmocka_unit_test(test_records_and_messages_do_not_match),
		cmocka_unit_test(test_resumed_session_ends_at_change_cipher),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_one_side_alone),
		cmocka_unit_test(test_sides_exchanged),
		cmocka_unit_test(test_a_gap_ends_its_side_only),
		cmocka_unit_test(test_time_is_of_the_last_piece),
		cmocka_unit_test(test_malformed_certificate),
		cmocka_unit_test(test_damaged_certificates),
		cmocka_unit_test(test_empty_certificate_list),
		cmocka_unit_test(test_huge_hello_up_to_the_limit),
		cmocka_unit_test(test_no_room_for_texts),
		cmocka_unit_test(test_endless_handshake),
		cmocka_unit_test(test_hello_whose_lengths_lie),
		cmocka_unit_test(test_v2_hello),
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_a_dialogue_finds_tls),
	};

	if (!tls_warm_up())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
