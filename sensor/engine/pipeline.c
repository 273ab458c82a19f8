#include "engine/pipeline.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "engine/packet_clock.h"
#include "indicators/indicators.h"

enum { DNS_PORT = 53, COPIES_READ = 3, LASTING_MOST = 15 };

/* A frame that was decoded, to be followed when its turn comes. */
struct pending {
	struct packet packet;
	struct flow_look look;
	bool is_ours;			/* there is a packet, of our shard */
	uint64_t ordinal;
	int64_t ts_ns, now_ns;		/* the frame's; the clock's behind it */
};

struct pipeline {
	struct decode *decode;
	struct flows *flows;
	struct reassembly *reassembly;
	struct proto *proto;
	struct witness *witness;
	int64_t burst_pause_ns, lasting_ns;
	struct packet_clock clock;	/* of the frames decoded */
	int64_t now_ns;			/* of the frame being followed: the timers' */
	int64_t frame_ns;
	uint64_t ordinal;		/* of the frame being followed */
	_Atomic uint64_t *at_work;	/* never NULL */
	_Atomic uint64_t nobody_asks;
	uint64_t frames, bytes, retimed;
	struct pending pending[PIPELINE_FRAMES];
	enum shed shed;
	uint64_t shed_streams, shed_dialogues, shed_datagrams;
	bool discarding;		/* nothing is emitted any more */
};

static const struct witness_lookup LOOKUP = {
	indicators_by_peer, indicators_by_source, indicators_by_domain,
	indicators_by_url, indicators_by_text, indicators_get,
};

/* ---- what the stages hand forward ---- */

/* A parser's flow is the one whose piece it was given: the cast gives back what the table owns. */
static void
on_message(void *to, const struct message *m)
{
	struct pipeline *p = to;

	witness_message(p->witness, (struct flow *)(uintptr_t)m->flow, m);
}

static void
drop_dialogue(struct flow *f)
{
	dialogue_free(f->talk->slot[SLOT_DIALOGUE]);
	f->talk->slot[SLOT_DIALOGUE] = NULL;
}

static bool
on_piece(void *to, const struct stream_piece *piece)
{
	struct pipeline *p = to;
	struct flow *f = piece->flow;
	struct flow_talk *k = f->talk;

	if (piece->gap)
		k->missed_bytes[piece->from] += piece->len;
	if (k->slot[SLOT_DIALOGUE] == NULL &&
	    (k->slot[SLOT_DIALOGUE] = dialogue_new(p->proto)) == NULL)
		return false;
	if (dialogue_piece(k->slot[SLOT_DIALOGUE], piece)) {
		/* No name will come: whoever counts contacts need not wait until the other side has spoken. */
		if (!f->contacted && dialogue_is_unknown(k->slot[SLOT_DIALOGUE]))
			witness_flow_unnamed(p->witness, f);
		return true;
	}
	drop_dialogue(f);
	witness_flow_unnamed(p->witness, f);
	return false;
}

/*
 * Which copy the host took nobody knows here. A decoy in front of a hello or a
 * request must not hide its name: a copy that begins a message is read by itself.
 */
static void
read_other(struct pipeline *p, const struct stream_piece *copy)
{
	struct dialogue *d = dialogue_new(p->proto);

	if (d == NULL)
		return;
	dialogue_piece(d, copy);
	dialogue_free(d);
}

/* The first time is worth telling: what follows in that flow is more of the same. */
static void
on_difference(void *to, struct flow *f, int from, uint64_t offset, const uint8_t *bytes, uint32_t len,
    int64_t ts_ns)
{
	const struct stream_piece copy = { .flow = f, .ts_ns = ts_ns, .from = from, .bytes = bytes, .len = len };
	struct pipeline *p = to;

	if (f->differed == COPIES_READ)
		return;
	if (f->differed++ == 0)
		witness_differs(p->witness, f, from, offset, len, ts_ns);
	read_other(p, &copy);
}

static void
discard(struct flow *f)
{
	if (f->talk == NULL)
		return;
	drop_dialogue(f);
	free(f->talk->slot[SLOT_WITNESS]);
}

