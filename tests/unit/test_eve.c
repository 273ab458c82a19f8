#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "alert/eve.h"
#include "alert/json.h"
#include "alert/policy.h"
#include "alert_rig.h"
#include "base/when.h"

/* ---- an alert from a match ---- */

struct made {
	char *line;
	int64_t ts_ns;
	const char *sensor;
};

static void
make_line(void *to, const struct finding *f)
{
	struct made *m = to;
	struct alert a;

	memset(&a, 0, sizeof a);
	snprintf(a.id, sizeof a.id, "0123456789abcdef");
	a.revision = 2;
	a.state = ALERT_UPDATE;
	a.ts_ns = f->ts_ns;
	a.first_ns = f->first_ns;
	a.last_ns = f->ts_ns;
	a.count = 7;
	a.bytes_out = 2310;
	a.bytes_in = 8120;
	a.peer_place.asn = 64496;
	snprintf(a.peer_place.organisation, sizeof a.peer_place.organisation, "Example Hosting");
	snprintf(a.peer_place.country, sizeof a.peer_place.country, "NL");
	a.technique = "T1071.001";
	a.signature = "C2 feed domain Emotet";
	a.finding = f;
	a.peer_name = "c2.example";
	m->line = eve_alert(&a, m->sensor);
}

static char *
alert_line(struct observation_buffer *b)
{
	struct made m = { NULL, 0, "sensor1" };

	observation_seal(b);
	policy_match(NULL, &b->o, make_line, &m);
	assert_non_null(m.line);
	return m.line;
}

static void
test_alert_whole(void **state)
{
	static struct observation_buffer b;
	char *line;

	(void)state;
	rig_observation(&b, OBSERVE_MATCH, 12.123456);
	b.o.app = APP_TLS;
	b.o.version = 0x0304;
	b.o.key.realm.vlan[0] = 100;
	rig_text(&b, TEXT_SERVICE, "c2.example");
	rig_text(&b, TEXT_JA3, "aa");
	rig_text(&b, TEXT_JA3_TEXT, "771,1-2");
	rig_text(&b, TEXT_JA4, "t13d");
	rig_text(&b, TEXT_ALPN, "h2,http/1.1");
	rig_indicator(&b, ROLE_C2, INDICATOR_DOMAIN, "c2.example");
	when_parse("2023-11-01", 10, 0, &b.o.indicator_first_ns);
	line = alert_line(&b);
	assert_string_equal(line,
	    "{\"timestamp\":\"2023-11-14T22:13:32.123456+0000\",\"flow_id\":1234567890123400,"
	    "\"event_type\":\"alert\",\"host\":\"sensor1\",\"vlan\":[100],"
	    "\"src_ip\":\"10.0.0.5\",\"src_port\":51514,\"dest_ip\":\"192.0.2.77\",\"dest_port\":443,"
	    "\"proto\":\"TCP\",\"community_id\":\"1:B7oNv37D3awHcJtHeDZNweF9+sI=\",\"app_proto\":\"tls\",\"direction\":\"to_server\","
	    "\"tls\":{\"sni\":\"c2.example\",\"version\":\"TLS 1.3\",\"ja3\":{\"hash\":\"aa\",\"string\":\"771,1-2\"},"
	    "\"ja4\":\"t13d\",\"client_alpns\":[\"h2\",\"http/1.1\"]},"
	    "\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":9000004,\"rev\":1,"
	    "\"signature\":\"C2 feed domain Emotet\","
	    "\"category\":\"Malware Command and Control Activity Detected\",\"severity\":2,"
	    "\"metadata\":{\"signature_severity\":[\"high\"],\"confidence\":[\"High\"],"
	    "\"malware_family\":[\"Emotet\"],\"feed\":[\"threatfox\"],"
	    "\"mitre_technique_id\":[\"T1071.001\"],\"mitre_tactic_id\":[\"TA0011\"]}},"
	    "\"flow\":{\"pkts_toserver\":12,\"pkts_toclient\":10,\"bytes_toserver\":2310,"
	    "\"bytes_toclient\":8120,\"start\":\"2023-11-14T22:13:20.000000+0000\"},"
	    "\"hansho\":{\"id\":\"0123456789abcdef\",\"revision\":2,\"state\":\"update\","
	    "\"kind\":\"indicator\",\"severity\":\"high\",\"subject\":\"c2.example\","
	    "\"reason\":\"uses the name c2.example, which feed threatfox (line 17, entry 12345) lists as "
	    "command and control of Emotet, first seen 2023-11-01, 13 days before\","
	    "\"technique\":\"T1071.001\",\"first_seen\":\"2023-11-14T22:13:32.123456+0000\","
	    "\"last_seen\":\"2023-11-14T22:13:32.123456+0000\",\"count\":7,"
	    "\"bytes_out\":2310,\"bytes_in\":8120,\"host\":\"10.0.0.5\","
	    "\"peer\":{\"ip\":\"192.0.2.77\",\"name\":\"c2.example\",\"asn\":64496,"
	    "\"organisation\":\"Example Hosting\",\"country\":\"NL\"},\"realm\":{\"vlan\":[100]},"
	    "\"indicator\":{\"type\":\"domain\",\"value\":\"c2.example\",\"feed\":\"threatfox\",\"feeds\":[\"threatfox\"],"
	    "\"entry\":\"12345\",\"line\":17,\"malware\":\"Emotet\",\"role\":\"c2\",\"confidence\":90,"
	    "\"first_seen\":\"2023-11-01T00:00:00.000000+0000\","
	    "\"state\":\"active\",\"age_days\":13}}}");
	free(line);
}

