#include "alert/eve_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/when.h"

void
eve_head(struct json *j, const char *event_type, int64_t ts_ns, const struct observation *o,
    const struct realm *realm, const char *sensor_name)
{
	unsigned vlan;
	int i;

	json_when(j, JSON_ROOT, "timestamp", ts_ns);
	if (o != NULL)
		json_number(j, JSON_ROOT, "flow_id", o->flow_id);
	json_text(j, JSON_ROOT, "event_type", event_type);
	json_text_if(j, JSON_ROOT, "host", sensor_name);
	if (realm->vlan[0] == 0 && realm->vlan[1] == 0)
		return;
	vlan = json_array(j, JSON_ROOT, "vlan");
	for (i = 0; i < 2; i++)
		if (realm->vlan[i] != 0)
			json_array_number(j, vlan, realm->vlan[i]);
}

static bool
has_ports(uint8_t protocol)
{
	return protocol == 6 || protocol == 17 || protocol == 132;
}

void
eve_proto(struct json *j, unsigned in, uint8_t protocol)
{
	char number[8];
	const char *name;

	switch (protocol) {
	case 1: name = "ICMP"; break;
	case 4: name = "IPv4"; break;
	case 6: name = "TCP"; break;
	case 17: name = "UDP"; break;
	case 41: name = "IPv6"; break;
	case 47: name = "GRE"; break;
	case 50: name = "ESP"; break;
	case 58: name = "IPv6-ICMP"; break;
	case 132: name = "SCTP"; break;
	default:
		snprintf(number, sizeof number, "%u", protocol);
		name = number;
	}
	json_text(j, in, "proto", name);
}

void
eve_ends(struct json *j, const struct flow_key *k)
{
	bool ports = has_ports(k->protocol);

	json_addr(j, JSON_ROOT, "src_ip", &k->addr[ORIGINATOR]);
	if (ports)
		json_number(j, JSON_ROOT, "src_port", k->port[ORIGINATOR]);
	json_addr(j, JSON_ROOT, "dest_ip", &k->addr[RESPONDER]);
	if (ports)
		json_number(j, JSON_ROOT, "dest_port", k->port[RESPONDER]);
	eve_proto(j, JSON_ROOT, k->protocol);
}

/* ---- TLS ---- */

/* The names that Suricata uses. */
static void
tls_version(struct json *j, unsigned tls, uint16_t version)
{
	static const char *const names[] = { "SSLv3", "TLSv1", "TLS 1.1", "TLS 1.2", "TLS 1.3" };
	char odd[8];

	if (version == 0)
		return;
	if (version >= 0x0300 && version <= 0x0304) {
		json_text(j, tls, "version", names[version & 7]);
		return;
	}
	snprintf(odd, sizeof odd, "0x%04x", version);
	json_text(j, tls, "version", odd);
}

/* "a,b" → ["a","b"] */
static void
list_of(struct json *j, unsigned in, const char *key, struct span text)
{
	struct span word;
	unsigned array;

	if (text.at == NULL || text.left == 0)
		return;
	array = json_array(j, in, key);
	while (span_until(&text, ',', &word))
		json_array_span(j, array, word);
	json_array_span(j, array, text);
}

/* Lower-case hex → "aa:bb:…", as EVE writes a certificate's SHA-1. */
static void
fingerprint(struct json *j, unsigned tls, struct span hex)
{
	char text[3 * 64];
	size_t i, used = 0;

	if (hex.at == NULL || hex.left == 0)
		return;
	for (i = 0; i < hex.left && used + 3 < sizeof text; i++) {
		if (i > 0 && i % 2 == 0)
			text[used++] = ':';
		text[used++] = (char)hex.at[i];
	}
	json_span(j, tls, "fingerprint", span_of(text, used));
}

static void
hash_and_string(struct json *j, unsigned tls, const char *key, struct span hash, struct span string)
{
	unsigned o;

	if (hash.at == NULL)
		return;
	o = json_object(j, tls, key);
	json_span(j, o, "hash", hash);
	json_span(j, o, "string", string);
}

/* "2017-04-07T22:24:37": EVE has whole seconds here. */
static void
tls_date(struct json *j, unsigned tls, const char *key, int64_t ns)
{
	char text[WHEN_TEXT_MAX];

	if (ns == WHEN_UNKNOWN || ns == 0)
		return;
	when_rfc3339(ns, text);
	json_span(j, tls, key, span_of(text, 19));
}

void
eve_tls(struct json *j, const struct observation *o)
{
	unsigned tls = json_object(j, JSON_ROOT, "tls");

	json_span(j, tls, "sni", observation_text(o, TEXT_SERVICE));
	tls_version(j, tls, o->version);
	json_span(j, tls, "subject", observation_text(o, TEXT_CERT_SUBJECT));
	json_span(j, tls, "issuerdn", observation_text(o, TEXT_CERT_ISSUER));
	json_span(j, tls, "serial", observation_text(o, TEXT_CERT_SERIAL));
	fingerprint(j, tls, observation_text(o, TEXT_CERT_SHA1));
	list_of(j, tls, "subjectaltname", observation_text(o, TEXT_CERT_NAMES));
	tls_date(j, tls, "notbefore", o->not_before_ns);
	tls_date(j, tls, "notafter", o->not_after_ns);
	hash_and_string(j, tls, "ja3", observation_text(o, TEXT_JA3), observation_text(o, TEXT_JA3_TEXT));
	hash_and_string(j, tls, "ja3s", observation_text(o, TEXT_JA3S),
	    observation_text(o, TEXT_JA3S_TEXT));
	json_span(j, tls, "ja4", observation_text(o, TEXT_JA4));
	list_of(j, tls, "client_alpns", observation_text(o, TEXT_ALPN));
	list_of(j, tls, "server_alpns", observation_text(o, TEXT_SERVER_ALPN));
	json_span(j, JSON_ROOT, "xff", observation_text(o, TEXT_FORWARDED_FOR));
}

