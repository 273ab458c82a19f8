#include "alert/hosts.h"

#include <stdlib.h>

#include "base/heap.h"
#include "base/table.h"
#include "message.h"

enum { FACT_BYTES_MAX = 255 };

/* Whom to believe; see docs/alerts.md. */
enum rank { RANK_PROGRAM, RANK_CLAIM, RANK_PROTOCOL, RANK_GRANT };

struct host_key {
	struct realm realm;
	struct addr addr;
};

_Static_assert(sizeof(struct host_key) == sizeof(struct realm) + sizeof(struct addr), "hashed as bytes");

struct fact {
	char *text;		/* NULL: not known */
	uint8_t source, rank;
	int64_t heard_ns;
};

struct host {
	UT_hash_handle hh;
	struct host_key key;
	struct host *older, *newer;
	struct fact fact[HOST_FACTS];
	/* Who asked for this address while another had it: counts when it is granted. */
	struct fact asked[HOST_FACTS];
};

struct hosts {
	struct host *table;
	struct host *oldest, *newest;
	uint32_t most;
	uint64_t *evicted;
};

struct hosts *
hosts_new(uint32_t max_hosts, uint64_t *evicted)
{
	struct hosts *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->most = max_hosts;
	h->evicted = evicted;
	return h;
}

static void
forget_facts(struct fact facts[HOST_FACTS])
{
	int i;

	for (i = 0; i < HOST_FACTS; i++)
		free(facts[i].text);
	memset(facts, 0, HOST_FACTS * sizeof *facts);
}

static void
unlink_host(struct hosts *h, struct host *e)
{
	*(e->older != NULL ? &e->older->newer : &h->oldest) = e->newer;
	*(e->newer != NULL ? &e->newer->older : &h->newest) = e->older;
}

static void
append(struct hosts *h, struct host *e)
{
	e->older = h->newest;
	e->newer = NULL;
	*(h->newest != NULL ? &h->newest->newer : &h->oldest) = e;
	h->newest = e;
}

static void
forget(struct hosts *h, struct host *e)
{
	unlink_host(h, e);
	HASH_DEL(h->table, e);
	forget_facts(e->fact);
	forget_facts(e->asked);
	free(e);
}

void
hosts_free(struct hosts *h)
{
	if (h == NULL)
		return;
	while (h->oldest != NULL)
		forget(h, h->oldest);
	free(h);
}

static struct host *
find(const struct hosts *h, const struct host_key *key)
{
	struct host *e;

	HASH_FIND(hh, h->table, key, sizeof *key, e);
	return e;
}

static struct host *
find_or_add(struct hosts *h, const struct host_key *key)
{
	struct host *e = find(h, key);

	if (e != NULL) {
		unlink_host(h, e);
		append(h, e);
		return e;
	}
	if (HASH_COUNT(h->table) >= h->most) {
		forget(h, h->oldest);
		++*h->evicted;
	}
	if ((e = calloc(1, sizeof *e)) == NULL)
		return NULL;
	e->key = *key;
	HASH_ADD(hh, h->table, key, sizeof e->key, e);
	if (element_not_added(e)) {
		free(e);
		return NULL;
	}
	append(h, e);
	return e;
}

/* ---- what an observation says ---- */

struct saying {
	struct span text[HOST_FACTS];
	char mac[MAC_TEXT_MAX];
	uint8_t source;
	enum rank rank;
	int64_t ts_ns;
};

static enum rank
rank_of(const struct observation *o)
{
	switch (o->detail) {
	case IDENTITY_DHCP:
	case IDENTITY_DHCPV6:
		return o->code > 0 ? RANK_GRANT : RANK_PROTOCOL;
	case IDENTITY_NTLM:
	case IDENTITY_KERBEROS:
	case IDENTITY_SMB:
		return RANK_PROTOCOL;
	case IDENTITY_HTTP:
		return RANK_PROGRAM;
	default:
		return RANK_CLAIM;
	}
}

/* "DESK-7$" logs in as the machine that it is, which is nobody's name. */
static void
tell_machine_from_user(struct saying *s)
{
	struct span *user = &s->text[HOST_USER], *name = &s->text[HOST_NAME];

	if (user->left < 2 || user->at[user->left - 1] != '$')
		return;
	if (name->left == 0)
		*name = span_of(user->at, user->left - 1);
	*user = span_of(NULL, 0);
}

static struct saying
saying_of(const struct observation *o)
{
	struct saying s = { .source = o->detail, .rank = rank_of(o), .ts_ns = o->ts_ns };
	struct span mac = observation_text(o, TEXT_MAC);

	s.text[HOST_NAME] = observation_text(o, TEXT_HOST_NAME);
	s.text[HOST_USER] = observation_text(o, TEXT_USER);
	s.text[HOST_DOMAIN] = observation_text(o, TEXT_DOMAIN);
	s.text[HOST_SOFTWARE] = observation_text(o, TEXT_SOFTWARE);
	if (mac.left == MAC_BYTES)
		mac_text(mac.at, s.mac);
	tell_machine_from_user(&s);
	return s;
}

