#include "decode/fragments.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/when.h"

enum {
	BLOCK_BYTES = 8,		/* offsets count in these */
	PAGE_BYTES = 2048, PAGE_BLOCKS = PAGE_BYTES / BLOCK_BYTES,
	DATAGRAM_BYTES = 65536, DATAGRAM_PAGES = DATAGRAM_BYTES / PAGE_BYTES,
	PIECES_MAX = 16384		/* twice what one-block pieces need */
};

struct page {
	uint64_t held[PAGE_BLOCKS / 64];	/* bit b: block b is there */
	uint64_t starts[PAGE_BLOCKS / 64];	/* bit b: a piece began with block b */
	uint8_t bytes[PAGE_BYTES];
};

/* Indexes count from 1; 0 is none. */
struct datagram {
	struct fragment_key key;
	uint32_t chain, older, newer;
	int64_t deadline_ns;
	uint32_t end_bytes;		/* furthest seen */
	uint32_t total_bytes;		/* 0: the last piece is missing */
	uint32_t held_blocks;
	uint32_t frames, ip_bytes;
	uint8_t protocol;		/* of the first piece */
	bool refused;			/* holds no page any more */
	uint32_t page[DATAGRAM_PAGES];
};

struct fragments {
	struct decode_counts *counts;
	int64_t timeout_ns, clock_ns;
	struct datagram *datagrams;
	uint32_t datagrams_most, datagrams_used;
	struct page *pages;
	uint32_t pages_most, pages_used;
	uint32_t *buckets, bucket_mask;
	uint32_t free_datagram, *free_pages, free_pages_count;
	uint32_t oldest, newest;
	uint8_t whole[DATAGRAM_BYTES];
};

static struct datagram *
datagram_at(struct fragments *f, uint32_t index)
{
	return &f->datagrams[index - 1];
}

static struct page *
page_at(struct fragments *f, const struct datagram *g, uint32_t block)
{
	uint32_t index = g->page[block / PAGE_BLOCKS];

	return index == 0 ? NULL : &f->pages[index - 1];
}

static bool
bit(const uint64_t *bits, uint32_t block)
{
	return bits[block % PAGE_BLOCKS / 64] >> (block % 64) & 1;
}

static void
bit_set(uint64_t *bits, uint32_t block)
{
	bits[block % PAGE_BLOCKS / 64] |= 1ULL << (block % 64);
}

static bool
held(struct fragments *f, const struct datagram *g, uint32_t block)
{
	const struct page *page = page_at(f, g, block);

	return page != NULL && bit(page->held, block);
}

static bool
starts(struct fragments *f, const struct datagram *g, uint32_t block)
{
	const struct page *page = page_at(f, g, block);

	return page != NULL && bit(page->starts, block);
}

static void
pages_give_back(struct fragments *f, struct datagram *g)
{
	size_t i;

	for (i = 0; i < DATAGRAM_PAGES; i++) {
		if (g->page[i] != 0)
			f->free_pages[f->free_pages_count++] = g->page[i];
		g->page[i] = 0;
	}
}

static uint32_t *
bucket_of(struct fragments *f, const struct fragment_key *key)
{
	return &f->buckets[hash_table(key, sizeof *key) & f->bucket_mask];
}

static void
datagram_remove(struct fragments *f, uint32_t index)
{
	struct datagram *g = datagram_at(f, index);
	uint32_t *link = bucket_of(f, &g->key);

	while (*link != index)
		link = &datagram_at(f, *link)->chain;
	*link = g->chain;
	*(g->older == 0 ? &f->oldest : &datagram_at(f, g->older)->newer) = g->newer;
	*(g->newer == 0 ? &f->newest : &datagram_at(f, g->newer)->older) = g->older;
	pages_give_back(f, g);
	g->chain = f->free_datagram;
	f->free_datagram = index;
}

static void
oldest_gives_way(struct fragments *f)
{
	if (!datagram_at(f, f->oldest)->refused)
		f->counts->fragments_evicted++;
	datagram_remove(f, f->oldest);
}

static void
expire(struct fragments *f, int64_t now_ns)
{
	if (now_ns > f->clock_ns)
		f->clock_ns = now_ns;
	while (f->oldest != 0 && datagram_at(f, f->oldest)->deadline_ns <= f->clock_ns) {
		if (!datagram_at(f, f->oldest)->refused)
			f->counts->fragments_timed_out++;
		datagram_remove(f, f->oldest);
	}
}

static uint32_t
datagram_find(struct fragments *f, const struct fragment_key *key)
{
	uint32_t index = *bucket_of(f, key);

	while (index != 0 && memcmp(&datagram_at(f, index)->key, key, sizeof *key) != 0)
		index = datagram_at(f, index)->chain;
	return index;
}

static int64_t
deadline_from(int64_t now_ns, int64_t timeout_ns)
{
	return now_ns > INT64_MAX - timeout_ns ? INT64_MAX : now_ns + timeout_ns;
}

