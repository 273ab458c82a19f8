#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/dns/dns.h"
#include "proto/dns/name.h"

enum { KEPT_MAX = 8 };

struct kept {
	unsigned count;
	struct dns_message message[KEPT_MAX];
	struct dns_answer answers[DNS_ANSWERS_MAX];	/* of the last one */
};

static void
keep(void *to, const struct message *m)
{
	struct kept *k = to;

	if (m->kind == MESSAGE_PROTOCOL) {
		assert_true(m->protocol->app == APP_DNS || m->protocol->app == APP_NBNS);
		return;
	}
	assert_int_equal(m->kind, MESSAGE_DNS);
	assert_true(k->count < KEPT_MAX);
	k->message[k->count++] = *m->dns;
	memcpy(k->answers, m->dns->answers, (m->dns->answers_count + m->dns->extras_count) * sizeof k->answers[0]);
}

struct world {
	struct proto *p;
	struct dialogue *dialogue;
	struct flow flow;
	struct kept kept;
};

static struct world *
world_new(void)
{
	static const struct proto_limits limits = { .header_bytes = 65536, .handshake_bytes = 65536,
	    .flow_bytes = 65536 };
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	w->p = proto_new(&limits, keep, &w->kept);
	assert_non_null(w->p);
	return w;
}

static void
world_free(struct world *w)
{
	proto_free(w->p);
	free(w);
}

static void
say(struct world *w, uint16_t port, const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);	/* exact, for sanitizers */
	struct packet p;

	memset(&p, 0, sizeof p);
	memcpy(copy, bytes, len);
	p.protocol = PROTO_UDP;
	p.src_port = 40000;
	p.dst_port = port;
	p.payload = copy;
	p.payload_bytes = p.payload_wire_bytes = (uint32_t)len;
	proto_datagram(w->p, &w->dialogue, &w->flow, ORIGINATOR, &p);
	free(copy);
}

#define QUERY "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" "\x03WwW\x04test\x00\x00\x01\x00\x01"

/* www.test: CNAME cdn.test (its tail a pointer), A, AAAA, MX, TXT; one NS; OPT */
#define ANSWER "\x12\x34\x85\x80\x00\x01\x00\x05\x00\x01\x00\x01" "\x03www\x04test\x00\x00\x01\x00\x01" \
	"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x06\x03" "CDN\xc0\x10" \
	"\xc0\x26\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07" \
	"\xc0\x26\x00\x1c\x00\x01\x00\x00\x00\x3c\x00\x10" \
	"\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" \
	"\xc0\x10\x00\x0f\x00\x01\x00\x00\x00\x3c\x00\x09\x00\x0a\x04mail\xc0\x10" \
	"\xc0\x10\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x03\x02hi" \
	"\xc0\x10\x00\x02\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x0c" \
	"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"

static void
test_query(void **state)
{
	struct world *w = world_new();
	const struct dns_message *m = w->kept.message;

	(void)state;
	say(w, 53, QUERY, sizeof QUERY - 1);
	assert_int_equal(w->kept.count, 1);
	assert_string_equal(m->question, "www.test");
	assert_int_equal(m->id, 0x1234);
	assert_int_equal(m->question_type, 1);
	assert_int_equal(m->question_class, 1);
	assert_false(m->response);
	assert_int_equal(m->flavour, DNS_UNICAST);
	assert_int_equal(proto_counts(w->p)->messages[MESSAGE_DNS], 1);
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	world_free(w);
}

static void
test_answer(void **state)
{
	struct world *w = world_new();
	const struct dns_message *m = w->kept.message;
	const struct dns_answer *a = w->kept.answers;
	static const uint8_t four[4] = { 192, 0, 2, 7 };
	struct addr v4 = addr_v4(four);

	(void)state;
	say(w, 53, ANSWER, sizeof ANSWER - 1);
	assert_int_equal(w->kept.count, 1);
	assert_true(m->response && m->authoritative && !m->truncated);
	assert_int_equal(m->answers_count, 5);
	assert_string_equal(a[0].name, "www.test");
	assert_string_equal(a[0].target, "cdn.test");
	assert_int_equal(a[0].ttl_sec, 60);
	assert_string_equal(a[1].name, "cdn.test");
	assert_true(addr_equal(&a[1].addr, &v4));
	assert_string_equal(a[1].target, "");
	assert_int_equal(a[2].type, 28);
	assert_int_equal(a[2].addr.b[15], 7);
	assert_string_equal(a[3].target, "mail.test");
	assert_int_equal(a[4].type, 16);
	assert_string_equal(a[4].target, "");
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	world_free(w);
}

