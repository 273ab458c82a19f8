#include "engine/traffic.h"

#include <pcap/dlt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/frame_make.h"

enum {
	TALKS = 512, AT_ONCE = 64, TURNS_MAX = 24, FRAME_MAX = 1514, SEGMENT = 1400,
	APART_NS = 2000, NAMES = 4096
};

struct made {
	uint32_t at, len;
};

struct talk {
	struct frame_ends ends;		/* as the client sends */
	uint32_t said[2];		/* sequence numbers */
	unsigned name;
	struct made turns[TURNS_MAX];
	unsigned count;
};

struct traffic {
	uint8_t bytes[TALKS * TURNS_MAX * FRAME_MAX];
	struct talk talks[TALKS];
	struct made order[TALKS * TURNS_MAX];
	uint32_t used;
	unsigned count;
	uint64_t random, ordinal;
	int64_t next_ns;
};

/* ---- one frame ---- */

/* xorshift64. */
static unsigned
any(struct traffic *t, unsigned below)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (unsigned)((t->random >> 16) % below);
}

static struct frame_ends
ends_from(const struct talk *k, int from)
{
	struct frame_ends e = k->ends;

	if (from == 0)
		return e;
	memcpy(e.addr[0], k->ends.addr[1], 4);
	memcpy(e.addr[1], k->ends.addr[0], 4);
	e.port[0] = k->ends.port[1];
	e.port[1] = k->ends.port[0];
	return e;
}

static void
settle(struct traffic *t, struct talk *k, unsigned len)
{
	k->turns[k->count].at = t->used;
	k->turns[k->count++].len = len;
	t->used += len;
}

static void
segment(struct traffic *t, struct talk *k, int from, uint8_t flags, const void *words, unsigned len)
{
	struct frame_ends e = ends_from(k, from);
	uint8_t *frame = t->bytes + t->used;

	if (len > 0)
		memcpy(frame + FRAME_TCP_HEADERS, words, len);
	settle(t, k, frame_make_tcp(frame, &e, flags, k->said[from],
	    (flags & FRAME_ACK) != 0 ? k->said[!from] : 0, len));
	k->said[from] += len + ((flags & (FRAME_SYN | FRAME_FIN)) != 0);
}

static void
datagram(struct traffic *t, struct talk *k, int from, const void *words, unsigned len)
{
	struct frame_ends e = ends_from(k, from);
	uint8_t *frame = t->bytes + t->used;

	memcpy(frame + FRAME_UDP_HEADERS, words, len);
	settle(t, k, frame_make_udp(frame, &e, len));
}

/* ---- conversations ---- */

static unsigned
put_name(const struct talk *k, char *to, size_t size)
{
	return (unsigned)snprintf(to, size, "www%u.site-%u.example", k->name % 8, k->name);
}

static void
open_tcp(struct traffic *t, struct talk *k)
{
	segment(t, k, 0, FRAME_SYN, NULL, 0);
	segment(t, k, 1, FRAME_SYN | FRAME_ACK, NULL, 0);
	segment(t, k, 0, FRAME_ACK, NULL, 0);
}

/* Full segments of an answer, every second one acknowledged. */
static void
body(struct traffic *t, struct talk *k, unsigned segments, bool tls)
{
	uint8_t words[SEGMENT];
	unsigned i;

	for (i = 0; i < SEGMENT; i++)
		words[i] = (uint8_t)any(t, 256);
	if (tls)	/* RFC 8446, 5.1: application data */
		memcpy(words, (const uint8_t[]) { 0x17, 3, 3, (SEGMENT - 5) >> 8, (SEGMENT - 5) & 0xff }, 5);
	for (i = 0; i < segments; i++) {
		segment(t, k, 1, FRAME_PUSH, words, SEGMENT);
		if (i % 2 == 1)
			segment(t, k, 0, FRAME_ACK, NULL, 0);
	}
}

static void
close_tcp(struct traffic *t, struct talk *k)
{
	segment(t, k, 0, FRAME_FIN | FRAME_ACK, NULL, 0);
	segment(t, k, 1, FRAME_FIN | FRAME_ACK, NULL, 0);
	segment(t, k, 0, FRAME_ACK, NULL, 0);
}

