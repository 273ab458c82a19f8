/*
 * known.h - did the house ever call this service, and since when do we know?
 *
 * A snapshot of the history as one file, sorted by hash, mapped read-only: a
 * look-up asks nobody and waits for nobody. The keeper writes it when it
 * starts and once a day, from what the history held then; a replay sees what
 * earlier runs left. The hash is keyed by the file's own random key.
 */
#ifndef SENSOR_HISTORY_KNOWN_H
#define SENSOR_HISTORY_KNOWN_H

#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/span.h"
#include "realm.h"

enum {
	KNOWN_NEVER = -1,
	KNOWN_COVERAGE_DAYS = 14	/* with less, "never" means nothing: unknown */
};

struct history_known;

/* Checks length, order and header: no look-up leaves the file. SE_SYSTEM: there is none. */
int history_known_open(const char *path, struct history_known **out, struct fault *fault);
void history_known_close(struct history_known *k);	/* NULL is fine */

/* Days since 1970 of the first contact of any host, or KNOWN_NEVER. By name, or, where `name` is empty, by address. */
int32_t history_known_first_day(const struct history_known *k, struct span name, const struct addr *address,
    uint16_t port, uint8_t protocol);

/* On how many days contacts of this host's network (/24, /64) were seen. */
uint32_t history_known_coverage_days(const struct history_known *k, const struct realm *realm, const struct addr *host);

/* The same, of days before `day`: at most so many. */
uint32_t history_known_days_before(const struct history_known *k, const struct realm *realm, const struct addr *host,
    int32_t day);

/* Day on which the snapshot was made, of packet time; and its services. */
int32_t history_known_made_day(const struct history_known *k);
uint32_t history_known_services(const struct history_known *k);

/* ---- the keeper's side ---- */

struct history;

/* Write it anew, beside, then in place of the one before. */
int history_known_write(struct history *h, const char *path, int32_t day, struct fault *fault);

#endif