static cJSON *
parsed(char *line)
{
	cJSON *o = cJSON_Parse(line);

	assert_non_null(o);
	assert_null(strchr(line, '\n'));
	free(line);
	return o;
}

/* "a.b.c" → the text there; NULL when there is none. */
static const char *
text_at(cJSON *o, const char *path)
{
	char copy[128], *at = copy, *word;

	snprintf(copy, sizeof copy, "%s", path);
	while (o != NULL && (word = strsep(&at, ".")) != NULL)
		o = *word >= '0' && *word <= '9' ? cJSON_GetArrayItem(o, atoi(word)) :
		    cJSON_GetObjectItemCaseSensitive(o, word);
	return o == NULL ? NULL : cJSON_GetStringValue(o);
}

static double
number_at(cJSON *o, const char *path)
{
	char copy[128], *at = copy, *word;

	snprintf(copy, sizeof copy, "%s", path);
	while (o != NULL && (word = strsep(&at, ".")) != NULL)
		o = cJSON_GetObjectItemCaseSensitive(o, word);
	assert_true(cJSON_IsNumber(o));
	return cJSON_GetNumberValue(o);
}

static void
test_hostile_text(void **state)
{
	static struct observation_buffer b;
	static const char odd[] = "a\"b\\c\x01\xff\x7f\xc2\x9b\xc3\xa9\xed\xa0\x80\xf5\x80\xc0\xaf\xe2\x82";
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_MATCH, 1);
	b.o.app = APP_HTTP;
	observation_add(&b, TEXT_USER_AGENT, span_of("nul\0byte\r\n", 10), 100);
	observation_add(&b, TEXT_URL, span_text("h/x"), 100);
	rig_text(&b, TEXT_METHOD, odd);
	rig_indicator(&b, ROLE_C2, INDICATOR_URL, "h/x\n\"");
	o = parsed(alert_line(&b));
	assert_string_equal(text_at(o, "http.http_method"),
	    "a\"b\\c\x01\\xff\\x7f\\xc2\\x9b\xc3\xa9\\xed\\xa0\\x80\\xf5\\x80\\xc0\\xaf\\xe2\\x82");
	assert_string_equal(text_at(o, "http.http_user_agent"), "nul\\x00byte\r\n");
	assert_string_equal(text_at(o, "http.url"), "/x");
	assert_string_equal(text_at(o, "hansho.indicator.value"), "h/x\n\"");
	cJSON_Delete(o);
}

