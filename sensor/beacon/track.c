#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "beacon/nth.h"
#include "beacon/private.h"

enum {
	ROTATION_PEERS_MIN = 3,
	ROTATION_SHARE_MAX = 60,	/* percent of the calls that one address may have */
	QUIET_ANSWER_BYTES = 64,	/* a packet of this size brings nothing */
	LOOKED_AT = 16,
	ALIKE_BYTES = 24,		/* sizes so close to the median are as large */
	ALIKE_WINDOWS = 64		/* of full windows the later ones count ever more */
};

static const double ALIKE = .05;	/* ... or within this part of it: a TLS handshake is in it, too */

/* How much older than the first told a contact may be: an hour, in whole units. */
#define EARLIEST_NS ((int64_t)429153 << MARK_SHIFT_NS)
#define ATTENDED_NS (3600 * NS_PER_SEC)
#define HOUR_NS (3600 * NS_PER_SEC)

/* ---- marks ---- */

uint32_t *
key_marks(struct key *k)
{
	return k->track != NULL ? k->track->marks : k->few;
}

int64_t
mark_ns(const struct key *k, uint32_t mark)
{
	return k->base_ns + ((int64_t)(mark >> 1) << MARK_SHIFT_NS);
}

/* The base moves up to the oldest mark; a key idle for 208 days begins anew. */
static bool
rebase(struct key *k, int64_t at_ns)
{
	uint32_t *marks = key_marks(k), by;
	unsigned i;

	if (k->used == 0) {
		k->base_ns = at_ns - EARLIEST_NS;
		return true;
	}
	by = marks[0] >> 1;
	for (i = 0; i < k->used; i++)
		marks[i] -= by << 1;
	k->base_ns += (int64_t)by << MARK_SHIFT_NS;
	if ((at_ns - k->base_ns) >> MARK_SHIFT_NS <= INT32_MAX)
		return true;
	k->used = 0;
	k->base_ns = at_ns - EARLIEST_NS;
	return true;
}

static bool
closer(const struct key *k, uint32_t mark, int64_t at_ns, int64_t than_ns)
{
	int64_t apart = mark_ns(k, mark) - at_ns;

	return (apart < 0 ? -apart : apart) < than_ns;
}

static void
insert(struct key *k, unsigned at, unsigned room, uint32_t mark)
{
	uint32_t *marks = key_marks(k);

	if (k->used == room) {
		at--;
		memmove(marks, marks + 1, at * sizeof *marks);
	} else {
		memmove(marks + at + 1, marks + at, (k->used - at) * sizeof *marks);
		k->used++;
	}
	marks[at] = mark;
}

bool
key_mark(struct key *k, int64_t at_ns, int64_t burst_ns)
{
	unsigned at = k->used, room = k->track != NULL ? MOST_MARKS : FEW_MARKS;
	uint32_t *marks = key_marks(k);

	if (k->used == 0 || (at_ns - k->base_ns) >> MARK_SHIFT_NS > INT32_MAX)
		rebase(k, at_ns);
	if (at_ns < k->base_ns)
		return false;
	at = k->used;
	while (at > 0 && mark_ns(k, marks[at - 1]) > at_ns)
		at--;
	if ((at > 0 && closer(k, marks[at - 1], at_ns, burst_ns)) ||
	    (at < k->used && closer(k, marks[at], at_ns, burst_ns)))
		return false;
	if (k->used == room && at == 0)
		return false;
	insert(k, at, room, (uint32_t)((at_ns - k->base_ns) >> MARK_SHIFT_NS) << 1);
	k->contacts++;
	return true;
}

void
key_loaded(struct key *k, int64_t at_ns)
{
	uint32_t *marks = key_marks(k);
	unsigned i = k->used;

	while (i > 0 && !closer(k, marks[i - 1], at_ns, NS_PER_SEC))
		if (mark_ns(k, marks[--i]) < at_ns)
			return;
	if (i == 0 || (marks[i - 1] & MARK_LOADED) != 0)
		return;
	marks[i - 1] |= MARK_LOADED;
	if (k->loads < UINT16_MAX)
		k->loads++;
	if (k->contacts == 1)
		k->flags |= KEY_FIRST_LOADED;
}

unsigned
key_gaps(const struct key *k, unsigned most, float *gaps)
{
	const uint32_t *marks = k->track != NULL ? k->track->marks : k->few;
	unsigned first = k->used > most + 1 ? k->used - most - 1 : 0, i, n = 0;
	const float unit = (float)(1 << MARK_SHIFT_NS) / 1e9f;

	for (i = first; i + 1 < k->used; i++)
		gaps[n++] = (float)((marks[i + 1] >> 1) - (marks[i] >> 1)) * unit;
	return n;
}

/* ---- the life of a track ---- */

void
track_end(struct beacon *b, struct key *k)
{
	struct track *t = k->track;
	struct key_ref *last;

	if (t == NULL)
		return;
	last = &b->tracked[--b->tracked_count];
	b->tracked[t->place] = *last;
	((struct key *)pool_at(&b->keys, last->key))->track->place = t->place;
	b->plotted_count -= t->times != NULL;
	free(t->times);
	free(t->peers);
	free(t);
	k->track = NULL;
	k->used = 0;
	b->counts.tracks = b->tracked_count;
}

