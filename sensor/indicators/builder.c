#include "indicators/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/suffix.h"
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
	if (b->records.most > (uint64_t)UINT32_MAX * RECORD_UNIT)
		b->records.most = (uint64_t)UINT32_MAX * RECORD_UNIT;
	block_init(&b->texts, bytes < UINT32_MAX ? bytes : UINT32_MAX);
	block_init(&b->attributes, (uint64_t)b->max_indicators * sizeof(struct image_attributes));
}

/* Two keys from the seed, of which neither tells the other nor the seed. */
static struct image_key
new_key(void)
{
	const struct hash_key *seed = hash_seed();
	uint64_t word[4], n;

	for (n = 0; n < 4; n++)
		word[n] = hash_bytes(seed, &n, sizeof n);
	return (struct image_key){ { word[0], word[1] }, { word[2], word[3] } };
}

void
builder_set_terms(struct builder *b, const struct feed_terms *terms)
{
	b->terms = terms != NULL ? *terms : (struct feed_terms){ .fetched_ns = WHEN_UNKNOWN };
}

void
builder_set_allow(struct builder *b, const struct allow *allow, int64_t now_ns)
{
	b->allow = allow;
	b->allow_ns = now_ns;
}

void
builder_set_feed_bytes(struct builder *b, uint64_t most)
{
	b->feed_bytes = most;
}

