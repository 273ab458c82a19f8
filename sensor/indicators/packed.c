#include "indicators/packed.h"

#include <stdio.h>

#include "base/hex.h"
#include "indicators/name.h"
#include "indicators/value.h"

_Static_assert((int)PACKED_BYTES > (int)VALUE_BYTES, "a packed value holds the longest text");

const struct entry_facts ENTRY_NOTHING = {
	0, 0, 0, IMAGE_NO_TIME, IMAGE_NO_TIME, IMAGE_NO_TIME,
};

/* ---- values ---- */

size_t
packed_size(enum indicator_type type, bool six)
{
	static const uint8_t sizes[INDICATOR_TYPES] = {
		[INDICATOR_ADDRESS] = 4, [INDICATOR_ADDRESS_PORT] = 6, [INDICATOR_CIDR] = 5,
		[INDICATOR_JA3] = 16, [INDICATOR_JA3S] = 16, [INDICATOR_CERT_SHA1] = 20,
		[INDICATOR_CERT_SHA256] = 32, [INDICATOR_FILE_SHA256] = 32,
	};

	return sizes[type] + (six && type <= INDICATOR_CIDR ? 12u : 0);
}

static bool
is_net(enum indicator_type type)
{
	return type <= INDICATOR_CIDR;
}

static size_t
put_net(const struct value *v, uint8_t *out, bool *six)
{
	size_t used;

	*six = !addr_is_v4(&v->net.base) || v->net.bits < 96;
	used = *six ? 16 : 4;
	memcpy(out, v->net.base.b + 16 - used, used);
	if (v->type == INDICATOR_CIDR) {
		out[used++] = (uint8_t)(v->net.bits - (*six ? 0 : 96));
	} else if (v->type == INDICATOR_ADDRESS_PORT) {
		out[used++] = (uint8_t)(v->port >> 8);
		out[used++] = (uint8_t)v->port;
	}
	return used;
}

static uint8_t
nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t
packed_put(const struct value *v, uint8_t out[PACKED_BYTES], bool *six)
{
	size_t size = packed_size(v->type, false), i;

	*six = false;
	if (is_net(v->type))
		return put_net(v, out, six);
	for (i = 0; i < size; i++)
		out[i] = (uint8_t)(nibble(v->text[2 * i]) << 4 | nibble(v->text[2 * i + 1]));
	if (size > 0)
		return size;
	memcpy(out, v->text, v->len + 1);
	return v->len + 1;
}

void
packed_net(enum indicator_type type, bool six, const uint8_t *value, struct cidr *net,
    uint16_t *port)
{
	const uint8_t *behind = value + (six ? 16 : 4);

	*port = 0;
	net->bits = 128;
	if (six)
		memcpy(net->base.b, value, 16);
	else
		net->base = addr_v4(value);
	if (type == INDICATOR_ADDRESS_PORT)
		*port = (uint16_t)(behind[0] << 8 | behind[1]);
	else if (type == INDICATOR_CIDR)
		net->bits = six ? behind[0] & 0x7f : (uint8_t)(96 + (behind[0] & 0x1f));
}

static const char *
net_text(enum indicator_type type, bool six, const uint8_t *value, char room[INDICATOR_ROOM])
{
	char plain[ADDR_TEXT_MAX];
	struct cidr net;
	uint16_t port;

	packed_net(type, six, value, &net, &port);
	if (type == INDICATOR_ADDRESS)
		return addr_text(&net.base, room);
	addr_text(&net.base, plain);
	if (type == INDICATOR_CIDR)
		snprintf(room, INDICATOR_ROOM, "%s/%u", plain, six ? net.bits : net.bits - 96u);
	else
		snprintf(room, INDICATOR_ROOM, six ? "[%s]:%u" : "%s:%u", plain, (unsigned)port);
	return room;
}

const char *
packed_text(enum indicator_type type, bool six, const uint8_t *value, char room[INDICATOR_ROOM])
{
	size_t size = packed_size(type, six);

	if (is_net(type))
		return net_text(type, six, value, room);
	if (size == 0)
		return (const char *)value;
	hex_put(room, value, size);
	room[2 * size] = '\0';
	return room;
}

/* ---- hashes ---- */

/* The builder takes no name of one label alone, which has no hash. */
static struct image_hash
hash_name(const struct image_key *key, const char *name, size_t len)
{
	struct name_hash all[NAME_LABELS_MAX];
	char padded[NAME_PADDED];
	unsigned count;

	if (len > NAME_BYTES)
		return image_hash_start(key, INDICATOR_DOMAIN);
	memcpy(padded, name, len);
	memset(padded + len, 0, 8);
	count = image_hash_names(key, padded, len, all);
	return count > 0 ? all[count - 1].hash : image_hash_start(key, INDICATOR_DOMAIN);
}

void
packed_hash(const struct image_key *key, unsigned kind, bool six, const uint8_t *value, size_t len,
    struct image_hash *hash, uint64_t *word)
{
	enum indicator_type type = kind & ~(unsigned)IMAGE_SOURCE;
	char room[INDICATOR_ROOM];
	const char *text;
	struct cidr net;
	uint16_t port;

