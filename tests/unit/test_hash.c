/* Hashes: SipHash as published, and the quick ones for tables tell texts apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

typedef uint64_t hash_fn(const void *bytes, size_t len);

static hash_fn *const quick[] = { hash_table, hash_steady };

/* Aumasson and Bernstein, appendix A. */
static void
test_siphash_is_the_published_one(void **state)
{
	const struct hash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	uint8_t text[15];
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)i;
	assert_true(hash_bytes(&key, text, sizeof text) == 0xa129ca6149be45e5);
}

static void
test_in_two_parts(void **state)
{
	uint8_t text[100];
	struct hash_begun begun;
	size_t first, len;

	(void)state;
	for (len = 0; len < sizeof text; len++)
		text[len] = (uint8_t)(7 * len + 1);
	for (first = 0; first <= 64; first += 8) {
		begun = hash_begin(&HASH_FIXED, text, first);
		for (len = first; len <= sizeof text; len++)
			assert_true(hash_rest(&begun, text + first, len - first) == hash_bytes(&HASH_FIXED, text, len));
	}
}

static void
test_every_bit_counts(void **state)
{
	uint8_t text[HASH_TABLE_BYTES + 40];
	uint64_t whole;
	size_t len, bit, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		memset(text, 0x5a, sizeof text);
		for (len = 0; len <= sizeof text; len += len < 40 ? 1 : 61) {
			whole = quick[i](text, len);
			for (bit = 0; bit < len * 8; bit += 3) {
				text[bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_true(quick[i](text, len) != whole);
				text[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			assert_true(quick[i](text, len) == whole);
		}
	}
}

static void
test_length_counts(void **state)
{
	static const uint8_t zeros[64];
	size_t a, b;

	(void)state;
	for (a = 0; a < sizeof zeros; a++)
		for (b = 0; b < a; b++)
			assert_true(hash_table(zeros, a) != hash_table(zeros, b));
}

/* Tables use the lowest bits, sketches the highest: keys that count up must spread over both. */
static void
test_counters_spread(void **state)
{
	enum { KEYS = 1 << 16, PLACES = 256 };
	unsigned low[PLACES], high[PLACES], place;
	uint8_t key[44] = { 0 };
	uint32_t n, i;
	uint64_t h;

	(void)state;
	for (i = 0; i < 2; i++) {
		memset(low, 0, sizeof low);
		memset(high, 0, sizeof high);
		for (n = 0; n < KEYS; n++) {
			memcpy(key + 40, &n, sizeof n);
			h = quick[i](key, sizeof key);
			low[h % PLACES]++;
			high[h >> 56]++;
		}
		for (place = 0; place < PLACES; place++) {
			assert_in_range(low[place], KEYS / PLACES / 2, KEYS / PLACES * 2);
			assert_in_range(high[place], KEYS / PLACES / 2, KEYS / PLACES * 2);
		}
	}
}

static void
test_steady_is_steady(void **state)
{
	(void)state;
	assert_true(hash_steady("www.example.com", 15) == 0xd79013c366948184);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash_is_the_published_one),
		cmocka_unit_test(test_in_two_parts),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_length_counts),
		cmocka_unit_test(test_counters_spread),
		cmocka_unit_test(test_steady_is_steady),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
