#include "history/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/known_file.h"

struct history_known {
	void *map;
	size_t size;
	const struct history_known_header *header;
	const struct history_known_entry *service, *network;
};

/* ---- hashes ---- */

uint64_t
history_known_hash_name(const struct hash_key *key, struct span name)
{
	return hash_bytes(key, name.at, name.left);
}

uint64_t
history_known_hash_address(const struct hash_key *key, const struct addr *a, uint16_t port, uint8_t protocol)
{
	/* One byte in front that no name begins with. */
	uint8_t all[20] = { 0 };

	memcpy(all + 1, a->b, sizeof a->b);
	all[17] = (uint8_t)(port >> 8);
	all[18] = (uint8_t)port;
	all[19] = protocol;
	return hash_bytes(key, all, sizeof all);
}

uint64_t
history_known_hash_network(const struct hash_key *key, const struct realm *realm, const struct addr *network)
{
	struct {
		struct realm realm;
		struct addr network;
	} all = { *realm, *network };

	if (addr_is_v4(network))
		all.network.b[15] = 0;
	else
		memset(all.network.b + 8, 0, 8);
	return hash_bytes(key, &all, sizeof all);
}

/* ---- opening ---- */

static bool
is_sorted(const struct history_known_entry *e, uint32_t count)
{
	uint32_t i;

	for (i = 1; i < count; i++)
		if (e[i - 1].hash >= e[i].hash)
			return false;
	return true;
}

static bool
is_whole(struct history_known *k)
{
	const struct history_known_header *h = k->map;
	uint64_t entries;

	if (k->size < sizeof *h || h->magic != KNOWN_MAGIC)
		return false;
	entries = (uint64_t)h->services + h->networks;
	if (entries > KNOWN_ENTRIES_MAX || k->size != sizeof *h + entries * sizeof(struct history_known_entry))
		return false;
	k->header = h;
	k->service = (const struct history_known_entry *)(const void *)(h + 1);
	k->network = k->service + h->services;
	return is_sorted(k->service, h->services) && is_sorted(k->network, h->networks);
}

int
history_known_open(const char *path, struct history_known **out, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct history_known *k = calloc(1, sizeof *k);
	struct stat st;
	int r = 0;

	*out = NULL;
	if (k == NULL)
		r = fault_set(fault, SE_NOMEM, "history: no memory");
	else if (fd < 0 || fstat(fd, &st) < 0)
		r = fault_set(fault, SE_SYSTEM, "history: %s: %s", path, strerror(errno));
	else if (st.st_size < (off_t)sizeof(struct history_known_header) || (k->map = mmap(NULL, (size_t)st.st_size,
	    PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED)
		r = fault_set(fault, SE_FORMAT, "history: %s: no snapshot of a history", path);
	if (r == 0) {
		k->size = (size_t)st.st_size;
		if (!is_whole(k))
			r = fault_set(fault, SE_FORMAT, "history: %s: no snapshot of a history", path);
	}
	if (fd >= 0)
		close(fd);
	if (r < 0)
		history_known_close(k);
	else
		*out = k;
	return r;
}

void
history_known_close(struct history_known *k)
{
	if (k == NULL)
		return;
	if (k->size > 0)
		munmap(k->map, k->size);
	free(k);
}

/* ---- look-ups ---- */

static const struct history_known_entry *
find(const struct history_known_entry *e, uint32_t count, uint64_t hash)
{
	uint32_t from = 0, to = count, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (e[middle].hash < hash)
			from = middle + 1;
		else
			to = middle;
	}
	return from < count && e[from].hash == hash ? &e[from] : NULL;
}

int32_t
history_known_first_day(const struct history_known *k, struct span name, const struct addr *address, uint16_t port,
    uint8_t protocol)
{
	const struct hash_key *key = &k->header->key;
	const struct history_known_entry *e = find(k->service, k->header->services, name.left > 0 ?
	    history_known_hash_name(key, name) : history_known_hash_address(key, address, port, protocol));

	return e == NULL ? KNOWN_NEVER : e->first_day;
}

uint32_t
history_known_coverage_days(const struct history_known *k, const struct realm *realm, const struct addr *host)
{
	const struct history_known_entry *e = find(k->network, k->header->networks,
	    history_known_hash_network(&k->header->key, realm, host));

	return e == NULL ? 0 : e->days;
}

uint32_t
history_known_days_before(const struct history_known *k, const struct realm *realm, const struct addr *host,
    int32_t day)
{
	const struct history_known_entry *e = find(k->network, k->header->networks,
	    history_known_hash_network(&k->header->key, realm, host));

	if (e == NULL || e->first_day >= day)
		return 0;
	return (int64_t)day - e->first_day < e->days ? (uint32_t)(day - e->first_day) : e->days;
}

int32_t
history_known_made_day(const struct history_known *k)
{
	return k->header->made_day;
}

uint32_t
history_known_services(const struct history_known *k)
{
	return k->header->services;
}
