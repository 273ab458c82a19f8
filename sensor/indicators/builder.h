/*
 * builder.h - the inside of the builder, for the feed readers and the compiler.
 *
 * Records lie in one growing block, values packed. Memory for a record: 24
 * bytes and its value, eight bytes of slots over their load, and its texts
 * once. Ceilings: max_indicators, and TEXT_BYTES for each of them on average.
 */
#ifndef SENSOR_INDICATORS_BUILDER_H
#define SENSOR_INDICATORS_BUILDER_H

#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "indicators/packed.h"
#include "indicators/indicators.h"
#include "indicators/slots.h"

struct block {			/* grows by doubling up to a ceiling */
	uint8_t *bytes;
	uint64_t used, room, most;
};

enum { RECORD_UNIT = 4 };		/* records begin at multiples of it, and are counted in it */
#define RECORD_SIX 0x80000000u		/* or-ed to the attributes: of IPv6 */

struct builder_record {
	struct entry_facts facts;
	uint8_t value[];		/* packed, filled with NULs to a RECORD_UNIT */
};

struct builder {
	uint32_t max_indicators, count;
	struct image_key key;
	struct feed_terms terms;
	const struct allow *allow;
	int64_t allow_ns;
	uint64_t feed_bytes;		/* as much may become of a packed feed */
	iconv_t cp932;		/* (iconv_t)-1 when the system has no such table */
	feed_complaint_fn *complain;	/* NULL is fine */
	void *complain_to;
	struct block records, texts, attributes;
	struct slots by_value, by_text, by_attributes;
	uint32_t latest[INDICATOR_TYPES];	/* attributes of the entry before of each type, if there are any */
};

/*
 * `v` is the value of `i` (whose `value` is not read). 1: it was there, its dates were widened; 0: added;
 * <0: SE_LIMIT, SE_NOMEM.
 */
struct value;
int builder_put(struct builder *b, const struct value *v, const struct indicator *i);

struct builder_mark {
	uint32_t count;
	uint64_t records;
};

struct builder_mark builder_mark(const struct builder *b);

/* Forget all entries added since the mark. */
void builder_rollback(struct builder *b, struct builder_mark mark);

/* The record `at` units from the start, what it says, and how many units it has. */
const struct builder_record *builder_record(const struct builder *b, uint32_t at);
struct entry_facts builder_facts(const struct builder_record *record, bool *six);
size_t builder_value_size(const struct builder *b, const struct builder_record *record);
uint32_t builder_record_units(size_t value_size);
const struct image_attributes *builder_attributes(const struct builder *b, uint32_t number);

#endif
