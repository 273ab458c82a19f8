/*
 * smtp.h - SMTP, submission and LMTP (RFC 5321, 6409, 2033) from one
 * connection: who writes to whom, with what header and attachments.
 *
 * Told by content on any port: a greeting that names SMTP, EHLO, HELO, LHLO;
 * joined in the middle also MAIL FROM, RCPT TO, 354, answers with extended
 * codes. One MESSAGE_MAIL for each transaction, when its data was answered,
 * when it was refused, or at the session's end; MESSAGE_FILE for each
 * attachment when it ends; MESSAGE_LOGIN for each AUTH. Answers are matched
 * with commands in order (pipelining: SMTP_EXPECTED_MAX at most); an answer
 * that comes before its command waits for it (SMTP_EARLY_MAX). After a loss
 * each answer is held to be that of the latest command, until client and
 * server are in step again; a loss inside data is counted off. Data of mails
 * that wait for their answer: SMTP_WAITING_MAX mails, then the oldest is told
 * without it. Behind a granted STARTTLS the rest is handed back as a tunnel.
 * What finds no room within limits.flow_bytes is left out of the mail.
 */
#ifndef SENSOR_PROTO_SMTP_H
#define SENSOR_PROTO_SMTP_H

#include "proto/proto.h"

enum { SMTP_EXPECTED_MAX = 1024, SMTP_EARLY_MAX = 16, SMTP_WAITING_MAX = 4 };

extern const struct proto_row smtp_row;

#endif
