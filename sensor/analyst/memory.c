#include "analyst/memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/state_file.h"
#include "system/privilege.h"

enum { PATH_BYTES = CONFIG_TEXT_MAX + 64 };

enum part_number { PART_CENSUS, PART_HOUSE, PART_HOSTS, PART_CASES, PART_RATES, PART_BEACON, PARTS };

static const struct part {
	const char *file;
	uint32_t version;
	bool live;			/* not in a replay: whoever repeats one expects the same again */
	size_t most_bytes;
} parts[PARTS] = {
	[PART_CENSUS] = { "census.state", CENSUS_STATE_VERSION, false, 4 << 20 },
	[PART_HOUSE] = { "house.state", BEHAVIOUR_STATE_VERSION, false, 64 << 20 },
	[PART_HOSTS] = { "hosts.state", BEHAVIOUR_HOSTS_VERSION, true, (size_t)1 << 30 },
	[PART_CASES] = { "cases.state", CASES_STATE_VERSION, true, (size_t)1 << 30 },
	[PART_RATES] = { "rates.state", ALERTS_RATES_VERSION, true, (size_t)1 << 30 },
	[PART_BEACON] = { "beacon.state", BEACON_STATE_VERSION, true, (size_t)1 << 30 },
};

static void
save(enum part_number part, const struct analyst *a, struct state_out *out)
{
	switch (part) {
	case PART_CENSUS: census_save(analyst_census(a), out); break;
	case PART_HOUSE: behaviour_save(analyst_behaviour(a), out); break;
	case PART_HOSTS: behaviour_save_hosts(analyst_behaviour(a), out); break;
	case PART_CASES: cases_save(analyst_cases(a), out); break;
	case PART_RATES: alerts_save_rates(analyst_alerts(a), out); break;
	case PART_BEACON: beacon_save(analyst_beacon(a), out); break;
	case PARTS: break;
	}
}

static void
load(enum part_number part, struct analyst *a, const struct state_in *in)
{
	switch (part) {
	case PART_CENSUS: census_load(analyst_census(a), in); break;
	case PART_HOUSE: behaviour_load(analyst_behaviour(a), in); break;
	case PART_HOSTS: behaviour_load_hosts(analyst_behaviour(a), in); break;
	case PART_CASES: cases_load(analyst_cases(a), in); break;
	case PART_RATES: alerts_load_rates(analyst_alerts(a), in); break;
	case PART_BEACON: beacon_load(analyst_beacon(a), in); break;
	case PARTS: break;
	}
}

enum { STEP_BYTES = 4 << 20 };

struct memory {
	char folder[PATH_BYTES];
	bool live;
	unsigned part;			/* that is being written; PARTS: none is */
	struct state_out *out;		/* of it; NULL: it is still to be made */
	struct log_limit full;
};

const char *
memory_folder(const struct config *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s/memory", c->state_directory);
	return buf;
}

int
memory_make_folder(const struct config *c, const char *user, struct fault *fault)
{
	char folder[PATH_BYTES];

	return privilege_make_directory(memory_folder(c, folder, sizeof folder), user, fault);
}

struct memory *
memory_new(const char *folder, bool live)
{
	struct memory *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	snprintf(m->folder, sizeof m->folder, "%s", folder);
	m->live = live;
	m->part = PARTS;
	return m;
}

void
memory_free(struct memory *m)
{
	if (m == NULL)
		return;
	state_out_free(m->out);
	free(m);
}

static bool
keeps(const struct memory *m, unsigned part)
{
	return m->folder[0] != '\0' && (m->live || !parts[part].live);
}

static void
path_of(const struct memory *m, unsigned part, char path[PATH_BYTES])
{
	if ((size_t)snprintf(path, PATH_BYTES, "%s/%s", m->folder, parts[part].file) >= PATH_BYTES)
		path[0] = '\0';
}

void
memory_read(const struct memory *m, struct analyst *a)
{
	char path[PATH_BYTES];
	struct state_in *in;
	struct fault fault;
	unsigned i;

	for (i = 0; i < PARTS; i++) {
		if (!keeps(m, i))
			continue;
		path_of(m, i, path);
		if (state_in_open(path, parts[i].version, parts[i].most_bytes, &in, &fault) < 0)
			log_warn("analyst", "%s", fault.text);
		if (in != NULL)
			load(i, a, in);
		state_in_close(in);
	}
}

/* ---- writing ---- */

static int
begin_part(struct memory *m, const struct analyst *a, struct fault *fault)
{
	const struct part *p = &parts[m->part];
	char path[PATH_BYTES];

	path_of(m, m->part, path);
	if ((m->out = state_out_new()) == NULL)
		return fault_set(fault, SE_NOMEM, "%s: no memory for it", path);
	save(m->part, a, m->out);
	return state_out_begin(m->out, path, p->version, fault);
}

/* 1: more of this part is to be written; else it is done, or given up. */
static int
step(struct memory *m, const struct analyst *a, size_t most, bool sync)
{
	struct fault fault;
	int r = m->out == NULL ? begin_part(m, a, &fault) : 0;

	if (r == 0)
		r = state_out_step(m->out, most, sync, &fault);
	if (r < 0)
		log_limited(&m->full, LOG_LEVEL_ERROR, "analyst", "%s", fault.text);
	return r;
}

static void
next_part(struct memory *m)
{
	state_out_free(m->out);
	m->out = NULL;
	do
		m->part++;
	while (m->part < PARTS && !keeps(m, m->part));
}

void
memory_begin(struct memory *m)
{
	if (m->part < PARTS)
		return;
	m->part = 0;
	if (!keeps(m, m->part))
		next_part(m);
}

void
memory_step(struct memory *m, const struct analyst *a)
{
	if (m->part < PARTS && step(m, a, STEP_BYTES, false) <= 0)
		next_part(m);
}

void
memory_write(struct memory *m, const struct analyst *a)
{
	state_out_free(m->out);
	m->out = NULL;
	m->part = PARTS;
	for (memory_begin(m); m->part < PARTS; next_part(m))
		step(m, a, SIZE_MAX, true);
}
