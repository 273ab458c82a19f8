#include "health/blindness.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "health/overload.h"
#include "records/notes.h"

enum { DIGITS_MAX = 24, LEAST_PACKETS = 100, LEAST_OBSERVATIONS = 20, LEAST_SPOKEN = 50 };

struct state {
	bool on;
	int64_t again_ns;
	struct note_words note;
};

struct sink_state {
	char name[BLINDNESS_NAME_MAX];
	struct state state, refuses;
	uint64_t refused;		/* at the last look */
	int64_t refused_ns;		/* monotonic, the latest */
};

struct blindness {
	struct blindness_limits limits;
	int64_t again_ns;
	trouble_fn *tell;
	void *to;
	bool began;
	struct blindness_sample start;	/* of the window */
	struct blindness_sample last;
	int64_t latest_frame_ns;	/* monotonic */
	bool clock_was_set;		/* within the window */
	uint64_t told_level;		/* of what is shed */
	struct state state[TROUBLE_KINDS];
	struct sink_state sink[BLINDNESS_SINKS_MAX];
};

static const struct {
	const char *name, *subject;
} troubles[TROUBLE_KINDS] = {
	[TROUBLE_NO_PACKETS] = { "no_packets", "no packets arrive" },
	[TROUBLE_ONE_SIDED] = { "one_sided", "only one direction of conversations arrives" },
	[TROUBLE_NO_TLS] = { "no_tls", "no TLS among many conversations" },
	[TROUBLE_NO_DNS] = { "no_dns", "no DNS among many conversations" },
	[TROUBLE_CHECKSUMS] = { "checksums", "most checksums are wrong" },
	[TROUBLE_SNAPLEN] = { "snaplen", "frames arrive cut" },
	[TROUBLE_KERNEL_DROPS] = { "kernel_drops", "the kernel drops frames" },
	[TROUBLE_RING_DROPS] = { "ring_drops", "observations are lost" },
	[TROUBLE_CLOCK] = { "clock", "a clock was set" },
	[TROUBLE_SINK] = { "sink", "a sink is too far behind" },
	[TROUBLE_OVERLOAD] = { "overload", "there is more traffic than the sensor can follow" },
	[TROUBLE_MEMORY] = { "memory", "memory is nearly used up" },
	[TROUBLE_REFUSED] = { "refused", "a sink refuses records" },
	[TROUBLE_FEED] = { "feed", "a feed is too old" },
};

const char *
trouble_name(enum trouble t)
{
	return t < TROUBLE_KINDS ? troubles[t].name : "?";
}

const char *
trouble_subject(enum trouble t)
{
	return t < TROUBLE_KINDS ? troubles[t].subject : "?";
}

/* ---- what is said ---- */

static void
set(struct blindness *b, enum trouble t, struct state *s, const char *subject, bool wrong, enum sensor_note n,
    const struct piece *pieces)
{
	struct note_words words;

	if (!wrong) {
		note_words(n, pieces, &words);
		if (s->on)
			b->tell(b->to, t, true, subject, &words);
		s->on = false;
		return;
	}
	/* Said again with the first words and numbers: it is the same incident. */
	if (!s->on)
		note_words(n, pieces, &s->note);
	else if (b->last.clock_ns < s->again_ns)
		return;
	s->on = true;
	s->again_ns = b->last.clock_ns + b->again_ns;
	b->tell(b->to, t, false, subject, &s->note);
}

static void
set_one(struct blindness *b, enum trouble t, bool wrong, enum sensor_note n, const struct piece *pieces)
{
	set(b, t, &b->state[t], troubles[t].subject, wrong, n, pieces);
}

static const char *
digits(uint64_t n, char buf[DIGITS_MAX])
{
	snprintf(buf, DIGITS_MAX, "%" PRIu64, n);
	return buf;
}

/* ---- at every look ---- */

static void
mind_silence(struct blindness *b, const struct blindness_sample *now)
{
	int64_t quiet_sec = (now->clock_ns - b->latest_frame_ns) / NS_PER_SEC;
	char seconds[DIGITS_MAX];
	const struct piece pieces[] = { { "seconds", digits((uint64_t)quiet_sec, seconds) }, { NULL, NULL } };

	if (b->limits.quiet_sec == 0)
		return;
	if (quiet_sec < b->limits.quiet_sec) {
		set_one(b, TROUBLE_NO_PACKETS, false, NOTE_PACKETS_AGAIN, NULL);
		return;
	}
	set_one(b, TROUBLE_NO_PACKETS, true, NOTE_NO_PACKETS, pieces);
}

