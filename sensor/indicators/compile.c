#include "indicators/builder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "indicators/value.h"

struct plan {
	const struct builder *b;
	struct image_header header;
	uint8_t *image;
	uint64_t most_bytes;		/* before it is known how short the entries are */
	uint32_t buckets, filter_words, reach;
};

/* One record of the builder, opened. */
struct opened {
	struct entry_facts facts;
	const uint8_t *value;
	size_t size;
	bool six;
};

static void
plan_sections(struct plan *p)
{
	const struct builder *b = p->b;
	uint64_t bytes[IMAGE_SECTIONS] = {
		[SECTION_MASKS] = sizeof(struct image_masks),
		[SECTION_ATTRIBUTES] = b->attributes.used,
		[SECTION_BLOCKS] = (b->count + IMAGE_BLOCK - 1ULL) / IMAGE_BLOCK * sizeof(uint64_t),
		[SECTION_FILTER] = (uint64_t)p->filter_words * sizeof(uint64_t),
		[SECTION_BUCKETS] = (uint64_t)p->buckets * sizeof(struct image_bucket),
		[SECTION_TEXTS] = b->texts.used,
		[SECTION_ENTRIES] = b->records.used + (uint64_t)b->count * ENTRY_HEAD_MAX,
	};
	uint64_t at = sizeof p->header;
	unsigned i;

	for (i = 0; i < IMAGE_SECTIONS; i++) {
		at = (at + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
		p->header.section[i].at = at;
		p->header.section[i].bytes = bytes[i];
		at += bytes[i];
	}
	p->most_bytes = at;
}

static void *
section(const struct plan *p, enum image_sections s)
{
	return p->image + p->header.section[s].at;
}

static void
add_mask(struct image_masks *masks, const struct cidr *net)
{
	unsigned bit;

	if (addr_is_v4(&net->base) && net->bits >= 96) {
		masks->v4[net->base.b[12]] |= 1u << (net->bits - 97);
		return;
	}
	bit = net->bits - 1u;
	masks->v6[image_cell_v6(&net->base)][bit / 32] |= 1u << bit % 32;
}

/* The equal ones in this bucket are no longer the last. */
static void
mark_equal(struct image_bucket *bucket, uint64_t print)
{
	unsigned equal = image_bucket_equal(bucket, print);

	for (; equal != 0; equal &= equal - 1)
		bucket->entry[__builtin_ctz(equal)] |= IMAGE_MORE;
}

static void
add_slot(struct plan *p, const struct image_hash *hash, uint32_t entry)
{
	struct image_bucket *buckets = section(p, SECTION_BUCKETS), *bucket;
	uint32_t at = image_bucket_of(hash->place, p->buckets), visited = 1;

	for (;; visited++) {
		bucket = &buckets[at];
		mark_equal(bucket, hash->print);
		if (bucket->used < BUCKET_SLOTS)
			break;
		at = at + 1 == p->buckets ? 0 : at + 1;
	}
	bucket->print[bucket->used] = hash->print;
	bucket->entry[bucket->used++] = entry;
	if (visited > p->reach)
		p->reach = visited;
}

/* Where an entry goes; its cache lines are fetched while others are looked at. */
struct place {
	struct image_hash hash;
	uint64_t word;
};

static struct place
find_place(struct plan *p, const struct opened *o)
{
	const struct image_attributes *a = builder_attributes(p->b, o->facts.attributes);
	const struct image_bucket *buckets = section(p, SECTION_BUCKETS);
	const uint64_t *filter = section(p, SECTION_FILTER);
	unsigned kind = a->type | (a->role == ROLE_INFECTED ? IMAGE_SOURCE : 0u);
	struct place at = { { 0, 0 }, 0 };
	struct cidr net;
	uint16_t port;

	if (a->type == INDICATOR_CIDR) {
		packed_net(a->type, o->six, o->value, &net, &port);
		add_mask(section(p, SECTION_MASKS), &net);
	}
	packed_hash(&p->header.key, kind, o->six, o->value, o->size - 1, &at.hash, &at.word);
	__builtin_prefetch(&buckets[image_bucket_of(at.hash.place, p->buckets)], 1);
	__builtin_prefetch(&filter[image_filter_word(at.word, p->filter_words)], 1);
	return at;
}

static void
add_entry(struct plan *p, const struct place *at, uint32_t entry)
{
	uint64_t *filter = section(p, SECTION_FILTER);

	filter[image_filter_word(at->word, p->filter_words)] |= image_filter_bits(at->hash.print);
	add_slot(p, &at->hash, entry);
}

static struct opened
open_record(const struct builder *b, uint32_t *at)
{
	const struct builder_record *record = builder_record(b, *at);
	struct opened o = { .value = record->value, .size = builder_value_size(b, record) };

	o.facts = builder_facts(record, &o.six);
	*at += builder_record_units(o.size);
	return o;
}

/* How many of the `most` records from `at` only go on with what `o` says? */
static unsigned
run_length(const struct builder *b, struct opened o, uint32_t at, unsigned most)
{
	struct opened next;
	unsigned run;

	for (run = 0; run < most; run++) {
		next = open_record(b, &at);
		if (next.six != o.six || !entry_continues(&o.facts, &next.facts))
			break;
		o = next;
	}
	return run;
}

/* From record *at, the `count` entries of a block; returns where they end. */
static uint8_t *
write_block(struct plan *p, uint32_t *at, uint32_t entry, unsigned count, uint8_t *out)
{
	struct entry_facts before = ENTRY_NOTHING;
	struct place place[IMAGE_BLOCK];
	unsigned n, run = 0;
	struct opened o;

	for (n = 0; n < count; n++) {
		o = open_record(p->b, at);
		if (run > 0) {
			run--;
		} else {
			run = run_length(p->b, o, *at, count - n - 1);
			out += entry_head(&before, &o.facts, o.six, run, out);
		}
		memcpy(out, o.value, o.size);
		out += o.size;
		before = o.facts;
		place[n] = find_place(p, &o);
	}
	for (n = 0; n < count; n++)
		add_entry(p, &place[n], entry + n);
	return out;
}

static void
write_entries(struct plan *p)
{
	struct image_section *entries = &p->header.section[SECTION_ENTRIES];
	uint8_t *first = section(p, SECTION_ENTRIES), *out = first;
	uint64_t *blocks = section(p, SECTION_BLOCKS);
	uint32_t at = 0, entry, left;

	for (entry = 0; entry < p->b->count; entry += IMAGE_BLOCK) {
		blocks[entry / IMAGE_BLOCK] = (uint64_t)(out - first);
		left = p->b->count - entry;
		out = write_block(p, &at, entry, left < IMAGE_BLOCK ? left : IMAGE_BLOCK, out);
	}
	entries->bytes = (uint64_t)(out - first);
	p->header.image_bytes = entries->at + entries->bytes;
}

static void
copy_block(const struct plan *p, enum image_sections s, const struct block *k)
{
	if (k->used > 0)
		memcpy(section(p, s), k->bytes, k->used);
}

static void
fill_image(struct plan *p)
{
	const struct builder *b = p->b;

	copy_block(p, SECTION_ATTRIBUTES, &b->attributes);
	copy_block(p, SECTION_TEXTS, &b->texts);
	write_entries(p);
	p->header.reach = p->reach;
	p->header.checksum = image_header_checksum(&p->header);
	memcpy(p->image, &p->header, sizeof p->header);
}

static void
plan_image(struct plan *p, const struct builder *b)
{
	struct image_header *h = &p->header;
	unsigned load = b->count > IMAGE_MANY ? BUCKET_LOAD_MANY : BUCKET_LOAD;

	memset(p, 0, sizeof *p);
	p->b = b;
	p->buckets = (uint32_t)((uint64_t)b->count * 100 / (BUCKET_SLOTS * load)) + 1;
	p->filter_words = (uint32_t)((uint64_t)b->count * FILTER_BITS / 64) + 1;
	p->reach = 1;
	memcpy(h->magic, IMAGE_MAGIC, sizeof h->magic);
	h->version = IMAGE_VERSION;
	h->header_bytes = sizeof *h;
	h->key = b->key;
	h->entries = b->count;
	plan_sections(p);
}

static int
seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
}

int
builder_compile(struct builder *b, int *fd, struct fault *fault)
{
	struct plan p;
	int made = -1, r = SE_SYSTEM;

	*fd = -1;
	plan_image(&p, b);
	made = memfd_create("hansho-indicators", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (made < 0 || ftruncate(made, (off_t)p.most_bytes) < 0)
		goto failed;
	p.image = mmap(NULL, p.most_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
	if (p.image == MAP_FAILED)
		goto failed;
	fill_image(&p);
	munmap(p.image, p.most_bytes);
	if (ftruncate(made, (off_t)p.header.image_bytes) < 0 || seal(made) < 0)
		goto failed;
	*fd = made;
	return 0;
failed:
	fault_set(fault, r, "indicators: cannot make an image of %llu bytes in memory: %s",
	    (unsigned long long)p.most_bytes, se_text(r));
	if (made >= 0)
		close(made);
	return r;
}

size_t
image_indicator_bytes(void)
{
	return builder_indicator_bytes() + ENTRY_HEAD_MAX + FILTER_BITS / 8 + 1 +
	    sizeof(struct image_bucket) * 100 / (BUCKET_SLOTS * BUCKET_LOAD) + sizeof(uint64_t) / IMAGE_BLOCK + 1;
}
