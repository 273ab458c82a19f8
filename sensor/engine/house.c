#include "engine/house.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "beacon/known.h"
#include "config/advice.h"
#include "engine/analyst_process.h"
#include "engine/courier_process.h"
#include "engine/keeper_process.h"
#include "engine/porter.h"
#include "engine/rooms.h"
#include "system/process.h"

int
house_make(struct house *h, const struct config *config, bool live, unsigned workers, bool once,
    bool keeps, struct fault *fault)
{
	unsigned rings = workers + (live ? 1 : 0) + (keeps ? 1 : 0), i;
	size_t ring_bytes = (size_t)config->ring_mib << 20;

	memset(h, 0, sizeof *h);
	h->config = config;
	h->live = live;
	h->workers = workers;
	h->run = live ? 0 : (uint64_t)house_wall_clock_ns();
	h->image = h->door[0] = h->door[1] = -1;
	if (keeps && ((h->kept = ring_new(ring_bytes)) == NULL || (h->keeper_bell = bell_new()) == NULL))
		goto no_memory;
	if ((h->board = board_new()) == NULL || (h->bell = bell_new()) == NULL ||
	    (h->call = bell_new()) == NULL)
		goto no_memory;
	board_put_suppress(h->board, config);
	for (i = 0; i < rings; i++) {
		if ((h->rings[i] = ring_new(ring_bytes)) == NULL)
			goto no_memory;
		ring_attach_bell(h->rings[i], h->bell);
	}
	if (once && (h->broadcast = broadcast_new(workers, ring_bytes)) == NULL)
		goto no_memory;
	return 0;
no_memory:
	house_clear(h);
	return fault_set(fault, SE_NOMEM, "no memory for %u rings of %u MiB", rings, config->ring_mib);
}

void
house_clear(struct house *h)
{
	unsigned i;

	for (i = 0; i < WORKERS_MAX + 2; i++)
		ring_free(h->rings[i]);
	ring_free(h->kept);
	bell_free(h->keeper_bell);
	broadcast_free(h->broadcast);
	bell_free(h->bell);
	bell_free(h->call);
	board_free(h->board);
	house_close_doors(h);
	if (h->image >= 0)
		close(h->image);
	memset(h, 0, sizeof *h);
	h->image = h->door[0] = h->door[1] = -1;
}

void
house_close_doors(struct house *h)
{
	unsigned i;

	for (i = 0; i < 2; i++) {
		if (h->door[i] >= 0)
			close(h->door[i]);
		h->door[i] = -1;
	}
}

/* ---- the supervisor's own observations ---- */

int64_t
house_wall_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

void
house_open_own_ring(struct house *h)
{
	ring_set_watermark(h->rings[h->workers], INT64_MAX);
}

void
house_tell(struct house *h, enum sensor_note n, const struct piece *pieces)
{
	char note[SENSOR_NOTE_MAX];

	house_tell_trouble(h, "", false, note_text(n, h->config->behaviour.language, pieces, note, sizeof note));
}

void
house_tell_trouble(struct house *h, const char *subject, bool over, const char *note)
{
	struct ring *ring = h->rings[h->workers];
	struct observation_buffer b;
	void *room;

	memset(&b.o, 0, sizeof b.o);
	b.o.kind = OBSERVE_SENSOR;
	b.o.phase = PHASE_PACKET;
	b.o.ts_ns = b.o.deadline_ns = house_wall_clock_ns();
	b.o.flow_first_ns = b.o.flow_last_ns = b.o.ts_ns;
	b.o.flags = over ? OBSERVED_OVER : 0;
	observation_add(&b, TEXT_NOTE, span_text(note), SENSOR_NOTE_MAX);
	if (subject[0] != '\0')
		observation_add(&b, TEXT_SERVICE, span_text(subject), 256);
	observation_seal(&b);
	if ((room = ring_reserve(ring, b.o.bytes)) == NULL) {
		log_error("watch", "no room to tell of: %s", note);
		return;
	}
	memcpy(room, &b, b.o.bytes);
	ring_commit(ring);
	bell_ring(h->bell);
}

/* ---- what a child opens before its sandbox ---- */

struct geoip *
house_open_geoip(const struct config *c)
{
	struct geoip *g = NULL;
	struct fault fault;

	if (c->geoip_asn[0] == '\0' && c->geoip_country[0] == '\0')
		return NULL;
	if (geoip_open(c->geoip_asn[0] == '\0' ? NULL : c->geoip_asn,
	    c->geoip_country[0] == '\0' ? NULL : c->geoip_country, &g, &fault) < 0)
		log_warn("geoip", "%s; alerts go without ASN and country", fault.text);
	return g;
}

