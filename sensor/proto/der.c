#include "proto/der.h"

/* X.690 8.1.3: one byte, or how many bytes tell it. Four of them are more than any message has. */
static bool
read_length(struct span *in, uint32_t *len)
{
	uint8_t first, byte;

	*len = 0;
	if (!span_u8(in, &first))
		return false;
	if (first < 0x80) {
		*len = first;
		return true;
	}
	if (first == 0x80 || first > 0x84)
		return false;
	for (first &= 0x7f; first > 0; first--) {
		if (!span_u8(in, &byte))
			return false;
		*len = *len << 8 | byte;
	}
	return true;
}

bool
der_peek(struct span in, uint8_t *tag, size_t *header_bytes, uint32_t *body_bytes)
{
	size_t before = in.left;

	if (!span_u8(&in, tag) || (*tag & 0x1f) == 0x1f || !read_length(&in, body_bytes))
		return false;
	*header_bytes = before - in.left;
	return true;
}

bool
der_next(struct span *in, uint8_t *tag, struct span *body)
{
	struct span rest = *in;
	uint32_t len;
	size_t header;

	if (!der_peek(rest, tag, &header, &len) || !span_skip(&rest, header) || !span_take(&rest, len, body))
		return false;
	*in = rest;
	return true;
}

bool
der_take(struct span *in, uint8_t tag, struct span *body)
{
	return in->left > 0 && in->at[0] == tag && der_next(in, &tag, body);
}

bool
der_enter(struct span *in, uint8_t tag, struct span *body)
{
	uint8_t found;
	uint32_t len;
	size_t header;

	if (!der_peek(*in, &found, &header, &len) || found != tag)
		return false;
	span_skip(in, header);
	return span_take(in, len < in->left ? len : in->left, body);
}

bool
der_find(struct span *in, uint8_t tag, unsigned budget, struct span *body)
{
	struct span passed;
	uint8_t other;

	for (; budget > 0; budget--) {
		if (der_enter(in, tag, body))
			return true;
		if (!der_next(in, &other, &passed))
			return false;
	}
	return false;
}

bool
der_number(struct span *in, uint8_t tag, uint32_t *value)
{
	struct span rest = *in, body;
	uint32_t sum = 0;
	size_t i;

	if (!der_take(&rest, tag, &body) || body.left == 0 || body.left > 5 || (body.at[0] & 0x80) != 0)
		return false;
	if (body.left == 5 && body.at[0] != 0)
		return false;
	for (i = 0; i < body.left; i++)
		sum = sum << 8 | body.at[i];
	*value = sum;
	*in = rest;
	return true;
}
