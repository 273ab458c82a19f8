/*
 * map.h - a mapped image, checked once, for the look-ups.
 *
 * After indicators_map() every offset in the image leads to where it should:
 * slots to entries, entries to attributes and texts, texts to a NUL inside. What the image *says* may be nonsense if its maker lied.
 */
#ifndef SENSOR_INDICATORS_MAP_H
#define SENSOR_INDICATORS_MAP_H

#include "indicators/image.h"
#include "indicators/indicators.h"

struct indicators {
	const uint8_t *image;
	uint64_t image_bytes;
	struct image_key key;
	uint32_t entries, reach, buckets_count, filter_words, attributes_count;
	uint64_t texts_bytes, entries_bytes;
	uint32_t by_type[INDICATOR_TYPES];
	const struct image_masks *masks;
	const struct image_attributes *attributes;
	const uint64_t *blocks;
	const uint64_t *filter;
	const struct image_bucket *buckets;
	const char *texts;
	const uint8_t *packed;
};

#endif
