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
#include "engine/analyst.h"
#include "engine/merge.h"
#include "engine/privilege.h"
#include "engine/process.h"
#include "engine/sandbox.h"

enum { MERGE_BATCH = 4096, ANALYST_WAIT_MS = 50, COURIER_WAIT_MS = 50 };

int
house_make(struct house *h, const struct config *config, bool live, unsigned workers, bool once,
    struct fault *fault)
{
	unsigned rings = workers + (live ? 1 : 0), i;
	size_t ring_bytes = (size_t)config->ring_mib << 20;

	memset(h, 0, sizeof *h);
	h->config = config;
	h->live = live;
	h->workers = workers;
	h->image = -1;
	if ((h->board = board_new()) == NULL || (h->bell = bell_new()) == NULL)
		goto no_memory;
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

	for (i = 0; i < WORKERS_MAX + 1; i++)
		ring_free(h->rings[i]);
	broadcast_free(h->broadcast);
	bell_free(h->bell);
	board_free(h->board);
	if (h->image >= 0)
		close(h->image);
	memset(h, 0, sizeof *h);
	h->image = -1;
}

/* ---- the analyst ---- */

static void
take(void *to, const struct observation *o)
{
	analyst_take(to, o);
}

static int64_t
input_end_ns(const struct house *h)
{
	int64_t last = WHEN_UNKNOWN;
	unsigned i;

	for (i = 0; i < h->workers; i++)
		if (h->board->worker[i].counts.last_ns > last)
			last = h->board->worker[i].counts.last_ns;
	return last;
}

static int
analyse(struct house *h, struct analyst *a, struct merge *m)
{
	enum merge_state state;
	uint32_t seen;

	for (;;) {
		seen = bell_count(h->bell);
		state = merge_run(m, MERGE_BATCH, take, a);
		analyst_count(a, &h->board->analyst);
		if (state == MERGE_MORE)
			continue;
		if (state == MERGE_END)
			break;
		if (state == MERGE_DAMAGED) {
			log_error("analyst", "a worker's ring holds what is no observation");
			return 3;
		}
		if (h->live && merge_watermark(m) != INT64_MIN)
			analyst_advance(a, merge_watermark(m));
		analyst_sync(a);
		bell_wait(h->bell, seen, ANALYST_WAIT_MS);
	}
	analyst_finish(a, input_end_ns(h));
	analyst_count(a, &h->board->analyst);
	return 0;
}

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

static int
analyst_main(struct house *h, uint64_t already)
{
	struct geoip *geoip = house_open_geoip(h->config);
	struct journal *journal = NULL;
	struct analyst *a = NULL;
	struct merge *m = NULL;
	struct fault fault;
	int status = 1;

	if (journal_open(h->journal_directory, &h->config->journal, &journal, &fault) < 0 ||
	    sandbox_enter(SANDBOX_ANALYST, &fault) < 0) {
		log_error("analyst", "%s", fault.text);
		goto done;
	}
	if ((a = analyst_new(h->config, journal, geoip, already)) == NULL ||
	    (m = merge_new(h->rings, h->workers + (h->live ? 1 : 0), h->live)) == NULL) {
		log_error("analyst", "no memory for its tables");
		goto done;
	}
	status = analyse(h, a, m);
done:
	merge_free(m);
	analyst_free(a);
	journal_close(journal);
	geoip_close(geoip);
	return status;
}

/* ---- the courier ---- */

void
house_note_sinks(struct board *board, const struct courier *c)
{
	unsigned i;

	board->sink_states_count = courier_states(c, board->sink_states, SINK_STATES_MAX);
	for (i = 0; i < board->sink_states_count; i++) {
		/* The name is a pointer into the courier's memory. */
		snprintf(board->sink_names[i], sizeof board->sink_names[i], "%s",
		    board->sink_states[i].name);
		board->sink_states[i].name = board->sink_names[i];
	}
}

static int
courier_main(struct house *h)
{
	const struct timespec pause = { 0, COURIER_WAIT_MS * 1000000L };
	uint32_t turn = atomic_load(&h->board->courier_turn);
	pid_t parent = getppid();
	struct courier *c;
	struct fault fault;

	signal(SIGTERM, SIG_IGN);
	if ((h->live && privilege_drop_all(&fault) < 0) || courier_open(h->journal_directory,
	    h->config->sinks, h->config->sinks_count, &c, &fault) < 0) {
		log_error("courier", "%s", fault.text);
		return 1;
	}
	while (atomic_load(&h->board->drain) == 0 && getppid() == parent) {
		if (atomic_load(&h->board->courier_turn) != turn) {
			courier_close(c);
			return 0;
		}
		if (!courier_step(c))
			nanosleep(&pause, NULL);
		house_note_sinks(h->board, c);
	}
	atomic_store(&h->board->undelivered, courier_drain(c, h->config->drain_sec * 1000));
	house_note_sinks(h->board, c);
	courier_close(c);
	return 0;
}

/* ---- starting ---- */

int
house_start_courier(struct house *h)
{
	if ((h->courier = process_fork("courier")) == 0)
		_exit(courier_main(h));
	return h->courier < 0 ? SE_SYSTEM : 0;
}

int
house_start_analyst(struct house *h, uint64_t already)
{
	if ((h->analyst = process_fork("analyst")) == 0)
		_exit(analyst_main(h, already));
	return h->analyst < 0 ? SE_SYSTEM : 0;
}

int
house_start_worker(struct house *h, const struct worker_task *task)
{
	if ((h->worker[task->index] = process_fork("worker")) == 0)
		_exit(worker_run(task));
	return h->worker[task->index] < 0 ? SE_SYSTEM : 0;
}

int
house_start_reader(struct house *h, const struct capture_file *files, unsigned count)
{
	if ((h->reader = process_fork("reader")) == 0)
		_exit(broadcast_write(h->broadcast, h->board, files, count));
	return h->reader < 0 ? SE_SYSTEM : 0;
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

	if (pid == h->courier || pid == h->analyst || pid == h->reader)
		snprintf(role, size, "%s", pid == h->courier ? "courier" :
		    pid == h->analyst ? "analyst" : "reader");
	if (pid == h->courier)
		return &h->courier;
	if (pid == h->analyst)
		return &h->analyst;
	if (pid == h->reader)
		return &h->reader;
	for (i = 0; i < h->workers; i++)
		if (pid == h->worker[i]) {
			snprintf(role, size, "worker %u", i);
			return &h->worker[i];
		}
	return NULL;
}
