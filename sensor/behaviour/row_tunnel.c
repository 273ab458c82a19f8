/*
 * row_tunnel.c - data inside DNS: under one zone many names that were never
 * asked before, long and coded; answers that carry text or bytes; addresses
 * that nobody calls. A content network's names are called, a reputation
 * service answers with loopback addresses (RFC 5782, 2.1).
 *
 * A zone is followed from a question on that could carry something: 20 bytes
 * or more before the zone, or a type that answers with other than addresses.
 */
#include <math.h>

#include "base/zone.h"
#include "behaviour/house.h"
#include "behaviour/private.h"

enum {
	FOLLOWED = 4, SEEN_WORDS = 8, SEEN_BITS = SEEN_WORDS * 64, GIVEN = 8, LETTERS = 38, LETTER_MOST = 60000,
	CARRIES_BYTES = 20, WEIGHED_EACH = 8, CODED_MILLIBITS = 4500, CODED_DIGITS = 25,
	POINTS_CODED = 15, POINTS_TYPES = 15, POINTS_NOBODY = 15, POINTS_CALLED = -60, POINTS_LISTS = -60, POINTS_FAILS = -30
};

/* RFC 1035, 3.2.2; RFC 3596; RFC 9460; 6: a zone's own record, as updates ask for it */
enum { TYPE_A = 1, TYPE_NS = 2, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_HTTPS = 65 };

struct zone {
	int64_t first_ns, last_ns;
	uint32_t tag;			/* 0: unused */
	uint32_t questions, odd, answers, failed;
	uint32_t names, name_bytes;	/* distinct ones, and what they could carry */
	uint32_t given, called;		/* addresses in answers; of those that gave way in `address`, called ones */
	uint32_t loopback;
	uint64_t payload;		/* of TXT and NULL answers */
	uint64_t seen[SEEN_WORDS];	/* a bit for a name, by its hash; emptied when three quarters are set */
	unsigned seen_bits;
	uint16_t letters[LETTERS];
	uint64_t address[GIVEN];	/* house_hash(), the latest */
};

struct tunnel {
	struct zone zone[FOLLOWED];
};

const size_t tunnel_part_bytes = sizeof(struct tunnel);

static bool
is_odd(uint16_t type)
{
	return type != TYPE_A && type != TYPE_AAAA && type != TYPE_HTTPS && type != TYPE_PTR && type != TYPE_SOA &&
	    type != TYPE_NS;
}

static struct zone *
find(struct tunnel *k, uint32_t tag)
{
	unsigned i;

	for (i = 0; i < FOLLOWED; i++)
		if (k->zone[i].tag == tag)
			return &k->zone[i];
	return NULL;
}

/* In place of the one that carried least, or has ended. */
static struct zone *
follow(struct sight *s, struct tunnel *k, uint32_t tag)
{
	struct zone *z = &k->zone[0];
	unsigned i;

	for (i = 0; i < FOLLOWED; i++) {
		if (k->zone[i].tag != 0 && sight_since(s, k->zone[i].first_ns, s->limits->tunnel_sec) < 0)
			memset(&k->zone[i], 0, sizeof k->zone[i]);
		if (k->zone[i].name_bytes < z->name_bytes || k->zone[i].tag == 0)
			z = &k->zone[i];
		if (z->tag == 0)
			break;
	}
	memset(z, 0, sizeof *z);
	z->tag = tag;
	z->first_ns = s->o->ts_ns;
	return z;
}

static void
count_letters(struct zone *z, struct span text)
{
	size_t i;
	unsigned at;

	for (i = 0; i < text.left; i++) {
		uint8_t c = text.at[i];

		if (c == '.')
			continue;
		at = c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') : c >= '0' && c <= '9' ? 26u + (unsigned)(c - '0') :
		    c == '-' ? 36u : 37u;
		if (z->letters[at] < LETTER_MOST)
			z->letters[at]++;
	}
}

/* False: this name was asked before. */
static bool
count_name(struct zone *z, struct span before)
{
	uint32_t place = tag_of(before.at, before.left) % SEEN_BITS;
	uint64_t bit = UINT64_C(1) << place % 64;

	if (before.left == 0 || z->seen[place / 64] & bit)
		return false;
	z->seen[place / 64] |= bit;
	if (++z->seen_bits >= SEEN_BITS / 4 * 3) {
		memset(z->seen, 0, sizeof z->seen);
		z->seen_bits = 0;
	}
	z->names++;
	z->name_bytes += (uint32_t)before.left;
	count_letters(z, before);
	return true;
}

/* ---- what it comes to ---- */

/* Of the letters, in 1/1000 bit; share of digits in percent → *digits. */
static unsigned
entropy(const struct zone *z, unsigned *digits)
{
	double all = 0, numbers = 0, bits = 0;
	unsigned i;

	for (i = 0; i < LETTERS; i++) {
		all += z->letters[i];
		numbers += i >= 26 && i < 36 ? z->letters[i] : 0;
	}
	for (i = 0; i < LETTERS && all > 0; i++)
		if (z->letters[i] > 0)
			bits -= z->letters[i] / all * log2(z->letters[i] / all);
	*digits = all > 0 ? (unsigned)(100 * numbers / all) : 0;
	return (unsigned)(1000 * bits);
}

