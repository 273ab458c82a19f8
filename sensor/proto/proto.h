/*
 * proto.h - bytes in, messages out.
 *
 * A dialogue is the parsing of one flow. Its protocol is told by content, not
 * by port, from the first bytes of either side (proto.c has the table of
 * protocols, one row each). Parsers give up per stream, quietly, with a
 * counter. No I/O, no clock, no globals.
 */
#ifndef SENSOR_PROTO_H
#define SENSOR_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow.h"
#include "message.h"
#include "observation.h"
#include "packet.h"
#include "stream.h"

struct proto_limits {
	uint32_t header_bytes;		/* one HTTP header block, at most */
	uint32_t handshake_bytes;	/* one TLS handshake message, at most */
	uint32_t flow_bytes;		/* what one dialogue may hold in all */
	uint64_t total_bytes;		/* what all may hold, DIALOGUE_COST each; 0: no ceiling */
	uint64_t file_bytes;		/* of one body, hashed and looked at (content.h); 0: none is looked into */
	uint64_t file_total_bytes;	/* what all that look into bodies may hold; 0: no ceiling */
	uint32_t mail_recipients;	/* of one mail, kept by name */
};

struct proto_counts {
	uint64_t messages[MESSAGE_KINDS];
	uint64_t recognised[APP_KINDS];	/* streams, and UDP flows that have a state, a tunnel's content too */
	uint64_t datagrams[APP_KINDS];	/* of stateless protocols */
	uint64_t malformed[APP_KINDS];	/* messages that could not be read, or not to their end */
	uint64_t given_up[APP_KINDS];	/* sides, or datagrams' flows, that were not read to their end */
	uint64_t http_unanswered;	/* requests forgotten before their answer: too many outstanding */
	uint64_t smtp_unanswered;	/* commands forgotten before their answer */
	uint64_t mail_recipients_left_out;	/* counted, but not by name */
	uint64_t mail_files_left_out;	/* attachments of mails with too many, counted but not looked into */
	uint64_t unknown;		/* streams and UDP flows of no known protocol */
	uint64_t over_limit;		/* given up at a limit */
	uint64_t pushed_out;		/* given up because all together held too much */
	uint64_t files_refused;		/* bodies not looked into, or not inside a coding: file_total_bytes */
	uint64_t files_shed;		/* the same because there is too much traffic */
	uint64_t files_too_deep;	/* not looked into: more codings one inside another than CODINGS_MAX */
	uint64_t files_too_large;	/* bodies that went on behind file_bytes: no hash */
	uint64_t held_bytes;		/* now, by all */
};

struct proto;		/* what all dialogues share: limits, counters, where messages go */
struct dialogue;
struct content_tools;	/* proto/content */

struct proto *proto_new(const struct proto_limits *limits, message_fn *emit, void *to);
void proto_free(struct proto *p);
/* From now on no further body is looked into, nor further into one; or they are again. */
void proto_shed_bodies(struct proto *p, bool shed);
bool proto_sheds_bodies(const struct proto *p);
const struct proto_counts *proto_counts(const struct proto *p);

/*
 * A new dialogue for a TCP flow, or NULL without memory. It holds the first
 * bytes of each side (DIALOGUE_HELD_BYTES at most) until a row knows them. A
 * flow that began midway, or lost bytes before it was recognised, is asked
 * again at later pieces, a bounded number of times. At limits.total_bytes the
 * dialogue idle longest is given up: its next piece is refused.
 */
enum { DIALOGUE_HELD_BYTES = 512, DIALOGUE_COST = 1024 };

struct dialogue *dialogue_new(struct proto *p);
void dialogue_free(struct dialogue *d);

/* One piece, either side, any slicing, gaps too. False: this dialogue wants no more of the flow. */
bool dialogue_piece(struct dialogue *d, const struct stream_piece *piece);

/* False: it has had enough, or has given way to others; its next piece is refused. */
bool dialogue_wants(const struct dialogue *d);

/*
 * It is decided that nobody knows this flow; it may still be listened to, for
 * what the other side says first.
 */
bool dialogue_is_unknown(const struct dialogue *d);

/*
 * The asker spoke again after a pause: what is known of a flow that nobody
 * knows is told now, without waiting for the other side.
 */
void dialogue_pause(struct dialogue *d, const struct flow *f, int64_t ts_ns);

/* The flow is over: an answer that lasts until close ends here. */
void dialogue_end(struct dialogue *d, const struct flow *f, int64_t ts_ns);

/*
 * Which protocol, as far as known; APP_UNKNOWN until then, and for good after
 * it was given up without a single message. Inside a tunnel (CONNECT,
 * STARTTLS) it stays what it was outside: that is what the flow speaks to its
 * peer.
 */
enum app dialogue_app(const struct dialogue *d);

