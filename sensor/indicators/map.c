#include "indicators/map.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/when.h"
#include "indicators/packed.h"

static int
bad(struct fault *fault, const char *what)
{
	return fault_set(fault, SE_FORMAT, "indicators: the image is damaged: %s", what);
}

static int
check_header(const struct indicators *i, struct image_header *h, struct fault *fault)
{
	if (i->image_bytes < sizeof *h)
		return bad(fault, "shorter than its header");
	memcpy(h, i->image, sizeof *h);
	if (memcmp(h->magic, IMAGE_MAGIC, sizeof h->magic) != 0)
		return bad(fault, "it does not begin as an image does");
	if (h->version != IMAGE_VERSION || h->header_bytes != sizeof *h)
		return fault_set(fault, SE_FORMAT, "indicators: image version %u, expected %u",
		    h->version, (unsigned)IMAGE_VERSION);
	if (h->checksum != image_header_checksum(h))
		return bad(fault, "the header's checksum is wrong");
	if (h->image_bytes != i->image_bytes)
		return bad(fault, "its length is not what the header says");
	return 0;
}

/* In order, aligned, inside, and each a whole number of its parts. */
static int
check_sections(const struct image_header *h, struct fault *fault)
{
	static const uint64_t part[IMAGE_SECTIONS] = {
		sizeof(struct image_masks), sizeof(struct image_attributes), sizeof(uint64_t),
		sizeof(uint64_t), sizeof(struct image_bucket), 1, 1,
	};
	uint64_t end = sizeof *h;
	unsigned i;

	for (i = 0; i < IMAGE_SECTIONS; i++) {
		const struct image_section *s = &h->section[i];

		if (s->at % IMAGE_ALIGN != 0 || s->at < end || s->at > h->image_bytes ||
		    s->bytes > h->image_bytes - s->at || s->bytes % part[i] != 0 ||
		    (i != SECTION_ENTRIES && s->bytes / part[i] > UINT32_MAX))
			return bad(fault, "a section is not where it can be");
		end = s->at + s->bytes;
	}
	if (h->section[SECTION_MASKS].bytes != sizeof(struct image_masks) ||
	    h->section[SECTION_FILTER].bytes == 0 || h->section[SECTION_BUCKETS].bytes == 0 ||
	    h->section[SECTION_TEXTS].bytes == 0)
		return bad(fault, "a section is missing");
	if (h->section[SECTION_BLOCKS].bytes / sizeof(uint64_t) !=
	    (h->entries + IMAGE_BLOCK - 1ULL) / IMAGE_BLOCK)
		return bad(fault, "too many or too few blocks");
	return 0;
}

static void
find_sections(struct indicators *i, const struct image_header *h)
{
	const struct image_section *s = h->section;

	i->key = h->key;
	i->entries = h->entries;
	i->masks = (const void *)(i->image + s[SECTION_MASKS].at);
	i->attributes = (const void *)(i->image + s[SECTION_ATTRIBUTES].at);
	i->attributes_count = (uint32_t)(s[SECTION_ATTRIBUTES].bytes / sizeof *i->attributes);
	i->blocks = (const void *)(i->image + s[SECTION_BLOCKS].at);
	i->filter = (const void *)(i->image + s[SECTION_FILTER].at);
	i->filter_words = (uint32_t)(s[SECTION_FILTER].bytes / sizeof *i->filter);
	i->buckets = (const void *)(i->image + s[SECTION_BUCKETS].at);
	i->buckets_count = (uint32_t)(s[SECTION_BUCKETS].bytes / sizeof *i->buckets);
	i->texts = (const void *)(i->image + s[SECTION_TEXTS].at);
	i->texts_bytes = s[SECTION_TEXTS].bytes;
	i->packed = i->image + s[SECTION_ENTRIES].at;
	i->entries_bytes = s[SECTION_ENTRIES].bytes;
	i->reach = h->reach < i->buckets_count ? h->reach : i->buckets_count;
}

static int
check_attributes(const struct indicators *i, struct fault *fault)
{
	const struct image_attributes *a = i->attributes, *end = a + i->attributes_count;

	if (i->texts[0] != '\0' || i->texts[i->texts_bytes - 1] != '\0')
		return bad(fault, "the texts have no end");
	for (; a < end; a++)
		if (a->feed >= i->texts_bytes || a->malware >= i->texts_bytes ||
		    a->type >= INDICATOR_TYPES || a->role >= ROLE_KINDS)
			return bad(fault, "an attribute is out of range");
	return 0;
}

static void
open_entries(const struct indicators *i, uint64_t at, struct entry_reader *r)
{
	entry_begin(r, i->packed + at, i->packed + i->entries_bytes);
	r->attributes = i->attributes;
	r->attributes_count = i->attributes_count;
}

/* Only texts have a length of their own: as long as may be asked for. */
static bool
is_whole(const struct indicators *i, const struct entry_reader *r)
{
	return r->facts.reference < i->texts_bytes && r->value_len < PACKED_BYTES &&
	    (!r->six || i->attributes[r->facts.attributes].type <= INDICATOR_CIDR);
}

