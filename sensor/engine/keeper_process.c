#include "engine/keeper_process.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "engine/rooms.h"
#include "indicators/indicators.h"
#include "system/process.h"

enum { TAKE_BATCH = 4096, WAIT_MS = 200, ROOM_WAIT_MS = 100 };

/* ---- the analyst's side ---- */

void
keeper_wake(struct house *h)
{
	if (h->kept != NULL)
		bell_ring(h->keeper_bell);
}

void
keeper_post(void *to, const struct kept *k)
{
	struct house *h = to;
	void *room;

	while ((room = ring_reserve(h->kept, k->bytes)) == NULL && !h->live &&
	    atomic_load(&h->board->keeper_gone) == 0) {
		keeper_wake(h);
		ring_wait_room(h->kept, ROOM_WAIT_MS);
	}
	if (room == NULL) {
		atomic_fetch_add(&h->board->kept_dropped, 1);
		return;
	}
	memcpy(room, k, k->bytes);
	ring_commit(h->kept);
}

/* ---- the keeper's side ---- */

static bool
emit(void *to, const struct observation *o)
{
	struct house *h = to;
	struct ring *own = house_keeper_ring(h);
	void *room;

	while ((room = ring_reserve(own, o->bytes)) == NULL && !h->live && atomic_load(&h->board->stop) == 0) {
		bell_ring(h->bell);
		ring_wait_room(own, ROOM_WAIT_MS);
	}
	if (room == NULL || ring_has_ended(own))
		return false;
	memcpy(room, o, o->bytes);
	ring_commit(own);
	bell_ring(h->bell);
	return true;
}

/* The analyst reads the snapshot when this says that there is a new one. */
static void
count(struct house *h, struct keeper *k, uint32_t *snapshots)
{
	keeper_count(k, &h->board->keeper);
	if (h->board->keeper.snapshots == *snapshots)
		return;
	*snapshots = h->board->keeper.snapshots;
	atomic_fetch_add(&h->board->snapshot_turn, 1);
}

/* RING_EMPTY, RING_ENDED or RING_DAMAGED; RING_RECORD: there is more. */
static enum ring_state
take(struct house *h, struct keeper *k, bool replay)
{
	enum ring_state state = RING_EMPTY;
	struct kept_buffer copy;
	const void *record;
	uint32_t len;
	unsigned i;

	for (i = 0; i < TAKE_BATCH; i++) {
		if ((state = ring_peek(h->kept, &record, &len)) != RING_RECORD)
			return state;
		if (len <= sizeof copy) {
			memcpy(&copy, record, len);
			keeper_take(k, &copy.k, len);
			if (replay)
				keeper_relieve(k);
		}
		ring_done(h->kept);
	}
	return state;
}

static enum ring_state
keep_live(struct house *h, struct keeper *k, uint32_t turn)
{
	enum ring_state state;
	uint32_t seen, snapshots = 0;

	do {
		seen = bell_count(h->keeper_bell);
		state = take(h, k, false);
		keeper_tick(k, house_wall_clock_ns(), emit, h);
		count(h, k, &snapshots);
		if (state == RING_EMPTY)
			bell_wait(h->keeper_bell, seen, WAIT_MS);
	} while (state != RING_ENDED && state != RING_DAMAGED && atomic_load(&h->board->keeper_turn) == turn);
	return state;
}

static enum ring_state
keep_replay(struct house *h, struct keeper *k)
{
	enum ring_state state;
	uint32_t seen, snapshots = 0;

	if (!keeper_look_back(k, emit, h))
		return RING_DAMAGED;
	count(h, k, &snapshots);
	ring_end(house_keeper_ring(h));
	do {
		seen = bell_count(h->keeper_bell);
		state = take(h, k, true);
		keeper_count(k, &h->board->keeper);
		if (state == RING_EMPTY)
			bell_wait(h->keeper_bell, seen, WAIT_MS);
	} while (state != RING_ENDED && state != RING_DAMAGED);
	return state;
}

int
keeper_main(struct house *h, uint32_t turn)
{
	struct indicators *set = NULL;
	struct keeper *k = NULL;
	enum ring_state state = RING_DAMAGED;
	struct fault fault;

	/* In a storm it would take half a processor that frames wait for. A replay's end waits for it. */
	if (h->live)
		process_give_way();
	if (house_enter_room(h, SANDBOX_KEEPER, &fault) < 0 ||
	    (h->image >= 0 && indicators_map(h->image, &set, &fault) < 0) ||
	    keeper_open(h->config, !h->live, h->run, set, &k, &fault) < 0) {
		log_error("keeper", "%s", fault.text);
		indicators_unmap(set);
		return 1;
	}
	if (h->image >= 0)
		close(h->image);	/* the mapping is enough */
	h->image = -1;
	state = h->live ? keep_live(h, k, turn) : keep_replay(h, k);
	if (state == RING_DAMAGED)
		log_error("keeper", "the history is not written: its input is damaged or was stopped");
	keeper_close(k, state != RING_DAMAGED || h->live);
	indicators_unmap(set);
	return state == RING_DAMAGED ? 1 : 0;
}