#define HEADER(flags, answers, authorities, additionals) "\x12\x34" flags "\x00\x01\x00" answers "\x00" authorities "\x00" additionals
#define ASKS(type) "\x03www\x04test\x00\x00" type "\x00\x01"
#define RECORD(type, class, len) "\xc0\x0c\x00" type "\x00" class "\x00\x00\x00\x3c\x00" len

/* HTTPS: alias to svc.test with hints and ech; and itself (".") with one hint. */
#define SERVICE HEADER("\x81\x80", "\x02", "\x00", "\x00") ASKS("\x41") \
	RECORD("\x41", "\x01", "\x32") "\x00\x01\x03svc\x04test\x00" \
	"\x00\x04\x00\x08\xc0\x00\x02\x01\xc0\x00\x02\x02" "\x00\x05\x00\x02zz" \
	"\x00\x06\x00\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" \
	RECORD("\x41", "\x01", "\x0b") "\x00\x01\x00" "\x00\x04\x00\x04\xc0\x00\x02\x03"

static void
test_service(void **state)
{
	struct world *w = world_new();
	const struct dns_message *m = w->kept.message;
	const struct dns_answer *a = w->kept.answers;

	(void)state;
	say(w, 53, SERVICE, sizeof SERVICE - 1);
	assert_int_equal(w->kept.count, 1);
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	assert_int_equal(m->answers_count, 2);
	assert_string_equal(a[0].target, "svc.test");
	assert_true(a[0].ech && !a[1].ech && !a[0].hint);
	assert_int_equal(m->extras_count, 4);
	assert_string_equal(a[2].name, "svc.test");
	assert_int_equal(a[2].type, 1);
	assert_int_equal(a[3].addr.b[15], 2);
	assert_int_equal(a[4].type, 28);
	assert_string_equal(a[5].name, "www.test");
	assert_true(a[2].hint && a[5].hint);
	world_free(w);
}

/* What tunnels carry, and what EDNS says. */
#define PAYLOAD HEADER("\x81\x80", "\x04", "\x00", "\x01") ASKS("\x10") \
	RECORD("\x10", "\x01", "\x06") "\x05hello" RECORD("\x0a", "\x01", "\x03") "\x00\x01\x02" \
	"\xc0\x0c\xff\x00\x00\x01\x00\x00\x00\x3c\x00\x02zz" RECORD("\x02", "\x01", "\x02") "\xc0\x10" \
	"\x00\x00\x29\x04\xd0\x01\x00\x00\x00\x00\x00"

static void
test_payload_and_edns(void **state)
{
	struct world *w = world_new();
	const struct dns_message *m = w->kept.message;

	(void)state;
	say(w, 53, PAYLOAD, sizeof PAYLOAD - 1);
	assert_int_equal(w->kept.count, 1);
	assert_int_equal(m->odd_payload_bytes, 6 + 3 + 2);
	assert_true(m->edns);
	assert_int_equal(m->edns_udp_bytes, 1232);
	assert_int_equal(m->rcode, 16);		/* BADVERS: beyond the header's four bits */
	assert_int_equal(m->extras_count, 0);
	say(w, 53, QUERY, sizeof QUERY - 1);
	assert_false(m[1].edns);
	assert_int_equal(m[1].odd_payload_bytes, 0);
	world_free(w);
}

/* SRV answer; the host's address among the additional records, as mDNS does it. */
#define LOCATED HEADER("\x84\x00", "\x01", "\x00", "\x02") ASKS("\x21") \
	RECORD("\x21", "\x01", "\x0c") "\x00\x00\x00\x00\x00\x50\x03srv\xc0\x10" \
	"\x03srv\xc0\x10\x00\x01\x80\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x09" \
	"\x03srv\xc0\x10\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x02\x01x"

