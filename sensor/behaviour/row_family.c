/*
 * row_family.c - feeds name one malware of this host, and later another: what
 * came first lets others in, and at the end stands ransomware.
 */
#include <stdio.h>

#include "base/sentence.h"
#include "behaviour/private.h"

enum { FAMILIES = 4, POINTS_SECOND = 50, POINTS_THIRD = 15, POINTS_LATER = 10,
	POINTS_ORDER = 20, LATER_SEC = 120 };

struct family {
	char name[BEHAVIOUR_FAMILY_MAX];		/* as the feed has it, cut */
	uint32_t tag, subject;		/* of the name without its spellings; of the indicator */
	uint32_t peer;
	int64_t first_ns;
};

struct families {
	struct family family[FAMILIES];
	unsigned count;
};

const size_t family_part_bytes = sizeof(struct families);

/* Names of one thing; the first stands for all. */
static const char *const aliases[][4] = {
	{ "emotet", "heodo", "geodo", NULL }, { "qakbot", "qbot", "quakbot", NULL }, { "icedid", "bokbot", NULL },
	{ "trickbot", "trickster", "thetrick", NULL }, { "dridex", "bugat", "cridex", NULL },
	{ "cobaltstrike", "cobalt", "beacon", NULL }, { "zloader", "terdot", "deloader", NULL },
	{ "bazarloader", "bazarbackdoor", "bazar", NULL },
};

/* Who is known to bring whom: "Emotet" then "TrickBot" then "Ryuk". */
static const char *const followers[][2] = {
	{ "emotet", "trickbot" }, { "emotet", "qakbot" }, { "emotet", "icedid" }, { "emotet", "cobaltstrike" },
	{ "emotet", "dridex" }, { "trickbot", "ryuk" }, { "trickbot", "conti" }, { "trickbot", "bazarloader" },
	{ "trickbot", "cobaltstrike" }, { "emotet", "ryuk" }, { "qakbot", "cobaltstrike" }, { "icedid", "cobaltstrike" },
	{ "bazarloader", "cobaltstrike" }, { "bazarloader", "ryuk" }, { "bazarloader", "conti" },
	{ "cobaltstrike", "conti" }, { "cobaltstrike", "ryuk" },
};

/* "Win.Trojan.Heodo" and "Emotet" are one name: small letters and digits, what stands behind the last dot, its alias. */
const char *
behaviour_family(const char *name, char buf[BEHAVIOUR_FAMILY_MAX])
{
	const char *dot = strrchr(name, '.');
	size_t i, k, n = 0;

	for (name = dot != NULL && dot[1] != '\0' ? dot + 1 : name; *name != '\0' && n < BEHAVIOUR_FAMILY_MAX - 1; name++)
		if ((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9'))
			buf[n++] = *name;
		else if (*name >= 'A' && *name <= 'Z')
			buf[n++] = (char)(*name | 0x20);
	buf[n] = '\0';
	for (i = 0; i < sizeof aliases / sizeof *aliases; i++)
		for (k = 1; aliases[i][k] != NULL; k++)
			if (strcmp(aliases[i][k], buf) == 0)
				return aliases[i][0];
	return buf;
}

static bool
is_follower(const char *first, const char *second)
{
	char a[BEHAVIOUR_FAMILY_MAX], b[BEHAVIOUR_FAMILY_MAX];
	const char *from = behaviour_family(first, a), *to = behaviour_family(second, b);
	size_t i;

	for (i = 0; i < sizeof followers / sizeof *followers; i++)
		if (strcmp(followers[i][0], from) == 0 && strcmp(followers[i][1], to) == 0)
			return true;
	return false;
}

static void
ring(struct sight *s, const struct families *k)
{
	const struct family *first = &k->family[0], *latest = &k->family[k->count - 1];
	int64_t sec = (latest->first_ns - first->first_ns) / NS_PER_SEC;
	struct score c;

	score_begin(&c);
	score_text(&c, "first_family", span_text(first->name), 0);
	score_text(&c, "second_family", span_text(latest->name), POINTS_SECOND);
	score_number(&c, "families", k->count, k->count > 2 ? POINTS_THIRD : 0);
	score_number(&c, "after_min", (uint64_t)sec / 60, sec >= LATER_SEC ? POINTS_LATER : 0);
	if (is_follower(k->family[k->count - 2].name, latest->name))
		score_word(&c, "order", "known", POINTS_ORDER);
	score_addr(&c, "peer", s->peer, 0);
	sight_ring(s, ROW_FAMILY, &c, first->first_ns);
}

/* A fingerprint or a network may be anybody's; a list that names no malware says nothing here. */
static bool
names_malware(const struct finding *f)
{
	const struct indicator *i = f->indicator;

	return i != NULL && i->malware[0] != '\0' && (i->role == ROLE_C2 || i->role == ROLE_DOWNLOAD || i->role == ROLE_SINKHOLE) &&
	    i->type != INDICATOR_CIDR && i->type != INDICATOR_JA3 && i->type != INDICATOR_JA4 && i->type != INDICATOR_JA3S &&
	    i->type != INDICATOR_USER_AGENT && f->severity < SEVERITY_LOW;
}

void
family_finding(struct sight *s, const struct finding *f)
{
	char name[BEHAVIOUR_FAMILY_MAX];
	struct families *k;
	struct family now = { .first_ns = f->ts_ns };
	const char *plain;
	unsigned i;

	if (!names_malware(f) || (k = sight_part(s, ROW_FAMILY)) == NULL)
		return;
	plain = behaviour_family(f->indicator->malware, name);
	now.tag = tag_of(plain, strlen(plain));
	now.subject = tag_of(f->subject, strlen(f->subject));
	now.peer = sight_peer_tag(s);
	for (i = 0; i < k->count; i++)	/* one server with two names is one server */
		if (k->family[i].tag == now.tag || k->family[i].subject == now.subject || k->family[i].peer == now.peer)
			return;
	if (k->count == FAMILIES)
		return;
	snprintf(now.name, sizeof now.name, "%.*s", (int)sentence_whole(f->indicator->malware, strlen(f->indicator->malware),
	    sizeof now.name - 1), f->indicator->malware);
	k->family[k->count++] = now;
	if (k->count > 1)
		ring(s, k);
}
