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

/* Whoever looks at one observation asks for the same name, one after the other. */
static struct {
	char name[NAME_MOST + 1];
	size_t len, at;			/* of the zone; `len`: none */
} latest;

struct span
zone_of(struct span name)
{
	if (name.left == 0 || name.left > NAME_MOST)
		return span_of(NULL, 0);
	if (latest.len != name.left || memcmp(latest.name, name.at, name.left) != 0) {
		memcpy(latest.name, name.at, name.left);
		latest.name[name.left] = '\0';
		latest.len = latest.at = name.left;
		if (strlen(latest.name) == name.left && latest.name[0] != '.' && !is_own(latest.name, name.left))
			latest.at = zone_at(latest.name, name.left);
	}
	if (latest.at == latest.len)
		return span_of(NULL, 0);
	return span_of(name.at + latest.at, name.left - latest.at);
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
