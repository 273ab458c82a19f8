/*
 * frame.h - one captured frame, as capture/ hands it to decode/.
 *
 * `bytes` dies at the next read from the same source. `ordinal` counts the
 * frames of the whole input from 1: with many files, in the merged order.
 */
#ifndef HANSHO_FRAME_H
#define HANSHO_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct frame {
	int64_t ts_ns;
	uint64_t ordinal;
	const uint8_t *bytes;
	uint32_t captured_bytes;	/* at `bytes` */
	uint32_t wire_bytes;		/* what the frame had on the wire; never less than captured */
	int link_type;			/* DLT_ value of libpcap */
	bool retimed;			/* its own time could not be: this is that of the frame before */
};

#endif
