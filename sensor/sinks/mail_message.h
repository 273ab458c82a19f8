/*
 * mail_message.h - a digest of alerts as a mail (RFC 5322, MIME): plain text
 * in UTF-8, in base64, so that no byte of a record can be part of its form.
 *
 * Each incident stands in it once, as it was told last; beyond `most`
 * incidents they are only counted.
 */
#ifndef SENSOR_SINKS_MAIL_MESSAGE_H
#define SENSOR_SINKS_MAIL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sinks/head.h"

struct digest_entry {
	char id[HEAD_ID_MAX];
	unsigned severity;
	char *text;
};

struct digest {
	bool japanese;
	const char *sensor, *from, *to;	/* borrowed; `to`: separated by commas */
	struct digest_entry *entry;
	unsigned count, most;
	unsigned more;			/* records beyond */
	uint64_t sum;			/* over ids and revisions: what the Message-ID is made of */
};

/* One more record. False: no memory. */
bool digest_add(struct digest *d, const char *line, const struct head *head);
void digest_clear(struct digest *d);	/* the entries go, the settings stay */

/* The whole mail with CRLF, malloc'd; `now_sec` is for its Date. NULL without memory. */
char *digest_mail(const struct digest *d, int64_t now_sec);

#endif
