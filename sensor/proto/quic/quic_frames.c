#include "proto/quic/quic_frames.h"

#include "proto/quic/quic_packet.h"

enum { FRAME_PADDING = 0, FRAME_PING = 1, FRAME_ACK = 2, FRAME_ACK_ECN = 3, FRAME_CRYPTO = 6, FRAME_CLOSE = 0x1c };

static bool
skip_varints(struct span *in, uint64_t count)
{
	uint64_t value;

	for (; count > 0; count--)
		if (!quic_varint(in, &value))
			return false;
	return true;
}

/* Each round takes a byte at least, so the count needs no other bound. */
static bool
skip_ack(struct span *in, bool ecn)
{
	uint64_t ranges;

	if (!skip_varints(in, 2) || !quic_varint(in, &ranges) || ranges > in->left)
		return false;
	return skip_varints(in, 1 + 2 * ranges + (ecn ? 3 : 0));
}

static bool
skip_close(struct span *in)
{
	uint64_t len;

	return skip_varints(in, 2) && quic_varint(in, &len) && len <= in->left && span_skip(in, (size_t)len);
}

static bool
take_crypto(struct span *in, uint64_t *offset, struct span *bytes)
{
	uint64_t len;

	return quic_varint(in, offset) && quic_varint(in, &len) && len <= in->left &&
	    span_take(in, (size_t)len, bytes);
}

static bool
skip_other(struct span *in, uint64_t type)
{
	switch (type) {
	case FRAME_PADDING:
	case FRAME_PING: return true;
	case FRAME_ACK: return skip_ack(in, false);
	case FRAME_ACK_ECN: return skip_ack(in, true);
	case FRAME_CLOSE: return skip_close(in);
	default: return false;
	}
}

bool
quic_next_crypto(struct span *frames, uint64_t *offset, struct span *bytes)
{
	uint64_t type;

	while (quic_varint(frames, &type)) {
		if (type == FRAME_CRYPTO)
			return take_crypto(frames, offset, bytes);
		if (!skip_other(frames, type))
			return false;
	}
	return false;
}
