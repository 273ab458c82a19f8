/*
 * Captures for measuring, each the same at every run:
 *
 *     make_traffic OUT.pcap flows FLOWS STREAMS
 *         FLOWS TCP connections open at once, STREAMS of them with an HTTP
 *         request and answer that are under way: each side has carried data
 *         and more is expected. For what a sensor keeps of them.
 *     make_traffic OUT.pcap bulk MIB
 *         eight connections with full packets: web downloads, TLS records, a
 *         protocol that nobody knows.
 *     make_traffic OUT.pcap storm FRAMES FLOWS
 *         small packets: a third SYNs of a flood, each from another place, a
 *         third of FLOWS conversations over UDP and TCP in no order, a third
 *         questions to a resolver and their answers.
 *     make_traffic OUT.pcap small FRAMES FLOWS
 *         the second third alone.
 *
 * All fits into 50 seconds: no timer ends a connection meanwhile.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/frame_make.h"

enum { FULL = 1460, FRAME_MOST = FRAME_TCP_HEADERS + FULL, SPAN_MS = 50000 };

struct connection {
	uint32_t client, server;
	uint16_t client_port, server_port;
	uint32_t seq[2];		/* next of each side */
};

static FILE *out;
static uint64_t frames, frames_in_all;
static uint64_t state = 88172645463325252ULL;

static uint32_t
random_below(uint32_t most)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % most;
}

static void
put16(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void
put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

/* To a host that nobody is. */
static void
write_frame(uint8_t *frame, uint32_t len)
{
	static const uint8_t to[6] = { 2, 0, 0, 0, 0, 1 };
	uint64_t us = frames * SPAN_MS / (frames_in_all / 1000 + 1);
	uint32_t header[4] = { (uint32_t)(1790000000 + us / 1000000), (uint32_t)(us % 1000000), len, len };

	memcpy(frame, to, sizeof to);
	if (fwrite(header, sizeof header, 1, out) != 1 || fwrite(frame, len, 1, out) != 1) {
		perror("make_traffic");
		exit(1);
	}
	frames++;
}

static struct frame_ends
ends(const struct connection *c, int side)
{
	struct frame_ends e;

	put32(e.addr[side], c->client);
	put32(e.addr[!side], c->server);
	e.port[side] = c->client_port;
	e.port[!side] = c->server_port;
	return e;
}

static void
segment(struct connection *c, int side, uint8_t flags, const void *bytes, uint32_t len)
{
	uint8_t frame[FRAME_MOST];
	struct frame_ends e = ends(c, side);

	if (len > 0)
		memcpy(frame + FRAME_TCP_HEADERS, bytes, len);
	write_frame(frame, frame_make_tcp(frame, &e, flags, c->seq[side], (flags & FRAME_ACK) != 0 ? c->seq[!side] : 0, len));
	c->seq[side] += len + ((flags & FRAME_SYN) != 0);
}

static void
datagram(const struct connection *c, int side, const void *bytes, uint32_t len)
{
	uint8_t frame[FRAME_MOST];
	struct frame_ends e = ends(c, side);

	memcpy(frame + FRAME_UDP_HEADERS, bytes, len);
	write_frame(frame, frame_make_udp(frame, &e, len));
}

static void
text(struct connection *c, int side, const char *words)
{
	segment(c, side, FRAME_PUSH, words, (uint32_t)strlen(words));
}

static struct connection
connection(uint32_t n, uint16_t port)
{
	return (struct connection){ 0x0a000000 + n / 50 % 0xffff00 + 1, 0xcb007100 + n % 250,
		(uint16_t)(1024 + n % 60000), port, { 1000, 5000 } };
}

static void
shake_hands(struct connection *c)
{
	segment(c, 0, FRAME_SYN, NULL, 0);
	segment(c, 1, FRAME_SYN | FRAME_ACK, NULL, 0);
	segment(c, 0, FRAME_ACK, NULL, 0);
}

/* ---- connections open at once ---- */

static void
make_flows(uint32_t flows, uint32_t streams)
{
	struct connection c;
	uint32_t n;

	frames_in_all = 3ull * flows + 2ull * streams + 1;
	for (n = 0; n < flows; n++) {
		c = connection(n, 80);
		shake_hands(&c);
	}
	for (n = 0; n < streams && n < flows; n++) {
		c = connection((uint32_t)((uint64_t)n * flows / streams), 80);
		c.seq[0]++;
		c.seq[1]++;
		text(&c, 0, "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\nGET /next HTTP/1.1\r\n");
		text(&c, 1, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n");
	}
}

/* ---- few connections, full packets ---- */

enum { DOWNLOADS = 4, RECORDS = 2, UNKNOWN = 2, BULK = DOWNLOADS + RECORDS + UNKNOWN };

/* A client hello without extensions, and the server's (RFC 5246): what follows may be records of data. */
static const uint8_t hello[] = { 22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3, [43] = 0, 0, 2, 0x00, 0x2f, 1, 0 };
static const uint8_t answer[] = { 22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3, [43] = 0, 0x00, 0x2f, 0, 20, 3, 3, 0, 1, 1 };

static void
open_bulk(struct connection *c, unsigned i)
{
	char head[256];

	*c = connection(i * 977, i < DOWNLOADS ? 80 : i < DOWNLOADS + RECORDS ? 443 : 4004);
	shake_hands(c);
	if (i < DOWNLOADS) {
		text(c, 0, "GET /image.iso HTTP/1.1\r\nHost: mirror.example.com\r\nUser-Agent: bench\r\n\r\n");
		snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
		    "Content-Length: %llu\r\n\r\n", (unsigned long long)1 << 40);
		text(c, 1, head);
	} else if (i < DOWNLOADS + RECORDS) {
		segment(c, 0, FRAME_PUSH, hello, sizeof hello);
		segment(c, 1, FRAME_PUSH, answer, sizeof answer);
	}
}

static void
make_bulk(uint32_t mib)
{
	static uint8_t body[1 << 16];
	struct connection c[BULK];
	uint32_t n, i, packets = (uint32_t)(((uint64_t)mib << 20) / FRAME_MOST);

	for (i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)random_below(256);
	frames_in_all = packets + packets / 2 + 64;
	for (i = 0; i < BULK; i++)
		open_bulk(&c[i], i);
	for (n = 0; n < packets; n++) {
		struct connection *to = &c[n / 8 % BULK];
		uint8_t *bytes = body + random_below(sizeof body - FULL);

		/* A record of TLS in each packet. */
		if (to->server_port == 443)
			memcpy(bytes, (const uint8_t[]){ 23, 3, 3, (FULL - 5) >> 8, (FULL - 5) & 0xff }, 5);
		segment(to, 1, FRAME_ACK, bytes, FULL);
		if (n % 2 == 1)
			segment(to, 0, FRAME_ACK, NULL, 0);
	}
}

/* ---- small packets ---- */

static void
flood(void)
{
	struct connection c = connection(0, 443);

	c.client = 0x01000000 + random_below(0xde000000);
	c.client_port = (uint16_t)(1024 + random_below(60000));
	c.server = 0x0a000005;
	c.seq[0] = random_below(UINT32_MAX);
	segment(&c, 0, FRAME_SYN, NULL, 0);
}

/* One of FLOWS conversations says something short: half of them over UDP, half over TCP in midstream. */
static void
say_something(uint32_t flows)
{
	static const uint8_t words[16] = { 0x80, 0x21, 0, 1, 0, 2 };
	uint32_t n = random_below(flows);
	struct connection c = connection(n, n % 2 == 0 ? 5004 : 8443);
	int side = (int)random_below(2);

	if (n % 2 == 0)
		datagram(&c, side, words, sizeof words);
	else
		segment(&c, side, FRAME_ACK, NULL, 0);
}

static void
ask_resolver(uint32_t n)
{
	static const uint8_t end[4] = { 0, 1, 0, 1 }, given[12] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4 };
	uint8_t dns[128] = { 0, 0, 1, 0, 0, 1 };
	struct connection c = connection(n, 53);
	size_t len = 12;

	c.client = 0x0a000100 + n % 50000;
	c.server = 0x0a000035;
	put16(dns, n);
	len += (size_t)snprintf((char *)dns + len, 40, "%cw%05u%csite%04u%cexample", 6, n % 100000, 8, n % 7919, 7) + 1;
	memcpy(dns + len, end, sizeof end);
	len += sizeof end;
	datagram(&c, 0, dns, (uint32_t)len);
	dns[2] = 0x81;
	dns[3] = 0x80;
	dns[7] = 1;
	memcpy(dns + len, given, sizeof given);
	put32(dns + len + sizeof given, 0xcb007100 + n % 7919);
	datagram(&c, 1, dns, (uint32_t)(len + sizeof given + 4));
}

