/*
 * A ring whose producer was taken over: whatever it writes there, positions,
 * lengths and observations, the merge ends, hands out nothing that is
 * not valid, and reads nothing outside the mapping.
 *
 * Input: bit 0 of the first byte: live; then patches of two bytes place, one byte length, bytes,
 * into the ring's shared mapping, in which three honest records stand. Between
 * two patches, where the length's top bit is set, the merge runs.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyst/merge.h"
#include "base/span.h"
#include "observation.h"
#include "system/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = 3, PATCHED = 8192, PAGE = 4096, TURNS = 64, MOST = 512 };

static void
take(void *to, const struct observation *o)
{
	(void)to;
	if (!observation_valid(o, o->bytes))
		abort();
}

/* Where the mapping begins: the records' bytes stand in its first page. */
static uint8_t *
fill(struct ring *r, unsigned number)
{
	struct observation_buffer b;
	uint8_t *room, *first = NULL;
	unsigned i;

	memset(&b.o, 0, sizeof b.o);
	for (i = 0; i < RECORDS; i++) {
		b.o.kind = OBSERVE_CONTACT;
		b.o.ordinal = number + 2 * i;
		b.o.deadline_ns = INT64_MAX;
		b.o.text_bytes = 0;
		observation_add(&b, TEXT_SERVICE, span_text("c2.example"), 64);
		observation_seal(&b);
		if ((room = ring_reserve(r, b.o.bytes)) == NULL)
			abort();
		memcpy(room, &b, b.o.bytes);
		ring_commit(r);
		first = first == NULL ? room : first;
	}
	ring_set_watermark(r, 100);
	return (uint8_t *)((uintptr_t)first & ~(uintptr_t)(PAGE - 1));
}

/* More turns than honest rings have: a lie may cost the analyst its rings, never its life. */
static bool
run(struct merge *m)
{
	int turn;

	for (turn = 0; turn < TURNS; turn++)
		switch (merge_run(m, MOST, take, NULL)) {
		case MERGE_MORE: break;
		case MERGE_DAMAGED: return false;
		default: return true;
		}
	return true;
}

static bool
patch(uint8_t *mapping, struct span *in, bool *then_run)
{
	struct span part = span_of(NULL, 0);
	uint16_t place;
	uint8_t len;

	if (!span_u16be(in, &place) || !span_u8(in, &len))
		return false;
	*then_run = (len & 0x80) != 0;
	len &= 0x7f;
	span_take(in, len < in->left ? len : in->left, &part);
	place %= PATCHED - 0x80;
	if (part.left > 0)
		memcpy(mapping + place, part.at, part.left);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ring *rings[2] = { ring_new(1), ring_new(1) };
	struct span in = span_of(data, size);
	bool then_run = false, sound = true;
	struct merge *m = NULL;
	uint8_t *mapping;
	uint8_t how;

	if (rings[0] == NULL || rings[1] == NULL || !span_u8(&in, &how))
		goto done;
	if ((m = merge_new(rings, 2, (how & 1) != 0)) == NULL)
		goto done;
	mapping = fill(rings[0], 1);
	fill(rings[1], 2);
	while (sound && patch(mapping, &in, &then_run))
		if (then_run)
			sound = run(m);
	if (sound)
		run(m);
done:
	merge_free(m);
	ring_free(rings[0]);
	ring_free(rings[1]);
	return 0;
}
