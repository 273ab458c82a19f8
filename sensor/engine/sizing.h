/*
 * sizing.h - what a configuration may take in memory, process by process.
 *
 * One table: `hansho check --sizing` prints it, rooms.c makes the ceilings of
 * the processes of it. Each row is a number of things, by the option that
 * says how many there may be, and what one of them costs at most: that the
 * stages say. No clock; reads /proc/self for what the program itself takes.
 */
#ifndef SENSOR_ENGINE_SIZING_H
#define SENSOR_ENGINE_SIZING_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

enum sizing_process {
	SIZING_WORKER, SIZING_ANALYST, SIZING_KEEPER, SIZING_COURIER, SIZING_COMPILER,
	SIZING_SHARED,		/* what several see, and is there once */
	SIZING_PROCESSES
};

struct sizing_line {
	const char *what;
	const char *option;	/* that says how many; "" when none does */
	uint64_t most, bytes;	/* things, and of each */
	bool shared;		/* no memory of the process's own: counts towards no RLIMIT_DATA */
	bool fixed;		/* whatever the configuration */
};

enum { SIZING_LINES_MOST = 16 };

const char *sizing_name(enum sizing_process p);

/* How many there are of it. */
uint32_t sizing_count(enum sizing_process p, const struct config *c);

/* Its lines, and how many. */
unsigned sizing_lines(enum sizing_process p, const struct config *c, struct sizing_line lines[SIZING_LINES_MOST]);

/* Sum of the lines of one of them. */
uint64_t sizing_bytes(enum sizing_process p, const struct config *c);

/* The same without what is shared and what is fixed: the tables at their ceilings. */
uint64_t sizing_tables(enum sizing_process p, const struct config *c);

/* All processes, each as often as there are of it. */
uint64_t sizing_all(const struct config *c);

void sizing_print(const struct config *c, FILE *to);

/* One line of JSON. False: no memory. */
bool sizing_json(const struct config *c, FILE *to);

#endif