struct advice *
house_open_advice(const struct config *c)
{
	struct advice *a = NULL;
	struct fault fault;

	if (advice_open(c->advice, &a, &fault) < 0)
		log_warn("cases", "%s; cases go without advice", fault.text);
	return a;
}

struct known *
house_open_known(const struct config *c)
{
	struct known *k = known_new();
	struct fault fault;

	if (k == NULL)
		return NULL;
	if (c->beacon_harmless && known_add_shipped(k, &fault) < 0)
		log_warn("beacon", "%s", fault.text);
	if (c->beacon_allow[0] != '\0' && known_add_file(k, c->beacon_allow, &fault) < 0)
		log_warn("beacon", "%s; what follows it is not in force", fault.text);
	return k;
}

/* The courier of a replay whose supervisor was killed removes the journal's folder, too. */
int
house_enter_room(const struct house *h, enum sandbox which, struct fault *fault)
{
	struct room_plan *plan = malloc(sizeof *plan);
	char parent[sizeof h->journal_directory];
	char *slash;
	int r;

	if (plan == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for the sandbox");
	room_plan(plan, which, h->config, h->journal_directory, h->memory_directory);
	snprintf(parent, sizeof parent, "%s", h->journal_directory);
	if (!h->live && which == SANDBOX_COURIER && (slash = strrchr(parent, '/')) != NULL && slash != parent) {
		*slash = '\0';
		plan->room.tidy = parent;
	}
	r = sandbox_enter(which, &plan->room, fault);
	free(plan);
	return r;
}

/* ---- starting ---- */

static void
close_sinks(const struct house *h)
{
	unsigned i;

	for (i = 0; i < h->config->sinks_count; i++)
		if (h->config->sinks[i].descriptor > STDERR_FILENO)
			close(h->config->sinks[i].descriptor);
}

/* In the child: what hostile bytes might take over holds as little as it can. */
static void
let_go(struct house *h, unsigned worker)
{
	house_close_doors(h);
	process_mute(STDOUT_FILENO);
	close_sinks(h);
	if (h->shed != NULL)
		h->shed(h->shed_to, worker);
}

/* In the child: whoever is taken over writes into no other ring than its own. `own` may be NULL. */
static void
unmap_rings(struct house *h, const struct ring *own)
{
	unsigned i;

	ring_free(h->kept);
	h->kept = NULL;
	for (i = 0; i < WORKERS_MAX + 2; i++) {
		if (h->rings[i] == own)
			continue;
		ring_free(h->rings[i]);
		h->rings[i] = NULL;
	}
}

/* In the keeper. */
static void
unmap_others(struct house *h)
{
	unsigned i;

	for (i = 0; i < WORKERS_MAX + 2; i++)
		if (h->rings[i] != house_keeper_ring(h)) {
			ring_free(h->rings[i]);
			h->rings[i] = NULL;
		}
}

/* In a child that asks no indicators: what it held would outlive each reload. */
static void
drop_image(struct house *h)
{
	if (h->image >= 0)
		close(h->image);
	h->image = -1;
}

static void
unmap_broadcast(struct house *h)
{
	broadcast_free(h->broadcast);
	h->broadcast = NULL;
}

static int
settle(struct house *h, pid_t *place, unsigned on_board, pid_t pid)
{
	*place = pid > 0 ? pid : 0;
	if (pid <= 0)
		return SE_SYSTEM;
	atomic_fetch_add(&h->board->process[on_board].starts, 1);
	return 0;
}

int
house_start_courier(struct house *h)
{
	/* Read before the fork: what changes behind it is the child's to notice. */
	uint32_t turn = atomic_load(&h->board->courier_turn);
	pid_t parent = getpid(), pid = process_fork("courier");

	if (pid == 0) {
		process_mute(STDIN_FILENO);
		house_close_doors(h);
		if (h->shed != NULL)
			h->shed(h->shed_to, WORKERS_MAX);
		unmap_rings(h, NULL);
		unmap_broadcast(h);
		drop_image(h);
		board_keep(h->board, BOARD_COURIER, 0);
		_exit(courier_main(h, parent, turn));
	}
	return settle(h, &h->courier, BOARD_OF_COURIER, pid);
}

int
house_start_analyst(struct house *h, uint64_t already)
{
	pid_t pid = process_fork("analyst");

	if (pid == 0) {
		process_mute(STDIN_FILENO);
		let_go(h, WORKERS_MAX);
		unmap_broadcast(h);
		drop_image(h);
		board_keep(h->board, BOARD_ANALYST, 0);
		_exit(analyst_main(h, already));
	}
	return settle(h, &h->analyst, BOARD_OF_ANALYST, pid);
}

/* ---- the keeper ---- */

struct ring *
house_keeper_ring(const struct house *h)
{
	return h->rings[h->workers + (h->live ? 1 : 0)];
}

/* Live nobody waits for it; in a replay everybody, until it has looked back. */
void
house_open_keeper_ring(struct house *h)
{
	if (h->kept != NULL && h->live)
		ring_set_watermark(house_keeper_ring(h), INT64_MAX);
}

void
house_end_keeper_ring(struct house *h)
{
	if (h->kept == NULL)
		return;
	ring_set_watermark(house_keeper_ring(h), INT64_MAX);
	ring_end(house_keeper_ring(h));
}

void
house_turn_keeper(struct house *h)
{
	if (h->kept == NULL)
		return;
	atomic_fetch_add(&h->board->keeper_turn, 1);
	bell_ring(h->keeper_bell);
}

int
house_start_keeper(struct house *h)
{
	uint32_t turn = atomic_load(&h->board->keeper_turn);
	pid_t pid = process_fork("keeper");

	if (pid == 0) {
		process_mute(STDIN_FILENO);
		let_go(h, WORKERS_MAX);
		unmap_others(h);
		unmap_broadcast(h);
		board_keep(h->board, BOARD_KEEPER, 0);
		_exit(keeper_main(h, turn));
	}
	return settle(h, &h->keeper, BOARD_OF_KEEPER, pid);
}

int
house_start_porter(struct house *h)
{
	pid_t parent = getpid(), pid = process_fork("porter");

	if (pid == 0) {
		int door[2] = { h->door[0], h->door[1] };

		process_mute(STDIN_FILENO);
		h->door[0] = h->door[1] = -1;
		let_go(h, WORKERS_MAX);
		h->door[0] = door[0];
		h->door[1] = door[1];
		unmap_rings(h, NULL);
		drop_image(h);
		board_keep(h->board, BOARD_NOTHING, 0);
		_exit(porter_main(h, parent));
	}
	return settle(h, &h->porter, BOARD_OF_PORTER, pid);
}

int
house_start_worker(struct house *h, const struct worker_task *task)
{
	pid_t pid = process_fork("worker");

	if (pid == 0) {
		process_mute(STDIN_FILENO);
		let_go(h, task->index);
		unmap_rings(h, task->ring);
		broadcast_keep(h->broadcast, task->index);
		board_keep(h->board, BOARD_WORKERS, task->index);
		if (h->pin.processors > 0)
			pin_worker(&h->pin, task->index);
		_exit(worker_run(task));
	}
	return settle(h, &h->worker[task->index], BOARD_OF_WORKER + task->index, pid);
}

int
house_start_reader(struct house *h, const struct capture_file *files, unsigned count)
{
	pid_t pid = process_fork("reader");

	if (pid == 0) {
		let_go(h, WORKERS_MAX);
		unmap_rings(h, NULL);
		drop_image(h);
		board_keep(h->board, BOARD_WORKERS, 0);
		_exit(broadcast_write(h->broadcast, h->board, files, count));
	}
	h->reader = pid > 0 ? pid : 0;
	return pid > 0 ? 0 : SE_SYSTEM;
}

void
house_drain(struct house *h)
{
	atomic_store(&h->board->drain, 1);
	bell_ring(h->call);
}

void
house_turn_courier(struct house *h)
{
	atomic_fetch_add(&h->board->courier_turn, 1);
	bell_ring(h->call);
}

void
house_kill(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	*pid = 0;
}

pid_t *
house_find(struct house *h, pid_t pid, char *role, size_t size)
{
	unsigned i;

	const struct {
		const char *name;
		pid_t *place;
	} roles[] = { { "courier", &h->courier }, { "analyst", &h->analyst }, { "keeper", &h->keeper },
		{ "porter", &h->porter },
		{ "reader", &h->reader } };

	for (i = 0; i < sizeof roles / sizeof *roles; i++)
		if (*roles[i].place == pid) {
			snprintf(role, size, "%s", roles[i].name);
			return roles[i].place;
		}
	for (i = 0; i < h->workers; i++)
		if (pid == h->worker[i]) {
			snprintf(role, size, "worker %u", i);
			return &h->worker[i];
		}
	return NULL;
}