static unsigned
called(struct sight *s, const struct zone *z)
{
	unsigned i, n = z->called;

	for (i = 0; i < GIVEN; i++)
		n += z->address[i] != 0 && house_was_called(s->house, z->address[i]);
	return n;
}

static void
weigh_answers(struct sight *s, const struct zone *z, struct score *c)
{
	static const struct step payload[] = { { 4096, 10 }, { 65536, 20 }, { 0, 0 } };
	unsigned n = called(s, z);

	score_number(c, "odd_types", z->odd, z->odd * 2 >= z->questions ? POINTS_TYPES : 0);
	score_number(c, "payload_bytes", z->payload, score_step(payload, z->payload));
	score_number(c, "addresses", z->given, 0);
	score_number(c, "called", n, n * 10 > z->given ? POINTS_CALLED : n == 0 ? POINTS_NOBODY : 0);
	if (z->loopback * 2 > z->given)
		score_number(c, "loopback_answers", z->loopback, POINTS_LISTS);
	if (z->failed * 2 > z->answers)
		score_number(c, "failed", z->failed, POINTS_FAILS);
}

static void
weigh(struct sight *s, const struct zone *z, struct span name)
{
	const uint32_t many = s->limits->tunnel_names;
	const struct step names[] = { { many, 15 }, { many * 5, 25 }, { many * 25, 35 }, { 0, 0 } };
	static const struct step lengths[] = { { 24, 10 }, { 40, 20 }, { 64, 30 }, { 0, 0 } };
	unsigned digits, bits = entropy(z, &digits), mean;
	struct score c;

	if (z->names < many)
		return;
	mean = z->name_bytes / z->names;
	score_begin(&c);
	score_text(&c, "zone", zone_of(name), 0);
	score_number(&c, "names", z->names, score_step(names, z->names));
	score_minutes(&c, z->first_ns, z->last_ns);
	score_number(&c, "questions", z->questions, 0);
	score_number(&c, "mean_name_bytes", mean, score_step(lengths, mean));
	score_number(&c, "name_bytes", z->name_bytes, 0);
	score_number(&c, "entropy_millibits", bits, bits >= CODED_MILLIBITS || digits >= CODED_DIGITS ? POINTS_CODED : 0);
	score_number(&c, "digits_percent", digits, 0);
	weigh_answers(s, z, &c);
	score_text(&c, "name", name, 0);
	if (score_confidence(&c) >= s->limits->confidence && !sight_harmless(s, name, false))
		sight_ring(s, ROW_TUNNEL, &c, z->first_ns);
}

/* ---- what is seen ---- */

static void
note_address(struct sight *s, struct zone *z)
{
	uint64_t *oldest = &z->address[z->given % GIVEN];

	if (*oldest != 0 && house_was_called(s->house, *oldest))
		z->called++;
	*oldest = house_hash(&s->o->key.realm, &s->o->named);
	z->given++;
	z->loopback += addr_is_v4(&s->o->named) && s->o->named.b[12] == 127;
}

static void
note_question(struct sight *s, struct zone *z, struct span name, struct span before)
{
	z->questions++;
	z->odd += is_odd(s->o->version);
	if (count_name(z, before) && z->names % WEIGHED_EACH == 0)
		weigh(s, z, name);
}

static void
note_answer(struct zone *z, const struct observation *o)
{
	z->answers++;
	z->failed += o->status != 0;
	z->payload += o->count;
}

/* May this question open a zone? What a search domain makes longer carries nothing. */
static bool
carries(const struct observation *o, struct span before)
{
	return o->kind == OBSERVE_DNS && (o->flags & OBSERVED_RESPONSE) == 0 && before.left > 0 &&
	    (before.left >= CARRIES_BYTES || is_odd(o->version)) && !zone_is_searched(before);
}

void
dns_tunnel_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct span name = s->name, zone, before;
	struct tunnel *k = NULL;
	struct zone *z;
	uint32_t tag;

	if (o->app != APP_DNS || o->host_side != ORIGINATOR || (o->flags & OBSERVED_MULTICAST) != 0 ||
	    (zone = zone_of(name)).left == 0)
		return;
	before = span_of(name.at, name.left > zone.left ? name.left - zone.left - 1 : 0);
	if (sight_known(s) != NULL)
		k = s->host->part[ROW_TUNNEL];
	if (k == NULL && !carries(o, before))
		return;
	tag = tag_of_text(zone);
	z = k != NULL ? find(k, tag) : NULL;
	if (z != NULL && sight_since(s, z->first_ns, s->limits->tunnel_sec) < 0) {
		memset(z, 0, sizeof *z);
		z = NULL;
	}
	if (z == NULL) {
		if (!carries(o, before) || house_is_resolver(s->house, house_hash(&o->key.realm, s->addr)) ||
		    (k = sight_part(s, ROW_TUNNEL)) == NULL)
			return;
		z = follow(s, k, tag);
	}
	z->last_ns = o->ts_ns;
	if (o->kind == OBSERVE_NAME)
		note_address(s, z);
	else if ((o->flags & OBSERVED_RESPONSE) != 0)
		note_answer(z, o);
	else
		note_question(s, z, name, before);
}
