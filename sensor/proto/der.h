/*
 * der.h - elements of ASN.1 (X.690), one layer at a time.
 *
 * Tags of one byte and definite lengths, as DER has them and as BER is used
 * by LDAP; anything else reads false. Nothing here recurses: who reads a
 * layer asks for the next, so depth is what the caller's text says.
 */
#ifndef SENSOR_PROTO_DER_H
#define SENSOR_PROTO_DER_H

#include "base/span.h"

enum {
	DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_OCTETS = 0x04, DER_OBJECT = 0x06, DER_ENUMERATED = 0x0a,
	DER_SEQUENCE = 0x30, DER_SET = 0x31
};

#define DER_APPLICATION(n) (0x60 | (n))	/* constructed */
#define DER_CONTEXT(n) (0xa0 | (n))	/* constructed */

/* Tag and length of what comes, without going on. */
bool der_peek(struct span in, uint8_t *tag, size_t *header_bytes, uint32_t *body_bytes);

/* The next element, whole. */
bool der_next(struct span *in, uint8_t *tag, struct span *body);

/* The same when it has this tag; else false, and nothing is read. */
bool der_take(struct span *in, uint8_t tag, struct span *body);

/* The same when the element's end was cut off: *body is what there is of it. */
bool der_enter(struct span *in, uint8_t tag, struct span *body);

/* Passes over elements until one has this tag, `budget` of them at most, and enters it. */
bool der_find(struct span *in, uint8_t tag, unsigned budget, struct span *body);

/* An INTEGER or ENUMERATED of 0 to 2^32 - 1. */
bool der_number(struct span *in, uint8_t tag, uint32_t *value);

#endif
