#include "engine/feeds.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "analyst/selftest.h"
#include "base/log.h"
#include "base/when.h"
#include "engine/image_file.h"
#include "engine/rooms.h"
#include "indicators/allow.h"
#include "indicators/unpack.h"
#include "system/handover.h"
#include "system/process.h"

enum { COMPILE_SEC = 120, TRIES_MAX = 8, NO_FEED = -1 };

struct feeds_job {
	const struct config *config;
	bool live;
	void (*shed)(void *to);
	void *to;
	struct feed_result *results;	/* shared with the compiler */
	size_t results_bytes;
	pid_t pid;			/* 0: has ended, with `status` */
	int status;
	int socket;			/* where the image comes from, or -1 */
	int64_t begun_ns;
	unsigned tries;
	int suspect;			/* feed that was being read when the compiler died, or NO_FEED */
	char keep[CONFIG_TEXT_MAX + 32];	/* where the image is kept for the next start, or "" */
	struct image_made made;
	int file;			/* to write it to, or -1 */
	int kept;			/* the image, as it was found there; or -1 */
};

/* What a compiler is told. */
struct task {
	const struct config *config;
	bool sandboxed, live;
	FILE *const *in;
	struct feed_result *results;
	struct image_made *made;
	int file;			/* or -1 */
};

static int64_t
monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static int64_t
wall_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

/* ---- reading ---- */

static FILE *
open_feed(const struct config_feed *feed, struct feed_result *result)
{
	FILE *in = fopen(feed->path, "re");
	struct stat st;

	if (in != NULL && fstat(fileno(in), &st) == 0 && S_ISDIR(st.st_mode)) {
		fclose(in);
		in = NULL;
		errno = EISDIR;
	}
	if (in == NULL && errno == ENOENT && feed->fetch.url[0] != '\0')
		result->absent = true;
	else if (in == NULL)
		result->code = fault_set(&result->fault, SE_SYSTEM, "feed %s: %s: %s", feed->name,
		    feed->path, strerror(errno));
	else
		result->code = FEED_OPEN;
	return in;
}

static void
open_feeds(const struct config *config, struct feed_result *results, FILE **in)
{
	unsigned i;

	for (i = 0; i < config->feeds_count; i++) {
		in[i] = NULL;
		results[i].absent = false;
		memset(&results[i].summary, 0, sizeof results[i].summary);
		memcpy(results[i].name, config->feeds[i].name, sizeof results[i].name);
		if (results[i].code >= 0)
			in[i] = open_feed(&config->feeds[i], &results[i]);
	}
}

static void
close_feeds(const struct config *config, FILE *const *in)
{
	unsigned i;

	for (i = 0; i < config->feeds_count; i++)
		if (in[i] != NULL)
			fclose(in[i]);
}

/* An entry without dates was seen last when its list was last known to be current; of a file of one's own nobody knows. */
static void
set_terms(struct builder *b, const struct config_feed *f, FILE *in)
{
	struct feed_terms terms = {
		.role_set = f->role > 0, .role = f->role > 0 ? f->role - 1u : 0,
		.confidence = f->confidence, .fetched_ns = WHEN_UNKNOWN,
	};
	struct stat st;

	if (f->fetch.url[0] != '\0' && fstat(fileno(in), &st) == 0)
		terms.fetched_ns = (int64_t)st.st_mtim.tv_sec * NS_PER_SEC;

	builder_set_terms(b, &terms);
}

struct allow *
feeds_open_allow(const struct config *config)
{
	struct allow *a = allow_new();
	struct fault fault;

	if (a == NULL)
		return NULL;
	if (config->allow_shipped && allow_add_shipped(a, config->allow_documentation, &fault) < 0)
		log_warn("feeds", "%s", fault.text);
	if (config->allow_path[0] != '\0' && allow_add_path(a, config->allow_path, &fault) < 0)
		log_warn("feeds", "%s; what follows it is not in force", fault.text);
	return a;
}

