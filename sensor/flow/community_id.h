/*
 * community_id.h - moved: records/ is seen by alert/ too, which writes it.
 */
#ifndef SENSOR_FLOW_COMMUNITY_ID_H
#define SENSOR_FLOW_COMMUNITY_ID_H

#include "records/community_id.h"

#endif
