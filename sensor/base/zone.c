#include "base/zone.h"

#include <libpsl.h>
#include <string.h>

#include "base/hash.h"

enum { NAME_MOST = 255, LABEL_MOST = 63, REMEMBERED = 1 << 13 };

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
		if (strcmp(last, own[i]) == 0)
			return true;
	return last == name;
}

/* What libpsl said of ends of names, by a keyed hash of them; the last bit is the answer. */
static uint64_t remembered[REMEMBERED];

/* The list is asked once for an end that comes again: the question costs more than all else that a contact does. */
static bool
is_suffix(const char *end, size_t len)
{
	uint64_t hash = hash_table(end, len), *place = &remembered[hash >> 32 & (REMEMBERED - 1)];

	hash |= 1;
	if ((*place | 1) != hash || *place == 0)
		*place = psl_is_public_suffix(psl_builtin(), end) != 0 ? hash : hash - 1;
	return *place == hash;
}

/* As psl_registrable_domain() does it: from the left, since there are rules below what can be registered. */
static const char *
registrable(const char *text, size_t len)
{
	const char *zone = NULL, *end = text, *dot;

	while (!is_suffix(end, len - (size_t)(end - text)) && (dot = strchr(end, '.')) != NULL) {
		zone = end;
		end = dot + 1;
	}
	return zone;
}

struct span
zone_of(struct span name)
{
	char text[NAME_MOST + 1];
	const char *zone;
	size_t len;

	if (name.left == 0 || name.left > NAME_MOST)
		return span_of(NULL, 0);
	memcpy(text, name.at, name.left);
	text[name.left] = '\0';
	if (strlen(text) != name.left || is_own(text, name.left))
		return span_of(NULL, 0);
	if (text[0] == '.' || (zone = registrable(text, name.left)) == NULL)
		return span_of(NULL, 0);
	len = strlen(zone);
	return span_of(name.at + (name.left - len), len);
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
