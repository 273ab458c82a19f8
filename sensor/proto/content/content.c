#include "proto/content/content.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/hex.h"
#include "proto/content/inflater.h"
#include "proto/content/recogniser.h"

enum {
	SPARE_MAX = 64, SPARE_INFLATERS_MAX = 8,
	INFLATED_BYTES = 16384
};

struct content_tools {
	EVP_MD *sha256;
	struct content *spare;
	unsigned spares;
	struct inflater *inflater[SPARE_INFLATERS_MAX];	/* spare ones */
	unsigned inflaters;
	uint64_t held;
	struct recogniser within;	/* of a gzip file's inside */
	uint8_t inflated[CODINGS_MAX][INFLATED_BYTES];
};

struct content {
	struct content *next;		/* among the spare ones */
	struct proto *p;
	struct content_tools *tools;
	EVP_MD_CTX *hash;
	struct inflater *inflater[CODINGS_MAX];	/* in the order in which codings are undone */
	unsigned inflaters;
	uint64_t bytes;			/* on the wire */
	uint64_t between_bytes;		/* that came out of one coding and went into another */
	uint64_t plain_bytes;		/* looked at, codings undone */
	bool coded;			/* a content coding lies over it */
	bool web, web_script;		/* its sender calls it part of a web page, a script of one */
	bool looking;
	bool hashing;			/* as far as can be told yet, it will have a hash */
	bool first_hashed;		/* what the recogniser holds went into the hash */
	bool missing;			/* bytes were lost */
	bool too_large;
	struct recogniser r;
};

_Static_assert(sizeof(struct content) + 512 < CONTENT_COST, "a content costs what its header says");

struct content_tools *
content_tools_new(void)
{
	struct content_tools *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	ERR_clear_error();
	return t;
}

static void
content_free(struct content *c)
{
	EVP_MD_CTX_free(c->hash);
	free(c);
}

void
content_tools_free(struct content_tools *t)
{
	struct content *c;

	if (t == NULL)
		return;
	while ((c = t->spare) != NULL) {
		t->spare = c->next;
		content_free(c);
	}
	while (t->inflaters > 0)
		inflater_free(t->inflater[--t->inflaters]);
	EVP_MD_free(t->sha256);
	free(t);
}

static enum content_coding
coding_of(struct span word)
{
	static const struct { const char *text; enum content_coding coding; } known[] = {
		{ "gzip", CONTENT_GZIP }, { "x-gzip", CONTENT_GZIP }, { "deflate", CONTENT_DEFLATE }, { "br", CONTENT_BROTLI },
		{ "identity", CONTENT_PLAIN }, { "", CONTENT_PLAIN },
	};
	size_t i;

	word = span_trim(word);
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_equal_nocase(word, span_text(known[i].text)))
			return known[i].coding;
	return CONTENT_OTHER;
}

/* RFC 9110 section 8.4: in the order in which they were laid over the body. */
unsigned
content_coding_of(struct span value)
{
	unsigned codings = CONTENT_PLAIN, count = 0;
	enum content_coding coding;
	struct span word;
	bool more = true;

	while (more) {
		if (!(more = span_until(&value, ',', &word)))
			word = value;
		if ((coding = coding_of(word)) == CONTENT_OTHER)
			return CONTENT_OTHER;
		if (coding == CONTENT_PLAIN)
			continue;
		if (++count > CODINGS_MAX)
			return CONTENT_TOO_DEEP;
		codings = codings << CODING_BITS | coding;
	}
	return codings;
}

/* ---- what it holds, against the ceilings ---- */

static bool
charge(struct proto *p, struct content_tools *t, uint64_t bytes)
{
	uint64_t most = proto_limits(p)->file_total_bytes;

	if (proto_sheds_bodies(p)) {
		proto_counters(p)->files_shed++;
		return false;
	}
	if (most > 0 && (t->held > most || bytes > most - t->held)) {
		proto_counters(p)->files_refused++;
		return false;
	}
	t->held += bytes;
	*proto_held(p) += bytes;
	return true;
}

