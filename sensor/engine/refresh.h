/*
 * refresh.h - what was fetched, on its way into force.
 *
 * The courier fetches; here candidates are found, compiled in place of what is
 * in force (in the sandbox, with all other feeds), judged, and put in place or
 * held back. One thread, the supervisor's; looks at the disk once a second and
 * never waits for it longer than a rename takes.
 */
#ifndef SENSOR_ENGINE_REFRESH_H
#define SENSOR_ENGINE_REFRESH_H

#include "engine/feeds.h"

/*
 * Is a candidate fit for force? `before`: entries of what is in force, or
 * REFRESH_UNKNOWN. 0, or SE_FORMAT with why it is held back.
 */
#define REFRESH_UNKNOWN UINT32_MAX
int refresh_verdict(const struct config_feed *feed, uint32_t before, const struct feed_result *result,
    struct fault *why);

struct refresh;
struct refresh *refresh_new(void);	/* NULL without memory */
void refresh_free(struct refresh *r);	/* NULL is fine */

/*
 * Has anything been fetched that is not in force? Then refresh_config() is what
 * to compile: `config` with candidates. `config` is borrowed until the next call.
 */
bool refresh_look(struct refresh *r, const struct config *config);
const struct config *refresh_config(const struct refresh *r);

/*
 * It was compiled (`results` NULL: it could not be). True: the candidates are
 * good and in place, the image may be used. False: at least one was held back,
 * each with one line in the log; refresh_config() is to be compiled once more.
 */
bool refresh_judge(struct refresh *r, const struct feed_result *results);

/* `config` was compiled as it is: what each feed has now. */
void refresh_in_force(struct refresh *r, const struct config *config, const struct feed_result *results);

/* Seconds since a fetched feed was last known to be current; -1 when it never was. */
int64_t refresh_age_sec(const struct config_feed *feed, int64_t now_ns);
/* Past which age it is too old. */
int64_t refresh_age_limit_sec(const struct config_feed *feed);

/* Once a minute: feeds that are too old are told of (once each, until they are renewed). */
struct house;
void refresh_mind_age(struct refresh *r, const struct config *config, int64_t now_ns, struct house *house);

#endif
