/* dialogue.c - one stream: whose it is, and what nobody knows. */
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "proto/private.h"

enum {
	/* How often a side whose bytes may begin in the middle of something is asked again. */
	SIDE_TRIES = 64,
	/* A flow that is still unknown after so many pieces stays so: nearly always a bulk transfer. */
	UNKNOWN_PIECES = 1024,
	/* So many bytes of an unknown flow pass before we wait no longer for the other side's first ones. */
	ANSWER_PATIENCE_BYTES = 16384,
	/* STARTTLS behind CONNECT: a tunnel in a tunnel, but no deeper. */
	TUNNELS_MAX = 2,
	/* Balancers in a row. */
	PREFIXES_MAX = 2
};

/* One side before its protocol is known. */
struct opening {
	struct first_bytes held;	/* not decided yet */
	struct first_bytes refused_bytes;	/* the first that nobody knew */
	uint64_t held_offset;
	uint16_t tries;
	bool lost;		/* a gap came before recognition */
	bool refused;		/* asked often enough */
};

struct dialogue {
	struct proto *p;
	const struct proto_row *row;	/* NULL: not recognised yet */
	const struct datagram_row *datagrams;	/* a UDP flow's: then `row` stays NULL */
	void *reader;
	uint64_t mark;			/* of datagrams that were read */
	enum app app;			/* of a row that emitted something */
	bool done;
	bool unknown;			/* decided: nobody knows it; told as soon as the other side has spoken */
	uint8_t tunnels, prefixes;
	uint8_t speaker, turns;		/* who spoke last, how often that changed; 255: often */
	uint32_t unknown_pieces, unknown_bytes;
	struct dialogue *idler, *busier;
	struct opening opening[2];
};

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
	struct dialogue *d = heap_zeroed(sizeof *d);

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
	first_bytes_free(d->p, &o->held);
	first_bytes_free(d->p, &o->refused_bytes);
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
	if (d->reader != NULL && d->row != NULL)
		d->row->close(d->reader);
	else if (d->reader != NULL)
		d->datagrams->close(d->reader);
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
	if (d == NULL || d == d->p->over)
		return;
	finish(d);
	free(d);
}

static struct message
like_piece(const struct stream_piece *piece)
{
	struct message m = { .flow = piece->flow, .from = piece->from, .ts_ns = piece->ts_ns };

	return m;
}

static bool
tell_unknown(struct dialogue *d, const struct message *like)
{
	struct span said[2];
	const struct opening *o;
	int side;

	for (side = 0; side < 2; side++) {
		o = &d->opening[side];
		said[side] = o->refused_bytes.at != NULL ?
		    span_of(o->refused_bytes.at, o->refused_bytes.used) :
		    span_of(o->held.at, o->held.used);
	}
	unknown_tell(d->p, like, said);
	return finish(d);
}

/*
 * None of our protocols. Inside a tunnel that is no news: the flow itself was
 * known. Else what both sides said first is told, as soon as both have: until
 * then the rest of the first turn, and the first answer, are listened to.
 */
static bool
begin_unknown(struct dialogue *d, const struct stream_piece *piece)
{
	const struct message like = like_piece(piece);

	if (d->tunnels > 0)
		return finish(d);
	d->p->counts.unknown++;
	d->unknown = true;
	return d->turns > 2 || d->unknown_pieces > UNKNOWN_PIECES ? tell_unknown(d, &like) : true;
}

static bool start_reader(struct dialogue *d, const struct proto_row *row, const struct stream_piece *piece, size_t taken);

static const struct proto_row *
ask_late_rows(struct span heard, int from)
{
	const struct proto_row *const *row;

	for (row = proto_rows; *row != NULL; row++)
		if ((*row)->late && (*row)->guess(heard, from) == GUESS_YES)
			return *row;
	return NULL;
}

/* Nobody knew what the caller said, but who was called answers as one who asks. What was told of the flow stays. */
static bool
known_late(struct dialogue *d, const struct stream_piece *piece)
{
	struct opening *o = &d->opening[piece->from];
	const struct proto_row *row = ask_late_rows(span_of(o->refused_bytes.at, o->refused_bytes.used), piece->from);

	if (row == NULL)
		return false;
	d->unknown = false;
	d->p->counts.unknown--;
	o->held = o->refused_bytes;
	o->held_offset = piece->offset + piece->len - o->held.used;
	memset(&o->refused_bytes, 0, sizeof o->refused_bytes);
	start_reader(d, row, piece, (size_t)piece->len);
	return true;
}