/* ---- HTTP ---- */

void
eve_http(struct json *j, const struct observation *o)
{
	unsigned http = json_object(j, JSON_ROOT, "http");
	struct span url = observation_text(o, TEXT_URL), host = span_of(NULL, 0);
	struct span service = observation_text(o, TEXT_SERVICE);
	bool path = url.at != NULL && span_until(&url, '/', &host);

	/* What cannot be a name ("Host: 1qmm edu") names no service, but is worth seeing. */
	if (service.at == NULL && host.left > 0)
		service = host;
	json_span(j, http, "hostname", service);
	if (path)
		json_span(j, http, "url", span_of(url.at - 1, url.left + 1));
	json_span(j, http, "http_user_agent", observation_text(o, TEXT_USER_AGENT));
	json_span(j, http, "http_content_type", observation_text(o, TEXT_CONTENT_TYPE));
	json_span(j, http, "http_refer", observation_text(o, TEXT_REFERRER));
	json_span(j, http, "http_method", observation_text(o, TEXT_METHOD));
	if (o->status != 0)
		json_number(j, http, "status", o->status);
	json_number(j, http, "length", o->body_bytes);
	json_span(j, JSON_ROOT, "xff", observation_text(o, TEXT_FORWARDED_FOR));
}

/* ---- DNS ---- */

static void
dns_type(struct json *j, unsigned in, const char *key, unsigned type)
{
	static const struct { unsigned number; const char *name; } names[] = {
		{ 1, "A" }, { 2, "NS" }, { 5, "CNAME" }, { 6, "SOA" }, { 12, "PTR" }, { 15, "MX" },
		{ 16, "TXT" }, { 28, "AAAA" }, { 33, "SRV" }, { 35, "NAPTR" }, { 43, "DS" },
		{ 46, "RRSIG" }, { 48, "DNSKEY" }, { 52, "TLSA" }, { 64, "SVCB" }, { 65, "HTTPS" },
		{ 255, "ANY" },
	};
	char number[16];
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].number == type) {
			json_text(j, in, key, names[i].name);
			return;
		}
	/* RFC 3597 */
	snprintf(number, sizeof number, "TYPE%u", type);
	json_text(j, in, key, number);
}

static void
dns_rcode(struct json *j, unsigned dns, unsigned rcode)
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE",
	};
	char number[8];

	if (rcode < sizeof names / sizeof names[0]) {
		json_text(j, dns, "rcode", names[rcode]);
		return;
	}
	snprintf(number, sizeof number, "%u", rcode & 0xffff);
	json_text(j, dns, "rcode", number);
}

/* One "1 192.0.2.10" of TEXT_ANSWERS. */
static void
dns_answer(struct json *j, unsigned answers, struct span text)
{
	struct span type;
	unsigned number = 0;
	unsigned answer;
	size_t i;

	if (!span_until(&text, ' ', &type) || type.left == 0 || type.left > 5)
		return;
	for (i = 0; i < type.left; i++)
		number = number * 10 + (unsigned)(type.at[i] - '0') % 10;
	answer = json_array_object(j, answers);
	dns_type(j, answer, "rrtype", number);
	if (text.left > 0)
		json_span(j, answer, "rdata", text);
}

void
eve_dns(struct json *j, const struct observation *o)
{
	bool response = (o->flags & OBSERVED_RESPONSE) != 0;
	struct span all = observation_text(o, TEXT_ANSWERS), one;
	unsigned dns = json_object(j, JSON_ROOT, "dns"), answers;

	json_number(j, dns, "version", 2);	/* of EVE's DNS records */
	json_text(j, dns, "type", response ? "answer" : "query");
	json_number(j, dns, "id", o->number);
	json_span(j, dns, "rrname", observation_text(o, TEXT_SERVICE));
	dns_type(j, dns, "rrtype", o->version);
	if (o->code != 0)
		json_number(j, dns, "opcode", o->code);
	if ((o->flags & OBSERVED_TRUNCATED) != 0)
		json_bool(j, dns, "tc", true);
	if ((o->flags & OBSERVED_EDNS) != 0)
		json_number(j, json_object(j, dns, "edns"), "udp_size", o->body_bytes);
	if (!response)
		return;
	if ((o->flags & OBSERVED_AUTHORITATIVE) != 0)
		json_bool(j, dns, "aa", true);
	dns_rcode(j, dns, o->status);
	if (all.at == NULL)
		return;
	answers = json_array(j, dns, "answers");
	while (span_until(&all, ',', &one))
		dns_answer(j, answers, one);
	dns_answer(j, answers, all);
}

/* ---- flow ---- */

unsigned
eve_flow(struct json *j, const struct observation *o)
{
	unsigned flow = json_object(j, JSON_ROOT, "flow");

	json_number(j, flow, "pkts_toserver", o->packets[ORIGINATOR]);
	json_number(j, flow, "pkts_toclient", o->packets[RESPONDER]);
	json_number(j, flow, "bytes_toserver", o->flow_bytes[ORIGINATOR]);
	json_number(j, flow, "bytes_toclient", o->flow_bytes[RESPONDER]);
	json_when(j, flow, "start", o->flow_first_ns);
	return flow;
}