static int
check_entries(struct indicators *i, struct fault *fault)
{
	struct entry_reader r;
	uint32_t number;

	open_entries(i, 0, &r);
	for (number = 0; number < i->entries; number++) {
		if (number % IMAGE_BLOCK == 0) {
			if (i->blocks[number / IMAGE_BLOCK] != (uint64_t)(r.at - i->packed) || r.run > 0)
				return bad(fault, "a block is not where it should be");
			open_entries(i, i->blocks[number / IMAGE_BLOCK], &r);
		}
		if (!entry_next(&r) || !is_whole(i, &r))
			return bad(fault, "an entry is out of range");
		i->by_type[i->attributes[r.facts.attributes].type]++;
	}
	if (r.at != i->packed + i->entries_bytes || r.run > 0)
		return bad(fault, "something follows the last entry");
	return 0;
}

static int
check_buckets(const struct indicators *i, struct fault *fault)
{
	const struct image_bucket *b = i->buckets, *end = b + i->buckets_count;
	uint32_t slot;

	for (; b < end; b++) {
		if (b->used > BUCKET_SLOTS)
			return bad(fault, "a bucket holds more than it can");
		for (slot = 0; slot < b->used; slot++)
			if ((b->entry[slot] & ~IMAGE_MORE) >= i->entries)
				return bad(fault, "a slot leads to no entry");
	}
	return 0;
}

static int
check_image(struct indicators *i, struct fault *fault)
{
	struct image_header h;
	int r;

	if ((r = check_header(i, &h, fault)) < 0 || (r = check_sections(&h, fault)) < 0)
		return r;
	find_sections(i, &h);
	if ((r = check_attributes(i, fault)) < 0 || (r = check_entries(i, fault)) < 0)
		return r;
	return check_buckets(i, fault);
}

/* What is checked must stay as it was checked. */
static int
check_seals(int fd, struct fault *fault)
{
	int want = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & want) != want)
		return fault_set(fault, SE_FORMAT,
		    "indicators: the image can still be changed, expected a sealed one");
	return 0;
}

int
indicators_map(int fd, struct indicators **out, struct fault *fault)
{
	struct indicators *i = NULL;
	struct stat st;
	void *image;
	int r;

	*out = NULL;
	if ((r = check_seals(fd, fault)) < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return fault_set(fault, SE_SYSTEM, "indicators: %s", se_text(SE_SYSTEM));
	if (st.st_size <= 0)
		return bad(fault, "it is empty");
	if ((i = calloc(1, sizeof *i)) == NULL)
		return fault_set(fault, SE_NOMEM, "indicators: no memory");
	image = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (image == MAP_FAILED) {
		r = fault_set(fault, SE_SYSTEM, "indicators: cannot map the image: %s",
		    se_text(SE_SYSTEM));
		goto done;
	}
	i->image = image;
	i->image_bytes = (uint64_t)st.st_size;
	if ((r = check_image(i, fault)) < 0)
		goto done;
	*out = i;
	i = NULL;
done:
	indicators_unmap(i);
	return r;
}

void
indicators_unmap(struct indicators *i)
{
	if (i == NULL)
		return;
	if (i->image != NULL)
		munmap((void *)(uintptr_t)i->image, i->image_bytes);
	free(i);
}

uint32_t
indicators_count(const struct indicators *i)
{
	return i->entries;
}

uint32_t
indicators_count_type(const struct indicators *i, enum indicator_type t)
{
	return t < INDICATOR_TYPES ? i->by_type[t] : 0;
}

static int64_t
time_of(uint32_t sec)
{
	return sec == IMAGE_NO_TIME ? WHEN_UNKNOWN : (int64_t)sec * NS_PER_SEC;
}

static void
say_nothing(struct indicator *out)
{
	out->type = INDICATOR_ADDRESS;
	out->role = ROLE_C2;
	out->value = out->feed = out->malware = out->reference = "";
	out->line = 0;
	out->confidence = 0;
	out->first_seen_ns = out->last_seen_ns = out->valid_until_ns = WHEN_UNKNOWN;
}

void
indicators_get(const struct indicators *i, uint32_t n, struct indicator *out)
{
	const struct image_attributes *a;
	struct entry_reader r;
	uint32_t steps;

	say_nothing(out);
	if (n >= i->entries)
		return;
	open_entries(i, i->blocks[n / IMAGE_BLOCK], &r);
	for (steps = n % IMAGE_BLOCK + 1; steps > 0; steps--)
		if (!entry_next(&r))
			return;	/* cannot be: they were read before */
	a = &i->attributes[r.facts.attributes];
	out->type = a->type;
	out->role = a->role;
	out->confidence = a->confidence;
	out->value = packed_text(a->type, r.six, r.value, out->room);
	out->feed = i->texts + a->feed;
	out->malware = i->texts + a->malware;
	out->reference = i->texts + r.facts.reference;
	out->line = r.facts.line;
	out->first_seen_ns = time_of(r.facts.first_sec);
	out->last_seen_ns = time_of(r.facts.last_sec);
	out->valid_until_ns = time_of(r.facts.until_sec);
}
