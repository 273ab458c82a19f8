/*
 * Frames into packets into flows. The first byte picks the link type, then
 * each frame is (milliseconds, bytes missing, length of two bytes, bytes), so
 * that fragments can come in many frames; small limits, so that they are met.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "decode/decode.h"
#include "flow/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore(void *to, struct flow *f, enum flow_end how, int64_t deadline_ns)
{
	(void)to;
	(void)f;
	(void)how;
	(void)deadline_ns;
}

static void
take_packet(struct decode *d, struct flows *flows, struct packet *p)
{
	volatile uint8_t sum = 0;
	bool is_new;
	uint32_t i;
	int side;
	struct flow_look look;

	decode_verify(d, p);
	for (i = 0; i < p->payload_bytes; i++)
		sum = (uint8_t)(sum + p->payload[i]);
	if (decode_shard(p, 3) > 2 || p->payload_bytes > p->payload_wire_bytes)
		abort();
	flows_look(flows, p, &look);
	flows_look_on(flows, &look);
	if (flows_packet(flows, p, &look, &side, &is_new) == NULL)
		abort();
}

/* At its exact size, so that a sanitizer sees the first byte too far. */
static bool
take_frame(struct decode *d, struct flows *flows, struct span *in, struct frame *f)
{
	struct packet p;
	struct span body;
	uint8_t milliseconds, missing, *copy;
	uint16_t len;

	if (!span_u8(in, &milliseconds) || !span_u8(in, &missing) || !span_u16be(in, &len))
		return false;
	if (!span_take(in, len < in->left ? len : in->left, &body))
		return false;
	copy = malloc(body.left + 1);
	if (copy == NULL)
		return false;
	memcpy(copy + 1, body.at, body.left);
	f->bytes = copy + 1;
	f->captured_bytes = (uint32_t)body.left;
	f->wire_bytes = (uint32_t)body.left + missing;
	f->ts_ns += milliseconds * 1000000LL;
	f->ordinal++;
	if (decode_frame(d, f, &p) == DECODE_PACKET)
		take_packet(d, flows, &p);
	free(copy);
	return in->left > 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct decode_limits limits = { 4, 70000, 1, CHECKSUM_AUTO };
	static const struct flow_limits flow_limits = { 4, 1, 2, 1, 1, 1, 1, true };
	static const int links[] = { 1, 113, 276, 101, 12, 14, 228, 229, 0, 108, 9, 50, 104, 204, 7,
	    127, 105, 119, 163, 192, 239, 117, 51, 219 };
	struct decode *d = decode_new(&limits);
	struct flows *flows = flows_new(&flow_limits, ignore, NULL);
	struct span in = span_of(data, size);
	struct frame f = { .ts_ns = 0 };
	uint8_t link;

	if (d != NULL && flows != NULL && span_u8(&in, &link)) {
		f.link_type = links[link % (sizeof links / sizeof *links)];
		while (take_frame(d, flows, &in, &f))
			continue;
		flows_finish(flows);
	}
	decode_free(d);
	flows_free(flows);
	return 0;
}
