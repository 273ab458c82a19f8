/*
 * upload.h - the files in a form that is sent (multipart/form-data, RFC 7578).
 *
 * Parts with a file name are looked into (proto/content), UPLOAD_PARTS_MAX at
 * most; the others are passed over. A part whose header is longer than
 * UPLOAD_HEAD_BYTES is passed over too. One allocation, UPLOAD_COST.
 */
#ifndef SENSOR_PROTO_HTTP_UPLOAD_H
#define SENSOR_PROTO_HTTP_UPLOAD_H

#include <stdbool.h>

#include "base/span.h"
#include "message.h"
#include "proto/proto.h"

enum { UPLOAD_PARTS_MAX = 32, UPLOAD_HEAD_BYTES = 1024, UPLOAD_COST = 2048 };

struct upload;

/* NULL: not such a form, its boundary is none (RFC 2046 section 5.1.1), or no memory. */
struct upload *upload_open(struct proto *p, struct span content_type);
void upload_close(struct upload *u);	/* NULL is fine */

/* Takes bytes up to a part's end: ask upload_file() after each call. */
void upload_bytes(struct upload *u, struct span *in);
void upload_lost(struct upload *u, uint64_t bytes);
void upload_end(struct upload *u);	/* the body is over: a part that is still open is not whole */

/* A part has ended: its name, declared type and content; spans live until the next bytes. */
bool upload_file(struct upload *u, struct file *out);

#endif