struct builder *
builder_new(uint32_t max_indicators)
{
	struct builder *b;
	int code;

	if ((b = calloc(1, sizeof *b)) == NULL)
		return NULL;
	b->max_indicators = max_indicators < RECORD_SIX ? max_indicators : RECORD_SIX - 1;
	b->key = new_key();
	suffix_prepare();
	builder_set_terms(b, NULL);
	b->feed_bytes = 4ULL << 30;
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

static struct builder_record *
record_at(const struct builder *b, uint32_t at)
{
	return (struct builder_record *)(b->records.bytes + (uint64_t)at * RECORD_UNIT);
}

const struct builder_record *
builder_record(const struct builder *b, uint32_t at)
{
	return record_at(b, at);
}

struct entry_facts
builder_facts(const struct builder_record *record, bool *six)
{
	struct entry_facts facts = record->facts;

	*six = (facts.attributes & RECORD_SIX) != 0;
	facts.attributes &= ~RECORD_SIX;
	return facts;
}

const struct image_attributes *
builder_attributes(const struct builder *b, uint32_t number)
{
	return (const struct image_attributes *)b->attributes.bytes + number;
}

size_t
builder_value_size(const struct builder *b, const struct builder_record *record)
{
	bool six;
	struct entry_facts facts = builder_facts(record, &six);
	size_t size = packed_size(builder_attributes(b, facts.attributes)->type, six);

	return size > 0 ? size : strlen((const char *)record->value) + 1;
}

uint32_t
builder_record_units(size_t value_size)
{
	return (uint32_t)((sizeof(struct builder_record) + value_size + RECORD_UNIT - 1) / RECORD_UNIT);
}

static uint32_t
hash_of(const struct builder *b, unsigned kind, const void *bytes, size_t len)
{
	return (uint32_t)image_hash_text(&b->key, kind, bytes, len).place;
}

static int
put_text(struct builder *b, const char *text, uint32_t *out)
{
	size_t len = strlen(text);
	struct slots_walk walk;
	uint32_t hash, offset;
	char *copy;
	int r = 0;

	*out = 0;
	if (len == 0)
		return 0;
	hash = hash_of(b, 0, text, len);
	walk = slots_find(&b->by_text, hash);
	while ((offset = slots_next(&b->by_text, hash, &walk)) != SLOTS_NONE) {
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

/* Lists say the same of most that is in them. */
static bool
as_latest(const struct builder *b, const struct indicator *i, uint32_t *out)
{
	const char *texts = (const char *)b->texts.bytes;
	const struct image_attributes *a;

	if (b->attributes.used == 0)
		return false;
	*out = b->latest[i->type];
	a = builder_attributes(b, *out);
	return a->type == i->type && a->role == i->role && a->confidence == i->confidence &&
	    strcmp(texts + a->feed, i->feed) == 0 && strcmp(texts + a->malware, i->malware) == 0;
}

static int
put_attributes(struct builder *b, const struct indicator *i, uint32_t *out)
{
	struct image_attributes a = { 0 }, *kept;
	struct slots_walk walk;
	uint32_t hash, number;
	int r;

	if (as_latest(b, i, out))
		return 0;
	if ((r = put_text(b, i->feed, &a.feed)) < 0 || (r = put_text(b, i->malware, &a.malware)) < 0)
		return r;
	a.type = (uint8_t)i->type;
	a.role = (uint8_t)i->role;
	a.confidence = i->confidence;
	hash = hash_of(b, 0, &a, sizeof a);
	walk = slots_find(&b->by_attributes, hash);
	while ((number = slots_next(&b->by_attributes, hash, &walk)) != SLOTS_NONE) {
		if (memcmp(builder_attributes(b, number), &a, sizeof a) != 0)
			continue;
		*out = b->latest[i->type] = number;
		return 0;
	}
	*out = (uint32_t)(b->attributes.used / sizeof a);
	if ((kept = block_take(&b->attributes, sizeof a, &r)) == NULL)
		return r;
	*kept = a;
	b->latest[i->type] = *out;
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

/* A value on its way in. */
struct packed {
	uint8_t bytes[PACKED_BYTES];
	size_t size;
	bool six;
	uint32_t hash;
};

/* The entry that says the same: type, value and feed; an infected host is another thing than a server. */
static struct builder_record *
find_same(const struct builder *b, const struct indicator *i, const struct packed *v)
{
	const struct image_attributes *a;
	struct builder_record *record;
	struct slots_walk walk = slots_find(&b->by_value, v->hash);
	struct entry_facts facts;
	uint32_t number;
	bool six;

	while ((number = slots_next(&b->by_value, v->hash, &walk)) != SLOTS_NONE) {
		record = record_at(b, number);
		facts = builder_facts(record, &six);
		a = builder_attributes(b, facts.attributes);
		if (kind_of(a->type, a->role) == kind_of(i->type, i->role) && six == v->six &&
		    builder_value_size(b, record) == v->size &&
		    memcmp(record->value, v->bytes, v->size) == 0 &&
		    strcmp((const char *)b->texts.bytes + a->feed, i->feed) == 0)
			return record;
	}
	return NULL;
}

static void
widen(struct entry_facts *facts, uint32_t first_sec, uint32_t last_sec, uint32_t until_sec)
{
	if (first_sec < facts->first_sec)	/* IMAGE_NO_TIME is the greatest */
		facts->first_sec = first_sec;
	if (last_sec != IMAGE_NO_TIME &&
	    (facts->last_sec == IMAGE_NO_TIME || last_sec > facts->last_sec))
		facts->last_sec = last_sec;
	/* Without an end it holds longest. */
	if (facts->until_sec != IMAGE_NO_TIME && until_sec > facts->until_sec)
		facts->until_sec = until_sec;
}

static int
append(struct builder *b, const struct indicator *i, const struct packed *v)
{
	uint32_t attributes, reference, at = (uint32_t)(b->records.used / RECORD_UNIT);
	uint64_t bytes = (uint64_t)builder_record_units(v->size) * RECORD_UNIT;
	struct builder_record *record;
	int r;

	if ((r = put_attributes(b, i, &attributes)) < 0 ||
	    (r = put_text(b, i->reference, &reference)) < 0)
		return r;
	if ((record = block_take(&b->records, bytes, &r)) == NULL)
		return r;
	record->facts = (struct entry_facts){
		attributes | (v->six ? RECORD_SIX : 0), reference, i->line,
		seconds(i->first_seen_ns), seconds(i->last_seen_ns), seconds(i->valid_until_ns),
	};
	memcpy(record->value, v->bytes, v->size);
	if ((r = slots_add(&b->by_value, v->hash, at)) < 0) {
		b->records.used -= bytes;
		return r;
	}
	b->count++;
	return 0;
}

int
builder_put(struct builder *b, const struct value *value, const struct indicator *i)
{
	struct builder_record *same;
	struct packed v;

	v.size = packed_put(value, v.bytes, &v.six);
	v.hash = hash_of(b, kind_of(i->type, i->role), v.bytes, v.size);
	if ((same = find_same(b, i, &v)) != NULL) {
		widen(&same->facts, seconds(i->first_seen_ns), seconds(i->last_seen_ns),
		    seconds(i->valid_until_ns));
		return 1;
	}
	if (b->count == b->max_indicators)
		return SE_LIMIT;
	return append(b, i, &v);
}

int
builder_add(struct builder *b, const struct indicator *i)
{
	struct value v;
	const char *why;
	int r;

	if (i->type >= INDICATOR_TYPES || i->role >= ROLE_KINDS || i->confidence > 100)
		return SE_FORMAT;
	if (i->role == ROLE_INFECTED && i->type != INDICATOR_ADDRESS && i->type != INDICATOR_CIDR)
		return SE_FORMAT;
	if (!value_parse(span_text(i->value), 1u << i->type, &v, &why) || !value_is_findable(&v))
		return SE_FORMAT;
	r = builder_put(b, &v, i);
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
	const struct builder_record *record;
	uint32_t at = 0, end = (uint32_t)(mark.records / RECORD_UNIT);
	size_t size;
	bool six;

	b->count = mark.count;
	b->records.used = mark.records;
	slots_empty(&b->by_value);
	for (; at < end; at += builder_record_units(size)) {
		record = builder_record(b, at);
		a = builder_attributes(b, builder_facts(record, &six).attributes);
		size = builder_value_size(b, record);
		/* There is room: there were more of them before. */
		slots_add(&b->by_value, hash_of(b, kind_of(a->type, a->role), record->value, size), at);
	}
}

/* A record, its texts, its attributes, and a place in three sets that are at most four times what they hold. */
size_t
builder_indicator_bytes(void)
{
	return 2 * TEXT_BYTES + sizeof(struct image_attributes) + 3 * (4 * sizeof(struct slot) + 2);
}
