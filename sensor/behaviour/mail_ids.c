#include "behaviour/mail_ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/state_file.h"

enum { WAYS = 4, IDS = 1 << 16, ID_BYTES = 256 };

/* Places are not in the saved records: what is saved has its bucket beside it. */
struct saved {
	uint32_t bucket, zero;
	struct mail_id id;
};

struct mail_ids {
	int64_t latest_ns;
	struct mail_id id[IDS];
};

struct mail_ids *
mail_ids_new(void)
{
	return calloc(1, sizeof(struct mail_ids));
}

void
mail_ids_free(struct mail_ids *m)
{
	free(m);
}

int64_t
mail_ids_latest(const struct mail_ids *m)
{
	return m->latest_ns;
}

static struct mail_id *
find(struct mail_id *bucket, uint32_t tag, bool make)
{
	struct mail_id *oldest = bucket;
	unsigned i;

	for (i = 0; i < WAYS; i++) {
		if (bucket[i].tag == tag)
			return &bucket[i];
		if (bucket[i].at_ns < oldest->at_ns)
			oldest = &bucket[i];
	}
	if (!make)
		return NULL;
	memset(oldest, 0, sizeof *oldest);
	oldest->tag = tag;
	return oldest;
}

struct mail_id *
mail_ids_find(struct mail_ids *m, struct span id, bool make, int64_t now_ns)
{
	struct mail_id *found;
	uint64_t hash;
	uint32_t tag;

	if (id.at == NULL || id.left == 0)
		return NULL;
	hash = hash_bytes(&HASH_FIXED, id.at, id.left < ID_BYTES ? id.left : ID_BYTES);
	tag = (uint32_t)(hash >> 32);
	found = find(&m->id[hash % (IDS / WAYS) * WAYS], tag != 0 ? tag : 1, make);
	if (found != NULL && make)
		m->latest_ns = found->at_ns = now_ns;
	return found;
}

void
mail_ids_save(const struct mail_ids *m, struct state_out *out)
{
	struct saved s;
	uint32_t i;

	memset(&s, 0, sizeof s);
	state_out_table(out, "mail id", sizeof s);
	for (i = 0; i < IDS; i++) {
		if (m->id[i].tag == 0)
			continue;
		s.bucket = i / WAYS;
		s.id = m->id[i];
		state_out_put(out, &s, 1);
	}
}

void
mail_ids_load(struct mail_ids *m, const struct state_in *in)
{
	const struct saved *s;
	size_t i, count;

	s = state_in_records(in, "mail id", sizeof *s, &count);
	for (i = 0; i < count; i++) {
		if (s[i].bucket >= IDS / WAYS)
			continue;
		*find(&m->id[s[i].bucket * WAYS], s[i].id.tag, true) = s[i].id;
		if (s[i].id.at_ns > m->latest_ns)
			m->latest_ns = s[i].id.at_ns;
	}
}

size_t
mail_ids_bytes(void)
{
	return sizeof(struct mail_ids);
}
