#include "proto/content/inflater.h"

#include <brotli/decode.h>
#include <limits.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

struct inflater {
	z_stream z;
	BrotliDecoderState *brotli;	/* NULL: zlib is meant */
	struct inflater_purse purse;
	size_t held;			/* by brotli */
	bool gzip;
	bool begun;
	bool ended;
};

struct inflater *
inflater_new(bool gzip)
{
	struct inflater *i = calloc(1, sizeof *i);

	if (i == NULL)
		return NULL;
	i->gzip = gzip;
	if (inflateInit2(&i->z, gzip ? MAX_WBITS + 16 : MAX_WBITS) != Z_OK) {
		free(i);
		return NULL;
	}
	return i;
}

void
inflater_again(struct inflater *i, bool gzip)
{
	i->gzip = gzip;
	i->begun = i->ended = false;
	/* It fails where nothing was made before alone. */
	inflateReset2(&i->z, gzip ? MAX_WBITS + 16 : MAX_WBITS);
}

/* ---- brotli's memory ---- */

/* Before each piece stands how large it is. */
enum { PIECE_HEAD = 16 };

static void *
take_piece(void *to, size_t bytes)
{
	struct inflater *i = to;
	uint8_t *at;

	if (bytes > BROTLI_MOST - i->held || !i->purse.take(i->purse.from, bytes))
		return NULL;
	if ((at = malloc(PIECE_HEAD + bytes)) == NULL) {
		i->purse.give(i->purse.from, bytes);
		return NULL;
	}
	memcpy(at, &bytes, sizeof bytes);
	i->held += bytes;
	return at + PIECE_HEAD;
}

static void
give_piece(void *to, void *piece)
{
	struct inflater *i = to;
	size_t bytes;

	if (piece == NULL)
		return;
	memcpy(&bytes, (uint8_t *)piece - PIECE_HEAD, sizeof bytes);
	i->held -= bytes;
	i->purse.give(i->purse.from, bytes);
	free((uint8_t *)piece - PIECE_HEAD);
}

struct inflater *
inflater_new_brotli(const struct inflater_purse *purse)
{
	struct inflater *i = calloc(1, sizeof *i);

	if (i == NULL)
		return NULL;
	i->purse = *purse;
	if ((i->brotli = BrotliDecoderCreateInstance(take_piece, give_piece, i)) == NULL) {
		free(i);
		return NULL;
	}
	return i;
}

bool
inflater_is_brotli(const struct inflater *i)
{
	return i->brotli != NULL;
}

void
inflater_free(struct inflater *i)
{
	if (i == NULL)
		return;
	if (i->brotli != NULL)
		BrotliDecoderDestroyInstance(i->brotli);
	else
		inflateEnd(&i->z);
	free(i);
}

bool
inflater_complete(const struct inflater *i)
{
	return i->ended;
}

/* RFC 1950 section 2.2: method 8, a window of 32 KiB at most. A stored block's first byte could look so, too seldom to matter. */
static bool
has_zlib_header(uint8_t first)
{
	return (first & 0x0f) == 8 && first >> 4 <= 7;
}

static bool
begin(struct inflater *i, uint8_t first)
{
	if (i->begun)
		return true;
	i->begun = true;
	return i->gzip || has_zlib_header(first) || inflateReset2(&i->z, -MAX_WBITS) == Z_OK;
}

/* A gzip file may have several members (RFC 1952 section 2.2). */
static bool
next_member(struct inflater *i, uint8_t first)
{
	if (!i->ended)
		return true;
	i->ended = false;
	return i->gzip && first == 0x1f && inflateReset(&i->z) == Z_OK;
}

static enum inflated
brotli_bytes(struct inflater *i, struct span *in, uint8_t *to, size_t room, struct span *out)
{
	const uint8_t *next = in->at;
	size_t left = in->left, space = room;
	uint8_t *end = to;
	BrotliDecoderResult r;

	if (i->ended)
		return in->left == 0 ? INFLATED_ALL : INFLATED_END;
	r = BrotliDecoderDecompressStream(i->brotli, &left, &next, &space, &end, NULL);
	span_skip(in, in->left - left);
	*out = span_of(to, room - space);
	switch (r) {
	case BROTLI_DECODER_RESULT_SUCCESS:
		i->ended = true;
		return out->left > 0 || in->left > 0 ? INFLATED_SOME : INFLATED_ALL;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return INFLATED_SOME;
	case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return INFLATED_ALL;
	case BROTLI_DECODER_RESULT_ERROR: break;
	}
	return INFLATED_BROKEN;
}

enum inflated
inflater_bytes(struct inflater *i, struct span *in, uint8_t *to, size_t room, struct span *out)
{
	size_t len = in->left < UINT_MAX ? in->left : UINT_MAX;
	int r;

	*out = span_of(to, 0);
	if (i->brotli != NULL)
		return brotli_bytes(i, in, to, room, out);
	/* zlib may hold output back that found no room: ask also without input, once begun. */
	if (in->left == 0 && !i->begun)
		return INFLATED_ALL;
	if (in->left > 0 && !begin(i, in->at[0]))
		return INFLATED_BROKEN;
	if (i->ended && in->left == 0)
		return INFLATED_ALL;
	if (!next_member(i, in->left > 0 ? in->at[0] : 0))
		return INFLATED_END;
	i->z.next_in = in->at;
	i->z.avail_in = (uInt)len;
	i->z.next_out = to;
	i->z.avail_out = (uInt)room;
	r = inflate(&i->z, Z_NO_FLUSH);
	span_skip(in, len - i->z.avail_in);
	*out = span_of(to, room - i->z.avail_out);
	if (r == Z_STREAM_END)
		i->ended = true;
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return INFLATED_BROKEN;
	if (out->left > 0 || in->left > 0)
		return r == Z_BUF_ERROR && out->left == 0 ? INFLATED_BROKEN : INFLATED_SOME;
	return INFLATED_ALL;
}
