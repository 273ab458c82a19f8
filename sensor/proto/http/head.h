/*
 * head.h - the header block of one HTTP/1.x message as text: where it ends,
 * what it says (RFC 9112 sections 2 to 6). Knows nothing of connections.
 */
#ifndef SENSOR_PROTO_HTTP_HEAD_H
#define SENSOR_PROTO_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "proto/proto.h"

/*
 * Do these bytes begin a message? A start line is judged when it is complete
 * or when HTTP_GUESS_BYTES of it are there.
 */
enum { HTTP_GUESS_BYTES = 256 };

enum guess http_guess(struct span first, int from);

/* Looks for the empty line that ends a block, over any slicing. Begin with all zero. */
struct http_scan {
	bool line_used;		/* the current line has more than CR */
	bool line_begun;
	bool past_first_line;
	bool folded;		/* some line continues the one before (obs-fold) */
};

/* True: the block ends within `in`, *used bytes of it included. Else *used is all of it. */
bool http_scan(struct http_scan *scan, struct span in, size_t *used);

/* Folded lines become one line each: line ends before a blank turn into blanks, but the start line's. */
void http_unfold(uint8_t *block, size_t len);

enum http_field {
	HTTP_HOST, HTTP_USER_AGENT, HTTP_CONTENT_TYPE, HTTP_CONTENT_LENGTH, HTTP_TRANSFER_ENCODING,
	HTTP_REFERRER, HTTP_SERVER, HTTP_CONTENT_ENCODING, HTTP_CONTENT_DISPOSITION, HTTP_CONTENT_RANGE,
	HTTP_AUTHORIZATION, HTTP_PROXY_AUTHORIZATION, HTTP_FORWARDED_FOR, HTTP_VIA, HTTP_UPGRADE, HTTP_FIELDS
};

struct http_head {
	bool answer;
	struct span method, target;		/* a request's */
	uint16_t status;			/* an answer's */
	struct span reason;
	struct span field[HTTP_FIELDS];		/* the first of its name that says something; absent: at == NULL */
};

/* A block without obs-fold. False: its first line is no start line. Odd fields are passed over. */
bool http_head_read(struct span block, struct http_head *out);

/*
 * As nearly all blocks come: `in` begins with a whole one of `most` bytes at most that http_guess() says yes to, and no
 * line of it is folded. It is read and taken off *in. False: *in is as it was, and it takes http_scan() to say more.
 */
bool http_head_take(struct span *in, size_t most, struct http_head *out);

enum http_length { HTTP_LENGTH_NONE, HTTP_LENGTH_COUNTED, HTTP_LENGTH_CHUNKED, HTTP_LENGTH_OPEN, HTTP_LENGTH_BAD };

/* What the header says about the body's length (RFC 9112 section 6.3), status and method left aside. */
enum http_length http_length(const struct http_head *h, uint64_t *bytes);

/* "http://user@host:80/x?y" → "host:80" and "/x?y". False when `target` is no absolute form. */
bool http_absolute(struct span target, struct span *authority, struct span *path);

#endif
