/*
 * sasl.h - who logs in, from the client's half of a SASL exchange in base64
 * (RFC 4422) as SMTP, IMAP and POP3 carry it. Passwords are never kept.
 */
#ifndef SENSOR_PROTO_TEXT_SASL_H
#define SENSOR_PROTO_TEXT_SASL_H

#include <stdbool.h>

#include "base/span.h"
#include "message.h"

enum { SASL_USER_BYTES = 256, SASL_NAME_BYTES = 64 };

struct sasl_mechanism;

struct sasl {
	const struct sasl_mechanism *mechanism;
	unsigned responses;		/* read so far */
	bool known;			/* `user` was found */
	uint16_t user_bytes;
	uint8_t user[SASL_USER_BYTES];
	char domain[SASL_NAME_BYTES], workstation[SASL_NAME_BYTES];	/* NTLM; "": not said, longer ones are cut */
};

void sasl_begin(struct sasl *s, struct span mechanism);

/* One response of the client as it stands on the line ("=" is an empty one, "*" cancels). */
void sasl_response(struct sasl *s, struct span base64);

/* Does the mechanism, as far as it is known, end with the responses read so far? */
bool sasl_complete(const struct sasl *s);

enum login_method sasl_method(const struct sasl *s);

/* Absent when it is not known. */
struct span sasl_user(const struct sasl *s);

/* Who tries to log in, and how; what it points to is in `s`. */
void sasl_describe(const struct sasl *s, struct login *login);

/* A user told without SASL (USER, LOGIN). Longer ones are cut. */
void sasl_set_user(struct sasl *s, struct span user);

#endif
