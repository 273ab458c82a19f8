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
	uint32_t buckets, filter_words, reach;
};

static void
plan_sections(struct plan *p)
{
	const struct builder *b = p->b;
	uint64_t bytes[IMAGE_SECTIONS] = {
		[SECTION_MASKS] = sizeof(struct image_masks),
		[SECTION_ATTRIBUTES] = b->attributes.used,
		[SECTION_SAMPLES] = (b->count + IMAGE_SAMPLE - 1ULL) / IMAGE_SAMPLE * sizeof(uint32_t),
		[SECTION_FILTER] = (uint64_t)p->filter_words * sizeof(uint64_t),
		[SECTION_BUCKETS] = (uint64_t)p->buckets * sizeof(struct image_bucket),
		[SECTION_TEXTS] = b->texts.used,
		[SECTION_RECORDS] = b->records.used,
	};
	uint64_t at = sizeof p->header;
	unsigned i;

	for (i = 0; i < IMAGE_SECTIONS; i++) {
		at = (at + IMAGE_ALIGN - 1) / IMAGE_ALIGN * IMAGE_ALIGN;
		p->header.section[i].at = at;
		p->header.section[i].bytes = bytes[i];
		at += bytes[i];
	}
	p->header.image_bytes = at;
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

static void
add_slot(struct plan *p, uint64_t hash, uint32_t record)
{
	struct image_bucket *buckets = section(p, SECTION_BUCKETS);
	uint32_t at = image_bucket_of(hash, p->buckets), visited = 1;
	unsigned slot;

	for (;; visited++) {
		for (slot = 0; slot < BUCKET_SLOTS && buckets[at].tag[slot] != 0; slot++)
			;
		if (slot < BUCKET_SLOTS)
			break;
		at = at + 1 == p->buckets ? 0 : at + 1;
	}
	buckets[at].tag[slot] = image_tag_of(hash);
	buckets[at].record[slot] = record;
	if (visited > p->reach)
		p->reach = visited;
}

static void
add_record(struct plan *p, const struct image_record *record, uint32_t at, size_t len)
{
	const struct image_attributes *a = builder_attributes(p->b, record->attributes);
	uint64_t *filter = section(p, SECTION_FILTER), hash, word;
	unsigned kind = a->type | (a->role == ROLE_INFECTED ? IMAGE_SOURCE : 0u);
	struct cidr net;
	uint16_t port;

	if (!image_hash_value(&p->header.key, kind, record->value, len, &hash, &word))
		return;	/* cannot be: the builder takes only what has a hash */
	if (a->type == INDICATOR_CIDR && image_value_net(a->type, record->value, len, &net, &port))
		add_mask(section(p, SECTION_MASKS), &net);
	filter[image_filter_word(word, p->filter_words)] |= image_filter_bits(hash);
	add_slot(p, hash, at);
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
	uint32_t *samples = section(p, SECTION_SAMPLES), at = 0, number;
	const struct image_record *record;
	size_t len;

	copy_block(p, SECTION_ATTRIBUTES, &b->attributes);
	copy_block(p, SECTION_TEXTS, &b->texts);
	copy_block(p, SECTION_RECORDS, &b->records);
	for (number = 0; number < b->count; number++) {
		record = builder_record(b, at);
		len = strlen(record->value);
		if (number % IMAGE_SAMPLE == 0)
			samples[number / IMAGE_SAMPLE] = at;
		add_record(p, record, at, len);
		at += image_record_units(len);
	}
	p->header.reach = p->reach;
	p->header.checksum = image_header_checksum(&p->header);
	memcpy(p->image, &p->header, sizeof p->header);
}

static void
plan_image(struct plan *p, const struct builder *b)
{
	struct image_header *h = &p->header;

	memset(p, 0, sizeof *p);
	p->b = b;
	p->buckets = b->count / BUCKET_MEAN + 1;
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
	if (made < 0 || ftruncate(made, (off_t)p.header.image_bytes) < 0)
		goto failed;
	p.image = mmap(NULL, p.header.image_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
	if (p.image == MAP_FAILED)
		goto failed;
	fill_image(&p);
	munmap(p.image, p.header.image_bytes);
	if (seal(made) < 0)
		goto failed;
	*fd = made;
	return 0;
failed:
	fault_set(fault, r, "indicators: cannot make an image of %llu bytes in memory: %s",
	    (unsigned long long)p.header.image_bytes, se_text(r));
	if (made >= 0)
		close(made);
	return r;
}
