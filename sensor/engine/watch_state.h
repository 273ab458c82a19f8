/*
 * watch_state.h - what the supervisor of a live sensor knows; private to
 * watch.c and watch_reload.c, which is about configuration and feeds.
 */
#ifndef SENSOR_ENGINE_WATCH_STATE_H
#define SENSOR_ENGINE_WATCH_STATE_H

#include "engine/feeds.h"
#include "engine/health.h"
#include "engine/house.h"
#include "engine/manager.h"
#include "engine/posts.h"
#include "engine/refresh.h"
#include "engine/watch.h"
#include "system/back_off.h"

enum { WATCH_WAIT_MS = 100 };

struct watch {
	const struct watch_options *options;
	struct house house;
	struct posts *posts;
	struct feeds_job *job;			/* feeds are being compiled, or NULL */
	struct refresh *refresh;
	struct health *health;
	struct manager *manager;
	bool refreshing;			/* the job is for what was fetched, not for `fresh` */
	struct config fresh;			/* for which; taken when they are */
	struct back_off courier, analyst, keeper, porter;
	int64_t next_ages_ns;
	bool keeper_told;			/* that it cannot work */
	bool stopping, reload_again, analyst_done, delivered, abandoned, failed;
};

/* The first feeds, before there is anybody who could use them. */
int watch_first_feeds(struct watch *w, struct fault *fault);

/* SIGHUP came. */
void watch_reload(struct watch *w);

/* Often: what is being compiled, and what was fetched meanwhile. */
void watch_tend_feeds(struct watch *w);

#endif