static void
test_additional(void **state)
{
	struct world *w = world_new();
	const struct dns_message *m = w->kept.message;
	const struct dns_answer *a = w->kept.answers;

	(void)state;
	say(w, 5353, LOCATED, sizeof LOCATED - 1);
	assert_int_equal(w->kept.count, 1);
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	assert_int_equal(m->answers_count, 1);
	assert_string_equal(a[0].target, "srv.test");
	assert_int_equal(m->extras_count, 1);
	assert_string_equal(a[1].name, "srv.test");
	assert_int_equal(a[1].addr.b[15], 9);
	assert_false(a[1].hint);
	assert_int_equal(m->odd_payload_bytes, 0);	/* answers alone are counted */
	world_free(w);
}

/* An update: its prerequisite has no data, what is to be added stands where authorities do. */
#define UPDATE "\x12\x34\x28\x00\x00\x01\x00\x01\x00\x01\x00\x00" "\x04test\x00\x00\x06\x00\x01" \
	"\x02pc\xc0\x0c\x00\x01\x00\xff\x00\x00\x00\x00\x00\x00" \
	"\x02pc\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x0a"

static void
test_update(void **state)
{
	struct world *w = world_new();
	const struct dns_message *m = w->kept.message;

	(void)state;
	say(w, 53, UPDATE, sizeof UPDATE - 1);
	assert_int_equal(w->kept.count, 1);
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	assert_int_equal(m->opcode, 5);
	assert_string_equal(m->question, "test");
	assert_int_equal(m->extras_count, 1);
	assert_string_equal(w->kept.answers[1].name, "pc.test");
	world_free(w);
}

/* More records than there is room for: all are walked over, none is written behind the last. */
static void
test_many_records(void **state)
{
	uint8_t bytes[2000];
	struct world *w = world_new();
	size_t used = sizeof HEADER("\x84\x00", "\x64", "\x00", "\x00") ASKS("\x01") - 1;
	unsigned i;

	(void)state;
	memcpy(bytes, HEADER("\x84\x00", "\x64", "\x00", "\x00") ASKS("\x01"), used);
	for (i = 0; i < 100; i++, used += 16)
		memcpy(bytes + used, RECORD("\x01", "\x01", "\x04") "\xc0\x00\x02\x09", 16);
	say(w, 53, bytes, used);
	assert_int_equal(w->kept.message[0].answers_count, DNS_ANSWERS_MAX);
	bytes[7] = 10;		/* the rest stands among the additional records */
	bytes[11] = 90;
	say(w, 53, bytes, used);
	assert_int_equal(w->kept.message[1].answers_count, 10);
	assert_int_equal(w->kept.message[1].extras_count, DNS_ANSWERS_MAX - 10);
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	world_free(w);
}

/* Whatever is missing at the end: nothing is read behind it, the question stands. */
static void
test_others_cut_at_every_byte(void **state)
{
	static const struct { const char *bytes; size_t len; } all[] = {
		{ SERVICE, sizeof SERVICE - 1 }, { PAYLOAD, sizeof PAYLOAD - 1 },
		{ LOCATED, sizeof LOCATED - 1 }, { UPDATE, sizeof UPDATE - 1 },
	};
	struct world *w;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof all / sizeof all[0]; i++)
		for (len = 26; len < all[i].len; len++) {
			w = world_new();
			say(w, 53, all[i].bytes, len);
			assert_int_equal(w->kept.count, 1);
			assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 1);
			world_free(w);
		}
}

/* The question is told as soon as it is whole; answers as far as they go. */
static void
test_cut_at_every_byte(void **state)
{
	static const size_t question_end = sizeof QUERY - 1;
	struct world *w;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof ANSWER - 1; len++) {
		w = world_new();
		say(w, 53, ANSWER, len);
		assert_int_equal(w->kept.count, len >= question_end ? 1 : 0);
		assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], len >= 12 ? 1 : 0);
		if (len >= question_end)
			assert_string_equal(w->kept.message[0].question, "www.test");
		world_free(w);
	}
}

/* On a port of its own DNS must be flawless, and what is not stays silent and uncounted. */
static void
test_other_port(void **state)
{
	static const char extra[] = QUERY "x";
	struct world *w = world_new();
	char odd[sizeof QUERY];

	(void)state;
	say(w, 4000, QUERY, sizeof QUERY - 1);
	say(w, 4000, ANSWER, sizeof ANSWER - 1);
	assert_int_equal(w->kept.count, 2);
	say(w, 4000, extra, sizeof extra - 1);
	say(w, 4000, QUERY, sizeof QUERY - 2);
	memcpy(odd, QUERY, sizeof odd);
	odd[sizeof QUERY - 2] = 7;	/* class */
	say(w, 4000, odd, sizeof odd - 1);
	say(w, 137, QUERY, sizeof QUERY - 1);
	assert_int_equal(w->kept.count, 2);
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	world_free(w);
}

