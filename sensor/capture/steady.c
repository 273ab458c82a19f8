#include "capture/steady.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "capture/savefile.h"

#define LEAP_NS (3600 * NS_PER_SEC)

static int
read_next(struct steady *s, struct frame *out, struct fault *fault)
{
	if (!s->has_next)
		return savefile_next(s->file, out, fault);
	s->has_next = false;
	*out = s->next;
	*fault = s->next_fault;
	return s->next_result;
}

/* Forward 1, backward -1, 0: no leap. Times are between 1970 and 2223. */
static int
leap(int64_t from_ns, int64_t to_ns)
{
	if (to_ns - from_ns > LEAP_NS)
		return 1;
	return from_ns - to_ns > LEAP_NS ? -1 : 0;
}

/* The same, asked of every frame. */
static inline bool
leaps(int64_t from_ns, int64_t to_ns)
{
	return (uint64_t)(to_ns - from_ns + LEAP_NS) > 2 * (uint64_t)LEAP_NS;
}

/* The frame's bytes die when the next one is read. */
static bool
keep(struct steady *s, struct frame *f)
{
	uint8_t *grown;

	if (f->captured_bytes > s->kept_bytes) {
		if ((grown = realloc(s->kept, f->captured_bytes)) == NULL)
			return false;
		s->kept = grown;
		s->kept_bytes = f->captured_bytes;
	}
	if (f->captured_bytes > 0) {
		memcpy(s->kept, f->bytes, f->captured_bytes);
		f->bytes = s->kept;
	}
	return true;
}

/* The time of `f` leaps, and behind it comes a frame of next_ns. */
static void
judge(const struct steady *s, struct frame *f, int64_t next_ns)
{
	if (leap(f->ts_ns, next_ns) != -leap(s->before_ns, f->ts_ns))
		return;
	f->ts_ns = s->before_ns;
	f->retimed = true;
}

static void
look_behind(struct steady *s, struct frame *f)
{
	/* Without memory the time is believed. */
	if (!keep(s, f))
		return;
	s->next_fault.text[0] = '\0';
	s->next_result = savefile_next(s->file, &s->next, &s->next_fault);
	s->has_next = true;
	if (s->next_result > 0)
		judge(s, f, s->next.ts_ns);
}

int
steady_next(struct steady *s, struct frame *out, struct fault *fault)
{
	int r = read_next(s, out, fault);

	if (r <= 0)
		return r;
	out->retimed = false;
	if (s->begun && leap(s->before_ns, out->ts_ns) != 0)
		look_behind(s, out);
	s->begun = true;
	s->before_ns = out->ts_ns;
	return r;
}

/* It is the next one after all. */
static void
hold_back(struct steady *s, const struct frame *f)
{
	s->next = *f;
	s->next_fault.text[0] = '\0';
	s->next_result = 1;
	s->has_next = true;
}

int
steady_take(struct steady *s, struct frame *out, unsigned most, struct fault *fault)
{
	int n, i;

	if (s->has_next)
		return steady_next(s, out, fault);
	n = savefile_take(s->file, out, most, fault);
	for (i = 0; i < n; i++) {
		out[i].retimed = false;
		if (leaps(s->before_ns, out[i].ts_ns) && s->begun) {
			if (i > 0 && i + 1 == n) {	/* to look behind it would overwrite the others */
				hold_back(s, &out[i]);
				return i;
			}
			if (i + 1 < n)
				judge(s, &out[i], out[i + 1].ts_ns);
			else
				look_behind(s, out);
		}
		s->begun = true;
		s->before_ns = out[i].ts_ns;
	}
	return n;
}

/* One frame is read, and when its time leaps the one behind it. */
bool
steady_keeps(const struct steady *s)
{
	return !s->has_next && savefile_keeps(s->file, 2);
}

void
steady_clear(struct steady *s)
{
	free(s->kept);
	*s = (struct steady){ 0 };
}
