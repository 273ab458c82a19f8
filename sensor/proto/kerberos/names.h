/*
 * names.h - names in Kerberos messages (RFC 4120 section 5.2, 5.3).
 */
#ifndef SENSOR_KERBEROS_NAMES_H
#define SENSOR_KERBEROS_NAMES_H

#include "base/span.h"

enum { KERBEROS_TEXT_BYTES = 128 };	/* its NUL included; longer ones are cut */

/* A PrincipalName, its parts joined by "/". `in` is what its context tag holds. */
bool kerberos_principal(struct span in, char to[KERBEROS_TEXT_BYTES]);

/* A KerberosString or a Realm. */
bool kerberos_text(struct span in, char to[KERBEROS_TEXT_BYTES]);

/* For which service of which realm a Ticket is. */
bool kerberos_ticket(struct span in, char realm[KERBEROS_TEXT_BYTES], char service[KERBEROS_TEXT_BYTES]);

/* The Ticket of an AP-REQ. Who asks is encrypted in it. */
bool kerberos_ap_req(struct span in, char realm[KERBEROS_TEXT_BYTES], char service[KERBEROS_TEXT_BYTES]);

#endif
