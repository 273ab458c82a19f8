#include "flow/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/pages.h"
#include "base/when.h"
#include "flow/entry.h"

/* Buckets of few flows are few: each of a flow's own in a large table would cost a line of the cache, and a page. */
enum { BUCKET_BITS_FIRST = 12 };

/* So many flows fill two MiB: there may be many more. */
enum { MANY_ENTRIES = (2 << 20) / ENTRY_BYTES };

struct list {
	uint32_t oldest, newest;
};

struct flows {
	struct flow_limits limits;
	struct flow_counts counts;
	flow_end_fn *end;
	void *to;
	int64_t clock_ns;
	int64_t earliest_ns;		/* no deadline is before this one; it may be too early */
	int64_t timeout_ns[TIMERS];
	struct list lists[TIMERS];
	struct key_secret secret;
	uint32_t *buckets;		/* half as many as flows at least, until there are the most */
	uint32_t bucket_shift, bucket_shift_least;
	struct entry *entry;		/* [1..entries] */
	struct talk_pool talks;
	struct place_pool places;
	uint32_t entries;		/* ever used */
	uint32_t unused;		/* given back; linked by `chain` */
};

static struct entry *
entry_at(const struct flows *t, uint32_t index)
{
	return &t->entry[index];
}

static uint32_t *
bucket_of(const struct flows *t, uint32_t hash)
{
	return &t->buckets[(uint64_t)hash >> t->bucket_shift];
}

static int64_t
deadline_of(const struct flows *t, const struct entry *e)
{
	int64_t timeout = t->timeout_ns[e->flow.timer];

	return e->touched_ns > INT64_MAX - timeout ? INT64_MAX : e->touched_ns + timeout;
}

static void
list_remove(struct flows *t, struct entry *e)
{
	struct list *l = &t->lists[e->flow.timer];

	*(e->older == 0 ? &l->oldest : &entry_at(t, e->older)->newer) = e->newer;
	*(e->newer == 0 ? &l->newest : &entry_at(t, e->newer)->older) = e->older;
}

static void
list_append(struct flows *t, struct entry *e, uint32_t index)
{
	struct list *l = &t->lists[e->flow.timer];
	int64_t deadline;

	e->older = l->newest;
	e->newer = 0;
	*(l->newest == 0 ? &l->oldest : &entry_at(t, l->newest)->newer) = index;
	l->newest = index;
	e->touched_ns = t->clock_ns;
	deadline = deadline_of(t, e);
	if (deadline < t->earliest_ns)
		t->earliest_ns = deadline;
}

/* Back to those that are free. */
static void
entry_leave(struct flows *t, uint32_t index)
{
	struct entry *e = entry_at(t, index);

	e->flow.unused = true;
	e->chain = t->unused;
	t->unused = index;
}

static void
bucket_remove(struct flows *t, uint32_t index)
{
	struct entry *e = entry_at(t, index);
	uint32_t *link = bucket_of(t, e->hash);

	while (*link != index)
		link = &entry_at(t, *link)->chain;
	*link = e->chain;
}

/* It is in no list and in no bucket any more. */
static void
finish_entry(struct flows *t, uint32_t index, enum flow_end how, int64_t deadline_ns)
{
	struct entry *e = entry_at(t, index);

	t->counts.ended++;
	t->counts.active--;
	t->end(t->to, &e->flow, how, deadline_ns);
	talk_leave(&t->talks, e->flow.talk);
	place_leave(&t->places, e->flow.place);
	e->flow.talk = NULL;
	e->flow.place = NULL;
	entry_leave(t, index);
}

static void
end_now(struct flows *t, uint32_t index, enum flow_end how)
{
	list_remove(t, entry_at(t, index));
	bucket_remove(t, index);
	finish_entry(t, index, how, WHEN_UNKNOWN);
}

int64_t
flows_next_deadline(const struct flows *t)
{
	int64_t earliest = INT64_MAX, deadline;
	unsigned i;

	for (i = 0; i < TIMERS; i++) {
		if (t->lists[i].oldest == 0)
			continue;
		deadline = deadline_of(t, entry_at(t, t->lists[i].oldest));
		if (deadline < earliest)
			earliest = deadline;
	}
	return earliest;
}

int64_t
flows_quiet_until(const struct flows *t)
{
	return t->earliest_ns;
}

/* All flows with this one deadline, the earliest, leave their lists and come as a chain. */
static uint32_t
chain_due(struct flows *t, int64_t deadline)
{
	uint32_t chain = 0, index;
	struct entry *e;
	unsigned i;

	for (i = 0; i < TIMERS; i++) {
		while ((index = t->lists[i].oldest) != 0) {
			e = entry_at(t, index);
			if (deadline_of(t, e) != deadline)
				break;
			list_remove(t, e);
			e->newer = chain;
			chain = index;
		}
	}
	return chain;
}

