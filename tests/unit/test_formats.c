/* ECS, OCSF and CEF: what their receivers require, over every line of the expected replays and over hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "sinks/format/format.h"
#include "sinks/format/rules.h"

static const char alert[] =
    "{\"timestamp\":\"2026-05-20T10:00:12.123456+0000\",\"flow_id\":1234567890123400,\"event_type\":\"alert\",\"host\":\"sensor1\","
    "\"src_ip\":\"198.51.100.7\",\"src_port\":51514,\"dest_ip\":\"192.0.2.77\",\"dest_port\":443,\"proto\":\"TCP\","
    "\"community_id\":\"1:abc=\",\"app_proto\":\"tls\",\"tls\":{\"sni\":\"c2.example.net\",\"version\":\"TLS 1.3\",\"fingerprint\":\"ab:cd\","
    "\"ja3\":{\"hash\":\"00ff\",\"string\":\"771\"},\"ja4\":\"t13d\"},"
    "\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":9000002,\"rev\":1,\"signature\":\"C2 feed ip:port Emotet\","
    "\"category\":\"Malware Command and Control Activity Detected\",\"severity\":2,\"metadata\":{\"confidence\":[\"High\"],"
    "\"mitre_tactic_id\":[\"TA0011\"]}},\"hansho\":{\"id\":\"00112233aabbccdd\",\"revision\":3,\"state\":\"update\","
    "\"kind\":\"indicator\",\"severity\":\"high\",\"subject\":\"192.0.2.77:443\",\"reason\":\"contacts it\",\"technique\":\"T1071.001\","
    "\"first_seen\":\"2026-05-20T10:00:00.000000+0000\",\"last_seen\":\"2026-05-20T10:00:12.123456+0000\",\"count\":7,"
    "\"bytes_out\":10,\"bytes_in\":20,\"host\":\"198.51.100.7\",\"host_identity\":{\"mac\":\"02:00:00:00:00:0a\",\"name\":\"PC-1\"},"
    "\"peer\":{\"ip\":\"192.0.2.77\",\"asn\":64511,\"organisation\":\"Example\",\"country\":\"NL\"},"
    "\"indicator\":{\"type\":\"ip:port\",\"value\":\"192.0.2.77:443\",\"feed\":\"threatfox\",\"line\":12,\"malware\":\"Emotet\","
    "\"role\":\"c2\",\"confidence\":100,\"first_seen\":\"2026-05-19T00:00:00.000000+0000\"}}}";

static cJSON *
json(enum record_kind kind, const char *line, enum line_format format)
{
	cJSON *o;
	char *out;

	assert_int_equal(format_line(kind, line, format, &out), 1);
	assert_non_null(o = cJSON_Parse(out));
	assert_null(strchr(out, '\n'));
	free(out);
	return o;
}

static void
expect(const cJSON *o, const char *path, const char *value)
{
	char room[RULES_TEXT_ROOM];
	const cJSON *at = rules_find(o, path);
	const char *text;

	if (cJSON_IsArray(at))
		at = cJSON_GetArrayItem(at, 0);
	text = cJSON_IsString(at) || cJSON_IsNumber(at) ? rules_text(at, "", room) : NULL;
	if (text == NULL || strcmp(text, value) != 0)
		fail_msg("%s is \"%s\", expected \"%s\"", path, text == NULL ? "(none)" : text, value);
}

static void
test_ecs(void **state)
{
	static const char *const fields[][2] = {
		{ "@timestamp", "2026-05-20T10:00:12.123Z" }, { "ecs.version", "8.11" }, { "event.kind", "alert" },
		{ "event.category", "network" }, { "event.type", "info" }, { "event.module", "hansho" },
		{ "event.dataset", "hansho.alert" }, { "event.severity", "73" }, { "event.risk_score", "73" },
		{ "event.id", "00112233aabbccdd-3" }, { "event.action", "update" }, { "rule.id", "9000002" },
		{ "rule.name", "C2 feed ip:port Emotet" }, { "source.ip", "198.51.100.7" }, { "source.port", "51514" },
		{ "source.mac", "02-00-00-00-00-0A" }, { "destination.ip", "192.0.2.77" }, { "destination.port", "443" },
		{ "destination.domain", "c2.example.net" }, { "destination.as.number", "64511" },
		{ "destination.as.organization.name", "Example" }, { "destination.geo.country_iso_code", "NL" },
		{ "network.transport", "tcp" }, { "network.protocol", "tls" }, { "network.community_id", "1:abc=" },
		{ "network.direction", "outbound" }, { "tls.client.ja3", "00ff" }, { "tls.client.server_name", "c2.example.net" },
		{ "tls.server.hash.sha1", "ABCD" }, { "tls.version", "1.3" }, { "threat.framework", "MITRE ATT&CK" },
		{ "threat.tactic.id", "TA0011" }, { "threat.technique.id", "T1071" },
		{ "threat.technique.subtechnique.id", "T1071.001" }, { "threat.indicator.type", "ipv4-addr" },
		{ "threat.indicator.ip", "192.0.2.77" }, { "threat.indicator.port", "443" },
		{ "threat.indicator.provider", "threatfox" }, { "threat.indicator.confidence", "High" },
		{ "threat.indicator.first_seen", "2026-05-19T00:00:00.000Z" }, { "threat.feed.name", "threatfox" },
		{ "observer.name", "sensor1" }, { "observer.type", "ids" }, { "hansho.reason", "contacts it" },
	};
	cJSON *o = json(RECORD_ALERT, alert, FORMAT_ECS);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof fields / sizeof *fields; i++)
		expect(o, fields[i][0], fields[i][1]);
	expect(cJSON_GetArrayItem(rules_find(o, "threat.enrichments"), 0), "matched.atomic", "192.0.2.77:443");
	cJSON_Delete(o);
}

static void
test_ocsf(void **state)
{
	static const char *const fields[][2] = {
		{ "activity_id", "2" }, { "category_uid", "2" }, { "class_uid", "2004" }, { "type_uid", "200402" },
		{ "severity_id", "4" }, { "status_id", "2" }, { "time", "1779271212123" }, { "metadata.version", "1.3.0" },
		{ "metadata.product.name", "hansho" }, { "metadata.product.vendor_name", "hansho" },
		{ "metadata.uid", "00112233aabbccdd-3" }, { "finding_info.uid", "00112233aabbccdd" },
		{ "finding_info.title", "C2 feed ip:port Emotet" }, { "finding_info.analytic.type_id", "1" },
		{ "finding_info.first_seen_time", "1779271200000" }, { "finding_info.last_seen_time", "1779271212123" },
		{ "finding_info.types", "indicator" }, { "confidence_id", "3" }, { "count", "7" },
	};
	static const char *const evidence[][2] = {
		{ "src_endpoint.ip", "198.51.100.7" }, { "src_endpoint.port", "51514" }, { "dst_endpoint.ip", "192.0.2.77" },
		{ "dst_endpoint.hostname", "c2.example.net" }, { "dst_endpoint.autonomous_system.number", "64511" },
		{ "connection_info.protocol_name", "tcp" }, { "connection_info.direction_id", "2" },
		{ "connection_info.community_uid", "1:abc=" }, { "tls.version", "1.3" }, { "tls.ja3_hash.value", "00ff" },
		{ "tls.ja3_hash.algorithm_id", "1" },
	};
	cJSON *o = json(RECORD_ALERT, alert, FORMAT_OCSF);
	const cJSON *list = rules_find(o, "evidences");
	char *out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof fields / sizeof *fields; i++)
		expect(o, fields[i][0], fields[i][1]);
	for (i = 0; i < sizeof evidence / sizeof *evidence; i++)
		expect(cJSON_GetArrayItem(list, 0), evidence[i][0], evidence[i][1]);
	expect(cJSON_GetArrayItem(rules_find(o, "malware"), 0), "name", "Emotet");
	expect(cJSON_GetArrayItem(rules_find(o, "malware"), 0), "classification_ids", "0");
	expect(cJSON_GetArrayItem(rules_find(o, "finding_info.attacks"), 0), "technique.uid", "T1071.001");
	assert_true(cJSON_IsTrue(rules_find(o, "is_alert")));
	assert_string_equal(rules_find(o, "raw_data")->valuestring, alert);
	cJSON_Delete(o);
	assert_int_equal(format_line(RECORD_DNS, "{\"event_type\":\"dns\"}", FORMAT_OCSF, &out), 0);
	assert_null(out);
}

/* ---- CEF, read back by its own rules ---- */

