#include "reassembly_rig.h"

#include <stdio.h>
#include <unistd.h>

enum { SMALL = 1000 };

/* Freed memory is not given back where a sanitizer keeps it in quarantine; leaks it finds itself. */
static size_t
resident_bytes(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return 0;
#else
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long all, resident = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu %lu", &all, &resident), 2);
	fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
#endif
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static void
lossy_talk(struct rig *rig, struct rig_flow *x)
{
	rig->random = 99;
	rig_handshake(rig, x);
	for (uint64_t i = 0; i < 300; i++) {
		rig_wait(rig, 20 * RIG_MS);
		if (rig_dice(rig, 10) != 0)
			rig_data(rig, x, (int)(i & 1), i / 2 * SMALL, SMALL);
		rig_ack(rig, x, (int)!(i & 1), 0, (i / 2 + 1) * SMALL);
	}
	rig_end(rig, x);
}

static void
ipv6_twin(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *four = rig_flow(rig, 1), *six = rig_flow(rig, 1);
	struct flow_key key = flow_key(&six->f);
	struct flow_place place;

	(void)state;
	key.addr[0] = address("2001:db8::1");
	key.addr[1] = address("2001:db8:ffff::2");
	flow_set_key(&six->f, &key, &place);
	lossy_talk(rig, four);
	lossy_talk(rig, six);
	for (int side = 0; side < 2; side++) {
		assert_true(four->gaps[side] > 0);
		rig_expect(six, side, four->bytes[side], four->gaps[side]);
		for (unsigned i = 0; i < four->gaps[side]; i++)
			rig_expect_gap(six, side, i, four->gap[side][i].at, four->gap[side][i].len);
	}
	rig_free(rig);
	free(four);
	free(six);
}

static void
equal_tuples_in_two_realms(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 1), *y = rig_flow(rig, 1);
	struct flow_place place[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		place[i] = FLOW_PLACE_PLAIN;
		place[i].realm.vlan[0] = (uint16_t)(100 * (i + 1));
		(i == 0 ? x : y)->f.place = &place[i];
	}
	y->number = 2;			/* other bytes, same addresses, ports and numbers */
	rig_handshake(rig, x);
	rig_handshake(rig, y);
	for (uint64_t at = 0; at < 50 * SMALL; at += SMALL) {
		rig_data(rig, x, 0, at, SMALL);
		rig_data(rig, y, 0, at, SMALL);
		rig_data(rig, y, 1, at, SMALL);
	}
	rig_expect(x, 0, 50 * SMALL, 0);
	rig_expect(x, 1, 0, 0);
	rig_expect(y, 0, 50 * SMALL, 0);
	rig_expect(y, 1, 50 * SMALL, 0);
	rig_end(rig, x);
	rig_end(rig, y);
	rig_free(rig);
	free(x);
	free(y);
}

static void
one_sided(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 3);

	(void)state;
	x->base[1] = 4000;
	for (uint64_t at = 4000; at < 4000 + 100 * SMALL; at += SMALL)
		rig_data(rig, x, 1, at, SMALL);
	rig_expect(x, 0, 0, 0);
	rig_expect(x, 1, 100 * SMALL, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
syn_flood(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 4);
	struct packet p = rig_packet(rig, x, 0, 0, TCP_SYN);
	size_t before;

	(void)state;
	rig_give(rig, x, 0, &p);
	before = resident_bytes();
	for (uint32_t i = 0; i < 1000000; i++) {
		struct flow f = x->f;

		f.talk = NULL;
		f.isn_seen = 0;
		f.first_ordinal = i;

		p.seq = i * 12345;
		reassembly_advance(rig->r, rig->now_ns++);
		reassembly_packet(rig->r, &f, 0, &p);
		assert_null(f.talk);
		assert_int_equal(f.isn[0], p.seq);
	}
	assert_true(resident_bytes() < before + (1 << 20));
	assert_int_equal(reassembly_counts(rig->r)->opened, 0);
	rig_free(rig);
	free(x);
}

