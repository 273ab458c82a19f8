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