static void
test_multicast(void **state)
{
	char mdns[sizeof QUERY];
	struct world *w = world_new();

	(void)state;
	memcpy(mdns, QUERY, sizeof mdns);
	mdns[sizeof QUERY - 3] = (char)0x80;	/* wants a unicast answer */
	say(w, 5353, mdns, sizeof mdns - 1);
	assert_int_equal(w->kept.count, 1);
	assert_int_equal(w->kept.message[0].flavour, DNS_MDNS);
	assert_int_equal(w->kept.message[0].question_class, 1);
	world_free(w);
}

static void
test_snapped(void **state)
{
	struct world *w = world_new();
	struct packet p;

	(void)state;
	memset(&p, 0, sizeof p);
	p.protocol = PROTO_UDP;
	p.dst_port = 53;
	p.payload = (const uint8_t *)ANSWER;
	p.payload_bytes = 60;
	p.payload_wire_bytes = sizeof ANSWER - 1;
	proto_datagram(w->p, &w->dialogue, &w->flow, RESPONDER, &p);
	assert_int_equal(w->kept.count, 1);
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	p.flags = PACKET_BAD_CHECKSUM;
	proto_datagram(w->p, &w->dialogue, &w->flow, RESPONDER, &p);
	assert_int_equal(w->kept.count, 1);
	world_free(w);
}

static bool
name_of(const void *bytes, size_t len, size_t at, char text[DNS_NAME_MAX])
{
	struct span whole = span_of(bytes, len), in = whole;

	span_skip(&in, at);
	return dns_name(whole, &in, text);
}

#define NAME(wire, at) name_of(wire, sizeof wire - 1, at, text)

static void
test_names(void **state)
{
	char text[DNS_NAME_MAX];

	(void)state;
	assert_true(NAME("\x00", 0));
	assert_string_equal(text, "");
	assert_true(NAME("\x06" "a.b\\ \xff\x01z\x00", 0));
	assert_string_equal(text, "a\\046b\\092\\032\\255.z");
	assert_true(NAME("\x01x\x00\x01y\xc0\x00\x01z\xc0\x03", 7));
	assert_string_equal(text, "z.y.x");
	assert_false(NAME("", 0));
	assert_false(NAME("\x03" "ab", 0));
	assert_false(NAME("\x01" "a", 0));
	assert_false(NAME("\xc0", 0));
	assert_false(NAME("\xc0\x00", 0));		/* to itself */
	assert_false(NAME("\xc0\x02\x01" "a\x00", 0));	/* forwards */
	assert_false(NAME("\x01" "a\xc0\x00", 0));	/* in a circle */
	assert_false(NAME("\x01" "a\xc0\x00", 2));
	assert_false(NAME("\x40" "a\x00", 0));
}

static void
test_long_names(void **state)
{
	uint8_t wire[400];
	char text[DNS_NAME_MAX];
	size_t i;

	(void)state;
	memset(wire, 'a', sizeof wire);
	for (i = 0; i < 4; i++)
		wire[i * 62] = 61;
	wire[4 * 62] = 0;
	assert_true(name_of(wire, sizeof wire, 0, text));	/* 249 bytes */
	assert_int_equal(strlen(text), 4 * 62 - 1);
	wire[4 * 62] = 7;
	wire[4 * 62 + 8] = 0;
	assert_false(name_of(wire, sizeof wire, 0, text));	/* 257 */

	/* Three labels of 60 odd bytes: 3 * 240 + 2 characters, all of them kept. */
	memset(wire, 0xe9, sizeof wire);
	wire[0] = wire[61] = wire[122] = 60;
	memcpy(wire + 183, "\x04zone\x00", 6);
	assert_true(name_of(wire, sizeof wire, 0, text));
	assert_int_equal(strlen(text), 3 * 240 + 2 + 5);
	assert_string_equal(text + 3 * 240 + 2, ".zone");
	assert_memory_equal(text, "\\233\\233", 8);
}

