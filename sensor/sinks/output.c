#include "sinks/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sinks/wait.h"

enum { FIRST_ROOM = 16 << 10, TAIL_MOST = 1 << 20 };

void
output_init(struct output *o, int fd, bool ours)
{
	struct stat st;

	memset(o, 0, sizeof *o);
	o->fd = fd;
	o->ours = ours;
	o->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

void
output_clear(struct output *o)
{
	if (o->ours && o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	free(o->held);
	o->held = NULL;
	o->len = o->room = o->written = 0;
}

bool
output_add(struct output *o, const char *bytes, size_t len)
{
	size_t room = o->room == 0 ? FIRST_ROOM : o->room;
	char *more;

	if (len > OUTPUT_MOST - o->len)
		return false;
	while (room - o->len < len)
		room *= 2;
	if (room > o->room) {
		if ((more = realloc(o->held, room)) == NULL)
			return false;
		o->held = more;
		o->room = room;
	}
	memcpy(o->held + o->len, bytes, len);
	o->len += len;
	return true;
}

static void
drop_front(struct output *o, size_t len)
{
	o->len -= len;
	if (o->len > 0)
		memmove(o->held, o->held + len, o->len);
}

/* The first `done` bytes are in the file: those behind their last newline are taken back. */
static void
take_back(struct output *o, size_t done)
{
	const char *end = done == 0 ? NULL : memrchr(o->held, '\n', done);
	size_t whole = end == NULL ? 0 : (size_t)(end - o->held) + 1;
	off_t at = lseek(o->fd, 0, SEEK_CUR), keep = at - (off_t)(done - whole);
	int saved = errno;
	struct stat st;

	/* Somebody else wrote behind us, or the cut fails: then the line's rest follows later. */
	if (done > whole && (fstat(o->fd, &st) < 0 || st.st_size != at ||
	    ftruncate(o->fd, keep) < 0 || lseek(o->fd, keep, SEEK_SET) < 0))
		whole = done;
	drop_front(o, whole);
	errno = saved;
}

static enum output_result
write_file(struct output *o)
{
	size_t done = 0;
	ssize_t n;

	while (done < o->len) {
		n = write(o->fd, o->held + done, o->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = ENOSPC;
			take_back(o, done);
			return OUTPUT_FAILED;
		}
		done += (size_t)n;
	}
	o->len = 0;
	return OUTPUT_OK;
}

/* A pipe that poll() calls writable takes PIPE_BUF bytes without blocking. */
static enum output_result
write_stream(struct output *o, uint32_t timeout_ms, const atomic_bool *cancelled)
{
	int64_t until_ns = wait_deadline(timeout_ms);
	size_t piece;
	ssize_t n;

	while (o->written < o->len) {
		if (!wait_for(o->fd, POLLOUT, until_ns, cancelled))
			return OUTPUT_FAILED;
		piece = o->len - o->written < PIPE_BUF ? o->len - o->written : PIPE_BUF;
		n = write(o->fd, o->held + o->written, piece);
		if (n < 0 && errno == EPIPE) {
			o->len = o->written = 0;
			return OUTPUT_GONE;
		}
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return OUTPUT_FAILED;
		if (n > 0)
			o->written += (size_t)n;
	}
	o->len = o->written = 0;
	return OUTPUT_OK;
}

enum output_result
output_flush(struct output *o, uint32_t timeout_ms, const atomic_bool *cancelled)
{
	if (o->len == 0)
		return OUTPUT_OK;
	return o->regular ? write_file(o) : write_stream(o, timeout_ms, cancelled);
}

void
output_mend(const struct output *o)
{
	off_t size = lseek(o->fd, 0, SEEK_END), from;
	char *tail = NULL;
	const char *end;
	size_t len, keep;

	if (!o->regular || size <= 0)
		return;
	len = size < TAIL_MOST ? (size_t)size : TAIL_MOST;
	from = size - (off_t)len;
	if ((tail = malloc(len)) == NULL || pread(o->fd, tail, len, from) != (ssize_t)len)
		goto done;
	if (tail[len - 1] == '\n')
		goto done;
	end = memrchr(tail, '\n', len);
	keep = end == NULL ? 0 : (size_t)(end - tail) + 1;
	/* Only what looks like ours is taken back; behind anything else a new line begins. */
	if ((tail[keep] == '{' || strncmp(tail + keep, "CEF:", len - keep < 4 ? len - keep : 4) == 0) && (keep > 0 || from == 0)) {
		if (ftruncate(o->fd, from + (off_t)keep) == 0)
			goto done;
	}
	if (write(o->fd, "\n", 1) < 0)
		goto done;
done:
	free(tail);
}