void
fragments_set_back(struct fragments *f, int64_t now_ns)
{
	int64_t latest_ns = deadline_from(now_ns, f->timeout_ns);
	uint32_t index;

	if (now_ns >= f->clock_ns)
		return;
	f->clock_ns = now_ns;
	for (index = f->newest; index != 0 && datagram_at(f, index)->deadline_ns > latest_ns;
	    index = datagram_at(f, index)->older)
		datagram_at(f, index)->deadline_ns = latest_ns;
}

static uint32_t
datagram_begin(struct fragments *f, const struct fragment_key *key)
{
	struct datagram *g;
	uint32_t index, *bucket;

	if (f->free_datagram == 0 && f->datagrams_used == f->datagrams_most)
		oldest_gives_way(f);
	index = f->free_datagram;
	if (index != 0)
		f->free_datagram = datagram_at(f, index)->chain;
	else
		index = ++f->datagrams_used;
	g = datagram_at(f, index);
	memset(g, 0, sizeof *g);
	g->key = *key;
	g->deadline_ns = deadline_from(f->clock_ns, f->timeout_ns);
	bucket = bucket_of(f, key);
	g->chain = *bucket;
	*bucket = index;
	g->older = f->newest;
	*(f->newest == 0 ? &f->oldest : &datagram_at(f, f->newest)->newer) = index;
	f->newest = index;
	return index;
}

/* False: to make room the datagram itself, the oldest there was, had to go. */
static bool
pages_take(struct fragments *f, uint32_t index, uint32_t first, uint32_t last)
{
	struct datagram *g = datagram_at(f, index);
	struct page *page;
	uint32_t i, took;

	for (i = first / PAGE_BLOCKS; i <= last / PAGE_BLOCKS; i++) {
		if (g->page[i] != 0)
			continue;
		while (f->free_pages_count == 0 && f->pages_used == f->pages_most) {
			took = f->oldest;
			oldest_gives_way(f);
			if (took == index)
				return false;
		}
		g->page[i] = f->free_pages_count > 0 ? f->free_pages[--f->free_pages_count] : ++f->pages_used;
		page = &f->pages[g->page[i] - 1];
		memset(page->held, 0, sizeof page->held);
		memset(page->starts, 0, sizeof page->starts);
	}
	return true;
}

/* How many of the blocks first..last are there already. */
static uint32_t
overlap(struct fragments *f, const struct datagram *g, uint32_t first, uint32_t last)
{
	uint32_t block, count = 0;

	for (block = first; block <= last; block++)
		count += held(f, g, block);
	return count;
}

static bool
same_bytes(struct fragments *f, const struct datagram *g, const struct fragment_piece *piece)
{
	size_t done, place, len;

	for (done = 0; done < piece->bytes.left; done += len) {
		place = (piece->offset + done) % PAGE_BYTES;
		len = PAGE_BYTES - place;
		if (len > piece->bytes.left - done)
			len = piece->bytes.left - done;
		if (memcmp(page_at(f, g, (uint32_t)(piece->offset + done) / BLOCK_BYTES)->bytes + place,
		    piece->bytes.at + done, len) != 0)
			return false;
	}
	return true;
}

/* All blocks first..last are there: did one piece bring them, and was it this one? */
static bool
repeats(struct fragments *f, const struct datagram *g, const struct fragment_piece *piece,
    uint32_t first, uint32_t last)
{
	uint32_t block;

	if (!starts(f, g, first))
		return false;
	for (block = first + 1; block <= last; block++)
		if (starts(f, g, block))
			return false;
	if (last + 1 < DATAGRAM_BYTES / BLOCK_BYTES && held(f, g, last + 1) && !starts(f, g, last + 1))
		return false;
	return same_bytes(f, g, piece);
}

static void
store(struct fragments *f, struct datagram *g, const struct fragment_piece *piece,
    uint32_t first, uint32_t last)
{
	size_t done, place, len;
	uint32_t block;

	for (done = 0; done < piece->bytes.left; done += len) {
		place = (piece->offset + done) % PAGE_BYTES;
		len = PAGE_BYTES - place;
		if (len > piece->bytes.left - done)
			len = piece->bytes.left - done;
		memcpy(page_at(f, g, (uint32_t)(piece->offset + done) / BLOCK_BYTES)->bytes + place,
		    piece->bytes.at + done, len);
	}
	for (block = first; block <= last; block++)
		bit_set(page_at(f, g, block)->held, block);
	bit_set(page_at(f, g, first)->starts, first);
	g->held_blocks += last - first + 1;
	if (first == 0)
		g->protocol = piece->protocol;
}