/* The builder and the readers open what they need (code pages, domain suffixes, a library to unpack) before the sandbox is set. */
static int
compile(const struct task *t, int *image, struct fault *fault)
{
	const struct config *config = t->config;
	const struct sandbox_room room = { .data_bytes = room_bytes(SANDBOX_COMPILER, config) };
	struct builder *b = builder_new(config->max_indicators);
	struct allow *allow = feeds_open_allow(config);
	unsigned i;
	int r = 0;

	if (b == NULL || allow == NULL) {
		r = fault_set(fault, SE_NOMEM, "feeds: no memory for %u indicators", config->max_indicators);
		goto done;
	}
	builder_set_feed_bytes(b, config->feed_bytes);
	builder_set_allow(b, allow, t->made->made_ns);
	t->made->until_ns = allow_until(allow, t->made->made_ns);
	for (i = 0; i < config->feeds_count; i++)
		if (t->in[i] != NULL)
			unpack_prepare(t->in[i]);
	if (t->sandboxed && (r = sandbox_enter(SANDBOX_COMPILER, &room, fault)) < 0)
		goto done;
	for (i = 0; i < config->feeds_count; i++) {
		const struct config_feed *f = &config->feeds[i];

		if (t->in[i] == NULL)
			continue;
		set_terms(b, f, t->in[i]);
		t->results[i].code = feed_read(t->in[i], f->name,
		    f->format[0] == '\0' ? NULL : f->format, b, &t->results[i].summary,
		    &t->results[i].fault);
	}
	builder_set_terms(b, NULL);
	if (t->live && selftest_put(b) < 0)
		log_warn("feeds", "no room for the indicator of `hansho selftest`");
	r = builder_compile(b, image, fault);
	if (r == 0 && t->file >= 0)
		image_file_write(t->file, t->made, t->results, config->feeds_count, *image);
done:
	builder_free(b);
	allow_free(allow);
	return r;
}

/* ---- in a process of its own ---- */

static int
compiler_main(struct feeds_job *j, FILE *const *in, int socket)
{
	const struct task task = { j->config, true, j->live, in, j->results, &j->made, j->file };
	struct fault fault = { "" };
	int image = -1, r;

	process_mute(STDIN_FILENO);
	process_mute(STDOUT_FILENO);
	if (j->shed != NULL)
		j->shed(j->to);
	r = compile(&task, &image, &fault);
	if (handover_send(socket, fault.text, strlen(fault.text) + 1, image) < 0)
		return 1;
	return r < 0;
}

/* The image of an earlier time, when it is the one that would be made; else there is a file for this one. */
static bool
take_kept(struct feeds_job *j, FILE *const *in)
{
	unsigned i;

	image_file_end(j->keep, j->file);
	j->file = -1;
	j->made.made_ns = wall_clock_ns();
	if (j->keep[0] == '\0' || j->suspect != NO_FEED)
		return false;
	for (i = 0; i < j->config->feeds_count; i++)
		if (j->results[i].code < 0)
			return false;
	image_origin_of(j->config, j->live, in, &j->made.origin);
	if (image_file_load(j->keep, &j->made.origin, j->made.made_ns, j->results, j->config->feeds_count, &j->kept))
		return true;
	if (j->made.origin.lasting)
		j->file = image_file_begin(j->keep);
	return false;
}

static int
start_compiler(struct feeds_job *j, struct fault *fault)
{
	FILE *in[FEEDS_MAX];
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fault_set(fault, SE_SYSTEM, "feeds: socket pair: %s", strerror(errno));
	open_feeds(j->config, j->results, in);
	if (take_kept(j, in)) {
		close_feeds(j->config, in);
		close(pair[0]);
		close(pair[1]);
		return 0;
	}
	if ((j->pid = process_fork("compiler")) == 0) {
		close(pair[0]);
		_exit(compiler_main(j, in, pair[1]));
	}
	close_feeds(j->config, in);
	close(pair[1]);
	if (j->socket >= 0)
		close(j->socket);
	j->socket = pair[0];
	j->tries++;
	j->begun_ns = monotonic_ns();
	if (j->pid > 0)
		return 0;
	j->pid = 0;
	return fault_set(fault, SE_SYSTEM, "feeds: the compiler process could not be started");
}