/*
 * One UDP datagram. *d belongs to its flow, NULL before the first one: a row
 * that needs a state puts it there, and it is freed and ended like a stream's.
 * Of a flow whose first payload nobody knows that payload is told
 * (MESSAGE_PROTOCOL with APP_UNKNOWN); nothing is kept for it.
 */
void proto_datagram(struct proto *p, struct dialogue **d, const struct flow *f, int from,
    const struct packet *packet);

/* Does this datagram begin another connection, in a flow whose first one was read? Its hello will be told. */
bool proto_begins_anew(const struct dialogue *d, int from, const struct packet *packet);

/* Will a message name the service of the flow that begins with this datagram? */
bool proto_awaits_name(const struct flow *f, int from, const struct packet *packet);

/* ---- what a protocol's row offers (proto/http, proto/tls, ...) ---- */

enum guess { GUESS_NO, GUESS_YES, GUESS_MORE };	/* MORE: too few bytes to say */

struct proto_row {
	enum app app;
	/*
	 * Of the two at most one. `named`: its messages name the service (HTTP, TLS).
	 * `tells`: it emits MESSAGE_PROTOCOL itself, with what a side calls itself.
	 * Without either, the protocol is told once, when it was recognised.
	 */
	bool named, tells;
	bool late;		/* its asker may be the one who was called, behind words of the caller that nobody knows */
	bool prefix;		/* it stands before what the flow speaks and is none of it: `tunnel` tells where that begins */
	/* May a stream that begins like this, sent by `from`, be ours? */
	enum guess (*guess)(struct span first, int from);
	void *(*open)(struct proto *p);		/* NULL without memory */
	bool (*piece)(void *reader, const struct stream_piece *piece);
	void (*end)(void *reader, const struct flow *f, int64_t ts_ns);	/* may be NULL */
	void (*close)(void *reader);
	/*
	 * After `piece` said false: do both sides begin anew there, with another
	 * protocol (CONNECT, STARTTLS)? *rest: how many bytes at that piece's end
	 * are already its own. Bytes of the other side that came before, since
	 * packets lie about order, are lost: who finds the other protocol's bytes
	 * where an answer should be first may leave as well, with those as the
	 * rest. May be NULL. Called once.
	 */
	bool (*tunnel)(const void *reader, size_t *rest);
	/* What all readers of one proto share: made when first asked for, NULL without memory. Both or neither. */
	void *(*share)(void);
	void (*unshare)(void *shared);
};

/* The row of this protocol, or NULL: for tests that try one reader without recognition. */
const struct proto_row *proto_row_of(enum app app);

enum datagram_taken { DATAGRAM_OTHER, DATAGRAM_TAKEN, DATAGRAM_LAST };	/* LAST: taken, and the state is not needed any more */

struct datagram_row {
	enum app app;
	bool named;		/* its messages name the service: `guess` must tell the flow by its first datagram */
	/* May this be ours? NULL: `datagram` finds out. With `open` it is asked while the flow has no state. */
	bool (*guess)(const struct flow *f, int from, const struct packet *packet);
	void *(*open)(struct proto *p);		/* a flow's state, NULL without memory; NULL: none is needed */
	/* OTHER: not this protocol's, nothing was done. `state` is NULL without `open`. */
	enum datagram_taken (*datagram)(struct proto *p, void *state, const struct flow *f, int from,
	    const struct packet *packet);
	/*
	 * A client may use its port for another connection. `mark`, asked when all
	 * is read, tells this one from others, 0: it cannot; it is kept while the flow
	 * lasts. `again`: does this datagram begin another one? Then a new state
	 * is opened, and `resume` gives it the mark. All or none.
	 */
	uint64_t (*mark)(const void *state);
	bool (*again)(uint64_t mark, int from, const struct packet *packet);
	void (*resume)(void *state, uint64_t mark);
	void (*end)(void *state, const struct flow *f, int64_t ts_ns);	/* the flow is over; may be NULL */
	void (*close)(void *state);
	/* As above. */
	void *(*share)(void);
	void (*unshare)(void *shared);
};

/* For readers: what they need of the shared part. */
const struct proto_limits *proto_limits(const struct proto *p);
struct proto_counts *proto_counters(struct proto *p);
uint64_t *proto_held(struct proto *p);	/* for a struct bytes_ceiling */
void proto_emit(struct proto *p, const struct message *m);
struct content_tools *proto_content(struct proto *p);	/* NULL without memory */
void *proto_shared(struct proto *p, const struct proto_row *row);
void *proto_datagram_shared(struct proto *p, const struct datagram_row *row);

/* What a dialogue that was given up goes on to cost until its flow ends; counted in no ceiling of proto_limits. */
size_t dialogue_over_bytes(void);

#endif
