#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pipeline_rig.h"

#define REQUEST "GET /a HTTP/1.1\r\nHost: c2.example\r\n\r\n"
#define ANSWER "HTTP/1.1 204 No Content\r\n\r\n"

/* One question, one answer. */
static void
exchange(struct rig_talk *t, int64_t ms)
{
	rig_handshake(t, ms);
	rig_say(t, ms + 10, 0, REQUEST);
	rig_say(t, ms + 20, 1, ANSWER);
}

static void
an_http_exchange_from_frame_to_observation(void **state)
{
	struct rig_talk t = rig_talk(1, 80);
	const struct observation *o;

	(void)state;
	exchange(&t, 0);
	rig_close(&t, 30);
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 1);
	assert_int_equal(rig_count(OBSERVE_HTTP), 2);
	assert_int_equal(rig_count(OBSERVE_FLOW), 1);
	o = rig_found(OBSERVE_CONTACT, 0);
	rig_assert_text(o, TEXT_SERVICE, "c2.example");
	assert_int_equal(o->ts_ns, RIG_START_NS);
	assert_int_equal(o->host_side, ORIGINATOR);
	o = rig_found(OBSERVE_FLOW, 0);
	assert_int_equal(o->flow_state, FLOW_CLOSED);
	assert_int_equal(o->packets[0], 5);
	assert_int_equal(o->packets[1], 3);
	assert_int_equal(o->payload_bytes[0], sizeof REQUEST - 1);
	assert_int_equal(o->payload_bytes[1], sizeof ANSWER - 1);
	assert_int_equal(o->missed_bytes[0], 0);
}

/* ---- bytes that are sent again, and are others ---- */

#define OTHER_REQUEST "GET /b HTTP/1.1\r\nHost: ok.example\r\n\r\n"

static void
another_request_in_the_same_place_is_told_once(void **state)
{
	struct rig_talk t = rig_talk(1, 80);
	const struct observation *o;
	struct pipeline_counts c;

	(void)state;
	rig_handshake(&t, 0);
	rig_say(&t, 10, 0, REQUEST);
	rig_segment(&t, 15, 0, TCP_ACK | TCP_PSH, t.seq[0] - (uint32_t)strlen(REQUEST), OTHER_REQUEST);
	rig_segment(&t, 16, 0, TCP_ACK | TCP_PSH, t.seq[0] - (uint32_t)strlen(REQUEST), OTHER_REQUEST);
	c = rig_run_all();
	assert_int_equal(c.reassembly.differing_segments, 2);
	assert_int_equal(c.witness.differing_flows, 1);
	assert_int_equal(rig_count(OBSERVE_EVASION), 1);
	o = rig_found(OBSERVE_EVASION, 0);
	assert_int_equal(o->ts_ns, RIG_START_NS + 15 * 1000000);
	assert_int_equal(o->count, strlen(OTHER_REQUEST));
	assert_int_equal(o->flags & OBSERVED_RESPONSE, 0);
	rig_assert_text(o, TEXT_SERVICE, "c2.example");
	assert_int_equal(o->body_bytes, 0);
	assert_int_equal(o->count, 37);
	rig_assert_text(rig_found(OBSERVE_CONTACT, 0), TEXT_SERVICE, "c2.example");
}

/* The same, but the host dropped the second copy, whose checksum is wrong; or nobody can say which is right. */
static void
damaged_copies_are_no_evasion(void **state)
{
	(void)state;
	for (unsigned twin = 0; twin < 2; twin++) {
		struct rig_talk t = rig_talk(1 + twin, 80);

		t.wrong[0] = twin;
		rig_handshake(&t, 0);
		rig_say(&t, 10, 0, REQUEST);
		t.wrong[0] = 1;
		rig_segment(&t, 15, 0, TCP_ACK | TCP_PSH, t.seq[0] - (uint32_t)strlen(REQUEST),
		    OTHER_REQUEST);
		t.wrong[0] = twin;
		rig_segment(&t, 20, 0, TCP_ACK | TCP_PSH, t.seq[0] - (uint32_t)strlen(REQUEST),
		    REQUEST);
		rig_say(&t, 30, 1, ANSWER);
	}
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_EVASION), 0);
	assert_int_equal(rig_count(OBSERVE_CONTACT), 2);
}