static void
make_storm(uint32_t count, uint32_t flows)
{
	uint32_t n;

	frames_in_all = count;
	for (n = 0; frames < count; n++) {
		flood();
		say_something(flows);
		if (n % 2 == 0)
			ask_resolver(n / 2);
	}
}

static void
make_small(uint32_t count, uint32_t flows)
{
	frames_in_all = count;
	while (frames < count)
		say_something(flows);
}

int
main(int argc, char **argv)
{
	const uint32_t head[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1 };
	const char *kind = argc > 3 ? argv[2] : "";
	uint32_t a, b;

	if (argc < 4) {
		fprintf(stderr, "usage: make_traffic OUT.pcap flows|bulk|storm|small NUMBER [NUMBER]\n");
		return 2;
	}
	a = (uint32_t)strtoul(argv[3], NULL, 10);
	b = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 1;
	if ((out = fopen(argv[1], "wb")) == NULL || fwrite(head, sizeof head, 1, out) != 1) {
		perror(argv[1]);
		return 1;
	}
	if (strcmp(kind, "flows") == 0)
		make_flows(a, b);
	else if (strcmp(kind, "bulk") == 0)
		make_bulk(a);
	else if (strcmp(kind, "storm") == 0)
		make_storm(a, b);
	else if (strcmp(kind, "small") == 0)
		make_small(a, b);
	else
		frames = 0;
	return fclose(out) == 0 && frames > 0 ? 0 : 1;
}
