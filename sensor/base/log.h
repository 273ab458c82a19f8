/*
 * log.h - what the sensor says about itself (alerts are output, not log).
 *
 * One line each, on standard error: level, stage, words. Control bytes are
 * escaped, so that traffic and files cannot forge lines. A message that
 * traffic can cause goes through log_limited(): at most one in ten seconds
 * of the monotonic clock for each place in the code, with the number held back.
 */
#ifndef SENSOR_BASE_LOG_H
#define SENSOR_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level most);

void log_line(enum log_level level, const char *stage, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

struct log_limit {
	int64_t next_ns;
	uint64_t held_back;
};

void log_limited(struct log_limit *limit, enum log_level level, const char *stage,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
