/*
 * name.h - names as DNS has them: labels of RFC 1035 length out of letters,
 * digits, "-" and "_", the last one no number.
 */
#ifndef SENSOR_INDICATORS_NAME_H
#define SENSOR_INDICATORS_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum { NAME_BYTES = 253, NAME_ROOM = NAME_BYTES + 8 };

/* The name in lower case into `to`, without a NUL; false when it is none. `to` has NAME_BYTES. */
bool name_copy(struct span s, char *to);

/*
 * A name in its own script → as DNS has it (IDNA2008, RFC 5891, through UTS
 * 46, as browsers do) in `buf`. A name in ASCII stays as and where it is.
 */
bool name_to_ascii(struct span *s, char buf[NAME_ROOM]);

#endif
