/* chunks.c - how a body's end is found (RFC 9112 sections 6 and 7). */
#include "proto/http/private.h"

enum { CHUNK_DIGITS_MAX = 15 };

static http_state_fn state_chunk_size, state_chunk_rest, state_trailer;

void
http_begin_chunks(struct http_side *side)
{
	side->left = side->digits = 0;
	side->state = state_chunk_size;
}

/* Takes up to side->left bytes. */
static void
take_body(struct http *h, struct http_side *side, struct span *in)
{
	struct span part;

	if (!span_take(in, side->left < in->left ? (size_t)side->left : in->left, &part))
		return;
	side->left -= part.left;
	if (http_body_is_open(&side->body))
		http_body_bytes(h, &side->body, part);
}

static void
end_body(struct http *h, struct http_side *side)
{
	if (http_body_is_open(&side->body))
		http_body_end(h, &side->body, true);
	side->state = http_state_start;
}

enum step
http_state_body(struct http *h, struct http_side *side, struct span *in)
{
	take_body(h, side, in);
	if (side->left == 0)
		end_body(h, side);
	return STEP_NEXT;
}

/*
 * A body until close. When the asker goes on all the same (crude servers and
 * their clients send neither length nor close), the next answer is one.
 */
enum step
http_state_open_body(struct http *h, struct http_side *side, struct span *in)
{
	if (side->piece_start && h->requests > side->asked_before && http_guess(*in, 0) == GUESS_YES) {
		end_body(h, side);
		return STEP_NEXT;
	}
	if (http_body_is_open(&side->body))
		http_body_bytes(h, &side->body, *in);
	span_skip(in, in->left);
	return STEP_MORE;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 9112 section 7.1: chunk-size [ chunk-ext ] CRLF. Servers take blanks and any number of zeros in front. */
static enum step
state_chunk_size(struct http *h, struct http_side *side, struct span *in)
{
	int digit;

	(void)h;
	while (side->digits == 0 && in->left > 0 && (in->at[0] == ' ' || in->at[0] == '\t'))
		span_skip(in, 1);
	while (in->left > 0 && (digit = hex_digit(in->at[0])) >= 0) {
		if (side->left > 0 && side->digits == CHUNK_DIGITS_MAX)
			return STEP_GIVE_UP;
		side->left = side->left << 4 | (unsigned)digit;
		side->digits = side->left > 0 ? (uint8_t)(side->digits + 1) : 1;
		span_skip(in, 1);
	}
	if (in->left == 0)
		return STEP_MORE;
	if (side->digits == 0)
		return STEP_GIVE_UP;
	side->line_bytes = 0;
	side->state = state_chunk_rest;
	return STEP_NEXT;
}

static enum step
state_chunk_rest(struct http *h, struct http_side *side, struct span *in)
{
	struct span skipped;

	if (!span_until(in, '\n', &skipped)) {
		if (in->left > proto_limits(h->p)->header_bytes - side->line_bytes)
			return STEP_OVER_LIMIT;
		side->line_bytes += (uint32_t)in->left;
		return STEP_MORE;
	}
	memset(&side->scan, 0, sizeof side->scan);
	side->line_bytes = 0;
	side->state = side->left > 0 ? http_state_chunk_data : state_trailer;
	return STEP_NEXT;
}

enum step
http_state_chunk_data(struct http *h, struct http_side *side, struct span *in)
{
	take_body(h, side, in);
	if (side->left == 0)
		side->state = http_state_chunk_end;
	return STEP_NEXT;
}

enum step
http_state_chunk_end(struct http *h, struct http_side *side, struct span *in)
{
	uint8_t c;

	(void)h;
	while (span_u8(in, &c)) {
		if (c == '\r')
			continue;
		if (c != '\n')
			return STEP_GIVE_UP;
		http_begin_chunks(side);
		return STEP_NEXT;
	}
	return STEP_MORE;
}

/* Fields behind the last chunk, up to an empty line. */
static enum step
state_trailer(struct http *h, struct http_side *side, struct span *in)
{
	size_t used;
	bool whole = http_scan(&side->scan, *in, &used);

	if (used > proto_limits(h->p)->header_bytes - side->line_bytes)
		return STEP_OVER_LIMIT;
	side->line_bytes += (uint32_t)used;
	span_skip(in, used);
	if (!whole)
		return STEP_MORE;
	http_forget_head(h, side);
	end_body(h, side);
	return STEP_NEXT;
}