/* The name stays the same while it is the same sink. */
static void
mind_refused(struct blindness *b, struct sink_state *s, const struct blindness_sink *now)
{
	char subject[BLINDNESS_NAME_MAX + 32], count[DIGITS_MAX], seconds[DIGITS_MAX];
	uint64_t more = now->refused >= s->refused ? now->refused - s->refused : now->refused;
	const struct piece pieces[] = {
		{ "sink", s->name }, { "count", digits(more, count) }, { "seconds", digits(b->limits.window_sec, seconds) }, { NULL, NULL },
	};

	s->refused = now->refused;
	if (more > 0)
		s->refused_ns = b->last.clock_ns;
	else if (s->refuses.on && b->last.clock_ns - s->refused_ns < b->limits.window_sec * NS_PER_SEC)
		return;
	snprintf(subject, sizeof subject, "sink %s refuses records", s->name);
	set(b, TROUBLE_REFUSED, &s->refuses, subject, more > 0, more > 0 ? NOTE_SINK_REFUSES : NOTE_SINK_TAKES, pieces);
}

static void
mind_lag(struct blindness *b, struct sink_state *s, const struct blindness_sink *now)
{
	char subject[BLINDNESS_NAME_MAX + 32], seconds[DIGITS_MAX], records[DIGITS_MAX];
	const struct piece pieces[] = {
		{ "sink", s->name }, { "seconds", digits(now->lag_sec, seconds) }, { "records", digits(now->lag_records, records) },
		{ NULL, NULL },
	};
	bool wrong = now->lag_sec >= b->limits.sink_lag_sec;

	if (b->limits.sink_lag_sec == 0)
		return;
	snprintf(subject, sizeof subject, "sink %s is too far behind", s->name);
	set(b, TROUBLE_SINK, &s->state, subject, wrong, wrong ? NOTE_SINK_LAGS : NOTE_SINK_WELL, pieces);
}

static void
mind_sink(struct blindness *b, struct sink_state *s, const struct blindness_sink *now)
{
	/* Another one has its place since a reload. */
	if (strncmp(s->name, now->name, sizeof s->name - 1) != 0) {
		memset(s, 0, sizeof *s);
		snprintf(s->name, sizeof s->name, "%s", now->name);
	}
	mind_lag(b, s, now);
	mind_refused(b, s, now);
}

static void
mind_sinks(struct blindness *b, const struct blindness_sample *now)
{
	unsigned i;

	for (i = 0; i < now->sinks && i < BLINDNESS_SINKS_MAX; i++)
		mind_sink(b, &b->sink[i], &now->sink[i]);
}

static void
mind_overload(struct blindness *b, const struct blindness_sample *now)
{
	static const enum sensor_note undone[SHED_LEVELS] = {
		[SHED_NOTHING] = NOTE_SHED_NOTHING, [SHED_BODIES] = NOTE_SHED_BODIES, [SHED_STREAMS] = NOTE_SHED_STREAMS,
		[SHED_PARSING] = NOTE_SHED_PARSING,
	};
	uint64_t level = now->shed_level < SHED_LEVELS ? now->shed_level : SHED_LEVELS - 1;
	struct state *s = &b->state[TROUBLE_OVERLOAD];

	/* What is left undone changes while it lasts. */
	if (s->on && level > b->told_level)
		s->on = false;
	b->told_level = level;
	set_one(b, TROUBLE_OVERLOAD, level > SHED_NOTHING, undone[level], NULL);
}

/* The kernel ends a process when it is: over only when there is some room again. */
static void
mind_memory(struct blindness *b, const struct blindness_sample *now)
{
	double percent = now->memory_limit > 0 ? 100.0 * (double)now->memory_used / (double)now->memory_limit : 0;
	char share[DIGITS_MAX], mib[DIGITS_MAX];
	const struct piece pieces[] = { { "percent", share }, { "mib", digits(now->memory_limit >> 20, mib) }, { NULL, NULL } };
	bool on = b->state[TROUBLE_MEMORY].on;

	if (b->limits.memory_percent == 0 || (on && percent >= b->limits.memory_percent - 5.0 && percent < b->limits.memory_percent))
		return;
	snprintf(share, sizeof share, "%.0f", percent);
	set_one(b, TROUBLE_MEMORY, percent >= b->limits.memory_percent, NOTE_MEMORY, pieces);
}

static void
mind_clock(struct blindness *b, const struct blindness_sample *now)
{
	double by = (double)((now->wall_ns - now->clock_ns) - (b->last.wall_ns - b->last.clock_ns)) / (double)NS_PER_SEC;
	char seconds[DIGITS_MAX];
	const struct piece pieces[] = { { "seconds", seconds }, { NULL, NULL } };

	if (b->limits.clock_sec == 0)
		return;
	if (by < b->limits.clock_sec && by > -(double)b->limits.clock_sec && now->set_back == b->last.set_back)
		return;
	b->clock_was_set = true;
	snprintf(seconds, sizeof seconds, "%.0f", by > 0 ? by : -by);
	set_one(b, TROUBLE_CLOCK, true, now->set_back != b->last.set_back ? NOTE_FRAMES_BACK :
	    by > 0 ? NOTE_CLOCK_FORWARD : NOTE_CLOCK_BACK, pieces);
}

/* ---- at a window's end ---- */

/* Too much of a whole. */
struct share_row {
	enum trouble trouble;
	size_t part, whole, limit;
	uint64_t least;			/* of the whole, to conclude anything */
	enum sensor_note note;
};