static void
test_ipv6_in_full_and_no_ports(void **state)
{
	static struct observation_buffer b;
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_MATCH, 1);
	b.o.key.protocol = 58;
	b.o.key.addr[0] = rig_addr("2001:db8::5");
	b.o.key.addr[1] = rig_addr("2001:db8:0:1::77");
	b.o.key.realm.tunnel = TUNNEL_DSLITE;
	b.o.key.realm.outer = rig_addr("2001:db8:ffff::1");
	rig_indicator(&b, ROLE_C2, INDICATOR_ADDRESS, "2001:db8:0:1::77");
	o = parsed(alert_line(&b));
	assert_string_equal(text_at(o, "src_ip"), "2001:0db8:0000:0000:0000:0000:0000:0005");
	assert_string_equal(text_at(o, "dest_ip"), "2001:0db8:0000:0001:0000:0000:0000:0077");
	assert_string_equal(text_at(o, "proto"), "IPv6-ICMP");
	assert_false(cJSON_HasObjectItem(o, "src_port"));
	assert_false(cJSON_HasObjectItem(o, "app_proto"));
	assert_false(cJSON_HasObjectItem(o, "vlan"));
	assert_string_equal(text_at(o, "hansho.realm.tunnel"), "ds-lite");
	assert_string_equal(text_at(o, "hansho.realm.outer"), "2001:0db8:ffff:0000:0000:0000:0000:0001");
	cJSON_Delete(o);
}

/* The infected host is asked from outside: EVE's source asked, hansho.host is ours. */
static void
test_infected_host_inbound(void **state)
{
	static struct observation_buffer b;
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_MATCH, 1);
	b.o.host_side = RESPONDER;
	rig_indicator(&b, ROLE_INFECTED, INDICATOR_ADDRESS, "192.0.2.77");
	o = parsed(alert_line(&b));
	assert_string_equal(text_at(o, "src_ip"), "10.0.0.5");
	assert_string_equal(text_at(o, "hansho.host"), "192.0.2.77");
	assert_string_equal(text_at(o, "hansho.peer.ip"), "10.0.0.5");
	cJSON_Delete(o);
}

static void
test_sensor_alert(void **state)
{
	static struct observation_buffer b;
	struct made m = { NULL, 0, "" };
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_SENSOR, 1);
	rig_text(&b, TEXT_NOTE, "worker 1 was blind for 3 s");
	observation_seal(&b);
	policy_sensor(&b.o, make_line, &m);
	o = parsed(m.line);
	assert_false(cJSON_HasObjectItem(o, "src_ip"));
	assert_false(cJSON_HasObjectItem(o, "host"));
	assert_string_equal(text_at(o, "hansho.reason"), "worker 1 was blind for 3 s");
	assert_true(number_at(o, "alert.signature_id") == 9000201);
	cJSON_Delete(o);
}

