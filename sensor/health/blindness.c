#include "health/blindness.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "health/overload.h"

enum { LEAST_PACKETS = 100, LEAST_OBSERVATIONS = 20, LEAST_SPOKEN = 50 };

struct state {
	bool on;
	int64_t again_ns;
	char note[BLINDNESS_NOTE_MAX];
};

struct sink_state {
	char name[BLINDNESS_NAME_MAX];
	struct state state;
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
set(struct blindness *b, enum trouble t, struct state *s, const char *subject, bool wrong, const char *note)
{
	if (!wrong) {
		if (s->on)
			b->tell(b->to, t, true, subject, note);
		s->on = false;
		return;
	}
	/* Said again with the first words and numbers: it is the same incident. */
	if (!s->on)
		snprintf(s->note, sizeof s->note, "%s", note);
	else if (b->last.clock_ns < s->again_ns)
		return;
	s->on = true;
	s->again_ns = b->last.clock_ns + b->again_ns;
	b->tell(b->to, t, false, subject, s->note);
}

static void
set_one(struct blindness *b, enum trouble t, bool wrong, const char *note)
{
	set(b, t, &b->state[t], troubles[t].subject, wrong, note);
}

/* ---- at every look ---- */

static void
mind_silence(struct blindness *b, const struct blindness_sample *now)
{
	int64_t quiet_sec = (now->clock_ns - b->latest_frame_ns) / NS_PER_SEC;
	char note[BLINDNESS_NOTE_MAX];

	if (b->limits.quiet_sec == 0)
		return;
	if (quiet_sec < b->limits.quiet_sec) {
		set_one(b, TROUBLE_NO_PACKETS, false, "packets arrive again");
		return;
	}
	snprintf(note, sizeof note, "no packet has arrived for %" PRId64 " s: look at the mirror port, the cable, the filter", quiet_sec);
	set_one(b, TROUBLE_NO_PACKETS, true, note);
}

static void
mind_sink(struct blindness *b, struct sink_state *s, const struct blindness_sink *now)
{
	char subject[BLINDNESS_NAME_MAX + 32], note[BLINDNESS_NOTE_MAX];
	bool wrong = now->lag_sec >= b->limits.sink_lag_sec;

	/* Another one has its place since a reload. */
	if (strncmp(s->name, now->name, sizeof s->name - 1) != 0) {
		memset(s, 0, sizeof *s);
		snprintf(s->name, sizeof s->name, "%s", now->name);
	}
	snprintf(subject, sizeof subject, "sink %s is too far behind", s->name);
	if (wrong)
		snprintf(note, sizeof note, "sink %s has not had all records for %" PRIu64 " s: %" PRIu64 " wait in the journal",
		    s->name, now->lag_sec, now->lag_records);
	else
		snprintf(note, sizeof note, "sink %s has caught up", s->name);
	set(b, TROUBLE_SINK, &s->state, subject, wrong, note);
}

static void
mind_sinks(struct blindness *b, const struct blindness_sample *now)
{
	unsigned i;

	if (b->limits.sink_lag_sec == 0)
		return;
	for (i = 0; i < now->sinks && i < BLINDNESS_SINKS_MAX; i++)
		mind_sink(b, &b->sink[i], &now->sink[i]);
}

static void
mind_overload(struct blindness *b, const struct blindness_sample *now)
{
	static const char *const undone[SHED_LEVELS] = {
		[SHED_NOTHING] = "all is looked into again",
		[SHED_BODIES] = "bodies are not looked into",
		[SHED_STREAMS] = "bodies are not looked into, no further conversation is put in order",
		[SHED_PARSING] = "nothing is parsed but DNS",
	};
	uint64_t level = now->shed_level < SHED_LEVELS ? now->shed_level : SHED_LEVELS - 1;
	struct state *s = &b->state[TROUBLE_OVERLOAD];
	char note[BLINDNESS_NOTE_MAX];

	snprintf(note, sizeof note, "%s%s", undone[level], level == SHED_NOTHING ? "" : ": add workers, or filter more out; feeds are held against "
	    "addresses and DNS names, and contacts counted, all the same");
	/* What is left undone changes while it lasts. */
	if (s->on && level > b->told_level)
		s->on = false;
	b->told_level = level;
	set_one(b, TROUBLE_OVERLOAD, level > SHED_NOTHING, note);
}

/* The kernel ends a process when it is: over only when there is some room again. */
static void
mind_memory(struct blindness *b, const struct blindness_sample *now)
{
	double percent = now->memory_limit > 0 ? 100.0 * (double)now->memory_used / (double)now->memory_limit : 0;
	char note[BLINDNESS_NOTE_MAX];
	bool on = b->state[TROUBLE_MEMORY].on;

	if (b->limits.memory_percent == 0 || (on && percent >= b->limits.memory_percent - 5.0 && percent < b->limits.memory_percent))
		return;
	snprintf(note, sizeof note, "the sensor uses %.0f %% of the %" PRIu64 " MiB that it may use", percent, now->memory_limit >> 20);
	set_one(b, TROUBLE_MEMORY, percent >= b->limits.memory_percent, note);
}

static void
mind_clock(struct blindness *b, const struct blindness_sample *now)
{
	double by = (double)((now->wall_ns - now->clock_ns) - (b->last.wall_ns - b->last.clock_ns)) / (double)NS_PER_SEC;
	char note[BLINDNESS_NOTE_MAX];

	if (b->limits.clock_sec == 0)
		return;
	if (by < b->limits.clock_sec && by > -(double)b->limits.clock_sec && now->set_back == b->last.set_back)
		return;
	b->clock_was_set = true;
	if (now->set_back != b->last.set_back)
		snprintf(note, sizeof note, "the time of frames went back by more than an hour: conversations and beacons around "
		    "that moment have wrong times");
	else
		snprintf(note, sizeof note, "this machine's clock was set %s by %.0f s: conversations and beacons around that moment "
		    "have wrong times", by > 0 ? "forward" : "back", by > 0 ? by : -by);
	set_one(b, TROUBLE_CLOCK, true, note);
}

/* ---- at a window's end ---- */

/* Too much of a whole. `advice` says what to look at. */
struct share_row {
	enum trouble trouble;
	size_t part, whole, limit;
	uint64_t least;			/* of the whole, to conclude anything */
	const char *of, *advice;
};

#define SAMPLE(member) offsetof(struct blindness_sample, member)
#define LIMIT(member) offsetof(struct blindness_limits, member)

static const struct share_row shares[] = {
	{ TROUBLE_ONE_SIDED, SAMPLE(unanswered), SAMPLE(spoken), LIMIT(one_sided_percent), LEAST_SPOKEN,
	    "TCP conversations show one direction only", "does the mirror port copy both?" },
	{ TROUBLE_CHECKSUMS, SAMPLE(bad_checksum), SAMPLE(packets), LIMIT(checksum_percent), LEAST_PACKETS,
	    "packets have a wrong checksum", "does a network card fill them in later, or is the copy damaged? see `checksum`" },
	{ TROUBLE_SNAPLEN, SAMPLE(truncated), SAMPLE(packets), LIMIT(truncated_percent), LEAST_PACKETS,
	    "packets arrive cut", "raise capture.snaplen, or what the mirror copies of a frame" },
	{ TROUBLE_KERNEL_DROPS, SAMPLE(kernel_dropped), SAMPLE(kernel_seen), LIMIT(drop_percent), LEAST_PACKETS,
	    "frames were dropped by the kernel", "raise capture.buffer_mib or workers, or filter more out" },
	{ TROUBLE_RING_DROPS, SAMPLE(ring_dropped), SAMPLE(observations), LIMIT(ring_percent), LEAST_OBSERVATIONS,
	    "observations were lost for want of room", "raise limits.ring_mib" },
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
	char note[BLINDNESS_NOTE_MAX];

	if (limit == 0 || whole < r->least)
		return;
	snprintf(note, sizeof note, "%.1f %% of %" PRIu64 " %s within %u s: %s", percent, whole, r->of, b->limits.window_sec,
	    percent >= limit ? r->advice : "that is well again");
	set_one(b, r->trouble, percent >= limit, note);
}

static void
mind_protocol(struct blindness *b, const struct blindness_sample *now, enum trouble t, size_t offset, const char *what)
{
	uint64_t flows = now->flows - b->start.flows, seen = change(b, now, offset);
	char note[BLINDNESS_NOTE_MAX];

	if (b->limits.silent_flows == 0)
		return;
	snprintf(note, sizeof note, "there is %s again", what);
	if (seen > 0) {
		set_one(b, t, false, note);
		return;
	}
	if (flows < b->limits.silent_flows)
		return;
	snprintf(note, sizeof note, "%" PRIu64 " conversations began within %u s, and there is no %s at all: does the mirror port, "
	    "or the filter, leave it out?", flows, b->limits.window_sec, what);
	set_one(b, t, true, note);
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
		set_one(b, TROUBLE_CLOCK, false, "no clock was set since");
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
