/*
 * builder.h - the inside of the builder, for the feed readers and the compiler.
 *
 * Records lie in one growing block in the form the image has them. Memory for
 * a record: its record, eight bytes of slots over their load, and its texts
 * once. Ceilings: max_indicators, and TEXT_BYTES for each of them on average.
 */
#ifndef SENSOR_INDICATORS_BUILDER_H
#define SENSOR_INDICATORS_BUILDER_H

#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "indicators/image.h"
#include "indicators/indicators.h"
#include "indicators/slots.h"

struct block {			/* grows by doubling up to a ceiling */
	uint8_t *bytes;
	uint64_t used, room, most;
};

struct builder {
	uint32_t max_indicators, count;
	struct hash_key key;
	iconv_t cp932;		/* (iconv_t)-1 when the system has no such table */
	struct block records, texts, attributes;
	struct slots by_value, by_text, by_attributes;
};

/*
 * `i` is canonical already. 1: it was there, its dates were widened; 0: added;
 * <0: SE_LIMIT, SE_NOMEM.
 */
int builder_put(struct builder *b, const struct indicator *i);

struct builder_mark {
	uint32_t count;
	uint64_t records;
};

struct builder_mark builder_mark(const struct builder *b);

/* Forget all entries added since the mark. */
void builder_rollback(struct builder *b, struct builder_mark mark);

/* The record `at` units from the start, and how many units it has. */
struct image_record *builder_record(const struct builder *b, uint32_t at);
const struct image_attributes *builder_attributes(const struct builder *b, uint32_t number);
uint32_t image_record_units(size_t value_len);

#endif