struct cef {
	char header[7][1200];
	struct {
		char key[32], value[4096];
	} pair[64];
	unsigned pairs;
};

static void
cef_header(const char **at, char *out, size_t size)
{
	size_t n = 0;

	for (; **at != '|'; ++*at) {
		assert_int_not_equal(**at, '\0');
		assert_true((unsigned char)**at >= 0x20);
		if (**at == '\\')
			assert_true(*++*at == '|' || **at == '\\');
		assert_true(n + 1 < size);
		out[n++] = **at;
	}
	out[n] = '\0';
	++*at;
}

/* Where does the value at `at` end? At its end, or before " KEY=". */
static const char *
cef_value(const char *at, char *out, size_t size)
{
	size_t n = 0, key;

	for (; *at != '\0'; at++) {
		assert_true((unsigned char)*at >= 0x20);
		key = *at == ' ' ? strspn(at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") : 0;
		if (key > 0 && at[1 + key] == '=')
			break;
		assert_int_not_equal(*at, '=');
		if (*at == '\\') {
			at++;
			assert_non_null(strchr("\\=nr", *at));
			out[n++] = *at == 'n' ? '\n' : *at == 'r' ? '\r' : *at;
		} else {
			out[n++] = *at;
		}
		assert_true(n + 1 < size);
	}
	out[n] = '\0';
	return at;
}

static void
cef_read(const char *line, struct cef *c)
{
	size_t i, len;

	memset(c, 0, sizeof *c);
	for (i = 0; i < 7; i++)
		cef_header(&line, c->header[i], sizeof c->header[i]);
	while (*line != '\0') {
		line += *line == ' ';
		len = strcspn(line, "=");
		assert_true(len > 0 && len < sizeof c->pair[0].key && c->pairs < 64);
		memcpy(c->pair[c->pairs].key, line, len);
		for (i = 0; i < c->pairs; i++)
			assert_string_not_equal(c->pair[i].key, c->pair[c->pairs].key);
		line = cef_value(line + len + 1, c->pair[c->pairs].value, sizeof c->pair[0].value);
		c->pairs++;
	}
}

static const char *
cef_of(const struct cef *c, const char *key)
{
	unsigned i;

	for (i = 0; i < c->pairs; i++)
		if (strcmp(c->pair[i].key, key) == 0)
			return c->pair[i].value;
	return "(none)";
}

static void
cef_line(enum record_kind kind, const char *line, struct cef *c)
{
	char *out;

	assert_int_equal(format_line(kind, line, FORMAT_CEF, &out), 1);
	cef_read(out, c);
	free(out);
	assert_string_equal(c->header[0], "CEF:0");
	assert_string_equal(c->header[1], "hansho");
	assert_true(atoi(c->header[6]) >= 0 && atoi(c->header[6]) <= 10);
}

static struct cef cef;

static void
test_cef(void **state)
{
	static const char *const pairs[][2] = {
		{ "src", "198.51.100.7" }, { "spt", "51514" }, { "dst", "192.0.2.77" }, { "dpt", "443" }, { "proto", "TCP" },
		{ "rt", "1779271212123" }, { "dhost", "c2.example.net" }, { "cs1Label", "feed" }, { "cs1", "threatfox" },
		{ "cs2Label", "malware" }, { "cs2", "Emotet" }, { "cs3Label", "communityId" }, { "cs3", "1:abc=" },
		{ "externalId", "00112233aabbccdd" }, { "cat", "indicator" }, { "cnt", "7" }, { "out", "10" }, { "in", "20" },
		{ "cn2Label", "revision" }, { "cn2", "3" }, { "msg", "contacts it" }, { "act", "update" }, { "shost", "PC-1" },
	};
	size_t i;

	(void)state;
	cef_line(RECORD_ALERT, alert, &cef);
	assert_string_equal(cef.header[4], "9000002");
	assert_string_equal(cef.header[5], "C2 feed ip:port Emotet");
	assert_string_equal(cef.header[6], "8");
	for (i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_string_equal(cef_of(&cef, pairs[i][0]), pairs[i][1]);
}

/* What a server may call itself: it cannot begin another field, line or message. */
static void
test_cef_hostile(void **state)
{
	(void)state;
	cef_line(RECORD_ALERT, "{\"event_type\":\"alert\",\"src_ip\":\"2001:0db8:0000:0000:0000:0000:0000:0001\","
	    "\"dest_ip\":\"192.0.2.1\",\"alert\":{\"signature\":\"a|b\\\\c\\nCEF:0|x\",\"severity\":1},"
	    "\"tls\":{\"sni\":\"x dst=10.0.0.1 a\\\\=b\\r\\nCEF:0|\\u0007\\u009b31m\\u202e\"}}", &cef);
	assert_string_equal(cef.header[5], "a|b\\c CEF:0|x");
	assert_string_equal(cef.header[6], "10");
	assert_string_equal(cef_of(&cef, "dst"), "192.0.2.1");
	assert_string_equal(cef_of(&cef, "dhost"), "x dst=10.0.0.1 a\\=b\r\nCEF:0|\\x07\\xc2\\x9b31m\\xe2\\x80\\xae");
	assert_string_equal(cef_of(&cef, "src"), "(none)");
	assert_string_equal(cef_of(&cef, "c6a2"), "2001:0db8:0000:0000:0000:0000:0000:0001");
	assert_string_equal(cef_of(&cef, "c6a2Label"), "Source IPv6 Address");
}

/* Long values are cut at whole characters. */
static void
test_cef_long(void **state)
{
	char line[8192] = "{\"event_type\":\"http\",\"http\":{\"url\":\"";
	size_t i, n = strlen(line);

	(void)state;
	for (i = 0; i < 1000; i++, n += 3)
		memcpy(line + n, "鐘", 3);
	strcpy(line + n, "\"}}");
	cef_line(RECORD_HTTP, line, &cef);
	assert_int_equal(strlen(cef_of(&cef, "request")), 1023);
}

/* ---- every line that the expected replays have ---- */

static enum record_kind
kind_of(const char *type)
{
	return strcmp(type, "alert") == 0 ? RECORD_ALERT : strcmp(type, "beacon") == 0 ? RECORD_BEACON : RECORD_DNS;
}

static void
try_line(const char *line)
{
	static const char *const ecs[] = { "@timestamp", "ecs.version", "event.kind", "event.category", "event.type",
		"event.dataset", "observer.type" };
	static const char *const ocsf[] = { "activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time",
		"metadata.product.vendor_name", "metadata.version", "finding_info.uid", "finding_info.title" };
	cJSON *eve = cJSON_Parse(line), *o;
	enum record_kind kind;
	size_t i;

	assert_non_null(eve);
	kind = kind_of(rules_find(eve, "event_type")->valuestring);
	o = json(kind, line, FORMAT_ECS);
	for (i = 0; i < sizeof ecs / sizeof *ecs; i++)
		if (rules_find(o, ecs[i]) == NULL)
			fail_msg("ECS: no %s for %s", ecs[i], line);
	cJSON_Delete(o);
	cef_line(kind, line, &cef);
	assert_string_not_equal(cef_of(&cef, "rt"), "(none)");
	if (kind == RECORD_ALERT) {
		o = json(kind, line, FORMAT_OCSF);
		for (i = 0; i < sizeof ocsf / sizeof *ocsf; i++)
			if (rules_find(o, ocsf[i]) == NULL)
				fail_msg("OCSF: no %s for %s", ocsf[i], line);
		cJSON_Delete(o);
	}
	cJSON_Delete(eve);
}

static void
test_expected_replays(void **state)
{
	unsigned lines = 0;
	size_t i, room = 0;
	char *line = NULL;
	glob_t files;
	ssize_t n;
	FILE *f;

	(void)state;
	assert_int_equal(glob("tests/golden/*.jsonl", 0, NULL, &files), 0);
	for (i = 0; i < files.gl_pathc; i++) {
		assert_non_null(f = fopen(files.gl_pathv[i], "r"));
		while ((n = getline(&line, &room, f)) > 0) {
			line[n - (line[n - 1] == '\n')] = '\0';
			try_line(line);
			lines++;
		}
		fclose(f);
	}
	free(line);
	globfree(&files);
	assert_true(lines > 300);
}

/* ---- what is none ---- */

static void
test_no_line(void **state)
{
	static const char *const none[] = { "", "[]", "{", "7", "{\"a\":1" };
	char *out;
	size_t i;
	int f;

	(void)state;
	for (f = FORMAT_ECS; f < LINE_FORMATS; f++)
		for (i = 0; i < sizeof none / sizeof *none; i++) {
			assert_int_equal(format_line(RECORD_ALERT, none[i], (enum line_format)f, &out), SE_FORMAT);
			assert_null(out);
		}
	/* members of other types than expected are left out */
	for (f = FORMAT_ECS; f < LINE_FORMATS; f++) {
		assert_int_equal(format_line(RECORD_ALERT, "{\"timestamp\":7,\"event_type\":[],\"hansho\":[{\"id\":{}}],\"alert\":\"x\","
		    "\"vlan\":{},\"tls\":[],\"src_ip\":{},\"hansho\":3}", (enum line_format)f, &out), 1);
		free(out);
	}
	assert_int_equal(format_line(RECORD_ALERT, alert, FORMAT_EVE, &out), 1);
	assert_string_equal(out, alert);
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ecs),
		cmocka_unit_test(test_ocsf),
		cmocka_unit_test(test_cef),
		cmocka_unit_test(test_cef_hostile),
		cmocka_unit_test(test_cef_long),
		cmocka_unit_test(test_expected_replays),
		cmocka_unit_test(test_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
