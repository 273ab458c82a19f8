#include "alert/peer_names.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/pages.h"
#include "base/roster.h"

enum { NAME_BYTES_MAX = 255 };

struct name_key {
	struct realm realm;
	struct addr host, peer;
};

_Static_assert(sizeof(struct name_key) == 60, "hashed as bytes");

struct peer_names {
	struct roster roster;		/* by who asked for which address; the oldest name first */
	char **name;			/* at its places */
	uint64_t *evicted;
};

static size_t
names_bytes(const struct peer_names *n)
{
	return ((size_t)n->roster.most + 1) * sizeof *n->name;
}

struct peer_names *
peer_names_new(uint32_t max_names, uint64_t *evicted)
{
	struct peer_names *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->evicted = evicted;
	if (!roster_init(&n->roster, max_names) || (n->name = pages_new(names_bytes(n))) == NULL) {
		peer_names_free(n);
		return NULL;
	}
	return n;
}

static void
forget(struct peer_names *n, uint32_t at)
{
	free(n->name[at]);
	n->name[at] = NULL;
	roster_remove(&n->roster, at);
}

void
peer_names_free(struct peer_names *n)
{
	uint32_t at;

	if (n == NULL)
		return;
	for (at = 1; n->name != NULL && at <= n->roster.ever; at++)
		free(n->name[at]);
	pages_free(n->name, names_bytes(n));
	roster_clear(&n->roster);
	free(n);
}

static uint64_t
hash_of(const struct realm *realm, const struct addr *host, const struct addr *peer)
{
	const struct name_key key = { *realm, *host, *peer };

	return hash_table(&key, sizeof key);
}

static bool
is_same(const char *name, struct span other)
{
	return strlen(name) == other.left && memcmp(name, other.at, other.left) == 0;
}

void
peer_names_add(struct peer_names *n, const struct realm *realm, const struct addr *host,
    const struct addr *peer, struct span name)
{
	uint64_t hash = hash_of(realm, host, peer);
	uint32_t at = roster_find(&n->roster, hash);
	char *text;

	if (name.left > NAME_BYTES_MAX)
		name.left = NAME_BYTES_MAX;
	if (n->roster.most == 0 || name.left == 0)
		return;
	if (at != 0 && is_same(n->name[at], name)) {
		roster_touch(&n->roster, at);
		return;
	}
	if (at != 0)
		forget(n, at);
	if (n->roster.count == n->roster.most) {
		forget(n, n->roster.oldest);
		++*n->evicted;
	}
	if ((text = malloc(name.left + 1)) == NULL)
		return;
	memcpy(text, name.at, name.left);
	text[name.left] = '\0';
	n->name[roster_add(&n->roster, hash)] = text;
}

uint64_t
peer_names_ask(const struct peer_names *n, const struct realm *realm, const struct addr *host, const struct addr *peer)
{
	uint64_t hash = hash_of(realm, host, peer);

	roster_fetch(&n->roster, hash);
	return hash;
}

const char *
peer_names_asked(const struct peer_names *n, uint64_t asked)
{
	uint32_t at = roster_find(&n->roster, asked);

	return at == 0 ? "" : n->name[at];
}

const char *
peer_names_find(const struct peer_names *n, const struct realm *realm, const struct addr *host,
    const struct addr *peer)
{
	return peer_names_asked(n, hash_of(realm, host, peer));
}

size_t
peer_names_name_bytes(void)
{
	return roster_place_bytes() + sizeof(char *) + heap_bytes(NAME_BYTES_MAX + 1);
}
