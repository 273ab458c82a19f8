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
group_print(const uint8_t *bytes)
{
	const struct hash_key *key = hash_seed();
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
put_group(struct print *p, uint64_t number, const uint8_t *bytes)
{
	p->group[number % PRINT_GROUPS] = group_print(bytes);
}

void
print_add(struct print *p, uint64_t offset, const uint8_t *bytes, size_t len)
{
	size_t begun = offset % PRINT_GROUP, part = PRINT_GROUP - begun;

	if (begun > 0) {
		part = part < len ? part : len;
		memcpy(p->begun + begun, bytes, part);
		offset += part;
		bytes += part;
		len -= part;
		if (offset % PRINT_GROUP != 0)
			return;
		put_group(p, offset / PRINT_GROUP - 1, p->begun);
	}
	if (len > PRINT_BYTES + PRINT_GROUP) {
		part = (len - PRINT_BYTES) / PRINT_GROUP * PRINT_GROUP;
		offset += part;
		bytes += part;
		len -= part;
	}
	for (; len >= PRINT_GROUP; len -= PRINT_GROUP, offset += PRINT_GROUP, bytes += PRINT_GROUP)
		put_group(p, offset / PRINT_GROUP, bytes);
	memcpy(p->begun, bytes, len);
}

void
print_forget(struct print *p, uint64_t offset)
{
	p->from = offset;
}

static uint64_t
round_up(uint64_t offset)
{
	return (offset + PRINT_GROUP - 1) / PRINT_GROUP * PRINT_GROUP;
}

bool
print_differs(const struct print *p, uint64_t end, uint64_t offset, const uint8_t *bytes, size_t len)
{
	uint64_t whole = end / PRINT_GROUP * PRINT_GROUP, upto = offset + len;
	uint64_t from = whole > PRINT_BYTES ? whole - PRINT_BYTES : 0, at;

	from = from > p->from ? from : p->from;
	from = from > offset ? from : offset;
	for (at = round_up(from); at + PRINT_GROUP <= upto && at < whole; at += PRINT_GROUP)
		if (p->group[at / PRINT_GROUP % PRINT_GROUPS] != group_print(bytes + (at - offset)))
			return true;
	at = from > whole ? from : whole;
	return at < upto && memcmp(p->begun + (at - whole), bytes + (at - offset), upto - at) != 0;
}

static uint32_t
part_bytes(uint32_t len)
{
	uint32_t even = (len + PRINT_PARTS - 1) / PRINT_PARTS;

	return even > PRINT_GROUP ? even : PRINT_GROUP;
}

static uint8_t
part_print(const uint8_t *bytes, uint32_t len)
{
	return (uint8_t)hash_bytes(hash_seed(), bytes, len);
}

void
print_parts(uint8_t part[PRINT_PARTS], const uint8_t *bytes, uint32_t len)
{
	uint32_t step = part_bytes(len), at, i;

	for (i = 0, at = 0; at < len; i++, at += step)
		part[i] = part_print(bytes + at, len - at < step ? len - at : step);
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
		if (part[i] != part_print(bytes + (from - at), upto - from))
			return true;
	}
	return false;
}