/* Where the piece ends must agree with what earlier ones said about the end of the datagram. */
static bool
ends_fit(struct datagram *g, const struct fragment_piece *piece, uint32_t end)
{
	if (piece->more)
		return g->total_bytes == 0 || end < g->total_bytes;
	return g->total_bytes == 0 ? end >= g->end_bytes : end == g->total_bytes;
}

static enum decode_result
refuse(struct fragments *f, struct datagram *g)
{
	f->counts->fragments_refused++;
	g->refused = true;
	pages_give_back(f, g);
	return DECODE_NOTHING;
}

static uint32_t
add_bounded(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static void
count_piece(struct datagram *g, const struct packet *p)
{
	g->frames = add_bounded(g->frames, p->frames);
	g->ip_bytes = add_bounded(g->ip_bytes, p->ip_bytes);
}

static enum decode_result
finish(struct fragments *f, uint32_t index, struct packet *p, struct span *whole, uint8_t *protocol)
{
	struct datagram *g = datagram_at(f, index);
	uint32_t done, len;

	for (done = 0; done < g->total_bytes; done += len) {
		len = g->total_bytes - done < PAGE_BYTES ? g->total_bytes - done : PAGE_BYTES;
		memcpy(f->whole + done, page_at(f, g, done / BLOCK_BYTES)->bytes, len);
	}
	*whole = span_of(f->whole, g->total_bytes);
	*protocol = g->protocol;
	p->frames = g->frames;
	p->ip_bytes = g->ip_bytes;
	p->flags |= PACKET_DEFRAGMENTED;
	f->counts->defragmented++;
	datagram_remove(f, index);
	return DECODE_PACKET;
}

enum decode_result
fragments_add(struct fragments *f, const struct fragment_piece *piece, struct packet *p,
    struct span *whole, uint8_t *protocol)
{
	uint32_t end = piece->offset + (uint32_t)piece->bytes.left;
	uint32_t first = piece->offset / BLOCK_BYTES, last = (end - 1) / BLOCK_BYTES, index, there;
	struct datagram *g;

	expire(f, p->ts_ns);
	index = datagram_find(f, &piece->key);
	if (index == 0)
		index = datagram_begin(f, &piece->key);
	g = datagram_at(f, index);
	if (g->refused)
		return DECODE_NOTHING;
	if (!ends_fit(g, piece, end) || g->frames >= PIECES_MAX)
		return refuse(f, g);
	there = overlap(f, g, first, last);
	if (there > 0 && (there <= last - first || !repeats(f, g, piece, first, last)))
		return refuse(f, g);
	count_piece(g, p);
	if (there > 0)
		return DECODE_HELD;
	if (!pages_take(f, index, first, last))
		return DECODE_NOTHING;
	store(f, g, piece, first, last);
	if (end > g->end_bytes)
		g->end_bytes = end;
	if (!piece->more)
		g->total_bytes = end;
	if (g->total_bytes != 0 && g->held_blocks == (g->total_bytes + BLOCK_BYTES - 1) / BLOCK_BYTES)
		return finish(f, index, p, whole, protocol);
	return DECODE_HELD;
}

size_t
fragments_datagram_bytes(void)
{
	return sizeof(struct datagram) + 2 * sizeof(uint32_t);
}

uint32_t
fragments_pages(const struct decode_limits *limits)
{
	uint32_t pages = limits->fragment_bytes / PAGE_BYTES;

	return pages > DATAGRAM_PAGES ? pages : DATAGRAM_PAGES;
}

size_t
fragments_page_bytes(void)
{
	return sizeof(struct page) + sizeof(uint32_t);
}

/* calloc() of large pieces costs nothing until they are written. */
struct fragments *
fragments_new(const struct decode_limits *limits, struct decode_counts *counts)
{
	struct fragments *f = calloc(1, sizeof *f);
	uint32_t buckets = 1;

	if (f == NULL)
		return NULL;
	f->counts = counts;
	f->timeout_ns = limits->fragment_timeout_sec * NS_PER_SEC;
	f->clock_ns = INT64_MIN;
	f->datagrams_most = limits->fragment_datagrams > 0 ? limits->fragment_datagrams : 1;
	f->pages_most = fragments_pages(limits);
	while (buckets < f->datagrams_most && buckets < 1U << 31)
		buckets *= 2;
	f->bucket_mask = buckets - 1;
	f->buckets = calloc(buckets, sizeof *f->buckets);
	f->datagrams = calloc(f->datagrams_most, sizeof *f->datagrams);
	f->pages = calloc(f->pages_most, sizeof *f->pages);
	f->free_pages = calloc(f->pages_most, sizeof *f->free_pages);
	if (f->buckets != NULL && f->datagrams != NULL && f->pages != NULL && f->free_pages != NULL)
		return f;
	fragments_free(f);
	return NULL;
}

void
fragments_free(struct fragments *f)
{
	if (f == NULL)
		return;
	free(f->buckets);
	free(f->datagrams);
	free(f->pages);
	free(f->free_pages);
	free(f);
}
