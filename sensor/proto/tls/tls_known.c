#include "proto/tls/tls_known.h"

#include <stdlib.h>

#include "base/hash.h"

struct tls_known {
	struct tls_certificate at[TLS_KNOWN_MOST];	/* sha256 "": free */
	uint8_t *texts[TLS_KNOWN_MOST];
};

struct tls_known *
tls_known_new(void)
{
	return calloc(1, sizeof(struct tls_known));
}

void
tls_known_free(struct tls_known *k)
{
	size_t i;

	if (k == NULL)
		return;
	for (i = 0; i < TLS_KNOWN_MOST; i++)
		free(k->texts[i]);
	free(k);
}

static size_t
place_of(const char *sha256)
{
	return hash_steady(sha256, strlen(sha256)) % TLS_KNOWN_MOST;
}

bool
tls_known_find(const struct tls_known *k, struct tls_certificate *out)
{
	const struct tls_certificate *c = &k->at[place_of(out->sha256)];
	uint32_t chain = out->chain;

	if (out->sha256[0] == '\0' || strcmp(c->sha256, out->sha256) != 0)
		return false;
	*out = *c;
	out->chain = chain;
	return true;
}

static void
copy_text(struct span *s, uint8_t **at)
{
	if (s->left > 0)
		memcpy(*at, s->at, s->left);
	if (s->at != NULL)
		s->at = *at;
	*at += s->left;
}

void
tls_known_add(struct tls_known *k, const struct tls_certificate *c)
{
	size_t bytes = c->subject.left + c->issuer.left + c->names.left + c->serial.left;
	size_t place = place_of(c->sha256);
	struct tls_certificate *to = &k->at[place];
	uint8_t *texts, *at;

	if (c->sha256[0] == '\0' || bytes > TLS_KNOWN_TEXT_BYTES || (texts = malloc(bytes + 1)) == NULL)
		return;
	free(k->texts[place]);
	k->texts[place] = at = texts;
	*to = *c;
	to->sni = span_of(NULL, 0);
	copy_text(&to->subject, &at);
	copy_text(&to->issuer, &at);
	copy_text(&to->names, &at);
	copy_text(&to->serial, &at);
}
