/*
 * ocsf.c - Open Cybersecurity Schema Framework 1.3: Detection Finding, class
 * 2004 (https://schema.ocsf.io/1.3.0/classes/detection_finding).
 */
#include <stdlib.h>
#include <string.h>

#include "sinks/format/rules.h"

enum { CLASS = 2004 };

/* By hansho.state: 1 create, 2 update, 3 close; 1 new, 2 in progress, 4 resolved. */
static const struct word activities[] = { { "open", "1" }, { "update", "2" }, { "close", "3" }, { NULL, "0" } };
static const struct word activity_names[] = {
	{ "open", "Create" }, { "update", "Update" }, { "close", "Close" }, { NULL, "Unknown" },
};
static const struct word statuses[] = { { "open", "1" }, { "update", "2" }, { "close", "4" }, { NULL, "0" } };

/* By alert.severity. */
static const struct word severities[] = { { "1", "5" }, { "2", "4" }, { "3", "3" }, { "4", "2" }, { NULL, "1" } };
static const struct word severity_names[] = {
	{ "1", "Critical" }, { "2", "High" }, { "3", "Medium" }, { "4", "Low" }, { NULL, "Informational" },
};
static const struct word risks[] = { { "1", "99" }, { "2", "73" }, { "3", "47" }, { "4", "21" }, { NULL, "0" } };

static const struct word confidences[] = { { "Low", "1" }, { "Medium", "2" }, { "High", "3" }, { NULL, NULL } };

/* What found it: 1 rule, 2 behavioural, 3 statistical. */
static const struct word analytics[] = {
	{ "beacon", "3" }, { "behaviour", "2" }, { "case", "2" }, { NULL, "1" },
};

static const struct word versions[] = {
	{ "SSLv3", "3.0" }, { "TLSv1", "1.0" }, { "TLS 1.1", "1.1" }, { "TLS 1.2", "1.2" }, { "TLS 1.3", "1.3" }, { NULL, NULL },
};

/* Malware classification: 6 downloader, 0 unknown. */
static const struct word classifications[] = { { "download", "6" }, { NULL, "0" } };

