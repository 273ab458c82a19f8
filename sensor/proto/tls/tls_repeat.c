#include "proto/tls/tls_repeat.h"

#include <stdlib.h>

#include "base/hash.h"

enum {
	LIST_ENDS = 0x0a0a,	/* GREASE, which stands in no list of what is said */
	CREDIT_MOST = 3		/* so many others try in vain to take the place of one that came again */
};

/* Behind it: what was said, the ALPN names, the text of JA3 or JA3S. */
struct repeat {
	uint16_t said_bytes, alpn_bytes, text_bytes;
	bool has_alpn;
	uint8_t credit;
	char hash[33], ja4[40];
	uint8_t bytes[];
};

struct tls_repeats {
	struct repeat *at[TLS_REPEATS];	/* by hash */
};

_Static_assert(sizeof ((struct tls_client *)0)->ja3 == sizeof ((struct repeat *)0)->hash &&
    sizeof ((struct tls_server *)0)->ja3s == sizeof ((struct repeat *)0)->hash &&
    sizeof ((struct tls_client *)0)->ja4 == sizeof ((struct repeat *)0)->ja4, "the hashes have room");

/* ---- what was said ---- */

static inline void
say_u16(struct tls_said *s, uint16_t value)
{
	if (s->used + 2 > TLS_SAID_BYTES) {
		s->full = true;
		return;
	}
	s->at[s->used++] = (uint8_t)(value >> 8);
	s->at[s->used++] = (uint8_t)value;
}

static void
say_values(struct tls_said *s, struct span list)
{
	uint8_t *to = s->at + s->used;
	uint16_t value;

	if (list.left > TLS_SAID_BYTES - s->used) {
		s->full = true;
		return;
	}
	for (; tls_next_value(&list, &value); to += sizeof value)
		memcpy(to, list.at - sizeof value, sizeof value);
	s->used = (size_t)(to - s->at);
	say_u16(s, LIST_ENDS);
}

static void
say_extension_types(struct tls_said *s, struct span block)
{
	struct span body;
	uint16_t type;

	while (!s->full && tls_next_extension(&block, &type, &body))
		say_u16(s, type);
	say_u16(s, LIST_ENDS);
}

/* An absent list of names is not an empty one. */
static void
say_bytes(struct tls_said *s, struct span bytes)
{
	if (bytes.left > TLS_SAID_BYTES - 3 || s->used > TLS_SAID_BYTES - 3 - bytes.left) {
		s->full = true;
		return;
	}
	s->at[s->used++] = bytes.at != NULL;
	say_u16(s, (uint16_t)bytes.left);
	if (bytes.left > 0)
		memcpy(s->at + s->used, bytes.at, bytes.left);
	s->used += bytes.left;
}

void
tls_said_client(struct tls_said *s, char transport, const struct tls_client_hello *h)
{
	s->used = 0;
	s->full = false;
	say_u16(s, (uint16_t)(transport << 8 | h->has_sni));
	say_u16(s, h->version);
	say_u16(s, h->best_version);
	say_values(s, h->ciphers);
	say_extension_types(s, h->extensions);
	say_values(s, h->groups);
	say_values(s, h->signatures);
	say_bytes(s, h->point_formats);
	say_bytes(s, h->alpn);
}

void
tls_said_server(struct tls_said *s, const struct tls_server_hello *h)
{
	s->used = 0;
	s->full = false;
	say_u16(s, 0);
	say_u16(s, h->legacy_version);
	say_u16(s, h->cipher);
	say_extension_types(s, h->extensions);
	say_bytes(s, h->alpn);
}

/* ---- what was formed of it ---- */

struct tls_repeats *
tls_repeats_new(void)
{
	return calloc(1, sizeof(struct tls_repeats));
}

void
tls_repeats_free(struct tls_repeats *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < TLS_REPEATS; i++)
		free(r->at[i]);
	free(r);
}

static struct repeat **
place_of(struct tls_repeats *r, const struct tls_said *said)
{
	return &r->at[hash_table(said->at, said->used) % TLS_REPEATS];
}

static const struct repeat *
find(struct tls_repeats *r, const struct tls_said *said)
{
	struct repeat *e;

	if (said->full || (e = *place_of(r, said)) == NULL ||
	    !span_equal(span_of(e->bytes, e->said_bytes), span_of(said->at, said->used)))
		return NULL;
	e->credit = CREDIT_MOST;
	return e;
}

static struct span
alpn_of(const struct repeat *e)
{
	return e->has_alpn ? span_of(e->bytes + e->said_bytes, e->alpn_bytes) : span_of(NULL, 0);
}

static struct span
text_of(const struct repeat *e)
{
	return span_of(e->bytes + e->said_bytes + e->alpn_bytes, e->text_bytes);
}

bool
tls_repeats_client(struct tls_repeats *r, const struct tls_said *said, struct tls_client *out)
{
	const struct repeat *e = find(r, said);

	if (e == NULL)
		return false;
	out->alpn = alpn_of(e);
	out->ja3_text = text_of(e);
	memcpy(out->ja3, e->hash, sizeof out->ja3);
	memcpy(out->ja4, e->ja4, sizeof out->ja4);
	return true;
}

bool
tls_repeats_server(struct tls_repeats *r, const struct tls_said *said, struct tls_server *out)
{
	const struct repeat *e = find(r, said);

	if (e == NULL)
		return false;
	out->alpn = alpn_of(e);
	out->ja3s_text = text_of(e);
	memcpy(out->ja3s, e->hash, sizeof out->ja3s);
	return true;
}

static uint8_t *
put(uint8_t *to, struct span bytes)
{
	if (bytes.left > 0)
		memcpy(to, bytes.at, bytes.left);
	return to + bytes.left;
}

/* Made where another gave way; NULL: none did. */
static struct repeat *
keep(struct tls_repeats *r, const struct tls_said *said, struct span alpn, struct span text)
{
	struct repeat **place, *e;

	if (said->full || alpn.left + text.left > TLS_REPEAT_TEXT_BYTES)
		return NULL;
	place = place_of(r, said);
	if (*place != NULL && (*place)->credit > 0) {
		(*place)->credit--;
		return NULL;
	}
	if ((e = calloc(1, sizeof *e + said->used + alpn.left + text.left)) == NULL)
		return NULL;
	e->said_bytes = (uint16_t)said->used;
	e->has_alpn = alpn.at != NULL;
	e->alpn_bytes = (uint16_t)alpn.left;
	e->text_bytes = (uint16_t)text.left;
	put(put(put(e->bytes, span_of(said->at, said->used)), alpn), text);
	free(*place);
	return *place = e;
}

void
tls_repeats_keep_client(struct tls_repeats *r, const struct tls_said *said, const struct tls_client *c)
{
	struct repeat *e = keep(r, said, c->alpn, c->ja3_text);

	if (e == NULL)
		return;
	memcpy(e->hash, c->ja3, sizeof e->hash);
	memcpy(e->ja4, c->ja4, sizeof e->ja4);
}

void
tls_repeats_keep_server(struct tls_repeats *r, const struct tls_said *said, const struct tls_server *t)
{
	struct repeat *e = keep(r, said, t->alpn, t->ja3s_text);

	if (e != NULL)
		memcpy(e->hash, t->ja3s, sizeof e->hash);
}
