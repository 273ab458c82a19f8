#include "engine/sizing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "decode/fragments.h"
#include "engine/board.h"
#include "indicators/indicators.h"
#include "reassembly/reassembly.h"
#include "sinks/posts.h"
#include "witness/witness.h"

enum { MIB_BITS = 20 };

struct row {
	enum sizing_process process;
	const char *what, *option;
	uint64_t (*most)(const struct config *c);
	size_t (*bytes)(void);
	bool shared;
};

/* ---- how many ---- */

static uint64_t
mibs(uint64_t bytes)
{
	return (bytes + (1 << MIB_BITS) - 1) >> MIB_BITS;
}

#define COUNT(name, expression) \
	static uint64_t name(const struct config *c) { return (expression); }

COUNT(flows, c->flow.max_flows)
COUNT(streams, reassembly_streams(&c->reassembly))
COUNT(queued, mibs(c->reassembly.total_bytes))
COUNT(segments, reassembly_segments(&c->reassembly))
COUNT(datagrams, c->decode.fragment_datagrams)
COUNT(pages, fragments_pages(&c->decode))
COUNT(parsed, mibs(c->proto.total_bytes))
COUNT(bodies, mibs(c->proto.file_total_bytes))
COUNT(ring, c->ring_mib)
COUNT(buffer, c->capture.buffer_mib)
COUNT(keys, c->beacon.max_keys)
COUNT(tracks, beacon_tracks(c->beacon.max_keys))
COUNT(plots, beacon_plots(c->beacon.max_keys))
COUNT(beacon_callers, beacon_hosts(c->beacon.max_keys))
COUNT(open_alerts, c->alert.max_open)
COUNT(names, c->alert.max_names)
COUNT(owners, c->alert.max_hosts)
COUNT(followed, c->behaviour.hosts)
COUNT(cased, c->cases.hosts)
COUNT(gathered, c->history_enabled ? history_gathered() : 0)
COUNT(caches, c->history_enabled ? 1 : 0)
/* Snapshots hold pairs of host and service in a quarter of what the file needs. */
COUNT(snapshot, c->history_enabled ? mibs(c->history.max_bytes / 4) : 0)
COUNT(day_texts, c->contact_log_enabled ? contact_log_texts() : 0)
COUNT(indicators, c->max_indicators)
COUNT(once, c != NULL)

/* Two of each sink's requests may be at hand for each that is under way. */
static uint64_t
posts(const struct config *c)
{
	uint64_t most = 0;
	unsigned i;

	for (i = 0; i < c->sinks_count; i++)
		most += 2 * (c->sinks[i].parallel > 0 ? (uint64_t)c->sinks[i].parallel : 1);
	return most;
}

static size_t
one_mib(void)
{
	return (size_t)1 << MIB_BITS;
}

static size_t
board_bytes(void)
{
	return sizeof(struct board);
}

/* ---- the table ---- */

