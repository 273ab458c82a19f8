/*
 * command.h - the commands, one file each. A command gets its own argv
 * (argv[0] is its name) and returns the exit status: 0 done, 1 something
 * could not be read or delivered (and was said), 2 wrong usage or configuration.
 */
#ifndef SENSOR_CLI_COMMAND_H
#define SENSOR_CLI_COMMAND_H

/* Before anything is opened. */
void command_begin(void);
/* What was printed must have got out: the exit status. */
int command_end(int status);

int command_replay(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_status(int argc, char **argv);
int command_alerts(int argc, char **argv);
int command_selftest(int argc, char **argv);
int command_hunt(int argc, char **argv);
int command_check(int argc, char **argv);
int command_feed(int argc, char **argv);

enum { EXIT_USAGE = 2 };

#endif
