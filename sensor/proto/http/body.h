/*
 * body.h - what passes by as the body of one message: MESSAGE_FILE when it ends.
 *
 * Nothing is done when files are off (limits.file_bytes is 0). Texts of the
 * request live within the connection's ceiling; without room they are absent.
 */
#ifndef SENSOR_PROTO_HTTP_BODY_H
#define SENSOR_PROTO_HTTP_BODY_H

#include "proto/bytes.h"
#include "proto/content/content.h"
#include "proto/http/head.h"

struct http;
struct upload;

enum body_text { BODY_DECLARED, BODY_NAME, BODY_HOST, BODY_PATH, BODY_AGENT, BODY_TEXTS };

struct http_body {
	struct content *content;	/* NULL: not looked into */
	struct upload *upload;		/* multipart/form-data: its parts are */
	struct bytes texts;
	uint32_t len[BODY_TEXTS];
	bool absent[BODY_TEXTS];
	bool partial;			/* 206: a range of something larger */
};

/* `of`: the request it belongs to; `expected`: bytes announced, 0: not known. */
void http_body_begin(struct http *h, struct http_body *b, const struct http_head *head,
    const struct http_request *of, uint64_t expected);
void http_body_bytes(struct http *h, struct http_body *b, struct span bytes);
void http_body_lost(struct http *h, struct http_body *b, uint64_t bytes);
void http_body_end(struct http *h, struct http_body *b, bool whole);
void http_body_clear(struct http *h, struct http_body *b);	/* nothing is told */

static inline bool
http_body_is_open(const struct http_body *b)
{
	return b->content != NULL || b->upload != NULL;
}

#endif
