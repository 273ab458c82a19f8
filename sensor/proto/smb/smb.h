/*
 * smb.h - SMB 1 to 3 (MS-CIFS, MS-SMB, MS-SMB2) over TCP, bare or behind a
 * NetBIOS session request (RFC 1002 section 4.3).
 *
 * Out come logins with what the server said (MESSAGE_LOGIN), the names that
 * server and client give themselves (MESSAGE_IDENTITY), and MESSAGE_REMOTE:
 * shares, named pipes, files opened for writing that look like programs or lie
 * on an administrative share, and what is said to the service manager, the
 * task scheduler and others over a pipe (proto/dcerpc). Each is told when its
 * answer is there. Who is the client is told by the messages, not by the side.
 *
 * Of a message its first SMB_KEEP_BYTES are read; of file data nothing is
 * held. What is encrypted (SMB 3) is passed over.
 */
#ifndef SENSOR_SMB_H
#define SENSOR_SMB_H

#include "proto/proto.h"

enum {
	SMB_KEEP_BYTES = 4096,
	SMB_SHARES_MAX = 64, SMB_PIPES_MAX = 64, SMB_WRITES_MAX = 64	/* told of one connection */
};

extern const struct proto_row smb_row;

#endif
