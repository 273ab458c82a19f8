/*
 * stream.h - the next in-order bytes of one side of a TCP flow, or a hole.
 */
#ifndef HANSHO_STREAM_H
#define HANSHO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow;

struct stream_piece {
	struct flow *flow;
	int64_t ts_ns;		/* packet time of what made it deliverable */
	int from;		/* ORIGINATOR or RESPONDER */
	bool gap;		/* `len` bytes were lost here; `bytes` is NULL */
	uint64_t offset;	/* of its first byte in this side's stream, from 0 */
	const uint8_t *bytes;	/* dies on return */
	uint64_t len;
};

#endif
