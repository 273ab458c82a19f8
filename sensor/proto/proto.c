#include "proto/proto.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dns/dns.h"
#include "proto/http/http.h"
#include "proto/tls/tls.h"

/* Asked in this order. A protocol is added by its row, nothing else. */
static const struct proto_row *const rows[] = {
	&http_row,
	&tls_row,
	&dns_row,
};

/* Datagrams: true when it was this protocol's. */
typedef bool datagram_fn(struct proto *p, const struct flow *f, int from, const struct packet *packet);

static datagram_fn *const datagram_rows[] = {
	dns_datagram,
};

enum {
	DATAGRAM_ROWS = sizeof datagram_rows / sizeof datagram_rows[0],
	ROWS = sizeof rows / sizeof rows[0],
	/* How often a side whose bytes may begin in the middle of something is asked again. */
	SIDE_TRIES = 64,
	/* A flow that is still unknown after so many pieces stays so: nearly always a bulk transfer. */
	UNKNOWN_PIECES = 1024
};

struct proto {
	struct proto_limits limits;
	struct proto_counts counts;
	message_fn *emit;
	void *to;
	uint64_t emitted;
	void *shared[ROWS];
	struct dialogue *idlest, *busiest;	/* of those that still parse */
};

/* One side before its protocol is known. */
struct opening {
	uint8_t *held;		/* DIALOGUE_HELD_BYTES, made when needed */
	uint16_t held_bytes;
	uint16_t tries;
	bool lost;		/* a gap came before recognition */
	bool refused;		/* asked often enough */
	uint64_t held_offset;
};

struct dialogue {
	struct proto *p;
	const struct proto_row *row;	/* NULL: not recognised yet */
	void *reader;
	enum app app;			/* of a row that emitted something */
	bool done, tunnel;
	uint32_t unknown_pieces;
	struct dialogue *idler, *busier;
	struct opening opening[2];
};

struct proto *
proto_new(const struct proto_limits *limits, message_fn *emit, void *to)
{
	struct proto *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->limits = *limits;
	p->emit = emit;
	p->to = to;
	return p;
}

void
proto_free(struct proto *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < ROWS; i++)
		if (p->shared[i] != NULL)
			rows[i]->unshare(p->shared[i]);
	free(p);
}

void *
proto_shared(struct proto *p, const struct proto_row *row)
{
	size_t i;

	for (i = 0; rows[i] != row; i++)
		assert(i + 1 < ROWS);
	if (p->shared[i] == NULL)
		p->shared[i] = row->share();
	return p->shared[i];
}

const struct proto_row *
proto_row_of(enum app app)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (rows[i]->app == app)
			return rows[i];
	return NULL;
}

const struct proto_counts *
proto_counts(const struct proto *p)
{
	return &p->counts;
}

const struct proto_limits *
proto_limits(const struct proto *p)
{
	return &p->limits;
}

struct proto_counts *
proto_counters(struct proto *p)
{
	return &p->counts;
}

uint64_t *
proto_held(struct proto *p)
{
	return &p->counts.held_bytes;
}

void
proto_emit(struct proto *p, const struct message *m)
{
	p->emitted++;
	p->emit(p->to, m);
}

static void
idle_remove(struct dialogue *d)
{
	*(d->idler != NULL ? &d->idler->busier : &d->p->idlest) = d->busier;
	*(d->busier != NULL ? &d->busier->idler : &d->p->busiest) = d->idler;
}

static void
idle_append(struct dialogue *d)
{
	struct proto *p = d->p;

	d->idler = p->busiest;
	d->busier = NULL;
	*(p->busiest != NULL ? &p->busiest->busier : &p->idlest) = d;
	p->busiest = d;
}

struct dialogue *
dialogue_new(struct proto *p)
{
	struct dialogue *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->p = p;
	idle_append(d);
	p->counts.held_bytes += DIALOGUE_COST;
	return d;
}

static void
opening_free(struct dialogue *d, struct opening *o)
{
	if (o->held != NULL)
		d->p->counts.held_bytes -= DIALOGUE_HELD_BYTES;
	free(o->held);
}

static void
forget_openings(struct dialogue *d)
{
	int side;

	for (side = 0; side < 2; side++) {
		opening_free(d, &d->opening[side]);
		memset(&d->opening[side], 0, sizeof d->opening[side]);
	}
}

