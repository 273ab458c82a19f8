/*
 * rdp.h - the begin of a Remote Desktop connection (MS-RDPBCGR 1.3.1.1): the
 * connection request with the user's name in its cookie, the answer, and
 * without TLS the client's machine name (2.2.1.3).
 *
 * One MESSAGE_LOGIN: with failure and its code when the server refuses the
 * protocols that were offered (2.2.1.2.2), else unknown: whether the user got
 * in is encrypted, also without TLS; a licence is given before anybody has
 * logged in. TLS behind the answer is a tunnel: its certificate names the host.
 */
#ifndef SENSOR_RDP_H
#define SENSOR_RDP_H

#include "proto/proto.h"

enum { RDP_KEEP_BYTES = 2048 };	/* read of one message */

extern const struct proto_row rdp_row;

#endif