/* ---- a compiler's death ---- */

/* The first feed that was opened and not read to its end. */
static int
feed_at_death(const struct feeds_job *j)
{
	unsigned i;

	for (i = 0; i < j->config->feeds_count; i++)
		if (j->results[i].code == FEED_OPEN)
			return (int)i;
	return NO_FEED;
}

/* A feed that ends its reader twice is left alone, and named. The others are read again. */
static int
try_again(struct feeds_job *j, struct fault *fault)
{
	char how[128];
	/* Who is killed from outside was not killed by what it read. */
	bool killed = WIFSIGNALED(j->status) && WTERMSIG(j->status) == SIGKILL;
	int at = killed ? NO_FEED : feed_at_death(j);
	unsigned i;

	process_describe_end(j->status, "compiler", how, sizeof how);
	if (j->tries >= TRIES_MAX)
		return fault_set(fault, SE_SYSTEM, "feeds: %s, %u times: giving up", how, j->tries);
	log_warn("feeds", "%s; it begins again", how);
	for (i = 0; i < j->config->feeds_count; i++)
		if (j->results[i].code != SE_STOPPED)
			j->results[i].code = 0;
	if (at != NO_FEED && at == j->suspect)
		j->results[at].code = fault_set(&j->results[at].fault, SE_STOPPED,
		    "feed %s: %s while it read this feed, twice: it is left out", j->results[at].name, how);
	j->suspect = at;
	return start_compiler(j, fault);
}

