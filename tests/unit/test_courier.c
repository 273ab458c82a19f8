/* The courier with real sockets on loopback: receivers that fail, hang, close, and come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/journal.h"
#include "base/log.h"
#include "receivers.h"
#include "sinks/courier.h"

struct house {
	char directory[40], journal[64], eve[64];
	struct journal *writer;
	struct receiver receiver;
	unsigned appended;
};

static int
set_up(void **state)
{
	struct journal_limits limits = { .segment_bytes = 1 << 20, .max_bytes = 64 << 20 };
	struct house *h = calloc(1, sizeof *h);
	struct fault fault;

	assert_non_null(h);
	log_set_level(LOG_LEVEL_ERROR);
	strcpy(h->directory, "/tmp/hansho-courier-XXXXXX");
	assert_non_null(mkdtemp(h->directory));
	snprintf(h->journal, sizeof h->journal, "%s/journal", h->directory);
	snprintf(h->eve, sizeof h->eve, "%s/eve.json", h->directory);
	assert_int_equal(journal_open(h->journal, &limits, &h->writer, &fault), 0);
	*state = h;
	return 0;
}

static int
tear_down(void **state)
{
	struct house *h = *state;
	char path[512];
	struct dirent *e;
	DIR *d;

	journal_close(h->writer);
	assert_non_null(d = opendir(h->journal));
	while ((e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", h->journal, e->d_name);
		unlink(path);
	}
	closedir(d);
	unlink(h->eve);
	rmdir(h->journal);
	assert_int_equal(rmdir(h->directory), 0);
	free(h);
	return 0;
}

static void
append(struct house *h, enum record_kind kind, unsigned count)
{
	struct fault fault;
	char line[160];
	unsigned i;

	for (i = 0; i < count; i++) {
		snprintf(line, sizeof line, "{\"src_ip\":\"192.0.2.1\",\"alert\":{\"signature\":\"s\","
		    "\"severity\":1},\"hansho\":{\"id\":\"%016x\",\"revision\":2}}", h->appended);
		if (kind == RECORD_ALERT)
			h->appended++;
		assert_int_equal(journal_append(h->writer, (uint16_t)kind, line, NULL, &fault), 0);
	}
	assert_int_equal(journal_sync(h->writer, &fault), 0);
}

static struct sink_options
options_for(enum sink_kind kind, const char *target)
{
	struct sink_options o = { .kind = kind, .records = 1u << RECORD_ALERT, .timeout_ms = 300,
		.retry_min_ms = 20, .retry_max_ms = 100, .descriptor = -1, .facility = 16 };

	snprintf(o.name, sizeof o.name, "%s", sink_kind_text(kind));
	snprintf(o.target, sizeof o.target, "%s", target);
	snprintf(o.sensor_name, sizeof o.sensor_name, "tap1");
	return o;
}

static struct courier *
open_courier(struct house *h, const struct sink_options *o, unsigned count)
{
	struct courier *c = NULL;
	struct fault fault;

	if (courier_open(h->journal, o, count, &c, &fault) < 0)
		fail_msg("%s", fault.text);
	return c;
}

static struct sink_state
state_of(const struct courier *c, unsigned i)
{
	struct sink_state states[8];

	assert_true(courier_states(c, states, 8) > i);
	return states[i];
}

static void
wait_until_failing(const struct courier *c)
{
	unsigned i;

	for (i = 0; i < 500 && !state_of(c, 0).failing; i++)
		nap_ms(20);
	assert_true(state_of(c, 0).failing);
}

static void
wait_for_count(struct receiver *r, unsigned count)
{
	unsigned i;

	for (i = 0; i < 500 && receiver_count(r) < count; i++)
		nap_ms(20);
	assert_true(receiver_count(r) >= count);
}

/* Every id from 0 to count-1 arrived, in order; twice is allowed only where `again` says so. */
static void
assert_all(struct receiver *r, unsigned count, bool again)
{
	unsigned i, next = 0;
	char id[17];

	for (i = 0; i < r->count && next < count; i++) {
		snprintf(id, sizeof id, "%016x", next);
		if (strstr(r->got[i], id) != NULL)
			next++;
		else
			assert_true(again);
	}
	assert_int_equal(next, count);
	if (!again)
		assert_int_equal(r->count, count);
}

