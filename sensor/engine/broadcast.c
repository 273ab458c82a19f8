#include "engine/broadcast.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/rooms.h"
#include "engine/worker.h"
#include "system/ring.h"

struct broadcast {
	unsigned readers;
	struct ring *rings[WORKERS_MAX];
	struct bell *bell;		/* rung when frames came */
	bool holds[WORKERS_MAX];	/* reader n holds a frame that it must give back */
};

/* How a frame stands in the ring. */
struct parcel {
	int64_t ts_ns;
	uint64_t ordinal;
	uint32_t captured_bytes, wire_bytes;
	int32_t link_type;
	uint32_t retimed;
};

enum { BATCH = 64, WAIT_MS = 50 };

struct broadcast *
broadcast_new(unsigned readers, size_t ring_bytes)
{
	struct broadcast *b = calloc(1, sizeof *b);
	unsigned i;

	if (b == NULL)
		return NULL;
	b->readers = readers;
	if ((b->bell = bell_new()) == NULL)
		goto fail;
	for (i = 0; i < readers; i++) {
		if ((b->rings[i] = ring_new(ring_bytes)) == NULL)
			goto fail;
		ring_attach_bell(b->rings[i], b->bell);
	}
	return b;
fail:
	broadcast_free(b);
	return NULL;
}

void
broadcast_free(struct broadcast *b)
{
	unsigned i;

	if (b == NULL)
		return;
	for (i = 0; i < b->readers; i++)
		ring_free(b->rings[i]);
	bell_free(b->bell);
	free(b);
}

void
broadcast_keep(struct broadcast *b, unsigned n)
{
	unsigned i;

	for (i = 0; b != NULL && i < b->readers; i++) {
		if (i == n)
			continue;
		ring_free(b->rings[i]);
		b->rings[i] = NULL;
	}
}

void
broadcast_reset(struct broadcast *b)
{
	unsigned i;

	for (i = 0; i < b->readers; i++) {
		ring_reset(b->rings[i]);
		b->holds[i] = false;
	}
}

static void
put(struct broadcast *b, unsigned n, const struct frame *f)
{
	const struct parcel p = {
		f->ts_ns, f->ordinal, f->captured_bytes, f->wire_bytes, f->link_type, f->retimed,
	};
	uint8_t *room;

	while ((room = ring_reserve(b->rings[n], (uint32_t)sizeof p + f->captured_bytes)) == NULL)
		ring_wait_room(b->rings[n], WAIT_MS);
	memcpy(room, &p, sizeof p);
	memcpy(room + sizeof p, f->bytes, f->captured_bytes);
	ring_commit(b->rings[n]);
}

static void
say(void *to, const char *line)
{
	(void)to;
	log_error("capture", "%s", line);
}

/* Each input has been reported. */
static int
no_input(struct broadcast *b, struct board_worker *mine, unsigned files_count)
{
	unsigned i;

	atomic_store(&mine->faults, files_count);
	for (i = 0; i < b->readers; i++)
		ring_end(b->rings[i]);
	return WORKER_NO_INPUT;
}

int
broadcast_write(struct broadcast *b, struct board *board, const struct capture_file *files,
    unsigned files_count)
{
	struct board_worker *mine = &board->worker[0];
	struct sandbox_room room = { .data_bytes = 0 };
	struct capture *c;
	struct fault fault;
	struct frame f;
	uint64_t done, total, frames = 0;
	unsigned i;
	int r;

	if ((r = capture_files_open(files, files_count, say, NULL, &c, &fault)) == SE_FORMAT)
		return no_input(b, mine, files_count);
	if (r < 0) {
		log_error("capture", "%s", fault.text);
		return 1;
	}
	room.data_bytes = room_bytes(SANDBOX_READER, NULL);
	if (sandbox_enter(SANDBOX_READER, &room, &fault) < 0) {
		log_error("reader", "%s", fault.text);
		return 1;
	}
	while (atomic_load_explicit(&board->stop, memory_order_relaxed) == 0 &&
	    capture_next(c, &f) == CAPTURE_FRAME) {
		for (i = 0; i < b->readers; i++)
			put(b, i, &f);
		if (++frames % BATCH != 0)
			continue;
		bell_ring(b->bell);
		capture_progress(c, &done, &total);
		atomic_store(&mine->done_bytes, done);
		atomic_store(&mine->total_bytes, total);
	}
	atomic_store(&mine->faults, capture_faults(c));
	atomic_store(&mine->lost, capture_lost(c));
	for (i = 0; i < b->readers; i++)
		ring_end(b->rings[i]);
	capture_close(c);
	return 0;
}

static enum capture_result
unpack(const void *record, uint32_t len, struct frame *out)
{
	struct parcel p;

	if (len < sizeof p)
		return CAPTURE_END;
	memcpy(&p, record, sizeof p);
	if (p.captured_bytes > len - sizeof p || p.wire_bytes < p.captured_bytes ||
	    p.wire_bytes > CAPTURE_WIRE_MAX || p.ts_ns < 0 || p.ts_ns > CAPTURE_TIME_MAX_NS)
		return CAPTURE_END;
	out->ts_ns = p.ts_ns;
	out->ordinal = p.ordinal;
	out->captured_bytes = p.captured_bytes;
	out->wire_bytes = p.wire_bytes;
	out->link_type = p.link_type;
	out->retimed = p.retimed != 0;
	out->bytes = (const uint8_t *)record + sizeof p;
	return CAPTURE_FRAME;
}

enum capture_result
broadcast_next(struct broadcast *b, unsigned n, struct frame *out)
{
	const void *record;
	uint32_t len, seen = bell_count(b->bell);
	enum ring_state state;

	if (b->holds[n]) {
		ring_done(b->rings[n]);
		b->holds[n] = false;
	}
	state = ring_peek(b->rings[n], &record, &len);
	if (state == RING_EMPTY) {
		bell_wait(b->bell, seen, WAIT_MS);
		return CAPTURE_IDLE;
	}
	if (state != RING_RECORD)
		return CAPTURE_END;
	b->holds[n] = true;
	return unpack(record, len, out);
}
