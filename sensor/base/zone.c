#include "base/zone.h"

#include <libpsl.h>
#include <string.h>

#include "base/suffix.h"

enum { NAME_MOST = 255, LABEL_MOST = 63 };

/* Nobody registers these; what is asked beneath them stays in the house. */
static bool
is_own(const char *name, size_t len)
{
	static const char *const own[] = { "arpa", "local", "lan", "home", "localdomain", "internal", "intranet",
		"corp", "workgroup", "localhost", "invalid", "onion" };
	const char *last = memrchr(name, '.', len);
	size_t i;

	last = last == NULL ? name : last + 1;
	for (i = 0; i < sizeof own / sizeof own[0]; i++)
		if (*last == own[i][0] && strcmp(last, own[i]) == 0)
			return true;
	return last == name;
}

static size_t
zone_at(const char *name, size_t len)
{
	size_t suffix = suffix_at(name, len), at;

	if (suffix == 0)
		return len;
	for (at = suffix - 1; at > 0 && name[at - 1] != '.'; at--)
		;
	return at;
}

/*
 * Whoever looks at one observation asks for the same name, one after the
 * other; so do the answer and the addresses that come behind a question.
 */
enum { LATEST_BITS = 9, LATEST = 1 << LATEST_BITS };

static struct latest {
	char name[NAME_MOST + 1];
	size_t len, at;			/* of the zone; `len`: none */
} latest[LATEST];

/* Names of one zone differ at their beginning, those of many hosts called "www" at their end. */
static struct latest *
place_of(struct span name)
{
	uint64_t begin = 0, end = 0;

	if (name.left >= sizeof begin) {
		memcpy(&begin, name.at, sizeof begin);
		memcpy(&end, name.at + name.left - sizeof end, sizeof end);
	} else {
		memcpy(&begin, name.at, name.left);
	}
	begin = (begin ^ (end << 29 | end >> 35)) + name.left;
	begin ^= begin >> 32;
	return &latest[begin * UINT64_C(0x9e3779b97f4a7c15) >> (64 - LATEST_BITS)];
}

struct span
zone_of(struct span name)
{
	struct latest *l;

	if (name.left == 0 || name.left > NAME_MOST)
		return span_of(NULL, 0);
	l = place_of(name);
	if (l->len != name.left || memcmp(l->name, name.at, name.left) != 0) {
		memcpy(l->name, name.at, name.left);
		l->name[name.left] = '\0';
		l->len = l->at = name.left;
		if (strlen(l->name) == name.left && l->name[0] != '.' && !is_own(l->name, name.left))
			l->at = zone_at(l->name, name.left);
	}
	if (l->at == l->len)
		return span_of(NULL, 0);
	return span_of(name.at + l->at, name.left - l->at);
}

size_t
zone_common(struct span a, struct span b)
{
	size_t same = 0, whole = 0;

	while (same < a.left && same < b.left && a.at[a.left - 1 - same] == b.at[b.left - 1 - same]) {
		if (a.at[a.left - 1 - same] == '.')
			whole = same;
		same++;
	}
	/* Up to the beginning of one of them, or to a dot before the difference. */
	if ((same == a.left && (same == b.left || b.at[b.left - 1 - same] == '.')) ||
	    (same == b.left && a.at[a.left - 1 - same] == '.'))
		return same;
	return whole;
}

bool
zone_is_searched(struct span before_zone)
{
	const uint8_t *dot = before_zone.left > 0 ? memrchr(before_zone.at, '.', before_zone.left) : NULL;
	char last[LABEL_MOST + 1];
	size_t len;

	if (dot == NULL || (len = (size_t)(before_zone.at + before_zone.left - dot) - 1) == 0 || len > LABEL_MOST)
		return false;
	memcpy(last, dot + 1, len);
	last[len] = '\0';
	return psl_is_public_suffix2(psl_builtin(), last, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
}
