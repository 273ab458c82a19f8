#include "engine/watch_state.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "engine/delivery.h"
#include "engine/eve_files.h"
#include "system/process.h"

enum { AGES_SEC = 10 };

/* In a compiler. */
static void
shed_all(void *to)
{
	struct watch *w = to;

	board_keep(w->house.board, BOARD_NOTHING, 0);
	posts_shed(w->posts, WORKERS_MAX);
	eve_files_close(w->options->config);
	eve_files_close(&w->fresh);
}

/* ---- what the board says of feeds ---- */

/* `config` was compiled; `in_force`: and is what matches are made of. */
static void
note_feeds(struct board *b, const struct config *config, const struct feed_result *results, bool in_force)
{
	unsigned i;

	for (i = 0; i < config->feeds_count && i < FEEDS_MAX; i++) {
		struct board_feed *to = &b->feed[i];

		atomic_store(&to->well, results[i].code == 0 && !results[i].absent);
		if (!in_force)
			continue;
		board_text(to->name, sizeof to->name, config->feeds[i].name);
		atomic_store(&to->entries, results[i].code == 0 ? results[i].summary.loaded : 0);
		atomic_store(&to->refused, results[i].code == 0 ? results[i].summary.not_understood : 0);
	}
	if (in_force)
		atomic_store(&b->feeds_count, i);
}

/* The time of change of a feed's file is when it was last known to be current, whoever renews it. */
static void
note_ages(struct watch *w)
{
	const struct config *c = w->options->config;
	int64_t now_ns = back_off_clock_ns();
	struct stat st;
	unsigned i;

	if (now_ns < w->next_ages_ns)
		return;
	w->next_ages_ns = now_ns + AGES_SEC * NS_PER_SEC;
	for (i = 0; i < c->feeds_count && i < FEEDS_MAX; i++)
		atomic_store(&w->house.board->feed[i].renewed_sec, stat(c->feeds[i].path, &st) == 0 ?
		    (int64_t)st.st_mtim.tv_sec : 0);
}

/* ---- reload ---- */

static void
say_restart_needed(const struct config *old, const struct config *fresh)
{
	bool changed = old->home_count != fresh->home_count ||
	    memcmp(old->home, fresh->home, old->home_count * sizeof *old->home) != 0 ||
	    old->relays_count != fresh->relays_count ||
	    (old->relays_count > 0 &&
	    memcmp(old->relays, fresh->relays, old->relays_count * sizeof *old->relays) != 0) ||
	    memcmp(&old->capture, &fresh->capture, sizeof old->capture) != 0 ||
	    memcmp(&old->flow, &fresh->flow, sizeof old->flow) != 0 ||
	    memcmp(&old->beacon, &fresh->beacon, sizeof old->beacon) != 0 ||
	    memcmp(&old->alert, &fresh->alert, sizeof old->alert) != 0 ||
	    memcmp(&old->cases, &fresh->cases, sizeof old->cases) != 0 ||
	    memcmp(&old->blindness, &fresh->blindness, sizeof old->blindness) != 0 ||
	    strcmp(old->metrics_listen, fresh->metrics_listen) != 0 || old->workers != fresh->workers || old->records != fresh->records;

	if (changed)
		log_warn("watch", "home, relays, capture, limits, beacon, alerts, cases, blindness, metrics, workers or records changed: "
		    "they take effect at the next start; feeds, sinks and suppress are in force now");
}

void
watch_reload(struct watch *w)
{
	struct fault fault;

	if (w->job != NULL) {
		w->reload_again = true;
		return;
	}
	log_info("watch", "reading configuration and feeds again");
	manager_reloading(true);
	if (!w->options->reread(w->options->to, &w->fresh)) {
		log_info("watch", "the configuration in force stays");
		manager_reloading(false);
		config_clear(&w->fresh);
		return;
	}
	delivery_settle(&w->fresh);
	if (eve_files_reopen(&w->fresh, w->options->config, &fault) < 0 ||
	    feeds_begin(&w->fresh, shed_all, w, &w->job, &fault) < 0) {
		log_error("watch", "%s; the configuration in force stays", fault.text);
		manager_reloading(false);
		eve_files_close(&w->fresh);
		config_clear(&w->fresh);
	}
}

