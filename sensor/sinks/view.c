#include "sinks/view.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

/* The objects of a line in which something is looked for, each behind the one that holds it. */
enum object { ROOT, TLS, HTTP, ALERT, TUNNEL, HANSHO, PEER, INDICATOR, REALM, IDENTITY, OBJECTS };

static const struct {
	enum object in;
	const char *key;
} objects[OBJECTS] = {
	[TLS] = { ROOT, "tls" },
	[HTTP] = { ROOT, "http" },
	[ALERT] = { ROOT, "alert" },
	[TUNNEL] = { ROOT, "tunnel" },
	[HANSHO] = { ROOT, "hansho" },
	[PEER] = { HANSHO, "peer" },
	[INDICATOR] = { HANSHO, "indicator" },
	[REALM] = { HANSHO, "realm" },
	[IDENTITY] = { HANSHO, "host_identity" },
};

struct place {
	enum object in;
	const char *key;
	size_t at;
};

#define AT(member) offsetof(struct view, member)

static const struct place texts[] = {
	{ ROOT, "timestamp", AT(timestamp) },
	{ ROOT, "event_type", AT(event_type) },
	{ ROOT, "proto", AT(proto) },
	{ ROOT, "app_proto", AT(app_proto) },
	{ ROOT, "community_id", AT(community_id) },
	{ ROOT, "src_ip", AT(src) },
	{ ROOT, "dest_ip", AT(dst) },
	{ HANSHO, "host", AT(host) },
	{ PEER, "ip", AT(peer) },
	{ TLS, "sni", AT(sni) },
	{ HTTP, "hostname", AT(hostname) },
	{ HTTP, "url", AT(url) },
	{ ALERT, "signature", AT(signature) },
	{ HANSHO, "id", AT(id) },
	{ HANSHO, "kind", AT(kind) },
	{ HANSHO, "state", AT(state) },
	{ HANSHO, "technique", AT(technique) },
	{ ROOT, "reason", AT(reason) },		/* of a beacon record */
	{ HANSHO, "reason", AT(reason) },
	{ INDICATOR, "type", AT(ioc_type) },
	{ INDICATOR, "value", AT(ioc) },
	{ INDICATOR, "feed", AT(feed) },
	{ INDICATOR, "malware", AT(malware) },
	{ INDICATOR, "role", AT(role) },
	{ TUNNEL, "kind", AT(tunnel) },
	{ TUNNEL, "src_ip", AT(tunnel_src) },
	{ TUNNEL, "dest_ip", AT(tunnel_dst) },
	{ REALM, "tunnel", AT(tunnel) },
	{ REALM, "outer", AT(outer) },
	{ PEER, "organisation", AT(organisation) },
	{ PEER, "country", AT(country) },
	{ PEER, "name", AT(peer_name) },
	{ IDENTITY, "mac", AT(mac) },
	{ IDENTITY, "mac_source", AT(mac_source) },
	{ IDENTITY, "name", AT(name) },
	{ IDENTITY, "name_source", AT(name_source) },
	{ IDENTITY, "user", AT(user) },
	{ IDENTITY, "user_source", AT(user_source) },
};

static const struct place numbers[] = {
	{ ROOT, "src_port", AT(src_port) },
	{ ROOT, "dest_port", AT(dst_port) },
	{ ALERT, "severity", AT(severity) },
	{ HANSHO, "revision", AT(revision) },
	{ REALM, "tunnel_id", AT(tunnel_id) },
	{ PEER, "asn", AT(asn) },
};

static const struct place totals[] = {
	{ HANSHO, "count", AT(count) },
	{ HANSHO, "bytes_out", AT(bytes_out) },
	{ HANSHO, "bytes_in", AT(bytes_in) },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const cJSON *
look_up(const cJSON *const object[OBJECTS], const struct place *p)
{
	return cJSON_GetObjectItemCaseSensitive(object[p->in], p->key);
}

/* cJSON numbers are doubles: whole ones stay below 2^53. */
static uint64_t
look_up_number(const cJSON *const object[OBJECTS], const struct place *p, double most)
{
	const cJSON *item = look_up(object, p);

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
read_vlan(struct view *v, const cJSON *tags)
{
	const cJSON *tag;
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
	const cJSON *object[OBJECTS], *item;
	char *base = (char *)v;
	size_t i;

	memset(v, 0, sizeof *v);
	for (i = 0; i < COUNT(texts); i++)
		*(const char **)(void *)(base + texts[i].at) = "";
	if ((v->root = cJSON_Parse(line)) == NULL || !cJSON_IsObject(v->root))
		return false;
	object[ROOT] = v->root;
	for (i = ROOT + 1; i < OBJECTS; i++)
		object[i] = cJSON_GetObjectItemCaseSensitive(object[objects[i].in], objects[i].key);
	for (i = 0; i < COUNT(texts); i++)
		if (cJSON_IsString(item = look_up(object, &texts[i])))
			*(const char **)(void *)(base + texts[i].at) = item->valuestring;
	for (i = 0; i < COUNT(numbers); i++)
		*(uint32_t *)(void *)(base + numbers[i].at) =
		    (uint32_t)look_up_number(object, &numbers[i], UINT32_MAX);
	for (i = 0; i < COUNT(totals); i++)
		*(uint64_t *)(void *)(base + totals[i].at) =
		    look_up_number(object, &totals[i], 9007199254740992.0);
	find_ends(v);
	read_vlan(v, cJSON_GetObjectItemCaseSensitive(object[REALM], "vlan"));
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
