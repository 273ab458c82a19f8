#include "indicators/map.h"

#include "base/eight.h"
#include "indicators/value.h"

/* ---- asking ---- */

static void
begin(struct indicators_ask *ask)
{
	ask->count = 0;
}

/* `word`: the hash whose word of the filter knows `hash`. What it lets pass is fetched. */
static void
want(const struct indicators *i, struct indicators_ask *ask, const struct image_hash *hash, uint64_t word)
{
	uint64_t bits = image_filter_bits(hash->print);
	struct indicators_wanted *w;

	if ((i->filter[image_filter_word(word, i->filter_words)] & bits) != bits || ask->count == ASK_MOST)
		return;
	w = &ask->wanted[ask->count++];
	w->print = hash->print;
	w->bucket = image_bucket_of(hash->place, i->buckets_count);
	__builtin_prefetch(&i->buckets[w->bucket]);
}

static void
want_network(const struct indicators *i, struct indicators_ask *ask, unsigned kind, const struct addr *a, unsigned bits)
{
	struct image_hash hash;
	struct addr base = *a;
	unsigned n;

	for (n = bits / 8; n < 16; n++)
		base.b[n] &= (uint8_t)(bits % 8 == 0 || n > bits / 8 ? 0 : 0xff00 >> bits % 8);
	hash = image_hash_net(&i->key, kind, &base, bits);
	want(i, ask, &hash, hash.place);
}

/* Bit b of `mask` stands for networks of first + b + 1 bits; the longest first. */
static void
want_mask(const struct indicators *i, struct indicators_ask *ask, unsigned kind, const struct addr *a, uint32_t mask,
    unsigned first)
{
	unsigned bit;

	while (mask != 0) {
		bit = 31u - (unsigned)__builtin_clz(mask);
		want_network(i, ask, kind, a, first + bit + 1);
		mask &= ~(1u << bit);
	}
}

static void
want_networks(const struct indicators *i, struct indicators_ask *ask, unsigned kind, const struct addr *a)
{
	const struct image_masks *masks = i->masks;
	unsigned word;

	if (addr_is_v4(a)) {
		want_mask(i, ask, kind, a, masks->v4[a->b[12]], 96);
		return;
	}
	for (word = 4; word-- > 0;)
		want_mask(i, ask, kind, a, masks->v6[image_cell_v6(a)][word], word * 32);
}

void
indicators_ask_peer(const struct indicators *i, const struct addr *a, uint16_t port, struct indicators_ask *ask)
{
	struct image_hash hash = image_hash_net(&i->key, INDICATOR_ADDRESS, a, 128);
	struct image_hash with_port = image_hash_port(&i->key, hash, port);

	begin(ask);
	want(i, ask, &with_port, hash.place);
	want(i, ask, &hash, hash.place);
	want_networks(i, ask, INDICATOR_CIDR, a);
}

void
indicators_ask_source(const struct indicators *i, const struct addr *a, struct indicators_ask *ask)
{
	struct image_hash hash = image_hash_net(&i->key, INDICATOR_ADDRESS | IMAGE_SOURCE, a, 128);

	begin(ask);
	want(i, ask, &hash, hash.place);
	want_networks(i, ask, INDICATOR_CIDR | IMAGE_SOURCE, a);
}

/* With eight NULs behind it. The last bytes are taken as a word, too, which others may have been part of. */
static void
copy_lower(char to[NAME_PADDED], const uint8_t *from, size_t len)
{
	uint64_t word;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		word = eight_lower(eight_load(from + i));
		memcpy(to + i, &word, 8);
	}
	if (i > 0 && i < len) {
		word = eight_lower(eight_load(from + len - 8));
		memcpy(to + len - 8, &word, 8);
	} else {
		for (; i < len; i++)
			to[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] | 0x20 : from[i]);
	}
	memset(to + len, 0, 8);
}

void
indicators_ask_domain(const struct indicators *i, struct span name, struct indicators_ask *ask)
{
	struct name_hash parent[NAME_LABELS_MAX];
	char text[NAME_PADDED];
	unsigned count;

	begin(ask);
	if (name.left > 0 && name.at[name.left - 1] == '.')
		name.left--;
	if (name.left == 0 || name.left > 255)
		return;
	copy_lower(text, name.at, name.left);
	/* No stored name ends in a number, so an address finds nothing here. */
	count = image_hash_names(&i->key, text, name.left, parent);
	while (count-- > 0)
		want(i, ask, &parent[count].hash, parent[count].hash.place);
}

