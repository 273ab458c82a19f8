/*
 * pipeline_rig.h - conversations as frames with right checksums, and the
 * observations that a pipeline makes of them.
 */
#ifndef TESTS_PIPELINE_RIG_H
#define TESTS_PIPELINE_RIG_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "config/config.h"
#include "engine/pipeline.h"
#include "frames.h"

enum { RIG_RAW = 101, RIG_FRAMES_MAX = 40960, RIG_KEPT_MAX = 20000 };

#define RIG_START_NS (1700000000LL * NS_PER_SEC)

struct rig_frame {
	struct frame f;
	uint8_t *bytes;
};

/* Frames in the order of the input. */
struct rig_input {
	struct rig_frame frame[RIG_FRAMES_MAX];
	unsigned count;
};

/* Observations, in the order of their making. */
struct rig_kept {
	struct observation *o[RIG_KEPT_MAX];
	unsigned count;
};

static struct rig_input rig_input;
static struct rig_kept rig_kept;
static struct config rig_config;

static inline void
rig_begin(void)
{
	assert_int_equal(config_defaults(&rig_config), 0);
	rig_config.records = ~0u;
	rig_input.count = 0;
	rig_kept.count = 0;
}

static inline void
rig_forget(struct rig_kept *k)
{
	while (k->count > 0)
		free(k->o[--k->count]);
}

static inline void
rig_end(void)
{
	while (rig_input.count > 0)
		free(rig_input.frame[--rig_input.count].bytes);
	rig_forget(&rig_kept);
	config_clear(&rig_config);
}

/* Before and after each test. */
static inline int
rig_setup(void **state)
{
	(void)state;
	rig_begin();
	return 0;
}

static inline int
rig_teardown(void **state)
{
	(void)state;
	rig_end();
	return 0;
}

/* What stands in `m` is the input's next frame, `ms` after the start. */
static inline void
rig_frame(const struct made *m, int64_t ms)
{
	struct rig_frame *r = &rig_input.frame[rig_input.count];

	assert_true(rig_input.count < RIG_FRAMES_MAX);
	r->bytes = malloc(m->len);
	assert_non_null(r->bytes);
	memcpy(r->bytes, m->b, m->len);
	r->f = frame_of(m, RIG_RAW);
	r->f.bytes = r->bytes;
	r->f.ts_ns = RIG_START_NS + ms * 1000000;
	r->f.ordinal = ++rig_input.count;
}

/* One end of a conversation: 10.0.x.y asks 198.51.x.y. */
struct rig_talk {
	unsigned number;		/* of the conversation: makes its addresses and port */
	uint16_t server_port;
	uint32_t seq[2];		/* of the next byte of each side */
	unsigned wrong[2];		/* added to the checksums of this side */
};

static inline struct rig_talk
rig_talk(unsigned number, uint16_t server_port)
{
	return (struct rig_talk){ number, server_port, { 1000, 5000 }, { 0, 0 } };
}

static inline void
rig_put_ip(struct made *m, const struct rig_talk *t, int from, uint8_t protocol, size_t payload_bytes)
{
	const uint8_t client[4] = { 10, 0, (uint8_t)(t->number >> 8), (uint8_t)t->number };
	const uint8_t server[4] = { 198, 51, (uint8_t)(t->number >> 8), (uint8_t)t->number };
	struct ipv4 h = { .protocol = protocol, .payload_bytes = payload_bytes };

	m->len = 0;
	put_ipv4(m, &h);
	memcpy(m->b + 12, from == 0 ? client : server, 4);
	memcpy(m->b + 16, from == 0 ? server : client, 4);
	set16(m, 10, 0);
	set16(m, 10, ~slow_sum(m->b, 20, 0) & 0xffff);
}

static inline void
rig_set_checksum(struct made *m, uint8_t protocol, size_t field, unsigned wrong)
{
	size_t len = m->len - 20;
	uint32_t sum = slow_sum(m->b + 12, 8, (uint32_t)len + protocol);

	set16(m, 20 + field, ((~slow_sum(m->b + 20, len, sum) & 0xffff) + wrong) & 0xffff);
}

