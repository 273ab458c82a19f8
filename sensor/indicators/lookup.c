#include "indicators/map.h"

#include "indicators/value.h"

/* One question: what is wanted, and where the answers go. */
struct search {
	const struct indicators *i;
	bool source;
	uint32_t *found;
	unsigned most, count;
};

/* False when nothing equal can be in the next one. */
static bool
search_bucket(struct search *s, const struct image_bucket *bucket, uint64_t print)
{
	unsigned equal = image_bucket_equal(bucket, print);
	uint32_t entry = IMAGE_MORE;

	for (; equal != 0; equal &= equal - 1) {
		entry = bucket->entry[__builtin_ctz(equal)];
		if (s->count < s->most)
			s->found[s->count++] = entry & ~IMAGE_MORE;
	}
	return (entry & IMAGE_MORE) != 0 && bucket->used == BUCKET_SLOTS;
}

/* `word`: the hash whose word of the filter knows `hash`. */
static void
search_hash(struct search *s, const struct image_hash *hash, uint64_t word)
{
	const struct indicators *i = s->i;
	uint64_t bits = image_filter_bits(hash->print);
	uint32_t at, left;

	if ((i->filter[image_filter_word(word, i->filter_words)] & bits) != bits)
		return;
	at = image_bucket_of(hash->place, i->buckets_count);
	for (left = i->reach; left > 0 && s->count < s->most; left--) {
		if (!search_bucket(s, &i->buckets[at], hash->print))
			return;
		at = at + 1 == i->buckets_count ? 0 : at + 1;
	}
}

static void
search_network(struct search *s, const struct addr *a, unsigned bits)
{
	struct image_hash hash;
	struct addr base = *a;
	unsigned i;

	for (i = bits / 8; i < 16; i++)
		base.b[i] &= (uint8_t)(bits % 8 == 0 || i > bits / 8 ? 0 : 0xff00 >> bits % 8);
	hash = image_hash_net(&s->i->key, (unsigned)INDICATOR_CIDR | (s->source ? IMAGE_SOURCE : 0),
	    &base, bits);
	search_hash(s, &hash, hash.place);
}

/* Bit b of `mask` stands for networks of first + b + 1 bits; the longest first. */
static void
search_mask(struct search *s, const struct addr *a, uint32_t mask, unsigned first)
{
	unsigned bit;

	while (mask != 0) {
		bit = 31u - (unsigned)__builtin_clz(mask);
		search_network(s, a, first + bit + 1);
		mask &= ~(1u << bit);
	}
}

static void
search_networks(struct search *s, const struct addr *a)
{
	const struct image_masks *masks = s->i->masks;
	unsigned word;

	if (addr_is_v4(a)) {
		search_mask(s, a, masks->v4[a->b[12]], 96);
		return;
	}
	for (word = 4; word-- > 0;)
		search_mask(s, a, masks->v6[image_cell_v6(a)][word], word * 32);
}

unsigned
indicators_by_peer(const struct indicators *i, const struct addr *a, uint16_t port,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .found = found, .most = most };
	struct image_hash hash = image_hash_net(&i->key, INDICATOR_ADDRESS, a, 128);
	struct image_hash with_port = image_hash_port(&i->key, hash, port);

	search_hash(&s, &with_port, hash.place);
	search_hash(&s, &hash, hash.place);
	search_networks(&s, a);
	return s.count;
}

unsigned
indicators_by_source(const struct indicators *i, const struct addr *a,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .source = true, .found = found, .most = most };
	struct image_hash hash = image_hash_net(&i->key, INDICATOR_ADDRESS | IMAGE_SOURCE, a, 128);

	search_hash(&s, &hash, hash.place);
	search_networks(&s, a);
	return s.count;
}

/* Eight bytes at once: the high bit of each sum says whether its byte is beyond 'Z', or 'A' and beyond. */
static uint64_t
lower_word(uint64_t word)
{
	const uint64_t ones = 0x0101010101010101ULL, low = word & 0x7f * ones;
	uint64_t beyond = low + (0x7f - 'Z') * ones, from = low + (0x80 - 'A') * ones;

	return word | (~word & (from ^ beyond) & 0x80 * ones) >> 2;
}

static void
copy_lower(char *to, const uint8_t *from, size_t len)
{
	uint64_t word;

	for (; len >= 8; len -= 8, to += 8, from += 8) {
		memcpy(&word, from, 8);
		word = lower_word(word);
		memcpy(to, &word, 8);
	}
	for (; len > 0; len--, to++, from++)
		*to = (char)(*from >= 'A' && *from <= 'Z' ? *from | 0x20 : *from);
}

unsigned
indicators_by_domain(const struct indicators *i, struct span name,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .found = found, .most = most };
	struct name_hash parent[NAME_LABELS_MAX];
	char text[256];
	unsigned count;

	if (name.left > 0 && name.at[name.left - 1] == '.')
		name.left--;
	if (name.left == 0 || name.left >= sizeof text)
		return 0;
	copy_lower(text, name.at, name.left);
	/* No stored name ends in a number, so an address finds nothing here. */
	count = image_hash_names(&i->key, text, name.left, parent);
	while (count-- > 0)
		search_hash(&s, &parent[count].hash, parent[count].hash.place);
	return s.count;
}

static unsigned
search_text(const struct indicators *i, enum indicator_type t, const void *text, size_t len,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .found = found, .most = most };
	struct image_hash hash = image_hash_text(&i->key, t, text, len);

	search_hash(&s, &hash, hash.place);
	return s.count;
}

unsigned
indicators_by_url(const struct indicators *i, struct span host, struct span path,
    uint32_t *found, unsigned most)
{
	char text[VALUE_BYTES + 2];
	size_t len, end = 0;

	len = value_host(host, text, sizeof text);
	if (len == 0 || path.left == 0 || path.left > VALUE_BYTES - len)
		return 0;
	if (path.at[0] == '?')
		text[len++] = '/';
	while (end < path.left && path.at[end] != '#')
		end++;
	memcpy(text + len, path.at, end);
	return search_text(i, INDICATOR_URL, text, len + end, found, most);
}

unsigned
indicators_by_text(const struct indicators *i, enum indicator_type t, struct span text,
    uint32_t *found, unsigned most)
{
	if (t < INDICATOR_JA3 || t >= INDICATOR_TYPES || text.left == 0 || text.left > VALUE_BYTES)
		return 0;
	return search_text(i, t, text.at, text.left, found, most);
}