static void
end_due(struct flows *t, int64_t deadline)
{
	uint32_t chain = chain_sort(t->entry, chain_due(t, deadline)), next;
	struct entry *e;

	for (; chain != 0; chain = next) {
		e = entry_at(t, chain);
		next = e->newer;
		bucket_remove(t, chain);
		finish_entry(t, chain, e->flow.timer == TIMER_TCP_CLOSED ? FLOW_END_CLOSED : FLOW_END_TIMEOUT,
		    deadline);
	}
}

static void
end_all_due(struct flows *t)
{
	while (t->earliest_ns <= t->clock_ns) {
		t->earliest_ns = flows_next_deadline(t);
		if (t->earliest_ns > t->clock_ns || t->earliest_ns == INT64_MAX)
			return;
		end_due(t, t->earliest_ns);
	}
}

void
flows_advance(struct flows *t, int64_t now_ns)
{
	if (now_ns > t->clock_ns)
		t->clock_ns = now_ns;
	if (t->earliest_ns <= t->clock_ns)
		end_all_due(t);
}

/* The lists are in the order of touched_ns, and stay so. */
void
flows_set_back(struct flows *t, int64_t now_ns)
{
	uint32_t index;
	unsigned i;

	if (now_ns >= t->clock_ns)
		return;
	t->clock_ns = now_ns;
	for (i = 0; i < TIMERS; i++)
		for (index = t->lists[i].newest; index != 0 && entry_at(t, index)->touched_ns > now_ns;
		    index = entry_at(t, index)->older)
			entry_at(t, index)->touched_ns = now_ns;
	t->earliest_ns = flows_next_deadline(t);
}

/* The heads of the lists are idle longest of their kind. */
static void
evict(struct flows *t)
{
	uint32_t victim = 0, index;
	unsigned i;

	for (i = 0; i < TIMERS; i++) {
		index = t->lists[i].oldest;
		if (index == 0)
			continue;
		if (victim == 0 || entry_at(t, index)->touched_ns < entry_at(t, victim)->touched_ns ||
		    (entry_at(t, index)->touched_ns == entry_at(t, victim)->touched_ns &&
		    began_before(t->entry, index, victim)))
			victim = index;
	}
	t->counts.evicted++;
	end_now(t, victim, FLOW_END_EVICTED);
}

static size_t
entries_bytes(const struct flows *t)
{
	return ((size_t)t->limits.max_flows + 1) * sizeof(struct entry);
}

static size_t
buckets_bytes(const struct flows *t)
{
	return sizeof *t->buckets << (32 - t->bucket_shift);
}

static void
bucket_add(struct flows *t, uint32_t index)
{
	struct entry *e = entry_at(t, index);
	uint32_t *bucket = bucket_of(t, e->hash);

	e->chain = *bucket;
	*bucket = index;
}

static bool
are_buckets_few(const struct flows *t)
{
	return t->bucket_shift > t->bucket_shift_least && t->counts.active >> (31 - t->bucket_shift) != 0;
}

/* Twice as many. Without memory chains get longer. */
static void
grow_buckets(struct flows *t)
{
	size_t before = buckets_bytes(t);
	uint32_t *fresh = pages_new(2 * before), index;

	if (fresh == NULL)
		return;
	pages_fill(fresh, 2 * before);
	pages_free(t->buckets, before);
	t->buckets = fresh;
	t->bucket_shift--;
	for (index = 1; index <= t->entries; index++)
		if (!entry_at(t, index)->flow.unused)
			bucket_add(t, index);
}

static uint32_t
entry_take(struct flows *t)
{
	uint32_t index;

	if (t->counts.active >= t->limits.max_flows)
		evict(t);
	if (t->unused == 0) {
		if (++t->entries == MANY_ENTRIES)
			pages_enlarge(t->entry, entries_bytes(t));
		return t->entries;
	}
	index = t->unused;
	t->unused = entry_at(t, index)->chain;
	return index;
}

static enum timer
timer_of(const struct flow *f)
{
	switch (f->protocol) {
	case PROTO_TCP:
		return f->state == FLOW_NEW ? TIMER_TCP_NEW :
		    f->state == FLOW_ESTABLISHED ? TIMER_TCP_ESTABLISHED : TIMER_TCP_CLOSED;
	case PROTO_UDP:
		return TIMER_UDP;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		return TIMER_ICMP;
	default:
		return TIMER_OTHER;
	}
}

