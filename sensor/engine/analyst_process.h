/*
 * analyst_process.h - the analyst as a process: the rings' observations in
 * order, records into the journal.
 */
#ifndef SENSOR_ENGINE_ANALYST_PROCESS_H
#define SENSOR_ENGINE_ANALYST_PROCESS_H

#include "engine/house.h"

/* Its whole life, in the child. `already`: see analyst_new(). Returns its exit status. */
int analyst_main(struct house *h, uint64_t already);

#endif
