/*
 * ftp.h - FTP's control connection (RFC 959, 4217) until somebody has logged
 * in: who it was and whether it went well (never the password), and TLS
 * behind AUTH. Told by content: a greeting that names FTP, answers to USER
 * and to commands that only FTP has, those commands.
 */
#ifndef SENSOR_PROTO_FTP_H
#define SENSOR_PROTO_FTP_H

#include "proto/proto.h"

extern const struct proto_row ftp_row;

#endif
