/*
 * Any stream: recognition, every row, tunnels. Each piece begins with a byte
 * that says side, gap and length.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count_message(void *to, const struct message *m)
{
	(void)m;
	++*(unsigned *)to;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct proto_limits limits = { 1024, 4096, 8192, 0 };
	struct span in = span_of(data, size), part = in;
	uint64_t offset[2] = { 0, 0 };
	unsigned messages = 0;
	struct proto *p = proto_new(&limits, count_message, &messages);
	struct dialogue *d = p == NULL ? NULL : dialogue_new(p);
	struct flow flow;
	uint8_t how;
	bool more = true;

	memset(&flow, 0, sizeof flow);
	flow.midway = size > 0 && (data[size - 1] & 1) != 0;
	while (d != NULL && more && span_u8(&in, &how)) {
		size_t len = (how & 0x3f) * (size_t)((how & 0x40) != 0 ? 16 : 1) + 1;
		struct stream_piece piece = { .flow = &flow, .from = how >> 7, .gap = how == 0x3f || how == 0xbf };

		if (len > in.left)
			len = in.left;
		span_take(&in, len, &part);
		piece.offset = offset[piece.from];
		piece.len = len;
		piece.bytes = piece.gap ? NULL : part.at;
		offset[piece.from] += len;
		if (len > 0)
			more = dialogue_piece(d, &piece);
	}
	if (d != NULL)
		dialogue_end(d, &flow, 1);
	dialogue_free(d);
	proto_free(p);
	return 0;
}