static int
fail_then_hang(unsigned request)
{
	if (request < 5)
		return 500;
	return request == 5 ? 0 : 200;
}

static void
test_webhook_that_fails_and_hangs(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct sink_options o[2];
	struct courier *c;
	char url[64];

	r->status = fail_then_hang;
	receiver_start(r, SOCK_STREAM, receiver_run_http);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/hook?token=s3cret", r->port);
	o[0] = options_for(SINK_WEBHOOK, url);
	o[1] = options_for(SINK_EVE, h->eve);
	append(h, RECORD_ALERT, 20);
	append(h, RECORD_FLOW, 30);
	c = open_courier(h, o, 2);
	append(h, RECORD_ALERT, 20);
	assert_int_equal(courier_drain(c, 10000), 0);
	assert_int_equal(state_of(c, 0).delivered, 40);
	assert_int_equal(state_of(c, 0).failures, 6);
	assert_false(state_of(c, 0).failing);
	assert_non_null(strstr(state_of(c, 0).last_fault, "http://127.0.0.1:"));
	assert_null(strstr(state_of(c, 0).last_fault, "s3cret"));
	assert_int_equal(state_of(c, 1).delivered, 40);
	assert_int_equal(state_of(c, 1).failures, 0);
	courier_close(c);
	assert_all(r, 40, false);
	assert_string_equal(r->keys[7], "0000000000000007-2");
	receiver_stop(r);
}

static int
slow_down(unsigned request)
{
	return request == 0 ? 429 : 200;
}

static void
test_retry_after(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct timespec before, after;
	struct sink_options o;
	struct courier *c;
	char url[64];

	r->status = slow_down;
	r->extra = "Retry-After: 1\r\n";
	receiver_start(r, SOCK_STREAM, receiver_run_http);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", r->port);
	o = options_for(SINK_WEBHOOK, url);
	append(h, RECORD_ALERT, 1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	c = open_courier(h, &o, 1);
	wait_for_count(r, 1);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true((after.tv_sec - before.tv_sec) * 1000 +
	    (after.tv_nsec - before.tv_nsec) / 1000000 >= 950);
	assert_int_equal(courier_drain(c, 5000), 0);
	courier_close(c);
	receiver_stop(r);
}

static int
some_are_bad(unsigned request)
{
	return request % 3 == 1 ? 422 : 200;
}

static void
test_refused_records(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct sink_options o;
	struct courier *c;
	char url[64];

	r->status = some_are_bad;
	receiver_start(r, SOCK_STREAM, receiver_run_http);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", r->port);
	o = options_for(SINK_WEBHOOK, url);
	append(h, RECORD_ALERT, 30);
	c = open_courier(h, &o, 1);
	assert_int_equal(courier_drain(c, 5000), 0);
	assert_int_equal(state_of(c, 0).delivered, 20);
	assert_int_equal(state_of(c, 0).refused, 10);
	assert_non_null(strstr(state_of(c, 0).last_fault, "answers 422: words"));
	courier_close(c);
	assert_int_equal(receiver_count(r), 20);
	receiver_stop(r);
}

/* Nobody at the port: the others go on, the drain ends in time, and the next start delivers the rest. */
static void
test_refusing_port(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct sink_options o[3];
	struct timespec before, after;
	struct courier *c;
	char url[64], target[64];

	close(listen_loopback(SOCK_STREAM, &r->port));
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", r->port);
	snprintf(target, sizeof target, "tcp://127.0.0.1:%u", r->port);
	o[0] = options_for(SINK_WEBHOOK, url);
	o[1] = options_for(SINK_EVE, h->eve);
	o[2] = options_for(SINK_SYSLOG, target);
	append(h, RECORD_ALERT, 10);
	append(h, RECORD_DNS, 5);
	c = open_courier(h, o, 3);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(courier_drain(c, 300), 20);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec <= 2);
	assert_true(state_of(c, 0).failing && state_of(c, 2).failing);
	assert_non_null(strstr(state_of(c, 0).last_fault, "Failed to connect to 127.0.0.1"));
	assert_non_null(strstr(state_of(c, 2).last_fault, "Connection refused"));
	assert_int_equal(state_of(c, 1).delivered, 10);
	courier_close(c);
	receiver_start(r, SOCK_STREAM, receiver_run_http);
	c = open_courier(h, o, 2);
	assert_int_equal(courier_drain(c, 5000), 0);
	assert_int_equal(state_of(c, 0).delivered, 10);
	assert_int_equal(state_of(c, 1).delivered, 0);
	courier_close(c);
	assert_all(r, 10, false);
	receiver_stop(r);
}

