#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "decode/decode.h"
#include "flow/table.h"
#include "flow_rig.h"

enum { SYN = TCP_SYN, SYN_ACK = TCP_SYN | TCP_ACK, ACK = TCP_ACK, RST = TCP_RST, FIN_ACK = TCP_FIN | TCP_ACK };

static const struct flow_limits limits = { .max_flows = 100000, .tcp_new_sec = 10,
	.tcp_established_sec = 100, .tcp_closed_sec = 5, .udp_sec = 20, .icmp_sec = 15, .other_sec = 30 };

struct ending {
	uint64_t ordinal;
	enum flow_end how;
	int64_t deadline_ns;
	uint64_t at;			/* which packet's advance it was */
	uint8_t state;
};

enum { ENDINGS_MAX = 60000 };

struct endings {
	struct ending list[ENDINGS_MAX];
	size_t count;
	uint64_t at;
};

static struct endings endings, others[3];
static struct flows *flows;
static int64_t now_ns;
static uint64_t ordinal;
static int side;
static bool is_new;

static void
note_end(void *to, struct flow *f, enum flow_end how, int64_t deadline_ns)
{
	struct endings *e = to;

	assert_true(e->count < ENDINGS_MAX);
	e->list[e->count++] = (struct ending){ f->first_ordinal, how, deadline_ns, e->at, f->state };
}

static void
begin(const struct flow_limits *l)
{
	flows_free(flows);
	flows = flows_new(l, note_end, &endings);
	assert_non_null(flows);
	endings.count = 0;
	endings.at = 0;
	now_ns = 1000 * NS_PER_SEC;
	ordinal = 0;
}

static int
setup(void **state)
{
	(void)state;
	begin(&limits);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	flows_free(flows);
	flows = NULL;
	return 0;
}

static struct packet
make(uint8_t from, uint16_t from_port, uint8_t to, uint16_t to_port, uint8_t protocol)
{
	struct packet p = { .protocol = protocol, .src_port = from_port, .dst_port = to_port, .frames = 1,
		.ip_bytes = 40 };

	p.src = addr_v4((uint8_t[]){ 192, 0, 2, from });
	p.dst = addr_v4((uint8_t[]){ 192, 0, 2, to });
	return p;
}

static struct flow *
send(struct packet p)
{
	struct flow *f;

	p.ts_ns = now_ns;
	p.ordinal = ++ordinal;
	flows_advance(flows, now_ns);
	f = flow_take(flows, &p, &side, &is_new);
	assert_non_null(f);
	return f;
}

/* Host 1 port 40000 with host 2 port 443. */
static struct flow *
tcp(uint8_t from, unsigned flags, uint32_t seq, uint32_t ack, uint32_t payload_bytes)
{
	struct packet p = from == 1 ? make(1, 40000, 2, 443, PROTO_TCP) : make(2, 443, 1, 40000, PROTO_TCP);

	p.tcp_flags = (uint8_t)flags;
	p.seq = seq;
	p.ack = ack;
	p.payload_bytes = p.payload_wire_bytes = payload_bytes;
	p.ip_bytes += payload_bytes;
	return send(p);
}

static void
assert_ended(size_t which, uint64_t first, enum flow_end how, int64_t deadline_ns)
{
	assert_true(which < endings.count);
	assert_int_equal(endings.list[which].ordinal, first);
	assert_int_equal(endings.list[which].how, how);
	assert_int_equal(endings.list[which].deadline_ns, deadline_ns);
}

static struct packet
make_tunnelled(uint8_t from, uint8_t to, uint8_t outer_from, uint8_t outer_to, uint32_t id)
{
	struct packet p = make(from, from == 1 ? 40000 : 53, to, to == 1 ? 40000 : 53, PROTO_UDP);

	p.realm.tunnel = TUNNEL_GTPU;
	p.tunnel = TUNNEL_GTPU;
	p.tunnel_id = id;
	p.depth = 1;
	p.outer_protocol = PROTO_UDP;
	p.outer_src = addr_v4((uint8_t[]){ 198, 18, 0, outer_from });
	p.outer_dst = addr_v4((uint8_t[]){ 198, 18, 0, outer_to });
	return p;
}

