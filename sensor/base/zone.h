/* zone.h - which part of a DNS name somebody owns (Public Suffix List). No I/O. */
#ifndef SENSOR_BASE_ZONE_H
#define SENSOR_BASE_ZONE_H

#include <stdbool.h>

#include "base/span.h"

/* One thread only: the latest names are remembered, and what suffix.h remembers. suffix_prepare() makes it fast. */

/* What can be registered of this lower-case name ("a.b.example.co.uk": example.co.uk); absent: nothing that one could own. */
struct span zone_of(struct span name);

/* How many bytes at the end of both, whole labels, are the same? */
size_t zone_common(struct span a, struct span b);

/* "www.example.com" of www.example.com.office.example: a resolver tried its search domain behind a whole name. */
bool zone_is_searched(struct span before_zone);

#endif
