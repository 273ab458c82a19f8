#include "base/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048
#define LIMIT_NS 10000000000LL

static enum log_level most_level = LOG_LEVEL_INFO;

void
log_set_level(enum log_level most)
{
	most_level = most;
}

/* C0, DEL, and C1 (in UTF-8 behind 0xc2), some of which terminals obey as well. */
static bool
is_control(const char *at)
{
	const unsigned char *c = (const unsigned char *)at;

	return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0);
}

static void put_line(enum log_level level, const char *stage, const char *format, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void
put_line(enum log_level level, const char *stage, const char *format, va_list ap)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	char line[LINE_MAX_BYTES];
	size_t head, len, i;
	int n;

	n = snprintf(line, sizeof line, "hansho: %s: %s: ", names[level], stage);
	head = n < 0 ? 0 : (size_t)n;
	if (head > sizeof line / 2)
		head = sizeof line / 2;
	vsnprintf(line + head, sizeof line - head - 1, format, ap);
	len = strlen(line);
	for (i = head; i < len; i++)
		if (is_control(line + i))
			line[i] = '?';
	line[len++] = '\n';
	/* One write, so that lines of several processes do not mix. Nobody to tell when it fails. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void
log_line(enum log_level level, const char *stage, const char *format, ...)
{
	va_list ap;

	if (level > most_level)
		return;
	va_start(ap, format);
	put_line(level, stage, format, ap);
	va_end(ap);
}

void
log_limited(struct log_limit *limit, enum log_level level, const char *stage,
    const char *format, ...)
{
	struct timespec now;
	int64_t now_ns;
	va_list ap;

	if (level > most_level)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (now_ns < limit->next_ns) {
		limit->held_back++;
		return;
	}
	if (limit->held_back > 0)
		log_line(level, stage, "%" PRIu64 " more like the next line were held back",
		    limit->held_back);
	limit->held_back = 0;
	limit->next_ns = now_ns + LIMIT_NS;
	va_start(ap, format);
	put_line(level, stage, format, ap);
	va_end(ap);
}
