#include "system/ring.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/pages.h"

enum { HEADER = 8, LEAST_BYTES = 65536, LINE = 64, FETCH_BYTES = 7 * LINE };

#define SKIP UINT32_MAX		/* in a length's place: the record begins at the ring's start */

/* In the shared mapping. `head` and `tail` count bytes since the beginning. */
struct shared {
	_Alignas(LINE) _Atomic uint64_t head;		/* written by the producer */
	_Atomic int64_t watermark;
	_Atomic uint64_t rewound, start;		/* from the one the next record is at the other, see rewind_empty() */
	_Atomic uint32_t ended;
	_Alignas(LINE) _Atomic uint64_t tail;		/* written by the consumer */
	_Atomic uint32_t room_bell;
	_Atomic uint32_t producer_waits;
	_Alignas(LINE) uint8_t bytes[];
};

struct ring {
	struct shared *s;
	uint64_t size;
	uint64_t reserved;		/* producer: head after the commit */
	size_t taken;			/* producer: so many of its bytes are there, or were asked for */
	uint64_t peeked;		/* consumer: tail after ring_done() */
	uint64_t next, known;		/* consumer: where the next record is; head when it last looked */
	struct bell *bell;
};

struct bell {
	_Atomic uint32_t count;
	_Atomic uint32_t sleepers;
};

static void *
share(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void
futex_wait(_Atomic uint32_t *word, uint32_t seen, int ms)
{
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000L };

	syscall(SYS_futex, word, FUTEX_WAIT, seen, &t, NULL, 0);
}

static void
futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

struct ring *
ring_new(size_t bytes)
{
	struct ring *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	for (r->size = LEAST_BYTES; r->size < bytes; r->size *= 2)
		continue;
	if ((r->s = share(sizeof *r->s + r->size)) == NULL) {
		free(r);
		return NULL;
	}
	ring_reset(r);
	return r;
}

void
ring_free(struct ring *r)
{
	if (r == NULL)
		return;
	munmap(r->s, sizeof *r->s + r->size);
	free(r);
}

void
ring_reset(struct ring *r)
{
	r->reserved = r->peeked = r->next = r->known = 0;
	atomic_store(&r->s->head, 0);
	atomic_store(&r->s->tail, 0);
	atomic_store(&r->s->rewound, 0);
	atomic_store(&r->s->start, 0);
	atomic_store(&r->s->watermark, INT64_MIN);
	atomic_store(&r->s->ended, 0);
	atomic_store(&r->s->producer_waits, 0);
}

/* ---- producer ---- */

static void
put_length(struct ring *r, uint64_t at, uint32_t len)
{
	*(uint32_t *)(void *)(r->s->bytes + at % r->size) = len;
}

/* Up to where records are taken: what the producer left out, the consumer steps over when it next looks. */
static uint64_t
tail_of(const struct ring *r)
{
	uint64_t tail = atomic_load_explicit(&r->s->tail, memory_order_acquire);

	return tail == atomic_load_explicit(&r->s->rewound, memory_order_relaxed) ?
	    atomic_load_explicit(&r->s->start, memory_order_relaxed) : tail;
}

/* An empty ring begins at its start again, which the caches of both sides still hold. */
static uint64_t
rewind_empty(struct ring *r, uint64_t head)
{
	uint64_t start = head + r->size - head % r->size;

	atomic_store_explicit(&r->s->rewound, head, memory_order_relaxed);
	atomic_store_explicit(&r->s->start, start, memory_order_relaxed);
	atomic_store_explicit(&r->s->head, start, memory_order_release);
	return start;
}

void *
ring_reserve(struct ring *r, uint32_t len)
{
	uint64_t head = atomic_load_explicit(&r->s->head, memory_order_relaxed);
	uint64_t tail = tail_of(r);
	uint64_t need = (HEADER + (uint64_t)len + 7) & ~UINT64_C(7);
	uint64_t at, skip = 0;

	if (need > r->size / 2)
		return NULL;
	if (head == tail && head % r->size != 0)
		head = tail = rewind_empty(r, head);
	at = head % r->size;
	if (at + need > r->size)
		skip = r->size - at;
	if (head - tail + skip + need > r->size)
		return NULL;
	if (skip > 0)
		put_length(r, head, SKIP);
	if ((head + skip) % r->size + need > r->taken)
		pages_take(r->s->bytes, r->size, &r->taken, (head + skip) % r->size + need);
	put_length(r, head + skip, len);
	r->reserved = head + skip + need;
	return r->s->bytes + (head + skip) % r->size + HEADER;
}

void
ring_commit(struct ring *r)
{
	atomic_store_explicit(&r->s->head, r->reserved, memory_order_release);
}

void
ring_set_watermark(struct ring *r, int64_t watermark)
{
	/* A producer that begins again after a death says less than its predecessor: that still holds. */
	if (watermark > atomic_load_explicit(&r->s->watermark, memory_order_relaxed))
		atomic_store_explicit(&r->s->watermark, watermark, memory_order_release);
}

void
ring_lower_watermark(struct ring *r, int64_t watermark)
{
	atomic_store_explicit(&r->s->watermark, watermark, memory_order_release);
}

void
ring_end(struct ring *r)
{
	atomic_store(&r->s->ended, 1);
	if (r->bell != NULL)
		bell_ring(r->bell);
}

bool
ring_has_ended(const struct ring *r)
{
	return atomic_load(&r->s->ended) != 0;
}