/* By side, also when the answer was seen first; what a handover changes later is not looked at. */
static void
a_flow_keeps_how_it_was_carried(void **state)
{
	struct packet p;
	struct flow *f;
	int first;

	(void)state;
	for (first = 1; first <= 2; first++) {
		begin(&limits);
		if (first == 2)
			send(make_tunnelled(2, 1, 8, 7, 222));
		f = send(make_tunnelled(1, 2, 7, 8, 111));
		assert_non_null(f->talk->tunnel);
		assert_int_equal(f->talk->tunnel->id[ORIGINATOR], 111);
		assert_int_equal(f->talk->tunnel->id[RESPONDER], first == 1 ? 0 : 222);
		assert_ptr_equal(send(make_tunnelled(2, 1, 8, 7, 222)), f);
		assert_ptr_equal(send(make_tunnelled(1, 2, 9, 8, 333)), f);
		assert_int_equal(f->talk->tunnel->id[ORIGINATOR], 111);
		assert_int_equal(f->talk->tunnel->id[RESPONDER], 222);
		assert_int_equal(f->talk->tunnel->outer[ORIGINATOR].b[15], 7);
		assert_int_equal(f->talk->tunnel->outer[RESPONDER].b[15], 8);
		assert_int_equal(f->talk->tunnel->kind, TUNNEL_GTPU);
		assert_int_equal(f->talk->tunnel->protocol, PROTO_UDP);
		assert_int_equal(f->talk->tunnel->depth, 1);
	}
	assert_null(send(make(3, 40000, 4, 53, PROTO_UDP))->talk);
	flows_finish(flows);
	p = make(3, 40000, 4, 53, PROTO_UDP);
	p.payload_wire_bytes = 1;
	assert_null(send(p)->talk->tunnel);	/* the place is used again */
}

/* Flows of the wrong time stay in their order, and time out as if touched when it was set right. */
static void
a_clock_that_was_wrong_is_set_back(void **state)
{
	const int64_t before_ns = now_ns, wrong_ns = now_ns + 1000000 * NS_PER_SEC;

	(void)state;
	send(make(1, 1, 2, 6000, PROTO_UDP));
	now_ns = wrong_ns;
	assert_int_equal(endings.count, 0);
	send(make(1, 2, 2, 6000, PROTO_UDP));
	send(make(1, 3, 2, 6000, PROTO_UDP));
	assert_ended(0, 1, FLOW_END_TIMEOUT, before_ns + 20 * NS_PER_SEC);
	now_ns = before_ns + 30 * NS_PER_SEC;
	flows_set_back(flows, wrong_ns + 1);	/* that is not back */
	assert_int_equal(flows_next_deadline(flows), wrong_ns + 20 * NS_PER_SEC);
	flows_set_back(flows, now_ns);
	assert_int_equal(flows_next_deadline(flows), now_ns + 20 * NS_PER_SEC);
	now_ns += 5 * NS_PER_SEC;
	send(make(1, 4, 2, 6000, PROTO_UDP));
	now_ns += 15 * NS_PER_SEC;
	flows_advance(flows, now_ns);
	assert_ended(1, 2, FLOW_END_TIMEOUT, now_ns);
	assert_ended(2, 3, FLOW_END_TIMEOUT, now_ns);
	assert_int_equal(endings.count, 3);
}

static void
both_directions_are_one_flow(void **state)
{
	struct flow *f = send(make(1, 5000, 2, 6000, PROTO_UDP));

	(void)state;
	assert_true(is_new);
	assert_int_equal(side, ORIGINATOR);
	assert_int_equal(f->state, FLOW_NEW);
	assert_ptr_equal(send(make(2, 6000, 1, 5000, PROTO_UDP)), f);
	assert_false(is_new);
	assert_int_equal(side, RESPONDER);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	assert_ptr_not_equal(send(make(2, 5000, 1, 6000, PROTO_UDP)), f);
	assert_ptr_not_equal(send(make(1, 5000, 2, 6000, PROTO_TCP)), f);
	assert_int_equal(flows_counts(flows)->active, 3);
	assert_int_equal(f->port[0], 5000);
	assert_int_equal(f->low[0][3], 1);
}

static void
realms_keep_apart(void **state)
{
	struct packet p = make(1, 5000, 2, 6000, PROTO_UDP);
	struct flow *f = send(p);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof p.realm; i++) {
		memset(&p.realm, 0, sizeof p.realm);
		((uint8_t *)&p.realm)[i] = 1;
		assert_ptr_not_equal(send(p), f);
		assert_true(is_new);
		assert_ptr_not_equal(send(p), f);
		assert_false(is_new);
	}
}