	if (is_net(type)) {
		packed_net(type, six, value, &net, &port);
		*hash = image_hash_net(key, type == INDICATOR_ADDRESS_PORT ? INDICATOR_ADDRESS : kind,
		    &net.base, net.bits);
		*word = hash->place;
		if (type == INDICATOR_ADDRESS_PORT)
			*hash = image_hash_port(key, *hash, port);
		return;
	}
	if (type == INDICATOR_DOMAIN) {
		*hash = hash_name(key, (const char *)value, len);
	} else {
		text = packed_text(type, six, value, room);
		*hash = image_hash_text(key, kind, text, strlen(text));
	}
	*word = hash->place;
}

/* ---- entries ---- */

bool
entry_continues(const struct entry_facts *before, const struct entry_facts *next)
{
	return next->line == before->line + 1 && next->attributes == before->attributes &&
	    next->reference == before->reference && next->first_sec == before->first_sec &&
	    next->last_sec == before->last_sec && next->until_sec == before->until_sec;
}

/* Seven bits a byte, the lowest first; the last has no high bit. */
static size_t
put_number(uint8_t *out, uint32_t number)
{
	size_t used = 0;

	for (; number > 127; number >>= 7)
		out[used++] = (uint8_t)(number | 0x80);
	out[used++] = (uint8_t)number;
	return used;
}

/* Small for what is a little more or less than before. */
static size_t
put_change(uint8_t *out, uint32_t before, uint32_t now)
{
	uint32_t change = now - before;

	return put_number(out, change << 1 ^ (change >> 31 ? UINT32_MAX : 0));
}

size_t
entry_head(const struct entry_facts *before, const struct entry_facts *entry, bool six,
    unsigned run, uint8_t *out)
{
	uint8_t what = six ? ENTRY_SIX : 0;
	size_t used = 1;

	if (entry->line != before->line + 1) {
		what |= ENTRY_LINE;
		used += put_change(out + used, before->line + 1, entry->line);
	}
	if (entry->attributes != before->attributes) {
		what |= ENTRY_ATTRIBUTES;
		used += put_number(out + used, entry->attributes);
	}
	if (entry->reference != before->reference) {
		what |= ENTRY_REFERENCE;
		used += put_change(out + used, before->reference, entry->reference);
	}
	if (entry->first_sec != before->first_sec) {
		what |= ENTRY_FIRST;
		used += put_change(out + used, before->first_sec, entry->first_sec);
	}
	if (entry->last_sec != before->last_sec) {
		what |= ENTRY_LAST;
		used += put_change(out + used, before->last_sec, entry->last_sec);
	}
	if (entry->until_sec != before->until_sec) {
		what |= ENTRY_UNTIL;
		used += put_change(out + used, before->until_sec, entry->until_sec);
	}
	if (run > 0) {
		what |= ENTRY_RUN;
		out[used++] = (uint8_t)run;
	}
	out[0] = what;
	return used;
}

void
entry_begin(struct entry_reader *r, const uint8_t *at, const uint8_t *end)
{
	r->at = at;
	r->end = end;
	r->facts = ENTRY_NOTHING;
	r->run = 0;
	r->six = false;
}

static bool
take_number(struct entry_reader *r, uint32_t *out)
{
	uint32_t number = 0;
	unsigned shift;

	for (shift = 0; shift < 35 && r->at < r->end; shift += 7) {
		number |= (uint32_t)(*r->at & 0x7f) << shift;
		if ((*r->at++ & 0x80) == 0) {
			*out = number;
			return true;
		}
	}
	return false;
}

static bool
take_change(struct entry_reader *r, uint32_t *out)
{
	uint32_t coded;

	if (!take_number(r, &coded))
		return false;
	*out += coded >> 1 ^ (coded & 1 ? UINT32_MAX : 0);
	return true;
}

static bool
take_head(struct entry_reader *r)
{
	struct entry_facts *f = &r->facts;
	uint8_t what;

	if (r->at == r->end)
		return false;
	what = *r->at++;
	r->six = (what & ENTRY_SIX) != 0;
	f->line++;
	if (((what & ENTRY_LINE) && !take_change(r, &f->line)) ||
	    ((what & ENTRY_ATTRIBUTES) && !take_number(r, &f->attributes)) ||
	    ((what & ENTRY_REFERENCE) && !take_change(r, &f->reference)) ||
	    ((what & ENTRY_FIRST) && !take_change(r, &f->first_sec)) ||
	    ((what & ENTRY_LAST) && !take_change(r, &f->last_sec)) ||
	    ((what & ENTRY_UNTIL) && !take_change(r, &f->until_sec)))
		return false;
	if ((what & ENTRY_RUN) != 0) {
		if (r->at == r->end)
			return false;
		r->run = *r->at++;
	}
	return f->attributes < r->attributes_count;
}

bool
entry_next(struct entry_reader *r)
{
	const uint8_t *nul;
	size_t size, left;

	if (r->run > 0) {
		r->run--;
		r->facts.line++;
	} else if (!take_head(r)) {
		return false;
	}
	left = (size_t)(r->end - r->at);
	size = packed_size(r->attributes[r->facts.attributes].type, r->six);
	r->value = r->at;
	r->value_len = size;
	if (size == 0) {
		if ((nul = memchr(r->at, '\0', left)) == NULL)
			return false;
		r->value_len = (size_t)(nul - r->at);
		size = r->value_len + 1;
	}
	if (size > left)
		return false;
	r->at += size;
	return true;
}
