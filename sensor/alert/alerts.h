/*
 * alerts.h - the life of an alert: findings in, revisions of incidents out.
 *
 * The first finding of a subject opens an incident; later ones are folded
 * into it and let out as an update, the first `update_sec` of packet time
 * after it, each further one after twice as long, up to `update_most_sec`;
 * after `close_sec` of silence it closes, a case also when it says that
 * it ends. At `max_open` the one idle longest is closed (counted). What opens
 * beyond an hourly limit is held back: it lives on with `held_by` set, and a
 * summary tells of it. No clock but packet time. One thread only.
 */
#ifndef SENSOR_ALERTS_H
#define SENSOR_ALERTS_H

#include <stddef.h>
#include <stdint.h>

#include "alert.h"
#include "base/error.h"
#include "base/language.h"
#include "base/state_file.h"

/* What makes findings of one kind about one host the same incident. */
enum alert_same { SAME_SUBJECT, SAME_MALWARE, SAME_HOST };

struct alert_limits {
	uint32_t max_open;
	uint32_t max_names;		/* addresses whose DNS name is remembered */
	uint32_t max_hosts;		/* addresses of which is remembered whose they are */
	uint32_t update_sec, update_most_sec, close_sec;	/* update_most_sec: not below update_sec counts */
	uint32_t case_close_sec;	/* of FINDING_CASE */
	enum alert_same same;
	bool members_count;		/* against these limits: what a case tells of is not held back else */
	uint32_t host_hourly, rule_hourly;	/* 0: no limit; see rates.h */
	enum language language;
};

struct alert_counts {
	uint64_t findings, opened, updated, closed, evicted, open;	/* closed counts the evicted too */
	uint64_t lost;			/* findings that opened nothing: no memory */
	uint64_t names_evicted, hosts_evicted;
	uint64_t held;			/* incidents opened beyond an hourly limit, and summarised */
	uint64_t rates_evicted;
	uint64_t again;			/* incidents of an analyst that died that go on here */
};

struct geoip;

/* Either path may be NULL. A database that is not there or damaged: SE_ code and one line. */
int geoip_open(const char *asn_path, const char *country_path, struct geoip **out,
    struct fault *fault);
void geoip_close(struct geoip *g);	/* NULL is fine */
void geoip_find(const struct geoip *g, const struct addr *a, struct place *out);

struct alerts;

/* `geoip` is borrowed and may be NULL. */
struct alerts *alerts_new(const struct alert_limits *limits, const struct geoip *geoip,
    alert_fn *emit, void *to);
void alerts_free(struct alerts *a);	/* emits nothing; NULL is fine */

/* An OBSERVE_NAME: from now on this host's peer is called so. */
void alerts_name(struct alerts *a, const struct observation *o);

/* What this host calls its peer; "" when not heard. Valid until the next alerts_name(). */
const char *alerts_name_of(const struct alerts *a, const struct realm *realm, const struct addr *host,
    const struct addr *peer);

/* The same in two steps: what is asked first is at hand when its answer is wanted. */
uint64_t alerts_ask_name(const struct alerts *a, const struct realm *realm, const struct addr *host,
    const struct addr *peer);
const char *alerts_asked_name(const struct alerts *a, uint64_t asked);

/*
 * An OBSERVE_IDENTITY: from now on alerts about its address say whose it is. True: the address was granted to another machine than
 * had it. What is found of it now belongs to no incident of before.
 */
bool alerts_identity(struct alerts *a, const struct observation *o);

/*
 * Incidents are told apart by kind, realm, host and subject. What was due
 * before the finding's time comes out before it; one that is more severe
 * than all before it comes out at once.
 */
void alerts_take(struct alerts *a, const struct finding *f);

/* The id of the incident that this finding belongs to, or would open. What is due before comes out. Returns `id`. */
const char *alerts_id_of(struct alerts *a, const struct finding *f, char id[ALERT_ID_TEXT]);

/* Whose an address is, as far as anybody said. Valid until the next alerts_identity(). */
bool alerts_identity_of(const struct alerts *a, const struct realm *realm, const struct addr *host,
    struct host_identity *out);

/*
 * After an analyst died, before anything else: an incident that was open is
 * open again under its id, goes on when it is found again, and closes in its
 * time; one that was closed never begins again at revision 1. `line`: its
 * latest revision. False: it could not be read, or there is no room.
 */
bool alerts_again(struct alerts *a, const char *line);

/*
 * Likewise, for the hourly limits (rates.h): `line` is a revision of an
 * incident that was opened at `opened_ns`. In the order of opening.
 */
void alerts_opened_before(struct alerts *a, const char *line, int64_t opened_ns);

/* What is known of hours that have begun. */
enum { ALERTS_RATES_VERSION = 1 };
void alerts_save_rates(const struct alerts *a, struct state_out *out);
void alerts_load_rates(struct alerts *a, const struct state_in *in);

/* Updates and closings whose deadline is at or before now_ns, in deadline order. */
void alerts_advance(struct alerts *a, int64_t now_ns);

/* Clean end: close all that is open, in the order of opening; the last revision says what changed. */
void alerts_finish(struct alerts *a, int64_t now_ns);

const struct alert_counts *alerts_counts(const struct alerts *a);

/* The most that each costs of max_open, max_names, max_hosts. */
size_t alerts_incident_bytes(void);
size_t alerts_name_bytes(void);
size_t alerts_host_bytes(void);

#endif
