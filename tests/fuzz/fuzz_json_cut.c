/*
 * Any bytes as JSON: in one piece and in pieces as long as the first byte says,
 * the parts at a few paths must be the same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "indicators/json_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
add(void *to, const struct json_part *part)
{
	uint64_t *sum = to;

	*sum = *sum * 31 + hash_bytes(&HASH_FIXED, part->text.at, part->text.left) + part->path +
	    part->line + part->too_long;
	return true;
}

static uint64_t
cut(struct json_cut *c, struct span bytes, size_t piece)
{
	static const char *const paths[] = { "[]", "a.[]", "*.b", "a.[].b.[]", "[].a" };
	uint64_t sum = 0;
	struct span part;

	json_cut_init(c, paths, sizeof paths / sizeof paths[0], add, &sum);
	while (bytes.left > 0) {
		span_take(&bytes, bytes.left < piece ? bytes.left : piece, &part);
		json_cut_push(c, part);
	}
	return sum * 2 + json_cut_whole(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_cut c;

	if (size < 2)
		return 0;
	if (cut(&c, span_of(data + 1, size - 1), size) !=
	    cut(&c, span_of(data + 1, size - 1), 1 + data[0] % 16))
		abort();
	return 0;
}