static void
longest_idle_gives_way(void **state)
{
	struct reassembly_limits limits = rig_limits();
	struct rig *rig;
	struct rig_flow *x[4];

	(void)state;
	limits.max_streams = 3;
	rig = rig_new(&limits);
	for (uint32_t i = 0; i < 4; i++)
		x[i] = rig_flow(rig, i);
	for (uint32_t i = 0; i < 3; i++) {
		rig_handshake(rig, x[i]);
		rig_data(rig, x[i], 0, 0, SMALL);
	}
	rig_data(rig, x[1], 0, 2 * SMALL, SMALL);	/* a hole */
	rig_data(rig, x[0], 0, SMALL, SMALL);		/* the oldest, and busy */
	rig_ack(rig, x[2], 1, 0, SMALL);		/* an ACK is a sign of life */
	rig_data(rig, x[3], 0, 0, SMALL);
	assert_int_equal(reassembly_counts(rig->r)->evicted, 1);
	assert_int_equal(reassembly_counts(rig->r)->active, 3);
	assert_true(reassembly_wants(rig->r, &x[0]->f));
	assert_false(reassembly_wants(rig->r, &x[1]->f));
	assert_true(reassembly_wants(rig->r, &x[2]->f));
	rig_expect(x[1], 0, 2 * SMALL, 1);		/* what it had queued is not lost */
	rig_data(rig, x[1], 0, 3 * SMALL, SMALL);
	rig_expect(x[1], 0, 2 * SMALL, 1);
	rig_data(rig, x[0], 0, 2 * SMALL, SMALL);
	rig_expect(x[0], 0, 3 * SMALL, 0);
	for (uint32_t i = 0; i < 4; i++) {
		rig_end(rig, x[i]);
		free(x[i]);
	}
	assert_int_equal(reassembly_counts(rig->r)->active, 0);
	assert_int_equal(reassembly_counts(rig->r)->most_active, 3);
	rig_free(rig);
}

/* The taker has enough, in every way it can say so, with other pieces about to follow. */
static void
release_at_every_piece(void **state)
{
	(void)state;
	for (int inside = 0; inside < 2; inside++) {
		for (unsigned stop = 1; stop < 14; stop++) {
			struct rig *rig = rig_new(NULL);
			struct rig_flow *x = rig_flow(rig, 5), *y = rig_flow(rig, 6);

			x->stop_after = stop;
			x->release_inside = inside != 0;
			rig_handshake(rig, x);
			rig_data(rig, x, 0, 0, SMALL);
			rig_data(rig, y, 0, 0, SMALL);
			for (uint64_t i = 2; i < 6; i++)
				rig_data(rig, x, 0, i * SMALL, SMALL);
			rig_data(rig, x, 0, SMALL, SMALL);
			rig_data(rig, x, 0, 7 * SMALL, SMALL);
			rig_data(rig, x, 0, 8 * SMALL, SMALL);
			rig_data(rig, x, 0, 10 * SMALL, SMALL);
			rig_ack(rig, x, 1, 0, 11 * SMALL);
			rig_wait(rig, 3 * NS_PER_SEC);
			rig_data(rig, x, 0, 12 * SMALL, SMALL);
			rig_data(rig, y, 0, SMALL, SMALL);
			rig_end(rig, x);
			assert_int_equal(x->pieces, stop);
			rig_expect(y, 0, 2 * SMALL, 0);
			assert_int_equal(reassembly_counts(rig->r)->active, 1);
			assert_int_equal(reassembly_counts(rig->r)->queued_segments, 0);
			rig_end(rig, y);
			rig_free(rig);
			free(x);
			free(y);
		}
	}
}

