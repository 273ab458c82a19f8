#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/journal_files.h"
#include "base/log.h"

struct journal_reader {
	char *path;
	char name[POSITION_NAME_BYTES];
	int directory;
	struct segment_scan scan;	/* fd < 0: no segment yet */
	uint64_t segment;		/* its first number; 0: none yet */
	int position_file;		/* its descriptor */
	struct reader_position position;
	uint64_t stored_next;		/* as it is on disk */
	bool said;			/* of what is lost now */
	struct log_limit gone_limit;
};

static int
fault_reader(struct fault *fault, const struct journal_reader *r, int code, const char *what)
{
	return fault_set(fault, code, "journal %s: reader %s: cannot %s: %s", r->path, r->name, what,
	    se_text(code));
}

/*
 * Which segment now? The one after `segment`, or at the beginning the one
 * that holds the wanted record, else the first one behind it. 0: none.
 */
static int
choose_segment(const struct journal_reader *r, uint64_t *chosen)
{
	struct segment_list l;
	int code = segments_list(r->directory, &l);
	size_t i;

	*chosen = 0;
	if (code < 0)
		return code;
	for (i = 0; i < l.count && *chosen == 0; i++) {
		if (r->segment > 0 ? l.first[i] > r->segment :
		    i + 1 == l.count || l.first[i + 1] > r->position.next)
			*chosen = l.first[i];
	}
	free(l.first);
	return 0;
}

