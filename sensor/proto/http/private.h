/*
 * private.h - what the parts of the HTTP reader share: http.c has the
 * connection and its messages, chunks.c what frames a body, body.c what is
 * done with its bytes, upload.c the parts of a form.
 */
#ifndef SENSOR_PROTO_HTTP_PRIVATE_H
#define SENSOR_PROTO_HTTP_PRIVATE_H

#include "proto/bytes.h"
#include "proto/http/body.h"
#include "proto/http/head.h"
#include "proto/http/outstanding.h"
#include "proto/proto.h"

enum step {
	STEP_NEXT,		/* go on with what is left */
	STEP_MORE,		/* all is used up */
	STEP_GIVE_UP,		/* this side is not HTTP, or not any more */
	STEP_OVER_LIMIT,
	STEP_DONE,		/* the connection has left HTTP */
	STEP_TUNNEL		/* what is left belongs to a tunnel */
};

struct http;
struct http_side;
typedef enum step http_state_fn(struct http *h, struct http_side *side, struct span *in);

struct http_side {
	http_state_fn *state;	/* NULL: this side is over */
	struct bytes head;	/* a header block that came in parts */
	struct http_scan scan;
	struct http_body body;
	uint64_t left;		/* of the body, or of the chunk */
	uint32_t asked_before;	/* requests seen when an answer until close began */
	uint32_t line_bytes;	/* of the chunk-size line or the trailers */
	uint8_t digits;
	uint8_t strays;		/* how often it was no HTTP */
	uint16_t stray_pieces;	/* since then, that one too; 0: it is HTTP */
	bool begun;		/* it has sent something */
	bool piece_start;	/* nothing of this piece was used yet */
	bool told;		/* the current message begins like one */
	bool unsure;		/* bytes before these are missing */
	bool lost;		/* nobody knows how many messages are missing before the next */
};

struct http {
	struct proto *p;
	struct message like;		/* flow, side and time of the piece being read */
	struct http_side side[2];
	struct bytes_ceiling ceiling;
	struct outstanding outstanding;
	int asker;			/* which side asks; -1 until the first message */
	uint32_t requests;
	uint32_t early;			/* answers that came before their request */
	uint64_t known_login;		/* hash of the last one that succeeded; 0: none */
	bool told_doh;
	bool tunnel;
	size_t tunnel_rest;
};

/* http.c */
http_state_fn http_state_start;
void http_forget_head(struct http *h, struct http_side *side);

/* chunks.c: bodies by length, by chunks, until close (RFC 9112 sections 6 and 7) */
http_state_fn http_state_body, http_state_open_body, http_state_chunk_data, http_state_chunk_end;
void http_begin_chunks(struct http_side *side);

/* auth.c: what the request says about who asks; and whether that was believed, when the answer is here */
void http_read_login(const struct http_head *head, const struct flow *f, struct asked *a, struct http_login *room);
void http_tell_login(struct http *h, const struct asked *a, unsigned status);

#endif