static void
release_before_and_after(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 7), *y = rig_flow(rig, 8);

	(void)state;
	rig_handshake(rig, x);
	reassembly_release(rig->r, &x->f);
	assert_false(reassembly_wants(rig->r, &x->f));
	rig_data(rig, x, 0, 0, SMALL);
	y->base[0] = SMALL;
	rig_data(rig, y, 0, SMALL, SMALL);
	rig_data(rig, y, 0, 3 * SMALL, SMALL);
	reassembly_release(rig->r, &y->f);
	reassembly_release(rig->r, &y->f);
	rig_data(rig, y, 0, 2 * SMALL, SMALL);
	rig_end(rig, x);
	rig_end(rig, y);
	assert_int_equal(x->pieces, 0);
	assert_int_equal(y->pieces, 1);
	assert_int_equal(reassembly_counts(rig->r)->released, 1);
	rig_free(rig);
	free(x);
	free(y);
}

/* A place that is used again, while libnids had the last user's bytes queued. */
static void
a_million_streams(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 9);
	const struct flow first = x->f;
	size_t before = 0;

	(void)state;
	rig->random = 7;
	for (uint32_t i = 0; i < 1000000; i++) {
		memset(x->next, 0, sizeof x->next);
		memset(x->gaps, 0, sizeof x->gaps);
		x->talk = FLOW_SILENT;
		x->f = first;
		x->f.first_ordinal = i;
		x->isn[0] += 1000003;
		rig_data(rig, x, 0, 0, 10);
		rig_data(rig, x, 1, 0, 10);
		if (i % 4 == 0)
			rig_data(rig, x, 0, 20, 10);
		if (i % 8 == 0)
			rig_end(rig, x);
		else
			reassembly_release(rig->r, &x->f);
		if (i == 10000)
			before = resident_bytes();
	}
	assert_true(resident_bytes() < before + (1 << 20));
	assert_int_equal(reassembly_counts(rig->r)->opened, 1000000);
	assert_int_equal(reassembly_counts(rig->r)->released, 1000000);
	rig_free(rig);
	free(x);
}

/* libnids has room for 1,152 of 2,048: the oldest hole gives way, and who has none any more takes none. */
static void
more_holes_than_libnids_has_room_for(void **state)
{
	enum { FLOWS = 1200, ROOM = 1152 };
	struct reassembly_limits limits = rig_limits();
	struct rig *rig;
	static struct rig_flow *x[FLOWS];
	uint32_t i;

	(void)state;
	limits.max_streams = 2048;
	rig = rig_new(&limits);
	for (i = 0; i < FLOWS; i++) {
		x[i] = rig_flow(rig, i);
		rig_data(rig, x[i], 0, 0, 10);
		rig_data(rig, x[i], 0, 20, 10);
	}
	assert_int_equal(reassembly_counts(rig->r)->bound_hit, FLOWS - ROOM);
	for (i = 0; i < FLOWS; i++)
		rig_expect(x[i], 0, i < FLOWS - ROOM ? 20 : 10, i < FLOWS - ROOM);
	for (i = FLOWS - ROOM; i < FLOWS; i++) {
		rig_data(rig, x[i], 0, 10, 10);
		rig_expect(x[i], 0, 30, 0);
	}
	for (i = 0; i < ROOM; i++) {
		rig_data(rig, x[i], 1, 0, 10);
		rig_data(rig, x[i], 0, 40, 10);
		rig_data(rig, x[i], 0, 30, 10);
		rig_expect(x[i], 0, i < FLOWS - ROOM ? 40 : 50, i < FLOWS - ROOM);
	}
	assert_int_equal(reassembly_counts(rig->r)->bound_hit, FLOWS - ROOM);
	assert_int_equal(reassembly_counts(rig->r)->refused, 0);
	for (i = 0; i < FLOWS; i++) {
		rig_end(rig, x[i]);
		free(x[i]);
	}
	rig_free(rig);
}

/* The flow ended, a new one has the same addresses and ports. */
static void
port_reuse(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 10), *again = rig_flow(rig, 10);

	(void)state;
	again->number = 11;
	again->isn[0] = x->isn[0] + 500;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, SMALL);
	rig_data(rig, x, 0, 2 * SMALL, SMALL);
	rig_end(rig, x);
	rig_handshake(rig, again);
	rig_data(rig, again, 0, 0, SMALL);
	rig_data(rig, again, 0, SMALL, SMALL);
	rig_expect(again, 0, 2 * SMALL, 0);
	rig_expect(x, 0, 2 * SMALL, 1);
	rig_end(rig, again);
	rig_free(rig);
	free(x);
	free(again);
}

