/*
 * courier_process.h - the courier as a process: the sinks' threads, the thread
 * that fetches feeds, and who tells both when to end.
 */
#ifndef SENSOR_ENGINE_COURIER_PROCESS_H
#define SENSOR_ENGINE_COURIER_PROCESS_H

#include "engine/house.h"

/*
 * Its whole life, in the child. `parent`: whose end it outlives until the
 * journal is delivered; `turn`: of the board, when it was started. Returns its exit status.
 */
int courier_main(struct house *h, pid_t parent, uint32_t turn);

#endif