/* The longest idle of the next few begins anew. */
static void
make_room(struct beacon *b)
{
	struct key *k, *idlest = NULL;
	unsigned i;

	for (i = 0; i < LOOKED_AT && i < b->tracked_count; i++) {
		k = pool_at(&b->keys, b->tracked[b->tracked_hand++ % b->tracked_count].key);
		if (idlest == NULL || k->node.touched < idlest->node.touched)
			idlest = k;
	}
	if (idlest == NULL)
		return;
	track_end(b, idlest);
	idlest->contacts = 0;
	b->counts.tracks_evicted++;
}

void
track_fetch(const struct key *k)
{
	const struct track *t = k->track;

	if (t == NULL)
		return;
	__builtin_prefetch(&t->host, 1);
	__builtin_prefetch(&t->last_ns, 1);
	__builtin_prefetch(&t->marks[k->used], 1);
	__builtin_prefetch(&t->found, 1);
	__builtin_prefetch(&t->flow_id, 1);
	__builtin_prefetch(&t->attended, 1);
}

bool
track_begin(struct beacon *b, uint32_t index, struct key *k, const struct contact *c)
{
	size_t len = c->service.left;
	struct track *t = calloc(1, sizeof *t + len + 1);

	if (t == NULL)
		return false;
	if (b->tracked_count >= b->tracked_most)
		make_room(b);
	memcpy(t->marks, k->few, sizeof k->few);
	t->service_set = set_id(SET_HOSTS_OF_SERVICE, c->service_id, 0);
	t->host_id = c->host_id;
	t->realm = c->o->key.realm;
	t->host = c->host;
	t->first_ns = t->last_ns = k->used > 0 ? mark_ns(k, k->few[0]) : c->at_ns;
	t->last_hour = INT64_MIN;
	t->app = c->o->app;
	if (len > 0)
		memcpy(t->service, c->service.at, len);
	t->place = b->tracked_count;
	b->tracked[b->tracked_count++].key = index;
	k->track = t;
	b->counts.tracks = b->tracked_count;
	return true;
}

/* ---- what is known of it ---- */

static void
note_peer(struct track *t, const struct addr *peer)
{
	struct peers *p = t->peers;
	uint32_t calls = 0;
	unsigned i;

	if (t->peers_count == 0)
		t->peers_count = 1;
	else if (p == NULL && !addr_equal(&t->peer, peer) && (p = calloc(1, sizeof *p)) != NULL) {
		t->peers = p;
		p->latest[0] = t->peer;
		p->calls[0] = 1;
	}
	t->peer = *peer;
	if (p == NULL)
		return;
	for (i = 0; i < t->peers_count && !addr_equal(&p->latest[i], peer); i++)
		;
	if (i < t->peers_count)
		calls = p->calls[i];
	else if (t->peers_count < BEACON_PEERS_MAX)
		t->peers_count++;
	else
		i--;
	memmove(p->latest + 1, p->latest, i * sizeof p->latest[0]);
	memmove(p->calls + 1, p->calls, i * sizeof p->calls[0]);
	p->latest[0] = *peer;
	p->calls[0] = calls + 1;
}

bool
track_rotates(const struct track *t)
{
	uint64_t all = 0, most = 0;
	unsigned i;

	if (t->peers == NULL || t->peers_count < ROTATION_PEERS_MIN)
		return false;
	for (i = 0; i < t->peers_count; i++) {
		all += t->peers->calls[i];
		if (t->peers->calls[i] > most)
			most = t->peers->calls[i];
	}
	return most * 100 <= all * ROTATION_SHARE_MAX;
}

/* Evenly thinned: when it is full, every other goes, and from then on only every other comes. */
static void
note_time(struct times *t, int64_t at_ns)
{
	unsigned i;

	if (t == NULL)
		return;
	if (t->until_next > 0) {
		t->until_next--;
		return;
	}
	if (t->used == TIMES_MAX) {
		for (i = 0; i < TIMES_MAX / 2; i++)
			t->at_ns[i] = t->at_ns[2 * i];
		t->used = TIMES_MAX / 2;
		t->stride *= 2;
	}
	t->at_ns[t->used++] = at_ns;
	t->until_next = t->stride - 1;
}

/* How many of the sizes are about as large as their median. */
static unsigned
alike(const uint32_t *size, unsigned n)
{
	const uint32_t sign = UINT32_C(1) << 31;
	uint32_t middle, part, off;
	int32_t ordered[SIZES];
	unsigned i, inside = 0;

	for (i = 0; i < SIZES; i++)
		ordered[i] = i < n ? (int32_t)(size[i] ^ sign) : INT32_MAX;
	middle = (uint32_t)nth_of(ordered, SIZES, n, n / 2) ^ sign;
	part = (uint32_t)(ALIKE * middle);
	if (part < ALIKE_BYTES)
		part = ALIKE_BYTES;
	for (i = 0; i < n; i++) {
		off = size[i] > middle ? size[i] - middle : middle - size[i];
		inside += off <= part;
	}
	return inside;
}

