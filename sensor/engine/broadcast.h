/*
 * broadcast.h - frames that can be read once only (pipes, compressed files),
 * handed by one reader process to all workers.
 *
 * One ring for each worker: every one gets every frame, so that clocks and
 * fragments are the same everywhere. The reader waits for the slowest.
 */
#ifndef SENSOR_ENGINE_BROADCAST_H
#define SENSOR_ENGINE_BROADCAST_H

#include "capture/capture.h"
#include "engine/board.h"
#include "frame.h"

struct broadcast;

struct broadcast *broadcast_new(unsigned readers, size_t ring_bytes);	/* NULL: no memory */
void broadcast_free(struct broadcast *b);		/* NULL is fine */

/* In the process of reader `n`: the others' rings are none of its business. NULL is fine. */
void broadcast_keep(struct broadcast *b, unsigned n);

/* All readers and the writer are dead: begin again. */
void broadcast_reset(struct broadcast *b);

/* The writer's whole life: open, sandbox, read to the end. Returns its exit status. */
int broadcast_write(struct broadcast *b, struct board *board, const struct capture_file *files,
    unsigned files_count);

/* The next frame for reader `n`; dies at the next call. CAPTURE_IDLE after at most 50 ms without one. */
enum capture_result broadcast_next(struct broadcast *b, unsigned n, struct frame *out);

#endif