#define SAMPLE(member) offsetof(struct blindness_sample, member)
#define LIMIT(member) offsetof(struct blindness_limits, member)

static const struct share_row shares[] = {
	{ TROUBLE_ONE_SIDED, SAMPLE(unanswered), SAMPLE(spoken), LIMIT(one_sided_percent), LEAST_SPOKEN,
	    NOTE_ONE_SIDED },
	{ TROUBLE_CHECKSUMS, SAMPLE(bad_checksum), SAMPLE(packets), LIMIT(checksum_percent), LEAST_PACKETS,
	    NOTE_CHECKSUMS },
	{ TROUBLE_SNAPLEN, SAMPLE(truncated), SAMPLE(packets), LIMIT(truncated_percent), LEAST_PACKETS,
	    NOTE_SNAPLEN },
	{ TROUBLE_KERNEL_DROPS, SAMPLE(kernel_dropped), SAMPLE(kernel_seen), LIMIT(drop_percent), LEAST_PACKETS,
	    NOTE_KERNEL_DROPS },
	{ TROUBLE_RING_DROPS, SAMPLE(ring_dropped), SAMPLE(observations), LIMIT(ring_percent), LEAST_OBSERVATIONS,
	    NOTE_RING_DROPS },
};

static uint64_t
change(const struct blindness *b, const struct blindness_sample *now, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)now + offset) -
	    *(const uint64_t *)(const void *)((const char *)&b->start + offset);
}

static void
mind_share(struct blindness *b, const struct blindness_sample *now, const struct share_row *r)
{
	uint64_t part = change(b, now, r->part), whole = change(b, now, r->whole);
	uint32_t limit = *(const uint32_t *)(const void *)((const char *)&b->limits + r->limit);
	double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0;
	char share[DIGITS_MAX], all[DIGITS_MAX], seconds[DIGITS_MAX];
	bool wrong = percent >= limit;
	const struct piece pieces[] = {
		{ "percent", share }, { "whole", digits(whole, all) }, { "seconds", digits(b->limits.window_sec, seconds) },
		{ "wrong", wrong ? "" : NULL }, { "well", wrong ? NULL : "" }, { NULL, NULL },
	};

	if (limit == 0 || whole < r->least)
		return;
	snprintf(share, sizeof share, "%.1f", percent);
	set_one(b, r->trouble, wrong, r->note, pieces);
}

static void
mind_protocol(struct blindness *b, const struct blindness_sample *now, enum trouble t, size_t offset, const char *what)
{
	uint64_t flows = now->flows - b->start.flows, seen = change(b, now, offset);
	char count[DIGITS_MAX], seconds[DIGITS_MAX];
	const struct piece pieces[] = {
		{ "count", digits(flows, count) }, { "seconds", digits(b->limits.window_sec, seconds) }, { "protocol", what }, { NULL, NULL },
	};

	if (b->limits.silent_flows == 0)
		return;
	if (seen > 0) {
		set_one(b, t, false, NOTE_PROTOCOL_AGAIN, pieces);
		return;
	}
	if (flows < b->limits.silent_flows)
		return;
	set_one(b, t, true, NOTE_NO_PROTOCOL, pieces);
}

static void
end_window(struct blindness *b, const struct blindness_sample *now)
{
	size_t i;

	for (i = 0; i < sizeof shares / sizeof *shares; i++)
		mind_share(b, now, &shares[i]);
	mind_protocol(b, now, TROUBLE_NO_TLS, SAMPLE(tls), "TLS");
	mind_protocol(b, now, TROUBLE_NO_DNS, SAMPLE(dns), "DNS");
	if (!b->clock_was_set)
		set_one(b, TROUBLE_CLOCK, false, NOTE_CLOCK_WELL, NULL);
	b->clock_was_set = false;
	b->start = *now;
}

void
blindness_look(struct blindness *b, const struct blindness_sample *now)
{
	if (!b->began || now->births != b->start.births) {
		if (!b->began)
			b->latest_frame_ns = now->clock_ns;
		b->began = true;
		b->start = b->last = *now;
		b->clock_was_set = false;
	}
	if (now->frames != b->last.frames)
		b->latest_frame_ns = now->clock_ns;
	mind_clock(b, now);
	b->last = *now;
	mind_silence(b, now);
	mind_sinks(b, now);
	mind_memory(b, now);
	mind_overload(b, now);
	if (now->clock_ns - b->start.clock_ns >= b->limits.window_sec * NS_PER_SEC)
		end_window(b, now);
}

struct blindness *
blindness_new(const struct blindness_limits *limits, uint32_t again_sec, trouble_fn *tell, void *to)
{
	struct blindness *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->limits = *limits;
	b->again_ns = (again_sec > 0 ? again_sec : 1) * NS_PER_SEC;
	b->tell = tell;
	b->to = to;
	return b;
}

void
blindness_free(struct blindness *b)
{
	free(b);
}
