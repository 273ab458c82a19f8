#include "analyst/retro.h"

#include "base/when.h"
#include "witness/sources.h"

/* Where a name and an address know the same entry, it is found twice. */
enum { FOUND_MAX = MATCHES_MAX * (HISTORY_PEERS_MAX + 1) };

struct found {
	uint32_t entry[FOUND_MAX];
	unsigned peer[FOUND_MAX];	/* of row->peer */
	unsigned count;
};

/* What infected machines or visitors from outside are listed for says nothing about whom they called. */
static bool
counts(const struct indicator *i)
{
	return i->role == ROLE_C2 || i->role == ROLE_DOWNLOAD || i->role == ROLE_SUSPICIOUS ||
	    i->role == ROLE_SINKHOLE;
}

static void
add(struct found *f, const uint32_t *entries, unsigned count, unsigned peer)
{
	unsigned i, k;

	for (i = 0; i < count; i++) {
		for (k = 0; k < f->count && f->entry[k] != entries[i]; k++)
			continue;
		if (k < f->count)
			continue;
		f->entry[f->count] = entries[i];
		f->peer[f->count++] = peer;
	}
}

/* All are asked before the first is answered: what they read comes in meanwhile. */
static void
look_up(const struct retro *r, const struct history_row *row, struct found *f)
{
	struct indicators_ask of_name, of_peer[HISTORY_PEERS_MAX];
	uint32_t entries[MATCHES_MAX];
	unsigned i;

	indicators_ask_domain(r->set, span_text(row->name), &of_name);
	for (i = 0; i < row->peers && i < HISTORY_PEERS_MAX; i++)
		indicators_ask_peer(r->set, &row->peer[i].addr, row->port, &of_peer[i]);
	add(f, entries, indicators_answer(r->set, &of_name, entries, MATCHES_MAX), 0);
	for (i = 0; i < row->peers && i < HISTORY_PEERS_MAX; i++)
		add(f, entries, indicators_answer(r->set, &of_peer[i], entries, MATCHES_MAX), i);
}

/* An address that is listed was called when it was called, whatever else has that name. */
static void
put_contacts(struct observation_buffer *b, const struct history_row *row, const struct indicator *i,
    unsigned peer)
{
	const struct history_peer *p = peer < row->peers ? &row->peer[peer] : NULL;
	bool by_name = i->type == INDICATOR_DOMAIN;

	b->o.flow_first_ns = by_name || p == NULL ? row->first_ns : p->first_ns;
	b->o.flow_last_ns = by_name || p == NULL ? row->last_ns : p->last_ns;
	b->o.count = (uint32_t)((by_name || p == NULL ? row->count : p->count) & UINT32_MAX);
	b->o.number = by_name || row->name[0] == '\0' ? row->days : 0;
	b->o.flow_bytes[0] = row->bytes_out;
	b->o.flow_bytes[1] = row->bytes_in;
	b->o.key.realm = row->realm;
	b->o.key.addr[0] = row->host;
	if (p != NULL)
		b->o.key.addr[1] = p->addr;
	b->o.key.port[1] = row->port;
	b->o.key.protocol = row->protocol;
	observation_add(b, TEXT_SERVICE, span_text(row->name), 256);
}

static void
make(const struct retro *r, struct observation_buffer *b, const struct history_row *row,
    const struct sources *from, unsigned peer)
{
	struct observation *o = &b->o;

	memset(o, 0, sizeof *o);
	o->kind = OBSERVE_MATCH;
	o->flags = OBSERVED_RETRO;
	o->home = 1;
	o->phase = PHASE_PACKET;
	o->index = r->index;
	o->not_before_ns = o->not_after_ns = WHEN_UNKNOWN;
	put_contacts(b, row, &from->shown, peer);
	o->ts_ns = r->now_ns != WHEN_UNKNOWN ? r->now_ns : o->flow_last_ns;
	/* Offline all of them come before the first frame, in the order in which they were found. */
	o->deadline_ns = r->now_ns != WHEN_UNKNOWN ? r->now_ns : INT64_MAX;
	sources_put(from, b);
	observation_seal(b);
}

/* Equal ones lie side by side. Returns the first behind them. */
static unsigned
join_equal(const struct retro *r, const struct found *found, unsigned n, struct sources *from)
{
	indicators_get(r->set, found->entry[n++], &from->shown);
	sources_begin(from);
	for (; n < found->count; n++) {
		indicators_get(r->set, found->entry[n], &from->next);
		if (!sources_join(from))
			break;
	}
	return n;
}

bool
retro_row(void *to, const struct history_row *row)
{
	struct observation_buffer b;
	struct found found = { .count = 0 };
	struct sources from;
	struct retro *r = to;
	const struct indicator *i = &from.shown;
	unsigned n = 0, first;

	look_up(r, row, &found);
	while (n < found.count) {
		first = n;
		n = join_equal(r, &found, n, &from);
		if (!counts(i))
			continue;
		make(r, &b, row, &from, found.peer[first]);
		if (history_is_told(r->history, &row->realm, &row->host, i->type, i->value))
			continue;
		if (!r->emit(r->to, &b.o))
			return false;
		history_tell(r->history, &row->realm, &row->host, i->type, i->value, b.o.ts_ns);
		r->index++;
		r->found++;
	}
	return true;
}
