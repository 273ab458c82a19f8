#include "behaviour/house.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/pages.h"
#include "base/state_file.h"
#include "behaviour/accounts.h"
#include "behaviour/mail_ids.h"
#include "behaviour/private.h"

enum {
	NAMES = 1 << 16, CALLED = 1 << 16, RESOLVERS = 1 << 10, VOICES = 1 << 12,
	FEW = 256,			/* calls, before all of it is likely to be touched */
	SERVICES = 1 << 14, HOSTS_TO_TELL = 5, HOST_BITS = 64,
	CORRESPONDENTS = 1 << 13, SENDERS = 1 << 14, SEEN_TO_KNOW = 2, OTHERS_TO_DOUBT = 3, DAYS_TO_KNOW = 14, WAYS_MOST = 256
};

#define DAY_NS (86400 * NS_PER_SEC)

/* A program or a service, and the first hosts that had it. */
struct voice {
	uint32_t voice;
	uint32_t host[VOICE_HOSTS + 1];	/* tags; 0: none yet */
};

struct correspondent {
	uint32_t name, address;
	uint32_t seen, others;
};

struct sender {
	uint32_t address;
	int32_t day;			/* heard last */
};

/* Mails that left. */
struct outgoing {
	int64_t since_ns;
	uint32_t sent, sent_before;	/* since then, and in the day before */
	uint32_t shown, shown_before;	/* of those */
};

struct house {
	uint32_t name[NAMES], called[CALLED], resolver[RESOLVERS];
	struct voice voice[VOICES];
	uint32_t one_way, both_ways;	/* of the latest connections */
	uint64_t hosts;			/* a bit for each host that spoke TLS, by its tag */
	struct voice service[SERVICES];
	uint64_t callers;		/* the same of hosts that called a service */
	uint32_t calls;			/* up to FEW */
	struct correspondent correspondent[CORRESPONDENTS];
	struct sender sender[SENDERS];
	int32_t first_mail_day;		/* 0: none yet */
	struct outgoing outgoing;
	struct accounts *accounts;
	struct mail_ids *ids;
};

struct house *
house_new(void)
{
	struct house *h = pages_new(sizeof *h);

	if (h != NULL && ((h->accounts = accounts_new()) == NULL || (h->ids = mail_ids_new()) == NULL)) {
		house_free(h);
		return NULL;
	}
	return h;
}

size_t
house_bytes(void)
{
	return pages_bytes(sizeof(struct house)) + accounts_bytes() + mail_ids_bytes();
}

void
house_free(struct house *h)
{
	if (h == NULL)
		return;
	accounts_free(h->accounts);
	mail_ids_free(h->ids);
	pages_free(h, sizeof *h);
}

struct mail_ids *
house_mail_ids(struct house *h)
{
	return h->ids;
}

struct accounts *
house_accounts(struct house *h)
{
	return h->accounts;
}

/* Which place, and what stands there: two parts of one hash. */
uint64_t
house_hash(const struct realm *realm, const struct addr *a)
{
	struct host_key key;

	memset(&key, 0, sizeof key);
	key.realm = *realm;
	key.addr = *a;
	return hash_steady(&key, sizeof key);
}

static uint32_t
name_tag(uint64_t hash)
{
	uint32_t tag = (uint32_t)(hash >> 32);

	return tag != 0 ? tag : 1;
}

void
house_name(struct house *h, uint64_t named)
{
	h->name[named % NAMES] = name_tag(named);
}

bool
house_named(const struct house *h, uint64_t a)
{
	return h->name[a % NAMES] == name_tag(a);
}

void
house_called(struct house *h, uint64_t a)
{
	h->called[a % CALLED] = name_tag(a);
	if (h->calls < FEW && ++h->calls == FEW)
		pages_fill(h, sizeof *h);
}

bool
house_was_called(const struct house *h, uint64_t a)
{
	return h->called[a % CALLED] == name_tag(a);
}

void
house_fetch(const struct house *h, uint64_t a)
{
	__builtin_prefetch(&h->name[a % NAMES]);
	__builtin_prefetch(&h->called[a % CALLED], 1);
}

void
house_resolver(struct house *h, uint64_t a)
{
	h->resolver[a % RESOLVERS] = name_tag(a);
}

bool
house_is_resolver(const struct house *h, uint64_t a)
{
	return h->resolver[a % RESOLVERS] == name_tag(a);
}

void
house_ways(struct house *h, bool both)
{
	*(both ? &h->both_ways : &h->one_way) += 1;
	if (h->both_ways + h->one_way >= WAYS_MOST) {
		h->both_ways /= 2;
		h->one_way /= 2;
	}
}

bool
house_one_sided(const struct house *h)
{
	return h->one_way > 0 && h->one_way >= h->both_ways;
}

/* Hosts of one house differ in their last bytes; a full hash for every contact would be dear. */
static uint32_t
host_tag(const struct addr *a)
{
	uint32_t low, high;

	memcpy(&low, a->b + 12, sizeof low);
	memcpy(&high, a->b + 8, sizeof high);
	low ^= high * 2654435761u;
	low = (low ^ low >> 16) * 2246822519u;
	low = (low ^ low >> 13) * 3266489917u;
	low ^= low >> 16;
	return low != 0 ? low : 1;
}

static void
add_host(struct voice *v, uint64_t *hosts, uint32_t voice, const struct addr *host)
{
	uint32_t tag = host_tag(host);
	unsigned i;

	*hosts |= UINT64_C(1) << tag % HOST_BITS;
	if (v->voice != voice) {
		memset(v, 0, sizeof *v);
		v->voice = voice;
	}
	for (i = 0; i <= VOICE_HOSTS && v->host[i] != 0; i++)
		if (v->host[i] == tag)
			return;
	if (i <= VOICE_HOSTS)
		v->host[i] = tag;
}

