/*
 * outstanding.h - requests whose answer has not come yet, oldest first.
 *
 * Copies what an answer will want to know. HTTP_OUTSTANDING_MAX requests, and
 * bytes within the connection's ceiling: when there is no room the oldest are
 * forgotten, but still counted, so that the answers behind theirs find their
 * requests. A request that does not fit alone is kept without its texts.
 * One with number 0 stands for a request that was not seen.
 */
#ifndef SENSOR_PROTO_HTTP_OUTSTANDING_H
#define SENSOR_PROTO_HTTP_OUTSTANDING_H

#include "message.h"
#include "proto/bytes.h"
#include "proto/ntlm/ntlm.h"

/* A request, and who asks as far as it says. */
struct asked {
	struct http_request request;
	bool login, winrm;
	uint8_t method;			/* enum login_method */
	struct span user, domain, workstation;
};

/* Room for what an Authorization field says. */
struct http_login {
	uint8_t bytes[2048];
	struct ntlm ntlm;
};

struct outstanding {
	struct bytes texts;	/* records, from `begin` */
	size_t begin;
	unsigned count;
	uint32_t forgotten;	/* older than all that are kept */
};

/* Returns how many older ones were forgotten. */
unsigned outstanding_push(struct outstanding *o, struct bytes_ceiling *c, const struct asked *a);

unsigned outstanding_count(const struct outstanding *o);	/* forgotten ones included */

/*
 * The oldest: number, method, host, path, user_agent, connect and who asks (a
 * forgotten one: nothing). Spans live until the next call. False: there is none.
 */
bool outstanding_first(const struct outstanding *o, struct asked *out);

void outstanding_drop(struct outstanding *o, struct bytes_ceiling *c, unsigned count);
void outstanding_clear(struct outstanding *o, struct bytes_ceiling *c);

#endif
