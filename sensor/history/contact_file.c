#include "history/contact_file.h"

#include <string.h>
#include <zlib.h>

#include "base/when.h"

#define BLOCK_MAGIC 0x31424348u		/* "HCB1" */

void
put_le(uint8_t *at, uint64_t v, unsigned bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		*at++ = (uint8_t)v;
}

uint64_t
get_le(const uint8_t *at, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | at[bytes];
	return v;
}

/* ---- blocks ---- */

static uint32_t
block_crc(const uint8_t *header, const uint8_t *payload, uint32_t len)
{
	uLong c = crc32(crc32(0, header, 12), header + 16, BLOCK_HEADER - 16);

	return (uint32_t)crc32(c, payload, len);
}

void
block_seal(uint8_t *header, const struct block *b)
{
	put_le(header, BLOCK_MAGIC, 4);
	put_le(header + 4, b->payload, 4);
	put_le(header + 8, b->contacts, 4);
	put_le(header + 16, (uint64_t)b->base_ns, 8);
	put_le(header + 24, (uint64_t)b->last_ns, 8);
	put_le(header + 32, b->run, 8);
	put_le(header + 12, block_crc(header, header + BLOCK_HEADER, b->payload), 4);
}

bool
block_header(const uint8_t *header, struct block *out)
{
	out->payload = (uint32_t)get_le(header + 4, 4);
	out->contacts = (uint32_t)get_le(header + 8, 4);
	out->base_ns = (int64_t)get_le(header + 16, 8);
	out->last_ns = (int64_t)get_le(header + 24, 8);
	out->run = get_le(header + 32, 8);
	return get_le(header, 4) == BLOCK_MAGIC && out->payload <= BLOCK_PAYLOAD_MAX &&
	    out->contacts <= out->payload / CONTACT_SHORT && out->base_ns >= 0 &&
	    out->base_ns <= INT64_MAX / 2 && out->last_ns >= out->base_ns && out->last_ns <= INT64_MAX / 2;
}

bool
block_intact(const uint8_t *header, const uint8_t *payload, uint32_t len)
{
	return get_le(header + 12, 4) == block_crc(header, payload, len);
}

/* A place behind *at where a block may begin; false: none. */
static bool
seek_magic(FILE *in, uint64_t *at, uint8_t *buffer)
{
	uint8_t magic[4];
	const uint8_t *found;
	size_t got;

	put_le(magic, BLOCK_MAGIC, sizeof magic);
	for ((*at)++;; *at += got - (sizeof magic - 1)) {
		if (fseeko(in, (off_t)*at, SEEK_SET) != 0 ||
		    (got = fread(buffer, 1, BLOCK_PAYLOAD_MAX, in)) < sizeof magic)
			return false;
		if ((found = memmem(buffer, got, magic, sizeof magic)) != NULL) {
			*at += (uint64_t)(found - buffer);
			return fseeko(in, (off_t)*at, SEEK_SET) == 0;
		}
	}
}

bool
block_next(FILE *in, uint64_t *at, uint8_t *buffer, struct block *out, uint64_t *skipped)
{
	uint64_t place = *at;

	*skipped = 0;
	if (ftello(in) != (off_t)place && fseeko(in, (off_t)place, SEEK_SET) != 0)
		return false;
	for (;;) {
		if (fread(buffer, 1, BLOCK_HEADER, in) == BLOCK_HEADER && block_header(buffer, out) &&
		    fread(buffer + BLOCK_HEADER, 1, out->payload, in) == out->payload &&
		    block_intact(buffer, buffer + BLOCK_HEADER, out->payload)) {
			*skipped = place - *at;
			*at = place + BLOCK_HEADER + out->payload;
			return true;
		}
		clearerr(in);
		if (!seek_magic(in, &place, buffer))
			return false;
	}
}

/* ---- texts ---- */

size_t
text_put(uint8_t *to, enum text_kind kind, uint32_t number, struct span text)
{
	size_t len = TEXT_HEADER + text.left;

	to[0] = (uint8_t)kind;
	put_le(to + 1, number, 3);
	put_le(to + 4, text.left, 2);
	memcpy(to + TEXT_HEADER, text.at, text.left);
	put_le(to + len, crc32(0, to, (uInt)len), 4);
	return len + TEXT_TAIL;
}

bool
text_take(struct span *s, enum text_kind *kind, uint32_t *number, struct span *text)
{
	const uint8_t *at = s->at;
	size_t len;

	if (s->left < TEXT_HEADER)
		return false;
	len = (size_t)get_le(at + 4, 2);
	if (len > TEXT_BYTES_MAX || s->left < TEXT_HEADER + len + TEXT_TAIL ||
	    get_le(at + TEXT_HEADER + len, 4) != crc32(0, at, (uInt)(TEXT_HEADER + len)))
		return false;
	*kind = (enum text_kind)at[0];
	*number = (uint32_t)get_le(at + 1, 3);
	*text = span_of(at + TEXT_HEADER, len);
	if (at[0] == 0 || at[0] >= TEXT_KINDS || *number == 0 || *number > TEXTS_MAX)
		return false;
	s->at += TEXT_HEADER + len + TEXT_TAIL;
	s->left -= TEXT_HEADER + len + TEXT_TAIL;
	return true;
}

/* ---- names of files ---- */

const char *
day_name(int64_t day, char buf[DAY_NAME])
{
	char text[WHEN_TEXT_MAX];

	when_rfc3339(day * 86400 * NS_PER_SEC, text);
	snprintf(buf, DAY_NAME, "%.10s", text);
	return buf;
}

bool
day_of_name(const char *name, const char *suffix, int64_t *day)
{
	int64_t ns;

	if (strlen(name) != 10 + strlen(suffix) || strcmp(name + 10, suffix) != 0 || name[4] != '-' ||
	    !when_parse(name, 10, 0, &ns) || ns < 0)
		return false;
	*day = ns / NS_PER_SEC / 86400;
	return true;
}