static void
test_beacon_record(void **state)
{
	struct beacon_numbers n = { .score = .91234, .interval_sec = 60, .p_value = 2.5e-7, .jitter = .12, .missed = .25,
		.signs = 2, .sign = { { SIGN_TIMING, 7.25, 6 }, { SIGN_HOSTS, 1, .6 } }, .contacts = 34,
		.first_alert_contact = 12, .first_ns = RIG_START_NS, .last_ns = RIG_START_NS + NS_PER_SEC,
		.peers = 1 };
	const int64_t times[2] = { RIG_START_NS, RIG_START_NS + NS_PER_SEC * 5 / 4 };
	const struct beacon_plot plot = { .bin = { [10] = 33 }, .time_ns = times, .times = 2 };
	struct finding f;
	char *line;
	cJSON *o;

	(void)state;
	memset(&f, 0, sizeof f);
	f.kind = FINDING_BEACON;
	f.host = rig_addr("10.0.0.5");
	f.peer = n.peer[0] = rig_addr("192.0.2.77");
	n.peer[1] = rig_addr("192.0.2.78");
	f.peer_port = 443;
	f.protocol = 6;
	f.service = f.subject = "c2.example";
	f.reason = "calls";
	f.beacon = &n;
	line = eve_beacon(&f, "s", LANGUAGE_EN);
	assert_string_equal(line,
	    "{\"timestamp\":\"2023-11-14T22:13:21.000000+0000\",\"event_type\":\"beacon\",\"host\":\"s\","
	    "\"src_ip\":\"10.0.0.5\",\"dest_ip\":\"192.0.2.77\",\"dest_port\":443,\"proto\":\"TCP\","
	    "\"service\":\"c2.example\",\"score\":0.912,\"p_value\":2.5e-07,\"count\":34,\"interval\":60.000,"
	    "\"jitter\":0.120,\"missed\":0.250,\"first_alert_beat\":12,"
	    "\"first_seen\":\"2023-11-14T22:13:20.000000+0000\","
	    "\"last_seen\":\"2023-11-14T22:13:21.000000+0000\","
	    "\"evidence\":[{\"what\":\"timing\",\"value\":7.250,\"weight\":6.000},"
	    "{\"what\":\"hosts\",\"value\":1.000,\"weight\":0.600}],\"reason\":\"calls\"}");
	free(line);
	f.plot = &plot;
	o = parsed(eve_beacon(&f, "", LANGUAGE_EN));
	assert_int_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "histogram"), 10)->valueint, 33);
	assert_true(cJSON_GetArrayItem(cJSON_GetObjectItem(o, "times"), 1)->valuedouble > 1700000001.24);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(o, "times")), 2);
	cJSON_Delete(o);
	n.peers = 2;
	n.score = NAN;
	f.host = rig_addr("2001:db8::5");
	o = parsed(eve_beacon(&f, "", LANGUAGE_EN));
	assert_string_equal(text_at(o, "dest_ips.1"), "192.0.2.78");
	assert_string_equal(text_at(o, "src_ip"), "2001:db8::5");
	assert_false(cJSON_HasObjectItem(o, "dest_ip"));
	assert_true(number_at(o, "score") == 0);
	cJSON_Delete(o);
	f.beacon = NULL;
	assert_null(eve_beacon(&f, "", LANGUAGE_EN));
}

static void
test_http_records(void **state)
{
	static struct observation_buffer b;
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_HTTP, 1);
	b.o.app = APP_HTTP;
	b.o.flags = OBSERVED_RESPONSE;
	b.o.status = 200;
	b.o.number = 3;
	b.o.body_bytes = 5000000000;
	rig_text(&b, TEXT_SERVICE, "c2.example");
	rig_text(&b, TEXT_URL, "c2.example:8080/a/b?c=d/e");
	rig_text(&b, TEXT_METHOD, "POST");
	observation_seal(&b);
	o = parsed(eve_record(&b.o, "s"));
	assert_string_equal(text_at(o, "event_type"), "http");
	assert_string_equal(text_at(o, "direction"), "to_client");
	assert_string_equal(text_at(o, "http.url"), "/a/b?c=d/e");
	assert_string_equal(text_at(o, "http.hostname"), "c2.example");
	assert_true(number_at(o, "http.status") == 200);
	assert_true(number_at(o, "http.length") == 5e9);
	assert_true(number_at(o, "tx_id") == 2);
	assert_int_equal(strncmp(text_at(o, "community_id"), "1:", 2), 0);
	cJSON_Delete(o);
}