/* One's first turn, the other's first turn, and then it is told. */
static bool
listen_unknown(struct dialogue *d, const struct stream_piece *piece)
{
	const struct message like = like_piece(piece);
	struct first_bytes *heard = &d->opening[piece->from].refused_bytes;

	if (d->turns > 2)
		return tell_unknown(d, &like);
	if (!piece->gap)
		first_bytes_add(d->p, heard, piece->bytes, piece->len);
	if (d->turns == 2 && piece->from == RESPONDER && heard->used > 0 && heard->used < DIALOGUE_HELD_BYTES &&
	    known_late(d, piece))
		return !d->done;
	d->unknown_bytes += piece->len < ANSWER_PATIENCE_BYTES ? (uint32_t)piece->len : ANSWER_PATIENCE_BYTES;
	if (d->unknown_bytes >= ANSWER_PATIENCE_BYTES || (d->turns == 2 && heard->used == DIALOGUE_HELD_BYTES))
		return tell_unknown(d, &like);
	return true;
}

static void
note_turn(struct dialogue *d, const struct stream_piece *piece)
{
	if ((d->turns == 0 || d->speaker != piece->from) && d->turns < UINT8_MAX)
		d->turns++;
	d->speaker = (uint8_t)piece->from;
}

static bool recognise(struct dialogue *d, const struct stream_piece *piece);

/* The reader has enough of the flow, or leaves it to another protocol. */
static bool
reader_done(struct dialogue *d, const struct stream_piece *piece)
{
	struct stream_piece rest = *piece;
	size_t rest_bytes = 0;
	uint8_t *count = d->row->prefix ? &d->prefixes : &d->tunnels;

	if (*count == (d->row->prefix ? PREFIXES_MAX : TUNNELS_MAX) || d->row->tunnel == NULL ||
	    !d->row->tunnel(d->reader, &rest_bytes))
		return finish(d);
	close_reader(d);
	forget_openings(d);
	++*count;
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

	if (d->p->emitted != before && d->tunnels == 0 && !d->row->prefix)
		d->app = d->row->app;
	return more ? true : reader_done(d, piece);
}

static bool
take(struct dialogue *d, const struct stream_piece *piece)
{
	if (d->done)
		return false;
	if (d->row != NULL)
		return deliver(d, piece);
	note_turn(d, piece);
	return d->unknown ? listen_unknown(d, piece) : recognise(d, piece);
}

static void
replay_held(struct dialogue *d, const struct opening *o, const struct stream_piece *like, int from)
{
	struct stream_piece held = *like;

	if (o->held.used == 0)
		return;
	held.from = from;
	held.gap = false;
	held.offset = o->held_offset;
	held.bytes = o->held.at;
	held.len = o->held.used;
	take(d, &held);
}

