/*
 * quic_frames.h - the CRYPTO frames of an opened Initial packet (RFC 9000, 17.2.2 and 19).
 */
#ifndef SENSOR_QUIC_FRAMES_H
#define SENSOR_QUIC_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* The next CRYPTO frame, others skipped. False: the end, or a frame that no Initial packet has. */
bool quic_next_crypto(struct span *frames, uint64_t *offset, struct span *bytes);

#endif
