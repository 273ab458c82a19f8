#include "base/when.h"

#include <string.h>
#include <time.h>

enum { DAY_SEC = 86400 };

static char *
put_number(char *to, int n, int digits)
{
	int i;

	for (i = digits; i > 0; n /= 10)
		to[--i] = (char)('0' + n % 10);
	return to + digits;
}

/*
 * A day since 1970-01-01 in the Gregorian calendar. Years are counted from March on, so that the leap day is their last, and in
 * cycles of 400, which have 146,097 days each.
 */
static void
date_of(int64_t days, int *year, int *month, int *day)
{
	enum { CYCLE = 146097, TO_1970 = 719468 };	/* from 0000-03-01 */
	int64_t since = days + TO_1970, cycle = (since >= 0 ? since : since - (CYCLE - 1)) / CYCLE;
	int of_cycle = (int)(since - cycle * CYCLE);
	int years = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / (CYCLE - 1)) / 365;
	int of_year = of_cycle - (365 * years + years / 4 - years / 100), months = (5 * of_year + 2) / 153;

	*day = of_year - (153 * months + 2) / 5 + 1;
	*month = months < 10 ? months + 3 : months - 9;
	*year = (int)(cycle * 400) + years + (*month <= 2);
}

/* By hand: gmtime(3), strftime(3) and printf(3) take twenty times as long, and a record has up to thirty times. */
static const char *
write_time(int64_t ns, const char *zone, char buf[WHEN_TEXT_MAX])
{
	int64_t sec = ns / NS_PER_SEC, rest = ns % NS_PER_SEC;
	int year, month, day, of_day;
	char *to = buf;

	if (rest < 0) {
		rest += NS_PER_SEC;
		sec--;
	}
	of_day = (int)(sec % DAY_SEC);
	if (of_day < 0)
		of_day += DAY_SEC;
	date_of((sec - of_day) / DAY_SEC, &year, &month, &day);
	to = put_number(to, year, 4);
	*to++ = '-';
	to = put_number(to, month, 2);
	*to++ = '-';
	to = put_number(to, day, 2);
	*to++ = 'T';
	to = put_number(to, of_day / 3600, 2);
	*to++ = ':';
	to = put_number(to, of_day / 60 % 60, 2);
	*to++ = ':';
	to = put_number(to, of_day % 60, 2);
	*to++ = '.';
	to = put_number(to, (int)(rest / 1000), 6);
	strcpy(to, zone);
	return buf;
}

const char *
when_eve(int64_t ns, char buf[WHEN_TEXT_MAX])
{
	return write_time(ns, "+0000", buf);
}

const char *
when_rfc3339(int64_t ns, char buf[WHEN_TEXT_MAX])
{
	return write_time(ns, "Z", buf);
}

struct reader {
	const char *at;
	size_t left;
};

static bool
number(struct reader *r, size_t digits, int least, int most, int *out)
{
	int n = 0;
	size_t i;

	if (r->left < digits)
		return false;
	for (i = 0; i < digits; i++) {
		if (r->at[i] < '0' || r->at[i] > '9')
			return false;
		n = n * 10 + (r->at[i] - '0');
	}
	if (n < least || n > most)
		return false;
	r->at += digits;
	r->left -= digits;
	*out = n;
	return true;
}

static bool
one_of(struct reader *r, const char *set)
{
	if (r->left == 0 || *r->at == '\0' || strchr(set, *r->at) == NULL)
		return false;
	r->at++;
	r->left--;
	return true;
}

static int64_t
fraction(struct reader *r)
{
	int64_t ns = 0, unit = NS_PER_SEC / 10;

	while (r->left > 0 && *r->at >= '0' && *r->at <= '9') {
		ns += unit * (*r->at - '0');
		unit /= 10;
		r->at++;
		r->left--;
	}
	return ns;
}

static bool
zone(struct reader *r, int *zone_sec)
{
	int sign, h, m = 0;

	if (r->left == 0)
		return true;
	if (one_of(r, "Zz")) {
		*zone_sec = 0;
		return true;
	}
	sign = *r->at == '-' ? -1 : 1;
	if (!one_of(r, "+-") || !number(r, 2, 0, 14, &h))
		return false;
	one_of(r, ":");
	if (r->left > 0 && !number(r, 2, 0, 59, &m))
		return false;
	*zone_sec = sign * (h * 3600 + m * 60);
	return true;
}

static bool
clock_part(struct reader *r, struct tm *tm, int64_t *ns)
{
	if (!one_of(r, " Tt") || !number(r, 2, 0, 23, &tm->tm_hour) ||
	    !one_of(r, ":") || !number(r, 2, 0, 59, &tm->tm_min))
		return false;
	if (one_of(r, ":") && !number(r, 2, 0, 60, &tm->tm_sec))
		return false;
	if (one_of(r, "."))
		*ns = fraction(r);
	if (r->left >= 4 && memcmp(r->at, " UTC", 4) == 0) {
		r->at += 4;
		r->left -= 4;
	}
	return true;
}

bool
when_parse(const char *text, size_t len, int zone_sec, int64_t *out)
{
	struct reader r = { text, len };
	struct tm tm, asked;
	int64_t ns = 0;
	int year, month;
	time_t t;

	memset(&tm, 0, sizeof tm);
	if (!number(&r, 4, 1970, 2200, &year) || !one_of(&r, "-/") ||
	    !number(&r, 2, 1, 12, &month) || !one_of(&r, "-/") ||
	    !number(&r, 2, 1, 31, &tm.tm_mday))
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	if (r.left > 0 && (!clock_part(&r, &tm, &ns) || !zone(&r, &zone_sec) || r.left > 0))
		return false;
	asked = tm;
	t = timegm(&tm);
	if (tm.tm_mday != asked.tm_mday)	/* 31 February */
		return false;
	*out = ((int64_t)t - zone_sec) * NS_PER_SEC + ns;
	return true;
}