/* Better old indicators than none: a feed that cannot be read must not take its own away. */
static void
take_feeds(struct watch *w, const struct config *config, int image)
{
	const struct feed_result *results = feeds_job_results(w->job);

	refresh_in_force(w->refresh, config, results);
	if (feeds_report(results, config->feeds_count) > 0) {
		note_feeds(w->house.board, config, results, false);
		log_warn("watch", "the indicators in force stay");
		close(image);
		return;
	}
	note_feeds(w->house.board, config, results, true);
	w->next_ages_ns = 0;
	posts_take_image(w->posts, image);
}

static void
take_config(struct watch *w)
{
	say_restart_needed(w->options->config, &w->fresh);
	/* The processes have their own copy since the fork: the old one can go. */
	eve_files_close(w->options->config);
	config_clear(w->options->config);
	*w->options->config = w->fresh;
	memset(&w->fresh, 0, sizeof w->fresh);
	board_put_suppress(w->house.board, w->options->config);
	house_turn_courier(&w->house);
	house_turn_keeper(&w->house);
	log_info("watch", "configuration and feeds are in force");
	manager_reloading(false);
}

/* `r`: what the job came to. */
static void
end_reload(struct watch *w, int r, int image, const struct fault *fault)
{
	if (r < 0)
		log_error("watch", "%s; the indicators in force stay", fault->text);
	else
		take_feeds(w, &w->fresh, image);
	feeds_job_free(w->job);
	w->job = NULL;
	atomic_fetch_add(&w->house.board->fetch_now, 1);
	take_config(w);
}

/* ---- what was fetched ---- */

static void
compile_fetched(struct watch *w)
{
	struct fault fault;

	w->refreshing = true;
	if (feeds_begin(refresh_config(w->refresh), shed_all, w, &w->job, &fault) == 0)
		return;
	w->refreshing = false;
	log_error("watch", "%s; the indicators in force stay", fault.text);
}

/* What is held back is left out, and the rest compiled again: once, for then there is no candidate. */
static void
end_refresh(struct watch *w, int r, int image, const struct fault *fault)
{
	bool well;

	if (r < 0)
		log_error("watch", "%s; the indicators in force stay", fault->text);
	well = refresh_judge(w->refresh, r < 0 ? NULL : feeds_job_results(w->job));
	if (r >= 0 && well)
		take_feeds(w, w->options->config, image);
	else if (image >= 0)
		close(image);
	feeds_job_free(w->job);
	w->job = NULL;
	w->refreshing = false;
	if (!well && !w->stopping)
		compile_fetched(w);
}

static void
tend_fetched(struct watch *w)
{
	if (w->stopping || w->job != NULL)
		return;
	if (refresh_look(w->refresh, w->options->config))
		compile_fetched(w);
	refresh_mind_age(w->refresh, w->options->config, house_wall_clock_ns(), &w->house);
}

static void
tend_job(struct watch *w)
{
	struct fault fault;
	int image, r;

	if (w->job == NULL || (r = feeds_job_look(w->job, &image, &fault)) == 0)
		return;
	if (w->refreshing)
		end_refresh(w, r, image, &fault);
	else
		end_reload(w, r, image, &fault);
	if (w->job != NULL)
		return;
	if (w->reload_again && !w->stopping)
		watch_reload(w);
	w->reload_again = false;
}

int
watch_first_feeds(struct watch *w, struct fault *fault)
{
	struct config *c = w->options->config;
	int status, r;
	pid_t pid;

	if ((r = feeds_begin(c, shed_all, w, &w->job, fault)) < 0)
		return r;
	while ((r = feeds_job_look(w->job, &w->house.image, fault)) == 0) {
		manager_starting(w->manager);
		if (process_wait(WATCH_WAIT_MS).stop)
			w->stopping = true;
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			feeds_job_ended(w->job, pid, status);
		if (w->stopping)
			break;
	}
	if (r == 1) {
		feeds_report(feeds_job_results(w->job), c->feeds_count);
		note_feeds(w->house.board, c, feeds_job_results(w->job), true);
		refresh_in_force(w->refresh, c, feeds_job_results(w->job));
	}
	feeds_job_free(w->job);
	w->job = NULL;
	return r;
}

void
watch_tend_feeds(struct watch *w)
{
	tend_job(w);
	tend_fetched(w);
	note_ages(w);
}
