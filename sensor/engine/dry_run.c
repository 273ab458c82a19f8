#include "engine/dry_run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analyst/analyst.h"
#include "base/log.h"
#include "base/suffix.h"
#include "base/when.h"
#include "beacon/known.h"
#include "engine/allowance.h"
#include "engine/feeds.h"
#include "engine/house.h"
#include "engine/pipeline.h"
#include "engine/traffic.h"
#include "indicators/allow.h"
#include "indicators/indicators.h"
#include "system/back_off.h"
#include "system/scratch.h"

enum { HELD_BYTES = 16 << 20, JOURNAL_BYTES = 64 << 20 };

struct rig {
	struct dry_run *told;
	char directory[CONFIG_TEXT_MAX];
	struct journal *journal;
	struct indicators *indicators;
	struct known *known;
	struct allow *allow;
	struct analyst *analyst;
	struct pipeline *pipeline;
	struct traffic *traffic;
	uint8_t *held;			/* observations of a batch, as the ring would hold them */
	size_t used;
	uint64_t no_room;
};

static void
hold(void *to, const struct observation *o)
{
	struct rig *r = to;

	if (o->bytes > HELD_BYTES - r->used) {
		r->no_room++;
		return;
	}
	memcpy(r->held + r->used, o, o->bytes);
	r->used += (o->bytes + 7u) & ~7u;
	r->told->observations++;
}

/* Without those that cannot be read: the run measures, `hansho check` finds fault. */
static int
load_feeds(struct rig *r, const struct config *c, struct fault *fault)
{
	struct feed_result *results = calloc(c->feeds_count + 1, sizeof *results);
	int image = -1, status;

	if (results == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for feeds");
	if ((status = feeds_compile(c, false, false, results, &image, fault)) == 0)
		status = indicators_map(image, &r->indicators, fault);
	feeds_report(results, c->feeds_count);
	if (image >= 0)
		close(image);
	free(results);
	return status < 0 ? status : 0;
}

static int
open_rig(struct rig *r, const struct config *c, struct fault *fault)
{
	struct pipeline_options options = { .config = c, .shard = 0, .shards = 1 };
	struct journal_limits limits = c->journal;
	int status;

	if (limits.max_bytes > JOURNAL_BYTES)
		limits.max_bytes = JOURNAL_BYTES;
	if ((status = scratch_make(r->directory, sizeof r->directory, fault)) < 0 ||
	    (status = load_feeds(r, c, fault)) < 0 ||
	    (status = journal_open(r->directory, &limits, &r->journal, fault)) < 0)
		return status;
	suffix_prepare();
	r->known = house_open_known(c);
	r->allow = feeds_open_allow(c);
	if ((r->held = malloc(HELD_BYTES)) == NULL || (r->traffic = traffic_new(house_wall_clock_ns())) == NULL ||
	    (r->analyst = analyst_new(c, r->journal, NULL, 0)) == NULL ||
	    (r->pipeline = pipeline_new(&options, hold, r)) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for the tables");
	analyst_set_known(r->analyst, r->known);
	analyst_set_allow(r->analyst, r->allow);
	pipeline_set_indicators(r->pipeline, r->indicators);
	return 0;
}

static void
close_rig(struct rig *r)
{
	pipeline_free(r->pipeline);
	analyst_free(r->analyst);
	traffic_free(r->traffic);
	free(r->held);
	journal_close(r->journal);
	known_free(r->known);
	allow_free(r->allow);
	indicators_unmap(r->indicators);
	if (r->directory[0] != '\0')
		scratch_remove(r->directory);
}

/* Returns its time, in seconds. */
static double
work(struct rig *r, unsigned frames)
{
	int64_t began_ns = back_off_clock_ns();
	struct frame f;
	unsigned n;

	for (n = 0; n < frames; n++) {
		traffic_frame(r->traffic, n, &f);
		r->told->bytes += f.wire_bytes;
		pipeline_frame(r->pipeline, &f);
	}
	r->told->packets += frames;
	return (double)(back_off_clock_ns() - began_ns) / (double)NS_PER_SEC;
}

static double
analyse(struct rig *r)
{
	int64_t began_ns = back_off_clock_ns();
	const struct observation *o;
	size_t at;

	for (at = 0; at < r->used; at += (o->bytes + 7u) & ~7u) {
		o = (const void *)(r->held + at);
		analyst_take(r->analyst, o);
	}
	r->used = 0;
	analyst_sync(r->analyst, 0);
	return (double)(back_off_clock_ns() - began_ns) / (double)NS_PER_SEC;
}

void
dry_run_sum(struct dry_run *d, unsigned workers)
{
	double a_packet = d->worker_sec / (double)d->packets, most;
	double a_packet_analysed = d->analyst_sec / (double)d->packets;

	d->packets_per_second = 1 / a_packet;
	d->mbit_per_second = (double)d->bytes * 8 / d->worker_sec / 1e6;
	d->observations_per_second = (double)d->observations / d->worker_sec;
	d->analyst_per_second = (double)d->observations / d->analyst_sec;
	d->analyst_limits_at = a_packet / a_packet_analysed;
	d->limit = LIMIT_WORKERS;
	most = workers / a_packet;
	if (most > 1 / a_packet_analysed) {
		d->limit = LIMIT_ANALYST;
		most = 1 / a_packet_analysed;
	}
	if (d->processors > 0 && most > d->processors / (a_packet + a_packet_analysed)) {
		d->limit = LIMIT_PROCESSORS;
		most = d->processors / (a_packet + a_packet_analysed);
	}
	d->configured_packets = most;
	d->configured_mbit = most * d->mbit_per_second / d->packets_per_second;
}

int
dry_run(const struct config *config, unsigned seconds, struct dry_run *out, struct fault *fault)
{
	int64_t until_ns;
	struct rig r = { .told = out };
	int status;

	memset(out, 0, sizeof *out);
	status = open_rig(&r, config, fault);
	until_ns = back_off_clock_ns() + seconds * NS_PER_SEC;
	while (status == 0 && (out->observations == 0 || back_off_clock_ns() < until_ns)) {
		out->worker_sec += work(&r, traffic_make(r.traffic));
		out->analyst_sec += analyse(&r);
	}
	if (r.no_room > 0)
		status = fault_set(fault, SE_NOMEM, "a batch made more observations than %d MiB hold", HELD_BYTES >> 20);
	close_rig(&r);
	out->processors = allowance_processors();
	if (status == 0)
		dry_run_sum(out, config->workers);
	return status;
}
