#include "records/alert_id.h"

#include <stdio.h>

#include "base/hash.h"

/*
 * The time is that of the observation that opens this incident: a beacon
 * that comes back after its incident closed still began when it began, and
 * must not get the old id again.
 */
const char *
alert_id(const struct finding *f, char id[ALERT_ID_TEXT])
{
	struct {
		uint32_t kind, zero;
		struct realm realm;
		struct addr host;
		uint32_t zero2;
		uint64_t subject;
		int64_t opened_ns;
	} named;

	memset(&named, 0, sizeof named);
	named.kind = f->kind;
	named.realm = f->realm;
	named.host = f->host;
	named.subject = hash_bytes(&HASH_FIXED, f->subject, strlen(f->subject));
	named.opened_ns = f->ts_ns;
	snprintf(id, ALERT_ID_TEXT, "%016llx", (unsigned long long)hash_bytes(&HASH_FIXED, &named, sizeof named));
	return id;
}