/* The hardware address is text of the saying itself. */
static struct span
said(const struct saying *s, int i)
{
	if (i == HOST_MAC)
		return span_said(s->mac);
	return s->text[i];
}

/* ---- what is believed ---- */

/* Without memory the fact before stays. */
static void
set_fact(struct fact *f, const struct saying *s, struct span text)
{
	size_t len = text.left < FACT_BYTES_MAX ? text.left : FACT_BYTES_MAX;
	char *copy;

	if (len == 0 || (f->text != NULL && s->rank < (enum rank)f->rank) || memchr(text.at, '\0', len) != NULL)
		return;
	if (f->text != NULL && strlen(f->text) == len && memcmp(f->text, text.at, len) == 0) {
		*f = (struct fact){ f->text, s->source, (uint8_t)s->rank, s->ts_ns };
		return;
	}
	if ((copy = malloc(len + 1)) == NULL)
		return;
	memcpy(copy, text.at, len);
	copy[len] = '\0';
	free(f->text);
	*f = (struct fact){ copy, s->source, (uint8_t)s->rank, s->ts_ns };
}

static void
set_facts(struct fact facts[HOST_FACTS], const struct saying *s)
{
	int i;

	for (i = 0; i < HOST_FACTS; i++)
		set_fact(&facts[i], s, said(s, i));
}

static bool
is_text(const struct fact *f, const char *text)
{
	return f->text != NULL && strcmp(f->text, text) == 0;
}

/* Another machine has the address now: what it said when it asked for it is what is known. */
static void
change_machine(struct host *e, const struct saying *s)
{
	forget_facts(e->fact);
	if (is_text(&e->asked[HOST_MAC], s->mac)) {
		memcpy(e->fact, e->asked, sizeof e->fact);
		memset(e->asked, 0, sizeof e->asked);
	}
}

static bool
is_another_machine(const struct host *e, const struct saying *s)
{
	return s->mac[0] != '\0' && e->fact[HOST_MAC].text != NULL && !is_text(&e->fact[HOST_MAC], s->mac);
}

/* Given back: an address ends all, a name only itself. */
static void
release(struct hosts *h, const struct host_key *key, const struct saying *s)
{
	struct host *e = find(h, key);
	struct fact *name;

	if (e == NULL)
		return;
	if (s->source == IDENTITY_DHCP || s->source == IDENTITY_DHCPV6) {
		if (!is_another_machine(e, s))
			forget(h, e);
		return;
	}
	name = &e->fact[HOST_NAME];
	if (name->text == NULL || name->source != s->source || strlen(name->text) != s->text[HOST_NAME].left ||
	    memcmp(name->text, s->text[HOST_NAME].at, s->text[HOST_NAME].left) != 0)
		return;
	free(name->text);
	memset(name, 0, sizeof *name);
}

static bool
says_anything(const struct saying *s)
{
	int i;

	for (i = 0; i < HOST_FACTS; i++)
		if (said(s, i).left > 0)
			return true;
	return false;
}

bool
hosts_note(struct hosts *h, const struct observation *o)
{
	const struct host_key key = { o->key.realm, o->named };
	const struct saying s = saying_of(o);
	struct host *e;

	if (o->kind != OBSERVE_IDENTITY || h->most == 0)
		return false;
	if (o->flags & OBSERVED_RELEASED) {
		release(h, &key, &s);
		return false;
	}
	if (!says_anything(&s) || (e = find_or_add(h, &key)) == NULL)
		return false;
	if (!is_another_machine(e, &s)) {
		set_facts(e->fact, &s);
		return false;
	}
	if (s.rank != RANK_GRANT) {
		forget_facts(e->asked);
		set_facts(e->asked, &s);
		return false;
	}
	change_machine(e, &s);
	set_facts(e->fact, &s);
	return true;
}

bool
hosts_find(const struct hosts *h, const struct realm *realm, const struct addr *addr, struct host_identity *out)
{
	const struct host_key key = { *realm, *addr };
	const struct host *e = find(h, &key);
	bool any = false;
	int i;

	memset(out, 0, sizeof *out);
	for (i = 0; i < HOST_FACTS; i++) {
		const struct fact *f = e == NULL ? NULL : &e->fact[i];

		if (f == NULL || f->text == NULL)
			continue;
		out->fact[i] = (struct host_fact){ f->text, identity_source_text(f->source), f->heard_ns };
		any = true;
	}
	return any;
}

size_t
hosts_host_bytes(void)
{
	return heap_bytes(sizeof(struct host)) + 2 * HOST_FACTS * heap_bytes(FACT_BYTES_MAX + 1) +
	    sizeof(struct UT_hash_bucket);
}
