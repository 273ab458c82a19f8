#include "engine/refresh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "engine/house.h"
#include "fetch/store.h"

enum { LOOK_SEC = 1, AGE_SEC = 60, DAY_SEC = 86400, HOUR_SEC = 3600 };

/* What is known of a feed, by its place in the configuration that is in force. */
struct known {
	char name[FETCH_NAME_MAX];
	uint32_t entries;
	ino_t inode;			/* which a touch leaves as it is */
	int64_t absent_since_ns;	/* never fetched: seen first then */
	bool told;
};

struct refresh {
	struct config trial;
	struct config_feed feeds[FEEDS_MAX];
	bool candidate[FEEDS_MAX];
	struct known known[FEEDS_MAX];
	char folder[CONFIG_TEXT_MAX + 16];
	int64_t next_look_ns, next_age_ns;
};

static int64_t
monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static bool
is_fetched(const struct config_feed *f)
{
	return f->fetch.url[0] != '\0';
}

struct refresh *
refresh_new(void)
{
	struct refresh *r = calloc(1, sizeof *r);
	unsigned i;

	for (i = 0; r != NULL && i < FEEDS_MAX; i++)
		r->known[i].entries = REFRESH_UNKNOWN;
	return r;
}

void
refresh_free(struct refresh *r)
{
	free(r);
}

/* ---- the verdict ---- */

int
refresh_verdict(const struct config_feed *feed, uint32_t before, const struct feed_result *result,
    struct fault *why)
{
	uint32_t now = result->summary.loaded;

	if (result->code < 0)
		return fault_set(why, SE_FORMAT, "%s", result->fault.text);
	if (now < feed->min_entries)
		return fault_set(why, SE_FORMAT, "feed %s: has %u entries: expected at least %u (min_entries)",
		    feed->name, now, feed->min_entries);
	/* The right header and none at all: that is how such lists say "nothing". */
	if (before == REFRESH_UNKNOWN || now >= before || now == 0 || feed->shrink_percent >= 100)
		return 0;
	if ((uint64_t)now * 100 > (uint64_t)before * (100 - feed->shrink_percent))
		return 0;
	return fault_set(why, SE_FORMAT, "feed %s: has %u entries, the last good file has %u: shrunk by %u %% or more "
	    "(shrink_percent); if that is right: hansho feed update --force %s", feed->name, now, before,
	    feed->shrink_percent, feed->name);
}

/* ---- candidates ---- */

static struct known *
known_of(struct refresh *r, const char *name)
{
	unsigned i;

	for (i = 0; i < FEEDS_MAX; i++)
		if (strcmp(r->known[i].name, name) == 0)
			return &r->known[i];
	return NULL;
}

static bool
set_path(const struct refresh *r, struct config_feed *f, const char *ending)
{
	char path[STORE_PATH_MAX];

	if (!store_path(path, r->folder, f->name, ending) || strlen(path) >= sizeof f->path)
		return false;
	memcpy(f->path, path, strlen(path) + 1);
	return true;
}

/* The file that will be compiled: another than last time? Noted at once, so that one that cannot be used is tried once. */
static bool
is_other_file(struct refresh *r, const struct config_feed *f)
{
	struct known *k = known_of(r, f->name);
	struct stat st;

	if (k == NULL || stat(f->path, &st) < 0 || st.st_ino == k->inode)
		return false;
	k->inode = st.st_ino;
	return true;
}

/* Also one that was left by a supervisor that did not come to its end. */
static bool
take_candidate(struct refresh *r, unsigned i)
{
	struct config_feed *f = &r->feeds[i];
	char path[STORE_PATH_MAX];

	store_take(r->folder, f->name, STORE_NEW, STORE_TRIAL);
	r->candidate[i] = store_path(path, r->folder, f->name, STORE_TRIAL) && access(path, R_OK) == 0 &&
	    set_path(r, f, STORE_TRIAL);
	return r->candidate[i];
}

