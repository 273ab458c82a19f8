/*
 * ask.h - what a running sensor says of itself at its Unix socket.
 */
#ifndef SENSOR_CLI_ASK_H
#define SENSOR_CLI_ASK_H

struct cJSON;

/* Its /status. The caller's; NULL: one line was printed, with the command's name. */
struct cJSON *ask_sensor(const char *command, const char *path);

#endif
