/*
 * mime.h - one mail's data: what its header says, and its attachments as they
 * pass by (RFC 5322, 2045 to 2049).
 *
 * Bytes in any slicing, and losses. Every part with a file name, called an
 * attachment, or of a type that is neither text nor multipart nor message is
 * an attachment; its content is decoded, recognised and hashed (content.h) and
 * told when it ends. Held are the header field being read (MIME_FIELD_BYTES,
 * further bytes of it are passed over), a line that may be a boundary, and
 * what will be told. Of the first mail within, or header of one, the
 * Message-ID is told. Multiparts nest MIME_DEPTH_MAX deep; what is deeper, or
 * has a longer boundary than MIME_BOUNDARY_BYTES, counts as text. Of one mail
 * MIME_FILES_MAX attachments are looked into; further ones are counted
 * (mail_files_left_out).
 */
#ifndef SENSOR_PROTO_SMTP_MIME_H
#define SENSOR_PROTO_SMTP_MIME_H

#include "proto/bytes.h"
#include "proto/proto.h"
#include "proto/text/charset.h"

enum { MIME_FIELD_BYTES = 8192, MIME_DEPTH_MAX = 8, MIME_BOUNDARY_BYTES = 200, MIME_FILES_MAX = 256,
	MIME_NAMES_BYTES = 1024 };

struct mime;

/* An attachment ended; all it points to dies on return. */
typedef void mime_file_fn(void *to, struct file *f);

/* NULL without memory, or above the ceiling. All calls below take NULL. */
struct mime *mime_open(struct proto *p, struct charsets *charsets, struct bytes_ceiling *ceiling,
    mime_file_fn *tell, void *to);
void mime_close(struct mime *m);

void mime_bytes(struct mime *m, struct span bytes);
void mime_lost(struct mime *m, uint64_t len);
void mime_end(struct mime *m, bool whole);	/* no more bytes; whole: that is the mail's true end */

/* The mail's header and attachments so far. Spans live as long as `m`. */
void mime_fill(const struct mime *m, struct mail *out);

#endif
