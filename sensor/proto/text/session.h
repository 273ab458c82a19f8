/*
 * session.h - what protocols share that speak in lines until somebody has
 * logged in: commands from the client, answers from the server (POP3, FTP,
 * IMAP).
 *
 * A protocol gives two functions, one for each side's lines. Who logs in is
 * told with the outcome; whoever is logged in, the rest is of no interest. A
 * side that goes on saying nothing that the protocol knows is given up.
 */
#ifndef SENSOR_PROTO_TEXT_SESSION_H
#define SENSOR_PROTO_TEXT_SESSION_H

#include "proto/bytes.h"
#include "proto/proto.h"
#include "proto/text/line.h"
#include "proto/text/sasl.h"

enum { SESSION_EXPECTED_MAX = 16, SESSION_TAG_BYTES = 32, SESSION_NOTHING = 0 };

enum session_step {
	SESSION_NEXT,
	SESSION_ODD,		/* this line says nothing */
	SESSION_DONE,		/* all that matters was said */
	SESSION_TLS		/* behind this line TLS begins */
};

struct session;
typedef enum session_step session_line_fn(struct session *s, struct span line);

struct session_protocol {
	enum app app;
	bool server_first;		/* the first answer is a greeting: SESSION_NOTHING expects it */
	bool (*is_answer)(uint8_t first);	/* does a server's line begin so? */
	session_line_fn *client, *server;
};

struct session {
	const struct session_protocol *protocol;
	struct proto *p;
	const struct stream_piece *piece;	/* being read */
	struct bytes_ceiling ceiling;
	int client;			/* which side; -1 until told */
	struct line_reader lines[2];
	bool begun[2], over[2];
	uint32_t odd[2];		/* lines in a row that say nothing */
	bool told;
	bool loose;			/* something was lost: only the latest command is expected to be answered */
	uint8_t expected[SESSION_EXPECTED_MAX];	/* the protocol's own, oldest first */
	unsigned expected_count;
	struct sasl sasl;
	bool logging_in;		/* a login was not told yet */
	bool in_auth;			/* the client's lines are responses of `sasl` */
	bool asked_tls;			/* what the client says next may be TLS */
	uint64_t literal_left;		/* IMAP: bytes of the client that are no lines */
	bool literal_user;		/* of which the user is made */
	bool in_literal;		/* the next line goes on with the command that has it */
	uint8_t tag[SESSION_TAG_BYTES];	/* IMAP: of the command whose answer matters */
	uint8_t tag_bytes, tag_command;
	bool tls;
	size_t tls_rest;
};

void *session_open(struct proto *p, const struct session_protocol *protocol);
bool session_piece(void *session, const struct stream_piece *piece);
void session_end(void *session, const struct flow *f, int64_t ts_ns);
void session_close(void *session);
bool session_tunnel(const void *session, size_t *rest);

/* ---- for protocols ---- */

/* Once: what is spoken. `software` may be absent. */
void session_protocol_tell(struct session *s, struct span software);

void session_login_begin(struct session *s);	/* one that was not told yet ends unknown */
void session_login_tell(struct session *s, enum outcome outcome, uint32_t code);

/* A command whose answer matters, or not. At SESSION_EXPECTED_MAX the oldest is forgotten. */
void session_expect(struct session *s, uint8_t command);
bool session_expects(const struct session *s);
uint8_t session_answered(struct session *s);	/* the oldest command; SESSION_NOTHING */

#endif
