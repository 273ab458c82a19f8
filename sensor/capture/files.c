#include "capture/capture.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/input.h"
#include "capture/savefile.h"
#include "capture/source.h"
#include "capture/steady.h"

/* Of one file: 64 KiB stays in the cache; 128 KiB and more took twice the time, 4 KiB one and a half. */
#define BUFFERS_TOGETHER (16u << 20)
#define BUFFER_MOST (64u << 10)
#define BUFFER_LEAST (16u << 10)
#define SPARE_DESCRIPTORS 64

struct head {				/* the next frame of one file */
	struct frame frame;
	struct savefile *file;		/* NULL: this file is done */
	struct steady steady;
	unsigned number;		/* among the arguments */
};

struct files {
	struct capture capture;
	capture_report_fn *report;
	void *to;
	struct head *heads;		/* one for each file that was opened; never moved */
	struct head **heap;		/* those with a frame, the earliest first */
	unsigned head_count, heap_count;
	bool first_given;		/* heap[0]'s frame is out: read on before the next */
	uint64_t closed_bytes;		/* of files that are done */
	uint64_t total_bytes;		/* 0: one of them is a pipe */
};

static void
tell(struct files *f, const struct fault *why)
{
	f->capture.faults++;
	if (f->report != NULL)
		f->report(f->to, why->text);
}

static bool
is_before(const struct head *a, const struct head *b)
{
	if (a->frame.ts_ns != b->frame.ts_ns)
		return a->frame.ts_ns < b->frame.ts_ns;
	return a->number < b->number;
}

static void
sink_down(struct files *f, unsigned at)
{
	struct head *moved = f->heap[at];
	unsigned child;

	for (; (child = 2 * at + 1) < f->heap_count; at = child) {
		if (child + 1 < f->heap_count && is_before(f->heap[child + 1], f->heap[child]))
			child++;
		if (!is_before(f->heap[child], moved))
			break;
		f->heap[at] = f->heap[child];
	}
	f->heap[at] = moved;
}

/* Done with it: what it held is freed at once, since five hundred may be open. */
static void
finish(struct files *f, struct head *h)
{
	uint64_t done, total;

	savefile_progress(h->file, &done, &total);
	f->closed_bytes += total > 0 ? total : done;
	steady_clear(&h->steady);
	f->capture.lost += savefile_lost(h->file);
	savefile_close(h->file);
	h->file = NULL;
}

/* It gave no frame: r says why. */
static void
end(struct files *f, struct head *h, int r, const struct fault *why)
{
	if (r < 0)
		tell(f, why);
	finish(f, h);
}

/* Read the file's next frame. False: there is none, the file is closed. */
static bool
advance(struct files *f, struct head *h)
{
	struct fault why;
	int r = steady_next(&h->steady, &h->frame, &why);

	if (r <= 0)
		end(f, h, r, &why);
	return r > 0;
}

/* The first one's frame is out: its next one instead. */
static void
read_on(struct files *f)
{
	if (!advance(f, f->heap[0]))
		f->heap[0] = f->heap[--f->heap_count];
	if (f->heap_count > 1)
		sink_down(f, 0);
	f->first_given = false;
}

/* In the order of time. */
static unsigned
merge(struct files *f, struct frame *out, unsigned most)
{
	unsigned n;

	for (n = 0; n < most; n++) {
		/* What was taken before may lie in that file's buffer. */
		if (f->first_given && n > 0 && !steady_keeps(&f->heap[0]->steady))
			break;
		if (f->first_given)
			read_on(f);
		if (f->heap_count == 0)
			break;
		out[n] = f->heap[0]->frame;
		f->first_given = true;
	}
	return n;
}

/* There is no other file left to be compared with, so none of its frames is kept. */
static unsigned
take_alone(struct files *f, struct frame *out, unsigned most)
{
	struct fault why;
	int r = steady_take(&f->heap[0]->steady, out, most, &why);

	if (r > 0)
		return (unsigned)r;
	end(f, f->heap[0], r, &why);
	f->heap_count = 0;
	f->first_given = false;
	return 0;
}

static enum capture_result
files_take(struct capture *c, struct frame *out, unsigned most, unsigned *count)
{
	struct files *f = (struct files *)c;
	bool alone = f->first_given && f->heap_count == 1;
	unsigned n, i;

	n = alone ? take_alone(f, out, most) : merge(f, out, most);
	for (i = 0; i < n; i++)
		out[i].ordinal = ++c->ordinal;
	*count = n;
	return n > 0 ? CAPTURE_FRAME : CAPTURE_END;
}

static void
files_progress(const struct capture *c, uint64_t *done_bytes, uint64_t *total_bytes)
{
	const struct files *f = (const struct files *)c;
	uint64_t done, total;
	unsigned i;

	*done_bytes = f->closed_bytes;
	*total_bytes = f->total_bytes;
	for (i = 0; i < f->head_count; i++) {
		if (f->heads[i].file == NULL)
			continue;
		savefile_progress(f->heads[i].file, &done, &total);
		*done_bytes += done;
	}
}

