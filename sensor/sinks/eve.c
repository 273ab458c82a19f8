/*
 * EVE JSON lines, or the same in another format, appended to a file or
 * written to standard output. The file may be moved away by others, who then
 * send SIGHUP, or by the sink itself when it has grown.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sinks/format/format.h"
#include "sinks/kinds.h"
#include "sinks/output.h"
#include "sinks/rotation.h"

static int
open_path(const struct sink *s, struct output *o, struct fault *fault)
{
	/* Readable too, so that half a line at its end can be seen; a pipe's open then waits for nobody. */
	int fd = open(s->options.target, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0 && errno == EACCES)
		fd = open(s->options.target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		    0640);
	if (fd < 0)
		return fault_set(fault, SE_SYSTEM, "%s: cannot open for appending: %s",
		    s->options.target, strerror(errno));
	output_init(o, fd, true);
	output_mend(o);
	return 0;
}

static int
eve_open(struct sink *s, struct fault *fault)
{
	struct output *o;

	if ((o = calloc(1, sizeof *o)) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: out of memory", s->options.name);
	o->fd = -1;
	s->state = o;
	/* One that was opened before this courier may have been rotated away since. */
	if (s->options.rotate_bytes > 0 && s->options.descriptor >= 0 &&
	    !rotation_is_at(s->options.descriptor, s->options.target) && open_path(s, o, fault) == 0)
		return 0;
	if (s->options.descriptor >= 0) {
		output_init(o, s->options.descriptor, false);
		output_mend(o);
		return 0;
	}
	if (strcmp(s->options.target, "-") == 0) {
		output_init(o, STDOUT_FILENO, false);
		return 0;
	}
	if (s->options.target[0] == '\0')
		return fault_set(fault, SE_USAGE,
		    "sink %s: the path of a file, or \"-\", is expected", s->options.name);
	return open_path(s, o, fault);
}

static const char *
where(const struct sink *s)
{
	return strcmp(s->options.target, "-") == 0 ? "standard output" : s->options.target;
}

/* What cannot be rotated grows on; that is said, and tried again, once in a while. */
static void
rotate(struct sink *s)
{
	struct output *o = s->state, fresh = { .fd = -1 };
	struct fault fault;

	if (!o->regular || s->options.rotate_bytes == 0 || lseek(o->fd, 0, SEEK_END) < (off_t)s->options.rotate_bytes ||
	    !rotation_is_at(o->fd, s->options.target))
		return;
	if (rotation_turn(s->options.target, s->options.rotate_keep == 0 ? 1 : s->options.rotate_keep, &fault) < 0 ||
	    open_path(s, &fresh, &fault) < 0) {
		log_limited(&s->rotation_limit, LOG_LEVEL_WARN, "courier", "sink %s: %s; the file grows on", s->options.name,
		    fault.text);
		return;
	}
	output_clear(o);
	*o = fresh;
}

static enum sink_result
eve_flush(struct sink *s, struct fault *fault)
{
	struct output *o = s->state;

	switch (output_flush(o, s->options.timeout_ms, &s->cancelled)) {
	case OUTPUT_OK:
		rotate(s);
		return SINK_DONE;
	case OUTPUT_GONE:
		return sink_refuse(fault, SE_PEER, "%s: the reader has left", where(s));
	default:
		return sink_later(fault, SE_SYSTEM, "%s: cannot write: %s (%zu bytes wait in memory)",
		    where(s), strerror(errno), o->len - o->written);
	}
}

static enum sink_result
deliver_line(struct sink *s, const char *line, struct fault *fault)
{
	struct output *o = s->state;
	size_t len = strlen(line);
	enum sink_result r;

	if (len + 1 > OUTPUT_MOST)
		return sink_refuse(fault, SE_LIMIT, "%s: a record of %zu bytes is too long",
		    s->options.target, len);
	if ((o->len >= OUTPUT_FLUSH_AT || len + 1 > OUTPUT_MOST - o->len) &&
	    (r = eve_flush(s, fault)) != SINK_DONE)
		return r;
	if (!output_add(o, line, len))
		return sink_later(fault, SE_NOMEM, "%s: out of memory", s->options.target);
	if (!output_add(o, "\n", 1)) {
		o->len -= len;
		return sink_later(fault, SE_NOMEM, "%s: out of memory", s->options.target);
	}
	return SINK_DONE;
}

static enum sink_result
eve_deliver(struct sink *s, const struct sink_record *rec, struct fault *fault)
{
	enum sink_result r;
	char *line;
	int code;

	if (s->options.format == FORMAT_EVE)
		return deliver_line(s, rec->line, fault);
	if ((code = format_line(rec->kind, rec->line, (enum line_format)s->options.format, &line)) == 0)
		return SINK_DONE;
	if (code == SE_NOMEM)
		return sink_later(fault, SE_NOMEM, "%s: out of memory", s->options.target);
	if (code < 0)
		return sink_refuse(fault, code, "%s: a record that is no JSON object", s->options.target);
	r = deliver_line(s, line, fault);
	free(line);
	return r;
}

static int
eve_probe(struct sink *s, struct fault *fault)
{
	const struct output *o = s->state;

	if (fcntl(o->fd, F_GETFL) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: %s", s->options.target, strerror(errno));
	return 0;
}

static void
eve_close(struct sink *s)
{
	if (s->state != NULL)
		output_clear(s->state);
	free(s->state);
}

const struct sink_row sink_eve = {
	.name = "eve",
	.open = eve_open,
	.deliver = eve_deliver,
	.flush = eve_flush,
	.probe = eve_probe,
	.close = eve_close,
};
