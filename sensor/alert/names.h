/*
 * names.h - what alerts are called by programs: signature, category, ATT&CK technique.
 *
 * Signature numbers are part of the output's contract: rows may be added,
 * never renumbered. docs/alerts.md lists them.
 */
#ifndef SENSOR_ALERT_NAMES_H
#define SENSOR_ALERT_NAMES_H

#include <stddef.h>

#include "finding.h"
#include "observation.h"

enum { SIGNATURE_BASE = 9000000 };

struct alert_names {
	unsigned signature_id;
	const char *category;		/* of Suricata's classification.config */
	const char *technique;		/* ATT&CK; "" when the finding does not tell */
};

struct alert_names names_of(const struct finding *f);

const char *names_severity(enum severity s);	/* "critical" ... "low" */
const char *names_kind(enum finding_kind k);	/* "indicator", "beacon", ... */
const char *names_sign(enum beacon_sign_kind k);	/* "timing", "hosts", ... */
const char *names_app(enum app a);		/* "http", "tls", "dns", "failed" as EVE has it */

#endif
