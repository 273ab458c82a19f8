/*
 * ecs.c - Elastic Common Schema 8.11.
 *
 * https://www.elastic.co/guide/en/ecs/8.11/ecs-field-reference.html; event.*
 * words are of its lists of allowed values. What the schema has no field for
 * stands below "hansho", as it does in the EVE line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/format/rules.h"

/* By event_type. */
static const struct word event_kinds[] = { { "alert", "alert" }, { NULL, "event" } };

static const struct word categories[] = {
	{ "alert", "network,intrusion_detection" }, { "http", "network,web" }, { "smtp", "network,email" },
	{ "fileinfo", "network,file" }, { "login", "network,authentication" }, { "identity", "network,host" },
	{ NULL, "network" },
};

static const struct word event_types[] = {
	{ "alert", "info" }, { "beacon", "info" }, { "flow", "connection,end" }, { "login", "start" },
	{ "identity", "info" }, { "unknown", "connection" }, { "fileinfo", "info" }, { "smtp", "info" },
	{ "census", "info" }, { NULL, "protocol" },
};

static const struct word datasets[] = {
	{ "alert", "hansho.alert" }, { "beacon", "hansho.beacon" }, { "http", "hansho.http" }, { "tls", "hansho.tls" },
	{ "dns", "hansho.dns" }, { "flow", "hansho.flow" }, { "smtp", "hansho.smtp" }, { "fileinfo", "hansho.fileinfo" },
	{ "login", "hansho.login" }, { "remote", "hansho.remote" }, { "identity", "hansho.identity" },
	{ "unknown", "hansho.unknown" }, { "census", "hansho.census" }, { NULL, "hansho.event" },
};

/* Elastic's own scale: low 21, medium 47, high 73, critical 99. */
static const struct word severities[] = { { "1", "99" }, { "2", "73" }, { "3", "47" }, { "4", "21" }, { NULL, NULL } };

static const struct word protocols[] = { { "http", "http" }, { "tls", "tls" }, { "dns", "dns" }, { NULL, NULL } };

static const struct word outcomes[] = { { "success", "success" }, { "failure", "failure" }, { NULL, "unknown" } };

static const struct word indicator_types[] = {
	{ "domain", "domain-name" }, { "url", "url" }, { "ja3", "software" }, { "ja4", "software" }, { "ja3s", "software" },
	{ "user-agent", "software" }, { "cert-sha1", "x509-certificate" }, { "cert-sha256", "x509-certificate" },
	{ "sha256", "file" }, { NULL, NULL },	/* those of addresses: see write_indicator() */
};

static const struct word matched_fields[] = {
	{ "domain", "destination.domain" }, { "url", "url.original" }, { "ja3", "tls.client.ja3" }, { "ja3s", "tls.server.ja3s" },
	{ "ja4", "hansho.ja4" }, { "user-agent", "user_agent.original" }, { "cert-sha1", "tls.server.hash.sha1" },
	{ "cert-sha256", "tls.server.hash.sha256" }, { "sha256", "file.hash.sha256" }, { NULL, "destination.ip" },
};

static const struct word versions[] = {
	{ "SSLv3", "3.0" }, { "TLSv1", "1.0" }, { "TLS 1.1", "1.1" }, { "TLS 1.2", "1.2" }, { "TLS 1.3", "1.3" }, { NULL, NULL },
};

