/*
 * ssh.h - SSH (RFC 4253) as far as it is clear: the version lines and the key
 * exchange.
 *
 * MESSAGE_PROTOCOL with the version text of the server, and one MESSAGE_LOGIN when the first side takes its new keys into use, with the
 * client's version text. Who logs in, how, and whether it succeeds is
 * encrypted: its outcome is unknown. The lengths of what follows would tell
 * with some ciphers, not with the usual one, which hides them too.
 */
#ifndef SENSOR_SSH_H
#define SENSOR_SSH_H

#include "proto/proto.h"

extern const struct proto_row ssh_row;

#endif