static const struct rule rules[] = {
	{ "activity_id", "hansho.state", RULE_WORD_NUMBER, activities, NULL },
	{ "activity_name", "hansho.state", RULE_WORD, activity_names, NULL },
	RULE_CONSTANT_NUMBER("category_uid", "2"),
	RULE_CONSTANT("category_name", "Findings", NULL),
	RULE_CONSTANT_NUMBER("class_uid", "2004"),
	RULE_CONSTANT("class_name", "Detection Finding", NULL),
	{ "severity_id", "alert.severity", RULE_WORD_NUMBER, severities, NULL },
	{ "severity", "alert.severity", RULE_WORD, severity_names, NULL },
	{ "status_id", "hansho.state", RULE_WORD_NUMBER, statuses, NULL },
	{ "risk_score", "alert.severity", RULE_WORD_NUMBER, risks, NULL },
	{ "time", "timestamp", RULE_MILLIS, NULL, NULL },
	{ "start_time", "hansho.first_seen", RULE_MILLIS, NULL, NULL },
	{ "end_time", "hansho.last_seen", RULE_MILLIS, NULL, NULL },
	{ "count", "hansho.count", RULE_NUMBER, NULL, NULL },
	{ "message", "hansho.reason", RULE_TEXT, NULL, NULL },
	RULE_CONSTANT("metadata.product.name", "hansho", NULL),
	RULE_CONSTANT("metadata.product.vendor_name", "hansho", NULL),
	RULE_CONSTANT("metadata.product.version", HANSHO_VERSION, NULL),
	RULE_CONSTANT("metadata.version", "1.3.0", NULL),
	{ "metadata.sequence", "hansho.revision", RULE_NUMBER, NULL, NULL },
	{ "metadata.log_name", "host", RULE_TEXT, NULL, NULL },
	{ "finding_info.uid", "hansho.id", RULE_TEXT, NULL, NULL },
	{ "finding_info.title", "alert.signature", RULE_TEXT, NULL, NULL },
	{ "finding_info.desc", "hansho.reason", RULE_TEXT, NULL, NULL },
	{ "finding_info.first_seen_time", "hansho.first_seen", RULE_MILLIS, NULL, NULL },
	{ "finding_info.last_seen_time", "hansho.last_seen", RULE_MILLIS, NULL, NULL },
	{ "finding_info.modified_time", "timestamp", RULE_MILLIS, NULL, NULL },
	{ "finding_info.types", "hansho.kind", RULE_LIST, NULL, NULL },
	{ "finding_info.analytic.name", "alert.signature", RULE_TEXT, NULL, NULL },
	{ "finding_info.analytic.uid", "alert.signature_id", RULE_TEXT, NULL, NULL },
	{ "finding_info.analytic.category", "alert.category", RULE_TEXT, NULL, NULL },
	{ "finding_info.analytic.type_id", "hansho.kind", RULE_WORD_NUMBER, analytics, NULL },
	{ "finding_info.attacks[].technique.uid", "hansho.technique", RULE_TEXT, NULL, NULL },
	RULE_CONSTANT("finding_info.attacks[].version", "16.1", "hansho.technique"),
	{ "evidences[].src_endpoint.ip", "src_ip", RULE_TEXT, NULL, NULL },
	{ "evidences[].src_endpoint.port", "src_port", RULE_NUMBER, NULL, NULL },
	{ "evidences[].dst_endpoint.ip", "dest_ip", RULE_TEXT, NULL, NULL },
	{ "evidences[].dst_endpoint.port", "dest_port", RULE_NUMBER, NULL, NULL },
	{ "evidences[].{PEER}_endpoint.hostname", "hansho.peer.name", RULE_TEXT, NULL, NULL },
	{ "evidences[].dst_endpoint.hostname", "tls.sni", RULE_TEXT, NULL, NULL },
	{ "evidences[].dst_endpoint.hostname", "http.hostname", RULE_TEXT, NULL, NULL },
	{ "evidences[].{PEER}_endpoint.autonomous_system.number", "hansho.peer.asn", RULE_NUMBER, NULL, NULL },
	{ "evidences[].{PEER}_endpoint.autonomous_system.name", "hansho.peer.organisation", RULE_TEXT, NULL, NULL },
	{ "evidences[].{PEER}_endpoint.location.country", "hansho.peer.country", RULE_TEXT, NULL, NULL },
	{ "evidences[].{HOST}_endpoint.hostname", "hansho.host_identity.name", RULE_TEXT, NULL, NULL },
	{ "evidences[].{HOST}_endpoint.mac", "hansho.host_identity.mac", RULE_TEXT, NULL, NULL },
	{ "evidences[].{HOST}_endpoint.owner.name", "hansho.host_identity.user", RULE_TEXT, NULL, NULL },
	{ "evidences[].connection_info.protocol_name", "proto", RULE_LOWER, NULL, NULL },
	{ "evidences[].connection_info.community_uid", "community_id", RULE_TEXT, NULL, NULL },
	{ "evidences[].tls.version", "tls.version", RULE_WORD, versions, NULL },
	{ "evidences[].tls.sni", "tls.sni", RULE_TEXT, NULL, "tls.version" },
	{ "evidences[].tls.ja3_hash.value", "tls.ja3.hash", RULE_TEXT, NULL, "tls.version" },
	{ "evidences[].tls.ja3_hash.algorithm_id", NULL, RULE_WORD_NUMBER, (const struct word[]){ { NULL, "1" } }, "tls.ja3.hash" },
	{ "evidences[].tls.ja3s_hash.value", "tls.ja3s.hash", RULE_TEXT, NULL, "tls.version" },
	{ "evidences[].tls.ja3s_hash.algorithm_id", NULL, RULE_WORD_NUMBER, (const struct word[]){ { NULL, "1" } }, "tls.ja3s.hash" },
	{ "evidences[].tls.certificate.subject", "tls.subject", RULE_TEXT, NULL, "tls.serial" },
	{ "evidences[].tls.certificate.issuer", "tls.issuerdn", RULE_TEXT, NULL, "tls.serial" },
	{ "evidences[].tls.certificate.serial_number", "tls.serial", RULE_TEXT, NULL, NULL },
	{ "evidences[].ja4_fingerprint_list[].type_id", NULL, RULE_WORD_NUMBER, (const struct word[]){ { NULL, "1" } }, "tls.ja4" },
	{ "evidences[].ja4_fingerprint_list[].value", "tls.ja4", RULE_TEXT, NULL, NULL },
	{ "evidences[].http_request.http_method", "http.http_method", RULE_TEXT, NULL, NULL },
	{ "evidences[].http_request.user_agent", "http.http_user_agent", RULE_TEXT, NULL, NULL },
	{ "evidences[].http_request.referrer", "http.http_refer", RULE_TEXT, NULL, NULL },
	{ "evidences[].http_request.url.hostname", "http.hostname", RULE_TEXT, NULL, NULL },
	{ "evidences[].http_request.url.path", "http.url", RULE_TEXT, NULL, NULL },
	{ "evidences[].query.hostname", "dns.rrname", RULE_TEXT, NULL, NULL },
	{ "evidences[].query.type", "dns.rrtype", RULE_TEXT, NULL, "dns.rrname" },
	{ "evidences[].data", "hansho.behaviour", RULE_COPY, NULL, NULL },
	{ "evidences[].data", "hansho.beacon", RULE_COPY, NULL, NULL },
	{ "evidences[].data", "hansho.indicator", RULE_COPY, NULL, NULL },
	{ "malware[].name", "hansho.indicator.malware", RULE_TEXT, NULL, NULL },
};

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

