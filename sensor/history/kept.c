#include "history/kept.h"

#include <string.h>

/* Years may be added to it without care. */
#define TIME_MAX_NS 9000000000000000000LL

void
kept_seal(struct kept_buffer *b, struct span name)
{
	size_t len = name.at == NULL ? 0 : name.left, whole;

	if (len > KEPT_NAME_MAX)
		len = KEPT_NAME_MAX;
	whole = (len + 7) & ~(size_t)7;
	if (len > 0)
		memcpy(b->name, name.at, len);
	memset(b->name + len, 0, whole - len);
	b->k.name_len = (uint16_t)len;
	b->k.bytes = (uint32_t)(sizeof b->k + whole);
}

struct span
kept_name(const struct kept *k)
{
	return span_of((const uint8_t *)k + sizeof *k, k->name_len);
}

/* 224/4, the limited broadcast, ff00::/8. */
static bool
is_multicast(const struct addr *a)
{
	if (addr_is_v4(a))
		return a->b[12] >= 224;
	return a->b[0] == 0xff;
}

bool
kept_is_call(uint8_t host_side, const struct addr *called)
{
	return host_side == 0 && !is_multicast(called);
}

bool
kept_valid(const struct kept *k, size_t len)
{
	if (len < sizeof *k || k->bytes > len || k->bytes < sizeof *k || k->bytes % 8 != 0)
		return false;
	if (k->name_len > KEPT_NAME_MAX || k->name_len > k->bytes - sizeof *k)
		return false;
	return k->kind < KEPT_KINDS && k->host_side <= 1 && k->realm.tunnel < TUNNEL_KINDS &&
	    k->ts_ns >= 0 && k->ts_ns <= TIME_MAX_NS;
}
