/*
 * courier_feed - alerts into a journal, and a courier that delivers them, for
 * the system tests of the sinks.
 *
 *	courier_feed JOURNAL COUNT PAUSE_MS DEADLINE_MS KIND=TARGET...
 *
 * Appends COUNT alerts, PAUSE_MS apart, then drains. Alert n has the id
 * "%016x" of n, counted over the journal's life. Prints a line per sink: kind, delivered,
 * refused, failures. Exits 0 when nothing was left, 1 when something was, 2 for an error.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/journal.h"
#include "base/when.h"
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
		.retry_min_ms = 50, .retry_max_ms = 500, .facility = 16, .descriptor = -1 };
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

static int
append_alert(struct journal *j, struct fault *fault)
{
	char line[1024], when[WHEN_TEXT_MAX];
	struct timespec now;
	uint64_t n = journal_count(j);
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	when_eve((int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec, when);
	snprintf(line, sizeof line, "{\"timestamp\":\"%s\",\"event_type\":\"alert\","
	    "\"src_ip\":\"198.51.100.7\",\"src_port\":51514,\"dest_ip\":\"192.0.2.77\",\"dest_port\":443,"
	    "\"proto\":\"TCP\",\"tls\":{\"sni\":\"c2.example.net\"},"
	    "\"alert\":{\"signature\":\"C2 feed ip:port Emotet\",\"severity\":%u},"
	    "\"hansho\":{\"id\":\"%016" PRIx64 "\",\"revision\":1,\"state\":\"open\","
	    "\"reason\":\"quotes \\\" brackets ] backslash \\\\ kana \xe3\x81\x82\","
	    "\"indicator\":{\"type\":\"ip:port\",\"value\":\"192.0.2.77:443\",\"feed\":\"a\\\"b]c\\\\d\"}}}",
	    when, 1 + (unsigned)(n % 4), n);
	if ((r = journal_append(j, RECORD_ALERT, line, NULL, fault)) < 0)
		return r;
	return journal_sync(j, fault);
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
	struct journal_limits limits = { .segment_bytes = 1 << 20, .max_bytes = 64 << 20 };
	struct sink_options sinks[SINKS_MOST];
	struct sink_state states[SINKS_MOST];
	struct courier *c = NULL;
	struct journal *j = NULL;
	struct fault fault;
	unsigned i, count = 0;
	uint64_t left;
	long n;

	if (argc < 6 || argc - 5 > SINKS_MOST)
		return fail("usage: courier_feed JOURNAL COUNT PAUSE_MS DEADLINE_MS KIND=TARGET...");
	for (i = 5; i < (unsigned)argc; i++)
		if (!read_sink(argv[i], &sinks[count++]))
			return fail("KIND=TARGET is expected");
	if (journal_open(argv[1], &limits, &j, &fault) < 0 ||
	    courier_open(argv[1], sinks, count, &c, &fault) < 0)
		return fail(fault.text);
	for (n = 0; n < atol(argv[2]); n++) {
		if (append_alert(j, &fault) < 0)
			return fail(fault.text);
		courier_step(c);
		pause_ms(atol(argv[3]));
	}
	left = courier_drain(c, (uint32_t)atol(argv[4]));
	count = courier_states(c, states, SINKS_MOST);
	for (i = 0; i < count; i++)
		printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", states[i].name,
		    states[i].delivered, states[i].refused, states[i].failures);
	courier_close(c);
	journal_close(j);
	return left == 0 ? 0 : 1;
}