static const struct rule rules[] = {
	{ "@timestamp", "timestamp", RULE_TIME, NULL, NULL },
	RULE_CONSTANT("ecs.version", "8.11", NULL),
	{ "event.kind", "event_type", RULE_WORD, event_kinds, NULL },
	{ "event.category", "event_type", RULE_WORDS, categories, NULL },
	{ "event.type", NULL, RULE_WORDS, (const struct word[]){ { NULL, "info,indicator" } }, "hansho.indicator" },
	{ "event.type", "event_type", RULE_WORDS, event_types, NULL },
	RULE_CONSTANT("event.module", "hansho", NULL),
	{ "event.dataset", "event_type", RULE_WORD, datasets, NULL },
	{ "event.action", "hansho.state", RULE_TEXT, NULL, NULL },
	{ "event.severity", "alert.severity", RULE_WORD_NUMBER, severities, NULL },
	{ "event.risk_score", "alert.severity", RULE_WORD_NUMBER, severities, NULL },
	{ "event.reason", "hansho.reason", RULE_TEXT, NULL, NULL },
	{ "event.sequence", "hansho.revision", RULE_NUMBER, NULL, NULL },
	{ "event.start", "hansho.first_seen", RULE_TIME, NULL, NULL },
	{ "event.start", "flow.start", RULE_TIME, NULL, NULL },
	{ "event.end", "hansho.last_seen", RULE_TIME, NULL, NULL },
	{ "event.end", "flow.end", RULE_TIME, NULL, NULL },
	{ "event.outcome", "login.outcome", RULE_WORD, outcomes, NULL },
	{ "message", "hansho.reason", RULE_TEXT, NULL, NULL },
	{ "message", "reason", RULE_TEXT, NULL, NULL },
	{ "rule.id", "alert.signature_id", RULE_TEXT, NULL, NULL },
	{ "rule.name", "alert.signature", RULE_TEXT, NULL, NULL },
	{ "rule.category", "alert.category", RULE_TEXT, NULL, NULL },
	RULE_CONSTANT("rule.ruleset", "hansho", "alert"),
	{ "source.ip", "src_ip", RULE_TEXT, NULL, NULL },
	{ "source.address", "src_ip", RULE_TEXT, NULL, NULL },
	{ "source.port", "src_port", RULE_NUMBER, NULL, NULL },
	{ "destination.ip", "dest_ip", RULE_TEXT, NULL, NULL },
	{ "destination.address", "dest_ip", RULE_TEXT, NULL, NULL },
	{ "destination.port", "dest_port", RULE_NUMBER, NULL, NULL },
	{ "{peer}.domain", "hansho.peer.name", RULE_TEXT, NULL, NULL },
	{ "destination.domain", "tls.sni", RULE_TEXT, NULL, NULL },
	{ "destination.domain", "http.hostname", RULE_TEXT, NULL, NULL },
	{ "{peer}.as.number", "hansho.peer.asn", RULE_NUMBER, NULL, NULL },
	{ "{peer}.as.organization.name", "hansho.peer.organisation", RULE_TEXT, NULL, NULL },
	{ "{peer}.geo.country_iso_code", "hansho.peer.country", RULE_TEXT, NULL, NULL },
	{ "{host}.mac", "hansho.host_identity.mac", RULE_MAC, NULL, NULL },
	{ "{host}.domain", "hansho.host_identity.name", RULE_LOWER, NULL, NULL },
	{ "{host}.user.name", "hansho.host_identity.user", RULE_TEXT, NULL, NULL },
	{ "source.bytes", "flow.bytes_toserver", RULE_NUMBER, NULL, NULL },
	{ "source.packets", "flow.pkts_toserver", RULE_NUMBER, NULL, NULL },
	{ "destination.bytes", "flow.bytes_toclient", RULE_NUMBER, NULL, NULL },
	{ "destination.packets", "flow.pkts_toclient", RULE_NUMBER, NULL, NULL },
	{ "network.transport", "proto", RULE_LOWER, NULL, NULL },
	{ "network.protocol", "app_proto", RULE_TEXT, NULL, NULL },
	{ "network.protocol", "event_type", RULE_WORD, protocols, NULL },
	{ "network.community_id", "community_id", RULE_TEXT, NULL, NULL },
	{ "network.vlan.id", "vlan", RULE_FIRST, NULL, NULL },
	{ "tls.version", "tls.version", RULE_WORD, versions, NULL },
	{ "tls.client.ja3", "tls.ja3.hash", RULE_TEXT, NULL, NULL },
	{ "tls.client.server_name", "tls.sni", RULE_TEXT, NULL, NULL },
	{ "tls.server.ja3s", "tls.ja3s.hash", RULE_TEXT, NULL, NULL },
	{ "tls.server.hash.sha1", "tls.fingerprint", RULE_HEX, NULL, NULL },
	{ "tls.server.subject", "tls.subject", RULE_TEXT, NULL, NULL },
	{ "tls.server.issuer", "tls.issuerdn", RULE_TEXT, NULL, NULL },
	{ "http.request.method", "http.http_method", RULE_TEXT, NULL, NULL },
	{ "http.request.referrer", "http.http_refer", RULE_TEXT, NULL, NULL },
	{ "http.response.status_code", "http.status", RULE_NUMBER, NULL, NULL },
	{ "http.response.mime_type", "http.http_content_type", RULE_TEXT, NULL, NULL },
	{ "url.domain", "http.hostname", RULE_TEXT, NULL, NULL },
	{ "url.original", "http.url", RULE_TEXT, NULL, NULL },
	{ "user_agent.original", "http.http_user_agent", RULE_TEXT, NULL, NULL },
	{ "dns.type", "dns.type", RULE_TEXT, NULL, NULL },
	{ "dns.id", "dns.id", RULE_TEXT, NULL, NULL },
	{ "dns.question.name", "dns.rrname", RULE_TEXT, NULL, NULL },
	{ "dns.question.type", "dns.rrtype", RULE_TEXT, NULL, NULL },
	{ "dns.response_code", "dns.rcode", RULE_TEXT, NULL, NULL },
	{ "file.name", "fileinfo.filename", RULE_TEXT, NULL, NULL },
	{ "file.size", "fileinfo.size", RULE_NUMBER, NULL, NULL },
	{ "file.hash.sha256", "fileinfo.sha256", RULE_TEXT, NULL, NULL },
	{ "email.subject", "email.subject", RULE_TEXT, NULL, NULL },
	{ "email.message_id", "email.message_id", RULE_TEXT, NULL, NULL },
	{ "email.from.address", "smtp.mail_from", RULE_LIST, NULL, NULL },
	{ "email.to.address", "smtp.rcpt_to", RULE_COPY, NULL, NULL },
	{ "user.name", "login.user", RULE_TEXT, NULL, NULL },
	{ "user.domain", "login.domain", RULE_TEXT, NULL, NULL },
	RULE_CONSTANT("threat.framework", "MITRE ATT&CK", "hansho.technique"),
	{ "threat.tactic.id", "alert.metadata.mitre_tactic_id", RULE_COPY, NULL, NULL },
	{ "threat.technique.id", "hansho.technique", RULE_TECHNIQUE, NULL, NULL },
	{ "threat.technique.subtechnique.id", "hansho.technique", RULE_SUBTECHNIQUE, NULL, NULL },
	{ "threat.software.name", "hansho.indicator.malware", RULE_TEXT, NULL, NULL },
	{ "threat.feed.name", "hansho.indicator.feed", RULE_TEXT, NULL, NULL },
	RULE_CONSTANT("observer.vendor", "hansho", NULL),
	RULE_CONSTANT("observer.product", "hansho", NULL),
	RULE_CONSTANT("observer.version", HANSHO_VERSION, NULL),
	RULE_CONSTANT("observer.type", "ids", NULL),
	{ "observer.name", "host", RULE_TEXT, NULL, NULL },
	{ "hansho", "hansho", RULE_COPY, NULL, NULL },
	{ "hansho.ja4", "tls.ja4", RULE_TEXT, NULL, NULL },
};