bool
refresh_look(struct refresh *r, const struct config *config)
{
	int64_t now_ns = monotonic_ns();
	bool found = false;
	unsigned i;

	if (now_ns < r->next_look_ns || config->feeds_count > FEEDS_MAX)
		return false;
	r->next_look_ns = now_ns + LOOK_SEC * NS_PER_SEC;
	r->trial = *config;
	r->trial.feeds = r->feeds;
	if (config->feeds_count > 0)
		memcpy(r->feeds, config->feeds, config->feeds_count * sizeof *r->feeds);
	memset(r->candidate, 0, sizeof r->candidate);
	snprintf(r->folder, sizeof r->folder, "%s/feeds", config->state_directory);
	for (i = 0; i < config->feeds_count; i++)
		if (is_fetched(&r->feeds[i])) {
			found = take_candidate(r, i) || found;
			found = is_other_file(r, &r->feeds[i]) || found;
		}
	return found;
}

const struct config *
refresh_config(const struct refresh *r)
{
	return &r->trial;
}

static void
back_to_last_good(struct refresh *r, unsigned i)
{
	struct config_feed *f = &r->feeds[i];

	r->candidate[i] = false;
	set_path(r, f, NULL);
}

static void
hold_back(struct refresh *r, unsigned i, const char *why)
{
	char before[STORE_WHY_MAX];

	/* Said once, however often it comes again. */
	log_line(strncmp(store_read_held(r->folder, r->feeds[i].name, before), why, sizeof before - 1) == 0 ?
	    LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "feeds", "held back: %s; the last good file stays in force", why);
	store_reject(r->folder, r->feeds[i].name, STORE_TRIAL, why);
	back_to_last_good(r, i);
	is_other_file(r, &r->feeds[i]);
}

static void
put_in_place(struct refresh *r, unsigned i, const struct feed_result *result)
{
	const struct known *k = known_of(r, r->feeds[i].name);
	struct fault fault;

	if (store_promote(r->folder, r->feeds[i].name, STORE_TRIAL, &fault) < 0)
		log_error("feeds", "%s", fault.text);
	else if (k == NULL || k->entries == REFRESH_UNKNOWN)
		log_info("feeds", "feed %s renewed: %u entries", r->feeds[i].name, result->summary.loaded);
	else
		log_info("feeds", "feed %s renewed: %u entries, before %u", r->feeds[i].name,
		    result->summary.loaded, k->entries);
	back_to_last_good(r, i);
}

bool
refresh_judge(struct refresh *r, const struct feed_result *results)
{
	const struct known *k;
	struct fault why;
	bool well = true;
	unsigned i;

	for (i = 0; i < r->trial.feeds_count; i++) {
		if (!r->candidate[i])
			continue;
		k = known_of(r, r->feeds[i].name);
		if (results == NULL)
			fault_set(&why, SE_FORMAT, "feed %s: with it the feeds could not be compiled", r->feeds[i].name);
		else if (refresh_verdict(&r->feeds[i], k == NULL ? REFRESH_UNKNOWN : k->entries, &results[i], &why) == 0)
			continue;
		hold_back(r, i, why.text);
		well = false;
	}
	for (i = 0; well && i < r->trial.feeds_count; i++)
		if (r->candidate[i])
			put_in_place(r, i, &results[i]);
	return well;
}

/* ---- what is in force ---- */