/* What the row leaves to us: to say once what is spoken. */
static void
announce(struct dialogue *d, const struct stream_piece *piece)
{
	const struct message like = like_piece(piece);

	d->p->counts.recognised[d->row->app]++;
	if (d->row->named || d->row->tells)
		return;
	if (d->tunnels == 0)
		d->app = d->row->app;
	protocol_tell(d->p, &like, d->row->app);
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
	announce(d, piece);
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
	const struct proto_row *const *row;

	*more = false;
	for (row = proto_rows; *row != NULL; row++) {
		switch ((*row)->guess(first, from)) {
		case GUESS_YES: return *row;
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
	size_t before = o->held.used;

	if (before == 0)
		o->held_offset = piece->offset;
	if (!first_bytes_add(d->p, &o->held, piece->bytes, piece->len))
		return 0;
	return o->held.used - before;
}

/* Did this side's stream, as far as it goes, begin where we began to read? */
static bool
is_exact(const struct dialogue *d, const struct stream_piece *piece)
{
	return !d->opening[piece->from].lost && (d->tunnels > 0 || !piece->flow->midway);
}

/* Of what is refused the first bytes are kept, in case that nobody ever knows the flow. */
static void
keep_refused(struct dialogue *d, struct opening *o, const struct stream_piece *piece, size_t taken)
{
	if (o->refused_bytes.at == NULL) {
		o->refused_bytes = o->held;
		memset(&o->held, 0, sizeof o->held);
		first_bytes_add(d->p, &o->refused_bytes, piece->bytes + taken, piece->len - taken);
	}
	o->held.used = 0;
}

/* Nobody knows these bytes. Is there hope that later ones are better? */
static bool
refuse(struct dialogue *d, const struct stream_piece *piece, size_t taken)
{
	struct opening *o = &d->opening[piece->from];

	keep_refused(d, o, piece, taken);
	if (is_exact(d, piece))
		return begin_unknown(d, piece);
	if (++o->tries >= SIDE_TRIES)
		o->refused = true;
	if (d->opening[0].refused && d->opening[1].refused)
		return begin_unknown(d, piece);
	return true;
}

/* What was held may be the end of something else: then this piece alone decides. */
static const struct proto_row *
ask_piece(struct dialogue *d, const struct stream_piece *piece, bool *more, size_t *taken)
{
	struct opening *o = &d->opening[piece->from];
	const struct proto_row *row;

	*taken = 0;
	if (o->held.used == 0 || !is_exact(d, piece)) {
		row = ask_rows(span_of(piece->bytes, (size_t)piece->len), piece->from, more);
		if (o->held.used == 0)
			return row;
		if (row != NULL) {
			o->held.used = 0;
			return row;
		}
	}
	*taken = hold(d, o, piece);
	return ask_rows(span_of(o->held.at, o->held.used), piece->from, more);
}

static bool
recognise(struct dialogue *d, const struct stream_piece *piece)
{
	struct opening *o = &d->opening[piece->from];
	const struct proto_row *row;
	size_t taken;
	bool more;

	if (piece->gap) {
		o->held.used = 0;
		o->lost = true;
		return true;
	}
	if (++d->unknown_pieces > UNKNOWN_PIECES)
		return begin_unknown(d, piece);
	if (o->refused || piece->len == 0)
		return true;
	row = ask_piece(d, piece, &more, &taken);
	if (row != NULL)
		return start_reader(d, row, piece, taken);
	if (!more || o->held.used == DIALOGUE_HELD_BYTES || piece->len > DIALOGUE_HELD_BYTES)
		return refuse(d, piece, taken);
	if (o->held.used == 0 && hold(d, o, piece) == 0)
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

static void
move_up(struct dialogue *d)
{
	if (d->busier == NULL)
		return;
	idle_remove(d);
	idle_append(d);
}

bool
dialogue_piece(struct dialogue *d, const struct stream_piece *piece)
{
	if (d->done)
		return false;
	move_up(d);
	if (!take(d, piece))
		return false;
	make_room(d->p, d);
	return true;
}

/* ---- of datagrams ---- */

struct dialogue *
dialogue_of_datagrams(struct proto *p, const struct datagram_row *row)
{
	struct dialogue *d = dialogue_new(p);

	if (d == NULL)
		return NULL;
	d->datagrams = row;
	if ((d->reader = row->open(p)) == NULL) {
		dialogue_free(d);
		return NULL;
	}
	return d;
}

struct dialogue *
dialogue_over(struct proto *p)
{
	struct dialogue *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->p = p;
	d->done = true;
	return d;
}

const struct datagram_row *
dialogue_datagrams(const struct dialogue *d)
{
	return d->datagrams;
}

void *
dialogue_reader(const struct dialogue *d)
{
	return d->reader;
}

bool
dialogue_rest(struct dialogue *d)
{
	if (d->reader != NULL && d->datagrams->mark != NULL)
		d->mark = d->datagrams->mark(d->reader);
	finish(d);
	return d->mark != 0;
}

uint64_t
dialogue_mark(const struct dialogue *d)
{
	return d->mark;
}

void
dialogue_spoke(struct dialogue *d)
{
	move_up(d);
	make_room(d->p, d);
}

bool
dialogue_wants(const struct dialogue *d)
{
	return !d->done;
}

bool
dialogue_is_unknown(const struct dialogue *d)
{
	return d->unknown;
}

/* What was said until now has to do. A flow that said nothing is not unknown. */
static void
end_unknown(struct dialogue *d, const struct flow *f, int64_t ts_ns)
{
	const struct message like = { .flow = f, .from = d->speaker, .ts_ns = ts_ns };

	if (d->tunnels > 0 || d->unknown_pieces == 0)
		return;
	if (!d->unknown)
		d->p->counts.unknown++;
	tell_unknown(d, &like);
}

void
dialogue_pause(struct dialogue *d, const struct flow *f, int64_t ts_ns)
{
	if (!d->done && d->unknown)
		end_unknown(d, f, ts_ns);
}

void
dialogue_end(struct dialogue *d, const struct flow *f, int64_t ts_ns)
{
	uint64_t before = d->p->emitted;

	if (d->done)
		return;
	if (d->datagrams != NULL) {
		if (d->datagrams->end != NULL)
			d->datagrams->end(d->reader, f, ts_ns);
		finish(d);
		return;
	}
	if (d->row == NULL) {
		end_unknown(d, f, ts_ns);
		return;
	}
	if (d->row->end != NULL)
		d->row->end(d->reader, f, ts_ns);
	if (d->p->emitted != before && d->tunnels == 0)
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


size_t
dialogue_over_bytes(void)
{
	return heap_bytes(sizeof(struct dialogue));
}