void
track_size(struct track *t, uint64_t sent, uint64_t answered)
{
	unsigned at = t->sizes++ % SIZES;
	int side;

	t->size[ORIGINATOR][at] = sent < UINT32_MAX ? (uint32_t)sent : UINT32_MAX;
	t->size[RESPONDER][at] = answered < UINT32_MAX ? (uint32_t)answered : UINT32_MAX;
	if (at != SIZES - 1)
		return;
	for (side = 0; side < 2; side++)
		t->alike[side] = (uint16_t)(t->alike[side] + alike(t->size[side], SIZES));
	if (++t->windows < ALIKE_WINDOWS)
		return;
	t->windows /= 2;
	t->alike[0] /= 2;
	t->alike[1] /= 2;
}

/*
 * The latest sizes alone are asked again at each call, and by chance will once be alike; so all full windows
 * before count as much as the latest sizes do.
 */
double
track_alike(const struct track *t, int side)
{
	unsigned n = t->sizes < SIZES ? t->sizes : SIZES;
	double now = (double)alike(t->size[side], n) / n;

	return t->windows == 0 ? now : ((double)t->alike[side] / SIZES + now) / (t->windows + 1.);
}

/* The exchange that ended with this contact or with the connection. */
static void
note_exchange(struct track *t, const struct observation *o)
{
	if (o->flow_bytes[0] >= t->flow_bytes[0] && o->flow_bytes[1] > t->flow_bytes[1])
		track_size(t, o->flow_bytes[0] - t->flow_bytes[0], o->flow_bytes[1] - t->flow_bytes[1]);
}

static void
note_certificate(const struct beacon *b, struct track *t, const struct observation *o)
{
	struct span sha1 = observation_text(o, TEXT_CERT_SHA1);

	t->self_signed |= (o->flags & OBSERVED_SELF_SIGNED) != 0;
	if (sha1.left > 0)
		t->known_cert = known_cert(b->known, sha1, &t->host, o->ts_ns);
}

/* What a connection speaks is known behind its start: that takes nothing back, what comes later does. */
static void
note_support(struct track *t, const struct observation *o, bool later)
{
	if (known_supports((enum app)o->app))
		t->support = o->app;
	else if (later)
		t->support = APP_UNKNOWN;
}

void
track_contact(const struct beacon *b, struct key *k, const struct contact *c)
{
	struct track *t = k->track;
	const struct observation *o = c->o;
	int64_t hour = c->at_ns / HOUR_NS;

	note_peer(t, &c->peer);
	t->port = c->port;
	t->protocol = o->key.protocol;
	t->claimed |= c->claimed;
	t->proxied |= c->proxied;
	t->internal = (o->home & 1u << RESPONDER) != 0;
	note_certificate(b, t, o);
	note_support(t, o, c->burst);
	if (c->at_ns > t->last_ns)
		t->last_ns = c->at_ns;
	if (c->at_ns < t->first_ns)
		t->first_ns = c->at_ns;
	t->hours += hour != t->last_hour;
	t->last_hour = hour;
	if (c->at_host != NULL && c->at_host->loads > 0) {
		if (c->at_ns - c->at_host->load_ns > ATTENDED_NS)
			t->unattended++;
		else
			t->attended++;
	}
	/* Others speak through a proxy's connection, too. */
	if (c->burst && o->flow_id == t->flow_id && !c->proxied)
		note_exchange(t, o);
	t->flow_id = o->flow_id;
	memcpy(t->flow_bytes, o->flow_bytes, sizeof t->flow_bytes);
	note_time(t->times, c->at_ns);
}

void
track_flow(const struct beacon *b, struct track *t, const struct observation *o)
{
	bool silent = o->flow_bytes[RESPONDER] <= o->packets[RESPONDER] * QUIET_ANSWER_BYTES;

	note_certificate(b, t, o);
	note_support(t, o, !silent);
	if (silent || (o->flags & OBSERVED_REFUSED) != 0)
		t->failed++;
	else
		t->answered++;
	if (silent || t->proxied)
		return;
	if (o->count <= 1)
		track_size(t, o->flow_bytes[ORIGINATOR], o->flow_bytes[RESPONDER]);
	else if (o->flow_id == t->flow_id)
		note_exchange(t, o);
}

void
track_name(struct track *t, struct span name, bool odd_type)
{
	uint32_t h = (uint32_t)hash_steady(name.at, name.left);
	size_t common = zone_common(span_text(t->service), name), len = strlen(t->service);
	unsigned i;

	for (i = 0; i < NAMES && i < t->names_new; i++)
		if (t->name[i] == h)
			break;
	if (i == NAMES || i == t->names_new)
		t->name[t->names_new++ % NAMES] = h;
	t->names++;
	t->types_odd += odd_type;
	memmove(t->service, t->service + (len - common), common + 1);
}
