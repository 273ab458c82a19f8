/*
 * mail_ids.h - which mails (Message-IDs) were given to a mail server here, by
 * whom, and which left the house.
 *
 * 65,536 places in buckets of four; of those that want one bucket the oldest
 * gives way. Ids of two mails are taken for one by a chance of one in 2^44
 * for each that is asked for. No realm: an id is one mail's in the whole world.
 */
#ifndef SENSOR_BEHAVIOUR_MAIL_IDS_H
#define SENSOR_BEHAVIOUR_MAIL_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"

enum {	/* mail_id.how */
	MAIL_ID_LEFT = 1,		/* it was seen to leave the house */
	MAIL_ID_FROM_INSIDE = 2,	/* a host here gave it to a server */
	MAIL_ID_FROM_OUTSIDE = 4,	/* a user who logged in from outside did */
	MAIL_ID_FROM_SUSPECT = 8	/* and that host or user is one of whom something was told */
};

struct mail_id {
	uint32_t tag;			/* 0: unused */
	uint32_t how;
	int64_t at_ns;
	struct addr giver;		/* FROM_: who gave it */
};

struct mail_ids;
struct state_in;
struct state_out;

size_t mail_ids_bytes(void);
struct mail_ids *mail_ids_new(void);		/* NULL: no memory */
void mail_ids_free(struct mail_ids *m);		/* NULL is fine */

/* When the latest id was noted; 0: never. Where mail is encrypted none ever is. */
int64_t mail_ids_latest(const struct mail_ids *m);

/* NULL: not known. With `make` it has a place afterwards. An empty id is no id: NULL. */
struct mail_id *mail_ids_find(struct mail_ids *m, struct span id, bool make, int64_t now_ns);

void mail_ids_save(const struct mail_ids *m, struct state_out *out);
void mail_ids_load(struct mail_ids *m, const struct state_in *in);

#endif
