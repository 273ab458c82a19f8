/*
 * process.h - making and ending the sensor's processes.
 */
#ifndef SENSOR_SYSTEM_PROCESS_H
#define SENSOR_SYSTEM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * fork() with the role as the process's name. The child dies with its parent,
 * except the courier, which first delivers what the journal holds. Same return
 * values as fork(); a failure is logged.
 */
pid_t process_fork(const char *role);

/*
 * First of all: a standard stream that the caller of the program closed must
 * not become the number of a file that is opened later.
 */
void process_open_streams(void);

/* For whom nothing waits: where processors are short, others go first (nice(2), five steps). */
void process_give_way(void);

/* In a child: this standard stream is none of its business. */
void process_mute(int stream);

/*
 * Signals of the supervisor: handlers set flags; all are blocked except inside
 * process_wait(). `interrupt`: not blocked, they break off a read that waits,
 * for who reads a pipe himself.
 */
struct process_signals {
	bool stop, reload, child;
};
int process_catch_signals(bool interrupt);
/* Sleep at most `ms` or until a signal; returns and clears what came. */
struct process_signals process_wait(int ms);

/* One line about how a child ended: "worker 2 was ended by signal 11 (Segmentation fault)". */
void process_describe_end(int status, const char *role, char *text, size_t size);

#endif
