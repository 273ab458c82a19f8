/*
 * outstanding.h - requests whose answer has not come yet, oldest first.
 *
 * Copies what an answer will want to know. HTTP_OUTSTANDING_MAX requests, and
 * bytes within the connection's ceiling: when there is no room the oldest are
 * forgotten; a request that does not fit alone is kept without its texts.
 */
#ifndef SENSOR_PROTO_HTTP_OUTSTANDING_H
#define SENSOR_PROTO_HTTP_OUTSTANDING_H

#include "message.h"
#include "proto/bytes.h"

struct outstanding {
	struct bytes texts;	/* records, from `begin` */
	size_t begin;
	unsigned count;
};

/* Returns how many older ones were forgotten. */
unsigned outstanding_push(struct outstanding *o, struct bytes_ceiling *c, const struct http_request *r);

/* The oldest: number, method, host, path, user_agent, connect. Spans live until the next call. */
bool outstanding_first(const struct outstanding *o, struct http_request *out);

void outstanding_drop(struct outstanding *o, struct bytes_ceiling *c, unsigned count);
void outstanding_clear(struct outstanding *o, struct bytes_ceiling *c);

#endif
