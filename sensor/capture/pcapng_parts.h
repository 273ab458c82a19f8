/*
 * pcapng_parts.h - what the blocks of a pcapng stream are made of: numbers in
 * the section's byte order, options, interfaces. Private to pcapng.c.
 */
#ifndef SENSOR_CAPTURE_PCAPNG_PARTS_H
#define SENSOR_CAPTURE_PCAPNG_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct interface {
	int link_type;
	uint32_t snaplen;		/* 0: none */
	uint64_t multiply, divide;	/* units to nanoseconds: multiply, shift, divide */
	unsigned shift;
	int64_t offset_sec;
	uint64_t lost;			/* by the counts that packets carry */
	uint64_t told;			/* by the latest statistics */
};

static inline bool
part_u16(bool big, struct span *s, uint16_t *out)
{
	return big ? span_u16be(s, out) : span_u16le(s, out);
}

static inline bool
part_u32(bool big, struct span *s, uint32_t *out)
{
	return big ? span_u32be(s, out) : span_u32le(s, out);
}

/* if_tsresol */
void interface_resolution(struct interface *i, uint8_t resolution);

/* The options of an interface description. False: damaged. */
bool interface_options(struct interface *i, bool big, struct span s);

/* Nanoseconds since 1970, not before and not after CAPTURE_TIME_MAX_NS. */
int64_t interface_time(const struct interface *i, uint64_t units);

/* The body of a statistics block: what interface and system had dropped by then. What is damaged says nothing. */
void part_statistics(bool big, struct span s, struct interface *interfaces, uint32_t count);

/* Packets lost since the one before, which an option behind a packet's bytes may say. */
uint64_t part_lost_before(bool big, struct span behind);

/* No sum of counts runs over. */
uint64_t part_add_lost(uint64_t a, uint64_t b);

#endif
