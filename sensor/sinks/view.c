#include "sinks/view.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

struct place {
	const char *path[3];		/* keys from the root down */
	size_t at;
};

#define AT(member) offsetof(struct view, member)

static const struct place texts[] = {
	{ { "timestamp" }, AT(timestamp) },
	{ { "event_type" }, AT(event_type) },
	{ { "proto" }, AT(proto) },
	{ { "app_proto" }, AT(app_proto) },
	{ { "community_id" }, AT(community_id) },
	{ { "src_ip" }, AT(src) },
	{ { "dest_ip" }, AT(dst) },
	{ { "hansho", "host" }, AT(host) },
	{ { "hansho", "peer", "ip" }, AT(peer) },
	{ { "tls", "sni" }, AT(sni) },
	{ { "http", "hostname" }, AT(hostname) },
	{ { "http", "url" }, AT(url) },
	{ { "alert", "signature" }, AT(signature) },
	{ { "hansho", "id" }, AT(id) },
	{ { "hansho", "kind" }, AT(kind) },
	{ { "hansho", "state" }, AT(state) },
	{ { "hansho", "technique" }, AT(technique) },
	{ { "reason" }, AT(reason) },		/* of a beacon record */
	{ { "hansho", "reason" }, AT(reason) },
	{ { "hansho", "indicator", "type" }, AT(ioc_type) },
	{ { "hansho", "indicator", "value" }, AT(ioc) },
	{ { "hansho", "indicator", "feed" }, AT(feed) },
	{ { "hansho", "indicator", "malware" }, AT(malware) },
	{ { "hansho", "indicator", "role" }, AT(role) },
	{ { "tunnel", "kind" }, AT(tunnel) },
	{ { "tunnel", "src_ip" }, AT(tunnel_src) },
	{ { "tunnel", "dest_ip" }, AT(tunnel_dst) },
	{ { "hansho", "realm", "tunnel" }, AT(tunnel) },
	{ { "hansho", "realm", "outer" }, AT(outer) },
	{ { "hansho", "peer", "organisation" }, AT(organisation) },
	{ { "hansho", "peer", "country" }, AT(country) },
	{ { "hansho", "peer", "name" }, AT(peer_name) },
	{ { "hansho", "host_identity", "mac" }, AT(mac) },
	{ { "hansho", "host_identity", "mac_source" }, AT(mac_source) },
	{ { "hansho", "host_identity", "name" }, AT(name) },
	{ { "hansho", "host_identity", "name_source" }, AT(name_source) },
	{ { "hansho", "host_identity", "user" }, AT(user) },
	{ { "hansho", "host_identity", "user_source" }, AT(user_source) },
};

static const struct place numbers[] = {
	{ { "src_port" }, AT(src_port) },
	{ { "dest_port" }, AT(dst_port) },
	{ { "alert", "severity" }, AT(severity) },
	{ { "hansho", "revision" }, AT(revision) },
	{ { "hansho", "realm", "tunnel_id" }, AT(tunnel_id) },
	{ { "hansho", "peer", "asn" }, AT(asn) },
};

static const struct place totals[] = {
	{ { "hansho", "count" }, AT(count) },
	{ { "hansho", "bytes_out" }, AT(bytes_out) },
	{ { "hansho", "bytes_in" }, AT(bytes_in) },
};

static const struct place worse = { { "hansho", "case", "worse" }, 0 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const cJSON *
look_up(const cJSON *at, const struct place *p)
{
	size_t i;

	for (i = 0; i < COUNT(p->path) && p->path[i] != NULL && at != NULL; i++)
		at = cJSON_GetObjectItemCaseSensitive(at, p->path[i]);
	return at;
}

/* cJSON numbers are doubles: whole ones stay below 2^53. */
static uint64_t
look_up_number(const cJSON *root, const struct place *p, double most)
{
	const cJSON *item = look_up(root, p);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= most))
		return 0;
	return (uint64_t)item->valuedouble;
}

/* The host may be the one that was called. */
static void
find_ends(struct view *v)
{
	bool called = v->host[0] != '\0' && strcmp(v->host, v->src) != 0 &&
	    strcmp(v->host, v->dst) == 0;

	v->host_port = called ? v->dst_port : v->src_port;
	v->peer_port = called ? v->src_port : v->dst_port;
	if (v->host[0] == '\0')
		v->host = v->src;
	if (v->peer[0] == '\0')
		v->peer = called ? v->src : v->dst;
}

static void
read_vlan(struct view *v)
{
	static const struct place place = { { "hansho", "realm", "vlan" }, 0 };
	const cJSON *tags = look_up(v->root, &place), *tag;
	size_t n = 0;
	int i;

	for (i = 0; i < 2; i++) {
		tag = cJSON_GetArrayItem(tags, i);
		if (cJSON_IsNumber(tag) && tag->valuedouble >= 0 && tag->valuedouble < 4096)
			n += (size_t)snprintf(v->vlan + n, sizeof v->vlan - n, "%s%d",
			    n > 0 ? "." : "", (int)tag->valuedouble);
	}
}

bool
view_open(struct view *v, const char *line)
{
	char *base = (char *)v;
	const cJSON *item;
	size_t i;

	memset(v, 0, sizeof *v);
	for (i = 0; i < COUNT(texts); i++)
		*(const char **)(void *)(base + texts[i].at) = "";
	if ((v->root = cJSON_Parse(line)) == NULL || !cJSON_IsObject(v->root))
		return false;
	for (i = 0; i < COUNT(texts); i++)
		if (cJSON_IsString(item = look_up(v->root, &texts[i])))
			*(const char **)(void *)(base + texts[i].at) = item->valuestring;
	for (i = 0; i < COUNT(numbers); i++)
		*(uint32_t *)(void *)(base + numbers[i].at) =
		    (uint32_t)look_up_number(v->root, &numbers[i], UINT32_MAX);
	for (i = 0; i < COUNT(totals); i++)
		*(uint64_t *)(void *)(base + totals[i].at) =
		    look_up_number(v->root, &totals[i], 9007199254740992.0);
	v->worse = cJSON_IsTrue(look_up(v->root, &worse));
	find_ends(v);
	read_vlan(v);
	return true;
}

void
view_close(struct view *v)
{
	cJSON_Delete(v->root);
	v->root = NULL;
}

const char *
view_severity_text(const struct view *v)
{
	static const char *const names[] = { "", "critical", "high", "medium", "low" };

	return v->severity < COUNT(names) ? names[v->severity] : "low";
}

const char *
view_peer_name(const struct view *v)
{
	if (v->peer_name[0] != '\0')
		return v->peer_name;
	return v->sni[0] != '\0' ? v->sni : v->hostname;
}
