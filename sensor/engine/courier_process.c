#include "engine/courier_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "fetch/fetch.h"
#include "sinks/courier.h"
#include "system/privilege.h"
#include "system/scratch.h"

enum { COURIER_WAIT_MS = 50 };

/* Nobody else is left to tidy up behind a replay whose supervisor was killed. */
static void
tidy_up(const struct house *h, uint64_t undelivered)
{
	if (h->live)
		return;
	if (undelivered == 0)
		scratch_remove(h->journal_directory);
	else
		log_warn("courier", "the supervisor is gone; what was not delivered lies in %s",
		    h->journal_directory);
}

/* Live only: a replay is to see what its feeds said then. Keys and certificates are read before the sandbox is set. */
static int
open_fetcher(const struct house *h, struct fetcher **out, struct fault *fault)
{
	const struct config *c = h->config;
	struct fetch_feed *feeds = calloc(c->feeds_count + 1, sizeof *feeds);
	char folder[CONFIG_TEXT_MAX + 16];
	unsigned count = 0, i;
	int r = 0;

	*out = NULL;
	if (feeds == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for feeds");
	for (i = 0; i < c->feeds_count && h->live; i++)
		if (c->feeds[i].fetch.url[0] != '\0')
			feeds[count++] = (struct fetch_feed){ c->feeds[i].name, c->feeds[i].format, &c->feeds[i].fetch };
	snprintf(folder, sizeof folder, "%s/feeds", c->state_directory);
	if (count > 0)
		r = fetcher_open(folder, feeds, count, out, fault);
	free(feeds);
	return r;
}

static int
courier_begin(struct house *h, struct fetcher **fetcher, struct courier **c, struct fault *fault)
{
	uint32_t fetch_now;
	bool at_once;
	int r;

	*fetcher = NULL;
	*c = NULL;
	if ((h->live && (r = privilege_drop_all(fault)) < 0) || (r = open_fetcher(h, fetcher, fault)) < 0 ||
	    (r = house_enter_room(h, SANDBOX_COURIER, fault)) < 0 || (r = courier_open(h->journal_directory,
	    h->config->sinks, h->config->sinks_count, c, fault)) < 0)
		return r;
	fetch_now = atomic_load(&h->board->fetch_now);
	at_once = fetch_now != atomic_exchange(&h->board->fetch_seen, fetch_now);
	return *fetcher == NULL ? 0 : fetcher_start(*fetcher, at_once, fault);
}

/* For those who ask how the sensor is. */
static void
tell_sinks(struct board *b, const struct courier *c)
{
	struct sink_state states[SINKS_MAX];
	unsigned count = courier_states(c, states, SINKS_MAX), i;

	for (i = 0; i < count; i++) {
		const struct sink_state *from = &states[i];
		struct board_sink *to = &b->sink[i];

		board_text(to->name, sizeof to->name, from->name);
		board_text(to->last_fault, sizeof to->last_fault, from->last_fault);
		atomic_store(&to->delivered, from->delivered);
		atomic_store(&to->refused, from->refused);
		atomic_store(&to->given_up, from->given_up);
		atomic_store(&to->refused_others, from->refused_others);
		atomic_store(&to->failures, from->failures);
		atomic_store(&to->lost, from->lost);
		atomic_store(&to->failing, from->failing);
		atomic_store(&to->number, from->number);
		atomic_store(&to->caught_up_ns, from->caught_up_ns);
	}
	atomic_store(&b->sinks_count, count);
}

int
courier_main(struct house *h, pid_t parent, uint32_t turn)
{
	struct fetcher *fetcher;
	struct courier *c;
	struct fault fault;
	uint64_t left;
	uint32_t seen;

	if (courier_begin(h, &fetcher, &c, &fault) < 0) {
		log_error("courier", "%s", fault.text);
		return 1;
	}
	atomic_store(&h->board->courier_up, 1);
	for (;;) {
		seen = bell_count(h->call);
		if (atomic_load(&h->board->drain) != 0 || getppid() != parent)
			break;
		if (atomic_load(&h->board->courier_turn) != turn) {
			fetcher_close(fetcher);
			courier_close(c);
			return 0;
		}
		bell_wait(h->call, seen, COURIER_WAIT_MS);
		courier_step(c);
		tell_sinks(h->board, c);
	}
	fetcher_close(fetcher);
	left = courier_drain(c, h->config->drain_sec * 1000);
	tell_sinks(h->board, c);
	atomic_store(&h->board->undelivered, left);
	courier_close(c);
	if (getppid() != parent)
		tidy_up(h, left);
	return 0;
}
