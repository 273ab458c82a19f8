/*
 * pipeline.h - the worker's side of the house, joined: frames in,
 * observations out.
 *
 *     frame → decode → flow, reassembly → proto → witness → observation
 *
 * With `shards` above 1 it follows only the packets of its own shard, but its
 * clock (packet_clock.h) runs on every frame, so that timers are the same in
 * all of them.
 */
#ifndef SENSOR_ENGINE_PIPELINE_H
#define SENSOR_ENGINE_PIPELINE_H

#include <stdint.h>

#include "config/config.h"
#include "frame.h"
#include "health/overload.h"
#include "observation.h"
#include "witness/witness.h"

struct indicators;
struct pipeline;

struct pipeline_options {
	const struct config *config;	/* borrowed */
	uint32_t shard, shards;		/* 0, 1: all */
	uint64_t input_bytes;		/* of packets, when that is known before; 0: it is not */
	_Atomic uint64_t *at_work;	/* always says which frame is being worked on; NULL: nobody asks */
};

struct pipeline_counts {
	struct decode_counts decode;
	struct flow_counts flow;
	struct reassembly_counts reassembly;
	struct proto_counts proto;
	struct witness_counts witness;
	uint64_t frames, bytes;		/* of the input, other shards' too */
	uint64_t retimed;		/* frames whose own time could not be */
	uint64_t shed_level;		/* enum shed, now */
	uint64_t shed_streams, shed_dialogues, shed_datagrams;	/* not put in order; not parsed on; not parsed */
	uint64_t set_back;		/* how often the clock was ahead and was set back */
	int64_t first_ns, last_ns;	/* smallest and largest packet time, as far as believed; WHEN_UNKNOWN without any */
};

struct pipeline *pipeline_new(const struct pipeline_options *options, observation_fn *emit, void *to);
void pipeline_free(struct pipeline *p);	/* NULL is fine; emits nothing */

/* Borrowed until the next call; swap between batches only. */
void pipeline_set_indicators(struct pipeline *p, const struct indicators *set);

/*
 * Some frames, in order, whose bytes live until the call returns. All are decoded and their flows looked for before
 * the first is followed, so that memory is not waited for; nothing that is told depends on how many come at once.
 */
enum { PIPELINE_FRAMES = 32 };	/* no more than so many are looked at together */
void pipeline_frames(struct pipeline *p, const struct frame *frames, unsigned count);

static inline void
pipeline_frame(struct pipeline *p, const struct frame *f)
{
	pipeline_frames(p, f, 1);
}

/* Live only: there is more than can be followed, or it is over. */
void pipeline_shed(struct pipeline *p, enum shed level);

/* Live only: nothing came; timers up to now_ns run. */
void pipeline_idle(struct pipeline *p, int64_t now_ns);

/* The input is over: all flows end. */
void pipeline_finish(struct pipeline *p);

void pipeline_count(const struct pipeline *p, struct pipeline_counts *out);

#endif