/* Packet `n` of 3,000: 1,000 places of each kind, where several flows are, and each flow from either side. */
static struct packet
somewhere(uint32_t n)
{
	struct packet p = make((uint8_t)(1 + n % 3), 40000, (uint8_t)(1 + (n + 1) % 3), 443, PROTO_UDP);

	if (n % 3 == 1)
		p.realm.vlan[0] = (uint16_t)(1 + n / 9);
	if (n % 3 == 2)
		memcpy(p.src.b, &n, sizeof n);		/* IPv6, of a network of its own */
	return p;
}

/* Each is found again under the whole of its key, also when others were where it is, or it is where others were. */
static void
flows_share_places(void **state)
{
	struct packet p, back;
	unsigned round, n;
	struct flow_key k;
	struct flow *f;

	(void)state;
	for (round = 0; round < 3; round++) {
		for (n = 0; n < 3000; n++)
			send(somewhere(n));
		for (n = 0; n < 3000; n++) {
			p = back = somewhere(n);
			back.src = p.dst;
			back.dst = p.src;
			back.src_port = p.dst_port;
			back.dst_port = p.src_port;
			f = send(n % 2 ? back : p);
			assert_false(is_new);
			assert_int_equal(side, n % 2 ? RESPONDER : ORIGINATOR);
			k = flow_key(f);
			assert_memory_equal(&k.realm, &p.realm, sizeof k.realm);
			assert_true(addr_equal(&k.addr[0], &p.src) && addr_equal(&k.addr[1], &p.dst));
			assert_int_equal(k.port[0], 40000);
			assert_int_equal(k.protocol, PROTO_UDP);
		}
		if (round == 1)
			flows_finish(flows);
		else
			now_ns += 60 * NS_PER_SEC;
		flows_advance(flows, now_ns);
		assert_int_equal(flows_counts(flows)->active, 0);
	}
}

static void
packets_are_counted(void **state)
{
	struct packet p = make(1, 5000, 2, 6000, PROTO_UDP);
	struct flow *f;

	(void)state;
	p.frames = 3;
	p.ip_bytes = 3000;
	p.payload_bytes = 100;
	p.payload_wire_bytes = 2900;
	f = send(p);
	assert_int_equal(f->side[0].packets, 3);
	assert_int_equal(f->side[0].bytes, 3000);
	assert_int_equal(f->talk->payload_bytes[0], 2900);
	assert_int_equal(f->talk->last_payload_ns[0], now_ns);
	assert_int_equal(f->talk->pause_ns[0], 0);
	assert_int_equal(f->side[1].packets, 0);
	assert_true(f->talk->last_payload_ns[1] == WHEN_UNKNOWN);
	assert_int_equal(f->first_ordinal, 1);
	now_ns += 7 * NS_PER_SEC;
	send(p);
	assert_int_equal(f->talk->pause_ns[0], 7 * NS_PER_SEC);
	assert_int_equal(f->talk->last_payload_ns[0], now_ns);
	p.payload_wire_bytes = 0;
	now_ns += 1;
	send(p);
	assert_int_equal(f->talk->pause_ns[0], 7 * NS_PER_SEC);
	assert_int_equal(f->last_ns, now_ns);
	assert_int_equal(f->first_ns, now_ns - 1 - 7 * NS_PER_SEC);
}

/* Repetitions and keep-alives end no silence. */
static void
a_pause_lasts_until_new_bytes(void **state)
{
	struct flow *f = tcp(1, ACK, 1000, 0, 100);
	int64_t spoke = now_ns;

	(void)state;
	now_ns += NS_PER_SEC;
	tcp(1, ACK, 1000, 0, 100);
	now_ns += NS_PER_SEC;
	tcp(1, ACK, 1099, 0, 1);
	assert_int_equal(f->talk->last_payload_ns[0], spoke);
	assert_int_equal(f->talk->payload_bytes[0], 201);
	now_ns += NS_PER_SEC;
	tcp(1, ACK, 1100, 0, 1);
	assert_int_equal(f->talk->pause_ns[0], 3 * NS_PER_SEC);
	tcp(1, ACK, 1101 + (1U << 30), 0, 1);	/* a forged number must not silence the flow */
	now_ns += NS_PER_SEC;
	tcp(1, ACK, 1101, 0, 10);
	assert_int_equal(f->talk->last_payload_ns[0], now_ns);
}

