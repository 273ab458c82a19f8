/*
 * table.h - uthash as this house uses it, off the packet path: keyed hash,
 * and memory that runs out is seen by the caller.
 *
 * After HASH_ADD*, `element_not_added(e)` is true when there was no memory.
 */
#ifndef SENSOR_BASE_TABLE_H
#define SENSOR_BASE_TABLE_H

#include "base/hash.h"

#define HASH_FUNCTION(keyptr, keylen, hashv) \
	((hashv) = (unsigned)hash_table((keyptr), (keylen)))
#define HASH_NONFATAL_OOM 1

#include <uthash.h>

/* uthash clears hh.tbl of an element that it could not add. */
#define element_not_added(e) ((e)->hh.tbl == NULL)

#endif
