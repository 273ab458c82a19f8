/*
 * porter.h - answers who asks how the sensor is: HTTP at metrics.listen and at
 * a Unix socket in the state directory.
 *
 *     /metrics   Prometheus text       /healthz  200 while the supervisor works
 *     /status    JSON, socket only     /readyz   200 when every process works, else 503 and why
 *
 * A process of its own, since it reads bytes from outside: it sees the board,
 * holds no secret and no packet, opens no file. The supervisor opens its doors.
 */
#ifndef SENSOR_ENGINE_PORTER_H
#define SENSOR_ENGINE_PORTER_H

#include "engine/house.h"

/* "STATE/status.sock" → buf. */
const char *porter_socket_path(const struct config *c, char *buf, size_t size);

/* Is metrics.listen an address, or nothing? SE_USAGE. */
int porter_check(const struct config *c, struct fault *fault);

/*
 * While it is root, so that the port may be a low one; `user` becomes the
 * socket's owner. A door that cannot be opened is said and stays shut;
 * SE_USAGE for an address that is none, SE_PEER when another sensor has this state directory.
 */
int porter_open(struct house *h, const char *user, struct fault *fault);
void porter_close(struct house *h);		/* in the supervisor, at its end */

/* Is there any door? */
bool porter_wanted(const struct house *h);

/* Its whole life, in the child; it ends by a signal. */
int porter_main(struct house *h, pid_t parent);

#endif
