/*
 * eve.h - records as EVE JSON lines, docs/alerts.md tells every field.
 *
 * IPv6 addresses are written in full, as EVE does, except in beacon records
 * (RFC 5952). Each returns a malloc'd line without newline, or NULL without memory.
 * Text from the wire that is not UTF-8, or controls a terminal, has its odd bytes as \xNN.
 */
#ifndef SENSOR_ALERT_EVE_H
#define SENSOR_ALERT_EVE_H

#include "alert.h"
#include "base/language.h"
#include "observation.h"

char *eve_alert(const struct alert *a, const char *sensor_name);
/* How many C2 servers of a malware answered so many hosts on that day (since 1970). */
struct eve_census {
	int32_t day;
	const char *family;
	uint64_t servers, hosts;
	bool estimated;
};
char *eve_census(const struct eve_census *c, int64_t ts_ns, const char *sensor_name);

char *eve_beacon(const struct finding *f, const char *sensor_name, enum language l);

/*
 * OBSERVE_HTTP, _TLS, _DNS, _FLOW, _MAIL, _FILE, _LOGIN, _REMOTE, _IDENTITY,
 * _UNKNOWN; NULL for any other, too.
 */
char *eve_record(const struct observation *o, const char *sensor_name);

#endif