static void
on_flow_end(void *to, struct flow *f, enum flow_end how, int64_t deadline_ns)
{
	struct pipeline *p = to;
	int64_t ts_ns = deadline_ns != WHEN_UNKNOWN ? deadline_ns :
	    how == FLOW_END_INPUT ? p->clock.last_ns : p->frame_ns;

	if (p->discarding) {
		discard(f);
		return;
	}
	/* A packet ends flows in its own shard, the end of the input in all of them. */
	witness_at(p->witness, p->ordinal, deadline_ns != WHEN_UNKNOWN || how == FLOW_END_INPUT ?
	    PHASE_FLOW_END : PHASE_PACKET, deadline_ns == WHEN_UNKNOWN ? INT64_MAX : deadline_ns);
	if (f->protocol == PROTO_TCP)
		reassembly_end(p->reassembly, f, ts_ns);
	if (flow_talk(f)->slot[SLOT_DIALOGUE] != NULL) {
		dialogue_end(f->talk->slot[SLOT_DIALOGUE], f, ts_ns);
		drop_dialogue(f);
	}
	if (f->paused && f->protocol == PROTO_UDP)
		witness_flow_burst(p->witness, f, ts_ns);
	witness_flow_ended(p->witness, f, how, ts_ns);
}

/* ---- making it ---- */

/*
 * A stream needs a byte of payload: the record, two headers and it are 57 bytes
 * of a file. libnids writes to every place for a stream when it starts,
 * 18 MiB for 65,536, which is most of what a replay of ten packets costs.
 */
static uint32_t
streams_possible(uint32_t most, uint64_t input_bytes)
{
	enum { LEAST_BYTES = 57, LEAST_STREAMS = 1024 };	/* a file may still grow */
	uint64_t possible = input_bytes / LEAST_BYTES + LEAST_STREAMS;

	return input_bytes == 0 || possible > most ? most : (uint32_t)possible;
}

struct pipeline *
pipeline_new(const struct pipeline_options *options, observation_fn *emit, void *to)
{
	const struct config *c = options->config;
	const struct witness_options witness = {
		.home = c->home, .home_count = c->home_count,
		.burst_pause_ns = c->burst_pause_sec * NS_PER_SEC,
		.records = (c->records & 1u << RECORD_HTTP ? WITNESS_HTTP : 0u) |
		    (c->records & 1u << RECORD_TLS ? WITNESS_TLS : 0u) |
		    (c->records & 1u << RECORD_DNS ? WITNESS_DNS : 0u) |
		    (c->records & 1u << RECORD_FLOW ? WITNESS_FLOW : 0u) |
		    (c->records & 1u << RECORD_FILEINFO ? WITNESS_FILE : 0u) |
		    (c->behaviour.hosts > 0 ? WITNESS_BARE | WITNESS_CERTIFICATES : 0u),
		.lookup = &LOOKUP,
	};
	struct pipeline *p = calloc(1, sizeof *p);
	struct flow_limits flow = c->flow;
	struct reassembly_limits reassembly = c->reassembly;

	if (p == NULL)
		return NULL;
	reassembly.max_streams = streams_possible(reassembly.max_streams, options->input_bytes);
	flow.doubt_checksums = c->decode.checksum == CHECKSUM_AUTO;
	p->burst_pause_ns = witness.burst_pause_ns;
	p->lasting_ns = c->beacon_lasting_sec == 0 ? INT64_MAX : c->beacon_lasting_sec * NS_PER_SEC;
	p->at_work = options->at_work != NULL ? options->at_work : &p->nobody_asks;
	packet_clock_init(&p->clock);
	p->now_ns = p->clock.now_ns;
	if ((p->decode = decode_new(&c->decode)) == NULL ||
	    (p->flows = flows_new(&flow, on_flow_end, p)) == NULL ||
	    (p->reassembly = reassembly_new(&reassembly, on_piece, p)) == NULL ||
	    (p->proto = proto_new(&c->proto, on_message, p)) == NULL ||
	    (p->witness = witness_new(&witness, emit, to)) == NULL) {
		pipeline_free(p);
		return NULL;
	}
	decode_set_shard(p->decode, options->shard, options->shards);
	decode_set_relays(p->decode, c->relays, c->relays_count);
	reassembly_on_difference(p->reassembly, on_difference);
	return p;
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	p->discarding = true;
	if (p->flows != NULL)
		flows_finish(p->flows);
	witness_free(p->witness);
	proto_free(p->proto);
	reassembly_free(p->reassembly);
	flows_free(p->flows);
	decode_free(p->decode);
	free(p);
}