static void
close_reader(struct dialogue *d)
{
	if (d->reader != NULL)
		d->row->close(d->reader);
	d->reader = NULL;
	d->row = NULL;
}

static bool
finish(struct dialogue *d)
{
	if (d->done)
		return false;
	close_reader(d);
	forget_openings(d);
	idle_remove(d);
	d->p->counts.held_bytes -= DIALOGUE_COST;
	d->done = true;
	return false;
}

void
dialogue_free(struct dialogue *d)
{
	if (d == NULL)
		return;
	finish(d);
	free(d);
}

/* None of our protocols. Inside a tunnel that is no news: the flow itself was known. */
static bool
finish_unknown(struct dialogue *d)
{
	if (!d->tunnel)
		d->p->counts.unknown++;
	return finish(d);
}

static bool recognise(struct dialogue *d, const struct stream_piece *piece);

/* The reader has enough of the flow. Only one tunnel deep: a tunnel in a tunnel is not looked into. */
static bool
reader_done(struct dialogue *d, const struct stream_piece *piece)
{
	struct stream_piece rest = *piece;
	size_t rest_bytes = 0;

	if (d->tunnel || d->row->tunnel == NULL || !d->row->tunnel(d->reader, &rest_bytes))
		return finish(d);
	close_reader(d);
	forget_openings(d);
	d->tunnel = true;
	d->unknown_pieces = 0;
	if (piece->gap || rest_bytes == 0 || rest_bytes > piece->len)
		return true;
	rest.bytes += piece->len - rest_bytes;
	rest.offset += piece->len - rest_bytes;
	rest.len = rest_bytes;
	return recognise(d, &rest);
}

static bool
deliver(struct dialogue *d, const struct stream_piece *piece)
{
	uint64_t before = d->p->emitted;
	bool more = d->row->piece(d->reader, piece);

	if (d->p->emitted != before && !d->tunnel)
		d->app = d->row->app;
	return more ? true : reader_done(d, piece);
}

static bool
take(struct dialogue *d, const struct stream_piece *piece)
{
	if (d->done)
		return false;
	return d->row != NULL ? deliver(d, piece) : recognise(d, piece);
}

static void
replay_held(struct dialogue *d, const struct opening *o, const struct stream_piece *like, int from)
{
	struct stream_piece held = *like;

	if (o->held_bytes == 0)
		return;
	held.from = from;
	held.gap = false;
	held.offset = o->held_offset;
	held.bytes = o->held;
	held.len = o->held_bytes;
	take(d, &held);
}

/*
 * `piece` decided it: hand over what was held, the asker's bytes first.
 * `taken` of the piece's bytes are among the held ones.
 */
static bool
start_reader(struct dialogue *d, const struct proto_row *row, const struct stream_piece *piece,
    size_t taken)
{
	struct opening was[2] = { d->opening[0], d->opening[1] };
	struct stream_piece rest = *piece;
	int side;

	if ((d->reader = row->open(d->p)) == NULL)
		return finish(d);
	d->row = row;
	memset(d->opening, 0, sizeof d->opening);
	rest.bytes += taken;
	rest.offset += taken;
	rest.len -= taken;
	for (side = 0; side < 2; side++) {
		replay_held(d, &was[side], piece, side);
		if (side == piece->from && rest.len > 0)
			take(d, &rest);
	}
	opening_free(d, &was[0]);
	opening_free(d, &was[1]);
	return !d->done;
}

static const struct proto_row *
ask_rows(struct span first, int from, bool *more)
{
	size_t i;

	*more = false;
	for (i = 0; i < ROWS; i++) {
		switch (rows[i]->guess(first, from)) {
		case GUESS_YES: return rows[i];
		case GUESS_MORE: *more = true; break;
		case GUESS_NO: break;
		}
	}
	return NULL;
}

/* Add the piece's bytes to the held ones, as many as find room. */
static size_t
hold(struct dialogue *d, struct opening *o, const struct stream_piece *piece)
{
	size_t room = (size_t)(DIALOGUE_HELD_BYTES - o->held_bytes);
	size_t len = piece->len < room ? (size_t)piece->len : room;

	if (o->held == NULL) {
		if ((o->held = malloc(DIALOGUE_HELD_BYTES)) == NULL)
			return 0;
		d->p->counts.held_bytes += DIALOGUE_HELD_BYTES;
	}
	if (o->held_bytes == 0)
		o->held_offset = piece->offset;
	memcpy(o->held + o->held_bytes, piece->bytes, len);
	o->held_bytes = (uint16_t)(o->held_bytes + len);
	return len;
}

