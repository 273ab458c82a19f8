/*
 * http.h - HTTP/1.x requests and answers (RFC 9112), read from one connection.
 *
 * Told by content on any port, from either side: a side whose first message is
 * a status line answers, the other asks. A message is emitted when its header
 * is complete; bodies are counted off, never kept. A gap inside a body is
 * counted off too; one inside a header costs that message, and the side goes
 * on at the next piece that begins like a message. Answers are matched with
 * requests in order, HTTP_OUTSTANDING_MAX at most (then the oldest is
 * forgotten, counted as http_unanswered); a small gap counts as one lost
 * message, behind a large one the latest request is taken. A header block above
 * limits.header_bytes, or more than limits.flow_bytes held, ends the side
 * (counted as over_limit).
 * After 101 the connection is done; after CONNECT the tunnel is handed back.
 * HTTP/0.9, HTTP/2 and look-alikes (RTSP, SIP) are not read.
 */
#ifndef SENSOR_PROTO_HTTP_H
#define SENSOR_PROTO_HTTP_H

#include "proto/proto.h"

enum { HTTP_OUTSTANDING_MAX = 64 };

extern const struct proto_row http_row;

/* HTTP/2 in the clear is recognised by its preface and not decoded. */
extern const struct proto_row http2_row;

#endif