void
pipeline_set_indicators(struct pipeline *p, const struct indicators *set)
{
	witness_set_indicators(p->witness, set);
}

/* ---- frames ---- */

/* Asked at every frame; nearly always the answer is no. */
static bool
timers_may_run(const struct pipeline *p)
{
	return flows_quiet_until(p->flows) <= p->now_ns ||
	    reassembly_next_deadline(p->reassembly) <= p->now_ns;
}

/*
 * Timers run in the order of their deadlines, holes before flow ends: the same
 * order in every worker, whichever flows it has.
 */
static void
run_timers(struct pipeline *p)
{
	int64_t hole_ns, flow_ns, next_ns;

	while (timers_may_run(p)) {
		hole_ns = reassembly_next_deadline(p->reassembly);
		flow_ns = flows_next_deadline(p->flows);
		next_ns = hole_ns < flow_ns ? hole_ns : flow_ns;
		if (next_ns > p->now_ns)
			break;
		if (hole_ns == next_ns) {
			witness_at(p->witness, p->ordinal, PHASE_HOLE, next_ns);
			reassembly_advance(p->reassembly, next_ns);
		}
		if (flow_ns == next_ns)
			flows_advance(p->flows, next_ns);
	}
	flows_advance(p->flows, p->now_ns);
}

/*
 * What is not read any more is a contact like one that nobody can read. What is
 * under way goes on until nothing at all is parsed.
 */
static bool
gives_way(struct pipeline *p, struct flow *f)
{
	const struct flow_talk *k = flow_talk(f);
	bool open = k->slot[SLOT_STREAM] != NULL, silent = k->payload_bytes[0] + k->payload_bytes[1] == 0;

	if (silent || !reassembly_wants(p->reassembly, f) || (open && p->shed < SHED_PARSING))
		return false;
	*(open ? &p->shed_dialogues : &p->shed_streams) += 1;
	reassembly_release(p->reassembly, f);
	drop_dialogue(f);
	witness_flow_unnamed(p->witness, f);
	return true;
}

static void
follow_tcp(struct pipeline *p, struct flow *f, int side, const struct packet *packet)
{
	if (packet->flags & (PACKET_BAD_CHECKSUM | PACKET_FRAGMENT))
		return;
	if (p->shed >= SHED_STREAMS && gives_way(p, f))
		return;
	if (reassembly_wants(p->reassembly, f))
		reassembly_packet(p->reassembly, f, side, packet);
}

/* Keep-alives and repetitions leave the side's last payload where it was. */
static bool
spoke_after_a_pause(const struct pipeline *p, const struct flow *f, int side, const struct packet *packet)
{
	return side == ORIGINATOR && packet->payload_wire_bytes > 0 &&
	    f->talk->last_payload_ns[side] == packet->ts_ns && f->talk->pause_ns[side] >= p->burst_pause_ns;
}

/*
 * Whose stream or parser gave way at a ceiling is not parsed on: then no
 * request will come that is a contact, the packets are.
 */
static void
stop_waiting(struct pipeline *p, struct flow *f, int64_t ts_ns)
{
	struct dialogue *d = f->talk->slot[SLOT_DIALOGUE];

	if (d == NULL || f->protocol != PROTO_TCP)
		return;
	/* What was said before we came named the service, if anything did. */
	if (f->midway)
		witness_flow_unnamed(p->witness, f);
	dialogue_pause(d, f, ts_ns);
	if (reassembly_wants(p->reassembly, f) && dialogue_wants(d))
		return;
	reassembly_release(p->reassembly, f);
	drop_dialogue(f);
	witness_flow_unnamed(p->witness, f);
}

