/*
 * coding.h - content transfer encodings, decoded in a stream (RFC 2045
 * section 6): bytes in any slicing give the same bytes out.
 *
 * What is no base64 is passed over, what is no quoted-printable stands for
 * itself, as mail programs do.
 */
#ifndef SENSOR_PROTO_TEXT_CODING_H
#define SENSOR_PROTO_TEXT_CODING_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum coding_kind { CODING_NONE, CODING_BASE64, CODING_QUOTED };

/* Begin with all zero but `kind`. */
struct coding {
	enum coding_kind kind;
	uint32_t bits;			/* base64: of the group being read */
	uint8_t count;			/* base64: characters of it; quoted: of held */
	uint8_t held[3];		/* quoted: "=", and what stands behind it */
};

/* Decode as much of `in` as finds room; `room` at least 4. Returns how many bytes were written. */
size_t coding_decode(struct coding *c, struct span *in, uint8_t *to, size_t room);

#endif
