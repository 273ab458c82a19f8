#include "flow/entry.h"

enum { RUNS_MOST = 32 };

/* Two chains in order become one. */
static uint32_t
merge(struct entry *entry, uint32_t a, uint32_t b)
{
	uint32_t head = 0, *tail = &head;

	while (a != 0 && b != 0) {
		uint32_t *first = began_before(entry, b, a) ? &b : &a;

		*tail = *first;
		tail = &entry[*first].newer;
		*first = *tail;
	}
	*tail = a != 0 ? a : b;
	return head;
}

/* Cuts off what at the front is in order already. */
static uint32_t
run_cut(struct entry *entry, uint32_t *chain)
{
	uint32_t run = *chain, last = run, next;

	while ((next = entry[last].newer) != 0 && began_before(entry, last, next))
		last = next;
	entry[last].newer = 0;
	*chain = next;
	return run;
}

/* Merge sort from below without memory: sorted[i] is empty or holds 2^i runs. Mostly there is one flow, or one run. */
uint32_t
chain_sort(struct entry *entry, uint32_t chain)
{
	uint32_t sorted[RUNS_MOST] = { 0 }, one, i;

	if (chain == 0)
		return 0;
	one = run_cut(entry, &chain);
	while (chain != 0) {
		for (i = 0; i < RUNS_MOST - 1 && sorted[i] != 0; i++) {
			one = merge(entry, sorted[i], one);
			sorted[i] = 0;
		}
		sorted[i] = merge(entry, sorted[i], one);
		one = run_cut(entry, &chain);
	}
	for (i = 0; i < RUNS_MOST; i++)
		if (sorted[i] != 0)
			one = merge(entry, sorted[i], one);
	return one;
}
