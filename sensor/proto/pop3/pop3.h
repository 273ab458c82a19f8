/*
 * pop3.h - POP3 (RFC 1939, 5034, 2595) until somebody has logged in: who it
 * was and whether it went well (USER and PASS, APOP, AUTH; never the
 * password), and TLS behind STLS. Told by content: a greeting that names POP
 * or has a time stamp, answers, commands that only POP3 has.
 */
#ifndef SENSOR_PROTO_POP3_H
#define SENSOR_PROTO_POP3_H

#include "proto/proto.h"

extern const struct proto_row pop3_row;

#endif
