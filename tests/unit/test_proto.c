/* Dialogues: recognition, giving up, counters. What messages say is tried by tests/talks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/http/http.h"
#include "proto/proto.h"
#include "message_text.h"

struct world {
	struct proto *p;
	struct dialogue *d;
	struct flow flow;
	struct flow_talk talk;
	uint64_t offset[2];
	unsigned messages;	/* others than of unknown protocols */
	char unknown[LINES_BYTES];
	double entropy[2];	/* of the last unknown one */
};

static void
count(void *to, const struct message *m)
{
	struct world *w = to;

	assert_ptr_equal(m->flow, &w->flow);
	if (m->kind == MESSAGE_PROTOCOL && m->protocol->app == APP_UNKNOWN) {
		put_message(w->unknown, m);
		memcpy(w->entropy, m->protocol->entropy, sizeof w->entropy);
	} else {
		w->messages++;
	}
}

static void
begin(struct world *w, bool midway)
{
	static const struct proto_limits limits = { .header_bytes = 4096, .handshake_bytes = 4096,
	    .flow_bytes = 16384 };

	memset(w, 0, sizeof *w);
	w->flow.midway = midway;
	w->flow.talk = &w->talk;
	w->p = proto_new(&limits, count, w);
	assert_non_null(w->p);
	w->d = dialogue_new(w->p);
	assert_non_null(w->d);
}

static void
end(struct world *w)
{
	dialogue_end(w->d, &w->flow, 1);
	dialogue_free(w->d);
	proto_free(w->p);
}

static bool
say(struct world *w, int from, const char *text)
{
	struct stream_piece p = { .flow = &w->flow, .ts_ns = 1, .from = from, .offset = w->offset[from],
	    .bytes = (const uint8_t *)text, .len = strlen(text) };

	w->offset[from] += p.len;
	return dialogue_piece(w->d, &p);
}

static bool
lose(struct world *w, int from, uint64_t len)
{
	struct stream_piece p = { .flow = &w->flow, .from = from, .gap = true,
	    .offset = w->offset[from], .len = len };

	w->offset[from] += len;
	return dialogue_piece(w->d, &p);
}

static void
test_unknown_at_once(void **state)
{
	struct world w;

	(void)state;
	begin(&w, false);
	assert_true(say(&w, RESPONDER, "MAGIC-1-server\r\n"));	/* both sides are wanted */
	assert_int_equal(proto_counts(w.p)->unknown, 1);
	assert_int_equal(dialogue_app(w.d), APP_UNKNOWN);
	assert_true(say(&w, RESPONDER, "more"));
	assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n"));
	assert_string_equal(w.unknown, "");
	assert_false(say(&w, RESPONDER, "HTTP/1.1 200 OK\r\n\r\n"));
	assert_string_equal(w.unknown, "protocol unknown asked=GET / HTTP/1.1\\x0d\\x0a\\x0d\\x0a "
	    "answered=MAGIC-1-server\\x0d\\x0amore\n");
	assert_int_equal(w.messages, 0);
	end(&w);
}

/* Whoever only talks is told before he has ended. */
static void
test_unknown_is_told_without_an_answer(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	begin(&w, false);
	for (i = 0; i < 5000 && say(&w, ORIGINATOR, "\x01\x02\x03\x04\x05\x06\x07\x08"); i++)
		;
	assert_in_range(i, 500, 3000);
	assert_int_equal(strncmp(w.unknown, "protocol unknown asked=\\x01", 27), 0);
	assert_null(strstr(w.unknown, "answered"));
	end(&w);

	begin(&w, false);	/* a pause ends the wait */
	assert_true(say(&w, ORIGINATOR, "\x01\x01, and this is no length"));
	dialogue_pause(w.d, &w.flow, 1);
	assert_false(dialogue_wants(w.d));
	assert_string_equal(w.unknown, "protocol unknown asked=\\x01\\x01, and this is no length\n");
	end(&w);

	begin(&w, false);	/* but not the wait for the first bytes */
	assert_true(say(&w, ORIGINATOR, "GE"));
	dialogue_pause(w.d, &w.flow, 1);
	assert_true(dialogue_wants(w.d));
	assert_true(say(&w, ORIGINATOR, "T / HTTP/1.1\r\n\r\n"));
	assert_int_equal(w.messages, 1);
	end(&w);
}

static void
test_counted_once(void **state)
{
	struct world w;

	(void)state;
	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, "GE"));
	dialogue_end(w.d, &w.flow, 1);
	dialogue_end(w.d, &w.flow, 1);
	assert_int_equal(proto_counts(w.p)->unknown, 1);
	end(&w);

	begin(&w, false);	/* a flow that never said anything is not unknown */
	dialogue_end(w.d, &w.flow, 1);
	assert_int_equal(proto_counts(w.p)->unknown, 0);
	end(&w);
}

