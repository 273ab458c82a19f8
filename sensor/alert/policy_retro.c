#include "alert/policy_retro.h"

#include <stdio.h>

#include "base/when.h"

enum { PART_MAX = 128 };

#define NS_PER_DAY (86400 * NS_PER_SEC)

static const char *
verdict(enum indicator_role r)
{
	static const char *const verdicts[ROLE_KINDS] = {
		[ROLE_C2] = "command and control", [ROLE_DOWNLOAD] = "malware download",
		[ROLE_SUSPICIOUS] = "suspicious", [ROLE_SINKHOLE] = "a sinkhole for infected machines",
	};

	return r < ROLE_KINDS && verdicts[r] != NULL ? verdicts[r] : "bad";
}

/* "12 times on 3 days from 2026-05-01 08:12 to 2026-05-09 10:00" */
static const char *
contacts(const struct observation *o, char buf[PART_MAX])
{
	char first[WHEN_TEXT_MAX], last[WHEN_TEXT_MAX], days[32] = "";

	when_rfc3339(o->flow_first_ns, first);
	when_rfc3339(o->flow_last_ns, last);
	first[10] = last[10] = ' ';
	if (o->number > 1)
		snprintf(days, sizeof days, " on %u days", o->number);
	if (o->count <= 1)
		snprintf(buf, PART_MAX, "once, at %.16s", first);
	else
		snprintf(buf, PART_MAX, "%u times%s from %.16s to %.16s", o->count, days, first, last);
	return buf;
}

/* ", first seen 2026-05-10: 9 days after the first contact" */
static const char *
dates(const struct observation *o, const struct indicator *i, char buf[PART_MAX])
{
	char day[WHEN_TEXT_MAX];
	int64_t days;

	buf[0] = '\0';
	if (i->first_seen_ns == WHEN_UNKNOWN || i->first_seen_ns < 0)
		return buf;
	when_rfc3339(i->first_seen_ns, day);
	days = i->first_seen_ns / NS_PER_DAY - o->flow_first_ns / NS_PER_DAY;
	if (days > 0)
		snprintf(buf, PART_MAX, ", first seen %.10s: %lld day%s after the first contact", day,
		    (long long)days, days == 1 ? "" : "s");
	else
		snprintf(buf, PART_MAX, ", first seen %.10s", day);
	return buf;
}

void
policy_retro_reason(const struct observation *o, const struct indicator *i, const char *listed, char *buf,
    size_t size)
{
	char when[PART_MAX], seen[PART_MAX];

	snprintf(buf, size, "was in contact with %s %s, before this sensor knew that %s it as %s%s%s%s", i->value,
	    contacts(o, when), listed, verdict(i->role), i->malware[0] == '\0' ? "" : " of ", i->malware,
	    dates(o, i, seen));
}