/* A receiver that hangs delays neither the steps, nor the others, nor the end beyond its deadline. */
static int
always_hang(unsigned request)
{
	(void)request;
	return 0;
}

static void
test_hanging_receiver(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct timespec before, after;
	struct sink_options o[2];
	struct courier *c;
	unsigned i;
	char url[64];

	r->status = always_hang;
	receiver_start(r, SOCK_STREAM, receiver_run_http);
	snprintf(url, sizeof url, "http://127.0.0.1:%u/", r->port);
	o[0] = options_for(SINK_WEBHOOK, url);
	o[0].timeout_ms = 60000;
	o[1] = options_for(SINK_EVE, h->eve);
	append(h, RECORD_ALERT, 10);
	clock_gettime(CLOCK_MONOTONIC, &before);
	c = open_courier(h, o, 2);
	for (i = 0; i < 200 && state_of(c, 1).delivered < 10; i++) {
		courier_step(c);
		nap_ms(10);
	}
	assert_int_equal(state_of(c, 1).delivered, 10);
	assert_int_equal(courier_drain(c, 200), 10);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec <= 4);
	courier_close(c);
	receiver_stop(r);
}

static void
test_syslog_over_tcp_closes_in_the_middle(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct sink_options o;
	struct courier *c;
	char target[64];
	unsigned i;

	r->close_after = 7;
	r->closings = 5;
	receiver_start(r, SOCK_STREAM, receiver_run_syslog);
	snprintf(target, sizeof target, "tcp://127.0.0.1:%u", r->port);
	o = options_for(SINK_SYSLOG, target);
	c = open_courier(h, &o, 1);
	for (i = 0; i < 20; i++) {
		append(h, RECORD_ALERT, 5);
		nap_ms(20);
	}
	/* The last connection may be one that takes no more than seven: time for the echo of its end. */
	nap_ms(300);
	assert_int_equal(courier_drain(c, 10000), 0);
	courier_close(c);
	wait_for_count(r, 100);
	assert_int_equal(r->connections, 6);
	assert_all(r, 100, true);
	receiver_stop(r);
}

static void
test_syslog_over_tcp_restarts_when_idle(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct sink_options o;
	struct courier *c;
	char target[64];

	r->close_after = 1;
	r->closings = 1;
	receiver_start(r, SOCK_STREAM, receiver_run_syslog);
	snprintf(target, sizeof target, "tcp://127.0.0.1:%u", r->port);
	o = options_for(SINK_SYSLOG, target);
	c = open_courier(h, &o, 1);
	append(h, RECORD_ALERT, 1);
	wait_for_count(r, 1);
	nap_ms(300);
	append(h, RECORD_ALERT, 3);
	assert_int_equal(courier_drain(c, 5000), 0);
	courier_close(c);
	wait_for_count(r, 4);
	assert_all(r, 4, true);
	receiver_stop(r);
}

