/*
 * row_spreading.c - a host that reaches for many machines inside by what
 * administrators use (SMB, RPC, RDP, WinRM, SSH): nobody there, wrong
 * passwords, then a success, then services and tasks that run what it
 * brought. Scanners and management hosts are named in the configuration.
 */
#include "behaviour/private.h"

enum { TARGETS = 64 };

enum { DID_REACH = 1, DID_DIE = 2, DID_FAIL = 4, DID_ENTER = 8, DID_ENTER_AFTER = 16, DID_RUN = 32, DID_WRITE = 64 };

struct spreading {
	int64_t first_ns, last_ns;
	uint32_t target[TARGETS];
	uint8_t did[TARGETS];
	unsigned targets, next;
};

const size_t spreading_part_bytes = sizeof(struct spreading);

static bool
is_admin_port(uint16_t port)
{
	static const uint16_t ports[] = { 22, 135, 139, 445, 3389, 5985, 5986 };
	unsigned i;

	for (i = 0; i < sizeof ports / sizeof *ports; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static struct spreading *
part_of(struct sight *s)
{
	struct spreading *k = sight_part(s, ROW_SPREADING);
	int64_t now = s->o->ts_ns;

	if (k == NULL)
		return NULL;
	if (k->targets == 0 || now - k->first_ns > (int64_t)s->limits->spread_sec * NS_PER_SEC) {
		memset(k, 0, sizeof *k);
		k->first_ns = now;
	}
	k->last_ns = now;
	return k;
}

/* What was done at the target so far. */
static uint8_t *
did_at(struct spreading *k, uint32_t tag)
{
	unsigned i;

	for (i = 0; i < k->targets; i++)
		if (k->target[i] == tag)
			return &k->did[i];
	i = k->targets < TARGETS ? k->targets++ : k->next++ % TARGETS;
	k->target[i] = tag;
	k->did[i] = 0;
	return &k->did[i];
}

static unsigned
count(const struct spreading *k, unsigned did)
{
	unsigned i, n = 0;

	for (i = 0; i < k->targets; i++)
		n += (k->did[i] & did) != 0;
	return n;
}

static void
weigh(struct sight *s, const struct spreading *k)
{
	const uint32_t many = s->limits->spread_hosts;
	const struct step targets[] = { { many, 25 }, { many * 2, 40 }, { many * 5, 60 }, { 0, 0 } };
	static const struct step dead[] = { { 3, 10 }, { 10, 20 }, { 0, 0 } };
	static const struct step failed[] = { { 2, 10 }, { 4, 20 }, { 10, 30 }, { 0, 0 } };
	static const struct step ran[] = { { 1, 15 }, { 3, 30 }, { 0, 0 } };
	unsigned died = count(k, DID_DIE), refused = count(k, DID_FAIL), entered = count(k, DID_ENTER),
	    after = count(k, DID_ENTER_AFTER), run = count(k, DID_RUN), written = count(k, DID_WRITE);
	struct score c;

	score_begin(&c);
	score_number(&c, "machines", k->targets, score_step(targets, k->targets));
	score_minutes(&c, k->first_ns, k->last_ns);
	if (died > 0)
		score_number(&c, "silent", died, score_step(dead, died));
	if (refused > 0)
		score_number(&c, "refused", refused, score_step(failed, refused));
	if (entered > 0)
		score_number(&c, "entered", entered, 0);
	if (after > 0)
		score_number(&c, "entered_after_refusal", after, 15);
	if (run > 0)
		score_number(&c, "ran_there", run, score_step(ran, run));
	if (written > 0)
		score_number(&c, "wrote_there", written, 5);
	if (score_confidence(&c) >= s->limits->confidence)	/* the text of an address costs more than all before */
		score_addr(&c, "peer", s->peer, 0);
	sight_ring(s, ROW_SPREADING, &c, k->first_ns);
}

static uint8_t
deed_of(const struct observation *o, uint8_t before)
{
	if (o->kind == OBSERVE_CONTACT)
		return DID_REACH;
	if (o->kind == OBSERVE_FLOW)
		return DID_DIE;
	if (o->kind == OBSERVE_LOGIN) {
		if (o->outcome == OUTCOME_FAILURE)
			return DID_FAIL;
		return o->outcome != OUTCOME_SUCCESS ? DID_REACH :
		    before & DID_FAIL ? DID_ENTER | DID_ENTER_AFTER : DID_ENTER;
	}
	if (o->outcome == OUTCOME_FAILURE)
		return DID_REACH;
	if (o->detail == REMOTE_SERVICE || o->detail == REMOTE_TASK)
		return DID_RUN;
	return o->detail == REMOTE_FILE_WRITE ? DID_WRITE : DID_REACH;
}

/* Nobody spoke there, or would not. */
static bool
is_dead(const struct observation *o)
{
	return (o->flow_state == FLOW_NEW || o->flow_state == FLOW_RESET) && o->packets[RESPONDER] <= 1 &&
	    (o->flags & OBSERVED_MIDWAY) == 0;
}

/* A mail or web login is no way into a machine. */
static bool
is_admin_app(uint8_t app)
{
	return app == APP_SMB || app == APP_DCERPC || app == APP_RDP || app == APP_SSH || app == APP_WINRM;
}

void
spreading_note(struct sight *s)
{
	const struct observation *o = s->o;
	bool deed = o->kind == OBSERVE_LOGIN || o->kind == OBSERVE_REMOTE;
	struct spreading *k;
	uint8_t *did, before;

	if (o->host_side != ORIGINATOR || !(deed ? is_admin_app(o->app) : is_admin_port(s->peer_port)) ||
	    (o->kind == OBSERVE_FLOW && !is_dead(o)) ||
	    in_networks(s->limits->admin_hosts, s->limits->admin_hosts_count, s->addr) || (k = part_of(s)) == NULL)
		return;
	did = did_at(k, sight_peer_tag(s));
	before = *did;
	*did |= deed_of(o, before);
	if (*did != before)
		weigh(s, k);
}
