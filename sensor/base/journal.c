#include "base/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/journal_files.h"
#include "base/log.h"
#include "base/when.h"

enum { BUFFER_BYTES = 65536, SEGMENT_BYTES_MIN = 4096, AGE_LOOK_SEC = 60 };

struct journal {
	char *path;
	struct journal_limits limits;
	int directory, fd;
	uint64_t first;			/* record number that names the current segment */
	uint64_t size;			/* of the current segment on disk */
	uint64_t count, lost;
	bool unsynced;			/* written since the last sync */
	int64_t synced_ns, aged_ns;	/* monotonic: the last sync, the last look for old segments */
	struct log_limit sync_limit;
	uint8_t *buffer;
	size_t used, room;
};

static int
fault_path(struct fault *fault, const struct journal *j, uint64_t first, const char *what)
{
	char name[SEGMENT_NAME_BYTES];
	int saved = errno;

	fault_set(fault, SE_SYSTEM, "journal %s/%s: cannot %s: %s", j->path,
	    segment_name(first, name), what, strerror(saved));
	errno = saved;
	return SE_SYSTEM;
}

static int64_t
monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

/* ---- removing what is read, or what is too old ---- */

static uint64_t
segment_size(const struct journal *j, uint64_t first)
{
	char name[SEGMENT_NAME_BYTES];
	struct stat st;

	if (fstatat(j->directory, segment_name(first, name), &st, 0) < 0)
		return 0;
	return (uint64_t)st.st_size;
}

/* Was nothing added to it for max_hours? */
static bool
is_old(const struct journal *j, uint64_t first)
{
	char name[SEGMENT_NAME_BYTES];
	struct stat st;

	if (j->limits.max_hours == 0 || fstatat(j->directory, segment_name(first, name), &st, 0) < 0)
		return false;
	return time(NULL) - st.st_mtime > (time_t)j->limits.max_hours * 3600;
}

/* Records first..next-1 are about to go: who has not read them? */
static uint64_t
unread(bool readers, uint64_t wanted, uint64_t first, uint64_t next)
{
	if (!readers || wanted < first)
		return next - first;
	return wanted < next ? next - wanted : 0;
}

/*
 * Segments that all have read go, the oldest while there are more than
 * max_bytes less `reserve`, and those that are too old. The current one stays.
 */
static void
remove_segments(struct journal *j, uint64_t reserve)
{
	char name[SEGMENT_NAME_BYTES];
	struct segment_list l;
	uint64_t total = reserve, wanted, newest, gone;
	bool readers = positions_range(j->directory, &wanted, &newest), old;
	size_t i;

	if (segments_list(j->directory, &l) < 0)
		return;
	for (i = 0; i < l.count; i++)
		total += segment_size(j, l.first[i]);
	for (i = 0; i + 1 < l.count && l.first[i] != j->first; i++) {
		old = is_old(j, l.first[i]);
		if ((!readers || wanted < l.first[i + 1]) && total <= j->limits.max_bytes && !old)
			break;
		total -= segment_size(j, l.first[i]);
		if (unlinkat(j->directory, segment_name(l.first[i], name), 0) < 0)
			continue;
		gone = unread(readers, wanted, l.first[i], l.first[i + 1]);
		j->lost += gone;
		if (gone > 0)
			log_warn("journal", "%s/%s removed at the limit of %" PRIu64
			    " %s: %" PRIu64 " records that not every reader had", j->path, name,
			    old ? j->limits.max_hours : j->limits.max_bytes, old ? "hours" : "bytes", gone);
	}
	free(l.first);
}

/* ---- writing ---- */

/* Offset in the buffer behind the last record that lies whole in its first `written` bytes. */
static size_t
whole_records(const struct journal *j, size_t written)
{
	size_t end = 0, next;

	for (;;) {
		if (j->used - end < RECORD_HEADER_BYTES)
			return end;
		next = end + RECORD_HEADER_BYTES + record_body_length(j->buffer + end);
		if (next > written)
			return end;
		end = next;
	}
}

static void
drop_written(struct journal *j, size_t len)
{
	memmove(j->buffer, j->buffer + len, j->used - len);
	j->used -= len;
	j->size += len;
}

/*
 * All that waits into the segment. When the disk is full the whole records
 * stay written (a reader may have seen them) and the torn one is cut off.
 */
static int
flush(struct journal *j, struct fault *fault)
{
	size_t written = 0;
	ssize_t n;
	int saved;

	while (written < j->used) {
		n = pwrite(j->fd, j->buffer + written, j->used - written,
		    (off_t)(j->size + written));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (n == 0) {
			errno = ENOSPC;
			break;
		}
		written += (size_t)n;
	}
	j->unsynced = j->unsynced || written > 0;
	if (written == j->used) {
		j->size += j->used;
		j->used = 0;
		return 0;
	}
	saved = errno;
	drop_written(j, whole_records(j, written));
	/* Should the cut fail, the next write covers the torn bytes; until then readers stop there. */
	if (ftruncate(j->fd, (off_t)j->size) < 0)
		log_warn("journal", "%s: cannot cut off a torn record: %s", j->path, strerror(errno));
	errno = saved;
	return fault_path(fault, j, j->first, "write");
}

