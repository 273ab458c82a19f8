/*
 * rows.c - the table of what findings say about their host. docs/cases.md has
 * the same with reasons; points are parameters of detection, not taste.
 */
#include "cases/private.h"

enum { SURE = 80 };

#define FEED "feed"
#define TIMING case_timing
#define DOWNLOAD "download"

const char case_timing[] = "timing";

static const struct case_row feed_rows[ROLE_KINDS] = {
	[ROLE_C2] = { "feed-c2", FEED, STAGE_C2, { 60, 20, 10 }, NULL, NULL, NULL },
	[ROLE_DOWNLOAD] = { "feed-download", FEED, STAGE_DELIVERY, { 40, 20, 10 }, NULL, NULL, NULL },
	[ROLE_INFECTED] = { "feed-infected", FEED, STAGE_C2, { 40, 40, 10 }, NULL, NULL, NULL },
	[ROLE_SUSPICIOUS] = { "feed-suspicious", FEED, STAGE_C2, { 10, 10, 10 }, NULL, NULL, NULL },
	[ROLE_SINKHOLE] = { "feed-sinkhole", FEED, STAGE_C2, { 60, 60, 20 }, NULL, NULL, NULL },
	[ROLE_RESOLVER] = { "feed-resolver", FEED, STAGE_C2, { 10, 10, 10 }, NULL, NULL, NULL },
};

/* What a feed learnt later is worth half: the address may have had another owner then. */
static const struct case_row retro_rows[ROLE_KINDS] = {
	[ROLE_C2] = { "earlier-c2", FEED, STAGE_C2, { 30, 10, 5 }, NULL, NULL, NULL },
	[ROLE_DOWNLOAD] = { "earlier-download", FEED, STAGE_DELIVERY, { 20, 10, 5 }, NULL, NULL, NULL },
	[ROLE_SINKHOLE] = { "earlier-sinkhole", FEED, STAGE_C2, { 30, 30, 10 }, NULL, NULL, NULL },
};

static const struct case_row beacon_row = { "beacon", TIMING, STAGE_C2, { 40, 40, 10 }, NULL, NULL, NULL };
static const struct case_row evasion_row = { "evasion", "evasion", STAGE_C2, { 20, 20, 0 }, NULL, NULL, NULL };

/*
 * Mail that wants to be opened is the mail server's finding, not that of who
 * opens it: it is a hint. That names of the house are abused says that no
 * host here does it: it stands in no case.
 */
static const struct case_row behaviour_rows[] = {
	{ "inbound-lure", "inbound-lure", STAGE_DELIVERY, { 20, 10, 0 }, NULL, "kind", NULL },
	{ "false-type-download", DOWNLOAD, STAGE_DELIVERY, { 60, 40, 0 }, NULL, "kind", NULL },
	{ "dropper-chain", DOWNLOAD, STAGE_C2, { 40, 30, 0 }, NULL, NULL, NULL },
	{ "raw-address-check-in", "raw-address-check-in", STAGE_C2, { 60, 40, 0 }, "servers", NULL, NULL },
	{ "odd-tls", "odd-tls", STAGE_C2, { 40, 40, 0 }, NULL, NULL, NULL },
	{ "dns-tunnel", "dns-tunnel", STAGE_C2, { 60, 40, 0 }, "names", NULL, "zone" },
	{ "generated-names", "generated-names", STAGE_C2, { 60, 40, 0 }, "missing_zones", NULL, NULL },
	{ "strobe", TIMING, STAGE_C2, { 30, 20, 0 }, "calls_a_minute", NULL, NULL },
	{ "second-family", FEED, STAGE_C2, { 20, 20, 0 }, NULL, NULL, "second_family" },
	{ "spreading", "spreading", STAGE_SPREADING, { 60, 40, 0 }, "machines", NULL, NULL },
	{ "spam-module", "spam-module", STAGE_MASS_MAIL, { 60, 40, 0 }, "exchangers", NULL, NULL },
	{ "lasting-connection", TIMING, STAGE_C2, { 30, 20, 0 }, NULL, NULL, NULL },
	{ "theft", "theft", STAGE_THEFT, { 60, 40, 0 }, NULL, NULL, NULL },
	{ "attack-participation", "attack-participation", STAGE_C2, { 40, 30, 0 }, "packets", NULL, NULL },
	{ "own-protocol", "own-protocol", STAGE_C2, { 40, 20, 0 }, "rounds", NULL, NULL },
	{ "back-connect-proxy", "back-connect-proxy", STAGE_C2, { 60, 40, 0 }, "requests", NULL, NULL },
	{ "destruction", "destruction", STAGE_DESTRUCTION, { 60, 40, 0 }, "rewritten", "command", NULL },
	{ "impersonated", "impersonated", STAGE_DELIVERY, { 0, 0, 0 }, NULL, NULL, NULL },
	{ "stolen-account", "stolen-account", STAGE_THEFT, { 0, 0, 0 }, NULL, NULL, NULL },
	{ "stepping-stone", "stepping-stone", STAGE_MASS_MAIL, { 0, 0, 0 }, NULL, NULL, NULL },
};