/* Of hansho.indicator, for threat.indicator and threat.enrichments[].indicator. */
static const struct rule indicator_rules[] = {
	{ "type", "hansho.indicator.type", RULE_WORD, indicator_types, NULL },
	{ "provider", "hansho.indicator.feed", RULE_TEXT, NULL, NULL },
	{ "confidence", "alert.metadata.confidence", RULE_FIRST, NULL, NULL },
	RULE_CONSTANT("confidence", "Not Specified", NULL),
	{ "first_seen", "hansho.indicator.first_seen", RULE_TIME, NULL, NULL },
	{ "last_seen", "hansho.indicator.last_seen", RULE_TIME, NULL, NULL },
	{ "reference", "hansho.indicator.entry", RULE_TEXT, NULL, NULL },
	{ "description", "hansho.indicator.value", RULE_TEXT, NULL, NULL },
};

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* "192.0.2.7:443", "[2001:db8::1]:443", "192.0.2.0/24" → the address; *port: NULL without. */
static void
cut_address(const char *value, char addr[64], const char **port)
{
	const char *from = value[0] == '[' ? value + 1 : value;
	const char *colon = strchr(value, ':'), *last = strrchr(value, ':');
	size_t len = strcspn(from, value[0] == '[' ? "]" : "/");

	*port = NULL;
	if (value[0] == '[' || (colon != NULL && colon == last)) {
		*port = last + 1;
		if (value[0] != '[')
			len = (size_t)(last - value);
	}
	snprintf(addr, 64, "%.*s", (int)len, from);
}

