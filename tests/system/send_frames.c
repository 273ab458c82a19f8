/*
 * send_frames - the frames of a capture onto an interface, from memory, again and again: as fast as the machine can, or so
 * many a second.
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
		at = at + (size_t)n < count ? at + (size_t)n : 0;
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