static void
discharge(struct proto *p, struct content_tools *t, uint64_t bytes)
{
	t->held -= bytes;
	*proto_held(p) -= bytes;
}

/* To make one costs more than what it undoes of most bodies. */
static struct inflater *
take_inflater(struct content_tools *t, bool gzip)
{
	if (t->inflaters == 0)
		return inflater_new(gzip);
	t->inflaters--;
	inflater_again(t->inflater[t->inflaters], gzip);
	return t->inflater[t->inflaters];
}

static void
drop_inflater(struct content *c, struct inflater *i)
{
	struct content_tools *t = c->tools;

	if (inflater_is_brotli(i)) {
		inflater_free(i);
		return;
	}
	if (t->inflaters < SPARE_INFLATERS_MAX)
		t->inflater[t->inflaters++] = i;
	else
		inflater_free(i);
	discharge(c->p, t, INFLATER_COST);
}

static void
drop_inflaters(struct content *c)
{
	while (c->inflaters > 0)
		drop_inflater(c, c->inflater[--c->inflaters]);
}

static bool
take_memory(void *from, size_t bytes)
{
	struct content *c = from;

	return charge(c->p, c->tools, bytes);
}

static void
give_memory(void *from, size_t bytes)
{
	struct content *c = from;

	discharge(c->p, c->tools, bytes);
}

static struct inflater *
make_inflater(struct content *c, enum content_coding coding)
{
	const struct inflater_purse purse = { take_memory, give_memory, c };
	struct inflater *i;

	if (coding == CONTENT_BROTLI)
		return inflater_new_brotli(&purse);
	if (!charge(c->p, c->tools, INFLATER_COST))
		return NULL;
	if ((i = take_inflater(c->tools, coding == CONTENT_GZIP)) == NULL)
		discharge(c->p, c->tools, INFLATER_COST);
	return i;
}

/* False: one of them cannot be undone. */
static bool
make_inflaters(struct content *c, unsigned codings)
{
	enum content_coding coding;
	struct inflater *i;

	for (; codings != CONTENT_PLAIN; codings >>= CODING_BITS) {
		coding = (enum content_coding)(codings & ((1u << CODING_BITS) - 1));
		if (coding == CONTENT_TOO_DEEP)
			proto_counters(c->p)->files_too_deep++;
		if (coding >= CONTENT_OTHER || c->inflaters == CODINGS_MAX || (i = make_inflater(c, coding)) == NULL)
			return false;
		c->inflater[c->inflaters++] = i;
	}
	return true;
}