/* A Host that cannot be a name makes no service; it is written as it was sent. */
static void
test_http_odd_host(void **state)
{
	static struct observation_buffer b;
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_HTTP, 1);
	b.o.app = APP_HTTP;
	rig_text(&b, TEXT_URL, "1qmm edu/?id=7");
	observation_seal(&b);
	o = parsed(eve_record(&b.o, "s"));
	assert_string_equal(text_at(o, "http.hostname"), "1qmm edu");
	assert_string_equal(text_at(o, "http.url"), "/?id=7");
	cJSON_Delete(o);
	rig_observation(&b, OBSERVE_HTTP, 1);
	b.o.app = APP_HTTP;
	rig_text(&b, TEXT_URL, "/?id=7");
	observation_seal(&b);
	o = parsed(eve_record(&b.o, "s"));
	assert_null(text_at(o, "http.hostname"));
	assert_string_equal(text_at(o, "http.url"), "/?id=7");
	cJSON_Delete(o);
}

static void
test_tls_certificate_record(void **state)
{
	static struct observation_buffer b;
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_TLS, 1);
	b.o.app = APP_TLS;
	b.o.flags = OBSERVED_RESPONSE | OBSERVED_SELF_SIGNED;
	b.o.number = 1;
	when_parse("2017-04-07 22:24:37", 19, 0, &b.o.not_before_ns);
	rig_text(&b, TEXT_CERT_SHA1, "00112233445566778899aabbccddeeff00112233");
	rig_text(&b, TEXT_CERT_SHA256, "abcd");
	rig_text(&b, TEXT_CERT_SUBJECT, "CN=x");
	rig_text(&b, TEXT_CERT_NAMES, "a.example,b.example");
	b.o.key.realm.tunnel = TUNNEL_VXLAN;
	b.o.key.realm.tunnel_id = 77;
	b.o.tunnel = TUNNEL_VXLAN;
	b.o.tunnel_id[0] = 77;
	b.o.tunnel_protocol = 17;
	b.o.tunnel_depth = 1;
	b.o.outer[0] = rig_addr("198.18.0.1");
	b.o.outer[1] = rig_addr("2001:db8::1");
	observation_seal(&b);
	o = parsed(eve_record(&b.o, "s"));
	assert_string_equal(text_at(o, "tls.fingerprint"),
	    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33");
	assert_string_equal(text_at(o, "tls.notbefore"), "2017-04-07T22:24:37");
	assert_null(text_at(o, "tls.notafter"));
	assert_null(text_at(o, "tls.version"));
	assert_string_equal(text_at(o, "tls.subjectaltname.1"), "b.example");
	assert_string_equal(text_at(o, "hansho.cert_sha256"), "abcd");
	assert_string_equal(text_at(o, "hansho.realm.tunnel"), "vxlan");
	assert_true(number_at(o, "hansho.realm.tunnel_id") == 77);
	assert_string_equal(text_at(o, "tunnel.src_ip"), "198.18.0.1");
	assert_string_equal(text_at(o, "tunnel.dest_ip"), "2001:0db8:0000:0000:0000:0000:0000:0001");
	assert_string_equal(text_at(o, "tunnel.proto"), "UDP");
	assert_string_equal(text_at(o, "tunnel.kind"), "vxlan");
	assert_true(number_at(o, "tunnel.depth") == 1);
	assert_true(number_at(o, "tunnel.id_toserver") == 77);
	assert_false(cJSON_HasObjectItem(cJSON_GetObjectItem(o, "tunnel"), "id_toclient"));
	cJSON_Delete(o);
}

/* Labels are in no realm, but somebody has to find the line. */
static void
test_a_label_in_the_reason(void **state)
{
	static struct observation_buffer b;
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_MATCH, 1);
	rig_indicator(&b, ROLE_C2, INDICATOR_DOMAIN, "c2.example");
	o = parsed(alert_line(&b));
	assert_null(strstr(text_at(o, "hansho.reason"), "through"));
	assert_false(cJSON_HasObjectItem(o, "tunnel"));
	cJSON_Delete(o);
	rig_observation(&b, OBSERVE_MATCH, 1);
	b.o.tunnel = TUNNEL_MPLS;
	b.o.tunnel_id[1] = 18;
	rig_indicator(&b, ROLE_C2, INDICATOR_DOMAIN, "c2.example");
	o = parsed(alert_line(&b));
	assert_non_null(strstr(text_at(o, "hansho.reason"), "; through mpls 18"));
	assert_true(number_at(o, "tunnel.id_toclient") == 18);
	assert_false(cJSON_HasObjectItem(cJSON_GetObjectItem(o, "tunnel"), "src_ip"));
	cJSON_Delete(o);
}