/* 1: open; 0: it went away meanwhile. */
static int
enter_segment(struct journal_reader *r, uint64_t first)
{
	char name[SEGMENT_NAME_BYTES];
	int fd = openat(r->directory, segment_name(first, name), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : SE_SYSTEM;
	scan_clear(&r->scan);
	scan_begin(&r->scan, fd, first);
	r->segment = first;
	if (r->position.next == 0)
		r->position.next = first;
	return 1;
}

/* One line for each place. */
static int
scan_on(struct journal_reader *r, struct segment_record *record)
{
	uint64_t damaged = r->scan.damaged;
	char name[SEGMENT_NAME_BYTES];
	int code = scan_next(&r->scan, record);

	if (r->scan.damaged == damaged)
		return code;
	r->said = true;
	log_warn("journal", "%s/%s: %" PRIu64 " bytes at %" PRIu64 " are damaged: reader %s goes on behind them, "
	    "at least %" PRIu64 " record%s lost", r->path, segment_name(r->segment, name), r->scan.damaged_bytes,
	    r->scan.damaged_at, r->name, r->scan.damaged - damaged, r->scan.damaged - damaged == 1 ? " is" : "s are");
	return code;
}

/* The next record at or behind the wanted one in the segment that is open. */
static int
next_here(struct journal_reader *r, struct segment_record *record)
{
	int code = r->scan.fd < 0 ? 0 : scan_on(r, record);

	while (code > 0 && record->number < r->position.next)
		code = scan_on(r, record);
	return code;
}

/*
 * The next record of this segment, or of one behind it. A segment is left
 * only after a second look: its last records may have come between the
 * first one and the beginning of the next segment.
 */
static int
next_anywhere(struct journal_reader *r, struct segment_record *record, const char **doing)
{
	uint64_t later = 0;
	int code;

	for (;;) {
		*doing = "read";
		if ((code = next_here(r, record)) != 0)
			return code;
		*doing = "open the next segment";
		if (later > 0) {
			if ((code = enter_segment(r, later)) < 0)
				return code;
			later = 0;
			continue;
		}
		if ((code = choose_segment(r, &later)) < 0 || later == 0)
			return code;
	}
}

int
journal_read(struct journal_reader *r, uint16_t *kind, const char **line, uint64_t *number,
    struct fault *fault)
{
	struct segment_record record;
	const char *doing;
	int code;

	r->said = false;
	code = next_anywhere(r, &record, &doing);
	if (code < 0)
		return fault_reader(fault, r, code, doing);
	if (code == 0)
		return 0;
	/* What lies between is gone: removed at a limit, or damaged. */
	if (record.number > r->position.next && !r->said)
		log_limited(&r->gone_limit, LOG_LEVEL_WARN, "journal", "%s: records %" PRIu64 " to %" PRIu64 " are gone before "
		    "reader %s had them: removed at a limit, or damaged", r->path, r->position.next, record.number - 1, r->name);
	r->position.lost += record.number - r->position.next;
	r->position.next = record.number + 1;
	if (kind != NULL)
		*kind = record.kind;
	if (number != NULL)
		*number = record.number;
	*line = record.line;
	return 1;
}

int
journal_acknowledge(struct journal_reader *r, struct fault *fault)
{
	int code;

	if (r->position.next == r->stored_next)
		return 0;
	if ((code = position_put(r->position_file, &r->position)) < 0)
		return fault_reader(fault, r, code, "store its position");
	r->stored_next = r->position.next;
	return 0;
}

uint64_t
journal_reader_lost(const struct journal_reader *r)
{
	return r->position.lost;
}

uint64_t
journal_reader_number(const struct journal_reader *r)
{
	return r->position.next > 0 ? r->position.next - 1 : 0;
}

/*
 * Does the journal reach up to the wanted record? When it ends before, its
 * end was cut back after this reader had been there (the power failed): what
 * comes next is new to it in spite of its number.
 */
static int
seek_position(struct journal_reader *r)
{
	struct segment_record record;
	uint64_t chosen, end, later;
	int code;

	if ((code = choose_segment(r, &chosen)) < 0 || chosen == 0)
		return code;
	if ((code = enter_segment(r, chosen)) <= 0)
		return code;
	while (r->scan.number < r->position.next && (code = scan_next(&r->scan, &record)) > 0)
		;
	end = r->scan.number;
	/* From its front again: the wanted record may have been passed, and is met while reading. */
	if (code < 0 || (code = enter_segment(r, chosen)) < 0)
		return code;
	if (end >= r->position.next)
		return 0;
	if ((code = choose_segment(r, &later)) == 0 && later == 0)
		r->position.next = end;
	return code;
}

static int
load_position(struct journal_reader *r)
{
	int code = position_open(r->directory, r->name, &r->position_file, &r->position);

	if (code > 0)
		log_warn("journal", "%s/%s.position is damaged: its reader begins again at the oldest record",
		    r->path, r->name);
	return code < 0 ? code : 0;
}

int
journal_reader_open(const char *directory, const char *name, struct journal_reader **out,
    struct fault *fault)
{
	struct journal_reader *r = NULL;
	int code = SE_NOMEM;

	*out = NULL;
	if (!reader_name_valid(name))
		return fault_set(fault, SE_USAGE,
		    "journal %s: \"%s\" is no reader name: expected up to 48 of a-z, 0-9 and -",
		    directory, name);
	if ((r = calloc(1, sizeof *r)) == NULL)
		return fault_set(fault, SE_NOMEM, "journal %s: no memory", directory);
	r->directory = r->position_file = r->scan.fd = -1;
	snprintf(r->name, sizeof r->name, "%s", name);
	if ((r->path = strdup(directory)) == NULL) {
		fault_set(fault, code, "journal %s: no memory", directory);
		goto done;
	}
	code = SE_SYSTEM;
	if ((r->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		fault_reader(fault, r, code, "open the directory");
		goto done;
	}
	if ((code = load_position(r)) < 0) {
		fault_reader(fault, r, code, "load or store its position");
		goto done;
	}
	r->stored_next = r->position.next;
	if ((code = seek_position(r)) < 0) {
		fault_reader(fault, r, code, "find its position");
		goto done;
	}
	*out = r;
	r = NULL;
done:
	journal_reader_close(r);
	return code;
}

void
journal_reader_close(struct journal_reader *r)
{
	if (r == NULL)
		return;
	scan_clear(&r->scan);
	if (r->position_file >= 0)
		close(r->position_file);
	if (r->directory >= 0)
		close(r->directory);
	free(r->path);
	free(r);
}

int
journal_reader_forget(const char *directory, const char *name, struct fault *fault)
{
	char path[4096];

	if (!reader_name_valid(name))
		return fault_set(fault, SE_USAGE, "journal %s: \"%s\" is no reader name", directory, name);
	snprintf(path, sizeof path, "%s/%s.position", directory, name);
	if (unlink(path) < 0 && errno != ENOENT)
		return fault_set(fault, SE_SYSTEM, "journal: cannot remove %s: %s", path,
		    strerror(errno));
	return 0;
}

static int
look_at(int directory, uint64_t first, journal_take_fn *take, void *to)
{
	char name[SEGMENT_NAME_BYTES];
	struct segment_record record;
	struct segment_scan scan;
	int fd = openat(directory, segment_name(first, name), O_RDONLY | O_CLOEXEC), code;

	if (fd < 0)
		return errno == ENOENT ? 0 : SE_SYSTEM;
	scan_begin(&scan, fd, first);
	while ((code = scan_next(&scan, &record)) > 0)
		take(to, record.kind, record.line);
	scan_clear(&scan);
	return code;
}

int
journal_look_back(const char *path, journal_take_fn *take, journal_more_fn *more, void *to, struct fault *fault)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = SE_SYSTEM;
	struct segment_list l = { .count = 0 };
	size_t i;

	if (directory < 0 || (code = segments_list(directory, &l)) < 0)
		goto done;
	for (i = l.count; i > 0 && code == 0; i--)
		if ((code = look_at(directory, l.first[i - 1], take, to)) == 0 && !more(to))
			break;
done:
	free(l.first);
	if (directory >= 0)
		close(directory);
	return code == 0 ? 0 : fault_set(fault, code, "journal %s: cannot look back: %s", path, se_text(code));
}
