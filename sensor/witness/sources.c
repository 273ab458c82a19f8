#include "witness/sources.h"

#include <string.h>

#include "base/when.h"

/* How much worse is one role than another? */
static unsigned
weight(enum indicator_role role)
{
	static const unsigned weights[ROLE_KINDS] = {
		[ROLE_C2] = 7, [ROLE_DOWNLOAD] = 6, [ROLE_INFECTED] = 5, [ROLE_SINKHOLE] = 4,
		[ROLE_SUSPICIOUS] = 3, [ROLE_SCANNER] = 2, [ROLE_RESOLVER] = 1,
	};

	return role < ROLE_KINDS ? weights[role] : 0;
}

static bool
same_thing(const struct indicator *a, const struct indicator *b)
{
	return a->type == b->type && (a->role == ROLE_INFECTED) == (b->role == ROLE_INFECTED) &&
	    strcmp(a->value, b->value) == 0;
}

/* Confidence 0 is silence: it neither adds nor takes away. Two independent halves leave a quarter of doubt. */
static uint8_t
joint_confidence(uint8_t a, uint8_t b)
{
	return (uint8_t)(100 - ((100 - a) * (100 - b) + 50) / 100);
}

static int64_t
earliest(int64_t a, int64_t b)
{
	return a == WHEN_UNKNOWN || (b != WHEN_UNKNOWN && b < a) ? b : a;
}

static int64_t
latest(int64_t a, int64_t b)
{
	return a == WHEN_UNKNOWN || b > a ? b : a;
}

/* A name that does not fit as a whole is left out. */
static void
add_feed(struct sources *s, const char *feed)
{
	size_t len = strlen(feed);

	if (len == 0 || len + 1 > sizeof s->feeds - s->used)
		return;
	if (s->used > 0)
		s->feeds[s->used++] = '\n';
	memcpy(s->feeds + s->used, feed, len);
	s->used += len;
}

void
sources_begin(struct sources *s)
{
	s->used = 0;
	add_feed(s, s->shown.feed);
}

/* Texts lie in the image. */
bool
sources_join(struct sources *s)
{
	struct indicator *a = &s->shown, *b = &s->next;

	if (!same_thing(a, b))
		return false;
	add_feed(s, b->feed);
	if (weight(b->role) > weight(a->role)) {
		a->role = b->role;
		a->feed = b->feed;
		a->line = b->line;
		a->reference = b->reference;
		a->malware = b->malware[0] != '\0' ? b->malware : a->malware;
	}
	if (a->malware[0] == '\0')
		a->malware = b->malware;
	a->confidence = joint_confidence(a->confidence, b->confidence);
	a->first_seen_ns = earliest(a->first_seen_ns, b->first_seen_ns);
	a->last_seen_ns = latest(a->last_seen_ns, b->last_seen_ns);
	/* Who says no end says that it holds. */
	a->valid_until_ns = a->valid_until_ns == WHEN_UNKNOWN || b->valid_until_ns == WHEN_UNKNOWN ?
	    WHEN_UNKNOWN : latest(a->valid_until_ns, b->valid_until_ns);
	return true;
}

void
sources_put(const struct sources *s, struct observation_buffer *b)
{
	const struct indicator *i = &s->shown;

	b->o.indicator_type = (uint8_t)i->type;
	b->o.indicator_role = (uint8_t)i->role;
	b->o.indicator_confidence = i->confidence;
	b->o.indicator_line = i->line;
	b->o.indicator_first_ns = i->first_seen_ns;
	b->o.indicator_last_ns = i->last_seen_ns;
	b->o.indicator_until_ns = i->valid_until_ns;
	observation_add(b, TEXT_INDICATOR_VALUE, span_text(i->value), 2048);
	observation_add(b, TEXT_INDICATOR_FEED, span_text(i->feed), 256);
	observation_add(b, TEXT_INDICATOR_FEEDS, span_of(s->feeds, s->used), SOURCES_FEEDS_BYTES);
	observation_add(b, TEXT_INDICATOR_MALWARE, span_text(i->malware), 256);
	observation_add(b, TEXT_INDICATOR_REFERENCE, span_text(i->reference), 512);
}