static void
key_turn(struct flow_key *k)
{
	struct addr a = k->addr[0];
	uint16_t port = k->port[0];

	k->addr[0] = k->addr[1];
	k->addr[1] = a;
	k->port[0] = k->port[1];
	k->port[1] = port;
}

/* A free one, with the key's ends; 0 without memory. */
static uint32_t
entry_begin(struct flows *t, const struct flow_key *k)
{
	uint32_t index = entry_take(t);
	struct entry *e = entry_at(t, index);
	struct flow_place place;

	memset(e, 0, sizeof *e);
	if (flow_set_key(&e->flow, k, &place) || (e->flow.place = place_take(&t->places, &place)) != NULL)
		return index;
	entry_leave(t, index);
	return 0;
}

static uint32_t
begin(struct flows *t, const struct packet *p, const struct flow_look *look, int *side)
{
	struct flow_key k;
	uint32_t index;
	struct entry *e;

	key_from_packet(&k, p);
	*side = sender_asked(p, &k) ? ORIGINATOR : RESPONDER;
	if (*side == RESPONDER)
		key_turn(&k);
	if (are_buckets_few(t))
		grow_buckets(t);
	if ((index = entry_begin(t, &k)) == 0)
		return 0;
	e = entry_at(t, index);
	e->hash = look->hash;
	bucket_add(t, index);
	e->flow.first_ordinal = p->ordinal;
	e->flow.first_ns = e->flow.last_ns = p->ts_ns;
	e->flow.midway = p->protocol == PROTO_TCP && (p->flags & PACKET_FRAGMENT) == 0;	/* until a SYN comes */
	e->flow.timer = timer_of(&e->flow) & 7;
	list_append(t, e, index);
	t->counts.started++;
	if (++t->counts.active > t->counts.most_active)
		t->counts.most_active = t->counts.active;
	return index;
}

void
flows_look(const struct flows *t, const struct packet *p, struct flow_look *out)
{
	key_look(&t->secret, p, out);
	__builtin_prefetch(bucket_of(t, out->hash));
}

/* The first in the bucket: most have no second one. */
void
flows_look_on(const struct flows *t, const struct flow_look *look)
{
	uint32_t index = *bucket_of(t, look->hash);

	if (index == 0)
		return;
	__builtin_prefetch(entry_at(t, index), 1);
	__builtin_prefetch((const char *)entry_at(t, index) + ENTRY_BYTES / 2, 1);
}

static uint32_t
find(const struct flows *t, const struct flow_look *look, int *side)
{
	uint32_t index;
	struct entry *e;

	for (index = *bucket_of(t, look->hash); index != 0; index = e->chain) {
		e = entry_at(t, index);
		if (e->hash == look->hash && (*side = key_side(&e->flow, look)) >= 0)
			return index;
	}
	return 0;
}

/* To the end of the list of the timer that it now belongs to. */
static void
touch(struct flows *t, struct entry *e, uint32_t index)
{
	enum timer timer = timer_of(&e->flow);

	if (timer == e->flow.timer && e->newer == 0) {	/* it is there already */
		e->touched_ns = t->clock_ns;
		return;
	}
	list_remove(t, e);
	e->flow.timer = timer & 7;
	list_append(t, e, index);
}

/* The flow at `index`, or a new one, with a packet of `side` whose checksum is wrong. */
static bool
doubts(const struct flows *t, uint32_t index, int side)
{
	return t->limits.doubt_checksums &&
	    (index == 0 || (entry_at(t, index)->flow.known & KNOWN_RIGHT << side) == 0);
}

static void
note_checksum(struct flows *t, struct entry *e, const struct packet *p, int side, bool doubted)
{
	if ((p->flags & PACKET_RIGHT_CHECKSUM) != 0) {
		e->flow.known |= (uint8_t)(KNOWN_RIGHT << side);
	} else if (doubted) {
		e->flow.known |= (uint8_t)(KNOWN_DOUBTED << side);
		t->counts.doubted++;
	}
}

