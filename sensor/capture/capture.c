#include "capture/capture.h"

#include <stddef.h>

#include "capture/source.h"

enum capture_result
capture_next(struct capture *c, struct frame *out)
{
	unsigned count;

	return c->take(c, out, 1, &count);
}

enum capture_result
capture_take(struct capture *c, struct frame *out, unsigned most, unsigned *count)
{
	return c->take(c, out, most, count);
}

int
capture_link_type(const struct capture *c)
{
	return c->link_type;
}

uint64_t
capture_lost(const struct capture *c)
{
	return c->lost;
}

unsigned
capture_faults(const struct capture *c)
{
	return c->faults;
}

const char *
capture_failure(const struct capture *c)
{
	return c->failure;
}

void
capture_progress(const struct capture *c, uint64_t *done_bytes, uint64_t *total_bytes)
{
	c->progress(c, done_bytes, total_bytes);
}

void
capture_close(struct capture *c)
{
	if (c != NULL)
		c->close(c);
}