static bool
piece(struct world *w, void *reader, int from, const void *bytes, size_t len)
{
	struct stream_piece p = { .flow = &w->flow, .from = from, .bytes = bytes, .len = len };

	return len == 0 || dns_row.piece(reader, &p);
}

#define FRAMED_QUERY "\x00\x1a" QUERY

static void
test_stream_split(void **state)
{
	static const char two[] = FRAMED_QUERY FRAMED_QUERY;
	struct world *w;
	void *reader;
	size_t at;

	(void)state;
	assert_int_equal(sizeof QUERY - 1, 0x1a);
	for (at = 0; at < sizeof two - 1; at++) {
		w = world_new();
		reader = dns_row.open(w->p);
		assert_true(piece(w, reader, ORIGINATOR, two, at));
		assert_true(piece(w, reader, ORIGINATOR, two + at, sizeof two - 1 - at));
		assert_int_equal(w->kept.count, 2);
		assert_string_equal(w->kept.message[1].question, "www.test");
		dns_row.close(reader);
		world_free(w);
	}
}

/* A zone transfer (RFC 5936): only the first of its messages has the question. */
#define TRANSFER "\x00\x2a" HEADER("\x84\x00", "\x01", "\x00", "\x00") ASKS("\xfc") RECORD("\x01", "\x01", "\x04") "\xc0\x00\x02\x09" \
	"\x00\x1f" "\x12\x34\x84\x00\x00\x00\x00\x01\x00\x00\x00\x00" "\x01" "a\x00\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x0b" "++"

static void
test_transfer(void **state)
{
	static const char bytes[] = TRANSFER;
	struct world *w = world_new();
	void *reader = dns_row.open(w->p);
	size_t at;

	(void)state;
	for (at = 0; at < sizeof bytes - 1; at++)
		assert_true(piece(w, reader, RESPONDER, bytes + at, 1));
	assert_int_equal(w->kept.count, 2);
	assert_int_equal(w->kept.message[0].question_type, 252);
	assert_string_equal(w->kept.message[1].question, "");
	assert_string_equal(w->kept.answers[0].name, "a");
	assert_int_equal(proto_counts(w->p)->malformed[APP_DNS], 0);
	dns_row.close(reader);
	world_free(w);
}

static void
test_stream_gap(void **state)
{
	struct world *w = world_new();
	void *reader = dns_row.open(w->p);
	struct stream_piece gap = { .flow = &w->flow, .from = ORIGINATOR, .gap = true, .len = 5 };

	(void)state;
	assert_true(dns_row.piece(reader, &gap));
	assert_true(piece(w, reader, ORIGINATOR, FRAMED_QUERY, sizeof FRAMED_QUERY - 1));
	assert_int_equal(w->kept.count, 0);
	assert_true(piece(w, reader, RESPONDER, FRAMED_QUERY, sizeof FRAMED_QUERY - 1));
	assert_int_equal(w->kept.count, 1);
	gap.from = RESPONDER;
	assert_false(dns_row.piece(reader, &gap));
	dns_row.close(reader);
	world_free(w);
}

static void
test_stream_guess(void **state)
{
	size_t len;

	(void)state;
	for (len = 0; len < sizeof FRAMED_QUERY - 1; len++)
		assert_int_equal(dns_row.guess(span_of(FRAMED_QUERY, len), ORIGINATOR), GUESS_MORE);
	assert_int_equal(dns_row.guess(span_of(FRAMED_QUERY, len), ORIGINATOR), GUESS_YES);
	assert_int_equal(dns_row.guess(span_text("GET /index.html HTTP/1.1\r\n"), ORIGINATOR), GUESS_NO);
	assert_int_equal(dns_row.guess(span_of("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x11\x22\x33\x44", 15),
	    ORIGINATOR), GUESS_NO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_answer), cmocka_unit_test(test_service), cmocka_unit_test(test_payload_and_edns),
		cmocka_unit_test(test_additional), cmocka_unit_test(test_update), cmocka_unit_test(test_many_records),
		cmocka_unit_test(test_others_cut_at_every_byte), cmocka_unit_test(test_transfer),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_other_port),
		cmocka_unit_test(test_multicast),
		cmocka_unit_test(test_snapped),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_stream_split),
		cmocka_unit_test(test_stream_gap),
		cmocka_unit_test(test_stream_guess),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
