/*
 * frame_make.h - Ethernet frames with IPv4 and right checksums, for traffic
 * that the sensor makes itself.
 */
#ifndef SENSOR_RECORDS_FRAME_MAKE_H
#define SENSOR_RECORDS_FRAME_MAKE_H

#include <stdint.h>

enum { FRAME_FIN = 1, FRAME_SYN = 2, FRAME_ACK = 16, FRAME_PUSH = 24 };
enum { FRAME_TCP_HEADERS = 14 + 20 + 20, FRAME_UDP_HEADERS = 14 + 20 + 8 };

struct frame_ends {
	uint8_t addr[2][4];		/* 0 sends */
	uint16_t port[2];
};

/* The payload, at most 1460 bytes, stands behind the headers already. Returns the frame's length. */
unsigned frame_make_tcp(uint8_t *frame, const struct frame_ends *e, uint8_t flags, uint32_t sequence,
    uint32_t acknowledged, unsigned payload);
unsigned frame_make_udp(uint8_t *frame, const struct frame_ends *e, unsigned payload);

#endif