/* What was written, onto the disk. */
static int
sync_segment(struct journal *j, struct fault *fault)
{
	if (!j->unsynced || j->limits.sync == JOURNAL_SYNC_NEVER)
		return 0;
	j->synced_ns = monotonic_ns();
	if (fdatasync(j->fd) < 0)
		return fault_path(fault, j, j->first, "sync");
	j->unsynced = false;
	return 0;
}

static bool
sync_is_due(const struct journal *j)
{
	return j->limits.sync == JOURNAL_SYNC_ALWAYS || (j->limits.sync == JOURNAL_SYNC_INTERVAL &&
	    monotonic_ns() - j->synced_ns >= (int64_t)j->limits.sync_interval_ms * 1000000);
}

static int
open_segment(struct journal *j, uint64_t first, int flags, struct fault *fault)
{
	char name[SEGMENT_NAME_BYTES];
	int fd = openat(j->directory, segment_name(first, name), O_RDWR | O_CLOEXEC | flags, 0640);

	if (fd < 0)
		return fault_path(fault, j, first, flags != 0 ? "create" : "open");
	if (j->fd >= 0)
		close(j->fd);
	j->fd = fd;
	j->first = first;
	j->size = 0;
	return 0;
}

static int
rotate(struct journal *j, struct fault *fault)
{
	int r = flush(j, fault);

	if (r < 0)
		return r;
	if ((r = sync_segment(j, fault)) < 0 || (r = open_segment(j, j->count + 1, O_CREAT | O_EXCL, fault)) < 0)
		return r;
	if (j->limits.sync != JOURNAL_SYNC_NEVER && fsync(j->directory) < 0)
		return fault_path(fault, j, j->first, "sync the directory of");
	remove_segments(j, j->limits.segment_bytes);
	return 0;
}

static int
buffer_room(struct journal *j, size_t len)
{
	size_t want = j->used + len;
	uint8_t *grown;

	if (want <= j->room)
		return 0;
	if (want < 2 * BUFFER_BYTES)
		want = 2 * BUFFER_BYTES;
	if ((grown = realloc(j->buffer, want)) == NULL)
		return SE_NOMEM;
	j->buffer = grown;
	j->room = want;
	return 0;
}

static void
put_record(struct journal *j, uint16_t kind, const char *line, size_t len)
{
	uint8_t *header = j->buffer + j->used, *body = header + RECORD_HEADER_BYTES;

	memcpy(body, line, len);
	body[len] = '\n';
	record_header_put(header, kind, body, (uint32_t)len + 1);
	j->used += RECORD_HEADER_BYTES + len + 1;
	j->count++;
}

int
journal_append(struct journal *j, uint16_t kind, const char *line, uint64_t *number,
    struct fault *fault)
{
	size_t len = strlen(line), whole = RECORD_HEADER_BYTES + len + 1;
	bool urgent = kind < 32 && (j->limits.urgent_kinds >> kind & 1) != 0;
	struct fault synced;
	int r;

	if (len > JOURNAL_LINE_MAX)
		return fault_set(fault, SE_LIMIT, "journal %s: a line of %zu bytes, at most %d are taken",
		    j->path, len, JOURNAL_LINE_MAX);
	if (j->size + j->used > 0 && j->size + j->used + whole > j->limits.segment_bytes &&
	    (r = rotate(j, fault)) < 0) {
		remove_segments(j, 0);
		return r;
	}
	if (buffer_room(j, whole) < 0)
		return fault_set(fault, SE_NOMEM, "journal %s: no memory for a line of %zu bytes",
		    j->path, len);
	put_record(j, kind, line, len);
	if ((urgent || j->used >= BUFFER_BYTES) && (r = flush(j, fault)) < 0) {
		j->used -= whole;
		j->count--;
		remove_segments(j, 0);	/* perhaps there is room at the next try */
		return r;
	}
	/* It is in the file: a disk that cannot say when is told of, and no reason to lose it. */
	if (urgent && j->limits.sync == JOURNAL_SYNC_ALWAYS && sync_segment(j, &synced) < 0)
		log_limited(&j->sync_limit, LOG_LEVEL_ERROR, "journal", "%s", synced.text);
	if (number != NULL)
		*number = j->count;
	return 0;
}

