/*
 * HTTP reader alone. The first bytes steer how the rest is cut into pieces:
 * (side, gap, length) for each piece; small limits, so that they are met.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_all(void *to, const struct message *m)
{
	volatile unsigned *sum = to;
	struct span path = m->kind == MESSAGE_HTTP_REQUEST ? m->http_request->path :
	    m->http_response->request_path;

	while (path.left > 0) {
		*sum += path.at[0];
		span_skip(&path, 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct proto_limits limits = { 512, 512, 2048, 0 };
	struct span in = span_of(data, size), part = in;
	uint64_t offset[2] = { 0, 0 };
	unsigned sum = 0;
	struct proto *p = proto_new(&limits, read_all, &sum);
	void *reader = p == NULL ? NULL : http_row.open(p);
	struct flow flow;
	uint8_t how;
	bool more = true;
	size_t rest;

	memset(&flow, 0, sizeof flow);
	while (reader != NULL && more && span_u8(&in, &how)) {
		size_t len = (how & 0x3f) * (size_t)((how & 0x40) != 0 ? 8 : 1) + 1;
		struct stream_piece piece = { .flow = &flow, .from = how >> 7, .gap = how == 0x3f || how == 0xbf };

		if (len > in.left)
			len = in.left;
		span_take(&in, len, &part);
		piece.offset = offset[piece.from];
		piece.len = len;
		piece.bytes = piece.gap ? NULL : part.at;
		offset[piece.from] += len;
		if (len > 0)
			more = http_row.piece(reader, &piece);
		if (!more && http_row.tunnel(reader, &rest) && rest > len)
			abort();
	}
	if (reader != NULL)
		http_row.close(reader);
	proto_free(p);
	return 0;
}
