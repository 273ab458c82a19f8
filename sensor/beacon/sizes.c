/* sizes.c - how many of each there may be, and what one costs. */
#include "base/heap.h"
#include "base/pages.h"
#include "beacon/private.h"

enum {
	KEYS_A_HOST = 16, HOSTS_LEAST = 1024,		/* hosts followed: a part of the keys */
	KEYS_A_TRACK = 8, TRACKS_LEAST = 4096, PLOTS_MOST = 8192
};

static uint32_t
part(uint32_t keys, uint32_t each, uint32_t least)
{
	return keys / each > least ? keys / each : least;
}

/* Index and sketch are powers of two, at most twice the keys; the sketch has two cells of each. */
size_t
beacon_key_bytes(void)
{
	return sizeof(struct key) + 2 * sizeof(uint32_t) + 2 * 2 * sizeof(uint64_t);
}

uint32_t
beacon_tracks(uint32_t max_keys)
{
	return part(max_keys, KEYS_A_TRACK, TRACKS_LEAST);
}

size_t
beacon_track_bytes(void)
{
	return heap_bytes(sizeof(struct track) + SERVICE_TEXT_MAX + 1) + heap_bytes(sizeof(struct peers)) +
	    sizeof(struct key_ref);
}

uint32_t
beacon_plots(uint32_t max_keys)
{
	uint32_t tracks = beacon_tracks(max_keys);

	return tracks < PLOTS_MOST ? tracks : PLOTS_MOST;
}

size_t
beacon_plot_bytes(void)
{
	return heap_bytes(sizeof(struct times));
}

uint32_t
beacon_hosts(uint32_t max_keys)
{
	return part(max_keys, KEYS_A_HOST, HOSTS_LEAST);
}

size_t
beacon_host_bytes(void)
{
	return sizeof(struct host) + 2 * sizeof(uint32_t);
}

size_t
beacon_fixed_bytes(void)
{
	return heap_bytes(sizeof(struct beacon)) + heap_bytes(PROXIES * sizeof(uint64_t)) +
	    pages_bytes(sleepers_bytes());
}
