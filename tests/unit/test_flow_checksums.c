/* Whose wrong checksums count: flow_limits.doubt_checksums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/when.h"
#include "flow/table.h"
#include "flow_rig.h"

enum { RIGHT = PACKET_RIGHT_CHECKSUM, WRONG = PACKET_BAD_CHECKSUM, NONE = 0 };

static struct flows *flows;
static uint64_t ordinal;
static unsigned ended;
static struct packet seen;	/* as the table left it */

static void
note_end(void *to, struct flow *f, enum flow_end how, int64_t deadline_ns)
{
	(void)to;
	(void)f;
	(void)how;
	(void)deadline_ns;
	ended++;
}

static void
begin(bool doubt)
{
	struct flow_limits limits = { .max_flows = 10, .tcp_new_sec = 10, .tcp_established_sec = 100,
		.tcp_closed_sec = 5, .udp_sec = 20, .icmp_sec = 15, .other_sec = 30, .doubt_checksums = doubt };

	flows_free(flows);
	flows = flows_new(&limits, note_end, NULL);
	assert_non_null(flows);
	ordinal = ended = 0;
}

static int
setup(void **state)
{
	(void)state;
	begin(true);
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

/* From side 0 or 1 of one TCP connection, or one UDP exchange. */
static struct flow *
send(int from, uint8_t protocol, unsigned tcp_flags, uint32_t seq, unsigned checksum)
{
	struct packet p = { .ts_ns = 1000 * NS_PER_SEC, .ordinal = ++ordinal, .protocol = protocol,
		.src_port = from == 0 ? 40000 : 443, .dst_port = from == 0 ? 443 : 40000,
		.tcp_flags = (uint8_t)tcp_flags, .seq = seq, .ack = 1, .frames = 1, .ip_bytes = 50,
		.payload_bytes = 10, .payload_wire_bytes = 10, .flags = (uint8_t)checksum };
	struct flow *f;
	bool is_new;
	int side;

	p.src = addr_v4((uint8_t[]){ 192, 0, 2, from == 0 ? 1 : 2 });
	p.dst = addr_v4((uint8_t[]){ 192, 0, 2, from == 0 ? 2 : 1 });
	f = flow_take(flows, &p, &side, &is_new);
	assert_non_null(f);
	assert_int_equal(side, from);
	seen = p;
	return f;
}

static bool
is_read(void)
{
	return (seen.flags & PACKET_BAD_CHECKSUM) == 0;
}

static void
wrong_ones_count_only_after_a_right_one(void **state)
{
	(void)state;
	send(0, PROTO_TCP, TCP_ACK, 1, WRONG);
	assert_true(is_read());
	send(0, PROTO_TCP, TCP_ACK, 11, WRONG);
	assert_true(is_read());
	send(0, PROTO_TCP, TCP_ACK, 21, RIGHT);
	send(0, PROTO_TCP, TCP_ACK, 31, WRONG);
	assert_false(is_read());
	assert_int_equal(flows_counts(flows)->doubted, 2);
}

static void
each_side_speaks_for_itself(void **state)
{
	(void)state;
	send(0, PROTO_TCP, TCP_SYN, 1, RIGHT);
	send(1, PROTO_TCP, TCP_SYN | TCP_ACK, 1, WRONG);
	assert_true(is_read());
	send(0, PROTO_TCP, TCP_ACK, 2, WRONG);
	assert_false(is_read());
	send(1, PROTO_UDP, 0, 0, RIGHT);
	send(0, PROTO_UDP, 0, 0, WRONG);
	assert_true(is_read());
	send(1, PROTO_UDP, 0, 0, WRONG);
	assert_false(is_read());
}

/* What was cut off, or carries none, shows nothing about its sender. */
static void
what_cannot_be_verified_proves_nothing(void **state)
{
	(void)state;
	send(0, PROTO_UDP, 0, 0, NONE);
	send(0, PROTO_UDP, 0, 0, WRONG);
	assert_true(is_read());
}

static void
an_overlooked_packet_moves_the_state(void **state)
{
	struct flow *f = send(0, PROTO_TCP, TCP_SYN, 1, WRONG);

	(void)state;
	send(1, PROTO_TCP, TCP_SYN | TCP_ACK, 1, WRONG);
	send(0, PROTO_TCP, TCP_ACK, 2, WRONG);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
	assert_false(f->midway);
}

/* Bytes under the number that the SYN will have: a host did not take them, so they must not be the stream's first. */
static void
a_right_syn_behind_overlooked_packets_begins_anew(void **state)
{
	(void)state;
	send(0, PROTO_TCP, TCP_ACK, 101, WRONG);
	assert_true(is_read());
	send(0, PROTO_TCP, TCP_SYN, 100, RIGHT);
	assert_int_equal(ended, 1);
	send(0, PROTO_TCP, TCP_SYN, 100, RIGHT);
	send(0, PROTO_TCP, TCP_ACK, 101, RIGHT);
	assert_int_equal(ended, 1);
	assert_int_equal(flows_counts(flows)->active, 1);
}

static void
syns_that_are_all_wrong_do_not(void **state)
{
	(void)state;
	send(0, PROTO_TCP, TCP_SYN, 100, WRONG);
	send(0, PROTO_TCP, TCP_SYN, 100, WRONG);
	assert_int_equal(ended, 0);
	send(0, PROTO_TCP, TCP_ACK, 101, WRONG);
	send(1, PROTO_TCP, TCP_ACK, 1, WRONG);
	send(0, PROTO_TCP, TCP_SYN, 0, WRONG);		/* the ports are used again, */
	assert_int_equal(ended, 0);
	send(1, PROTO_TCP, TCP_SYN | TCP_ACK, 7000, WRONG);	/* as is confirmed */
	assert_int_equal(ended, 1);
}

static void
without_doubt_wrong_is_wrong(void **state)
{
	(void)state;
	begin(false);
	send(0, PROTO_TCP, TCP_SYN, 1, WRONG);
	assert_false(is_read());
	assert_int_equal(flows_counts(flows)->doubted, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_ones_count_only_after_a_right_one, setup, teardown),
		cmocka_unit_test_setup_teardown(each_side_speaks_for_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cannot_be_verified_proves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(an_overlooked_packet_moves_the_state, setup, teardown),
		cmocka_unit_test_setup_teardown(a_right_syn_behind_overlooked_packets_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(syns_that_are_all_wrong_do_not, setup, teardown),
		cmocka_unit_test_setup_teardown(without_doubt_wrong_is_wrong, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
