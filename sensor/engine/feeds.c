#include "engine/feeds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/handover.h"
#include "engine/process.h"
#include "engine/sandbox.h"

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
	if (in == NULL)
		result->code = fault_set(&result->fault, SE_SYSTEM, "feed %s: %s: %s", feed->name,
		    feed->path, strerror(errno));
	return in;
}

/* The builder opens what its readers need (code pages, domain suffixes): it is made before the sandbox is set. */
static int
compile(const struct config *config, bool sandboxed, FILE *const *in, struct feed_result *results,
    int *image, struct fault *fault)
{
	struct builder *b = builder_new(config->max_indicators);
	unsigned i;
	int r = 0;

	if (b == NULL)
		return fault_set(fault, SE_NOMEM, "feeds: no memory for %u indicators",
		    config->max_indicators);
	if (sandboxed && (r = sandbox_enter(SANDBOX_COMPILER, fault)) < 0)
		goto done;
	for (i = 0; i < config->feeds_count; i++) {
		const struct config_feed *f = &config->feeds[i];

		if (in[i] != NULL)
			results[i].code = feed_read(in[i], f->name,
			    f->format[0] == '\0' ? NULL : f->format, b, &results[i].summary,
			    &results[i].fault);
	}
	r = builder_compile(b, image, fault);
done:
	builder_free(b);
	return r;
}

/* ---- in a process of its own ---- */

static int
compiler_main(const struct config *config, FILE *const *in, struct feed_result *results, int socket)
{
	struct fault fault = { "" };
	int image = -1, r;

	r = compile(config, true, in, results, &image, &fault);
	if (handover_send(socket, fault.text, strlen(fault.text) + 1, image) < 0)
		return 1;
	return r < 0;
}

static int
compile_apart(const struct config *config, FILE *const *in, struct feed_result *results, int *image,
    struct fault *fault)
{
	int pair[2], status = 0;
	char words[sizeof fault->text] = "";
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fault_set(fault, SE_SYSTEM, "feeds: socket pair: %s", strerror(errno));
	if ((pid = process_fork("compiler")) == 0) {
		close(pair[0]);
		_exit(compiler_main(config, in, results, pair[1]));
	}
	close(pair[1]);
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			continue;
	*image = -1;
	if (pid > 0)
		handover_receive(pair[0], words, sizeof words - 1, image);
	close(pair[0]);
	if (*image >= 0)
		return 0;
	if (words[0] != '\0')
		return fault_set(fault, SE_FORMAT, "%s", words);
	return fault_set(fault, SE_SYSTEM, "feeds: the compiler process %s %d",
	    WIFSIGNALED(status) ? "was ended by signal" : "ended with status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int
feeds_compile(const struct config *config, bool in_process, struct feed_result *results, int *image,
    struct fault *fault)
{
	size_t size = (config->feeds_count + 1) * sizeof *results;
	struct feed_result *shared;
	FILE *in[FEEDS_MAX] = { NULL };
	unsigned i;
	int r;

	*image = -1;
	if (config->feeds_count > FEEDS_MAX)
		return fault_set(fault, SE_LIMIT, "feeds: %u are configured, at most %d can be",
		    config->feeds_count, (int)FEEDS_MAX);
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return fault_set(fault, SE_NOMEM, "feeds: no memory");
	for (i = 0; i < config->feeds_count; i++) {
		memcpy(shared[i].name, config->feeds[i].name, sizeof shared[i].name);
		in[i] = open_feed(&config->feeds[i], &shared[i]);
	}
	r = in_process ? compile(config, false, in, shared, image, fault)
	    : compile_apart(config, in, shared, image, fault);
	for (i = 0; i < config->feeds_count; i++)
		if (in[i] != NULL)
			fclose(in[i]);
	memcpy(results, shared, config->feeds_count * sizeof *results);
	munmap(shared, size);
	return r;
}

unsigned
feeds_report(const struct feed_result *results, unsigned count)
{
	unsigned failed = 0, i;

	for (i = 0; i < count; i++) {
		const struct feed_result *r = &results[i];

		if (r->code < 0) {
			log_error("feeds", "%s", r->fault.text);
			failed++;
		} else if (r->summary.not_understood > 0) {
			log_warn("feeds", "feed %s (%s): %u of %u lines were not understood; the first: line %u: %s",
			    r->name, r->summary.format, r->summary.not_understood, r->summary.lines,
			    r->summary.complaints[0].line, r->summary.complaints[0].text);
		}
	}
	return failed;
}