/* A behaviour without a row of its own, by its ATT&CK tactic. */
static const struct {
	const char *tactic;
	struct case_row row;
} tactic_rows[] = {
	{ "TA0001", { NULL, NULL, STAGE_DELIVERY, { 40, 30, 0 }, NULL, NULL, NULL } },
	{ "TA0002", { NULL, NULL, STAGE_DELIVERY, { 40, 30, 0 }, NULL, NULL, NULL } },
	{ "TA0011", { NULL, NULL, STAGE_C2, { 40, 30, 0 }, NULL, NULL, NULL } },
	{ "TA0006", { NULL, NULL, STAGE_THEFT, { 40, 30, 0 }, NULL, NULL, NULL } },
	{ "TA0009", { NULL, NULL, STAGE_THEFT, { 40, 30, 0 }, NULL, NULL, NULL } },
	{ "TA0010", { NULL, NULL, STAGE_THEFT, { 40, 30, 0 }, NULL, NULL, NULL } },
	{ "TA0007", { NULL, NULL, STAGE_SPREADING, { 40, 30, 0 }, NULL, NULL, NULL } },
	{ "TA0008", { NULL, NULL, STAGE_SPREADING, { 40, 30, 0 }, NULL, NULL, NULL } },
	{ "TA0040", { NULL, NULL, STAGE_DESTRUCTION, { 40, 30, 0 }, NULL, NULL, NULL } },
};

static const struct case_row *
named(const struct case_row *rows, size_t count, const char *what)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (rows[i].what != NULL && strcmp(rows[i].what, what) == 0)
			return &rows[i];
	return NULL;
}

static const struct case_row *
behaviour_row(const struct behaviour_numbers *b)
{
	const struct case_row *own = named(behaviour_rows, sizeof behaviour_rows / sizeof *behaviour_rows, b->name);
	size_t i;

	if (own != NULL)
		return own;
	for (i = 0; i < sizeof tactic_rows / sizeof *tactic_rows; i++)
		if (strcmp(tactic_rows[i].tactic, b->tactic) == 0)
			return &tactic_rows[i].row;
	return NULL;
}

static const struct case_row *
role_row(const struct case_row rows[ROLE_KINDS], const struct indicator *i)
{
	if (i == NULL || i->role >= ROLE_KINDS || rows[i->role].what == NULL)
		return NULL;
	return &rows[i->role];
}

const struct case_row *
case_row_named(const char *what)
{
	const struct case_row *r = named(behaviour_rows, sizeof behaviour_rows / sizeof *behaviour_rows, what);

	if (r == NULL)
		r = named(feed_rows, ROLE_KINDS, what);
	if (r == NULL)
		r = named(retro_rows, ROLE_KINDS, what);
	if (r == NULL)
		r = named(&beacon_row, 1, what);
	return r != NULL ? r : named(&evasion_row, 1, what);
}

/* Who is called regularly inside gives no orders, as far as anybody can see. */
static bool
is_inside(const struct beacon_numbers *b)
{
	unsigned i;

	for (i = 0; i < b->signs && i < BEACON_SIGNS_MAX; i++)
		if (b->sign[i].kind == SIGN_INTERNAL && b->sign[i].value > 0)
			return true;
	return false;
}

const struct case_row *
case_row_of(const struct finding *f)
{
	switch (f->kind) {
	case FINDING_INDICATOR:
		return role_row(feed_rows, f->indicator);
	case FINDING_RETRO:
		return role_row(retro_rows, f->indicator);
	case FINDING_BEACON:
		return f->beacon == NULL || is_inside(f->beacon) ? NULL : &beacon_row;
	case FINDING_EVASION:
		return &evasion_row;
	case FINDING_BEHAVIOUR:
		return f->behaviour == NULL ? NULL : behaviour_row(f->behaviour);
	default:
		return NULL;
	}
}

const char *
case_what(const struct case_row *row, const struct finding *f)
{
	return row->what != NULL ? row->what : f->behaviour->name;
}

unsigned
case_points(const struct case_row *row, const struct finding *f)
{
	if (f->behaviour != NULL)
		return row->points[f->behaviour->confidence >= SURE ? WEIGHT_STRONG : WEIGHT_MIDDLE];
	if (f->severity <= SEVERITY_HIGH)
		return row->points[WEIGHT_STRONG];
	return row->points[f->severity == SEVERITY_MEDIUM ? WEIGHT_MIDDLE : WEIGHT_WEAK];
}

unsigned
case_confidence(const struct finding *f)
{
	if (f->behaviour != NULL)
		return f->behaviour->confidence;
	if (f->beacon != NULL)
		return f->beacon->score >= 0.99 ? 99 : f->beacon->score <= 0 ? 0 : (unsigned)(f->beacon->score * 100);
	if (f->indicator != NULL && f->indicator->confidence > 0)
		return f->indicator->confidence < 99 ? f->indicator->confidence : 99;
	return f->severity <= SEVERITY_HIGH ? 75 : f->severity == SEVERITY_MEDIUM ? 50 : 25;
}
