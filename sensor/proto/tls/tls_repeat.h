/*
 * tls_repeat.h - hellos that were described before, by what their description depends on.
 *
 * Programs say the same in each of their hellos, but for random bytes, keys,
 * names and GREASE: texts and hashes of all that is formed once. What is found
 * is what would be formed again. TLS_REPEATS hellos of at most TLS_SAID_BYTES
 * are kept, in as much memory as their texts take; a new one takes the place
 * of one that leads there and did not come again lately, so that clients that
 * never say anything twice (browsers shuffle their extensions) leave the others alone.
 */
#ifndef SENSOR_TLS_REPEAT_H
#define SENSOR_TLS_REPEAT_H

#include <stdbool.h>

#include "message.h"
#include "proto/tls/tls_hello.h"

enum { TLS_REPEATS = 64, TLS_SAID_BYTES = 384, TLS_REPEAT_TEXT_BYTES = 1024 };

/* Equal bytes: the same texts and hashes. `full`: there is more than fits, so nothing is known of it. */
struct tls_said {
	size_t used;
	bool full;
	uint8_t at[TLS_SAID_BYTES];
};

void tls_said_client(struct tls_said *s, char transport, const struct tls_client_hello *h);
void tls_said_server(struct tls_said *s, const struct tls_server_hello *h);

struct tls_repeats;

struct tls_repeats *tls_repeats_new(void);	/* NULL without memory */
void tls_repeats_free(struct tls_repeats *r);	/* NULL is fine */

/* Texts and hashes of *out, which live until the next hello is kept. False: not known. */
bool tls_repeats_client(struct tls_repeats *r, const struct tls_said *said, struct tls_client *out);
bool tls_repeats_server(struct tls_repeats *r, const struct tls_said *said, struct tls_server *out);

/* Keep a copy, if there is room and memory. */
void tls_repeats_keep_client(struct tls_repeats *r, const struct tls_said *said, const struct tls_client *c);
void tls_repeats_keep_server(struct tls_repeats *r, const struct tls_said *said, const struct tls_server *t);

#endif
