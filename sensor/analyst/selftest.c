#include "analyst/selftest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "indicators/indicators.h"
#include "records/frame_make.h"

/* 192.0.2.254 asks 198.51.100.254. */
static const uint8_t ends[2][4] = { { 192, 0, 2, 254 }, { 198, 51, 100, 254 } };

int
selftest_put(struct builder *b)
{
	const struct indicator i = {
		.type = INDICATOR_DOMAIN, .role = ROLE_SUSPICIOUS, .value = SELFTEST_NAME, .feed = "selftest",
		.malware = "", .reference = "", .line = 1, .confidence = 100,
		.first_seen_ns = WHEN_UNKNOWN, .last_seen_ns = WHEN_UNKNOWN, .valid_until_ns = WHEN_UNKNOWN,
	};

	return builder_add(b, &i);
}

bool
selftest_is(const struct observation *o)
{
	const struct addr one = addr_v4(ends[0]), other = addr_v4(ends[1]);

	return (addr_equal(&o->key.addr[0], &one) && addr_equal(&o->key.addr[1], &other)) ||
	    (addr_equal(&o->key.addr[1], &one) && addr_equal(&o->key.addr[0], &other));
}

/* "…/0123456789abcdef" */
static uint64_t
run_of(struct span url)
{
	char digits[SELFTEST_RUN_DIGITS + 1];

	if (url.left < SELFTEST_RUN_DIGITS)
		return 0;
	memcpy(digits, url.at + url.left - SELFTEST_RUN_DIGITS, SELFTEST_RUN_DIGITS);
	digits[SELFTEST_RUN_DIGITS] = '\0';
	return strtoull(digits, NULL, 16);
}

static void
tell(const struct observation *o, finding_fn *emit, void *to)
{
	struct finding f;

	memset(&f, 0, sizeof f);
	f.kind = FINDING_SENSOR;
	f.ts_ns = f.first_ns = o->ts_ns;
	f.service = "";
	f.subject = SELFTEST_SUBJECT;
	f.reason = "`hansho selftest` asked for this alert: nothing is wrong";
	f.severity = SEVERITY_LOW;
	emit(to, &f);
	f.over = true;
	emit(to, &f);
}

void
selftest_take(struct selftest_state *s, const struct observation *o, finding_fn *emit, void *to)
{
	if (o->kind != OBSERVE_CONTACT && o->kind != OBSERVE_MATCH)
		return;
	if (s->flow_id != o->flow_id) {
		memset(s, 0, sizeof *s);
		s->flow_id = o->flow_id;
		s->captured_ns = o->flow_first_ns;
	}
	if (o->kind == OBSERVE_CONTACT) {
		s->contact = 1;
		return;
	}
	if (s->matched != 0)
		return;
	s->matched = 1;
	s->understood_ns = o->ts_ns;
	s->packets = o->packets[0] + o->packets[1];
	s->run = run_of(observation_text(o, TEXT_URL));
	tell(o, emit, to);
}

/* ---- its frames ---- */

struct turn {
	int from;
	uint8_t flags;
	const char *text;		/* NULL: the request, which has the run's number */
};

enum { FIN = FRAME_FIN, SYN = FRAME_SYN, ACK = FRAME_ACK, PUSH = FRAME_PUSH, HEADERS = FRAME_TCP_HEADERS };

static const struct turn turns[] = {
	{ 0, SYN, "" }, { 1, SYN | ACK, "" }, { 0, ACK, "" },
	{ 0, PUSH, NULL },
	{ 1, PUSH, "HTTP/1.1 204 No Content\r\n\r\n" },
	{ 0, FIN | ACK, "" }, { 1, FIN | ACK, "" }, { 0, ACK, "" },
};

static int
words_of(const struct turn *t, uint64_t run, char *to, size_t size)
{
	if (t->text != NULL)
		return snprintf(to, size, "%s", t->text);
	return snprintf(to, size, "GET /%016" PRIx64 " HTTP/1.1\r\nHost: " SELFTEST_NAME "\r\n\r\n", run);
}

/* Bytes that this side has said before, SYN and FIN counted. */
static uint32_t
said_before(unsigned n, int side, uint64_t run)
{
	char words[SELFTEST_FRAME_MAX];
	uint32_t sum = 0;
	unsigned i;

	for (i = 0; i < n; i++)
		if (turns[i].from == side)
			sum += (uint32_t)words_of(&turns[i], run, words, sizeof words) + ((turns[i].flags & (SYN | FIN)) != 0);
	return sum;
}

unsigned
selftest_frame(unsigned n, uint64_t run, uint16_t port, uint8_t frame[SELFTEST_FRAME_MAX])
{
	const struct turn *t = &turns[n];
	uint32_t start = (uint32_t)(run >> 3);
	struct frame_ends e;
	int words;

	if (n >= sizeof turns / sizeof *turns)
		return 0;
	memcpy(e.addr[0], ends[t->from], 4);
	memcpy(e.addr[1], ends[!t->from], 4);
	e.port[t->from] = port;
	e.port[!t->from] = SELFTEST_PORT;
	words = words_of(t, run, (char *)frame + HEADERS, SELFTEST_FRAME_MAX - HEADERS);
	return frame_make_tcp(frame, &e, t->flags, start + said_before(n, t->from, run),
	    n > 0 ? start + said_before(n, !t->from, run) : 0, (unsigned)words);
}
