/*
 * ldap.h - LDAP (RFC 4511) as far as binds go: who, by what means, and
 * whether it went well (never the password); TLS behind StartTLS.
 *
 * Told by content: a message whose operation LDAP has. Of each message the
 * first LDAP_KEEP_BYTES are looked at, the rest is passed over by its length.
 * A bind is matched with its answer by the message's number; of several under
 * way at a time the latest counts. What travels behind a SASL bind may be
 * wrapped in a security layer: that ends the reading.
 */
#ifndef SENSOR_PROTO_LDAP_H
#define SENSOR_PROTO_LDAP_H

#include "proto/proto.h"

enum { LDAP_KEEP_BYTES = 4096 };

extern const struct proto_row ldap_row;

#endif
