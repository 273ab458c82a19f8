#include <libpsl.h>
#include <string.h>

#include "beacon/private.h"

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

struct span
zone_of(struct span name)
{
	char text[SERVICE_TEXT_MAX + 1];
	const char *zone;
	size_t len;

	if (name.left == 0 || name.left > SERVICE_TEXT_MAX)
		return span_of(NULL, 0);
	memcpy(text, name.at, name.left);
	text[name.left] = '\0';
	if (strlen(text) != name.left || is_own(text, name.left))
		return span_of(NULL, 0);
	zone = psl_registrable_domain(psl_builtin(), text);
	if (zone == NULL)
		return span_of(NULL, 0);
	len = strlen(zone);
	return span_of(name.at + (name.left - len), len);
}

struct span
zone_find(struct beacon *b, struct span name)
{
	uint64_t hash = hash_quick(hash_seed(), name.at, name.left) | 1;
	struct zone_entry *e = &b->zones[hash >> 32 & (ZONES_KEPT - 1)];

	if (e->name != hash) {
		e->name = hash;
		e->bytes = zone_of(name).left;
	}
	return e->bytes == 0 || e->bytes > name.left ? span_of(NULL, 0) :
	    span_of(name.at + (name.left - e->bytes), e->bytes);
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