static cJSON *
number(const char *digits)
{
	return cJSON_CreateNumber(atoi(digits));
}

/* type_uid = class × 100 + activity; the members of malware[] that are lists of numbers. */
static bool
put_sums(cJSON *out, const cJSON *eve)
{
	char a[RULES_TEXT_ROOM], b[RULES_TEXT_ROOM];
	const char *state = rules_text(eve, "hansho.state", a), *role = rules_text(eve, "hansho.indicator.role", b);
	const char *activity = rules_word(activities, state == NULL ? "" : state);
	cJSON *list;
	int id;

	if (!rules_put(out, "type_uid", cJSON_CreateNumber(CLASS * 100 + atoi(activity))) ||
	    !rules_put(out, "is_alert", cJSON_CreateTrue()))
		return false;
	if (rules_find(out, "malware") == NULL)
		return true;
	id = atoi(rules_word(classifications, role == NULL ? "" : role));
	return (list = cJSON_CreateIntArray(&id, 1)) != NULL && rules_put(out, "malware[].classification_ids", list);
}

/* What stands in lists in the EVE line, or is not there: 1 inbound, 2 outbound. */
static bool
put_rest(cJSON *out, const cJSON *eve)
{
	const cJSON *confidence = cJSON_GetArrayItem(rules_find(eve, "alert.metadata.confidence"), 0);
	const cJSON *tactic = cJSON_GetArrayItem(rules_find(eve, "alert.metadata.mitre_tactic_id"), 0);
	const char *id = cJSON_IsString(confidence) ? rules_word(confidences, confidence->valuestring) : NULL;

	if (id != NULL && !rules_put(out, "confidence_id", number(id)))
		return false;
	if (cJSON_IsString(tactic) &&
	    !rules_put(out, "finding_info.attacks[].tactic.uid", cJSON_CreateString(tactic->valuestring)))
		return false;
	if (rules_find(eve, "hansho.host") == NULL || rules_find(eve, "dest_ip") == NULL)
		return true;
	return rules_put(out, "evidences[].connection_info.direction_id", number(rules_host_called(eve) ? "1" : "2"));
}

char *
format_ocsf(const cJSON *eve, const char *line)
{
	cJSON *out = rules_apply(rules, COUNT(rules), eve);
	char *text = NULL;

	if (out != NULL && rules_put_id(out, "metadata.uid", eve) && put_sums(out, eve) && put_rest(out, eve) &&
	    rules_put(out, "raw_data", cJSON_CreateString(line)))
		text = cJSON_PrintUnformatted(out);
	cJSON_Delete(out);
	return text;
}
