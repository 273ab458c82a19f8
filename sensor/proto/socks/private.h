/*
 * private.h - what the parts of SOCKS share: socks.c has the course of the
 * talk, socks_read.c the messages.
 */
#ifndef SENSOR_SOCKS_PRIVATE_H
#define SENSOR_SOCKS_PRIVATE_H

#include "proto/bytes.h"
#include "proto/socks/socks.h"

enum {
	SOCKS_TEXT_MAX = 255,		/* user, password, name */
	SOCKS_MESSAGE_MAX = 8 + 2 * (SOCKS_TEXT_MAX + 1),	/* the longest: 4a with user and name */
	SOCKS_HOST_BYTES = SOCKS_TEXT_MAX + sizeof "[]:65535"
};

enum socks_method { SOCKS_METHOD_NONE = 0, SOCKS_METHOD_GSSAPI = 1, SOCKS_METHOD_PASSWORD = 2, SOCKS_METHOD_REFUSED = 0xff };

/* What a request asks for, and an answer grants. */
struct socks_asked {
	uint8_t version, command;	/* command: an answer's code */
	uint16_t host_bytes;
	char host[SOCKS_HOST_BYTES];	/* with its port, IPv6 in brackets */
};

/*
 * Each: GUESS_MORE, bytes are missing; GUESS_NO, it is no such message; GUESS_YES:
 * it is, and *in begins behind it.
 */
enum guess socks_read_greeting(struct span *in, struct span *methods);
enum guess socks_read_password(struct span *in, struct span *user);
enum guess socks_read_request(struct span *in, struct socks_asked *out);
enum guess socks_read_request4(struct span *in, struct socks_asked *out, struct span *user);
enum guess socks_read_pair(struct span *in, uint8_t version, uint8_t *value);	/* method chosen, login answered */
enum guess socks_read_answer(struct span *in, struct socks_asked *out);
enum guess socks_read_answer4(struct span *in, struct socks_asked *out);

#endif
