/* Any bytes as a pcapng stream. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/capture.h"
#include "capture/pcapng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t touched;	/* so that a sanitizer sees the frame's last byte read */

static void
check_frame(const struct frame *f, size_t size)
{
	if (f->captured_bytes > f->wire_bytes || f->wire_bytes > CAPTURE_WIRE_MAX ||
	    f->captured_bytes > size || f->ts_ns < 0 || f->ts_ns > CAPTURE_TIME_MAX_NS)
		abort();
	if (f->captured_bytes > 0)
		touched = f->bytes[f->captured_bytes - 1];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pcapng *p = NULL;
	struct frame f;
	FILE *file;

	if (size == 0 || (file = fmemopen((void *)(uintptr_t)data, size, "r")) == NULL)
		return 0;
	if (pcapng_open(file, &p, NULL) == 0)
		while (pcapng_next(p, &f, NULL) > 0)
			check_frame(&f, size);
	pcapng_close(p);
	fclose(file);
	return 0;
}