static const struct row rows[] = {
	{ SIZING_WORKER, "flows", "limits.flows", flows, flows_flow_bytes, false },
	{ SIZING_WORKER, "what their servers are called", "limits.flows", flows, witness_flow_bytes, false },
	{ SIZING_WORKER, "dialogues that were given up", "limits.flows", flows, dialogue_over_bytes, false },
	{ SIZING_WORKER, "streams in reassembly", "limits.streams", streams, reassembly_stream_bytes, false },
	{ SIZING_WORKER, "bytes behind holes", "limits.total_queue_mib", queued, one_mib, false },
	{ SIZING_WORKER, "segments behind holes", "limits.total_queue_mib", segments, reassembly_segment_bytes, false },
	{ SIZING_WORKER, "fragmented datagrams", "limits.fragments", datagrams, fragments_datagram_bytes, false },
	{ SIZING_WORKER, "pages of their bytes", "limits.fragment_mib", pages, fragments_page_bytes, false },
	{ SIZING_WORKER, "parsers", "limits.parser_total_mib", parsed, one_mib, false },
	{ SIZING_WORKER, "bodies looked into", "files.total_mib", bodies, one_mib, false },
	{ SIZING_WORKER, "ring to the analyst", "limits.ring_mib", ring, one_mib, true },
	{ SIZING_WORKER, "ring of frames, in a replay", "limits.ring_mib", ring, one_mib, true },
	{ SIZING_WORKER, "frames that wait in the kernel", "capture.buffer_mib", buffer, one_mib, true },
	{ SIZING_ANALYST, "beacon keys", "beacon.max_keys", keys, beacon_key_bytes, false },
	{ SIZING_ANALYST, "of them, those that keep coming", "beacon.max_keys", tracks, beacon_track_bytes, false },
	{ SIZING_ANALYST, "of them, with times for a plot", "beacon.max_keys", plots, beacon_plot_bytes, false },
	{ SIZING_ANALYST, "hosts of beacons", "beacon.max_keys", beacon_callers, beacon_host_bytes, false },
	{ SIZING_ANALYST, "proxies, names of silent connections", "", once, beacon_fixed_bytes, false },
	{ SIZING_ANALYST, "open alerts", "alerts.max_open", open_alerts, alerts_incident_bytes, false },
	{ SIZING_ANALYST, "names that DNS gave", "alerts.names", names, alerts_name_bytes, false },
	{ SIZING_ANALYST, "whose an address is", "alerts.hosts", owners, alerts_host_bytes, false },
	{ SIZING_ANALYST, "hosts whose behaviour is followed", "behaviour.hosts", followed, behaviour_host_bytes, false },
	{ SIZING_ANALYST, "the house they live in", "", once, behaviour_house_bytes, false },
	{ SIZING_ANALYST, "hosts of cases", "cases.hosts", cased, cases_host_bytes, false },
	{ SIZING_KEEPER, "contacts gathered", "history.enabled", gathered, history_gathered_bytes, false },
	{ SIZING_KEEPER, "cache of the history", "history.enabled", caches, history_cache_bytes, false },
	{ SIZING_KEEPER, "a snapshot being sorted", "history.max_mib", snapshot, one_mib, false },
	{ SIZING_KEEPER, "names and realms of a day", "contact_log.enabled", day_texts, contact_log_text_bytes, false },
	{ SIZING_COURIER, "requests at hand", "sinks", posts, posts_post_bytes, false },
	{ SIZING_COMPILER, "indicators being compiled", "limits.indicators", indicators, builder_indicator_bytes, false },
	{ SIZING_SHARED, "image of indicators in force", "limits.indicators", indicators, image_indicator_bytes, true },
	{ SIZING_SHARED, "image of a reload, beside it", "limits.indicators", indicators, image_indicator_bytes, true },
	{ SIZING_SHARED, "ring of the supervisor", "limits.ring_mib", ring, one_mib, true },
	{ SIZING_SHARED, "ring to the keeper", "limits.ring_mib", ring, one_mib, true },
	{ SIZING_SHARED, "board", "", once, board_bytes, true },
};

/* Upper bound: all of the program and its libraries, and what this process has of its own now. */
static uint64_t
program_bytes(void)
{
	static const char *const parts[] = { "VmExe:", "VmLib:", "RssAnon:" };
	unsigned long long kib, sum = 0;
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	size_t i;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL)
		for (i = 0; i < sizeof parts / sizeof *parts; i++)
			if (strncmp(line, parts[i], strlen(parts[i])) == 0 &&
			    sscanf(line + strlen(parts[i]), "%llu", &kib) == 1)
				sum += kib << 10;
	fclose(f);
	return sum;
}

/* ---- sums ---- */

const char *
sizing_name(enum sizing_process p)
{
	static const char *const name[SIZING_PROCESSES] = {
		[SIZING_WORKER] = "worker", [SIZING_ANALYST] = "analyst", [SIZING_KEEPER] = "keeper",
		[SIZING_COURIER] = "courier", [SIZING_COMPILER] = "compiler", [SIZING_SHARED] = "shared",
	};

	return name[p];
}

uint32_t
sizing_count(enum sizing_process p, const struct config *c)
{
	if (p == SIZING_WORKER)
		return c->workers;
	return p != SIZING_KEEPER || c->history_enabled || c->contact_log_enabled;
}

static unsigned
tables(enum sizing_process p, const struct config *c, struct sizing_line *lines)
{
	const struct row *r;
	unsigned n = 0;

	for (r = rows; r < rows + sizeof rows / sizeof *rows && n < SIZING_LINES_MOST; r++)
		if (r->process == p)
			lines[n++] = (struct sizing_line){ r->what, r->option, r->most(c), r->bytes(), r->shared, false };
	return n;
}

