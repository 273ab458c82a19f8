/*
 * accounts.h - from where which user logs in: networks and countries of the
 * latest month, and logins that failed.
 *
 * Two tables of a fixed size, in buckets of four: of those that want one
 * bucket the one idle longest gives way. Only a login that succeeded makes an
 * account, so that nobody fills the table by guessing names. An account has
 * ACCOUNT_PLACES places; the one idle longest gives way.
 */
#ifndef SENSOR_BEHAVIOUR_ACCOUNTS_H
#define SENSOR_BEHAVIOUR_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"

enum { ACCOUNT_PLACES = 16, ACCOUNT_USUAL_DAYS = 3, ACCOUNT_PLACE_DAYS = 30 };

/* A network in a country, as far as the databases tell. */
struct account_place {
	uint32_t asn;			/* 0: not known */
	char country[2];		/* \0: not known */
	uint8_t days;			/* on which it was used, at most ACCOUNT_USUAL_DAYS: then it is usual; 0: unused */
	int32_t day;			/* the latest of them */
	int64_t first_ns, last_ns;
	uint32_t apart_sec;		/* least time between a login here and one in another country; UINT32_MAX: none */
	uint32_t mails, recipients;	/* sent from here */
};

/* What has a place in a bucket begins with this. */
struct seat {
	uint32_t tag;			/* 0: unused */
	int64_t last_ns;
};

struct account {
	struct seat seat;
	int64_t told_ns;
	unsigned confidence;		/* as it was told; 0: never */
	uint32_t failures;		/* of an address that got in at last */
	int64_t failures_ns;
	struct account_place place[ACCOUNT_PLACES];
};

struct accounts;

size_t accounts_bytes(void);
struct accounts *accounts_new(void);	/* NULL: no memory */
void accounts_free(struct accounts *a);	/* NULL is fine */

/* Over a restart: the accounts, their places, refusals. */
struct state_in;
struct state_out;
void accounts_save(const struct accounts *a, struct state_out *out);
void accounts_load(struct accounts *a, const struct state_in *in);

/* The account; with `make` an empty one takes a place. */
struct account *accounts_find(struct accounts *a, uint32_t tag, bool make);

/* The place of an account, made if need be, and used now. What is older than `fresh_ns` is forgotten of it but that it was used. */
struct account_place *account_place(struct account *k, const struct place *where, int64_t now_ns,
    int64_t fresh_ns);

/* A login failed, from this address. */
void accounts_failed(struct accounts *a, uint32_t tag, uint32_t peer, int64_t now_ns);

/* How many failed so within `most_ns`. They are forgotten. */
uint32_t accounts_failures(struct accounts *a, uint32_t tag, uint32_t peer, int64_t now_ns, int64_t most_ns);

#endif
