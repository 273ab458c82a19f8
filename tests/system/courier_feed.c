/*
 * courier_feed - alerts into a journal, and a courier that delivers them, for
 * the system tests of the sinks.
 *
 *	courier_feed JOURNAL COUNT PAUSE_MS DEADLINE_MS KIND=TARGET [OPTION=VALUE]...
 *
 * Appends COUNT alerts, PAUSE_MS apart, then drains. Alert n has the id
 * "%016x" of n, counted over the journal's life; with R in COURIER_FEED_REVISIONS of the
 * environment it is of n / R, and the revision n % R + 1. An OPTION is one of sinks[] in the configuration, of the sink before it. Prints a line per sink: kind, delivered,
 * refused, failures. Exits 0 when nothing was left, 1 when something was, 2 for an error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/journal.h"
#include "base/when.h"
#include "config/options.h"
#include "sinks/courier.h"

enum { SINKS_MOST = 8 };

static int
fail(const char *text)
{
	fprintf(stderr, "courier_feed: %s\n", text);
	return 2;
}

static bool
read_sink(const char *arg, struct sink_options *o)
{
	const char *target = strchr(arg, '=');
	unsigned kind;

	if (target == NULL)
		return false;
	*o = (struct sink_options){ .records = 1u << RECORD_ALERT, .timeout_ms = 2000,
		.retry_min_ms = 50, .retry_max_ms = 500, .facility = 16, .mail_alerts = 100, .descriptor = -1 };
	for (kind = 0; kind < SINK_KINDS; kind++) {
		const char *name = sink_kind_text((enum sink_kind)kind);

		if (strncmp(arg, name, strlen(name)) != 0 || arg + strlen(name) != target)
			continue;
		o->kind = (enum sink_kind)kind;
		snprintf(o->name, sizeof o->name, "%s", name);
		snprintf(o->target, sizeof o->target, "%s", target + 1);
		snprintf(o->sensor_name, sizeof o->sensor_name, "tap1");
		return true;
	}
	return false;
}

/* "batch=10" as in the configuration. */
static bool
read_option(const char *arg, struct sink_options *o)
{
	const char *value = strchr(arg, '=');
	const struct option_row *row;
	char path[64];

	if (value == NULL)
		return false;
	/* The whole configuration's there. */
	if (strcmp(arg, "language=ja") == 0)
		return o->japanese = true;
	snprintf(path, sizeof path, "sinks[].%.*s", (int)(value - arg), arg);
	row = option_find(path);
	if (row == NULL || !option_accepts(row, value + 1))
		return false;
	option_set(row, o, value + 1);
	return true;
}

static int
append_alert(struct journal *j, bool sync, struct fault *fault)
{
	const char *text = getenv("COURIER_FEED_REVISIONS");
	char line[1024], when[WHEN_TEXT_MAX];
	struct timespec now;
	uint64_t n = journal_count(j), revisions = text == NULL ? 1 : strtoull(text, NULL, 10);
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	when_eve((int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec, when);
	snprintf(line, sizeof line, "{\"timestamp\":\"%s\",\"event_type\":\"alert\","
	    "\"src_ip\":\"198.51.100.7\",\"src_port\":51514,\"dest_ip\":\"192.0.2.77\",\"dest_port\":443,"
	    "\"proto\":\"TCP\",\"tls\":{\"sni\":\"c2.example.net\"},"
	    "\"alert\":{\"signature\":\"C2 feed ip:port Emotet\",\"severity\":%u},"
	    "\"hansho\":{\"id\":\"%016" PRIx64 "\",\"revision\":%" PRIu64 ",\"state\":\"open\","
	    "\"reason\":\"quotes \\\" brackets ] backslash \\\\ kana \xe3\x81\x82\","
	    "\"indicator\":{\"type\":\"ip:port\",\"value\":\"192.0.2.77:443\",\"feed\":\"a\\\"b]c\\\\d\"}}}",
	    when, 1 + (unsigned)(n % 4), n / revisions, n % revisions + 1);
	if ((r = journal_append(j, RECORD_ALERT, line, NULL, fault)) < 0)
		return r;
	return sync ? journal_sync(j, fault) : 0;
}

static void
pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

int
main(int argc, char **argv)
{
	struct journal_limits limits = { .segment_bytes = 1 << 20, .max_bytes = 1 << 30 };
	struct sink_options sinks[SINKS_MOST];
	struct sink_state states[SINKS_MOST];
	struct courier *c = NULL;
	struct journal *j = NULL;
	struct fault fault;
	unsigned i, count = 0;
	uint64_t left;
	long n;

	if (argc < 6)
		return fail("usage: courier_feed JOURNAL COUNT PAUSE_MS DEADLINE_MS KIND=TARGET [OPTION=VALUE]...");
	for (i = 5; i < (unsigned)argc; i++) {
		if (count > 0 && read_option(argv[i], &sinks[count - 1]))
			continue;
		if (count == SINKS_MOST || !read_sink(argv[i], &sinks[count++]))
			return fail("KIND=TARGET is expected, or an option of sinks[]");
	}
	if (journal_open(argv[1], &limits, &j, &fault) < 0 ||
	    courier_open(argv[1], sinks, count, &c, &fault) < 0)
		return fail(fault.text);
	for (n = 0; n < atol(argv[2]); n++) {
		long ms = atol(argv[3]);

		if (append_alert(j, ms > 0 || n % 256 == 255, &fault) < 0)
			return fail(fault.text);
		courier_step(c);
		if (ms > 0)
			pause_ms(ms);
	}
	if (journal_sync(j, &fault) < 0)
		return fail(fault.text);
	left = courier_drain(c, (uint32_t)atol(argv[4]));
	count = courier_states(c, states, SINKS_MOST);
	for (i = 0; i < count; i++)
		printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", states[i].name,
		    states[i].delivered, states[i].refused, states[i].failures);
	courier_close(c);
	journal_close(j);
	return left == 0 ? 0 : 1;
}