/* ---- checksums ---- */

/* Bytes that the server never gets must not become the stream's. */
static void
wrong_segments_in_a_good_flow_are_ignored(void **state)
{
	struct rig_talk t = rig_talk(1, 80);

	(void)state;
	rig_handshake(&t, 0);
	t.wrong[0] = 1;
	rig_segment(&t, 5, 0, TCP_ACK | TCP_PSH, t.seq[0], "GET /b HTTP/1.1\r\nHost: ok.example\r\n\r\n");
	rig_segment(&t, 6, 0, TCP_RST, t.seq[0], "");
	t.wrong[0] = 0;
	rig_say(&t, 10, 0, REQUEST);
	t.wrong[1] = 7;
	rig_segment(&t, 15, 1, TCP_ACK, t.seq[1], "HTTP/1.1 500 No\r\n\r\n");
	t.wrong[1] = 0;
	rig_say(&t, 20, 1, ANSWER);
	assert_int_equal(rig_run_all().decode.bad_checksum, 3);
	assert_int_equal(rig_count(OBSERVE_HTTP), 2);
	rig_assert_text(rig_found(OBSERVE_HTTP, 0), TEXT_URL, "c2.example/a");
	assert_int_equal(rig_found(OBSERVE_HTTP, 1)->status, 204);
	assert_int_equal(rig_found(OBSERVE_FLOW, 0)->flow_state, FLOW_ESTABLISHED);
}

/* Before the first right one they would have been believed: a right SYN makes a clean start. */
static void
wrong_segments_ahead_of_the_handshake_are_ignored(void **state)
{
	struct rig_talk t = rig_talk(1, 80);

	(void)state;
	t.wrong[0] = 1;
	rig_segment(&t, 0, 0, TCP_ACK | TCP_PSH, t.seq[0] + 1, "GET /b HTTP/1.1\r\nHost: ok.example\r\n\r\n");
	t.wrong[0] = 0;
	exchange(&t, 5);
	rig_run_all();
	rig_assert_text(rig_found(OBSERVE_HTTP, rig_count(OBSERVE_HTTP) - 2), TEXT_URL, "c2.example/a");
}

static void
a_flow_that_is_all_wrong_is_read(void **state)
{
	struct rig_talk t = rig_talk(1, 80);
	struct pipeline_counts counts;

	(void)state;
	t.wrong[0] = 77;
	t.wrong[1] = 3;
	exchange(&t, 0);
	rig_close(&t, 30);
	counts = rig_run_all();
	assert_int_equal(rig_count(OBSERVE_HTTP), 2);
	assert_int_equal(rig_found(OBSERVE_FLOW, 0)->flow_state, FLOW_CLOSED);
	assert_int_equal(counts.decode.bad_checksum, 8);
	assert_int_equal(counts.flow.doubted, 8);
}

static void
one_side_may_be_all_wrong(void **state)
{
	struct rig_talk t = rig_talk(1, 80);

	(void)state;
	t.wrong[1] = 3;
	exchange(&t, 0);
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_HTTP), 2);
}

static void
strict_means_strict(void **state)
{
	struct rig_talk t = rig_talk(1, 80);

	(void)state;
	t.wrong[0] = t.wrong[1] = 3;
	exchange(&t, 0);
	rig_config.decode.checksum = CHECKSUM_STRICT;
	assert_int_equal(rig_run_all().flow.doubted, 0);
	assert_int_equal(rig_count(OBSERVE_HTTP), 0);
	assert_int_equal(rig_count(OBSERVE_FLOW), 1);
}

static const char question[] = "\0\7\1\0\0\1\0\0\0\0\0\0\2c2\7example\0\0\1\0\1";

