#include "reassembly/print.h"

#include <string.h>

#include "base/hash.h"

#define ODD 0xd6e8feb86659fd93ULL

/*
 * One byte is kept: two multiplications mix well enough for that, at a tenth of what
 * hash_bytes() costs. Each bit must reach the top through both, or there are keys
 * for which one and the same change is never seen.
 */
static uint8_t
group_print(const struct hash_key *key, const uint8_t *bytes)
{
	uint64_t x;

	memcpy(&x, bytes, sizeof x);
	x ^= key->k0;
	x ^= x >> 32;
	x *= ODD;
	x ^= x >> 32 ^ key->k1;
	x *= ODD;
	return (uint8_t)(x >> 56);
}

static void
add_groups(struct print *p, uint64_t offset, const uint8_t *bytes, size_t len)
{
	size_t begun = offset % PRINT_GROUP, part = PRINT_GROUP - begun;
	const struct hash_key *key = hash_seed();
	uint64_t number = offset / PRINT_GROUP;

	if (begun > 0) {
		part = part < len ? part : len;
		memcpy(p->begun + begun, bytes, part);
		bytes += part;
		len -= part;
		if (begun + part < PRINT_GROUP)
			return;
		p->group[number++ % PRINT_GROUPS] = group_print(key, p->begun);
	}
	for (; len >= PRINT_GROUP; len -= PRINT_GROUP, bytes += PRINT_GROUP)
		p->group[number++ % PRINT_GROUPS] = group_print(key, bytes);
	memcpy(p->begun, bytes, len);
}

/* Bytes become prints. */
static void
settle(struct print_recent *r)
{
	if (r->of != NULL && r->len > 0)
		add_groups(r->of, r->offset, r->bytes, r->len);
	r->len = 0;
}

/* Make room for `len` more, fewer than PRINT_HELD: what stands further back is not asked for any more. */
static void
move_up(struct print_recent *r, size_t len)
{
	size_t old;

	if (r->len + len <= sizeof r->bytes)
		return;
	old = r->len - PRINT_HELD;
	memmove(r->bytes, r->bytes + old, PRINT_HELD);
	r->offset += old;
	r->len = PRINT_HELD;
}

void
print_add(struct print *p, struct print_recent *r, uint64_t offset, const uint8_t *bytes, size_t len)
{
	size_t old = len > PRINT_HELD ? len - PRINT_HELD : 0;

	if (r->of != p) {
		settle(r);
		r->of = p;
	}
	if (len >= PRINT_HELD)
		r->len = 0;
	else
		move_up(r, len);
	if (r->len == 0)
		r->offset = offset + old;
	memcpy(r->bytes + r->len, bytes + old, len - old);
	r->len += len - old;
}

void
print_forget(struct print *p, struct print_recent *r, uint64_t offset)
{
	if (r->of == p)
		r->len = 0;
	p->from = offset;
}

void
print_leave(struct print *p, struct print_recent *r)
{
	if (r->of != p)
		return;
	r->of = NULL;
	r->len = 0;
}

static uint64_t
round_up(uint64_t offset)
{
	return (offset + PRINT_GROUP - 1) / PRINT_GROUP * PRINT_GROUP;
}

bool
print_differs(struct print *p, struct print_recent *r, uint64_t end, uint64_t offset,
    const uint8_t *bytes, size_t len)
{
	const struct hash_key *key = hash_seed();
	uint64_t whole = end / PRINT_GROUP * PRINT_GROUP, upto = offset + len;
	uint64_t from = whole > PRINT_BYTES ? whole - PRINT_BYTES : 0, at;

	if (r->of == p)
		settle(r);
	from = from > p->from ? from : p->from;
	from = from > offset ? from : offset;
	for (at = round_up(from); at + PRINT_GROUP <= upto && at < whole; at += PRINT_GROUP)
		if (p->group[at / PRINT_GROUP % PRINT_GROUPS] != group_print(key, bytes + (at - offset)))
			return true;
	at = from > whole ? from : whole;
	return at < upto && memcmp(p->begun + (at - whole), bytes + (at - offset), upto - at) != 0;
}

static uint32_t
part_bytes(uint32_t len)
{
	uint32_t even = (len + PRINT_PARTS - 1) / PRINT_PARTS;

	return even > PRINT_GROUP ? (even + PRINT_GROUP - 1) / PRINT_GROUP * PRINT_GROUP : PRINT_GROUP;
}

static uint64_t
part_print(const uint8_t *bytes, uint32_t len)
{
	return hash_table(bytes, len);
}

uint64_t
print_parts(uint8_t part[PRINT_PARTS], const uint8_t *bytes, uint32_t len)
{
	uint32_t step = part_bytes(len), at, i;
	uint64_t print[PRINT_PARTS];

	for (i = 0, at = 0; at < len; i++, at += step) {
		print[i] = part_print(bytes + at, len - at < step ? len - at : step);
		part[i] = (uint8_t)print[i];
	}
	return hash_table(print, i * sizeof print[0]);
}

bool
print_parts_differ(const uint8_t part[PRINT_PARTS], uint32_t whole, uint32_t at,
    const uint8_t *bytes, uint32_t len)
{
	uint32_t step = part_bytes(whole), i = (at + step - 1) / step, from, upto;

	for (; i * step < whole && i * step < at + len; i++) {
		from = i * step;
		upto = whole - from < step ? whole : from + step;
		if (upto > at + len)
			return false;
		if (part[i] != (uint8_t)part_print(bytes + (from - at), upto - from))
			return true;
	}
	return false;
}