/* A segment at `seq`, whatever was said before. */
static inline void
rig_segment_bytes(struct rig_talk *t, int64_t ms, int from, unsigned flags, uint32_t seq, const void *bytes,
    size_t len)
{
	static struct made m;
	uint16_t client = (uint16_t)(40000 + t->number);

	rig_put_ip(&m, t, from, PROTO_TCP, 20 + len);
	put_tcp(&m, from == 0 ? client : t->server_port, from == 0 ? t->server_port : client, seq, flags, 0);
	m.len -= 12;
	put32(&m, t->seq[!from]);	/* what it acknowledges */
	m.len += 8;
	put(&m, bytes, len);
	rig_set_checksum(&m, PROTO_TCP, 16, t->wrong[from]);
	rig_frame(&m, ms);
}

static inline void
rig_segment(struct rig_talk *t, int64_t ms, int from, unsigned flags, uint32_t seq, const char *text)
{
	rig_segment_bytes(t, ms, from, flags, seq, text, strlen(text));
}

static inline void
rig_say(struct rig_talk *t, int64_t ms, int from, const char *text)
{
	rig_segment(t, ms, from, TCP_ACK | TCP_PSH, t->seq[from], text);
	t->seq[from] += (uint32_t)strlen(text);
}

static inline void
rig_handshake(struct rig_talk *t, int64_t ms)
{
	rig_segment(t, ms, 0, TCP_SYN, t->seq[0]++, "");
	rig_segment(t, ms, 1, TCP_SYN | TCP_ACK, t->seq[1]++, "");
	rig_segment(t, ms, 0, TCP_ACK, t->seq[0], "");
}

static inline void
rig_close(struct rig_talk *t, int64_t ms)
{
	rig_segment(t, ms, 0, TCP_FIN | TCP_ACK, t->seq[0]++, "");
	rig_segment(t, ms, 1, TCP_FIN | TCP_ACK, t->seq[1]++, "");
	rig_segment(t, ms, 0, TCP_ACK, t->seq[0], "");
}

static inline void
rig_datagram(struct rig_talk *t, int64_t ms, int from, const void *bytes, size_t len)
{
	static struct made m;
	uint16_t client = (uint16_t)(40000 + t->number);

	rig_put_ip(&m, t, from, PROTO_UDP, 8 + len);
	put_udp(&m, from == 0 ? client : t->server_port, from == 0 ? t->server_port : client, len);
	put(&m, bytes, len);
	rig_set_checksum(&m, PROTO_UDP, 6, t->wrong[from]);
	rig_frame(&m, ms);
}

static inline void
rig_keep(void *to, const struct observation *o)
{
	struct rig_kept *k = to;

	assert_true(k->count < RIG_KEPT_MAX);
	assert_true(observation_valid(o, o->bytes));
	k->o[k->count] = malloc(o->bytes);
	assert_non_null(k->o[k->count]);
	memcpy(k->o[k->count++], o, o->bytes);
}

/* The whole input through one shard of a pipeline. */
static inline struct pipeline_counts
rig_run(unsigned shard, unsigned shards, struct rig_kept *kept)
{
	const struct pipeline_options options = { .config = &rig_config, .shard = shard, .shards = shards };
	struct pipeline *p = pipeline_new(&options, rig_keep, kept);
	struct pipeline_counts counts;
	unsigned i;

	assert_non_null(p);
	for (i = 0; i < rig_input.count; i++)
		pipeline_frame(p, &rig_input.frame[i].f);
	pipeline_finish(p);
	pipeline_count(p, &counts);
	pipeline_free(p);
	return counts;
}

static inline struct pipeline_counts
rig_run_all(void)
{
	return rig_run(0, 1, &rig_kept);
}

static inline unsigned
rig_count(enum observation_kind kind)
{
	unsigned i, n = 0;

	for (i = 0; i < rig_kept.count; i++)
		n += rig_kept.o[i]->kind == kind;
	return n;
}

/* The `which`th (from 0) of its kind. */
static inline const struct observation *
rig_found(enum observation_kind kind, unsigned which)
{
	unsigned i;

	for (i = 0; i < rig_kept.count; i++)
		if (rig_kept.o[i]->kind == kind && which-- == 0)
			return rig_kept.o[i];
	fail_msg("there are not that many observations of kind %d", (int)kind);
	return NULL;
}

static inline void
rig_assert_text(const struct observation *o, enum observation_text tag, const char *expected)
{
	struct span s = observation_text(o, tag);
	char text[512];

	assert_true(s.left < sizeof text);
	memcpy(text, s.at == NULL ? (const uint8_t *)"(absent)" : s.at, s.at == NULL ? 8 : s.left);
	text[s.at == NULL ? 8 : s.left] = '\0';
	assert_string_equal(text, expected == NULL ? "(absent)" : expected);
}

#endif
