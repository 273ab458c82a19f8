/*
 * kerberos.h - Kerberos 5 (RFC 4120) between client and KDC, over UDP and TCP.
 *
 * Each answer is a MESSAGE_LOGIN: a first ticket (AS) without a service, a
 * ticket for a service (TGS) with it; errors with their code, but those that
 * only ask to come again (preauthentication, TCP). A first ticket tells also
 * whose the address is (MESSAGE_IDENTITY): a name that ends in $ is a machine.
 */
#ifndef SENSOR_KERBEROS_H
#define SENSOR_KERBEROS_H

#include "proto/proto.h"

enum { KERBEROS_KEEP_BYTES = 16384 };	/* read of one message over TCP: a request for a ticket carries another one */

extern const struct proto_row kerberos_row;
extern const struct datagram_row kerberos_datagram_row;

#endif
