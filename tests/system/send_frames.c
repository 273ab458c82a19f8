/*
 * send_frames - the frames of a capture onto an interface, from memory, again and again, each time between other hosts: as fast
 * as the machine can, or so many a second.
 *
 *	send_frames INTERFACE CAPTURE SECONDS [FRAMES_A_SECOND]
 *
 * Sends at the interface itself (PACKET_QDISC_BYPASS, packet(7)), some frames a call. What has no room there is offered
 * again. Prints the number of frames that were taken; 1 when something else went wrong.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"

enum { FRAMES_MOST = 1 << 21, FRAME_MOST = ETH_HLEN + 9000, BATCH = 32 };	/* an MTU of 9000 */

static struct iovec frames[FRAMES_MOST];

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static size_t
read_frames(const char *path)
{
	char words[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(path, words);
	struct pcap_pkthdr *head;
	const u_char *bytes;
	size_t n = 0;

	if (p == NULL)
		return 0;
	while (n < FRAMES_MOST && pcap_next_ex(p, &head, &bytes) == 1) {
		if (head->caplen < ETH_HLEN || head->caplen > FRAME_MOST || (frames[n].iov_base = malloc(head->caplen)) == NULL)
			continue;
		memcpy(frames[n].iov_base, bytes, head->caplen);
		frames[n++].iov_len = head->caplen;
	}
	pcap_close(p);
	return n;
}

static void
put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static unsigned
get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* A checksum over what changed from `old` to `now`: HC' = ~(~HC + ~m + m') (RFC 1624). */
static void
mend(uint8_t *sum, unsigned old, unsigned now)
{
	unsigned total = (~get16(sum) & 0xffff) + (~old & 0xffff) + now;

	total = (total & 0xffff) + (total >> 16);
	put16(sum, ~((total & 0xffff) + (total >> 16)) & 0xffff);
}

/* The TCP or UDP checksum of an IPv4 packet, or NULL: it has none, or a later fragment would. */
static uint8_t *
transport_sum(uint8_t *ip, size_t len)
{
	size_t at = (size_t)(ip[0] & 15) * 4 + (ip[9] == IPPROTO_TCP ? 16 : 6);

	if ((ip[9] != IPPROTO_TCP && ip[9] != IPPROTO_UDP) || (get16(ip + 6) & 0x1fff) != 0 || at + 2 > len)
		return NULL;
	return ip[9] == IPPROTO_UDP && get16(ip + at) == 0 ? NULL : ip + at;
}

/* The same frame between other hosts: what is sent twice between two is the same to them, and less work to follow. */
static void
move(uint8_t *frame, size_t len, unsigned key)
{
	enum { SUM = 10, SOURCE = 12, TARGET = 16, MULTICAST = 224 };
	uint8_t *ip = frame + ETH_HLEN, *sum, *low;
	unsigned old;

	if (len < ETH_HLEN + 20 || get16(frame + 12) != ETH_P_IP || ip[0] >> 4 != 4)
		return;
	sum = transport_sum(ip, len - ETH_HLEN);
	for (low = ip + SOURCE + 2; low <= ip + TARGET + 2; low += 4) {
		if (low[-2] >= MULTICAST)
			continue;
		old = get16(low);
		put16(low, old ^ key);
		mend(ip + SUM, old, old ^ key);
		if (sum != NULL)
			mend(sum, old, old ^ key);
	}
}

/* Odd: no two of 65,536 rounds have the same hosts. */
static unsigned
hosts_of(unsigned round)
{
	return round * 40503u & 0xffff;
}

static void
move_all(size_t count, unsigned round)
{
	size_t i;

	for (i = 0; i < count; i++)
		move(frames[i].iov_base, frames[i].iov_len, hosts_of(round - 1) ^ hosts_of(round));
}

static int
open_interface(const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;

	if (fd < 0)
		return -1;
	if (at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Up to `most` frames from number `at` on; how many were taken, -1: an error. */
static int
send_some(int fd, size_t at, size_t count, unsigned most)
{
	struct mmsghdr some[BATCH];
	unsigned n;
	int sent;

	for (n = 0; n < most && at + n < count; n++)
		some[n] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &frames[at + n], .msg_iovlen = 1 } };
	sent = sendmmsg(fd, some, n, 0);
	if (sent < 0)
		return errno == ENOBUFS || errno == EAGAIN || errno == EINTR ? 0 : -1;
	return sent;
}

/* Frames that were taken until the seconds are over; a rate of 0 is none. */
static uint64_t
send_all(int fd, size_t count, int64_t seconds, uint64_t rate)
{
	int64_t began = now_ns(), passed;
	uint64_t sent = 0, due;
	unsigned round = 0;
	size_t at = 0;
	int n;

	while ((passed = now_ns() - began) < seconds * NS_PER_SEC) {
		due = rate == 0 ? sent + BATCH : (uint64_t)((double)passed / 1e9 * (double)rate);
		if (due <= sent) {
			nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
			continue;
		}
		n = send_some(fd, at, count, due - sent < BATCH ? (unsigned)(due - sent) : BATCH);
		if (n < 0) {
			perror("send_frames");
			exit(1);
		}
		sent += (uint64_t)n;
		at += (size_t)n;
		if (at == count) {
			move_all(count, ++round);
			at = 0;
		}
	}
	return sent;
}

int
main(int argc, char **argv)
{
	size_t count;
	int fd;

	if (argc < 4) {
		fprintf(stderr, "usage: send_frames INTERFACE CAPTURE SECONDS [FRAMES_A_SECOND]\n");
		return 2;
	}
	count = read_frames(argv[2]);
	fd = open_interface(argv[1]);
	if (count == 0 || fd < 0) {
		fprintf(stderr, "send_frames: %s: %s\n", count == 0 ? argv[2] : argv[1], count == 0 ? "no frames" : strerror(errno));
		return 1;
	}
	printf("%" PRIu64 "\n", send_all(fd, count, atoi(argv[3]), argc > 4 ? strtoull(argv[4], NULL, 10) : 0));
	close(fd);
	return 0;
}
