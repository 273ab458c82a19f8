/*
 * Microsoft CTIP: infected addresses seen by its sinkholes, an object on each
 * line. The source is the infected host, the destination the sinkhole.
 */
#include "indicators/feed.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/when.h"

/* 100-nanosecond steps since 1601, as Windows counts; 1970 is this many seconds later. */
#define SECONDS_FROM_1601 11644473600LL

static uint8_t
confidence_of(struct span text)
{
	static const struct {
		const char *name;
		uint8_t percent;
	} rows[] = { { "High", 100 }, { "Medium", 50 }, { "Low", 20 }, { "Informational", 10 } };
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (span_equal_nocase(text, span_text(rows[i].name)))
			return rows[i].percent;
	return 50;
}

static int64_t
windows_time(struct span text)
{
	long long steps;
	char digits[24];

	if (text.left == 0 || text.left >= sizeof digits)
		return WHEN_UNKNOWN;
	memcpy(digits, text.at, text.left);
	digits[text.left] = '\0';
	/* cJSON has numbers as doubles: they are exact to some microseconds here. */
	steps = (long long)strtod(digits, NULL);
	if (steps < SECONDS_FROM_1601 * 10000000 || steps > SECONDS_FROM_1601 * 20000000)
		return WHEN_UNKNOWN;
	return (steps - SECONDS_FROM_1601 * 10000000) * 100;
}

static void
read_object(struct feed *f, const cJSON *o)
{
	struct feed_line line = feed_says(ROLE_INFECTED, confidence_of(member_text(o, "ThreatConfidence")));
	char number[32];

	line.malware = member_text(o, "Malware");
	line.reference = member_text(o, "ThreatCode");
	line.first_ns = feed_time(member_text(o, "DateTimeReceivedUtcTxt"));
	if (line.first_ns == WHEN_UNKNOWN)
		line.first_ns = windows_time(member_number(o, "DateTimeReceivedUtc", number));
	line.last_ns = line.first_ns;
	feed_take_text(f, member_text(o, "SourceIp"), 1 << INDICATOR_ADDRESS, &line);
}

static bool
recognise(const struct feed_head *head)
{
	return head_has_key(head, "SourceIp") && head_has_key(head, "ThreatCode");
}

static void
read_line(struct feed *f, struct span line)
{
	cJSON *o = feed_json_line(f, line);

	if (o != NULL)
		read_object(f, o);
	cJSON_Delete(o);
}

const struct feed_reader ctip_json = { recognise, read_line, NULL, NULL };