static int
others(const struct voice *v, uint64_t hosts, uint32_t voice, const struct addr *host)
{
	uint32_t tag = host_tag(host);
	int n = 0;
	unsigned i;

	if (voice == 0 || v->voice != voice || __builtin_popcountll(hosts) < HOSTS_TO_TELL)
		return -1;
	for (i = 0; i <= VOICE_HOSTS && v->host[i] != 0; i++)
		n += v->host[i] != tag;
	return n < VOICE_HOSTS ? n : VOICE_HOSTS;
}

void
house_voice(struct house *h, uint32_t voice, const struct addr *host)
{
	add_host(&h->voice[voice % VOICES], &h->hosts, voice, host);
}

int
house_others(const struct house *h, uint32_t voice, const struct addr *host)
{
	return others(&h->voice[voice % VOICES], h->hosts, voice, host);
}

void
house_caller(struct house *h, uint32_t service, const struct addr *host)
{
	add_host(&h->service[service % SERVICES], &h->callers, service, host);
}

int
house_callers(const struct house *h, uint32_t service, const struct addr *host)
{
	return others(&h->service[service % SERVICES], h->callers, service, host);
}

/* A name that several addresses bear is nobody's: "Info", "Support". */
enum acquaintance
house_correspondent(struct house *h, uint32_t name, uint32_t address)
{
	struct correspondent *c = &h->correspondent[name % CORRESPONDENTS];

	if (c->name != name) {
		*c = (struct correspondent){ name, address, 1, 0 };
		return ACQUAINTANCE_NONE;
	}
	if (c->address == address) {
		c->seen += c->seen < SEEN_TO_KNOW;
		return ACQUAINTANCE_SAME;
	}
	c->others += c->others <= OTHERS_TO_DOUBT;
	if (c->seen < SEEN_TO_KNOW)
		c->others = OTHERS_TO_DOUBT + 1;
	return c->others <= OTHERS_TO_DOUBT ? ACQUAINTANCE_OTHER_ADDRESS : ACQUAINTANCE_SAME;
}

bool
house_stranger(struct house *h, uint32_t address, int64_t now_ns, uint32_t days)
{
	struct sender *s = &h->sender[address % SENDERS];
	int32_t today = (int32_t)(now_ns / DAY_NS);
	bool stranger;

	if (h->first_mail_day == 0)
		h->first_mail_day = today;
	stranger = today - h->first_mail_day >= DAYS_TO_KNOW &&
	    (s->address != address || today - s->day >= (int32_t)days);
	*s = (struct sender){ address, today };
	return stranger;
}

static struct outgoing *
outgoing(struct house *h, int64_t now_ns)
{
	struct outgoing *o = &h->outgoing;
	bool recent = now_ns - o->since_ns < 2 * DAY_NS;

	if (now_ns - o->since_ns >= DAY_NS)
		*o = (struct outgoing){ now_ns, 0, recent ? o->sent : 0, 0, recent ? o->shown : 0 };
	return o;
}

void
house_sends(struct house *h, int64_t now_ns, uint32_t mails)
{
	outgoing(h, now_ns)->sent += mails;
}

uint32_t
house_sent(struct house *h, int64_t now_ns)
{
	const struct outgoing *o = outgoing(h, now_ns);

	return o->sent + o->sent_before;
}

void
house_shows(struct house *h, int64_t now_ns)
{
	outgoing(h, now_ns)->shown++;
}

bool
house_ids_tell(struct house *h, int64_t now_ns)
{
	const struct outgoing *o = outgoing(h, now_ns);

	return ((uint64_t)o->shown + o->shown_before) * 5 >= ((uint64_t)o->sent + o->sent_before) * 4;
}

/* ---- over a restart ---- */

void
house_save(const struct house *h, struct state_out *out)
{
	const struct correspondent *c;
	const struct sender *s;

	state_out_table(out, "first mail", sizeof h->first_mail_day);
	state_out_put(out, &h->first_mail_day, 1);
	state_out_table(out, "outgoing", sizeof h->outgoing);
	state_out_put(out, &h->outgoing, 1);
	state_out_table(out, "correspondent", sizeof *c);
	for (c = h->correspondent; c < h->correspondent + CORRESPONDENTS; c++)
		if (c->name != 0)
			state_out_put(out, c, 1);
	state_out_table(out, "sender", sizeof *s);
	for (s = h->sender; s < h->sender + SENDERS; s++)
		if (s->address != 0)
			state_out_put(out, s, 1);
	accounts_save(h->accounts, out);
	mail_ids_save(h->ids, out);
}

void
house_load(struct house *h, const struct state_in *in)
{
	const struct correspondent *c;
	const struct sender *s;
	const struct outgoing *o;
	const int32_t *day;
	size_t i, count;

	if ((day = state_in_records(in, "first mail", sizeof *day, &count)) != NULL && count == 1)
		h->first_mail_day = *day;
	if ((o = state_in_records(in, "outgoing", sizeof *o, &count)) != NULL && count == 1)
		h->outgoing = *o;
	c = state_in_records(in, "correspondent", sizeof *c, &count);
	for (i = 0; i < count; i++)
		h->correspondent[c[i].name % CORRESPONDENTS] = c[i];
	s = state_in_records(in, "sender", sizeof *s, &count);
	for (i = 0; i < count; i++)
		h->sender[s[i].address % SENDERS] = s[i];
	accounts_load(h->accounts, in);
	mail_ids_load(h->ids, in);
}
