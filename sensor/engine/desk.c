#include "engine/desk.h"

static void
read_snapshot(struct desk *d, uint32_t turn)
{
	d->snapshot_turn = turn;
	past_read(d->past);
	analyst_set_novelty(d->analyst, past_ask, d->past);
}

void
desk_open(struct desk *d, struct analyst *a, const struct board *b, bool live)
{
	d->analyst = a;
	d->board = b;
	d->snapshot_turn = 0;
	if (live)
		read_snapshot(d, atomic_load(&b->snapshot_turn));
}

/* In a replay the snapshot is there before the first frame's observations: they wait until the keeper has looked back. */
void
desk_take(void *desk, const struct observation *o)
{
	struct desk *d = desk;
	uint32_t turn = atomic_load_explicit(&d->board->snapshot_turn, memory_order_acquire);

	if (turn != d->snapshot_turn)
		read_snapshot(d, turn);
	analyst_take(d->analyst, o);
}
