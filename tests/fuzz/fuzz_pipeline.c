/*
 * The whole way: capture bytes, frames, the pipeline with limits so small that
 * they are met and with indicators, observations, an analyst that writes to a
 * journal. Each observation must be a valid one; a run with two shards must
 * see the frames that one sees, and a pipeline that is freed midway says nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyst/analyst.h"
#include "base/log.h"
#include "base/when.h"
#include "capture/capture.h"
#include "engine/feeds.h"
#include "engine/pipeline.h"
#include "indicators/builder.h"
#include "indicators/indicators.h"
#include "system/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES_MOST = 2000, SHARDS = 2 };

static struct config config;
static struct indicators *indicators;
static struct journal *journal;
static char folder[512];

static void
say_nothing(void *to, const char *line)
{
	(void)to;
	(void)line;
}

static void
remove_folder(void)
{
	scratch_remove(folder);
}

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
load_indicators(void)
{
	static const struct indicator some[] = {
		{ .type = INDICATOR_CIDR, .value = "198.51.100.0/24", .feed = "f" },
		{ .type = INDICATOR_ADDRESS_PORT, .value = "192.0.2.77:443", .feed = "f" },
		{ .type = INDICATOR_DOMAIN, .value = "example.com", .feed = "f" },
		{ .type = INDICATOR_DOMAIN, .value = "cdn-metrics.example", .feed = "f" },
		{ .type = INDICATOR_URL, .value = "host.example/a", .feed = "f" },
		{ .type = INDICATOR_ADDRESS, .role = ROLE_INFECTED, .value = "10.0.0.1", .feed = "f" },
	};
	struct builder *b = builder_new(100);
	struct fault fault;
	size_t i;
	int fd = -1;

	must(b != NULL);
	for (i = 0; i < sizeof some / sizeof *some; i++) {
		struct indicator one = some[i];

		one.malware = one.reference = "";
		one.first_seen_ns = one.last_seen_ns = WHEN_UNKNOWN;
		builder_add(b, &one);
	}
	must(builder_compile(b, &fd, &fault) == 0 && indicators_map(fd, &indicators, &fault) == 0);
	builder_free(b);
	close(fd);
}

static void
set_limits(void)
{
	config.records = ~0u;
	config.decode.fragment_datagrams = 4;
	config.decode.fragment_bytes = 65536;
	config.flow.max_flows = 16;
	config.reassembly.max_streams = 4;
	config.reassembly.side_bytes = 6000;
	config.reassembly.side_segments = 12;
	config.reassembly.total_bytes = 10000;
	config.proto.header_bytes = config.proto.handshake_bytes = 2048;
	config.proto.flow_bytes = 8192;
	config.proto.total_bytes = 32768;
	config.beacon.max_keys = 16;
	config.beacon.min_contacts = 4;
	config.alert.max_open = 4;
	config.alert.max_names = 8;
	config.journal.max_bytes = 1 << 20;
	config.journal.segment_bytes = 1 << 18;
	config.journal.sync = JOURNAL_SYNC_NEVER;
}

static void
prepare(void)
{
	struct fault fault;

	if (journal != NULL)
		return;
	log_set_level(LOG_LEVEL_ERROR);
	must(config_defaults(&config) == 0);
	set_limits();
	load_indicators();
	must(scratch_make(folder, sizeof folder, &fault) == 0);
	must(journal_open(folder, &config.journal, &journal, &fault) == 0);
	atexit(remove_folder);
}

static void
take(void *to, const struct observation *o)
{
	must(observation_valid(o, o->bytes));
	if (to != NULL)
		analyst_take(to, o);
}

/* `path` through one shard; returns how many frames it saw. `freed`: in the middle of everything. */
static uint64_t
run(const struct capture_file *file, uint32_t shard, uint32_t shards, struct analyst *a, bool freed)
{
	const struct pipeline_options options = { .config = &config, .shard = shard, .shards = shards };
	struct pipeline *p = NULL;
	struct pipeline_counts counts = { .frames = 0 };
	struct capture *c = NULL;
	struct fault fault;
	struct frame f;

	if (capture_files_open(file, 1, say_nothing, NULL, &c, &fault) < 0)
		return 0;
	must((p = pipeline_new(&options, take, a)) != NULL);
	pipeline_set_indicators(p, indicators);
	while (capture_next(c, &f) == CAPTURE_FRAME && f.ordinal < FRAMES_MOST)
		pipeline_frame(p, &f);
	if (!freed)
		pipeline_finish(p);
	pipeline_count(p, &counts);
	must(counts.reassembly.active <= config.reassembly.max_streams && counts.reassembly.refused == 0);
	pipeline_free(p);
	capture_close(c);
	return counts.frames;
}

static void
analyse(const struct capture_file *file)
{
	struct analyst *a = analyst_new(&config, journal, NULL, 0);
	struct analyst_counts counts;
	uint64_t frames;

	must(a != NULL);
	frames = run(file, 0, 1, a, false);
	analyst_finish(a, 0);
	analyst_count(a, &counts);
	must(counts.records_lost == 0);
	analyst_free(a);
	for (uint32_t shard = 0; shard < SHARDS; shard++)
		must(run(file, shard, SHARDS, NULL, shard != 0) == frames);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	struct capture_file file;
	char path[64];

	prepare();
	if (fd < 0)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	file.path = path;
	if (write(fd, data, size) == (ssize_t)size) {
		capture_files_are_plain(&file, 1);
		analyse(&file);
	}
	close(fd);
	return 0;
}