static bool
is_readable(const struct packet *packet)
{
	return packet->payload_bytes > 0 && (packet->flags & (PACKET_BAD_CHECKSUM | PACKET_FRAGMENT)) == 0;
}

/* The hello of another connection will be the contact, once it is read. */
static bool
will_be_named(const struct flow *f, int side, const struct packet *packet)
{
	const struct dialogue *d = f->talk->slot[SLOT_DIALOGUE];

	return packet->protocol == PROTO_UDP && d != NULL && is_readable(packet) && proto_begins_anew(d, side, packet);
}

static void
take_burst(struct pipeline *p, struct flow *f, int side, const struct packet *packet)
{
	if (will_be_named(f, side, packet)) {
		f->paused = true;
		return;
	}
	stop_waiting(p, f, packet->ts_ns);
	witness_flow_burst(p->witness, f, packet->ts_ns);
}

static void
follow_udp(struct pipeline *p, struct flow *f, int side, const struct packet *packet)
{
	struct dialogue *d;

	if (!is_readable(packet))
		return;
	if (p->shed >= SHED_PARSING && packet->src_port != DNS_PORT && packet->dst_port != DNS_PORT) {
		p->shed_datagrams++;
		if (f->awaits_name)
			witness_flow_unnamed(p->witness, f);
		return;
	}
	d = f->talk->slot[SLOT_DIALOGUE];
	proto_datagram(p->proto, &d, f, side, packet);
	f->talk->slot[SLOT_DIALOGUE] = d;
	if (d != NULL && dialogue_wants(d))
		return;
	if (f->awaits_name)
		witness_flow_unnamed(p->witness, f);
	if (f->paused)
		witness_flow_burst(p->witness, f, packet->ts_ns);
}

/* The contact of a QUIC flow waits for the name in its hello, others are contacts at once. */
static void
start_flow(struct pipeline *p, struct flow *f, int side, const struct packet *packet)
{
	f->awaits_name = p->shed < SHED_PARSING && packet->protocol == PROTO_UDP && is_readable(packet) &&
	    proto_awaits_name(f, side, packet);
	witness_flow_started(p->witness, f, packet->ts_ns);
}

/* Told at its first packet behind the limit, and again each time that it has doubled. */
static bool
lasts(const struct pipeline *p, const struct flow *f)
{
	return f->last_ns - f->first_ns >= p->lasting_ns << f->lasting;
}

static void
tell_lasting(struct pipeline *p, struct flow *f, int64_t ts_ns)
{
	if (f->lasting >= LASTING_MOST)
		return;
	while (f->lasting < LASTING_MOST && lasts(p, f))
		f->lasting++;
	witness_flow_lasts(p->witness, f, ts_ns);
}

/* At each power of two; */
static bool
is_unanswered(const struct flow *f, int side)
{
	uint64_t packets = f->side[ORIGINATOR].packets;

	return packets >= OBSERVED_UNANSWERED_PACKETS && (packets & (packets - 1)) == 0 && side == ORIGINATOR &&
	    f->side[RESPONDER].packets == 0;
}

static void
follow_packet(struct pipeline *p, struct packet *packet, const struct flow_look *look)
{
	struct flow *f;
	bool is_new;
	int side;

	if ((f = flows_packet(p->flows, packet, look, &side, &is_new)) == NULL)
		return;
	witness_at(p->witness, p->ordinal, PHASE_PACKET, INT64_MAX);
	if (is_new)
		start_flow(p, f, side, packet);
	else if (spoke_after_a_pause(p, f, side, packet))
		take_burst(p, f, side, packet);
	if (lasts(p, f))
		tell_lasting(p, f, packet->ts_ns);
	if (is_unanswered(f, side))
		witness_flow_unanswered(p->witness, f, packet->ts_ns);
	if (packet->protocol == PROTO_TCP)
		follow_tcp(p, f, side, packet);
	else if (packet->protocol == PROTO_UDP)
		follow_udp(p, f, side, packet);
}