void
refresh_in_force(struct refresh *r, const struct config *config, const struct feed_result *results)
{
	struct known fresh[FEEDS_MAX];
	unsigned i;

	memset(fresh, 0, sizeof fresh);
	for (i = 0; i < config->feeds_count && i < FEEDS_MAX; i++) {
		const struct config_feed *f = &config->feeds[i];
		const struct known *old = known_of(r, f->name);
		struct known *k = &fresh[i];
		struct stat st;

		if (!is_fetched(f))
			continue;
		memcpy(k->name, f->name, sizeof k->name);
		k->told = old != NULL && old->told;
		k->absent_since_ns = old != NULL ? old->absent_since_ns : 0;
		k->entries = results[i].code == 0 && !results[i].absent ? results[i].summary.loaded : REFRESH_UNKNOWN;
		/* What was noted before stands: at worst it is compiled once more. */
		if (old != NULL)
			k->inode = old->inode;
		else if (stat(f->path, &st) == 0)
			k->inode = st.st_ino;
	}
	memcpy(r->known, fresh, sizeof r->known);
}

/* ---- age ---- */

int64_t
refresh_age_sec(const struct config_feed *feed, int64_t now_ns)
{
	struct stat st;
	int64_t age;

	if (stat(feed->path, &st) < 0)
		return -1;
	age = now_ns / NS_PER_SEC - (int64_t)st.st_mtim.tv_sec;
	return age < 0 ? 0 : age;
}

int64_t
refresh_age_limit_sec(const struct config_feed *feed)
{
	int64_t three = (int64_t)3 * feed->fetch.interval_sec;

	if (feed->max_age_hours > 0)
		return (int64_t)feed->max_age_hours * HOUR_SEC;
	return three > DAY_SEC ? three : DAY_SEC;
}

/* One that was never fetched is as old as we know it. */
static int64_t
age_of(struct known *k, const struct config_feed *f, int64_t now_ns)
{
	int64_t age = refresh_age_sec(f, now_ns);

	if (age >= 0)
		return age;
	if (k->absent_since_ns == 0)
		k->absent_since_ns = now_ns;
	return (now_ns - k->absent_since_ns) / NS_PER_SEC;
}

/* Is it too old? */
static bool
mind_feed(struct refresh *r, const struct config *config, const struct config_feed *f, int64_t now_ns, struct house *house)
{
	struct known *k = known_of(r, f->name);
	char hours[24], subject[FETCH_NAME_MAX + 32];
	struct note_words words;
	struct store_state state;
	int64_t age;

	if (k == NULL)
		return false;
	age = age_of(k, f, now_ns);
	snprintf(subject, sizeof subject, "feed %s is too old", f->name);
	if (age <= refresh_age_limit_sec(f)) {
		if (k->told)
			house_tell_trouble(house, subject, true, note_text(NOTE_FEED_RENEWED, config->behaviour.language, NULL,
			    words.text[0], sizeof words.text[0]));
		k->told = false;
		return false;
	}
	store_read_state(r->folder, f->name, &state);
	snprintf(hours, sizeof hours, "%lld", (long long)(age / HOUR_SEC));
	note_words(NOTE_FEED_OLD, (const struct piece[]){ { "feed", f->name }, { "hours", hours },
	    { "why", state.fault[0] == '\0' ? NULL : state.fault }, { "held", state.fault[0] == '\0' ? "" : NULL }, { NULL, NULL } },
	    &words);
	if (!k->told)
		log_warn("feeds", "%s", words.text[LANGUAGE_EN]);
	k->told = true;
	house_tell_trouble(house, subject, false, words.text[config->behaviour.language]);
	return true;
}

void
refresh_mind_age(struct refresh *r, const struct config *config, int64_t now_ns, struct house *house)
{
	int64_t clock_ns = monotonic_ns();
	bool any = false;
	unsigned i;

	if (clock_ns < r->next_age_ns)
		return;
	r->next_age_ns = clock_ns + AGE_SEC * NS_PER_SEC;
	snprintf(r->folder, sizeof r->folder, "%s/feeds", config->state_directory);
	for (i = 0; i < config->feeds_count; i++)
		if (is_fetched(&config->feeds[i]) && mind_feed(r, config, &config->feeds[i], now_ns, house))
			any = true;
	atomic_store(&house->board->trouble[TROUBLE_FEED], any);
}