static void
files_close(struct capture *c)
{
	struct files *f = (struct files *)c;
	unsigned i;

	for (i = 0; i < f->head_count; i++) {
		steady_clear(&f->heads[i].steady);
		savefile_close(f->heads[i].file);
	}
	free(f->heads);
	free(f->heap);
	free(f);
}

static void
raise_descriptor_limit(unsigned count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= count + SPARE_DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* If not, the files beyond the limit are reported as such. */
	setrlimit(RLIMIT_NOFILE, &limit);
}

static size_t
buffer_for(unsigned count)
{
	size_t each = BUFFERS_TOGETHER / count;

	if (each > BUFFER_MOST)
		return BUFFER_MOST;
	return each < BUFFER_LEAST ? BUFFER_LEAST : each;
}

/* SE_NOMEM ends the whole; any other fault only leaves this file out. */
static int
open_one(struct files *f, const char *path, unsigned number, size_t buffer_bytes,
    struct fault *fault)
{
	struct head *h = &f->heads[f->head_count];
	uint64_t done, total;
	struct fault why;
	int r;

	if ((r = savefile_open(path, buffer_bytes, &h->file, &why)) == SE_NOMEM)
		return fault_set(fault, r, "%s", why.text);
	if (r < 0) {
		tell(f, &why);
		return 0;
	}
	h->steady.file = h->file;
	h->number = number;
	f->head_count++;
	savefile_progress(h->file, &done, &total);
	/* UINT64_MAX while opening: unknown for good. */
	f->total_bytes = total == 0 || f->total_bytes == UINT64_MAX ? UINT64_MAX :
	    f->total_bytes + total;
	if (advance(f, h))
		f->heap[f->heap_count++] = h;
	return 0;
}

static bool
is_second_standard_input(const struct capture_file *files, unsigned at)
{
	unsigned i;

	if (strcmp(files[at].path, "-") != 0)
		return false;
	for (i = 0; i < at; i++)
		if (strcmp(files[i].path, "-") == 0)
			return true;
	return false;
}

static int
open_all(struct files *f, const struct capture_file *files, unsigned count, struct fault *fault)
{
	size_t buffer_bytes = buffer_for(count);
	struct fault why;
	unsigned i;
	int r;

	raise_descriptor_limit(count);
	for (i = 0; i < count; i++) {
		if (is_second_standard_input(files, i)) {
			fault_set(&why, SE_USAGE, "standard input: is named twice; it is read once");
			tell(f, &why);
			continue;
		}
		if ((r = open_one(f, files[i].path, i, buffer_bytes, fault)) < 0)
			return r;
	}
	if (f->head_count == 0)
		return fault_set(fault, SE_FORMAT, "none of the inputs (%u) is a readable capture",
		    count);
	if (f->total_bytes == UINT64_MAX)
		f->total_bytes = 0;
	for (i = f->heap_count / 2; i-- > 0; )
		sink_down(f, i);
	return 0;
}

int
capture_files_open(const struct capture_file *files, unsigned count, capture_report_fn *report,
    void *to, struct capture **out, struct fault *fault)
{
	struct files *f;
	int r;

	*out = NULL;
	if (count == 0)
		return fault_set(fault, SE_USAGE, "no capture file is named");
	if ((f = calloc(1, sizeof *f)) == NULL)
		return fault_set(fault, SE_NOMEM, "out of memory for the inputs");
	f->capture = (struct capture) { .take = files_take, .progress = files_progress,
	    .close = files_close, .descriptor = -1, .link_type = -1 };
	f->report = report;
	f->to = to;
	f->heads = calloc(count, sizeof *f->heads);
	f->heap = calloc(count, sizeof *f->heap);
	if (f->heads == NULL || f->heap == NULL) {
		r = fault_set(fault, SE_NOMEM, "out of memory for %u inputs", count);
		goto done;
	}
	if ((r = open_all(f, files, count, fault)) < 0)
		goto done;
	*out = &f->capture;
	f = NULL;
done:
	if (f != NULL)
		files_close(&f->capture);
	return r;
}

/* True also for what cannot be read: it will be left out, so nobody reads it twice. */
static bool
is_plain(const char *path)
{
	uint8_t head[8];
	struct stat st;
	ssize_t n;
	int fd;

	if (strcmp(path, "-") == 0)
		return false;
	if (stat(path, &st) < 0 || S_ISDIR(st.st_mode))
		return true;
	if (!S_ISREG(st.st_mode))
		return false;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return true;
	n = read(fd, head, sizeof head);
	close(fd);
	return n <= 0 || !input_is_compressed(head, (size_t)n);
}

bool
capture_files_are_plain(const struct capture_file *files, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (!is_plain(files[i].path))
			return false;
	return true;
}
