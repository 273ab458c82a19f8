#include "behaviour/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/state_file.h"
#include "base/when.h"

enum { WAYS = 4, ACCOUNTS = 1 << 12, FAILURES = 1 << 12 };

#define DAY_NS (86400 * NS_PER_SEC)

struct failure {
	struct seat seat;
	uint32_t count;
};

struct accounts {
	struct account account[ACCOUNTS];
	struct failure failure[FAILURES];
};

struct accounts *
accounts_new(void)
{
	return calloc(1, sizeof(struct accounts));
}

void
accounts_free(struct accounts *a)
{
	free(a);
}

/* The one of this tag in the bucket of WAYS things of `size` bytes; with `make` the one idle longest gives way to it, empty. */
static void *
find(void *bucket, size_t size, uint32_t tag, bool make)
{
	struct seat *idlest = bucket, *seat;
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		seat = (void *)((char *)bucket + i * size);
		if (seat->tag == tag)
			return seat;
		if (seat->last_ns < idlest->last_ns)
			idlest = seat;
	}
	if (!make)
		return NULL;
	memset(idlest, 0, size);
	idlest->tag = tag;
	return idlest;
}

struct account *
accounts_find(struct accounts *a, uint32_t tag, bool make)
{
	return find(&a->account[tag % (ACCOUNTS / WAYS) * WAYS], sizeof *a->account, tag, make);
}

static struct failure *
failure_find(struct accounts *a, uint32_t tag, bool make)
{
	return find(&a->failure[tag % (FAILURES / WAYS) * WAYS], sizeof *a->failure, tag, make);
}

static bool
is_there(const struct account_place *p, const struct place *where)
{
	return p->days > 0 && p->asn == where->asn && memcmp(p->country, where->country, sizeof p->country) == 0;
}

struct account_place *
account_place(struct account *k, const struct place *where, int64_t now_ns, int64_t fresh_ns)
{
	struct account_place *p = k->place, *idlest = k->place;
	int32_t today = (int32_t)(now_ns / DAY_NS);

	while (p < k->place + ACCOUNT_PLACES && !is_there(p, where)) {
		if (p->last_ns < idlest->last_ns)
			idlest = p;
		p++;
	}
	if (p == k->place + ACCOUNT_PLACES || today - p->day > ACCOUNT_PLACE_DAYS) {
		p = p == k->place + ACCOUNT_PLACES ? idlest : p;
		memset(p, 0, sizeof *p);
		p->asn = where->asn;
		memcpy(p->country, where->country, sizeof p->country);
		p->days = 1;
		p->day = today;
	}
	if (p->last_ns == 0 || now_ns - p->last_ns > fresh_ns) {
		p->first_ns = now_ns;
		p->apart_sec = UINT32_MAX;
		p->mails = p->recipients = 0;
	}
	if (p->day != today && p->days < ACCOUNT_USUAL_DAYS)
		p->days++;
	p->day = today;
	p->last_ns = k->seat.last_ns = now_ns;
	return p;
}

/* ---- failures ---- */

/* Both are hashes already. */
static uint32_t
both(uint32_t tag, uint32_t peer)
{
	uint32_t one = tag ^ (peer << 16 | peer >> 16);

	return one != 0 ? one : 1;
}

void
accounts_failed(struct accounts *a, uint32_t tag, uint32_t peer, int64_t now_ns)
{
	struct failure *f = failure_find(a, both(tag, peer), true);

	if (now_ns - f->seat.last_ns > DAY_NS)
		f->count = 0;
	f->count += f->count < UINT32_MAX;
	f->seat.last_ns = now_ns;
}

uint32_t
accounts_failures(struct accounts *a, uint32_t tag, uint32_t peer, int64_t now_ns, int64_t most_ns)
{
	struct failure *f = failure_find(a, both(tag, peer), false);
	uint32_t count;

	if (f == NULL)
		return 0;
	count = now_ns - f->seat.last_ns <= most_ns ? f->count : 0;
	f->seat.tag = 0;
	f->seat.last_ns = 0;
	return count;
}

/* ---- over a restart ---- */

void
accounts_save(const struct accounts *a, struct state_out *out)
{
	const struct account *k;
	const struct failure *f;

	state_out_table(out, "account", sizeof *k);
	for (k = a->account; k < a->account + ACCOUNTS; k++)
		if (k->seat.tag != 0)
			state_out_put(out, k, 1);
	state_out_table(out, "failure", sizeof *f);
	for (f = a->failure; f < a->failure + FAILURES; f++)
		if (f->seat.tag != 0)
			state_out_put(out, f, 1);
}

void
accounts_load(struct accounts *a, const struct state_in *in)
{
	const struct account *k;
	const struct failure *f;
	size_t i, count;

	k = state_in_records(in, "account", sizeof *k, &count);
	for (i = 0; i < count; i++)
		*accounts_find(a, k[i].seat.tag, true) = k[i];
	f = state_in_records(in, "failure", sizeof *f, &count);
	for (i = 0; i < count; i++)
		*failure_find(a, f[i].seat.tag, true) = f[i];
}

size_t
accounts_bytes(void)
{
	return sizeof(struct accounts);
}
