/*
 * posts.h - the workers' places at a live interface, and who fills them.
 *
 * A post outlives its workers: it keeps a duplicate of the packet socket, so
 * that its share of the traffic stays together until the next worker's socket
 * has joined. A dead worker is replaced at once, then with pauses that double
 * up to 5 s; the blind time is told as an alert about the sensor. One that
 * hangs is ended.
 */
#ifndef SENSOR_ENGINE_POSTS_H
#define SENSOR_ENGINE_POSTS_H

#include "engine/house.h"

struct posts;

/* Open the interface once a worker, and the recordings (NULL: none). `house` is borrowed. */
int posts_open(struct house *house, const struct config *config, const char *record,
    struct posts **out, struct fault *fault);
/* In the supervisor, when nobody works any more. NULL is fine. */
void posts_close(struct posts *p);

int posts_start(struct posts *p);

/* In a child: let go of all posts but its own; none of them is WORKERS_MAX's. */
void posts_shed(struct posts *p, unsigned worker);

/* Worker `i` has ended, and not because it was asked to. */
void posts_worker_ended(struct posts *p, unsigned i, int status);

/* Look after the empty posts; call it often. */
void posts_tend(struct posts *p);

/* Asked to stop: nobody will work at an empty post any more. */
void posts_end_empty(struct posts *p);

/* Kill all workers and fill the posts anew: their rings are empty again. */
void posts_restart(struct posts *p);

/* New indicators for all workers; `image` is taken. */
void posts_take_image(struct posts *p, int image);

#endif
