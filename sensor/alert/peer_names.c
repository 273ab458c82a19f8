#include "alert/peer_names.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/table.h"

enum { NAME_BYTES_MAX = 255 };

struct name_key {
	struct realm realm;
	struct addr host, peer;
};

_Static_assert(sizeof(struct name_key) == 60, "hashed as bytes");

struct name_entry {
	UT_hash_handle hh;
	struct name_key key;
	struct name_entry *older, *newer;
	char name[];
};

struct peer_names {
	struct name_entry *table;
	struct name_entry *oldest, *newest;
	uint32_t most;
	uint64_t *evicted;
};

struct peer_names *
peer_names_new(uint32_t max_names, uint64_t *evicted)
{
	struct peer_names *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->most = max_names;
	n->evicted = evicted;
	return n;
}

static void
forget(struct peer_names *n, struct name_entry *e)
{
	*(e->older != NULL ? &e->older->newer : &n->oldest) = e->newer;
	*(e->newer != NULL ? &e->newer->older : &n->newest) = e->older;
	HASH_DEL(n->table, e);
	free(e);
}

void
peer_names_free(struct peer_names *n)
{
	if (n == NULL)
		return;
	while (n->oldest != NULL)
		forget(n, n->oldest);
	free(n);
}

static struct name_entry *
find(const struct peer_names *n, const struct name_key *key)
{
	struct name_entry *e;

	HASH_FIND(hh, n->table, key, sizeof *key, e);
	return e;
}

static void
append(struct peer_names *n, struct name_entry *e)
{
	e->older = n->newest;
	e->newer = NULL;
	*(n->newest != NULL ? &n->newest->newer : &n->oldest) = e;
	n->newest = e;
}

void
peer_names_add(struct peer_names *n, const struct realm *realm, const struct addr *host,
    const struct addr *peer, struct span name)
{
	struct name_key key = { *realm, *host, *peer };
	size_t len = name.left < NAME_BYTES_MAX ? name.left : NAME_BYTES_MAX;
	struct name_entry *e = find(n, &key);

	if (n->most == 0 || len == 0)
		return;
	if (e != NULL)
		forget(n, e);
	if (HASH_COUNT(n->table) >= n->most) {
		forget(n, n->oldest);
		++*n->evicted;
	}
	if ((e = calloc(1, sizeof *e + len + 1)) == NULL)
		return;
	e->key = key;
	memcpy(e->name, name.at, len);
	HASH_ADD(hh, n->table, key, sizeof e->key, e);
	if (element_not_added(e)) {
		free(e);
		return;
	}
	append(n, e);
}

const char *
peer_names_find(const struct peer_names *n, const struct realm *realm, const struct addr *host,
    const struct addr *peer)
{
	struct name_key key = { *realm, *host, *peer };
	const struct name_entry *e = find(n, &key);

	return e == NULL ? "" : e->name;
}

size_t
peer_names_name_bytes(void)
{
	return heap_bytes(sizeof(struct name_entry) + NAME_BYTES_MAX + 1) + sizeof(struct UT_hash_bucket);
}
