/*
 * community_id.h - Community ID v1 with seed 0 (Corelight community-id-spec).
 */
#ifndef SENSOR_RECORDS_COMMUNITY_ID_H
#define SENSOR_RECORDS_COMMUNITY_ID_H

#include "flow.h"

enum { COMMUNITY_ID_TEXT = 40 };

/* "1:" and base64 of SHA-1. Returns `buf`. */
const char *community_id(const struct flow_key *k, char buf[COMMUNITY_ID_TEXT]);

#endif