/* Did this side's stream, as far as it goes, begin where we began to read? */
static bool
is_exact(const struct dialogue *d, const struct stream_piece *piece)
{
	return !d->opening[piece->from].lost && (d->tunnel || !piece->flow->midway);
}

/* Nobody knows these bytes. Is there hope that later ones are better? */
static bool
refuse(struct dialogue *d, const struct stream_piece *piece)
{
	struct opening *o = &d->opening[piece->from];

	o->held_bytes = 0;
	if (is_exact(d, piece))
		return finish_unknown(d);
	if (++o->tries >= SIDE_TRIES)
		o->refused = true;
	if (d->opening[0].refused && d->opening[1].refused)
		return finish_unknown(d);
	return true;
}

/* What was held may be the end of something else: then this piece alone decides. */
static const struct proto_row *
ask_piece(struct dialogue *d, const struct stream_piece *piece, bool *more, size_t *taken)
{
	struct opening *o = &d->opening[piece->from];
	const struct proto_row *row;

	*taken = 0;
	if (o->held_bytes == 0 || !is_exact(d, piece)) {
		row = ask_rows(span_of(piece->bytes, (size_t)piece->len), piece->from, more);
		if (o->held_bytes == 0)
			return row;
		if (row != NULL) {
			o->held_bytes = 0;
			return row;
		}
	}
	*taken = hold(d, o, piece);
	return ask_rows(span_of(o->held, o->held_bytes), piece->from, more);
}

static bool
recognise(struct dialogue *d, const struct stream_piece *piece)
{
	struct opening *o = &d->opening[piece->from];
	const struct proto_row *row;
	size_t taken;
	bool more;

	if (piece->gap) {
		o->held_bytes = 0;
		o->lost = true;
		return true;
	}
	if (++d->unknown_pieces > UNKNOWN_PIECES)
		return finish_unknown(d);
	if (o->refused || piece->len == 0)
		return true;
	row = ask_piece(d, piece, &more, &taken);
	if (row != NULL)
		return start_reader(d, row, piece, taken);
	if (!more || o->held_bytes == DIALOGUE_HELD_BYTES || piece->len > DIALOGUE_HELD_BYTES)
		return refuse(d, piece);
	if (o->held_bytes == 0 && hold(d, o, piece) == 0)
		return finish(d);
	return true;
}

/* The others give way first: this one has just spoken. */
static void
make_room(struct proto *p, const struct dialogue *speaks)
{
	while (p->limits.total_bytes > 0 && p->counts.held_bytes > p->limits.total_bytes &&
	    p->idlest != speaks) {
		p->counts.pushed_out++;
		finish(p->idlest);
	}
}

bool
dialogue_piece(struct dialogue *d, const struct stream_piece *piece)
{
	if (d->done)
		return false;
	if (d->busier != NULL) {
		idle_remove(d);
		idle_append(d);
	}
	if (!take(d, piece))
		return false;
	make_room(d->p, d);
	return true;
}

bool
dialogue_wants(const struct dialogue *d)
{
	return !d->done;
}

void
dialogue_end(struct dialogue *d, const struct flow *f, int64_t ts_ns)
{
	uint64_t before = d->p->emitted;

	if (d->done)
		return;
	if (d->row == NULL) {
		if (d->unknown_pieces > 0)
			finish_unknown(d);
		return;
	}
	if (d->row->end != NULL)
		d->row->end(d->reader, f, ts_ns);
	if (d->p->emitted != before && !d->tunnel)
		d->app = d->row->app;
	finish(d);
}

enum app
dialogue_app(const struct dialogue *d)
{
	if (d->app != APP_UNKNOWN || d->row == NULL)
		return d->app;
	return d->row->app;
}

void
proto_datagram(struct proto *p, const struct flow *f, int from, const struct packet *packet)
{
	size_t i;

	if (packet->protocol != PROTO_UDP ||
	    (packet->flags & (PACKET_BAD_CHECKSUM | PACKET_FRAGMENT)) != 0)
		return;
	for (i = 0; i < DATAGRAM_ROWS; i++)
		if (datagram_rows[i](p, f, from, packet))
			return;
}