static bool
is_address(const char *type)
{
	return strcmp(type, "ip") == 0 || strcmp(type, "ip:port") == 0 || strcmp(type, "cidr") == 0;
}

static bool
put_address(cJSON *to, const char *value)
{
	const char *port;
	char addr[64];

	cut_address(value, addr, &port);
	return rules_put(to, "type", cJSON_CreateString(strchr(addr, ':') != NULL ? "ipv6-addr" : "ipv4-addr")) &&
	    rules_put(to, "ip", cJSON_CreateString(addr)) &&
	    (port == NULL || rules_put(to, "port", cJSON_CreateNumber(atoi(port))));
}

static bool
put_value(cJSON *to, const char *type, const char *value)
{
	static const struct word places[] = {
		{ "domain", "url.domain" }, { "url", "url.original" }, { "cert-sha1", "file.hash.sha1" },
		{ "cert-sha256", "file.hash.sha256" }, { "sha256", "file.hash.sha256" }, { NULL, NULL },
	};
	const char *place = rules_word(places, type);

	if (is_address(type))
		return put_address(to, value);
	return place == NULL || rules_put(to, place, cJSON_CreateString(value));
}

static cJSON *
indicator_of(const cJSON *eve, const char *type, const char *value)
{
	cJSON *one = rules_apply(indicator_rules, COUNT(indicator_rules), eve);

	if (one != NULL && put_value(one, type, value))
		return one;
	cJSON_Delete(one);
	return NULL;
}

/* The feed's entry, and what of this traffic is the same. */
static bool
put_indicator(cJSON *out, const cJSON *eve)
{
	char a[RULES_TEXT_ROOM], b[RULES_TEXT_ROOM];
	const char *type = rules_text(eve, "hansho.indicator.type", a), *value = rules_text(eve, "hansho.indicator.value", b);

	if (type == NULL || value == NULL)
		return true;
	return rules_put(out, "threat.indicator", indicator_of(eve, type, value)) &&
	    rules_put(out, "threat.enrichments[].indicator", indicator_of(eve, type, value)) &&
	    rules_put(out, "threat.enrichments[].matched.atomic", cJSON_CreateString(value)) &&
	    rules_put(out, "threat.enrichments[].matched.field", cJSON_CreateString(rules_word(matched_fields, type))) &&
	    rules_put(out, "threat.enrichments[].matched.type", cJSON_CreateString("indicator_match_rule"));
}

static bool
put_direction(cJSON *out, const cJSON *eve)
{
	if (rules_find(eve, "hansho.host") == NULL || rules_find(eve, "dest_ip") == NULL)
		return true;
	return rules_put(out, "network.direction", cJSON_CreateString(rules_host_called(eve) ? "inbound" : "outbound"));
}

char *
format_ecs(const cJSON *eve, const char *line)
{
	cJSON *out = rules_apply(rules, COUNT(rules), eve);
	char *text = NULL;

	(void)line;
	if (out != NULL && rules_put_id(out, "event.id", eve) && put_direction(out, eve) && put_indicator(out, eve))
		text = cJSON_PrintUnformatted(out);
	cJSON_Delete(out);
	return text;
}
