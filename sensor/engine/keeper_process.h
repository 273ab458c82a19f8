/*
 * keeper_process.h - the keeper as one of the house's processes.
 *
 *     analyst ⇒ ring ⇒ keeper ⇒ history;  keeper ⇒ own ring ⇒ analyst
 *
 * Live a full ring loses contacts of the history (counted), a replay waits.
 * In a replay the look back is over before the first frame is analysed.
 */
#ifndef SENSOR_ENGINE_KEEPER_PROCESS_H
#define SENSOR_ENGINE_KEEPER_PROCESS_H

#include "engine/house.h"

/* Exit status. Another turn than `turn` on the board: it makes room for one with new indicators. */
int keeper_main(struct house *h, uint32_t turn);

/* The analyst's side: into the ring. `to`: the house. */
void keeper_post(void *to, const struct kept *k);
/* What was posted is to be looked at. */
void keeper_wake(struct house *h);

#endif