static void
who_asked(void **state)
{
	static const struct {
		uint8_t protocol, flags;
		uint16_t from_port, to_port;
		bool sender_asked, midway;
	} rows[] = {
		{ PROTO_TCP, SYN, 443, 40000, true, false },
		{ PROTO_TCP, SYN_ACK, 40000, 443, false, false },
		{ PROTO_TCP, ACK, 40000, 443, true, true },
		{ PROTO_TCP, ACK, 443, 40000, false, true },
		{ PROTO_TCP, ACK, 8080, 40000, false, true },
		{ PROTO_TCP, ACK, 50123, 4443, true, true },
		{ PROTO_TCP, ACK, 50000, 60000, true, true },
		{ PROTO_TCP, ACK, 2000, 4443, true, true },
		{ PROTO_UDP, 0, 4443, 50123, true, false },
		{ PROTO_TCP, ACK, 25, 443, true, true },
		{ PROTO_TCP, RST, 22, 50000, false, true },
		{ PROTO_TCP, ACK, 993, 50000, false, true },
		{ PROTO_TCP, ACK, 800, 2049, true, true },	/* NFS from a reserved port */
		{ PROTO_UDP, 0, 40000, 53, true, false },
		{ PROTO_UDP, 0, 53, 40000, false, false },
		{ PROTO_UDP, 0, 123, 123, true, false },
		{ PROTO_UDP, 0, 5353, 5353, true, false },
		{ PROTO_UDP, 0, 700, 2049, true, false },
		{ 47, 0, 0, 0, true, false },
	};
	struct packet p;
	struct flow *f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin(&limits);
		p = make(1, rows[i].from_port, 2, rows[i].to_port, rows[i].protocol);
		p.tcp_flags = rows[i].flags;
		f = send(p);
		assert_int_equal(side, rows[i].sender_asked ? ORIGINATOR : RESPONDER);
		assert_int_equal(f->low[side][3], 1);
		assert_int_equal(f->port[side], rows[i].from_port);
		assert_int_equal(f->port[!side], rows[i].to_port);
		assert_int_equal(f->midway, rows[i].midway);
	}
}

static void
a_question_to_all_is_no_answer(void **state)
{
	struct packet p = make(1, 138, 2, 1985, PROTO_UDP);

	(void)state;
	p.dst = addr_v4((uint8_t[]){ 224, 0, 0, 2 });
	send(p);
	assert_int_equal(side, ORIGINATOR);
}

static void
icmp_questions_and_answers_are_one_flow(void **state)
{
	struct packet ask = make(1, 0, 2, 0, PROTO_ICMP), answer = make(2, 0, 1, 0, PROTO_ICMP);
	struct flow *f;

	(void)state;
	ask.icmp_type = 8;
	f = send(answer);	/* echo reply first */
	assert_int_equal(side, RESPONDER);
	assert_int_equal(f->low[0][3], 1);
	assert_int_equal(f->port[0], 8);
	assert_int_equal(f->port[1], 0);
	assert_ptr_equal(send(ask), f);
	assert_int_equal(side, ORIGINATOR);
	assert_int_equal(f->state, FLOW_ESTABLISHED);

	ask.icmp_type = 3;	/* unreachable: no answer */
	ask.icmp_code = 1;
	f = send(ask);
	assert_int_equal(side, ORIGINATOR);
	assert_int_equal(f->port[0], 3);
	assert_int_equal(f->port[1], 1);
}

static void
tcp_states(void **state)
{
	struct flow *f = tcp(1, SYN, 100, 0, 0);

	(void)state;
	assert_int_equal(f->state, FLOW_NEW);
	assert_false(f->midway);
	tcp(2, SYN_ACK, 500, 101, 0);
	assert_int_equal(f->state, FLOW_NEW);
	tcp(1, ACK, 101, 501, 0);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	tcp(1, FIN_ACK, 101, 501, 10);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	tcp(2, FIN_ACK, 501, 112, 0);
	assert_int_equal(f->state, FLOW_CLOSED);
	tcp(1, RST, 112, 0, 0);		/* what some send behind their FIN */
	assert_int_equal(f->state, FLOW_CLOSED);
	assert_int_equal(f->tcp_flags[0], TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST);
	assert_int_equal(flows_next_deadline(flows), now_ns + 5 * NS_PER_SEC);
}

static void
a_reset_closes_until_its_sender_speaks(void **state)
{
	struct flow *f = tcp(1, SYN, 100, 0, 0);

	(void)state;
	tcp(2, SYN_ACK, 500, 101, 0);
	tcp(1, ACK, 101, 501, 0);
	tcp(2, RST, 501, 0, 0);
	assert_int_equal(f->state, FLOW_RESET);
	tcp(1, ACK, 101, 501, 10);	/* was under way */
	assert_int_equal(f->state, FLOW_RESET);
	tcp(2, ACK, 501, 111, 10);	/* so it was not its reset */
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	assert_int_equal(flows_next_deadline(flows), now_ns + 100 * NS_PER_SEC);
}

