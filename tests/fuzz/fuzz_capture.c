/*
 * Any bytes as a capture file: recognised, unpacked and read as `hansho replay
 * FILE` does; and what says that it is pcapng, also as a stream that nobody
 * has recognised.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/pcapng.h"

#define FRAMES_MOST 100000		/* a few compressed bytes may hold millions */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count_line(void *to, const char *line)
{
	(void)line;
	++*(unsigned *)to;
}

static volatile uint8_t touched;	/* so that a sanitizer sees the frame's last byte read */

static void
check_frame(const struct frame *f)
{
	if (f->captured_bytes > f->wire_bytes || f->captured_bytes > CAPTURE_FRAME_MAX ||
	    f->wire_bytes > CAPTURE_WIRE_MAX || f->ts_ns < 0 || f->ts_ns > CAPTURE_TIME_MAX_NS)
		abort();
	if (f->captured_bytes > 0)
		touched = f->bytes[f->captured_bytes - 1];
}

static void
read_frames(struct capture *c)
{
	struct frame f;

	while (capture_next(c, &f) == CAPTURE_FRAME && f.ordinal < FRAMES_MOST)
		check_frame(&f);
}

static void
read_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	struct capture *c = NULL;
	struct capture_file file;
	unsigned lines = 0;
	char path[64];

	if (fd < 0)
		return;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	file.path = path;
	if (write(fd, data, size) == (ssize_t)size) {
		capture_files_are_plain(&file, 1);
		if (capture_files_open(&file, 1, count_line, &lines, &c, NULL) == 0) {
			read_frames(c);
			if (capture_faults(c) != lines || lines > 1)
				abort();
		} else if (lines != 1) {
			abort();
		}
	}
	capture_close(c);
	close(fd);
}

static void
read_pcapng(const uint8_t *data, size_t size)
{
	struct pcapng *p = NULL;
	struct frame f;
	FILE *file;

	if (size == 0 || data[0] != 0x0a || (file = fmemopen((void *)(uintptr_t)data, size, "r")) == NULL)
		return;
	if (pcapng_open(file, &p, NULL) == 0)
		while (pcapng_next(p, &f, NULL) > 0) {
			check_frame(&f);
			if (f.captured_bytes > size)
				abort();
		}
	pcapng_close(p);
	fclose(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_file(data, size);
	read_pcapng(data, size);
	return 0;
}