/* Which frame is at work: should it end this process, its number stays. */
static void
at_work(struct pipeline *p, uint64_t ordinal)
{
	atomic_store_explicit(p->at_work, ordinal, memory_order_relaxed);
}

static void
look_at(struct pipeline *p, const struct frame *frame, struct pending *n)
{
	at_work(p, frame->ordinal);
	p->frames++;
	p->bytes += frame->wire_bytes;
	p->retimed += frame->retimed;
	if (packet_clock_note(&p->clock, frame->ts_ns))
		decode_set_back(p->decode, p->clock.now_ns);
	n->ordinal = frame->ordinal;
	n->ts_ns = frame->ts_ns;
	n->now_ns = p->clock.now_ns;
	n->is_ours = decode_frame(p->decode, frame, &n->packet) == DECODE_PACKET;
	if (!n->is_ours)
		return;
	decode_verify(p->decode, &n->packet);
	flows_look(p->flows, &n->packet, &n->look);
}

/* What was put together from fragments lies in a buffer of decode's, which the next one needs. */
static bool
must_be_last(const struct pending *n)
{
	return n->is_ours && (n->packet.flags & PACKET_DEFRAGMENTED) != 0;
}

/* How many of them can be followed now. */
static unsigned
look_ahead(struct pipeline *p, const struct frame *frames, unsigned count)
{
	unsigned n, i;

	for (n = 0; n < count && n < PIPELINE_FRAMES; ) {
		look_at(p, &frames[n], &p->pending[n]);
		if (must_be_last(&p->pending[n++]))
			break;
	}
	for (i = 0; i < n; i++)
		if (p->pending[i].is_ours)
			flows_look_on(p->flows, &p->pending[i].look);
	return n;
}

static void
follow(struct pipeline *p, struct pending *n)
{
	at_work(p, n->ordinal);
	p->ordinal = n->ordinal;
	p->frame_ns = n->ts_ns;
	if (n->now_ns > p->now_ns) {
		p->now_ns = n->now_ns;
		if (timers_may_run(p))
			run_timers(p);
		else
			flows_advance(p->flows, p->now_ns);
	} else if (n->now_ns < p->now_ns) {
		p->now_ns = n->now_ns;
		flows_set_back(p->flows, p->now_ns);
	}
	if (n->is_ours)
		follow_packet(p, &n->packet, &n->look);
}

void
pipeline_frames(struct pipeline *p, const struct frame *frames, unsigned count)
{
	unsigned ready, i;

	for (; count > 0; frames += ready, count -= ready) {
		ready = look_ahead(p, frames, count);
		for (i = 0; i < ready; i++)
			follow(p, &p->pending[i]);
	}
}

void
pipeline_shed(struct pipeline *p, enum shed level)
{
	p->shed = level;
	proto_shed_bodies(p->proto, level >= SHED_BODIES);
}

void
pipeline_idle(struct pipeline *p, int64_t now_ns)
{
	if (now_ns <= p->now_ns)
		return;
	p->clock.now_ns = p->now_ns = now_ns;
	run_timers(p);
}

void
pipeline_finish(struct pipeline *p)
{
	p->ordinal++;
	flows_finish(p->flows);
}

void
pipeline_count(const struct pipeline *p, struct pipeline_counts *out)
{
	out->decode = *decode_counts(p->decode);
	out->flow = *flows_counts(p->flows);
	out->reassembly = *reassembly_counts(p->reassembly);
	out->proto = *proto_counts(p->proto);
	out->witness = *witness_counts(p->witness);
	out->frames = p->frames;
	out->bytes = p->bytes;
	out->retimed = p->retimed;
	out->set_back = p->clock.set_back;
	out->shed_level = p->shed;
	out->shed_streams = p->shed_streams;
	out->shed_dialogues = p->shed_dialogues;
	out->shed_datagrams = p->shed_datagrams;
	out->first_ns = p->clock.first_ns;
	out->last_ns = p->clock.last_ns;
}
