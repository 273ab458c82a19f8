/*
 * config.h - everything that can be set, as one filled structure.
 *
 * Code receives a filled const struct, never a key look-up. Defaults, ranges,
 * units and help of every value stand in one table (options.c), from which
 * the reader, `hansho check`, the sample file and the manual come.
 */
#ifndef SENSOR_CONFIG_H
#define SENSOR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/alerts.h"
#include "alert/suppress.h"
#include "base/addr.h"
#include "base/error.h"
#include "base/journal.h"
#include "beacon/beacon.h"
#include "behaviour/behaviour.h"
#include "cases/cases.h"
#include "decode/decode.h"
#include "fetch/fetch.h"
#include "flow/table.h"
#include "health/blindness.h"
#include "health/overload.h"
#include "history/contact_log.h"
#include "history/history.h"
#include "proto/proto.h"
#include "reassembly/reassembly.h"
#include "sinks/sink.h"

enum { CONFIG_TEXT_MAX = 1024, WORKERS_MAX = 64, FEEDS_MAX = 256, SINKS_MAX = 64 };

struct config_feed {
	char name[FETCH_NAME_MAX];	/* what alerts call it */
	char format[32];		/* "" to recognise it */
	char path[CONFIG_TEXT_MAX];	/* of a fetched one: where it is kept */
	uint8_t role;			/* 0: as listed; else enum indicator_role + 1 */
	uint8_t confidence;		/* 0: as listed */
	uint32_t fade_days, expire_days;	/* 0: by the type, see alert/ageing.h */
	char from[FETCH_NAME_MAX];	/* its name in the catalogue; its defaults come from there */
	char licence[256];
	struct fetch_options fetch;
	uint32_t min_entries, shrink_percent, max_age_hours;
	bool enabled;			/* those that are not are left out when the file was read */
};

struct config {
	char sensor_name[64];
	char state_directory[CONFIG_TEXT_MAX];
	char user[32];			/* watch, started as root: become this user; "" stays */

	/* Of a row of networks: the list, and its length behind it. */
	struct cidr *home;
	unsigned home_count;
	struct cidr *relays;
	unsigned relays_count;

	struct {
		char interface[64];
		char filter[CONFIG_TEXT_MAX];
		uint32_t snaplen, buffer_mib, poll_ms;
		bool promiscuous, immediate;
	} capture;

	struct blindness_limits blindness;
	struct overload_limits overload;
	char metrics_listen[64];	/* "" for no door */
	uint32_t workers;
	bool pin_workers;
	uint32_t ring_mib;		/* observations between one worker and the analyst */
	struct decode_limits decode;
	struct flow_limits flow;
	struct reassembly_limits reassembly;
	struct proto_limits proto;
	uint32_t max_indicators;
	uint64_t feed_bytes;		/* unpacked */

	bool allow_shipped, allow_documentation;
	char allow_path[CONFIG_TEXT_MAX];	/* "" for none */
	char catalogue[CONFIG_TEXT_MAX];	/* "" for the one that came with the program */
	char advice[CONFIG_TEXT_MAX];		/* over the shipped table, see config/advice.h; "" for none */
	struct config_feed *feeds;
	unsigned feeds_count;

	uint32_t burst_pause_sec;
	struct beacon_limits beacon;
	bool beacon_harmless;		/* use the shipped list */
	char beacon_allow[CONFIG_TEXT_MAX];	/* "" for none */
	struct behaviour_limits behaviour;
	struct case_limits cases;
	struct alert_limits alert;
	bool tell_expired;
	struct suppress_rule *suppress;
	unsigned suppress_count;
	char geoip_asn[CONFIG_TEXT_MAX], geoip_country[CONFIG_TEXT_MAX];	/* "" for none */

	uint32_t beacon_lasting_sec;	/* 0: connections that stay open are not told of */
	bool history_enabled;
	struct history_limits history;
	bool contact_log_enabled;
	struct contact_log_limits contact_log;

	struct journal_limits journal;
	struct sink_options *sinks;
	unsigned sinks_count;
	unsigned records;		/* bit (1 << record_kind): what is written at all */
	uint32_t drain_sec;		/* at the end, how long failing sinks are tried */
	uint32_t save_sec;		/* live, how often the analyst's memory is written */
};

/* All defaults; home is RFC 1918, 100.64/10, ULA and link-local; no feed, no sink. */
int config_defaults(struct config *c);

/*
 * Read a YAML file over what `c` holds. SE_USAGE with one line: file, line,
 * what was expected.
 */
int config_read(const char *path, struct config *c, struct fault *fault);

void config_clear(struct config *c);

int config_add_home(struct config *c, const char *text, struct fault *fault);

/* The same for the row at `offset`, which is of type OPTION_NETWORKS. */
int config_add_network(struct config *c, size_t offset, const char *text, struct fault *fault);
void config_clear_networks(struct config *c, size_t offset);

/* One more, its name the file's without folder and ending. NULL: no memory, or too many, and said. */
struct config_feed *config_new_feed(struct config *c, const char *path, struct fault *fault);

/* "[FORMAT:]PATH"; the file is there. */
int config_add_feed(struct config *c, const char *text, struct fault *fault);

/* A sink of this kind and target with default options; NULL without memory. Its name is made unique. */
struct sink_options *config_add_sink(struct config *c, enum sink_kind kind, const char *target);

/* One more, empty; NULL without memory. */
struct suppress_rule *config_add_suppress(struct config *c);

/* Is this a feed format's name? */
bool config_is_format(const char *text, size_t len);

/* Can this file be read? SE_USAGE with "PATH: why: expected what" when not. */
int config_need_file(const char *path, struct fault *fault);

/* "alert,beacon,http" → bits. */
int config_parse_records(const char *text, unsigned *bits, struct fault *fault);

#endif
