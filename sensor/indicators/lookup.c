#include "indicators/map.h"

#include "indicators/value.h"

/* One question: what is wanted, and where the answers go. */
struct search {
	const struct indicators *i;
	enum indicator_type type;
	bool source;
	struct cidr net;		/* ADDRESS, ADDRESS_PORT, CIDR */
	uint16_t port;			/* ADDRESS_PORT, else 0 */
	struct span text;		/* all others */
	uint32_t *found;
	unsigned most, count;
};

static bool
is_wanted(const struct search *s, const struct image_record *record)
{
	const struct image_attributes *a = &s->i->attributes[record->attributes];
	size_t len = strlen(record->value);
	struct cidr net;
	uint16_t port;

	if (a->type != s->type || (a->role == ROLE_INFECTED) != s->source)
		return false;
	if (s->text.at != NULL)
		return len == s->text.left && memcmp(record->value, s->text.at, len) == 0;
	return image_value_net(s->type, record->value, len, &net, &port) && port == s->port &&
	    net.bits == s->net.bits && addr_equal(&net.base, &s->net.base);
}

/* False when this bucket has room: nothing was pushed into the next one. */
static bool
search_bucket(struct search *s, const struct image_bucket *bucket, uint8_t tag)
{
	const struct image_record *record;
	unsigned slot;

	for (slot = 0; slot < BUCKET_SLOTS && bucket->tag[slot] != 0; slot++) {
		if (bucket->tag[slot] != tag)
			continue;
		record = indicators_record(s->i, bucket->record[slot]);
		if (s->count < s->most && is_wanted(s, record))
			s->found[s->count++] = record->number;
	}
	return slot == BUCKET_SLOTS;
}

/* `word`: the hash whose word of the filter knows `hash`. */
static void
search_hash(struct search *s, uint64_t hash, uint64_t word)
{
	const struct indicators *i = s->i;
	uint64_t bits = image_filter_bits(hash);
	uint32_t at, left;

	if ((i->filter[image_filter_word(word, i->filter_words)] & bits) != bits)
		return;
	at = image_bucket_of(hash, i->buckets_count);
	for (left = i->reach; left > 0 && s->count < s->most; left--) {
		if (!search_bucket(s, &i->buckets[at], image_tag_of(hash)))
			return;
		at = at + 1 == i->buckets_count ? 0 : at + 1;
	}
}

static unsigned
kind_of(const struct search *s)
{
	return (unsigned)s->type | (s->source ? IMAGE_SOURCE : 0);
}

static void
search_network(struct search *s, const struct addr *a, unsigned bits)
{
	uint64_t hash;
	unsigned i;

	s->net.bits = (uint8_t)bits;
	s->net.base = *a;
	for (i = bits / 8; i < 16; i++) {
		s->net.base.b[i] &= (uint8_t)(bits % 8 == 0 || i > bits / 8 ? 0 : 0xff00 >> bits % 8);
	}
	hash = image_hash_net(&s->i->key, kind_of(s), &s->net.base, bits);
	search_hash(s, hash, hash);
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

	s->type = INDICATOR_CIDR;
	if (addr_is_v4(a)) {
		search_mask(s, a, masks->v4[a->b[12]], 96);
		return;
	}
	for (word = 4; word-- > 0;)
		search_mask(s, a, masks->v6[image_cell_v6(a)][word], word * 32);
}

static void
ask_address(struct search *s, enum indicator_type type, const struct addr *a, uint16_t port)
{
	s->type = type;
	s->net.base = *a;
	s->net.bits = 128;
	s->port = port;
}

unsigned
indicators_by_peer(const struct indicators *i, const struct addr *a, uint16_t port,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .found = found, .most = most };
	uint64_t hash = image_hash_net(&i->key, INDICATOR_ADDRESS, a, 128);

	ask_address(&s, INDICATOR_ADDRESS_PORT, a, port);
	search_hash(&s, image_hash_port(&i->key, hash, port), hash);
	ask_address(&s, INDICATOR_ADDRESS, a, 0);
	search_hash(&s, hash, hash);
	search_networks(&s, a);
	return s.count;
}

unsigned
indicators_by_source(const struct indicators *i, const struct addr *a,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .source = true, .found = found, .most = most };
	uint64_t hash = image_hash_net(&i->key, INDICATOR_ADDRESS | IMAGE_SOURCE, a, 128);

	ask_address(&s, INDICATOR_ADDRESS, a, 0);
	search_hash(&s, hash, hash);
	search_networks(&s, a);
	return s.count;
}

unsigned
indicators_by_domain(const struct indicators *i, struct span name,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .type = INDICATOR_DOMAIN, .found = found, .most = most };
	struct name_hash parent[NAME_LABELS_MAX];
	char text[256];
	unsigned count;
	size_t c;

	if (name.left > 0 && name.at[name.left - 1] == '.')
		name.left--;
	if (name.left == 0 || name.left >= sizeof text)
		return 0;
	for (c = 0; c < name.left; c++)
		text[c] = (char)(name.at[c] >= 'A' && name.at[c] <= 'Z' ? name.at[c] | 0x20 : name.at[c]);
	/* No stored name ends in a number, so an address finds nothing here. */
	count = image_hash_names(&i->key, text, name.left, parent);
	while (count-- > 0) {
		s.text = span_of(text + parent[count].from, name.left - parent[count].from);
		search_hash(&s, parent[count].hash, parent[count].hash);
	}
	return s.count;
}

unsigned
indicators_by_url(const struct indicators *i, struct span host, struct span path,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .type = INDICATOR_URL, .found = found, .most = most };
	char text[VALUE_BYTES + 2];
	size_t len, end = 0;
	uint64_t hash;

	len = value_host(host, text, sizeof text);
	if (len == 0 || path.left == 0 || path.left > VALUE_BYTES - len)
		return 0;
	if (path.at[0] == '?')
		text[len++] = '/';
	while (end < path.left && path.at[end] != '#')
		end++;
	memcpy(text + len, path.at, end);
	s.text = span_of(text, len + end);
	hash = image_hash_text(&i->key, INDICATOR_URL, text, s.text.left);
	search_hash(&s, hash, hash);
	return s.count;
}

unsigned
indicators_by_text(const struct indicators *i, enum indicator_type t, struct span text,
    uint32_t *found, unsigned most)
{
	struct search s = { .i = i, .type = t, .text = text, .found = found, .most = most };
	uint64_t hash;

	if (t < INDICATOR_JA3 || t >= INDICATOR_TYPES || text.left == 0 || text.left > VALUE_BYTES)
		return 0;
	hash = image_hash_text(&i->key, t, text.at, text.left);
	search_hash(&s, hash, hash);
	return s.count;
}
