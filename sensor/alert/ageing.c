#include "alert/ageing.h"

#include <string.h>

#include "base/when.h"

#define NS_PER_DAY (86400 * NS_PER_SEC)

struct ageing_days
ageing_of(enum indicator_type type)
{
	static const struct ageing_days days[INDICATOR_TYPES] = {
		[INDICATOR_ADDRESS] = { 30, 90 },
		[INDICATOR_ADDRESS_PORT] = { 30, 90 },
		[INDICATOR_CIDR] = { 90, 365 },
		[INDICATOR_DOMAIN] = { 90, 365 },
		[INDICATOR_URL] = { 30, 180 },
		[INDICATOR_JA3] = { AGEING_NEVER, AGEING_NEVER },
		[INDICATOR_JA4] = { AGEING_NEVER, AGEING_NEVER },
		[INDICATOR_CERT_SHA1] = { AGEING_NEVER, AGEING_NEVER },
		[INDICATOR_JA3S] = { AGEING_NEVER, AGEING_NEVER },
		[INDICATOR_CERT_SHA256] = { AGEING_NEVER, AGEING_NEVER },
		[INDICATOR_FILE_SHA256] = { AGEING_NEVER, AGEING_NEVER },
		[INDICATOR_USER_AGENT] = { AGEING_NEVER, AGEING_NEVER },
	};

	return type < INDICATOR_TYPES ? days[type] : (struct ageing_days){ AGEING_NEVER, AGEING_NEVER };
}

/* Of the feed with this name, or of its type. */
static struct ageing_days
days_of_feed(const struct ageing *rules, enum indicator_type type, struct span name)
{
	struct ageing_days days = ageing_of(type);
	unsigned i;

	for (i = 0; rules != NULL && i < rules->feeds_count; i++) {
		const struct ageing_feed *f = &rules->feeds[i];

		if (!span_equal(name, span_text(f->name)))
			continue;
		days.fade = f->days.fade > 0 ? f->days.fade : days.fade;
		days.expire = f->days.expire > 0 ? f->days.expire : days.expire;
		break;
	}
	return days;
}

static struct ageing_days
longest_days(const struct ageing *rules, const struct observation *match)
{
	struct span names = observation_text(match, TEXT_INDICATOR_FEEDS), name;
	struct ageing_days longest = { 0, 0 }, days;

	if (names.left == 0)
		names = observation_text(match, TEXT_INDICATOR_FEED);
	do {
		if (!span_until(&names, '\n', &name)) {
			name = names;
			names.left = 0;
		}
		days = days_of_feed(rules, match->indicator_type, name);
		longest.fade = days.fade > longest.fade ? days.fade : longest.fade;
		longest.expire = days.expire > longest.expire ? days.expire : longest.expire;
	} while (names.left > 0);
	return longest;
}

struct aged
ageing_look(const struct ageing *rules, const struct observation *match)
{
	int64_t seen = match->indicator_last_ns != WHEN_UNKNOWN ? match->indicator_last_ns :
	    match->indicator_first_ns;
	struct aged aged = { INDICATOR_ACTIVE, seen >= 0 && seen <= match->ts_ns, 0 };
	struct ageing_days days;

	if (match->indicator_until_ns != WHEN_UNKNOWN && match->ts_ns > match->indicator_until_ns)
		aged.state = INDICATOR_EXPIRED;
	if (!aged.dated)
		return aged;
	aged.days = (uint32_t)((match->ts_ns - seen) / NS_PER_DAY);
	days = longest_days(rules, match);
	if (days.expire < AGEING_NEVER && aged.days >= days.expire)
		aged.state = INDICATOR_EXPIRED;
	else if (days.fade < AGEING_NEVER && aged.days >= days.fade && aged.state == INDICATOR_ACTIVE)
		aged.state = INDICATOR_FADING;
	return aged;
}
