/*
 * view.h - an EVE line, read back for those sinks that say it in other words.
 *
 * What is missing or of another type than expected is "" or 0. The texts
 * belong to the view and are as the JSON carried them: clean them (text.h)
 * before they go to a screen or a wire.
 */
#ifndef SENSOR_SINKS_VIEW_H
#define SENSOR_SINKS_VIEW_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

struct view {
	struct cJSON *root;
	const char *timestamp, *event_type, *proto, *app_proto, *community_id;
	const char *src, *dst;		/* as the flow went */
	uint32_t src_port, dst_port;
	const char *host, *peer;	/* whom we watch over, and the other; else src and dst */
	uint32_t host_port, peer_port;
	const char *sni, *hostname, *url;
	const char *signature;
	uint32_t severity;		/* 1..4; 0: not an alert */
	const char *id, *kind, *state, *technique, *reason;
	uint32_t revision;
	uint64_t count, bytes_out, bytes_in;
	const char *ioc_type, *ioc, *feed, *malware, *role;
	uint32_t asn;
	const char *organisation, *country, *peer_name;
	const char *mac, *mac_source, *name, *name_source, *user, *user_source;	/* of the host */
	char vlan[16];			/* "100", "100.200"; "" for none */
	const char *tunnel, *outer;
	const char *tunnel_src, *tunnel_dst;	/* ends of the tunnel, as the flow went */
	uint32_t tunnel_id;
};

/* False: not a JSON object, or no memory. view_close() either way. */
bool view_open(struct view *v, const char *line);
void view_close(struct view *v);

/* "low", "medium", "high", "critical"; "" for none. */
const char *view_severity_text(const struct view *v);

/* What the peer is called: by DNS, else by its SNI, else by its HTTP host; "" when by nobody. */
const char *view_peer_name(const struct view *v);

#endif