static void
test_syslog_over_udp(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct sink_options o;
	struct courier *c;
	char target[64];

	close(listen_loopback(SOCK_DGRAM, &r->port));
	snprintf(target, sizeof target, "udp://127.0.0.1:%u", r->port);
	o = options_for(SINK_SYSLOG, target);
	append(h, RECORD_ALERT, 5);
	c = open_courier(h, &o, 1);
	wait_until_failing(c);
	/* Nobody was there for the first five; they are not lost all the same. */
	receiver_start(r, SOCK_DGRAM, receiver_run_udp);
	append(h, RECORD_ALERT, 5);
	wait_for_count(r, 10);
	assert_int_equal(courier_drain(c, 5000), 0);
	courier_close(c);
	assert_all(r, 10, true);
	assert_int_equal(strncmp(r->got[0], "<130>1 - tap1 hansho ", 21), 0);
	receiver_stop(r);
}

static void
test_wrong_targets(void **state)
{
	struct house *h = *state;
	static const char *const bad[] = {
		"", "tcp://", "udp://:514", "tcp://host:0", "tcp://host:99999", "tcp://h/x:1",
		"tcp://[::1", "http://x", "syslog",
	};
	struct sink_options o = options_for(SINK_SYSLOG, "tcp://[::1]:6514");
	struct courier *c;
	struct fault fault;
	size_t i;

	courier_close(open_courier(h, &o, 1));
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		o = options_for(SINK_SYSLOG, bad[i]);
		assert_int_equal(courier_open(h->journal, &o, 1, &c, &fault), SE_USAGE);
		assert_null(c);
	}
	o = options_for(SINK_WEBHOOK, "ftp://example.net/secret");
	assert_int_equal(courier_open(h->journal, &o, 1, &c, &fault), SE_USAGE);
	assert_null(strstr(fault.text, "secret"));
}

static void
test_probe(void **state)
{
	struct house *h = *state;
	struct receiver *r = &h->receiver;
	struct sink_options o;
	struct fault fault;
	struct sink *s;
	char target[64];

	receiver_start(r, SOCK_STREAM, receiver_run_http);
	snprintf(target, sizeof target, "http://127.0.0.1:%u/s3cret", r->port);
	o = options_for(SINK_WEBHOOK, target);
	assert_int_equal(sink_open(&o, &s, &fault), 0);
	assert_int_equal(sink_probe(s, &fault), 0);
	assert_int_equal(r->requests, 0);
	sink_close(s);
	snprintf(target, sizeof target, "tcp://127.0.0.1:%u", r->port);
	o = options_for(SINK_SYSLOG, target);
	assert_int_equal(sink_open(&o, &s, &fault), 0);
	assert_int_equal(sink_probe(s, &fault), 0);
	sink_close(s);
	receiver_stop(r);
	assert_int_equal(sink_open(&o, &s, &fault), 0);
	assert_int_equal(sink_probe(s, &fault), SE_PEER);
	sink_close(s);
	o = options_for(SINK_SYSLOG, "/nowhere/log");
	assert_int_equal(sink_open(&o, &s, &fault), 0);
	assert_int_equal(sink_probe(s, &fault), SE_PEER);
	assert_non_null(strstr(fault.text, "/nowhere/log: nobody receives there"));
	sink_close(s);
}

static void
test_two_of_one_name(void **state)
{
	struct house *h = *state;
	struct sink_options o[2] = { options_for(SINK_EVE, h->eve), options_for(SINK_EVE, h->eve) };
	struct courier *c;
	struct fault fault;

	assert_int_equal(courier_open(h->journal, o, 2, &c, &fault), SE_USAGE);
	assert_non_null(strstr(fault.text, "two sinks"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_webhook_that_fails_and_hangs),
		CASE(test_retry_after),
		CASE(test_refused_records),
		CASE(test_refusing_port),
		CASE(test_hanging_receiver),
		CASE(test_syslog_over_tcp_closes_in_the_middle),
		CASE(test_syslog_over_tcp_restarts_when_idle),
		CASE(test_syslog_over_udp),
		CASE(test_wrong_targets),
		CASE(test_probe),
		CASE(test_two_of_one_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
