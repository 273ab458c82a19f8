#include "indicators/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "indicators/value.h"

enum { TEXT_BYTES = 256, LEAST_BYTES = 65536 };

static void
block_init(struct block *k, uint64_t most)
{
	memset(k, 0, sizeof *k);
	k->most = most;
}

/* `len` more bytes, zeroed; NULL with *code set. */
static void *
block_take(struct block *k, uint64_t len, int *code)
{
	uint64_t room = k->room == 0 ? 4096 : k->room;
	uint8_t *bytes, *p;

	if (len > k->most - k->used) {
		*code = SE_LIMIT;
		return NULL;
	}
	while (room - k->used < len)
		room *= 2;
	if (room > k->room) {
		if ((bytes = realloc(k->bytes, room)) == NULL) {
			*code = SE_NOMEM;
			return NULL;
		}
		k->bytes = bytes;
		k->room = room;
	}
	p = k->bytes + k->used;
	memset(p, 0, len);
	k->used += len;
	return p;
}

static void
set_ceilings(struct builder *b)
{
	uint64_t bytes = (uint64_t)b->max_indicators * TEXT_BYTES + LEAST_BYTES;

	/* Records are found by a 32-bit count of units, texts by a 32-bit offset. */
	block_init(&b->records, bytes);
	if (b->records.most > (uint64_t)UINT32_MAX * IMAGE_UNIT)
		b->records.most = (uint64_t)UINT32_MAX * IMAGE_UNIT;
	block_init(&b->texts, bytes < UINT32_MAX ? bytes : UINT32_MAX);
	block_init(&b->attributes, (uint64_t)b->max_indicators * sizeof(struct image_attributes));
}

struct builder *
builder_new(uint32_t max_indicators)
{
	struct builder *b;
	int code;

	if ((b = calloc(1, sizeof *b)) == NULL)
		return NULL;
	b->max_indicators = max_indicators < SLOTS_NONE ? max_indicators : SLOTS_NONE - 1;
	b->key = *hash_seed();
	b->cp932 = iconv_open("UTF-8", "CP932");
	set_ceilings(b);
	slots_init(&b->by_value);
	slots_init(&b->by_text);
	slots_init(&b->by_attributes);
	if (block_take(&b->texts, 1, &code) == NULL) {	/* the text "" is at 0 */
		builder_free(b);
		return NULL;
	}
	return b;
}

void
builder_free(struct builder *b)
{
	if (b == NULL)
		return;
	if (b->cp932 != (iconv_t)-1)
		iconv_close(b->cp932);
	free(b->records.bytes);
	free(b->texts.bytes);
	free(b->attributes.bytes);
	slots_clear(&b->by_value);
	slots_clear(&b->by_text);
	slots_clear(&b->by_attributes);
	free(b);
}

struct image_record *
builder_record(const struct builder *b, uint32_t at)
{
	return (struct image_record *)(b->records.bytes + (uint64_t)at * IMAGE_UNIT);
}

const struct image_attributes *
builder_attributes(const struct builder *b, uint32_t number)
{
	return (const struct image_attributes *)b->attributes.bytes + number;
}

uint32_t
image_record_units(size_t value_len)
{
	return (uint32_t)((sizeof(struct image_record) + value_len + IMAGE_UNIT) / IMAGE_UNIT);
}

static int
put_text(struct builder *b, const char *text, uint32_t *out)
{
	size_t len = strlen(text);
	uint32_t hash, at, offset;
	char *copy;
	int r = 0;

	*out = 0;
	if (len == 0)
		return 0;
	hash = at = (uint32_t)image_hash_text(&b->key, 0, text, len);
	while ((offset = slots_next(&b->by_text, hash, &at)) != SLOTS_NONE) {
		if (strcmp((const char *)b->texts.bytes + offset, text) != 0)
			continue;
		*out = offset;
		return 0;
	}
	offset = (uint32_t)b->texts.used;
	if ((copy = block_take(&b->texts, len + 1, &r)) == NULL)
		return r;
	memcpy(copy, text, len);
	*out = offset;
	return slots_add(&b->by_text, hash, offset);
}

static int
put_attributes(struct builder *b, const struct indicator *i, uint32_t *out)
{
	struct image_attributes a = { 0 }, *kept;
	uint32_t hash, at, number;
	int r;

	if ((r = put_text(b, i->feed, &a.feed)) < 0 || (r = put_text(b, i->malware, &a.malware)) < 0)
		return r;
	a.type = (uint8_t)i->type;
	a.role = (uint8_t)i->role;
	a.confidence = i->confidence;
	hash = at = (uint32_t)image_hash_text(&b->key, 0, &a, sizeof a);
	while ((number = slots_next(&b->by_attributes, hash, &at)) != SLOTS_NONE) {
		if (memcmp(builder_attributes(b, number), &a, sizeof a) != 0)
			continue;
		*out = number;
		return 0;
	}
	*out = (uint32_t)(b->attributes.used / sizeof a);
	if ((kept = block_take(&b->attributes, sizeof a, &r)) == NULL)
		return r;
	*kept = a;
	return slots_add(&b->by_attributes, hash, *out);
}

