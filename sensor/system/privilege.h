/*
 * privilege.h - from root to what the supervisor needs: CAP_NET_RAW alone.
 */
#ifndef SENSOR_SYSTEM_PRIVILEGE_H
#define SENSOR_SYSTEM_PRIVILEGE_H

#include "base/error.h"

/*
 * Root becomes `user` ("" stays) and keeps CAP_NET_RAW only; others keep it
 * if they have it. No child can get more back.
 */
int privilege_drop(const char *user, struct fault *fault);

/* A child that opens no interface: no capability is left. */
int privilege_drop_all(struct fault *fault);

/* Make a directory, and its parents, for `user` to write in; one that is there stays as it is, but for its owner. */
int privilege_make_directory(const char *path, const char *user, struct fault *fault);

#endif