static void
a_wrong_checksum_says_nothing(void **state)
{
	struct packet p = make(1, 40000, 2, 443, PROTO_TCP);
	struct flow *f = tcp(1, SYN, 100, 0, 0);

	(void)state;
	p.flags = PACKET_BAD_CHECKSUM;
	p.tcp_flags = TCP_RST;
	assert_ptr_equal(send(p), f);
	assert_int_equal(f->state, FLOW_NEW);
	p.tcp_flags = TCP_SYN;
	p.seq = 7777;
	assert_ptr_equal(send(p), f);
	assert_false(is_new);
	assert_int_equal(f->side[0].packets, 3);
	assert_int_equal(f->tcp_flags[0], TCP_SYN);
}

static void
repeated_syns_are_one_flow(void **state)
{
	struct flow *f = tcp(1, SYN, 100, 0, 0);

	(void)state;
	assert_ptr_equal(tcp(1, SYN, 100, 0, 0), f);
	tcp(2, RST | ACK, 0, 101, 0);
	assert_ptr_equal(tcp(1, SYN, 100, 0, 0), f);	/* Windows tries a refused port three times */
	assert_false(is_new);
	assert_int_equal(f->state, FLOW_RESET);
	assert_int_equal(endings.count, 0);
}

static void
another_syn_begins_anew(void **state)
{
	struct flow *f;

	(void)state;
	tcp(1, SYN, 100, 0, 0);
	tcp(2, SYN_ACK, 500, 101, 0);
	tcp(1, ACK, 101, 501, 0);
	f = tcp(1, SYN, 90000, 0, 0);
	assert_true(is_new);
	assert_int_equal(side, ORIGINATOR);
	assert_ended(0, 1, FLOW_END_REUSED, WHEN_UNKNOWN);
	assert_int_equal(f->first_ordinal, 4);
	assert_int_equal(f->side[0].packets, 1);
	assert_int_equal(f->side[1].packets, 0);
	assert_int_equal(flows_counts(flows)->reused, 1);
	/* the other way round on a closed one: the responder calls */
	tcp(2, RST | ACK, 0, 90001, 0);
	tcp(2, SYN, 5, 0, 0);
	assert_true(is_new);
	assert_int_equal(side, ORIGINATOR);
	assert_ended(1, 4, FLOW_END_REUSED, WHEN_UNKNOWN);
}

/* A host answers it with an ACK and goes on. So do we, whichever state a RST that was not taken has made of it. */
static void
a_syn_within_a_connection_changes_nothing(void **state)
{
	struct flow *f;

	(void)state;
	tcp(1, SYN, 100, 0, 0);
	tcp(2, SYN_ACK, 900, 101, 0);
	tcp(1, ACK, 101, 901, 50);
	tcp(1, SYN, 7000, 0, 0);
	tcp(2, SYN_ACK, 8000, 151, 0);		/* an answer to another SYN than that */
	tcp(1, RST, 151, 0, 0);
	tcp(1, SYN, 9000, 0, 0);
	f = tcp(1, ACK, 151, 901, 50);
	assert_int_equal(f->first_ordinal, 1);
	assert_int_equal(f->side[0].packets, 6);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	assert_int_equal(flows_counts(flows)->reused, 0);

	tcp(2, SYN_ACK, 12000, 9001, 0);	/* now it is another connection */
	assert_int_equal(flows_counts(flows)->reused, 1);
	f = tcp(1, ACK, 9001, 12001, 10);
	assert_int_equal(side, ORIGINATOR);
	assert_false(f->midway);
	assert_int_equal(f->first_ordinal, 9);
}

static void
a_one_sided_capture_sees_reuse(void **state)
{
	(void)state;
	tcp(2, SYN_ACK, 500, 101, 0);
	assert_int_equal(side, RESPONDER);
	tcp(2, SYN_ACK, 500, 101, 0);
	assert_false(is_new);
	tcp(2, ACK, 501, 120, 100);
	tcp(2, SYN_ACK, 9500, 70001, 0);
	assert_true(is_new);
	assert_int_equal(endings.count, 1);
}

static void
simultaneous_open_is_one_flow(void **state)
{
	struct flow *f = tcp(1, SYN, 100, 0, 0);

	(void)state;
	assert_ptr_equal(tcp(2, SYN, 500, 0, 0), f);
	assert_false(is_new);
	tcp(1, SYN_ACK, 100, 501, 0);
	tcp(2, SYN_ACK, 500, 101, 0);
	assert_false(is_new);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
}

