#include "engine/selftest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "indicators/indicators.h"

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

enum { FIN = 1, SYN = 2, ACK = 16, PUSH = 24, HEADERS = 14 + 20 + 20 };

static const struct turn turns[] = {
	{ 0, SYN, "" }, { 1, SYN | ACK, "" }, { 0, ACK, "" },
	{ 0, PUSH, NULL },
	{ 1, PUSH, "HTTP/1.1 204 No Content\r\n\r\n" },
	{ 0, FIN | ACK, "" }, { 1, FIN | ACK, "" }, { 0, ACK, "" },
};

static void
put16(uint8_t *at, unsigned n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static void
put32(uint8_t *at, uint32_t n)
{
	put16(at, n >> 16);
	put16(at + 2, n & 0xffff);
}

/* RFC 1071. */
static unsigned
checksum(const uint8_t *at, size_t len, uint32_t sum)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

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
	static const uint8_t head[14] = { 0x01, 0x80, 0xc2, 0, 0, 0x0f, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x00 };
	uint8_t *ip = frame + 14, *tcp = frame + 34;
	const struct turn *t = &turns[n];
	uint32_t start = (uint32_t)(run >> 3);
	unsigned len;
	int words;

	if (n >= sizeof turns / sizeof *turns)
		return 0;
	memset(frame, 0, SELFTEST_FRAME_MAX);
	words = words_of(t, run, (char *)frame + HEADERS, SELFTEST_FRAME_MAX - HEADERS);
	len = 20 + (unsigned)words;
	memcpy(frame, head, sizeof head);
	ip[0] = 0x45;
	put16(ip + 2, 20 + len);
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, ends[t->from], 4);
	memcpy(ip + 16, ends[!t->from], 4);
	put16(ip + 10, checksum(ip, 20, 0));
	put16(tcp, t->from == 0 ? port : SELFTEST_PORT);
	put16(tcp + 2, t->from == 0 ? SELFTEST_PORT : port);
	put32(tcp + 4, start + said_before(n, t->from, run));
	if (n > 0)
		put32(tcp + 8, start + said_before(n, !t->from, run));
	tcp[12] = 0x50;
	tcp[13] = t->flags;
	put16(tcp + 14, 65535);
	put16(tcp + 16, checksum(tcp, len, checksum(ip + 12, 8, 6 + len) ^ 0xffff));
	return 14 + 20 + len;
}