void
ring_wait_room(struct ring *r, int ms)
{
	uint32_t seen = atomic_load(&r->s->room_bell);
	uint64_t tail = tail_of(r);

	atomic_store(&r->s->producer_waits, 1);
	if (r->bell != NULL)
		bell_ring(r->bell);
	/* Half the ring is free: the consumer was faster than this call. */
	if (atomic_load(&r->s->head) - tail > r->size / 2)
		futex_wait(&r->s->room_bell, seen, ms);
	atomic_store(&r->s->producer_waits, 0);
}

/* ---- consumer ---- */

/* Where the next record is: the producer begins an empty ring at its start again. */
static uint64_t
next_of(const struct ring *r, uint64_t tail, uint64_t head)
{
	return tail != head && tail == atomic_load_explicit(&r->s->rewound, memory_order_relaxed) ?
	    atomic_load_explicit(&r->s->start, memory_order_relaxed) : tail;
}

/* The record that begins at *at, of the bytes before `head`; *at becomes the next one's place. */
static enum ring_state
record_at(struct ring *r, uint64_t *at, uint64_t head, const void **record, uint32_t *len)
{
	uint64_t place, need;

	if (*at == head)
		return RING_EMPTY;
	place = *at % r->size;
	if (head - *at > r->size || head % 8 != 0 || *at % 8 != 0)
		return RING_DAMAGED;
	*len = *(const uint32_t *)(const void *)(r->s->bytes + place);
	if (*len == SKIP) {
		*at += r->size - place;
		place = 0;
		if (*at >= head)
			return RING_DAMAGED;
		*len = *(const uint32_t *)(const void *)r->s->bytes;
	}
	need = (HEADER + (uint64_t)*len + 7) & ~UINT64_C(7);
	if (need > r->size - place || need > head - *at)
		return RING_DAMAGED;
	*record = r->s->bytes + place + HEADER;
	*at += need;
	return RING_RECORD;
}

const void *
ring_newest(struct ring *r, uint32_t *len)
{
	uint64_t head = atomic_load_explicit(&r->s->head, memory_order_acquire);
	uint64_t at = next_of(r, atomic_load_explicit(&r->s->tail, memory_order_acquire), head);
	const void *newest = NULL;

	while (record_at(r, &at, head, &newest, len) == RING_RECORD)
		continue;
	return at == head ? newest : NULL;
}

bool
ring_has_more(const struct ring *r)
{
	return r->known > r->next;
}

/* While one is worked on the next one comes from the producer's cache. Only what is written: else it would be taken from its writer. */
static void
fetch_next(const struct ring *r, uint64_t at)
{
	const uint8_t *next = r->s->bytes + at % r->size;
	unsigned i;

	if (r->known - at >= FETCH_BYTES && at % r->size + FETCH_BYTES <= r->size)
		for (i = 0; i < FETCH_BYTES; i += LINE)
			__builtin_prefetch(next + i);
}

enum ring_state
ring_peek(struct ring *r, const void **record, uint32_t *len)
{
	enum ring_state state;
	uint32_t ended = 0;
	uint64_t at;

	/* The producer writes there with each record: it is read when all that it told of is taken. */
	if (!ring_has_more(r)) {
		/* Read before `head`: then an empty ring with an end has nothing more to come. */
		ended = atomic_load(&r->s->ended);
		r->known = atomic_load_explicit(&r->s->head, memory_order_acquire);
		r->next = next_of(r, atomic_load_explicit(&r->s->tail, memory_order_relaxed), r->known);
	}
	at = r->next;
	state = record_at(r, &at, r->known, record, len);
	if (state == RING_EMPTY && ended)
		return RING_ENDED;
	if (state == RING_RECORD) {
		r->peeked = at;
		fetch_next(r, at);
	}
	return state;
}

void
ring_done(struct ring *r)
{
	r->next = r->peeked;
	atomic_store_explicit(&r->s->tail, r->peeked, memory_order_release);
	if (atomic_load_explicit(&r->s->producer_waits, memory_order_relaxed) &&
	    atomic_load_explicit(&r->s->head, memory_order_relaxed) - r->peeked <= r->size / 2) {
		atomic_fetch_add(&r->s->room_bell, 1);
		futex_wake(&r->s->room_bell);
	}
}

int64_t
ring_watermark(const struct ring *r)
{
	return atomic_load_explicit(&r->s->watermark, memory_order_acquire);
}

uint64_t
ring_used(const struct ring *r)
{
	return atomic_load(&r->s->head) - tail_of(r);
}

/* ---- bells ---- */

struct bell *
bell_new(void)
{
	return share(sizeof(struct bell));
}

void
bell_free(struct bell *b)
{
	if (b != NULL)
		munmap(b, sizeof *b);
}

void
ring_attach_bell(struct ring *r, struct bell *b)
{
	r->bell = b;
}

uint32_t
bell_count(const struct bell *b)
{
	return atomic_load(&b->count);
}

void
bell_ring(struct bell *b)
{
	atomic_fetch_add(&b->count, 1);
	if (atomic_load(&b->sleepers) > 0)
		futex_wake(&b->count);
}

void
bell_wait(struct bell *b, uint32_t seen, int ms)
{
	atomic_fetch_add(&b->sleepers, 1);
	futex_wait(&b->count, seen, ms);
	atomic_fetch_sub(&b->sleepers, 1);
}
