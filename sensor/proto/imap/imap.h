/*
 * imap.h - IMAP (RFC 9051, 3501) until somebody has logged in: who it was and
 * whether it went well (LOGIN, AUTHENTICATE; never the password), and TLS
 * behind STARTTLS. Told by content: "* OK" and the like, or a tag and a
 * command that comes before a login. Answers are matched by their tag; of
 * commands that are under way at a time the latest counts.
 */
#ifndef SENSOR_PROTO_IMAP_H
#define SENSOR_PROTO_IMAP_H

#include "proto/proto.h"

extern const struct proto_row imap_row;

#endif
