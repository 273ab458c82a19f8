/*
 * policy.h - what an indicator match, or trouble of the sensor, means.
 *
 * Turns such observations into findings: severity by what the indicator is
 * of and how specific it is, and one sentence that says which feed, entry and
 * line it rests on. No state.
 */
#ifndef SENSOR_ALERT_POLICY_H
#define SENSOR_ALERT_POLICY_H

#include "alert/ageing.h"
#include "base/language.h"
#include "finding.h"
#include "observation.h"

struct policy_options {
	struct ageing ageing;
	bool expired;		/* tell also of what has expired, as low */
	enum language language;
};

/*
 * One finding for an OBSERVE_MATCH; none for any other observation. What is
 * fading is one step less severe. False: the indicator has expired and nothing
 * was told. `options`: NULL for the defaults.
 */
bool policy_match(const struct policy_options *options, const struct observation *match,
    finding_fn *emit, void *to);

/*
 * One finding for an OBSERVE_EVASION: medium when the host that we watch over
 * sent both copies, low when its peer did.
 */
void policy_evasion(const struct policy_options *options, const struct observation *seen, finding_fn *emit, void *to);

/* One finding about the sensor itself; `subject` makes it one incident, `over` ends it. */
void policy_trouble(const char *subject, const char *words, int64_t ts_ns, bool over, finding_fn *emit, void *to);

/* One finding for an OBSERVE_SENSOR: its note is both. */
void policy_sensor(const struct observation *note, finding_fn *emit, void *to);

/*
 * C2: an address, address and port, name, URL or certificate is high; a
 * network medium (others live there too); JA3 and JA4 medium (harmless
 * programs share them). Infected: medium. Download: high for a URL, else
 * medium. Suspicious: low. A feed that trusts its own entry less than half
 * (confidence 1 to 49; 0 is silence) lowers it by one.
 */
enum severity policy_severity(enum indicator_role role, enum indicator_type type, uint8_t confidence);

#endif