struct flow *
flows_packet(struct flows *t, struct packet *p, const struct flow_look *look, int *side, bool *is_new)
{
	struct entry *e;
	uint32_t index;
	bool doubted;

	flows_advance(t, p->ts_ns);
	index = find(t, look, side);
	doubted = (p->flags & PACKET_BAD_CHECKSUM) != 0 && doubts(t, index, *side);
	if (doubted)
		p->flags &= (uint8_t)~PACKET_BAD_CHECKSUM;
	if (index != 0 && is_good_tcp(p) && tcp_begins_anew(entry_at(t, index), p, *side)) {
		if (tcp_must_be_confirmed(entry_at(t, index), p, *side)) {
			p->flags |= PACKET_BAD_CHECKSUM;	/* it counts, and is not read */
		} else {
			t->counts.reused++;
			end_now(t, index, FLOW_END_REUSED);
			index = 0;
		}
	}
	*is_new = index == 0;
	if (index == 0)
		index = begin(t, p, look, side);
	if (index == 0)
		return NULL;
	e = entry_at(t, index);
	if (e->flow.talk == NULL && (p->payload_wire_bytes > 0 || (*is_new && p->tunnel != TUNNEL_NONE)) &&
	    (e->flow.talk = talk_take(&t->talks)) == NULL && p->payload_wire_bytes > 0)
		return NULL;
	if (p->tunnel != TUNNEL_NONE)
		entry_note_tunnel(e, p, *side);
	note_checksum(t, e, p, *side, doubted);
	entry_count(e, p, *side, &t->counts);
	touch(t, e, index);
	return &e->flow;
}

void
flows_finish(struct flows *t)
{
	uint32_t all = 0, index;
	struct entry *e;

	/* As they lie in memory: mostly in their order already, and sorting stays near. */
	for (index = t->entries; index > 0; index--) {
		e = entry_at(t, index);
		if (e->flow.unused)
			continue;
		e->newer = all;
		all = index;
	}
	memset(t->lists, 0, sizeof t->lists);
	pages_clear(t->buckets, buckets_bytes(t));	/* to take each out of its own would wait for memory each time */
	for (all = chain_sort(t->entry, all); all != 0; all = index) {
		index = entry_at(t, all)->newer;
		finish_entry(t, all, FLOW_END_INPUT, WHEN_UNKNOWN);
	}
	t->earliest_ns = INT64_MAX;
}

const struct flow_counts *
flows_counts(const struct flows *t)
{
	return &t->counts;
}

/* The buckets are a power of two, at most twice the flows, and half of that again while they grow. */
size_t
flows_flow_bytes(void)
{
	return sizeof(struct entry) + 3 * sizeof(uint32_t) + place_bytes() + sizeof(struct flow_talk) +
	    heap_bytes(sizeof(struct flow_tunnel));
}

static void
set_timeouts(struct flows *t)
{
	const struct flow_limits *l = &t->limits;

	t->timeout_ns[TIMER_TCP_NEW] = l->tcp_new_sec * NS_PER_SEC;
	t->timeout_ns[TIMER_TCP_ESTABLISHED] = l->tcp_established_sec * NS_PER_SEC;
	t->timeout_ns[TIMER_TCP_CLOSED] = l->tcp_closed_sec * NS_PER_SEC;
	t->timeout_ns[TIMER_UDP] = l->udp_sec * NS_PER_SEC;
	t->timeout_ns[TIMER_ICMP] = l->icmp_sec * NS_PER_SEC;
	t->timeout_ns[TIMER_OTHER] = l->other_sec * NS_PER_SEC;
}

struct flows *
flows_new(const struct flow_limits *limits, flow_end_fn *end, void *to)
{
	struct flows *t = calloc(1, sizeof *t);
	uint32_t bits = 0;

	if (t == NULL)
		return NULL;
	t->limits = *limits;
	if (t->limits.max_flows == 0)
		t->limits.max_flows = 1;
	t->end = end;
	t->to = to;
	t->clock_ns = INT64_MIN;
	t->earliest_ns = INT64_MAX;
	set_timeouts(t);
	key_secret_init(&t->secret);
	while (bits < 31 && 1U << bits < t->limits.max_flows)
		bits++;
	t->bucket_shift_least = 32 - bits;
	t->bucket_shift = 32 - (bits < BUCKET_BITS_FIRST ? bits : BUCKET_BITS_FIRST);
	t->buckets = pages_new(buckets_bytes(t));
	t->entry = pages_new(entries_bytes(t));
	if (t->buckets != NULL && t->entry != NULL && place_pool_init(&t->places, t->limits.max_flows))
		return t;
	flows_free(t);
	return NULL;
}

void
flows_free(struct flows *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 1; i <= t->entries; i++)
		if (!entry_at(t, (uint32_t)i)->flow.unused)
			talk_leave(&t->talks, entry_at(t, (uint32_t)i)->flow.talk);
	talk_pool_clear(&t->talks);
	place_pool_clear(&t->places);
	pages_free(t->entry, entries_bytes(t));
	pages_free(t->buckets, buckets_bytes(t));
	free(t);
}
