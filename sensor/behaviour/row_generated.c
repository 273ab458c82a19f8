/*
 * row_generated.c - a program tries names that it calculates until one is
 * registered: within minutes many zones that do not exist (RFC 2308, 2.1), and
 * their labels are no words.
 *
 * Zones are counted, not names: what a browser asks to find out whether
 * somebody answers everything (single labels), and whatever a search domain is
 * put behind, are none or one. A captive portal has an answer for all.
 */
#include "base/zone.h"
#include "behaviour/house.h"
#include "behaviour/private.h"

enum {
	ZONES = 128, SUFFIXES = 8, LABEL_LEAST = 6, WEIGHED_EACH = 2, NAME_ERROR = 3,
	GENERATED_DECIBITS = 5, NUMBER_DIGITS = 4, POINTS_MOSTLY = 30, POINTS_ALL = 40, POINTS_FAILING = 15, POINTS_SELDOM = -15,
	POINTS_MAIL = -30, SERVED_SEC = 30 * 86400
};

struct generated {
	int64_t first_ns, last_ns;
	uint32_t zone[ZONES], suffix[SUFFIXES];
	unsigned zones, next_zone, suffixes, next_suffix;
	uint32_t failed;		/* distinct zones; goes on when `zone` is full */
	uint32_t generated;		/* of them */
	uint32_t missing, found;	/* answers */
};

const size_t generated_part_bytes = sizeof(struct generated);

/*
 * How much likelier is a letter when all 36 are alike than in words? In tenths
 * of a bit: 10·log₂(1/36 ÷ share). The shares are of English text and romanised
 * Japanese, two to one; a digit has a five hundredth.
 */
static const int8_t letter_decibits[26] = {
	-18, 10, 5, -4, -18, 8, 6, -9, -16, 29, 1, 1, 1,
	-13, -16, 11, 54, -9, -11, -15, -7, 21, 5, 48, 3, 29
};

enum { DIGIT_DECIBITS = 38, HYPHEN_DECIBITS = -20, RUN_OF_CONSONANTS = 4, RUN_DECIBITS = 20 };

static bool
is_vowel(uint8_t c)
{
	return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

/*
 * A word with a number behind it ("shop07", "cdn-12") is one of a row that somebody wrote: what is judged is the
 * word. Digits among the letters are drawn with them.
 */
static struct span
without_number(struct span label)
{
	size_t stem = label.left, i;

	while (stem > 0 && label.left - stem < NUMBER_DIGITS && label.at[stem - 1] >= '0' && label.at[stem - 1] <= '9')
		stem--;
	for (i = 0; i < stem; i++)
		if (label.at[i] >= '0' && label.at[i] <= '9')
			return label;
	return span_of(label.at, stem);
}

/* Are its letters drawn, rather than written? */
static bool
looks_generated(struct span label)
{
	int sum = 0;
	unsigned run = 0;
	size_t i;

	label = without_number(label);
	if (label.left < LABEL_LEAST || (label.left > 4 && memcmp(label.at, "xn--", 4) == 0))
		return false;
	for (i = 0; i < label.left; i++) {
		uint8_t c = label.at[i];
		bool letter = c >= 'a' && c <= 'z';

		sum += letter ? letter_decibits[c - 'a'] : c == '-' ? HYPHEN_DECIBITS : DIGIT_DECIBITS;
		run = letter && !is_vowel(c) ? run + 1 : 0;
		sum += run == RUN_OF_CONSONANTS + 1 ? RUN_DECIBITS : 0;
	}
	return sum >= GENERATED_DECIBITS;
}

static void
weigh(struct sight *s, const struct generated *k, struct span name)
{
	const uint32_t many = s->limits->generated_names;
	const struct step zones[] = { { many, 20 }, { many * 3, 30 }, { many * 10, 40 }, { 0, 0 } };
	uint32_t answers = k->missing + k->found;
	struct score c;

	score_begin(&c);
	score_number(&c, "missing_zones", k->failed, score_step(zones, k->failed));
	score_minutes(&c, k->first_ns, k->last_ns);
	score_number(&c, "generated", k->generated, k->generated * 10 >= k->failed * 7 ? POINTS_ALL :
	    k->generated * 5 >= k->failed * 2 ? POINTS_MOSTLY : 0);
	score_number(&c, "suffixes", k->suffixes, 0);
	score_number(&c, "missing_percent", UINT64_C(100) * k->missing / answers, k->missing * 2 >= answers ? POINTS_FAILING :
	    k->missing * 10 < answers ? POINTS_SELDOM : 0);
	if (sight_since(s, s->host->mail_served_ns, SERVED_SEC) >= 0 ||
	    in_networks(s->limits->mail_hosts, s->limits->mail_hosts_count, s->addr))
		score_word(&c, "takes_mail", "yes", POINTS_MAIL);
	score_text(&c, "name", name, 0);
	if (score_confidence(&c) >= s->limits->confidence && !sight_harmless(s, name, false))
		sight_ring(s, ROW_GENERATED, &c, k->first_ns);
}

static void
note_missing(struct sight *s, struct generated *k, struct span name, struct span zone)
{
	struct span rest = zone, label;

	k->missing++;
	if (zone_is_searched(span_of(name.at, name.left > zone.left ? name.left - zone.left - 1 : 0)) ||
	    !tags_add(k->zone, ZONES, &k->zones, &k->next_zone, tag_of_text(zone)) || !span_until(&rest, '.', &label))
		return;
	k->failed++;
	k->generated += looks_generated(label);
	tags_add(k->suffix, SUFFIXES, &k->suffixes, &k->next_suffix, tag_of_text(rest));
	if (k->failed >= s->limits->generated_names && k->failed % WEIGHED_EACH == 0)
		weigh(s, k, name);
}

void
generated_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct span name = s->name, zone;
	bool missing = o->status == NAME_ERROR;
	struct generated *k;

	if (o->app != APP_DNS || o->host_side != ORIGINATOR || (o->flags & OBSERVED_RESPONSE) == 0 ||
	    (o->flags & OBSERVED_MULTICAST) != 0 || (!missing && o->status != 0))
		return;
	/* Who never missed a name needs no part. */
	if (!missing && (sight_known(s) == NULL || s->host->part[ROW_GENERATED] == NULL))
		return;
	if ((zone = zone_of(name)).left == 0 ||
	    (missing && house_is_resolver(s->house, house_hash(&o->key.realm, s->addr))) ||
	    (k = sight_part(s, ROW_GENERATED)) == NULL)
		return;
	if (k->zones == 0 || sight_since(s, k->first_ns, s->limits->generated_sec) < 0) {
		memset(k, 0, sizeof *k);
		k->first_ns = o->ts_ns;
	}
	k->last_ns = o->ts_ns;
	if (missing)
		note_missing(s, k, name, zone);
	else
		k->found++;
}