/* Capture cards deliver out of order. */
static void
a_late_syn_belongs_to_its_flow(void **state)
{
	struct flow *f = tcp(2, SYN_ACK, 500, 101, 0);

	(void)state;
	assert_ptr_equal(tcp(1, SYN, 100, 0, 0), f);
	assert_int_equal(side, ORIGINATOR);
	begin(&limits);
	f = tcp(1, ACK, 101, 501, 10);
	assert_true(f->midway);
	assert_ptr_equal(tcp(1, SYN, 100, 0, 0), f);
	assert_false(is_new);
	assert_false(f->midway);
	tcp(1, SYN, 200, 0, 0);
	assert_true(is_new);
}

static void
timers_end_flows_in_deadline_order(void **state)
{
	int64_t start = now_ns;

	(void)state;
	tcp(1, SYN, 100, 0, 0);				/* 1: +10 */
	send(make(1, 5, 2, 6, PROTO_UDP));		/* 2: +20 */
	send(make(1, 0, 2, 0, 47));			/* 3: +30 */
	send(make(1, 0, 2, 0, PROTO_ICMP));		/* 4: +15 */
	now_ns += 5 * NS_PER_SEC;
	send(make(3, 0, 2, 0, PROTO_ICMP));		/* 5: +20, as 2 */
	assert_int_equal(flows_next_deadline(flows), start + 10 * NS_PER_SEC);
	flows_advance(flows, start + 10 * NS_PER_SEC - 1);
	assert_int_equal(endings.count, 0);
	flows_advance(flows, start + 10 * NS_PER_SEC);
	assert_int_equal(endings.count, 1);
	flows_advance(flows, start + 3600 * NS_PER_SEC);
	assert_int_equal(endings.count, 5);
	assert_ended(0, 1, FLOW_END_TIMEOUT, start + 10 * NS_PER_SEC);
	assert_ended(1, 4, FLOW_END_TIMEOUT, start + 15 * NS_PER_SEC);
	assert_ended(2, 2, FLOW_END_TIMEOUT, start + 20 * NS_PER_SEC);
	assert_ended(3, 5, FLOW_END_TIMEOUT, start + 20 * NS_PER_SEC);
	assert_ended(4, 3, FLOW_END_TIMEOUT, start + 30 * NS_PER_SEC);
	assert_true(flows_next_deadline(flows) == INT64_MAX);
	assert_int_equal(flows_counts(flows)->active, 0);
	assert_int_equal(flows_counts(flows)->most_active, 5);
}

static void
a_packet_puts_the_deadline_off(void **state)
{
	int64_t start = now_ns;

	(void)state;
	send(make(1, 5, 2, 6, PROTO_UDP));
	send(make(3, 5, 2, 6, PROTO_UDP));
	now_ns += 19 * NS_PER_SEC;
	send(make(2, 6, 1, 5, PROTO_UDP));
	now_ns += 2 * NS_PER_SEC;
	flows_advance(flows, now_ns);
	assert_int_equal(endings.count, 1);
	assert_ended(0, 2, FLOW_END_TIMEOUT, start + 20 * NS_PER_SEC);
	flows_advance(flows, INT64_MAX);
	assert_ended(1, 1, FLOW_END_TIMEOUT, start + 39 * NS_PER_SEC);
}

static void
closed_flows_end_closed(void **state)
{
	int64_t closed;

	(void)state;
	tcp(1, SYN, 100, 0, 0);
	tcp(2, RST | ACK, 0, 101, 0);
	closed = now_ns;
	flows_advance(flows, now_ns + 60 * NS_PER_SEC);
	assert_ended(0, 1, FLOW_END_CLOSED, closed + 5 * NS_PER_SEC);
	assert_int_equal(endings.list[0].state, FLOW_RESET);
}

static void
time_does_not_go_back(void **state)
{
	struct packet p = make(1, 5, 2, 6, PROTO_UDP);

	(void)state;
	send(p);
	p.ts_ns = now_ns - 3600 * NS_PER_SEC;
	p.ordinal = 99;
	flows_advance(flows, p.ts_ns);
	assert_non_null(flow_take(flows, &p, &side, &is_new));
	assert_false(is_new);
	assert_int_equal(flows_next_deadline(flows), now_ns + 20 * NS_PER_SEC);
}

