/*
 * when.h - times as text and back. All times are nanoseconds since 1970, UTC.
 */
#ifndef SENSOR_BASE_WHEN_H
#define SENSOR_BASE_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_SEC 1000000000LL
#define WHEN_TEXT_MAX 40
#define WHEN_UNKNOWN INT64_MIN

/* "2026-05-20T10:00:12.123456+0000", as in EVE. Returns `buf`. */
const char *when_eve(int64_t ns, char buf[WHEN_TEXT_MAX]);

/* "2026-05-20T10:00:12.123456Z" (RFC 3339). Returns `buf`. */
const char *when_rfc3339(int64_t ns, char buf[WHEN_TEXT_MAX]);

/*
 * "2026-05-20", "2026-05-20 10:00:12", with T or /, fractions, Z or ±hh:mm
 * (a zone in the text wins over `zone_sec`, seconds east of UTC). False for
 * anything else, and for dates that do not exist.
 */
bool when_parse(const char *text, size_t len, int zone_sec, int64_t *out);

#endif