static void
test_dns_records(void **state)
{
	static struct observation_buffer b;
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_DNS, 1);
	b.o.app = APP_DNS;
	b.o.key.protocol = 17;
	b.o.number = 4660;
	b.o.version = 28;
	rig_text(&b, TEXT_SERVICE, "c2.example");
	observation_seal(&b);
	o = parsed(eve_record(&b.o, "s"));
	assert_string_equal(text_at(o, "dns.type"), "query");
	assert_string_equal(text_at(o, "dns.rrtype"), "AAAA");
	assert_null(text_at(o, "dns.rcode"));
	assert_false(cJSON_HasObjectItem(cJSON_GetObjectItem(o, "dns"), "edns"));
	assert_false(cJSON_HasObjectItem(cJSON_GetObjectItem(o, "dns"), "tc"));
	cJSON_Delete(o);
	b.o.flags = OBSERVED_RESPONSE | OBSERVED_EDNS | OBSERVED_TRUNCATED | OBSERVED_AUTHORITATIVE;
	b.o.body_bytes = 1232;
	b.o.code = 5;
	b.o.status = 3;
	b.o.version = 4000;
	rig_text(&b, TEXT_ANSWERS, "1 192.0.2.7,5 x.example,,99999999 y,16 ");
	observation_seal(&b);
	o = parsed(eve_record(&b.o, "s"));
	assert_string_equal(text_at(o, "dns.rcode"), "NXDOMAIN");
	assert_string_equal(text_at(o, "dns.rrtype"), "TYPE4000");
	assert_string_equal(text_at(o, "dns.answers.0.rrtype"), "A");
	assert_string_equal(text_at(o, "dns.answers.1.rdata"), "x.example");
	assert_string_equal(text_at(o, "dns.answers.2.rrtype"), "TXT");
	assert_null(text_at(o, "dns.answers.2.rdata"));
	assert_true(number_at(o, "dns.edns.udp_size") == 1232);
	assert_true(number_at(o, "dns.opcode") == 5);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "dns"), "tc")));
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "dns"), "aa")));
	cJSON_Delete(o);
}

static void
test_flow_record(void **state)
{
	static struct observation_buffer b;
	cJSON *o;

	(void)state;
	rig_observation(&b, OBSERVE_FLOW, 90.5);
	b.o.flow_state = FLOW_RESET;
	b.o.flow_end = FLOW_END_EVICTED;
	b.o.flow_bytes[1] = 1000000000000000;	/* what a double would print as 1e+15 */
	b.o.payload_bytes[0] = 7;
	b.o.missed_bytes[1] = 8;
	b.o.flags = OBSERVED_MIDWAY;
	rig_text(&b, TEXT_SOFTWARE, "OpenSSH_9");
	observation_seal(&b);
	{
		char *line = eve_record(&b.o, "s");

		assert_non_null(strstr(line, "\"bytes_toclient\":1000000000000000,"));
		o = parsed(line);
	}
	assert_string_equal(text_at(o, "flow.state"), "closed");
	assert_string_equal(text_at(o, "flow.reason"), "forced");
	assert_true(number_at(o, "flow.age") == 90);
	assert_string_equal(text_at(o, "app_proto"), "failed");
	assert_true(number_at(o, "hansho.payload_toserver") == 7);
	assert_true(number_at(o, "hansho.missed_toclient") == 8);
	assert_string_equal(text_at(o, "hansho.software"), "OpenSSH_9");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "hansho"), "midway")));
	cJSON_Delete(o);
	/* other observations have no record of their own */
	rig_observation(&b, OBSERVE_CONTACT, 1);
	observation_seal(&b);
	assert_null(eve_record(&b.o, "s"));
}

/* ---- the line itself ---- */