static uint32_t
seconds(int64_t ns)
{
	if (ns == WHEN_UNKNOWN)
		return IMAGE_NO_TIME;
	if (ns < 0)
		return 0;
	ns /= NS_PER_SEC;
	return ns < IMAGE_NO_TIME ? (uint32_t)ns : IMAGE_NO_TIME - 1u;
}

static unsigned
kind_of(enum indicator_type type, enum indicator_role role)
{
	return (unsigned)type | (role == ROLE_INFECTED ? IMAGE_SOURCE : 0);
}

/* The entry that says the same: type, value and feed; an infected host is another thing than a server. */
static struct image_record *
find_same(const struct builder *b, const struct indicator *i, uint32_t hash)
{
	const struct image_attributes *a;
	struct image_record *record;
	uint32_t at = hash, number;

	while ((number = slots_next(&b->by_value, hash, &at)) != SLOTS_NONE) {
		record = builder_record(b, number);
		a = builder_attributes(b, record->attributes);
		if (kind_of(a->type, a->role) == kind_of(i->type, i->role) &&
		    strcmp(record->value, i->value) == 0 &&
		    strcmp((const char *)b->texts.bytes + a->feed, i->feed) == 0)
			return record;
	}
	return NULL;
}

static void
widen(struct image_record *record, uint32_t first_sec, uint32_t last_sec, uint32_t until_sec)
{
	if (first_sec < record->first_sec)	/* IMAGE_NO_TIME is the greatest */
		record->first_sec = first_sec;
	if (last_sec != IMAGE_NO_TIME &&
	    (record->last_sec == IMAGE_NO_TIME || last_sec > record->last_sec))
		record->last_sec = last_sec;
	/* Without an end it holds longest. */
	if (record->until_sec != IMAGE_NO_TIME && until_sec > record->until_sec)
		record->until_sec = until_sec;
}

static int
append(struct builder *b, const struct indicator *i, size_t len, uint32_t hash)
{
	uint32_t attributes, reference, at = (uint32_t)(b->records.used / IMAGE_UNIT);
	uint64_t bytes = (uint64_t)image_record_units(len) * IMAGE_UNIT;
	struct image_record *record;
	int r;

	if ((r = put_attributes(b, i, &attributes)) < 0 ||
	    (r = put_text(b, i->reference, &reference)) < 0)
		return r;
	if ((record = block_take(&b->records, bytes, &r)) == NULL)
		return r;
	record->number = b->count;
	record->attributes = attributes;
	record->reference = reference;
	record->line = i->line;
	record->first_sec = seconds(i->first_seen_ns);
	record->last_sec = seconds(i->last_seen_ns);
	record->until_sec = seconds(i->valid_until_ns);
	memcpy(record->value, i->value, len);
	if ((r = slots_add(&b->by_value, hash, at)) < 0) {
		b->records.used -= bytes;
		return r;
	}
	b->count++;
	return 0;
}

static uint32_t
hash_value(const struct builder *b, unsigned kind, const char *value, size_t len)
{
	return (uint32_t)image_hash_text(&b->key, kind, value, len);
}

int
builder_put(struct builder *b, const struct indicator *i)
{
	size_t len = strlen(i->value);
	uint32_t hash = hash_value(b, kind_of(i->type, i->role), i->value, len);
	struct image_record *same = find_same(b, i, hash);

	if (same != NULL) {
		widen(same, seconds(i->first_seen_ns), seconds(i->last_seen_ns),
		    seconds(i->valid_until_ns));
		return 1;
	}
	if (b->count == b->max_indicators)
		return SE_LIMIT;
	return append(b, i, len, hash);
}

int
builder_add(struct builder *b, const struct indicator *i)
{
	struct indicator canonical = *i;
	struct value v;
	const char *why;
	int r;

	if (i->type >= INDICATOR_TYPES || i->role >= ROLE_KINDS || i->confidence > 100)
		return SE_FORMAT;
	if (i->role == ROLE_INFECTED && i->type != INDICATOR_ADDRESS && i->type != INDICATOR_CIDR)
		return SE_FORMAT;
	if (!value_parse(span_text(i->value), 1u << i->type, &v, &why) || !value_is_findable(&v))
		return SE_FORMAT;
	canonical.value = v.text;
	r = builder_put(b, &canonical);
	return r < 0 ? r : 0;
}

struct builder_mark
builder_mark(const struct builder *b)
{
	return (struct builder_mark){ b->count, b->records.used };
}

void
builder_rollback(struct builder *b, struct builder_mark mark)
{
	const struct image_attributes *a;
	const struct image_record *record;
	uint32_t at = 0, end = (uint32_t)(mark.records / IMAGE_UNIT);
	size_t len;

	b->count = mark.count;
	b->records.used = mark.records;
	slots_empty(&b->by_value);
	for (; at < end; at += image_record_units(len)) {
		record = builder_record(b, at);
		a = builder_attributes(b, record->attributes);
		len = strlen(record->value);
		/* There is room: there were more of them before. */
		slots_add(&b->by_value, hash_value(b, kind_of(a->type, a->role), record->value, len), at);
	}
}