/*
 * More than 4 GiB, one side silent. HANSHO_LONG=1 checks every byte in segments of 1400;
 * otherwise one buffer is sent over and over.
 */
static uint64_t long_bytes;

static bool
count_bytes(void *to, const struct stream_piece *p)
{
	(void)to;
	assert_false(p->gap);
	assert_true(p->offset == long_bytes);
	long_bytes += p->len;
	return true;
}

static void
four_gibibytes(void **state)
{
	const uint64_t whole = (4ULL << 30) + (300 << 20);
	const char *wish = getenv("HANSHO_LONG");
	bool thorough = wish != NULL && strcmp(wish, "1") == 0;
	uint32_t step = thorough ? 1400 : 65000;
	struct reassembly_limits limits = rig_limits();
	struct rig *rig = thorough ? rig_new(NULL) : calloc(1, sizeof *rig);
	struct rig_flow *x = rig_flow(rig, 12);

	(void)state;
	long_bytes = 0;
	if (!thorough)
		rig->r = reassembly_new(&limits, count_bytes, NULL);
	for (uint64_t at = 0; at < whole; at += 2 * step) {
		/* Out of order, so that windows and queue see every number too. */
		for (uint64_t k = 0; k < 2; k++) {
			uint64_t pos = at + (at == 0 ? k : 1 - k) * step;
			struct packet p = rig_packet(rig, x, 0, pos, TCP_PSH | TCP_ACK);

			if (thorough)
				rig_fill(x, 0, pos, rig->payload, step);
			p.payload_bytes = p.payload_wire_bytes = step;
			rig_give(rig, x, 0, &p);
		}
	}
	assert_true((thorough ? x->bytes[0] : long_bytes) >= whole);
	assert_int_equal(x->gaps[0], 0);
	reassembly_end(rig->r, &x->f, rig->now_ns);
	rig_free(rig);
	free(x);
}

/* libnids hears of a stream behind 4 GiB for the first time, and of more after a long way in order. */
static void
disorder_late(void **state)
{
	enum { STEP = 65000 };
	struct reassembly_limits limits = rig_limits();
	struct rig *rig = calloc(1, sizeof *rig);
	struct rig_flow *x = rig_flow(rig, 12);
	uint64_t at, swap_at = 4ULL << 30, upto = swap_at + (1200ULL << 20);

	(void)state;
	long_bytes = 0;
	rig->r = reassembly_new(&limits, count_bytes, NULL);
	for (at = 0; at < upto; at += 2 * STEP) {
		bool swapped = at >= swap_at;

		for (uint64_t k = 0; k < 2; k++) {
			struct packet p = rig_packet(rig, x, 0, at + (swapped ? 1 - k : k) * STEP, TCP_PSH | TCP_ACK);

			p.payload_bytes = p.payload_wire_bytes = STEP;
			rig_give(rig, x, 0, &p);
		}
		swap_at += swapped ? 1100ULL << 20 : 0;
	}
	assert_int_equal(long_bytes, at);
	assert_int_equal(reassembly_counts(rig->r)->refused, 0);
	assert_int_equal(reassembly_counts(rig->r)->gaps, 0);
	reassembly_end(rig->r, &x->f, rig->now_ns);
	rig_free(rig);
	free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv6_twin),
		cmocka_unit_test(equal_tuples_in_two_realms),
		cmocka_unit_test(one_sided),
		cmocka_unit_test(syn_flood),
		cmocka_unit_test(longest_idle_gives_way),
		cmocka_unit_test(release_at_every_piece),
		cmocka_unit_test(release_before_and_after),
		cmocka_unit_test(a_million_streams),
		cmocka_unit_test(more_holes_than_libnids_has_room_for),
		cmocka_unit_test(port_reuse),
		cmocka_unit_test(four_gibibytes),
		cmocka_unit_test(disorder_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
