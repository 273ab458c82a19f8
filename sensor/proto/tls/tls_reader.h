/*
 * tls_reader.h - the reader of one dialogue, between its two files: tls_record.c
 * takes records apart, tls_message.c puts handshake messages together.
 *
 * Each side is in a state, and a state is a function on what has come.
 */
#ifndef SENSOR_TLS_READER_H
#define SENSOR_TLS_READER_H

#include "proto/bytes.h"
#include "proto/proto.h"
#include "proto/tls/tls_scratch.h"

enum { TLS_RECORD_HEADER_BYTES = 5, TLS_MESSAGE_HEADER_BYTES = 4, TLS_V2_HEADER_BYTES = 11 };
enum {	/* record types (RFC 8446, 5.1; RFC 6520) */
	TLS_RECORD_CHANGE_CIPHER = 20, TLS_RECORD_ALERT, TLS_RECORD_HANDSHAKE, TLS_RECORD_DATA,
	TLS_RECORD_HEARTBEAT
};
enum { TLS_CLIENT_HELLO = 1, TLS_SERVER_HELLO = 2 };	/* handshake types (RFC 8446, 4) */

enum {
	TLS_CLIENT_HELLOS_MAX = 2,	/* a HelloRetryRequest happens once (RFC 8446, 4.1.4) */
	TLS_PATIENCE_BYTES = 65536	/* read of the other side when one is over */
};

/* NEXT: go on, the state may be another one now. MORE: all input is used up. */
enum tls_step { TLS_NEXT, TLS_MORE, TLS_GIVE_UP };

struct tls_reader;
struct tls_side;
typedef enum tls_step tls_state_fn(struct tls_side *side, struct span *in);

struct tls_side {
	struct tls_reader *reader;
	tls_state_fn *state;
	uint8_t head[TLS_V2_HEADER_BYTES];	/* of a record, an alert or an SSLv2 hello */
	uint8_t head_have;
	uint8_t message_head[TLS_MESSAGE_HEADER_BYTES];
	uint8_t message_have;
	uint8_t client_hellos;		/* that it sent: such a side is the client */
	bool server;			/* sent a ServerHello */
	bool encrypted;			/* its records are skipped; only a second ClientHello counts */
	bool over;			/* nothing more is read of it */
	uint32_t record_left;
	uint32_t message_left;		/* of a message that nobody needs */
	struct bytes held;		/* the begin of a message that came in parts */
};

struct tls_reader {
	struct proto *proto;
	struct tls_side side[2];
	const struct stream_piece *piece;	/* being read now */
	struct tls_scratch scratch;
	uint64_t patience_bytes;	/* so much more is read before the whole is left */
	struct bytes_ceiling ceiling;	/* over both `held` and `sni` */
	struct bytes sni;		/* of the last ClientHello */
	bool has_sni;
	bool offers_hiding;		/* the ClientHello knows TLS 1.3 */
	bool retry, final;		/* a HelloRetryRequest, a real ServerHello was seen */
};

/* The state that a side begins in: a record, or a ClientHello in SSLv2 form. */
tls_state_fn tls_read_start;

/* May these bytes begin a record, an SSLv2 hello? The latter fills *version and *left, what follows them. */
bool tls_record_plausible(const uint8_t head[TLS_RECORD_HEADER_BYTES]);
bool tls_v2_hello_read(const uint8_t head[TLS_V2_HEADER_BYTES], uint16_t *version, uint32_t *left);

/* One handshake message out of a record's bytes, or the part of it that is in them. */
enum tls_step tls_read_message(struct tls_side *side, struct span *in);

/* Nothing more is read of this side, and the other one has only some bytes left to say its own. */
void tls_end_side(struct tls_side *side);

/* Fills flow, side and time from the piece, sends the message on and frees its texts. */
void tls_emit(struct tls_side *side, struct message *m);

static inline size_t
tls_smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

#endif