static void
mend_text(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

/* The compiler has read hostile bytes and is gone: what it left in the shared pages must be texts, with an end. */
static void
mend_results(struct feeds_job *j)
{
	unsigned i, n;

	for (i = 0; i < j->config->feeds_count; i++) {
		struct feed_result *r = &j->results[i];
		struct feed_summary *s = &r->summary;

		memcpy(r->name, j->config->feeds[i].name, sizeof r->name);
		mend_text(r->fault.text, sizeof r->fault.text);
		mend_text(s->format, sizeof s->format);
		if (s->complaints_count > FEED_COMPLAINTS_MAX)
			s->complaints_count = FEED_COMPLAINTS_MAX;
		if (s->refusals_count > FEED_COMPLAINTS_MAX)
			s->refusals_count = FEED_COMPLAINTS_MAX;
		for (n = 0; n < FEED_COMPLAINTS_MAX; n++) {
			mend_text(s->refusals[n].text, sizeof s->refusals[n].text);
			mend_text(s->complaints[n].text, sizeof s->complaints[n].text);
		}
	}
}

static int
finish(struct feeds_job *j, int *image, struct fault *fault)
{
	char words[sizeof fault->text] = "";

	mend_results(j);
	if (j->kept >= 0) {
		*image = j->kept;
		j->kept = -1;
		return 1;
	}
	handover_receive(j->socket, words, sizeof words - 1, image);
	if (*image >= 0) {
		image_file_end(j->keep, j->file);
		j->file = -1;
		return 1;
	}
	if (words[0] != '\0')
		return fault_set(fault, SE_FORMAT, "%s", words);
	return try_again(j, fault);
}

/* ---- the job ---- */

static int
job_new(const struct config *config, bool keep, struct feeds_job **out, struct fault *fault)
{
	struct feeds_job *j;

	*out = NULL;
	if (config->feeds_count > FEEDS_MAX)
		return fault_set(fault, SE_LIMIT, "feeds: %u are configured, at most %d can be",
		    config->feeds_count, (int)FEEDS_MAX);
	if ((j = calloc(1, sizeof *j)) == NULL)
		return fault_set(fault, SE_NOMEM, "feeds: no memory");
	j->config = config;
	j->socket = j->file = j->kept = -1;
	j->suspect = NO_FEED;
	if (!keep || !image_file_path(config, j->keep, sizeof j->keep))
		j->keep[0] = '\0';
	j->results_bytes = (config->feeds_count + 1) * sizeof *j->results;
	j->results = mmap(NULL, j->results_bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (j->results == MAP_FAILED) {
		free(j);
		return fault_set(fault, SE_NOMEM, "feeds: no memory");
	}
	*out = j;
	return 0;
}

void
feeds_job_free(struct feeds_job *j)
{
	if (j == NULL)
		return;
	if (j->pid > 0) {
		kill(j->pid, SIGKILL);
		while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	if (j->socket >= 0)
		close(j->socket);
	if (j->kept >= 0)
		close(j->kept);
	image_file_end(j->keep, j->file);
	munmap(j->results, j->results_bytes);
	free(j);
}

int
feeds_begin(const struct config *config, void (*shed)(void *to), void *to, struct feeds_job **out,
    struct fault *fault)
{
	int r = job_new(config, true, out, fault);

	if (r < 0)
		return r;
	(*out)->live = true;
	(*out)->shed = shed;
	(*out)->to = to;
	if ((r = start_compiler(*out, fault)) < 0) {
		feeds_job_free(*out);
		*out = NULL;
	}
	return r;
}

bool
feeds_job_ended(struct feeds_job *j, pid_t pid, int status)
{
	if (j == NULL || j->pid != pid)
		return false;
	j->pid = 0;
	j->status = status;
	return true;
}

int
feeds_job_look(struct feeds_job *j, int *image, struct fault *fault)
{
	*image = -1;
	if (j->pid == 0)
		return finish(j, image, fault);
	if (monotonic_ns() - j->begun_ns < COMPILE_SEC * NS_PER_SEC)
		return 0;
	return fault_set(fault, SE_LIMIT, "feeds: not compiled within %d s", (int)COMPILE_SEC);
}

const struct feed_result *
feeds_job_results(const struct feeds_job *j)
{
	return j->results;
}

/* ---- and wait for it ---- */

static int
compile_here(struct feeds_job *j, int *image, struct fault *fault)
{
	FILE *in[FEEDS_MAX];
	struct task task = { .config = j->config, .in = in, .results = j->results, .made = &j->made };
	int r = 0;

	open_feeds(j->config, j->results, in);
	if (take_kept(j, in)) {
		*image = j->kept;
		j->kept = -1;
	} else {
		task.file = j->file;
		r = compile(&task, image, fault);
		image_file_end(j->keep, j->file);
		j->file = -1;
	}
	close_feeds(j->config, in);
	return r;
}

static int
compile_apart(struct feeds_job *j, int *image, struct fault *fault)
{
	int r = start_compiler(j, fault);

	while (r == 0) {
		while (j->pid > 0 && waitpid(j->pid, &j->status, 0) < 0 && errno == EINTR)
			continue;
		j->pid = 0;
		r = finish(j, image, fault);
	}
	return r < 0 ? r : 0;
}

int
feeds_compile(const struct config *config, bool in_process, bool keep, struct feed_result *results, int *image,
    struct fault *fault)
{
	struct feeds_job *j;
	int r;

	*image = -1;
	if ((r = job_new(config, keep, &j, fault)) < 0)
		return r;
	r = in_process ? compile_here(j, image, fault) : compile_apart(j, image, fault);
	memcpy(results, j->results, config->feeds_count * sizeof *results);
	feeds_job_free(j);
	return r;
}

unsigned
feeds_report(const struct feed_result *results, unsigned count)
{
	unsigned failed = 0, i;

	for (i = 0; i < count; i++) {
		const struct feed_result *r = &results[i];

		if (r->code >= 0 && r->summary.allowed > 0)
			log_info("feeds", "feed %s: %u entries are on an allow list and not loaded; the first: line %u: %s",
			    r->name, r->summary.allowed, r->summary.refusals[0].line, r->summary.refusals[0].text);
		if (r->code < 0) {
			log_error("feeds", "%s", r->fault.text);
			failed++;
		} else if (r->absent) {
			log_info("feeds", "feed %s was not fetched yet", r->name);
		} else if (r->summary.not_understood > 0) {
			log_warn("feeds", "feed %s (%s): %u of %u lines were not understood; the first: line %u: %s",
			    r->name, r->summary.format, r->summary.not_understood, r->summary.lines,
			    r->summary.complaints[0].line, r->summary.complaints[0].text);
		}
	}
	return failed;
}