static void
wrong_datagrams_follow_the_same_rule(void **state)
{
	struct rig_talk good = rig_talk(1, 53), bad = rig_talk(2, 53);

	(void)state;
	bad.wrong[0] = 5;
	rig_datagram(&bad, 0, 0, question, sizeof question - 1);
	rig_datagram(&bad, 1, 0, question, sizeof question - 1);
	rig_datagram(&good, 2, 0, question, sizeof question - 1);
	good.wrong[0] = 5;
	rig_datagram(&good, 3, 0, question, sizeof question - 1);
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_DNS), 3);
	rig_assert_text(rig_found(OBSERVE_DNS, 2), TEXT_SERVICE, "c2.example");
}

/* ---- contacts in a connection that stays open ---- */

static void
bursts_after_a_pause_are_contacts(void **state)
{
	struct rig_talk t = rig_talk(1, 4444);

	(void)state;
	rig_handshake(&t, 0);
	rig_say(&t, 10, 0, "\1\1\1hello");
	rig_say(&t, 20, 1, "\1\1\1hello to you");
	rig_say(&t, 10000, 0, "\1\1\1ping");
	rig_say(&t, 10100, 0, "\1\1\1more of it");
	rig_say(&t, 20000, 0, "\1\1\1ping");
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 3);
	assert_int_equal(rig_found(OBSERVE_CONTACT, 2)->ts_ns, RIG_START_NS + 20000 * INT64_C(1000000));
	assert_int_equal(rig_found(OBSERVE_CONTACT, 2)->burst, 1);
}

/* An hour with a word every quarter, limit a quarter: at 15, 30 and 60 minutes. Keep-alives count as well as words. */
static void
what_stays_open_is_told(void **state)
{
	struct rig_talk t = rig_talk(1, 4444), brief = rig_talk(2, 4444);
	const struct observation *o;
	int i;

	(void)state;
	rig_config.beacon_lasting_sec = 900;
	rig_handshake(&t, 0);
	rig_say(&t, 10, 0, "x");
	rig_say(&t, 20, 1, "y");
	rig_handshake(&brief, 30);
	rig_say(&brief, 899000, 0, "x");
	for (i = 1; i <= 4; i++)
		rig_segment(&t, i * 900000 + 5, i % 2, TCP_ACK, t.seq[i % 2], "");
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_LASTING), 3);
	o = rig_found(OBSERVE_LASTING, 1);
	assert_int_equal(o->ts_ns - o->flow_first_ns, 1800005 * (int64_t)1000000);
	assert_int_equal(o->key.port[1], 4444);
}

static void
what_stays_open_is_not_told_unless_asked(void **state)
{
	struct rig_talk t = rig_talk(1, 4444);

	(void)state;
	rig_config.beacon_lasting_sec = 0;
	rig_config.flow.tcp_established_sec = 604800;
	rig_handshake(&t, 0);
	rig_say(&t, 10, 0, "x");
	rig_say(&t, 500000000, 0, "x");
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_LASTING), 0);
}

/* SYNs that nobody answers; once somebody does, the rest is not told. */
static void
what_nobody_answers_is_told(void **state)
{
	struct rig_talk t = rig_talk(1, 80), answered = rig_talk(2, 80);
	const struct observation *o;
	int i;

	(void)state;
	rig_segment(&answered, 0, 0, TCP_SYN, 1000, "");
	rig_segment(&answered, 1, 1, TCP_SYN | TCP_ACK, 2000, "");
	for (i = 0; i < 20000; i++) {
		rig_segment(&t, 10 + i, 0, TCP_SYN, 1000, "");
		rig_segment(&answered, 10 + i, 0, TCP_SYN, 1000, "");
	}
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_UNANSWERED), 2);
	o = rig_found(OBSERVE_UNANSWERED, 1);
	assert_int_equal(o->packets[0], 16384);
	assert_int_equal(o->packets[1], 0);
}