unsigned
sizing_lines(enum sizing_process p, const struct config *c, struct sizing_line lines[SIZING_LINES_MOST])
{
	unsigned n = tables(p, c, lines);

	if (p != SIZING_SHARED && n < SIZING_LINES_MOST)
		lines[n++] = (struct sizing_line){ "the program and its libraries", "", 1, program_bytes(), false, true };
	return n;
}

uint64_t
sizing_bytes(enum sizing_process p, const struct config *c)
{
	struct sizing_line lines[SIZING_LINES_MOST];
	unsigned n = sizing_lines(p, c, lines), i;
	uint64_t sum = 0;

	for (i = 0; i < n; i++)
		sum += lines[i].most * lines[i].bytes;
	return sum;
}

uint64_t
sizing_tables(enum sizing_process p, const struct config *c)
{
	struct sizing_line lines[SIZING_LINES_MOST];
	unsigned n = tables(p, c, lines), i;
	uint64_t sum = 0;

	for (i = 0; i < n; i++)
		sum += lines[i].shared ? 0 : lines[i].most * lines[i].bytes;
	return sum;
}

uint64_t
sizing_all(const struct config *c)
{
	uint64_t sum = 0;
	int p;

	for (p = 0; p < SIZING_PROCESSES; p++)
		sum += sizing_count((enum sizing_process)p, c) * sizing_bytes((enum sizing_process)p, c);
	return sum;
}

/* ---- in words ---- */

static double
mib(uint64_t bytes)
{
	return (double)bytes / (1 << MIB_BITS);
}

static void
print_line(const struct sizing_line *l, FILE *to)
{
	fprintf(to, "  %-41s %-24s %12" PRIu64 " x %8" PRIu64 " bytes %10.1f MiB\n", l->what, l->option, l->most,
	    l->bytes, mib(l->most * l->bytes));
}

void
sizing_print(const struct config *c, FILE *to)
{
	struct sizing_line lines[SIZING_LINES_MOST];
	unsigned n, i;
	int p;

	for (p = 0; p < SIZING_PROCESSES; p++) {
		n = sizing_lines((enum sizing_process)p, c, lines);
		fprintf(to, "%s x %u\n", sizing_name((enum sizing_process)p), sizing_count((enum sizing_process)p, c));
		for (i = 0; i < n; i++)
			print_line(&lines[i], to);
		fprintf(to, "  %-102s %10.1f MiB\n", "at most, each", mib(sizing_bytes((enum sizing_process)p, c)));
	}
	fprintf(to, "one worker at most %.1f MiB, all processes at most %.1f MiB\n", mib(sizing_bytes(SIZING_WORKER, c)),
	    mib(sizing_all(c)));
}

static cJSON *
process_json(enum sizing_process p, const struct config *c)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "lines"), *l;
	struct sizing_line lines[SIZING_LINES_MOST];
	unsigned n = sizing_lines(p, c, lines), i;

	cJSON_AddStringToObject(o, "process", sizing_name(p));
	cJSON_AddNumberToObject(o, "count", sizing_count(p, c));
	cJSON_AddNumberToObject(o, "bytes", (double)sizing_bytes(p, c));
	for (i = 0; i < n; i++) {
		cJSON_AddItemToArray(list, l = cJSON_CreateObject());
		cJSON_AddStringToObject(l, "what", lines[i].what);
		cJSON_AddStringToObject(l, "option", lines[i].option);
		cJSON_AddNumberToObject(l, "most", (double)lines[i].most);
		cJSON_AddNumberToObject(l, "bytes_each", (double)lines[i].bytes);
		cJSON_AddNumberToObject(l, "bytes", (double)(lines[i].most * lines[i].bytes));
		cJSON_AddBoolToObject(l, "shared", lines[i].shared);
		cJSON_AddBoolToObject(l, "fixed", lines[i].fixed);
	}
	return o;
}

bool
sizing_json(const struct config *c, FILE *to)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "processes");
	char *text;
	int p;

	for (p = 0; p < SIZING_PROCESSES; p++)
		cJSON_AddItemToArray(list, process_json((enum sizing_process)p, c));
	cJSON_AddNumberToObject(o, "worker_bytes", (double)sizing_bytes(SIZING_WORKER, c));
	cJSON_AddNumberToObject(o, "all_bytes", (double)sizing_all(c));
	text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	if (text == NULL)
		return false;
	fprintf(to, "%s\n", text);
	free(text);
	return true;
}