static void
test_held_bytes_are_replayed(void **state)
{
	struct world w;

	(void)state;
	begin(&w, false);
	assert_true(say(&w, RESPONDER, "HTTP/1"));
	assert_int_equal(dialogue_app(w.d), APP_UNKNOWN);
	assert_true(say(&w, ORIGINATOR, "GET / HT"));
	assert_true(say(&w, ORIGINATOR, "TP/1.1\r\n\r\n"));
	assert_int_equal(dialogue_app(w.d), APP_HTTP);
	assert_int_equal(w.messages, 1);
	assert_true(say(&w, RESPONDER, ".1 200 OK\r\nContent-Length: 0\r\n\r\n"));
	assert_int_equal(w.messages, 2);
	assert_int_equal(proto_counts(w.p)->messages[MESSAGE_HTTP_RESPONSE], 1);
	end(&w);
}

static void
test_long_first_line(void **state)
{
	char text[3000];
	struct world w;
	size_t i;

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text, "GET /", 5);
	strcpy(text + sizeof text - 14, " HTTP/1.1\r\n\r\n");
	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, text));
	assert_int_equal(w.messages, 1);
	end(&w);

	begin(&w, false);	/* in tens */
	for (i = 0; i < sizeof text - 1; i += 10) {
		char part[11] = "";

		memcpy(part, text + i, sizeof text - 1 - i < 10 ? sizeof text - 1 - i : 10);
		assert_true(say(&w, ORIGINATOR, part));
	}
	assert_int_equal(w.messages, 1);
	end(&w);
}

static void
test_app_needs_a_message(void **state)
{
	static const char binary[] = "\x01\x02";
	char text[400];
	struct world w;

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text, "GET /", 5);
	strcpy(text + sizeof text - 10, " RTSP/1.0");
	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, text));
	assert_int_equal(dialogue_app(w.d), APP_HTTP);	/* so it looks */
	assert_true(say(&w, ORIGINATOR, "\r\n\r\n"));
	assert_false(say(&w, RESPONDER, binary));
	assert_int_equal(dialogue_app(w.d), APP_UNKNOWN);
	assert_int_equal(proto_counts(w.p)->given_up[APP_HTTP], 2);
	end(&w);

	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n"));
	assert_false(say(&w, RESPONDER, "HTTP/1.1 101 Switching\r\n\r\n"));
	assert_int_equal(dialogue_app(w.d), APP_HTTP);
	end(&w);
}

static void
test_midway_tries_are_bounded(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	begin(&w, true);
	for (i = 0; i < 20; i++) {
		assert_true(say(&w, ORIGINATOR, "\x01\x02\x03"));
		assert_true(say(&w, RESPONDER, "\x04\x05\x06"));
	}
	assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n"));
	assert_int_equal(w.messages, 1);
	end(&w);

	begin(&w, true);
	for (i = 0; i < 1000 && say(&w, ORIGINATOR, "\x01\x02\x03") && say(&w, RESPONDER, "\x04"); i++)
		;
	assert_true(i < 1000);
	assert_int_equal(proto_counts(w.p)->unknown, 1);
	end(&w);

	begin(&w, true);	/* one side only */
	for (i = 0; i < 5000 && say(&w, RESPONDER, "\x01\x02\x03"); i++)
		;
	assert_true(i < 5000);
	end(&w);
}

static void
test_gap_starts_over(void **state)
{
	struct world w;

	(void)state;
	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, "GET /lo"));
	assert_true(lose(&w, ORIGINATOR, 100));
	assert_true(say(&w, ORIGINATOR, "\x01 rest of it\r\n\r\n"));
	assert_true(say(&w, ORIGINATOR, "GET /2 HTTP/1.1\r\n\r\n"));
	assert_int_equal(w.messages, 1);
	end(&w);
}

static void
test_outstanding_overflow_is_counted(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	begin(&w, false);
	for (i = 0; i < HTTP_OUTSTANDING_MAX + 5; i++)
		assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n"));
	assert_int_equal(w.messages, HTTP_OUTSTANDING_MAX + 5);
	assert_int_equal(proto_counts(w.p)->http_unanswered, 5);
	end(&w);
}

static void
test_header_limit(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n"));
	for (i = 0; i < 1000 && proto_counts(w.p)->over_limit == 0; i++)
		assert_true(say(&w, ORIGINATOR, "X-Header: 0123456789\r\n"));
	assert_in_range(i, 100, 200);	/* 4096 bytes of 22 each */
	assert_int_equal(proto_counts(w.p)->malformed[APP_HTTP], 1);
	assert_int_equal(w.messages, 1);	/* what stood in its first bytes */
	assert_true(say(&w, RESPONDER, "HTTP/1.1 400 Bad\r\n\r\n"));
	assert_int_equal(w.messages, 2);
	end(&w);
}

