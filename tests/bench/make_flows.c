/*
 * A capture in which FLOWS TCP connections are open at once, STREAMS of them
 * with an HTTP request and answer that are under way: each side has carried
 * data and more is expected. For measuring what a sensor keeps of them.
 *
 *     make_flows OUT.pcap FLOWS STREAMS
 *
 * All fits into 50 seconds: no timer ends a connection meanwhile.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETHERNET = 14, IP = 20, TCP = 20, HEADERS = ETHERNET + IP + TCP, SPAN_MS = 50000 };
enum { FIN = 1, SYN = 2, ACK = 16 };

struct connection {
	uint32_t client, server;
	uint16_t port;
};

static FILE *out;
static uint64_t frames, frames_in_all;

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

/* RFC 1071. `len` is even, or the byte behind is zero. */
static uint32_t
sum(const uint8_t *at, size_t len, uint32_t start)
{
	size_t i;

	for (i = 0; i < len; i += 2)
		start += (uint32_t)at[i] << 8 | at[i + 1];
	return start;
}

static uint16_t
fold(uint32_t s)
{
	s = (s >> 16) + (s & 0xffff);
	s = (s >> 16) + (s & 0xffff);
	return (uint16_t)~s;
}

static void
write_frame(const uint8_t *frame, uint32_t len)
{
	uint64_t ms = frames * SPAN_MS / frames_in_all;
	uint32_t header[4] = { (uint32_t)(1790000000 + ms / 1000), (uint32_t)(ms % 1000 * 1000), len, len };

	if (fwrite(header, sizeof header, 1, out) != 1 || fwrite(frame, len, 1, out) != 1) {
		perror("make_flows");
		exit(1);
	}
	frames++;
}

static void
segment(const struct connection *c, int side, uint32_t seq, uint32_t ack, uint8_t flags, const char *text)
{
	uint8_t f[HEADERS + 256] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	uint8_t *ip = f + ETHERNET, *tcp = ip + IP;
	uint32_t len = (uint32_t)strlen(text);

	ip[0] = 0x45;
	put16(ip + 2, IP + TCP + len);
	ip[8] = 64;
	ip[9] = 6;
	put32(ip + 12, side == 0 ? c->client : c->server);
	put32(ip + 16, side == 0 ? c->server : c->client);
	put16(ip + 10, fold(sum(ip, IP, 0)));
	put16(tcp, side == 0 ? c->port : 80);
	put16(tcp + 2, side == 0 ? 80 : c->port);
	put32(tcp + 4, seq);
	put32(tcp + 8, ack);
	tcp[12] = 0x50;
	tcp[13] = flags;
	put16(tcp + 14, 0x4000);
	memcpy(tcp + TCP, text, len);
	put16(tcp + 16, fold(sum(ip + 12, 8, sum(tcp, TCP + len, 6 + TCP + len))));
	write_frame(f, HEADERS + len);
}

static struct connection
connection(uint32_t n)
{
	return (struct connection){ 0x0a000000 + n / 50 % 0xffff00 + 1, 0xcb007100 + n % 250, (uint16_t)(1024 + n % 60000) };
}

static void
open_connection(uint32_t n)
{
	struct connection c = connection(n);

	segment(&c, 0, 1000, 0, SYN, "");
	segment(&c, 1, 5000, 1001, SYN | ACK, "");
	segment(&c, 0, 1001, 5001, ACK, "");
}

static void
speak(uint32_t n)
{
	static const char ask[] = "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\nGET /next HTTP/1.1\r\n";
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
	struct connection c = connection(n);

	segment(&c, 0, 1001, 5001, ACK, ask);
	segment(&c, 1, 5001, 1001 + (uint32_t)strlen(ask), ACK, answer);
}

int
main(int argc, char **argv)
{
	const uint32_t head[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1 };
	uint32_t flows, streams, n;

	if (argc != 4) {
		fprintf(stderr, "usage: make_flows OUT.pcap FLOWS STREAMS\n");
		return 2;
	}
	flows = (uint32_t)strtoul(argv[2], NULL, 10);
	streams = (uint32_t)strtoul(argv[3], NULL, 10);
	frames_in_all = 3ull * flows + 2ull * streams + 1;
	if ((out = fopen(argv[1], "wb")) == NULL || fwrite(head, sizeof head, 1, out) != 1) {
		perror(argv[1]);
		return 1;
	}
	for (n = 0; n < flows; n++)
		open_connection(n);
	for (n = 0; n < streams && n < flows; n++)
		speak((uint32_t)((uint64_t)n * flows / streams));
	return fclose(out) == 0 ? 0 : 1;
}