/* Many flows whose last packets share one time: in the order they began all the same. */
static void
ties_end_in_the_order_they_began(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++)
		send(make(1, (uint16_t)(2000 + i), 2, 3000, i % 2 ? PROTO_UDP : PROTO_TCP));
	for (i = 0; i < 1000; i++)	/* 7 and 1000 have no common divisor */
		send(make(1, (uint16_t)(2000 + i * 7 % 1000), 2, 3000, i * 7 % 1000 % 2 ? PROTO_UDP : PROTO_TCP));
	flows_advance(flows, INT64_MAX);
	assert_int_equal(endings.count, 1000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(endings.list[i].ordinal, i < 500 ? 2 * i + 1 : 2 * (i - 500) + 2);
}

static void
the_idlest_flow_gives_way(void **state)
{
	struct flow_limits small = limits;
	uint16_t i;

	(void)state;
	small.max_flows = 3;
	begin(&small);
	for (i = 0; i < 3; i++) {
		send(make(1, (uint16_t)(2000 + i), 2, 3000, i == 1 ? PROTO_UDP : PROTO_TCP));
		now_ns++;
	}
	send(make(1, 2000, 2, 3000, PROTO_TCP));
	now_ns++;
	send(make(1, 2003, 2, 3000, PROTO_TCP));
	assert_int_equal(endings.count, 1);
	assert_ended(0, 2, FLOW_END_EVICTED, WHEN_UNKNOWN);
	send(make(1, 2004, 2, 3000, PROTO_TCP));
	assert_ended(1, 3, FLOW_END_EVICTED, WHEN_UNKNOWN);
	send(make(1, 2000, 2, 3000, PROTO_TCP));
	assert_false(is_new);
	assert_int_equal(flows_counts(flows)->evicted, 2);
	assert_int_equal(flows_counts(flows)->active, 3);
}

static void
the_end_of_input_ends_all_in_order(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 0; i < 300; i++) {
		send(make((uint8_t)(i % 200), (uint16_t)(2000 + i), 2, 3000, i % 3 == 0 ? PROTO_UDP : PROTO_TCP));
		now_ns++;
	}
	for (i = 300; i-- > 0; now_ns++)
		send(make((uint8_t)(i % 200), (uint16_t)(2000 + i), 2, 3000, i % 3 == 0 ? PROTO_UDP : PROTO_TCP));
	flows_finish(flows);
	assert_int_equal(endings.count, 300);
	for (i = 0; i < 300; i++)
		assert_ended(i, i + 1, FLOW_END_INPUT, WHEN_UNKNOWN);
	assert_int_equal(flows_counts(flows)->active, 0);
	assert_int_equal(flows_counts(flows)->ended, flows_counts(flows)->started);
	send(make(1, 2, 3, 4, PROTO_UDP));	/* and it can be used again */
	assert_true(is_new);
}

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static struct packet
random_packet(uint32_t *seed)
{
	static const uint8_t protocols[] = { PROTO_TCP, PROTO_TCP, PROTO_UDP, PROTO_ICMP, 47 };
	static const uint8_t flags[] = { SYN, SYN_ACK, ACK, ACK, ACK, FIN_ACK, RST };
	uint8_t a = (uint8_t)(next_random(seed) % 40), b = (uint8_t)(40 + next_random(seed) % 40);
	uint8_t protocol = protocols[next_random(seed) % 5];
	bool ports = protocol == PROTO_TCP || protocol == PROTO_UDP, turn = next_random(seed) % 2;
	uint16_t low = ports ? (uint16_t)(next_random(seed) % 3 + 79) : 0, high = ports ? 5000 : 0;
	struct packet p = turn ? make(a, high, b, low, protocol) : make(b, low, a, high, protocol);

	p.tcp_flags = protocol == PROTO_TCP ? flags[next_random(seed) % 7] : 0;
	p.icmp_type = protocol == PROTO_ICMP ? (turn ? 8 : 0) : 0;
	p.seq = next_random(seed) % 2;
	p.payload_wire_bytes = next_random(seed) % 3;
	return p;
}

static int
by_order(const void *x, const void *y)
{
	const struct ending *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->deadline_ns != b->deadline_ns) {	/* timers come before the packet itself */
		if (a->deadline_ns == WHEN_UNKNOWN || b->deadline_ns == WHEN_UNKNOWN)
			return a->deadline_ns == WHEN_UNKNOWN ? 1 : -1;
		return a->deadline_ns < b->deadline_ns ? -1 : 1;
	}
	return a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
}

