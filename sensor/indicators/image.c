#include "indicators/image.h"

#include <endian.h>

/* The highest bit of each byte that is a dot, gathered: bit n for byte n. */
static unsigned
dots_of(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101ULL, low = 0x7f * ones;
	uint64_t x = word ^ '.' * ones, none = ~(((x & low) + low) | x | low);

	return (unsigned)((none >> 7) * 0x0102040810204080ULL >> 56);
}

enum { DOT_WORDS = NAME_PADDED / 64 };

/* Where the dots are; what lies behind the name has none. */
static void
find_dots(const char *name, size_t len, uint64_t dots[DOT_WORDS])
{
	uint64_t word;
	size_t i;

	for (i = 0; i < DOT_WORDS; i++)
		dots[i] = 0;
	for (i = 0; i < len; i += 8) {
		memcpy(&word, name + i, 8);
		dots[i / 64] |= (uint64_t)dots_of(le64toh(word)) << i % 64;
	}
}

/* As image_hash_more(), of what has NAME_PADDED bytes. */
static struct image_hash
hash_label(const struct image_key *key, struct image_hash h, const char *label, size_t len)
{
	size_t left = len;
	uint64_t word;

	for (; left > 8; left -= 8, label += 8) {
		memcpy(&word, label, 8);
		h = image_hash_word(key, h, word, 0);
	}
	memcpy(&word, label, 8);
	word = left == 0 ? 0 : le64toh(word) & UINT64_MAX >> (64 - 8 * left);
	return image_hash_word(key, h, word, len + 1);
}

/* From the right, label by label, so that one pass gives the hash of each parent. */
unsigned
image_hash_names(const struct image_key *key, const char name[NAME_PADDED], size_t len,
    struct name_hash parent[NAME_LABELS_MAX])
{
	struct image_hash h = image_hash_start(key, INDICATOR_DOMAIN);
	size_t end = len, from, word = len / 64;
	unsigned count = 0;
	uint64_t dots[DOT_WORDS];

	find_dots(name, len, dots);
	while (end > 0 && count < NAME_LABELS_MAX) {
		while (word > 0 && dots[word] == 0)
			word--;
		from = 0;
		if (dots[word] != 0) {
			from = 64 * word + 64 - (unsigned)__builtin_clzll(dots[word]);
			dots[word] ^= 1ULL << (from - 1) % 64;
		}
		h = hash_label(key, h, name + from, end - from);
		if (end < len)
			parent[count++] = (struct name_hash){ h, from };
		end = from > 0 ? from - 1 : 0;
	}
	return count;
}
