#include "proto/quic/quic_packet.h"

enum { LONG_HEADER = 0x80 };

bool
quic_varint(struct span *in, uint64_t *out)
{
	struct span s = *in;
	uint8_t first, next;
	unsigned more;
	uint64_t value;

	if (!span_u8(&s, &first))
		return false;
	value = first & 0x3f;
	for (more = (1u << (first >> 6)) - 1; more > 0; more--) {
		if (!span_u8(&s, &next))
			return false;
		value = value << 8 | next;
	}
	*in = s;
	*out = value;
	return true;
}

static bool
take_id(struct span *in, struct span *id)
{
	uint8_t len;

	return span_u8(in, &len) && len <= QUIC_ID_BYTES_MAX && span_take(in, len, id);
}

static bool
skip_token(struct span *in)
{
	uint64_t len;

	return quic_varint(in, &len) && len <= in->left && span_skip(in, (size_t)len);
}

static bool
take_body(struct span *in, struct span s, struct quic_packet *out)
{
	uint64_t len;

	if (out->kind == QUIC_INITIAL && !skip_token(&s))
		return false;
	if (!quic_varint(&s, &len) || len > s.left)
		return false;
	out->number_at = (size_t)(s.at - in->at);
	return span_take(in, out->number_at + (size_t)len, &out->whole);
}

static enum quic_kind
kind_of(uint8_t first, const struct quic_packet *p)
{
	if (p->version == 0)
		return QUIC_NEGOTIATION;
	return p->known == NULL ? QUIC_STRANGE : p->known->kind[first >> 4 & 3];
}

bool
quic_packet_next(struct span *in, struct quic_packet *out)
{
	struct span s = *in;
	uint8_t first;

	if (!span_u8(&s, &first) || (first & LONG_HEADER) == 0)
		return false;
	if (!span_u32be(&s, &out->version) || !take_id(&s, &out->dcid) || !take_id(&s, &out->scid))
		return false;
	out->known = quic_version_find(out->version);
	out->kind = kind_of(first, out);
	if (out->kind == QUIC_INITIAL || out->kind == QUIC_ZERO_RTT || out->kind == QUIC_HANDSHAKE)
		return take_body(in, s, out);
	span_skip(in, in->left);
	return true;
}