static void
ask_text(const struct indicators *i, enum indicator_type t, const void *text, size_t len, struct indicators_ask *ask)
{
	struct image_hash hash = image_hash_text(&i->key, t, text, len);

	want(i, ask, &hash, hash.place);
}

void
indicators_ask_url(const struct indicators *i, struct span host, struct span path, struct indicators_ask *ask)
{
	char text[VALUE_BYTES + 2];
	const uint8_t *fragment;
	size_t len;

	begin(ask);
	len = value_host(host, text, sizeof text);
	if (len == 0 || path.left == 0 || path.left > VALUE_BYTES - len)
		return;
	if (path.at[0] == '?')
		text[len++] = '/';
	if ((fragment = memchr(path.at, '#', path.left)) != NULL)
		path.left = (size_t)(fragment - path.at);
	memcpy(text + len, path.at, path.left);
	ask_text(i, INDICATOR_URL, text, len + path.left, ask);
}

void
indicators_ask_text(const struct indicators *i, enum indicator_type t, struct span text, struct indicators_ask *ask)
{
	begin(ask);
	if (t >= INDICATOR_JA3 && t < INDICATOR_TYPES && text.left > 0 && text.left <= VALUE_BYTES)
		ask_text(i, t, text.at, text.left, ask);
}

/* ---- answering ---- */

struct answer {
	uint32_t *found;
	unsigned most, count;
};

/* False when nothing equal can be in the next one. */
static bool
read_bucket(struct answer *a, const struct image_bucket *bucket, uint64_t print)
{
	unsigned equal = image_bucket_equal(bucket, print);
	uint32_t entry = IMAGE_MORE;

	for (; equal != 0; equal &= equal - 1) {
		entry = bucket->entry[__builtin_ctz(equal)];
		if (a->count < a->most)
			a->found[a->count++] = entry & ~IMAGE_MORE;
	}
	return (entry & IMAGE_MORE) != 0 && bucket->used == BUCKET_SLOTS;
}

unsigned
indicators_answer(const struct indicators *i, const struct indicators_ask *ask, uint32_t *found, unsigned most)
{
	struct answer a = { found, most, 0 };
	uint32_t at, left;
	unsigned n;

	for (n = 0; n < ask->count; n++) {
		at = ask->wanted[n].bucket;
		for (left = i->reach; left > 0 && a.count < most; left--) {
			if (!read_bucket(&a, &i->buckets[at], ask->wanted[n].print))
				break;
			at = at + 1 == i->buckets_count ? 0 : at + 1;
		}
	}
	return a.count;
}

/* ---- both ---- */

unsigned
indicators_by_peer(const struct indicators *i, const struct addr *a, uint16_t port,
    uint32_t *found, unsigned most)
{
	struct indicators_ask ask;

	indicators_ask_peer(i, a, port, &ask);
	return indicators_answer(i, &ask, found, most);
}

unsigned
indicators_by_source(const struct indicators *i, const struct addr *a,
    uint32_t *found, unsigned most)
{
	struct indicators_ask ask;

	indicators_ask_source(i, a, &ask);
	return indicators_answer(i, &ask, found, most);
}

unsigned
indicators_by_domain(const struct indicators *i, struct span name,
    uint32_t *found, unsigned most)
{
	struct indicators_ask ask;

	indicators_ask_domain(i, name, &ask);
	return indicators_answer(i, &ask, found, most);
}

unsigned
indicators_by_url(const struct indicators *i, struct span host, struct span path,
    uint32_t *found, unsigned most)
{
	struct indicators_ask ask;

	indicators_ask_url(i, host, path, &ask);
	return indicators_answer(i, &ask, found, most);
}

unsigned
indicators_by_text(const struct indicators *i, enum indicator_type t, struct span text,
    uint32_t *found, unsigned most)
{
	struct indicators_ask ask;

	indicators_ask_text(i, t, text, &ask);
	return indicators_answer(i, &ask, found, most);
}
