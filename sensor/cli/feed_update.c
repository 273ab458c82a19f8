#include "cli/feed.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "engine/refresh.h"
#include "fetch/store.h"
#include "system/privilege.h"

static const atomic_bool never = false;

/* What became of one. */
struct became {
	const char *what;		/* "renewed", "unchanged", "held back", "failed" */
	char why[sizeof((struct fault *)0)->text];
	uint32_t before, entries;
	uint64_t bytes;
};

/* ---- the folder ---- */

/* Made by root it goes to whoever has the state directory. */
static int
make_folder(const struct config *c, const char *folder, struct fault *fault)
{
	struct stat st;
	int r;

	if (stat(folder, &st) == 0)
		return 0;
	if ((r = privilege_make_directory(folder, "", fault)) < 0)
		return r;
	if (geteuid() == 0 && stat(c->state_directory, &st) == 0 && lchown(folder, st.st_uid, st.st_gid) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: cannot be given to its owner: %s", folder, strerror(errno));
	return 0;
}

/* What comes from outside is not read as root when the folder is somebody else's. */
static int
become_owner(const char *folder, struct fault *fault)
{
	struct stat st;

	if (geteuid() != 0 || stat(folder, &st) < 0 || st.st_uid == 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) < 0)
		return fault_set(fault, SE_SYSTEM, "cannot give up root for the owner of %s: %s", folder, strerror(errno));
	return 0;
}

/* ---- one feed ---- */

static int
compile_one(const struct config *c, const struct config_feed *feed, const char *path, struct feed_result *result,
    struct fault *fault)
{
	struct config alone = *c;
	struct config_feed f = *feed;
	int image = -1, r;

	snprintf(f.path, sizeof f.path, "%s", path);
	alone.feeds = &f;
	alone.feeds_count = 1;
	memset(result, 0, sizeof *result);
	r = feeds_compile(&alone, false, false, result, &image, fault);
	if (image >= 0)
		close(image);
	return r;
}

static void
judge(const struct config *c, const struct config_feed *feed, const char *folder, bool force, struct became *o)
{
	struct feed_result old, fresh;
	struct fault fault = { "" };
	char path[STORE_PATH_MAX];
	int r;

	o->before = REFRESH_UNKNOWN;
	if (compile_one(c, feed, feed->path, &old, &fault) == 0 && old.code == 0 && !old.absent)
		o->before = old.summary.loaded;
	store_path(path, folder, feed->name, STORE_OWN);
	if ((r = compile_one(c, feed, path, &fresh, &fault)) == 0)
		r = refresh_verdict(feed, force && fresh.code == 0 ? REFRESH_UNKNOWN : o->before, &fresh, &fault);
	if (r == 0)
		r = store_promote(folder, feed->name, STORE_OWN, &fault);
	else
		store_reject(folder, feed->name, STORE_OWN, fault.text);
	o->entries = fresh.summary.loaded;
	o->what = r == 0 ? "renewed" : "held back";
	memcpy(o->why, fault.text, sizeof o->why);
}

static bool
asked_to_wait(const struct config_feed *feed, const char *folder, struct became *o)
{
	struct store_state state;
	char buf[32];
	int64_t now = (int64_t)time(NULL);

	store_read_state(folder, feed->name, &state);
	if (state.asked_until <= now)
		return false;
	snprintf(o->why, sizeof o->why, "feed %s: the server asked not to be asked for another %s (Retry-After): --force does",
	    feed->name, feed_span_text(state.asked_until - now, buf));
	return true;
}

static void
update_one(const struct config *c, const struct config_feed *feed, const char *folder, bool force, struct became *o)
{
	const struct fetch_feed ask = { feed->name, feed->format, &feed->fetch };
	struct fetch_secrets *secrets = NULL;
	struct fetch_result result = { FETCH_SAME, 0, 0, false };
	struct fault fault = { "" };
	int r;

	memset(o, 0, sizeof *o);
	o->what = "failed";
	if (!force && asked_to_wait(feed, folder, o))
		return;
	if ((r = fetch_secrets_read(&ask, &secrets, &fault)) == 0)
		r = fetch_now(folder, &ask, secrets, STORE_OWN, &never, &result, &fault);
	fetch_secrets_free(secrets);
	o->bytes = result.bytes;
	memcpy(o->why, fault.text, sizeof o->why);
	if (r < 0)
		return;
	o->what = "unchanged";
	if (result.outcome == FETCH_NEW)
		judge(c, feed, folder, force, o);
}

/* ---- telling ---- */

static void
tell(const struct feed_request *q, const struct config_feed *feed, const struct became *o)
{
	cJSON *j;

	if (!q->json) {
		printf("%-20s %s", feed->name, o->what);
		if (strcmp(o->what, "renewed") == 0)
			printf(": %u entries", o->entries);
		if (strcmp(o->what, "renewed") == 0 && o->before != REFRESH_UNKNOWN)
			printf(", before %u", o->before);
		printf("%s%s\n", o->why[0] == '\0' ? "" : ": ", o->why);
		return;
	}
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "feed", feed->name);
	cJSON_AddStringToObject(j, "result", o->what);
	cJSON_AddNumberToObject(j, "bytes", (double)o->bytes);
	if (strcmp(o->what, "renewed") == 0 || strcmp(o->what, "held back") == 0)
		cJSON_AddNumberToObject(j, "entries", o->entries);
	if (o->why[0] != '\0')
		cJSON_AddStringToObject(j, "why", o->why);
	feed_print_json(j);
}

static bool
is_wanted(const struct feed_request *q, const struct config_feed *f)
{
	int i;

	if (f->fetch.url[0] == '\0')
		return false;
	for (i = 0; i < q->words_count; i++)
		if (strcmp(q->words[i], f->name) == 0)
			return true;
	return q->words_count == 0;
}

static bool
are_names_known(const struct feed_request *q, const struct config *c)
{
	unsigned k;
	int i;

	for (i = 0; i < q->words_count; i++) {
		for (k = 0; k < c->feeds_count; k++)
			if (c->feeds[k].fetch.url[0] != '\0' && strcmp(c->feeds[k].name, q->words[i]) == 0)
				break;
		if (k < c->feeds_count)
			continue;
		fprintf(stderr, "hansho: feed update: %s: expected the name of a configured feed with a url\n", q->words[i]);
		return false;
	}
	return true;
}

int
feed_update(const struct feed_request *q, const struct config *c)
{
	char folder[CONFIG_TEXT_MAX + 16];
	struct fault fault;
	struct became o;
	unsigned i, asked = 0;
	int status = 0;

	if (!are_names_known(q, c))
		return 2;
	snprintf(folder, sizeof folder, "%s/feeds", c->state_directory);
	if (make_folder(c, folder, &fault) < 0 || become_owner(folder, &fault) < 0) {
		fprintf(stderr, "hansho: feed update: %s\n", fault.text);
		return 1;
	}
	for (i = 0; i < c->feeds_count; i++) {
		if (!is_wanted(q, &c->feeds[i]))
			continue;
		asked++;
		update_one(c, &c->feeds[i], folder, q->force, &o);
		tell(q, &c->feeds[i], &o);
		fflush(stdout);
		if (strcmp(o.what, "renewed") != 0 && strcmp(o.what, "unchanged") != 0)
			status = 1;
	}
	if (asked == 0)
		fprintf(stderr, "hansho: feed update: no feed with a url is configured\n");
	return status;
}