static struct content *
take_spare(struct content_tools *t)
{
	struct content *c = t->spare;

	if (c != NULL) {
		t->spare = c->next;
		t->spares--;
		return c;
	}
	if ((c = malloc(sizeof *c)) == NULL)
		return NULL;
	if ((c->hash = EVP_MD_CTX_new()) == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

struct content *
content_open(struct proto *p, unsigned codings, uint64_t expected)
{
	uint64_t most = proto_limits(p)->file_bytes;
	struct content_tools *t = most == 0 ? NULL : proto_content(p);
	struct content *c;

	if (t == NULL || !charge(p, t, CONTENT_COST))
		return NULL;
	if ((c = take_spare(t)) == NULL) {
		discharge(p, t, CONTENT_COST);
		return NULL;
	}
	memset((uint8_t *)c + offsetof(struct content, inflater), 0,
	    offsetof(struct content, r) - offsetof(struct content, inflater));
	c->p = p;
	c->tools = t;
	recogniser_init(&c->r);
	c->coded = codings != CONTENT_PLAIN;
	c->too_large = expected > most;
	c->looking = !c->coded || make_inflaters(c, codings);
	c->hashing = c->looking && !c->too_large && t->sha256 != NULL;
	if (!c->looking)
		drop_inflaters(c);
	return c;
}

void
content_close(struct content *c)
{
	struct content_tools *t;

	if (c == NULL)
		return;
	t = c->tools;
	drop_inflaters(c);
	discharge(c->p, t, CONTENT_COST);
	if (t->spares == SPARE_MAX) {
		content_free(c);
		return;
	}
	c->next = t->spare;
	t->spare = c;
	t->spares++;
}

void
content_is_web(struct content *c, bool script)
{
	if (c == NULL)
		return;
	c->web = true;
	c->web_script = script;
}

/* ---- bytes ---- */

static void
stop_looking(struct content *c)
{
	c->looking = c->hashing = false;
	drop_inflaters(c);
}

/* What the web is full of: to hash it, or to undo its coding, costs more than it tells. */
static bool
is_ordinary(const struct content *c)
{
	enum file_kind k = c->r.kind;

	if (k == FILE_SCRIPT)
		return c->web_script && c->coded;
	return (c->web || c->coded) && (k == FILE_HTML || k == FILE_TEXT || k == FILE_IMAGE);
}

static void
add_hash(struct content *c, struct span bytes)
{
	if (c->hashing && bytes.left > 0 && EVP_DigestUpdate(c->hash, bytes.at, bytes.left) != 1)
		c->hashing = false;
}

static void
hash_first(struct content *c)
{
	if (c->first_hashed)
		return;
	c->first_hashed = true;
	if (!c->hashing || EVP_DigestInit_ex2(c->hash, c->tools->sha256, NULL) != 1)
		c->hashing = false;
	add_hash(c, span_of(c->r.first, c->r.first_bytes));
}

/* `before`: how many of a body's first bytes were held when these came. Those are hashed when the kind shows that it matters. */
static void
take_hash(struct content *c, struct span bytes, size_t before)
{
	if (!c->hashing || !c->r.decided)
		return;
	span_skip(&bytes, (size_t)(c->r.first_bytes - before));
	if (is_ordinary(c)) {
		c->hashing = false;
		return;
	}
	hash_first(c);
	add_hash(c, bytes);
}

/* Looked at and hashed, as far as the limit goes. */
static void
take_plain(struct content *c, struct span bytes)
{
	size_t before = c->r.first_bytes;
	uint64_t room = proto_limits(c->p)->file_bytes - c->plain_bytes;

	if (bytes.left > room) {
		bytes.left = (size_t)room;
		c->too_large = true;
		c->hashing = false;
	}
	c->plain_bytes += bytes.left;
	recogniser_bytes(&c->r, bytes);
	take_hash(c, bytes, before);
	if (c->too_large && c->plain_bytes == proto_limits(c->p)->file_bytes)
		stop_looking(c);
}

/* What came out of the last coding. */
static void
take_uncoded(struct content *c, struct span bytes)
{
	take_plain(c, bytes);
	if (c->looking && c->r.decided && is_ordinary(c))
		stop_looking(c);
}

/* It goes into the next coding: nobody shall make much of little there, either. */
static void
count_between(struct content *c, size_t bytes)
{
	c->between_bytes += bytes;
	if (c->between_bytes <= proto_limits(c->p)->file_bytes)
		return;
	c->too_large = true;
	stop_looking(c);
}

/* Each coding gives a buffer to the next, which is asked until it has used that up. */
static void
take_coded(struct content *c, struct span bytes)
{
	struct span in[CODINGS_MAX] = { bytes }, out;
	unsigned level = 0, last = c->inflaters - 1;
	enum inflated r;

	while (c->looking) {
		/* no more than its kind takes, until that is known */
		r = inflater_bytes(c->inflater[level], &in[level], c->tools->inflated[level],
		    c->r.decided ? INFLATED_BYTES : RECOGNISE_BYTES, &out);
		if (level < last && out.left > 0) {
			count_between(c, out.left);
			in[++level] = out;
			continue;
		}
		if (level == last)
			take_uncoded(c, out);
		if (r == INFLATED_END)	/* what follows is not of it: neither is it the whole body then */
			c->hashing = false;
		if (r == INFLATED_BROKEN)
			stop_looking(c);
		if (r != INFLATED_SOME && level-- == 0)
			return;
	}
}

/* What a gzip file holds, as far as its first bytes tell. */
static enum file_kind
kind_within(struct content *c)
{
	struct content_tools *t = c->tools;
	struct span in = span_of(c->r.first, c->r.first_bytes), out;
	enum inflated r = INFLATED_SOME;
	struct inflater *i = make_inflater(c, CONTENT_GZIP);

	if (i == NULL)
		return FILE_UNKNOWN;
	recogniser_init(&t->within);
	while (r == INFLATED_SOME && !t->within.decided) {
		r = inflater_bytes(i, &in, t->inflated[0], INFLATED_BYTES, &out);
		recogniser_bytes(&t->within, out);
	}
	drop_inflater(c, i);
	recogniser_end(&t->within);
	return t->within.kind;
}

void
content_bytes(struct content *c, struct span bytes)
{
	if (c == NULL)
		return;
	c->bytes += bytes.left;
	if (!c->looking || bytes.left == 0)
		return;
	if (c->inflaters > 0)
		take_coded(c, bytes);
	else
		take_plain(c, bytes);
}

void
content_lost(struct content *c, uint64_t bytes)
{
	uint64_t room;

	if (c == NULL || bytes == 0)
		return;
	c->bytes += bytes;
	c->missing = true;
	c->hashing = false;
	if (!c->looking)
		return;
	room = proto_limits(c->p)->file_bytes - c->plain_bytes;
	if (c->inflaters > 0 || bytes >= room) {
		stop_looking(c);
		return;
	}
	recogniser_skip(&c->r, bytes);
	c->plain_bytes += bytes;
}

bool
content_wants(const struct content *c)
{
	return c != NULL && c->looking && (c->hashing || c->inflaters > 0 || !recogniser_done(&c->r));
}

void
content_pass(struct content *c, uint64_t bytes)
{
	if (c != NULL)
		c->bytes += bytes;
}

/* Each coding ended where what lies in it did. */
static bool
codings_complete(const struct content *c)
{
	unsigned i;

	for (i = 0; i < c->inflaters; i++)
		if (!inflater_complete(c->inflater[i]))
			return false;
	return true;
}

static void
end_hash(struct content *c, char hex[65])
{
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (is_ordinary(c))
		return;
	hash_first(c);
	if (!c->hashing || !codings_complete(c))
		return;
	if (EVP_DigestFinal_ex(c->hash, raw, &len) != 1 || len != 32) {
		ERR_clear_error();
		return;
	}
	hex_put(hex, raw, len);
	hex[2 * len] = '\0';
}

void
content_end(struct content *c, bool whole, struct file *out)
{
	out->kind = out->inner = FILE_UNKNOWN;
	out->sha256[0] = '\0';
	out->bytes = 0;
	out->whole = out->encrypted = out->macros = out->ordinary = false;
	if (c == NULL)
		return;
	recogniser_end(&c->r);
	out->kind = out->inner = c->r.kind;
	out->encrypted = c->r.encrypted;
	out->macros = c->r.macros;
	out->bytes = c->bytes;
	out->ordinary = is_ordinary(c);
	out->whole = whole && !c->missing;
	if (out->whole)
		end_hash(c, out->sha256);
	if (c->too_large)
		proto_counters(c->p)->files_too_large++;
	drop_inflaters(c);
	if (out->kind == FILE_GZIP)
		out->inner = kind_within(c);
	content_close(c);
}

void
content_warm_up(void)
{
	struct content_tools *t = content_tools_new();
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t raw[EVP_MAX_MD_SIZE];
	unsigned len;

	if (t != NULL && context != NULL && t->sha256 != NULL &&
	    EVP_DigestInit_ex2(context, t->sha256, NULL) == 1)
		EVP_DigestFinal_ex(context, raw, &len);
	ERR_clear_error();
	EVP_MD_CTX_free(context);
	content_tools_free(t);
}