/* Once a minute: a quiet journal begins no new segment by itself. */
static int
mind_age(struct journal *j, struct fault *fault)
{
	int64_t now_ns = monotonic_ns();

	if (j->limits.max_hours == 0 || now_ns - j->aged_ns < AGE_LOOK_SEC * NS_PER_SEC)
		return 0;
	j->aged_ns = now_ns;
	if (j->size > 0 && is_old(j, j->first))
		return rotate(j, fault);
	remove_segments(j, 0);
	return 0;
}

int
journal_sync(struct journal *j, struct fault *fault)
{
	int r = flush(j, fault);

	if (r == 0 && sync_is_due(j))
		r = sync_segment(j, fault);
	if (r == 0)
		r = mind_age(j, fault);
	return r;
}

uint64_t
journal_count(const struct journal *j)
{
	return j->count;
}

uint64_t
journal_lost(const struct journal *j)
{
	return j->lost;
}

/* ---- opening ---- */

/* Count the last segment's records and cut off what a killed writer left half-done. */
static int
take_up(struct journal *j, uint64_t first, struct fault *fault)
{
	struct segment_record record;
	struct segment_scan scan;
	struct stat st;
	int r;

	if ((r = open_segment(j, first, 0, fault)) < 0)
		return r;
	scan_begin(&scan, j->fd, first);
	while ((r = scan_next(&scan, &record)) > 0)
		;
	scan.fd = -1;		/* stays ours */
	j->size = scan.offset;
	j->count = scan.number - 1;
	scan_clear(&scan);
	if (r < 0 || fstat(j->fd, &st) < 0)
		return fault_path(fault, j, first, "read");
	if ((uint64_t)st.st_size == j->size)
		return 0;
	log_warn("journal", "%s: the last %" PRIu64 " bytes are no whole record and are cut off",
	    j->path, (uint64_t)st.st_size - j->size);
	if (ftruncate(j->fd, (off_t)j->size) < 0)
		return fault_path(fault, j, first, "cut off the torn end of");
	return 0;
}

static int
open_last(struct journal *j, struct fault *fault)
{
	struct segment_list l;
	uint64_t last, smallest;
	int r = segments_list(j->directory, &l);

	if (r < 0)
		return fault_set(fault, r, "journal %s: cannot list: %s", j->path, se_text(r));
	last = l.count > 0 ? l.first[l.count - 1] : 0;
	free(l.first);
	if (last > 0)
		return take_up(j, last, fault);
	/* Segments were removed by hand: numbers go on behind what readers have had. */
	if (positions_range(j->directory, &smallest, &last) && last > 0)
		j->count = last - 1;
	return open_segment(j, j->count + 1, O_CREAT | O_EXCL, fault);
}

static int
open_directory(struct journal *j, struct fault *fault)
{
	if (mkdir(j->path, 0750) < 0 && errno != EEXIST)
		return fault_set(fault, SE_SYSTEM, "journal %s: cannot make the directory: %s",
		    j->path, strerror(errno));
	j->directory = open(j->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->directory < 0)
		return fault_set(fault, SE_SYSTEM, "journal %s: cannot open: %s", j->path,
		    strerror(errno));
	if (flock(j->directory, LOCK_EX | LOCK_NB) < 0)
		return fault_set(fault, SE_USAGE,
		    "journal %s: another process writes it; give each sensor a directory of its own",
		    j->path);
	return 0;
}

static void
set_limits(struct journal *j, const struct journal_limits *limits)
{
	j->limits = *limits;
	if (j->limits.segment_bytes > j->limits.max_bytes / 2)
		j->limits.segment_bytes = j->limits.max_bytes / 2;
	if (j->limits.segment_bytes < SEGMENT_BYTES_MIN)
		j->limits.segment_bytes = SEGMENT_BYTES_MIN;
}

int
journal_open(const char *directory, const struct journal_limits *limits, struct journal **out,
    struct fault *fault)
{
	struct journal *j = calloc(1, sizeof *j);
	int r = SE_NOMEM;

	*out = NULL;
	if (j == NULL)
		return fault_set(fault, SE_NOMEM, "journal %s: no memory", directory);
	j->directory = j->fd = -1;
	if ((j->path = strdup(directory)) == NULL) {
		fault_set(fault, r, "journal %s: no memory", directory);
		goto done;
	}
	set_limits(j, limits);
	if ((r = open_directory(j, fault)) < 0 || (r = open_last(j, fault)) < 0)
		goto done;
	*out = j;
	j = NULL;
done:
	journal_close(j);
	return r;
}

void
journal_close(struct journal *j)
{
	struct fault fault;

	if (j == NULL)
		return;
	if (j->fd >= 0) {
		if (flush(j, &fault) < 0 || sync_segment(j, &fault) < 0)
			log_error("journal", "%s; the last %zu bytes of records are lost", fault.text,
			    j->used);
		close(j->fd);
	}
	/* Closing the descriptor also gives up the lock, unless a child still holds a copy. */
	if (j->directory >= 0)
		close(j->directory);
	free(j->buffer);
	free(j->path);
	free(j);
}