/* TCP's own keep-alive (RFC 9293, 3.8.4) and repetitions are no word of the client's, however long the pause. */
static void
keep_alives_are_no_contacts(void **state)
{
	struct rig_talk t = rig_talk(1, 4444);
	unsigned i;

	(void)state;
	rig_handshake(&t, 0);
	rig_say(&t, 10, 0, "\1\1\1hello");
	rig_say(&t, 20, 1, "\1\1\1hello to you");
	rig_say(&t, 10000, 0, "\1\1\1ping");
	rig_segment(&t, 10300, 0, TCP_ACK | TCP_PSH, t.seq[0] - 7, "\1\1\1ping");
	for (i = 1; i < 9; i++)
		rig_segment(&t, 10000 + i * 45000, 0, TCP_ACK, t.seq[0] - 1, "g");
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 2);
}

static void
requests_after_a_pause_are_contacts(void **state)
{
	struct rig_talk t = rig_talk(1, 80);
	unsigned i;

	(void)state;
	rig_handshake(&t, 0);
	for (i = 0; i < 4; i++) {
		rig_say(&t, i * 10000 + 10, 0, REQUEST);
		rig_say(&t, i * 10000 + 20, 1, ANSWER);
		rig_say(&t, i * 10000 + 50, 0, REQUEST);	/* no pause before this one */
		rig_say(&t, i * 10000 + 60, 1, ANSWER);
	}
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 4);
	assert_int_equal(rig_count(OBSERVE_HTTP), 16);
}

/* The pause was before the header's first byte; its last comes with a later segment. */
static void
a_request_in_two_segments_is_a_contact(void **state)
{
	struct rig_talk t = rig_talk(1, 80);
	unsigned i;

	(void)state;
	rig_handshake(&t, 0);
	for (i = 0; i < 4; i++) {
		rig_say(&t, i * 10000 + 10, 0, "GET /a HTTP/1.1\r\nHost: c2.");
		rig_say(&t, i * 10000 + 15, 0, "example\r\n\r\n");
		rig_say(&t, i * 10000 + 20, 1, ANSWER);
	}
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 4);
}