static uint8_t *
put(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static uint8_t *
put_length(uint8_t *at, unsigned n)
{
	return put(at, (const uint8_t[]) { (uint8_t)(n >> 8), (uint8_t)n }, 2);
}

/* RFC 8446, 4.1.2, with a name (RFC 6066, 3), groups, a signature and ALPN h2. */
static unsigned
client_hello(struct traffic *t, const struct talk *k, uint8_t *to)
{
	static const uint8_t suites[] = { 0, 6, 0x13, 1, 0x13, 2, 0xc0, 0x2f, 1, 0 };
	static const uint8_t rest[] = { 0, 10, 0, 4, 0, 2, 0, 29, 0, 13, 0, 4, 0, 2, 4, 3, 0, 16, 0, 5, 0, 3, 2, 'h', '2' };
	char name[64];
	unsigned len = put_name(k, name, sizeof name), i;
	unsigned extensions = 9 + len + (unsigned)sizeof rest, hello = 2 + 32 + 1 + (unsigned)sizeof suites + 2 + extensions;
	uint8_t *at = put_length(put(to, "\x16\x03\x01", 3), hello + 4);

	at = put_length(put(at, "\x01\x00", 2), hello);
	at = put(at, "\x03\x03", 2);
	for (i = 0; i < 32; i++)
		*at++ = (uint8_t)any(t, 256);
	*at++ = 0;
	at = put_length(put(at, suites, sizeof suites), extensions);
	at = put_length(put(at, "\0\0", 2), len + 5);
	at = put_length(at, len + 3);
	*at++ = 0;
	at = put(put_length(at, len), name, len);
	return (unsigned)(put(at, rest, sizeof rest) - to);
}

static unsigned
server_hello(struct traffic *t, uint8_t *to)
{
	uint8_t *at = put(to, "\x16\x03\x03\x00\x2c\x02\x00\x00\x28\x03\x03", 11);
	unsigned i;

	for (i = 0; i < 32; i++)
		*at++ = (uint8_t)any(t, 256);
	return (unsigned)(put(at, "\0\x13\x01\0\0\0", 6) - to);
}

static void
tls(struct traffic *t, struct talk *k)
{
	uint8_t words[512];

	k->ends.port[1] = 443;
	open_tcp(t, k);
	segment(t, k, 0, FRAME_PUSH, words, client_hello(t, k, words));
	segment(t, k, 1, FRAME_PUSH, words, server_hello(t, words));
	body(t, k, 3 + any(t, 6), true);
	close_tcp(t, k);
}

static void
http(struct traffic *t, struct talk *k)
{
	unsigned segments = 1 + any(t, 7);
	char words[512], name[64];
	int len;

	k->ends.port[1] = 80;
	put_name(k, name, sizeof name);
	open_tcp(t, k);
	len = snprintf(words, sizeof words, "GET /%u/page HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0\r\n\r\n",
	    any(t, 1000000), name);
	segment(t, k, 0, FRAME_PUSH, words, (unsigned)len);
	len = snprintf(words, sizeof words, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %u\r\n\r\n",
	    segments * SEGMENT);
	segment(t, k, 1, FRAME_PUSH, words, (unsigned)len);
	body(t, k, segments, false);
	close_tcp(t, k);
}

/* RFC 1035, 4.1: a question for an address, and its answer. */
static void
dns(struct traffic *t, struct talk *k)
{
	uint8_t words[256] = { (uint8_t)any(t, 256), (uint8_t)any(t, 256), 1, 0, 0, 1 }, *at = words + 12;
	char name[64], *label, *next;

	memcpy(k->ends.addr[1], (const uint8_t[]) { 10, 255, 0, 53 }, 4);
	k->ends.port[1] = 53;
	put_name(k, name, sizeof name);
	for (label = strtok_r(name, ".", &next); label != NULL; label = strtok_r(NULL, ".", &next)) {
		*at++ = (uint8_t)strlen(label);
		at = put(at, label, strlen(label));
	}
	at = put(at, "\0\0\1\0\1", 5);
	datagram(t, k, 0, words, (unsigned)(at - words));
	words[2] = 0x81;
	words[3] = 0x80;
	words[7] = 1;
	at = put(at, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc6\x12", 14);
	at = put_length(at, k->name);
	datagram(t, k, 1, words, (unsigned)(at - words));
}

static void
other_udp(struct traffic *t, struct talk *k)
{
	uint8_t words[1200];
	unsigned i, n = 2 + any(t, 8);

	k->ends.port[1] = (uint16_t)(20000 + any(t, 8));
	for (i = 0; i < sizeof words; i++)
		words[i] = (uint8_t)any(t, 256);
	for (i = 0; i < n; i++)
		datagram(t, k, i % 3 == 0 ? 0 : 1, words, 100 + any(t, 1100));
}

static void
converse(struct traffic *t, struct talk *k)
{
	static void (*const kinds[])(struct traffic *, struct talk *) = { tls, tls, tls, http, dns, dns, dns, other_udp };
	unsigned host = any(t, 16384);

	memset(k, 0, sizeof *k);
	/* Few services to a host, as real ones have. */
	k->name = (host * 7 + any(t, 8)) % NAMES;
	memcpy(k->ends.addr[0], (const uint8_t[]) { 10, 0, (uint8_t)(host >> 8), (uint8_t)host }, 4);
	/* RFC 2544: addresses to measure with. */
	memcpy(k->ends.addr[1], (const uint8_t[]) { 198, 18, (uint8_t)(k->name >> 8), (uint8_t)k->name }, 4);
	k->ends.port[0] = (uint16_t)(32768 + any(t, 28000));
	k->said[0] = any(t, 1u << 30);
	k->said[1] = any(t, 1u << 30);
	kinds[any(t, sizeof kinds / sizeof *kinds)](t, k);
}

/* ---- batches ---- */

static void
deal(struct traffic *t, const struct talk *first)
{
	unsigned turn, i;

	for (turn = 0; turn < TURNS_MAX; turn++)
		for (i = 0; i < AT_ONCE; i++)
			if (turn < first[i].count)
				t->order[t->count++] = first[i].turns[turn];
}

unsigned
traffic_make(struct traffic *t)
{
	unsigned i;

	t->ordinal += t->count;
	t->next_ns += (int64_t)t->count * APART_NS;
	t->used = t->count = 0;
	for (i = 0; i < TALKS; i++)
		converse(t, &t->talks[i]);
	for (i = 0; i < TALKS; i += AT_ONCE)
		deal(t, &t->talks[i]);
	return t->count;
}

void
traffic_frame(const struct traffic *t, unsigned n, struct frame *f)
{
	memset(f, 0, sizeof *f);
	f->ts_ns = t->next_ns + (int64_t)n * APART_NS;
	f->ordinal = t->ordinal + n + 1;
	f->bytes = t->bytes + t->order[n].at;
	f->captured_bytes = f->wire_bytes = t->order[n].len;
	f->link_type = DLT_EN10MB;
}

struct traffic *
traffic_new(int64_t from_ns)
{
	struct traffic *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->random = 0x9e3779b97f4a7c15;
	t->next_ns = from_ns;
	return t;
}

void
traffic_free(struct traffic *t)
{
	free(t);
}
