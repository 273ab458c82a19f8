#include "beacon/host.h"

#include "base/when.h"

enum { LOAD_STARTS = 3, LOAD_SERVICES = 2 };

#define LOAD_NS (3 * NS_PER_SEC)

static bool
is_recent(const struct host_call *c, int64_t now_ns)
{
	return c->key != 0 && c->at_ns <= now_ns && now_ns - c->at_ns <= LOAD_NS;
}

static bool
is_loading(const struct host *h, int64_t now_ns)
{
	unsigned i, k, starts = 0, services = 0;

	for (i = 0; i < HOST_RECENT; i++) {
		if (!is_recent(&h->recent[i], now_ns))
			continue;
		for (k = 0; k < i; k++)
			if (is_recent(&h->recent[k], now_ns) && h->recent[k].service == h->recent[i].service)
				break;
		services += k == i;
		starts++;
	}
	return starts >= LOAD_STARTS && services >= LOAD_SERVICES;
}

static void
cover(struct host *h, int64_t now_ns)
{
	int64_t from = now_ns - LOAD_NS, until = now_ns + LOAD_NS;

	if (from < h->covered_until_ns)
		from = h->covered_until_ns;
	else
		h->loads++;
	if (until > from)
		h->covered_sec += (float)(until - from) / (float)NS_PER_SEC;
	h->covered_until_ns = until;
	h->load_ns = now_ns;
}

void
host_call(struct host *h, const struct host_call *call, host_loaded_fn *loaded, void *to)
{
	unsigned i;

	h->recent[h->next] = *call;
	h->next = (uint8_t)((h->next + 1) % HOST_RECENT);
	if (!is_loading(h, call->at_ns))
		return;
	cover(h, call->at_ns);
	for (i = 0; i < HOST_RECENT; i++)
		if (is_recent(&h->recent[i], call->at_ns))
			loaded(to, h->recent[i].key, h->recent[i].tag, h->recent[i].at_ns);
}

double
host_cover(const struct host *h, int64_t now_ns)
{
	double sec = (double)(now_ns - h->first_ns) / (double)NS_PER_SEC;

	return sec > 60 ? h->covered_sec / sec : 1;
}