/* Behind "101 Switching Protocols" (WebSocket) no request is whole ever again. */
static void
bursts_in_a_switched_connection_are_contacts(void **state)
{
	struct rig_talk t = rig_talk(1, 80);
	unsigned i;

	(void)state;
	rig_handshake(&t, 0);
	rig_say(&t, 10, 0, "GET /ws HTTP/1.1\r\nHost: c2.example\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
	rig_say(&t, 20, 1, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
	for (i = 1; i < 5; i++) {
		rig_say(&t, i * 10000, 0, "\x82\4ping");
		rig_say(&t, i * 10000 + 20, 1, "\x82\4pong");
	}
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 5);
	rig_assert_text(rig_found(OBSERVE_CONTACT, 4), TEXT_SERVICE, "c2.example");
}

/* ---- timers ---- */

/* A beacon in a connection that stays open is idle longest: when its stream gives way, it is heard all the same. */
static void
bursts_without_a_stream_are_contacts(void **state)
{
	struct rig_talk t = rig_talk(1, 80), other = rig_talk(2, 80);
	unsigned i;

	(void)state;
	rig_config.reassembly.max_streams = 1;
	rig_handshake(&t, 0);
	rig_say(&t, 10, 0, REQUEST);
	rig_say(&t, 20, 1, ANSWER);
	exchange(&other, 100);
	for (i = 1; i < 5; i++) {
		rig_say(&t, 10 + i * 10000, 0, REQUEST);
		rig_say(&t, 20 + i * 10000, 1, ANSWER);
	}
	rig_run_all();
	assert_int_equal(rig_count(OBSERVE_CONTACT), 6);
	rig_assert_text(rig_found(OBSERVE_CONTACT, 5), TEXT_SERVICE, "c2.example");
}

/* It is clear with its first bytes that no name will come; what the other side says is told when it is said. */
static void
what_nobody_knows_is_a_contact_at_once(void **state)
{
	struct rig_talk t = rig_talk(1, 4444), u = rig_talk(2, 4444);

	(void)state;
	rig_handshake(&t, 0);
	rig_say(&t, 50, ORIGINATOR, "\x07\x99 whatever this is");
	rig_say(&t, 90, RESPONDER, "\x08\x99 an answer");
	rig_close(&t, 120);
	rig_handshake(&u, 200);
	rig_close(&u, 300);
	rig_say(&t, 60000, ORIGINATOR, "later");
	rig_run_all();
	assert_int_equal(rig_found(OBSERVE_CONTACT, 0)->ordinal, 4);
	assert_int_equal(rig_found(OBSERVE_CONTACT, 0)->ts_ns, RIG_START_NS);
	assert_int_equal(rig_found(OBSERVE_UNKNOWN, 0)->flow_ordinal, 1);
	/* Of one that said nothing there may be more to hear until its flow ends. */
	assert_int_equal(rig_found(OBSERVE_CONTACT, 1)->phase, PHASE_FLOW_END);
	assert_true(rig_found(OBSERVE_CONTACT, 1)->ts_ns == RIG_START_NS + 200 * INT64_C(1000000));
}

static void
a_timer_tells_its_own_time(void **state)
{
	struct rig_talk t = rig_talk(1, 80), other = rig_talk(2, 53);
	const struct observation *o;

	(void)state;
	exchange(&t, 0);
	rig_close(&t, 30);
	rig_datagram(&other, 90000, 0, question, sizeof question - 1);
	rig_run_all();
	o = rig_found(OBSERVE_FLOW, 0);
	assert_int_equal(o->flow_end, FLOW_END_CLOSED);
	assert_int_equal(o->ts_ns, RIG_START_NS + 30 * INT64_C(1000000) + rig_config.flow.tcp_closed_sec * NS_PER_SEC);
	assert_int_equal(o->deadline_ns, o->ts_ns);
	assert_int_equal(o->ordinal, rig_input.count);
}

static void
a_hole_is_given_up_in_its_time(void **state)
{
	struct rig_talk t = rig_talk(1, 80), other = rig_talk(2, 53);
	const struct observation *o;

	(void)state;
	rig_handshake(&t, 0);
	t.seq[0] += 100;		/* a request that was not captured */
	rig_say(&t, 20, 0, REQUEST);
	rig_segment(&t, 30, 1, TCP_ACK, t.seq[1], "");
	rig_datagram(&other, 9000, 0, question, sizeof question - 1);
	rig_run_all();
	o = rig_found(OBSERVE_HTTP, 0);
	assert_int_equal(o->phase, PHASE_HOLE);
	assert_int_equal(o->ts_ns, RIG_START_NS + 2030 * INT64_C(1000000));
	assert_int_equal(o->ordinal, rig_input.count);
	assert_int_equal(rig_found(OBSERVE_FLOW, 0)->missed_bytes[ORIGINATOR], 100);
}

static void
idle_time_runs_the_timers(void **state)
{
	const struct pipeline_options options = { .config = &rig_config, .shard = 0, .shards = 1 };
	struct rig_talk t = rig_talk(1, 53);
	struct pipeline *p;

	(void)state;
	rig_datagram(&t, 0, 0, question, sizeof question - 1);
	p = pipeline_new(&options, rig_keep, &rig_kept);
	assert_non_null(p);
	pipeline_frame(p, &rig_input.frame[0].f);
	pipeline_idle(p, RIG_START_NS + (rig_config.flow.udp_sec - 1) * NS_PER_SEC);
	assert_int_equal(rig_count(OBSERVE_FLOW), 0);
	pipeline_idle(p, RIG_START_NS + rig_config.flow.udp_sec * NS_PER_SEC);
	assert_int_equal(rig_count(OBSERVE_FLOW), 1);
	pipeline_idle(p, RIG_START_NS);	/* a clock set back does nothing */
	pipeline_free(p);
	assert_int_equal(rig_count(OBSERVE_FLOW), 1);
}

/* ---- shards, order, ceilings ---- */

/* Many at once: web, DNS, streams with holes, silence, closed and open ends. */
static void
make_traffic(unsigned talks)
{
	static struct rig_talk t[400];
	unsigned i, round;

	assert_true(talks <= sizeof t / sizeof t[0]);
	for (i = 0; i < talks; i++)
		t[i] = rig_talk(i, i % 3 == 0 ? 53 : i % 3 == 1 ? 80 : 4444);
	for (round = 0; round < 4; round++)
		for (i = 0; i < talks; i++) {
			int64_t ms = round * 9000 + i * 3;

			if (i % 3 == 0) {
				rig_datagram(&t[i], ms, 0, question, sizeof question - 1);
				continue;
			}
			if (round == 0)
				rig_handshake(&t[i], ms);
			if (i % 5 == round)
				t[i].seq[0] += 50;
			rig_say(&t[i], ms + 1, 0, i % 3 == 1 ? REQUEST : "\1\2\3\4");
			if (i % 2 == 0)
				rig_say(&t[i], ms + 2, 1, ANSWER);
			if (round == 3 && i % 7 < 4)
				rig_close(&t[i], ms + 3);
		}
}

static void
assert_strictly_ordered(const struct rig_kept *k)
{
	unsigned i;

	for (i = 1; i < k->count; i++)
		if (observation_order(k->o[i - 1], k->o[i]) >= 0)
			fail_msg("observation %u of %u does not come behind the one before", i, k->count);
}

/* All but what counts within one worker. */
static void
assert_same(const struct observation *a, const struct observation *b)
{
	struct observation x = *a, y = *b;

	x.index = y.index = 0;
	assert_memory_equal(&x, &y, sizeof x);
	assert_memory_equal(a + 1, b + 1, a->bytes - sizeof *a);
}

/* A stretch of frames from the future stops the timers for so many frames behind it, no longer. */
static void
a_clock_that_ran_ahead_is_set_back(void **state)
{
	const int64_t year_ms = 365LL * 86400 * 1000;
	struct rig_talk t = rig_talk(1, 5000), other = rig_talk(2, 5000);
	struct pipeline_counts counts;
	unsigned i;

	(void)state;
	for (i = 0; i < 3; i++)
		rig_datagram(&other, year_ms + i, 0, "future", 6);
	rig_datagram(&t, 0, 0, "once", 4);
	for (i = 0; i < 170; i++)
		rig_datagram(&other, 1000 + i * 10000, 0, "x", 1);
	counts = rig_run_all();
	assert_int_equal(counts.set_back, 1);
	assert_int_equal(counts.last_ns, RIG_START_NS + 1691000LL * 1000000);
	/* The lone datagram's flow ended by its timer, though not in its time. */
	assert_int_equal(rig_count(OBSERVE_FLOW), 2);
	assert_int_equal(rig_found(OBSERVE_FLOW, 0)->key.addr[0].b[15], 1);
	assert_int_equal(rig_found(OBSERVE_FLOW, 0)->flow_end, FLOW_END_TIMEOUT);
	assert_true(rig_found(OBSERVE_FLOW, 0)->ts_ns < RIG_START_NS + 1691000LL * 1000000);
}

static void
shards_together_are_the_whole(void **state)
{
	static struct rig_kept shard[4];
	unsigned shards, i, s, least, at[4];

	(void)state;
	make_traffic(200);
	rig_run_all();
	assert_true(rig_kept.count > 600);
	assert_strictly_ordered(&rig_kept);
	for (shards = 2; shards <= 4; shards++) {
		for (s = 0; s < shards; s++) {
			rig_run(s, shards, &shard[s]);
			assert_strictly_ordered(&shard[s]);
			at[s] = 0;
		}
		for (i = 0; i < rig_kept.count; i++) {
			least = shards;
			for (s = 0; s < shards; s++)
				if (at[s] < shard[s].count && (least == shards ||
				    observation_order(shard[s].o[at[s]], shard[least].o[at[least]]) < 0))
					least = s;
			assert_true(least < shards);
			assert_same(shard[least].o[at[least]], rig_kept.o[i]);
			at[least]++;
		}
		for (s = 0; s < shards; s++) {
			assert_int_equal(at[s], shard[s].count);
			assert_true(shard[s].count < rig_kept.count);
			rig_forget(&shard[s]);
		}
	}
}

/*
 * At a ceiling one packet makes other flows give way, and their observations
 * come before its own. The merge takes what does not rise for a repetition:
 * nothing may look like one.
 */
static void
a_younger_flow_that_gives_way_comes_first(void **state)
{
	struct rig_talk old = rig_talk(1, 80), young = rig_talk(2, 80);

	(void)state;
	rig_config.reassembly.max_streams = 1;
	rig_handshake(&old, 0);
	rig_handshake(&young, 1);
	rig_say(&young, 2, 1, "x");	/* opens its stream */
	young.seq[0] += 50;
	rig_say(&young, 3, 0, REQUEST);	/* waits behind a hole */
	rig_say(&old, 4, 0, REQUEST);
	assert_int_equal(rig_run_all().reassembly.evicted, 1);
	assert_int_equal(rig_count(OBSERVE_HTTP), 2);
	assert_int_equal(rig_found(OBSERVE_HTTP, 0)->ordinal, rig_found(OBSERVE_HTTP, 1)->ordinal);
	assert_true(rig_found(OBSERVE_HTTP, 0)->flow_ordinal > rig_found(OBSERVE_HTTP, 1)->flow_ordinal);
	assert_strictly_ordered(&rig_kept);
}

static void
order_holds_at_the_ceilings(void **state)
{
	struct pipeline_counts counts;

	(void)state;
	rig_config.flow.max_flows = 20;
	rig_config.reassembly.max_streams = 3;
	rig_config.reassembly.side_segments = 1;
	make_traffic(200);
	counts = rig_run_all();
	assert_true(counts.flow.evicted > 50);
	assert_true(counts.reassembly.evicted > 50);
	assert_strictly_ordered(&rig_kept);
}

static void
freed_in_the_middle_it_says_nothing(void **state)
{
	const struct pipeline_options options = { .config = &rig_config, .shard = 0, .shards = 1 };
	struct pipeline *p;
	unsigned i, before;

	(void)state;
	make_traffic(60);
	p = pipeline_new(&options, rig_keep, &rig_kept);
	assert_non_null(p);
	for (i = 0; i < rig_input.count / 2; i++)
		pipeline_frame(p, &rig_input.frame[i].f);
	before = rig_kept.count;
	pipeline_free(p);
	assert_int_equal(rig_kept.count, before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_http_exchange_from_frame_to_observation, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(another_request_in_the_same_place_is_told_once, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(damaged_copies_are_no_evasion, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(wrong_segments_in_a_good_flow_are_ignored, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(wrong_segments_ahead_of_the_handshake_are_ignored, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_flow_that_is_all_wrong_is_read, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(one_side_may_be_all_wrong, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(strict_means_strict, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(wrong_datagrams_follow_the_same_rule, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(bursts_after_a_pause_are_contacts, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(keep_alives_are_no_contacts, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(what_stays_open_is_told, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(what_nobody_answers_is_told, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(what_stays_open_is_not_told_unless_asked, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(requests_after_a_pause_are_contacts, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_request_in_two_segments_is_a_contact, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(bursts_in_a_switched_connection_are_contacts, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(bursts_without_a_stream_are_contacts, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(what_nobody_knows_is_a_contact_at_once, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_timer_tells_its_own_time, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_hole_is_given_up_in_its_time, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(idle_time_runs_the_timers, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_clock_that_ran_ahead_is_set_back, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(shards_together_are_the_whole, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(a_younger_flow_that_gives_way_comes_first, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(order_holds_at_the_ceilings, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(freed_in_the_middle_it_says_nothing, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