/* Who strays from HTTP is waited for, but not for ever. */
static void
test_strays(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	begin(&w, false);
	for (i = 0; i < 15; i++) {
		assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n"));
		assert_true(say(&w, ORIGINATOR, "\x01\x02"));
	}
	assert_int_equal(w.messages, 15);
	assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n\x01"));
	assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n"));
	assert_int_equal(w.messages, 16);
	assert_int_equal(proto_counts(w.p)->given_up[APP_HTTP], 1);
	end(&w);

	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n"));
	assert_true(say(&w, RESPONDER, "HTTP/1.1 204 x\r\n\r\n\x01"));
	for (i = 0; i < 254; i++)
		assert_true(say(&w, ORIGINATOR, "\x01") && say(&w, RESPONDER, "\x01"));
	assert_true(say(&w, ORIGINATOR, "\x01") && say(&w, RESPONDER, "\x01"));
	assert_false(say(&w, ORIGINATOR, "\x01"));
	end(&w);
}

/* Who opens many connections and never ends a header must not fill the memory, nor silence who speaks. */
static void
test_the_idlest_gives_way(void **state)
{
	const struct proto_limits limits = { .header_bytes = 4096, .handshake_bytes = 4096,
	    .flow_bytes = 16384, .total_bytes = 10 * DIALOGUE_COST };
	struct dialogue *other[40];
	struct world w;
	unsigned i;

	(void)state;
	begin(&w, false);
	dialogue_free(w.d);
	proto_free(w.p);
	w.p = proto_new(&limits, count, &w);
	w.d = dialogue_new(w.p);
	for (i = 0; i < 40; i++) {
		struct stream_piece p = { .flow = &w.flow, .bytes = (const uint8_t *)"GET / HTTP/1.1\r\nX: ", .len = 19 };

		other[i] = dialogue_new(w.p);
		assert_true(dialogue_piece(other[i], &p));
		assert_true(proto_counts(w.p)->held_bytes <= limits.total_bytes);
		assert_true(say(&w, ORIGINATOR, "GET / HTTP/1.1\r\n\r\n"));
	}
	assert_int_equal(w.messages, 40);
	assert_in_range(proto_counts(w.p)->pushed_out, 30, 36);
	assert_false(dialogue_wants(other[0]));
	assert_true(dialogue_wants(other[39]));
	assert_true(dialogue_wants(w.d));
	for (i = 0; i < 40; i++)
		dialogue_free(other[i]);
	dialogue_free(w.d);
	assert_int_equal(proto_counts(w.p)->held_bytes, 0);
	proto_free(w.p);
}

static void
test_entropy_of_unknown_bytes(void **state)
{
	char text[1025];
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof text - 1; i++)
		text[i] = (char)(0x40 | (i & 15));
	text[i] = '\0';
	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, text));
	assert_false(say(&w, RESPONDER, text));
	assert_true(w.entropy[ORIGINATOR] > 3.999 && w.entropy[ORIGINATOR] < 4.001);
	assert_true(w.entropy[RESPONDER] > 3.999 && w.entropy[RESPONDER] < 4.001);
	end(&w);

	begin(&w, false);
	assert_true(say(&w, ORIGINATOR, "ppppppppppppppppppppppppppp"));
	end(&w);
	assert_string_equal(w.unknown, "protocol unknown asked=ppppppppppppppppppppppppppp\n");
	assert_true(w.entropy[ORIGINATOR] >= 0 && w.entropy[ORIGINATOR] < 0.001);
}

static void
send_datagram(struct world *w, struct dialogue **d, int from, const char *text)
{
	struct packet p = { .protocol = PROTO_UDP, .src_port = 40000, .dst_port = 4000,
	    .payload = (const uint8_t *)text, .payload_bytes = (uint32_t)strlen(text) };

	p.payload_wire_bytes = p.payload_bytes;
	w->flow.talk->payload_bytes[from] += p.payload_bytes;
	proto_datagram(w->p, d, &w->flow, from, &p);
}

static void
test_unknown_datagrams(void **state)
{
	struct dialogue *d = NULL;
	struct world w;

	(void)state;
	begin(&w, false);
	send_datagram(&w, &d, ORIGINATOR, "hello");
	send_datagram(&w, &d, RESPONDER, "an answer");
	send_datagram(&w, &d, ORIGINATOR, "again");
	assert_null(d);
	assert_string_equal(w.unknown, "protocol unknown asked=hello\n");
	assert_int_equal(proto_counts(w.p)->unknown, 1);
	assert_true(w.entropy[ORIGINATOR] > 1.9 && w.entropy[ORIGINATOR] < 2);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_at_once),
		cmocka_unit_test(test_unknown_is_told_without_an_answer),
		cmocka_unit_test(test_entropy_of_unknown_bytes),
		cmocka_unit_test(test_unknown_datagrams),
		cmocka_unit_test(test_counted_once),
		cmocka_unit_test(test_held_bytes_are_replayed),
		cmocka_unit_test(test_long_first_line),
		cmocka_unit_test(test_app_needs_a_message),
		cmocka_unit_test(test_midway_tries_are_bounded),
		cmocka_unit_test(test_gap_starts_over),
		cmocka_unit_test(test_outstanding_overflow_is_counted),
		cmocka_unit_test(test_header_limit),
		cmocka_unit_test(test_strays),
		cmocka_unit_test(test_the_idlest_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