/* Three workers that each see their shard, and all see the time, end what one worker ends, when it does. */
static void
shards_together_are_the_whole(void **state)
{
	struct flows *shard[3];
	struct packet p;
	uint32_t seed = 1, i, s;
	size_t count = 0, j;
	static struct ending merged[ENDINGS_MAX];

	(void)state;
	for (s = 0; s < 3; s++) {
		others[s].count = 0;
		shard[s] = flows_new(&limits, note_end, &others[s]);
		assert_non_null(shard[s]);
	}
	for (i = 1; i <= 40000; i++) {
		p = random_packet(&seed);
		now_ns += next_random(&seed) % 10 == 0 ? (int64_t)(next_random(&seed) % 300) * 1000000 : 0;
		p.ts_ns = now_ns - (int64_t)(next_random(&seed) % 1000);
		p.ordinal = i;
		endings.at = others[0].at = others[1].at = others[2].at = i;
		flows_advance(flows, p.ts_ns);
		assert_non_null(flow_take(flows, &p, &side, &is_new));
		for (s = 0; s < 3; s++)
			flows_advance(shard[s], p.ts_ns);
		assert_non_null(flow_take(shard[decode_shard(&p, 3)], &p, &side, &is_new));
	}
	endings.at = others[0].at = others[1].at = others[2].at = i;
	flows_finish(flows);
	for (s = 0; s < 3; s++) {
		flows_finish(shard[s]);
		assert_true(others[s].count > 100);
		for (j = 1; j < others[s].count; j++)
			assert_true(by_order(&others[s].list[j - 1], &others[s].list[j]) < 0);
		memcpy(merged + count, others[s].list, others[s].count * sizeof *merged);
		count += others[s].count;
		flows_free(shard[s]);
	}
	qsort(merged, count, sizeof *merged, by_order);
	assert_int_equal(count, endings.count);
	for (j = 0; j < count; j++)
		assert_int_equal(by_order(&merged[j], &endings.list[j]), 0);
}

/* Many flows through little room: nothing is lost or counted twice. */
static void
books_balance_under_pressure(void **state)
{
	struct flow_limits small = limits;
	const struct flow_counts *c;
	uint32_t seed = 5, i;

	(void)state;
	small.max_flows = 50;
	begin(&small);
	for (i = 0; i < 20000; i++) {
		now_ns += next_random(&seed) % 1000 * 1000000;
		send(random_packet(&seed));
		c = flows_counts(flows);
		assert_true(c->active <= 50);
		assert_int_equal(c->started - c->ended, c->active);
	}
	assert_int_equal(endings.count, flows_counts(flows)->ended);
	assert_int_equal(flows_counts(flows)->most_active, 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_flow_keeps_how_it_was_carried, setup, teardown),
	cmocka_unit_test_setup_teardown(a_clock_that_was_wrong_is_set_back, setup, teardown),
		cmocka_unit_test_setup_teardown(both_directions_are_one_flow, setup, teardown),
		cmocka_unit_test_setup_teardown(realms_keep_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(flows_share_places, setup, teardown),
		cmocka_unit_test_setup_teardown(packets_are_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_pause_lasts_until_new_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(who_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(a_question_to_all_is_no_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(icmp_questions_and_answers_are_one_flow, setup, teardown),
		cmocka_unit_test_setup_teardown(tcp_states, setup, teardown),
		cmocka_unit_test_setup_teardown(a_reset_closes_until_its_sender_speaks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wrong_checksum_says_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(repeated_syns_are_one_flow, setup, teardown),
		cmocka_unit_test_setup_teardown(another_syn_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(a_one_sided_capture_sees_reuse, setup, teardown),
		cmocka_unit_test_setup_teardown(a_syn_within_a_connection_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(simultaneous_open_is_one_flow, setup, teardown),
		cmocka_unit_test_setup_teardown(a_late_syn_belongs_to_its_flow, setup, teardown),
		cmocka_unit_test_setup_teardown(timers_end_flows_in_deadline_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_packet_puts_the_deadline_off, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_flows_end_closed, setup, teardown),
		cmocka_unit_test_setup_teardown(time_does_not_go_back, setup, teardown),
		cmocka_unit_test_setup_teardown(ties_end_in_the_order_they_began, setup, teardown),
		cmocka_unit_test_setup_teardown(the_idlest_flow_gives_way, setup, teardown),
		cmocka_unit_test_setup_teardown(the_end_of_input_ends_all_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(shards_together_are_the_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(books_balance_under_pressure, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