static void
test_json_nests_and_escapes(void **state)
{
	const uint8_t odd[] = { '"', '\\', '\b', '\f', '\n', '\r', '\t', 1, 0x1f, 0x7f, 0, 0xc2, 0x85, 0xff, 0xc3, 0xa9, '/' };
	unsigned object, array;
	struct json j;
	char *line;

	(void)state;
	assert_true(json_begin(&j));
	object = json_object(&j, JSON_ROOT, "o");
	array = json_array(&j, object, "a");
	json_integer(&j, json_array_object(&j, array), "n", INT_MIN);
	json_array_number(&j, array, UINT64_MAX);
	json_array_object(&j, array);
	json_array(&j, object, "none");
	assert_true(json_is_open(&j, "o", &object));
	json_span(&j, object, "s", span_of(odd, sizeof odd));
	json_bool(&j, JSON_ROOT, "b", false);
	assert_false(json_is_open(&j, "o", &object));
	json_array_seconds(&j, json_array(&j, JSON_ROOT, "t"), -1500 * (NS_PER_SEC / 1000));
	line = json_end(&j);
	assert_string_equal(line, "{\"o\":{\"a\":[{\"n\":-2147483648},18446744073709551615,{}],\"none\":[],"
	    "\"s\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\\\\x7f\\\\x00\\\\xc2\\\\x85\\\\xff\xc3\xa9/\"},\"b\":false,\"t\":[-1.500]}");
	free(line);
}

/* Longer than any line that is begun with. */
static void
test_long_line(void **state)
{
	static struct observation_buffer b;
	static uint8_t text[OBSERVATION_TEXT_BYTES - 64];
	char *line;

	(void)state;
	rig_observation(&b, OBSERVE_TLS, 1);
	memset(text, 0xff, sizeof text);
	observation_add(&b, TEXT_CERT_SUBJECT, span_of(text, sizeof text), sizeof text);
	observation_seal(&b);
	line = eve_record(&b.o, "s");
	assert_non_null(line);
	assert_int_equal(strspn(strstr(line, "\\\\xff"), "\\xf"), 5 * sizeof text);
	assert_string_equal(line + strlen(line) - 3, "\"}}");
	free(line);
}

/* A line or NULL, never half a line. */
static void
test_no_memory(void **state)
{
	static char text[8192];
	unsigned object;
	struct json j;

	(void)state;
	assert_true(json_begin(&j));
	object = json_object(&j, JSON_ROOT, "o");
	j.failed = true;
	memset(text, 'x', sizeof text - 1);
	json_text(&j, object, "s", text);
	json_number(&j, json_array_object(&j, json_array(&j, object, "a")), "n", 1);
	json_bool(&j, JSON_ROOT, "b", true);
	assert_null(json_end(&j));
}

static void
test_census_record(void **state)
{
	const struct eve_census c = { 20593, "emotet", 300, 7, true };
	char *line = eve_census(&c, RIG_START_NS, "s");

	(void)state;
	assert_non_null(line);
	assert_non_null(strstr(line, "\"event_type\":\"census\",\"host\":\"s\",\"census\":{\"day\":\"2026-05-20\",\"family\":\"emotet\","
	    "\"servers\":300,\"hosts\":7,\"estimated\":true}}"));
	free(line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alert_whole), cmocka_unit_test(test_census_record), cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_ipv6_in_full_and_no_ports),
	cmocka_unit_test(test_a_label_in_the_reason),
		cmocka_unit_test(test_infected_host_inbound), cmocka_unit_test(test_sensor_alert),
		cmocka_unit_test(test_beacon_record), cmocka_unit_test(test_http_records),
		cmocka_unit_test(test_beacon_record), cmocka_unit_test(test_http_odd_host),
		cmocka_unit_test(test_tls_certificate_record), cmocka_unit_test(test_dns_records),
		cmocka_unit_test(test_flow_record), cmocka_unit_test(test_json_nests_and_escapes),		cmocka_unit_test(test_long_line), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
