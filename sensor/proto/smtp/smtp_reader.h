/*
 * smtp_reader.h - one connection, as the parts of the reader see it:
 * smtp_guess.c tells it by content, smtp.c reads what the client says, smtp_answer.c what the server answers,
 * smtp_data.c finds the end of the data, smtp_mail.c keeps the transactions.
 */
#ifndef SENSOR_PROTO_SMTP_READER_H
#define SENSOR_PROTO_SMTP_READER_H

#include "proto/bytes.h"
#include "proto/smtp/mime.h"
#include "proto/smtp/smtp.h"
#include "proto/text/line.h"
#include "proto/text/sasl.h"

enum smtp_step {
	SMTP_NEXT,		/* go on with what is left */
	SMTP_MORE,		/* all is used up */
	SMTP_GIVE_UP,		/* this is not SMTP, or not any more */
	SMTP_TLS		/* what is left belongs to TLS */
};

enum smtp_command {
	SMTP_HELO, SMTP_MAIL, SMTP_RCPT, SMTP_DATA, SMTP_DATA_END, SMTP_BDAT, SMTP_BDAT_LAST, SMTP_RSET,
	SMTP_AUTH, SMTP_STARTTLS, SMTP_OTHER
};

struct smtp;
typedef enum smtp_step smtp_state_fn(struct smtp *s, struct span *in);

/* The end of DATA (RFC 5321 section 4.1.1.4). Begin with all zero but state and first. */
enum smtp_at { SMTP_AT_START, SMTP_AT_DOT, SMTP_AT_DOT_CR, SMTP_AT_TEXT };

struct smtp_data {
	enum smtp_at at;
	bool told;		/* how this mail's lines end is known: */
	bool bare;		/* with LF alone */
	bool after_cr;
};

/* Takes what is data, dots undone. */
typedef void smtp_data_fn(void *to, struct span bytes);

/* True: the data ended within `in`; what is left is behind it. Else all is used up. */
bool smtp_data_read(struct smtp_data *d, struct span *in, smtp_data_fn *take, void *to);

/* A transaction. */
struct smtp_mail {
	struct smtp_mail *next;		/* begun later */
	uint8_t tag;			/* tells the few apart that are here at a time */
	uint32_t number;
	bool sender_known;
	bool ended;			/* the client has said all of it */
	bool aborted;			/* by RSET or a new HELO */
	uint16_t status;
	uint32_t answers_left;		/* to its data; LMTP has one for each recipient */
	struct bytes from, recipients;	/* recipients: smtp_recipient, text; again */
	uint32_t asked, answered, kept, refused;
	uint64_t bytes;
	struct mime *mime;		/* since its data began */
};

struct smtp_expected {
	uint8_t command;		/* enum smtp_command */
	uint8_t tag;			/* of the mail that it is about */
};

struct smtp {
	struct proto *p;
	const struct stream_piece *piece;	/* being read */
	struct bytes_ceiling ceiling;
	int client;			/* which side; -1 until told */
	struct line_reader lines[2];
	bool begun[2], over[2];
	uint32_t odd[2];		/* lines in a row that say nothing */

	/* client */
	smtp_state_fn *state;
	struct smtp_data data;
	uint64_t chunk_left;
	bool chunk_last;
	bool piece_start;		/* nothing of this piece was used yet */
	bool lost_data;			/* bytes of this data are missing */
	bool lmtp;
	struct bytes helo;
	struct sasl sasl;
	bool logging_in;		/* an AUTH was not told yet */
	bool authenticated;
	struct sasl user;		/* of the AUTH that succeeded */

	/* server */
	bool greeted;
	bool in_answer;			/* lines of one answer follow */
	bool tls;
	size_t tls_rest;		/* of the piece: bytes that are TLS's */
	bool told;			/* what the flow speaks */

	/* between them */
	struct bytes expected;		/* struct smtp_expected, the first at expected_first */
	size_t expected_first;
	uint16_t early[SMTP_EARLY_MAX];
	unsigned early_count;
	bool loose;			/* something was lost: commands and answers may be out of step */
	struct smtp_mail *mails;	/* oldest first; the last may be the current */
	struct smtp_mail *current;	/* the one being written */
	uint32_t mails_count, numbers;
};

struct message smtp_message(const struct smtp *s, enum message_kind kind);

/* ---- smtp_guess.c ---- */

enum guess smtp_guess(struct span first, int from);

/* ---- smtp.c ---- */

/* Once: the flow is SMTP, and what the server calls itself. */
void smtp_protocol_tell(struct smtp *s, struct span software);

/* Any other message. */
void smtp_tell(struct smtp *s, const struct message *m);

extern smtp_state_fn smtp_state_command, smtp_state_data_asked, smtp_state_data;

/* An AUTH is over: tell it. */
void smtp_login_tell(struct smtp *s, enum outcome outcome, uint16_t code);

/* ---- smtp_answer.c ---- */

/* A command was read: its answer is expected, or came early. */
void smtp_expect(struct smtp *s, enum smtp_command command);
void smtp_expect_end(struct smtp *s, enum smtp_command command);	/* of data: LMTP has several answers */
bool smtp_expects(const struct smtp *s, enum smtp_command command);
enum smtp_step smtp_read_server(struct smtp *s, struct span *in);

/* Commands or answers were lost. Mails that can have no answer any more are told. */
void smtp_out_of_step(struct smtp *s);

/* ---- smtp_mail.c ---- */
void smtp_mail_begin(struct smtp *s, struct span from);	/* absent: not known */
void smtp_mail_recipient(struct smtp *s, struct span to);
void smtp_mail_answered(struct smtp_mail *m, bool accepted);	/* its next recipient */
void smtp_mail_end(struct smtp *s);		/* the client has said all of the current one */
void smtp_mail_abort(struct smtp *s);
uint8_t smtp_mail_tag(const struct smtp *s);	/* of the latest */
struct smtp_mail *smtp_mail_find(const struct smtp *s, uint8_t tag);

/* Emit it (an aborted one without recipients is not worth it) and forget it. */
void smtp_mail_tell(struct smtp *s, struct smtp_mail *m);
void smtp_mail_drop(struct smtp *s, struct smtp_mail *m);
void smtp_mail_body(struct smtp *s, struct span bytes);
void smtp_mail_gap(struct smtp *s, uint64_t len);

#endif
