/*
 * mime_header.h - fields of a header: what an entity is (type, encoding,
 * name), and what the mail's own header says besides.
 */
#ifndef SENSOR_PROTO_SMTP_MIME_HEADER_H
#define SENSOR_PROTO_SMTP_MIME_HEADER_H

#include "message.h"
#include "proto/smtp/mime.h"
#include "proto/text/coding.h"
#include "proto/text/words.h"

enum { MIME_TYPE_BYTES = 128 };

/* HEADERS: of another mail, without its body (RFC 6522 section 3) */
enum mime_kind { MIME_TEXT, MIME_MULTIPART, MIME_MESSAGE, MIME_HEADERS, MIME_ATTACHMENT };

struct mime_header {
	struct charsets *charsets;
	enum coding_kind coding;
	bool typed, encoded;		/* the first of such a field counts */
	bool disposed;			/* Content-Disposition: attachment */
	uint8_t type_bytes;
	uint8_t type[MIME_TYPE_BYTES];
	struct words_text name;		/* of Content-Disposition, else of Content-Type */
	struct words_text boundary;
};

/* The mail's own header, and what its attachments are called. */
struct mime_top {
	bool references, report, list;
	struct words_text from_name, from, subject, message_id, original_id;
	uint32_t attachments;
	uint16_t names_bytes;
	uint8_t names[MIME_NAMES_BYTES];
};

/* Room for texts is left as it was. */
void mime_header_begin(struct mime_header *h, struct charsets *charsets);
void mime_top_begin(struct mime_top *t);

/* One field as it came, with its name. */
void mime_header_field(struct mime_header *h, struct span field);
void mime_top_field(struct mime_top *t, struct charsets *charsets, struct span field);
/* A field of a mail within it. */
void mime_top_original(struct mime_top *t, struct charsets *charsets, struct span field);

enum mime_kind mime_header_kind(const struct mime_header *h);
struct span mime_header_type(const struct mime_header *h);	/* absent when it is not declared */

void mime_top_attachment(struct mime_top *t, const struct mime_header *h);
void mime_top_report(struct mime_top *t, const struct mime_header *h);
void mime_top_fill(const struct mime_top *t, struct mail *out);

#endif
