#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "packet.h"
#include "witness/witness.h"

enum { KEPT_MAX = 32 };

#define START_NS (1700000000LL * NS_PER_SEC)

/* ---- indicators, of which the witness knows nothing but how to ask ---- */

static const struct indicator listed[] = {
	{ INDICATOR_ADDRESS_PORT, ROLE_C2, "198.51.100.7:443", "f", "Emotet", "e1", 7, 90, 11, 22, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS_PORT, ROLE_C2, "198.51.100.8:80", "f", "", "", 8, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS, ROLE_INFECTED, "10.0.0.9", "n", "Mirai", "", 9, 0, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS, ROLE_INFECTED, "198.51.100.66", "n", "", "", 9, 0, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_DOMAIN, ROLE_C2, "c2.example", "f", "", "", 10, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_URL, ROLE_DOWNLOAD, "web.example:8080/a?b", "f", "", "", 11, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_JA3, ROLE_C2, "0123456789abcdef0123456789abcdef", "f", "", "", 12, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_CERT_SHA1, ROLE_C2, "aaaa", "f", "", "", 13, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	/* The same thing in three feeds, and one of another role in a fourth. */
	{ INDICATOR_DOMAIN, ROLE_SUSPICIOUS, "many.example", "list", "", "r1", 20, 50, 30, 40, 60, "" },
	{ INDICATOR_DOMAIN, ROLE_C2, "many.example", "feodo", "", "r2", 21, 50, WHEN_UNKNOWN, 90, 80, "" },
	{ INDICATOR_DOMAIN, ROLE_C2, "many.example", "mine", "Emotet", "r3", 22, 0, 10, WHEN_UNKNOWN, 70, "" },
	{ INDICATOR_ADDRESS_PORT, ROLE_C2, "198.18.0.2:0", "f", "", "", 14, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
};

static const struct indicators *const any_set = (const void *)listed;

static unsigned
find(enum indicator_type type, bool infected, const char *value, uint32_t *found, unsigned most)
{
	unsigned n = 0;
	uint32_t i;

	for (i = 0; i < sizeof listed / sizeof listed[0] && n < most; i++)
		if (listed[i].type == type && (listed[i].role == ROLE_INFECTED) == infected &&
		    strcmp(listed[i].value, value) == 0)
			found[n++] = i;
	return n;
}

static unsigned
by_peer(const struct indicators *set, const struct addr *a, uint16_t port, uint32_t *found, unsigned most)
{
	char text[ADDR_TEXT_MAX + 8];
	size_t len;

	assert_ptr_equal(set, any_set);
	addr_text(a, text);
	len = strlen(text);
	snprintf(text + len, sizeof text - len, ":%u", port);
	return find(INDICATOR_ADDRESS_PORT, false, text, found, most);
}

static unsigned
by_source(const struct indicators *set, const struct addr *a, uint32_t *found, unsigned most)
{
	char text[ADDR_TEXT_MAX];

	assert_ptr_equal(set, any_set);
	return find(INDICATOR_ADDRESS, true, addr_text(a, text), found, most);
}

static unsigned
by_domain(const struct indicators *set, struct span name, uint32_t *found, unsigned most)
{
	char text[300] = "";

	assert_ptr_equal(set, any_set);
	memcpy(text, name.at, name.left);
	return find(INDICATOR_DOMAIN, false, text, found, most);
}

static unsigned
by_url(const struct indicators *set, struct span host, struct span path, uint32_t *found, unsigned most)
{
	char text[300] = "";

	assert_ptr_equal(set, any_set);
	memcpy(text, host.at, host.left);
	memcpy(text + host.left, path.at, path.left);
	return find(INDICATOR_URL, false, text, found, most);
}

static unsigned
by_text(const struct indicators *set, enum indicator_type type, struct span s, uint32_t *found, unsigned most)
{
	char text[300] = "";

	assert_ptr_equal(set, any_set);
	memcpy(text, s.at, s.left);
	return find(type, false, text, found, most);
}

static void
get(const struct indicators *set, uint32_t entry, struct indicator *out)
{
	assert_ptr_equal(set, any_set);
	*out = listed[entry];
}

static const struct witness_lookup lookup = { by_peer, by_source, by_domain, by_url, by_text, get };

/* ---- the witness, a flow, what comes out ---- */

static struct observation *kept[KEPT_MAX];
static unsigned kept_count;
static struct witness *witness;
static struct flow flow;
static struct flow_talk talk;
static struct cidr home[1];

static void
keep(void *to, const struct observation *o)
{
	(void)to;
	assert_true(kept_count < KEPT_MAX);
	assert_true(observation_valid(o, o->bytes));
	kept[kept_count] = malloc(o->bytes);
	assert_non_null(kept[kept_count]);
	memcpy(kept[kept_count++], o, o->bytes);
}

static void
forget(void)
{
	while (kept_count > 0)
		free(kept[--kept_count]);
}

static void
begin(unsigned records)
{
	const struct witness_options options = { .home = home, .home_count = 1, .burst_pause_ns = 3 * NS_PER_SEC,
		.records = records, .lookup = &lookup };

	witness_free(witness);
	witness = witness_new(&options, keep, NULL);
	assert_non_null(witness);
}

static void
begin_flow(uint8_t protocol, const char *from, uint16_t from_port, const char *to, uint16_t to_port)
{
	struct flow_key key = { .protocol = protocol, .port = { from_port, to_port } };
	static struct flow_place place;

	free(talk.slot[SLOT_WITNESS]);
	memset(&flow, 0, sizeof flow);
	talk = FLOW_SILENT;
	flow.talk = &talk;
	assert_true(addr_parse(from, strlen(from), &key.addr[0]));
	assert_true(addr_parse(to, strlen(to), &key.addr[1]));
	flow_set_key(&flow, &key, &place);
	flow.first_ordinal = 3;
	flow.first_ns = START_NS;
	flow.last_ns = START_NS + 5;
	flow.side[0].packets = 2;
}

static int
setup(void **state)
{
	(void)state;
	assert_true(cidr_parse("10.0.0.0/8", 10, &home[0]));
	begin(0);
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", 443);
	witness_at(witness, 9, PHASE_PACKET, INT64_MAX);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	forget();
	free(flow.talk->slot[SLOT_WITNESS]);
	flow.talk->slot[SLOT_WITNESS] = NULL;
	witness_free(witness);
	witness = NULL;
	return 0;
}

/* "contact match name http tls dns flow" of what was kept. */
static void
assert_kinds(const char *expected)
{
	static const char *const names[OBSERVATION_KINDS] = { "contact", "match", "name", "http", "tls", "dns",
		"flow", "sensor", "unknown", "mail", "file", "login", "remote", "identity", "evasion", "lasting", "unanswered", "proxy" };
	char text[300] = "";
	unsigned i;

	for (i = 0; i < kept_count; i++) {
		strcat(text, i == 0 ? "" : " ");
		strcat(text, names[kept[i]->kind]);
	}
	assert_string_equal(text, expected);
}

static void
assert_text(const struct observation *o, enum observation_text tag, const char *expected)
{
	struct span s = observation_text(o, tag);

	if (expected == NULL) {
		assert_null(s.at);
		return;
	}
	assert_non_null(s.at);
	assert_int_equal(s.left, strlen(expected));
	assert_memory_equal(s.at, expected, s.left);
}

static void
request(const char *host, const char *path, bool proxied, bool connect)
{
	const struct http_request r = { .method = span_text(connect ? "CONNECT" : "GET"),
		.host = span_text(host), .path = span_text(path), .user_agent = span_text("ua"),
		.proxied = proxied, .connect = connect, .number = 2 };
	const struct message m = { .kind = MESSAGE_HTTP_REQUEST, .flow = &flow, .from = ORIGINATOR,
		.ts_ns = START_NS + 100, .http_request = &r };

	witness_message(witness, &flow, &m);
}

static void
proxy_says(int asker, enum proxy_action action, const char *host, enum outcome outcome)
{
	const struct proxy x = { .action = action, .version = 5, .host = span_text(host), .answered = outcome != OUTCOME_UNKNOWN,
		.outcome = outcome };
	const struct message m = { .kind = MESSAGE_PROXY, .flow = &flow, .from = asker, .ts_ns = START_NS + 100, .proxy = &x };

	witness_message(witness, &flow, &m);
}

static void
client_hello(const char *sni)
{
	struct tls_client c = { .best_version = 0x0304, .sni = sni == NULL ? span_of(NULL, 0) : span_text(sni),
		.ja4 = "t13d" };
	const struct message m = { .kind = MESSAGE_TLS_CLIENT, .flow = &flow, .from = ORIGINATOR,
		.ts_ns = START_NS + 100, .tls_client = &c };

	strcpy(c.ja3, "0123456789abcdef0123456789abcdef");
	witness_message(witness, &flow, &m);
}

static void
dns(bool response, const char *name, const char *address)
{
	struct dns_answer answer = { .type = 1 };
	struct dns_message d = { .id = 7, .response = response, .question_type = 1,
		.answers_count = address == NULL ? 0 : 1, .answers = &answer };
	const struct message m = { .kind = MESSAGE_DNS, .flow = &flow, .from = response, .ts_ns = START_NS + 100,
		.dns = &d };

	strcpy(d.question, name);
	if (address != NULL)
		assert_true(addr_parse(address, strlen(address), &answer.addr));
	witness_message(witness, &flow, &m);
}

/* ---- contacts ---- */

static void
a_contact_waits_for_its_name(void **state)
{
	(void)state;
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("");
	client_hello("WWW.Example.");
	assert_kinds("contact");
	assert_text(kept[0], TEXT_SERVICE, "www.example");
	assert_int_equal(kept[0]->ts_ns, START_NS);	/* when the connection began */
	assert_int_equal(kept[0]->burst, 0);
	assert_int_equal(kept[0]->app, APP_TLS);
	client_hello("www.example");
	assert_kinds("contact");
	witness_flow_ended(witness, &flow, FLOW_END_CLOSED, START_NS + 200);
	assert_kinds("contact flow");
	assert_int_equal(kept[1]->count, 1);
	assert_int_equal(kept[1]->number, kept[0]->number);
	assert_true(kept[0]->number != 0);	/* the fingerprint, in short */
	assert_null(flow.talk->slot[SLOT_WITNESS]);
}

static void
without_a_name_the_end_tells(void **state)
{
	(void)state;
	witness_flow_started(witness, &flow, START_NS);
	witness_flow_burst(witness, &flow, START_NS + 50);
	assert_kinds("");
	witness_flow_ended(witness, &flow, FLOW_END_TIMEOUT, START_NS + 900);
	assert_kinds("contact flow");
	assert_int_equal(kept[0]->ts_ns, START_NS);
	assert_text(kept[0], TEXT_SERVICE, NULL);
}

static void
what_has_no_name_tells_at_once(void **state)
{
	(void)state;
	witness_flow_unnamed(witness, &flow);
	witness_flow_unnamed(witness, &flow);
	assert_kinds("contact");
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", 443);
	client_hello(NULL);
	assert_kinds("contact contact");
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", 80);
	request("one two", "/", false, false);
	assert_kinds("contact contact contact");
	assert_text(kept[2], TEXT_SERVICE, NULL);
}

static void
udp_tells_at_its_first_packet(void **state)
{
	(void)state;
	begin_flow(PROTO_UDP, "10.0.0.5", 40000, "198.51.100.1", 9999);
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("contact");
	begin_flow(PROTO_ICMP, "10.0.0.5", 8, "198.51.100.1", 0);
	witness_flow_started(witness, &flow, START_NS);
	witness_flow_ended(witness, &flow, FLOW_END_TIMEOUT, START_NS);
	assert_kinds("contact");
}

static void
another_name_in_one_connection_is_another_contact(void **state)
{
	(void)state;
	request("a.example", "/", false, false);
	request("a.example", "/", false, false);
	request("b.example", "/", false, false);
	assert_kinds("contact contact");
	assert_text(kept[1], TEXT_SERVICE, "b.example");
	assert_int_equal(kept[0]->ts_ns, START_NS);
}

static void
behind_a_proxy_each_request_is_a_contact(void **state)
{
	(void)state;
	request("a.example", "/", true, false);
	request("a.example", "/", true, false);
	request("b.example", "/", true, false);
	assert_kinds("contact contact contact");
	assert_text(kept[2], TEXT_SERVICE, "b.example");
	assert_int_equal(kept[0]->ts_ns, START_NS + 100);	/* the proxy's connection is older than the call */
	assert_true((kept[2]->flags & OBSERVED_PROXIED) != 0);
}

/* Of the first request alone, and only of the machine that sent it. */
static void
a_program_says_what_it_is(void **state)
{
	struct http_request r = { .method = span_text("GET"), .host = span_text("a.example"), .path = span_text("/"),
		.user_agent = span_text("ua"), .number = 1 };
	const struct message m = { .kind = MESSAGE_HTTP_REQUEST, .flow = &flow, .from = ORIGINATOR,
		.ts_ns = START_NS + 100, .http_request = &r };

	(void)state;
	witness_message(witness, &flow, &m);
	r.number = 2;
	witness_message(witness, &flow, &m);
	r.number = 1;
	r.via = true;
	witness_message(witness, &flow, &m);
	r.via = false;
	r.forwarded_for = span_text("192.0.2.1");
	witness_message(witness, &flow, &m);
	assert_kinds("identity contact");
	assert_int_equal(kept[0]->detail, IDENTITY_HTTP);
	assert_memory_equal(&kept[0]->named, &kept[0]->key.addr[ORIGINATOR], sizeof kept[0]->named);
	assert_text(kept[0], TEXT_SOFTWARE, "ua");
}

static void
names_are_cut_out_of_hosts(void **state)
{
	static const struct { const char *host, *name; } rows[] = {
		{ "Name.Example:8080", "name.example" }, { "name.example.", "name.example" },
		{ "192.0.2.7:80", "192.0.2.7" }, { "[2001:DB8::7]:443", "2001:db8::7" },
		{ "[2001:db8::7", NULL }, { "", NULL }, { ":80", NULL }, { "a b", NULL }, { "a\x7f", NULL },
		{ "sch\xc3\xb6n.example", "sch\xc3\xb6n.example" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", 80);
		request(rows[i].host, "/", false, false);
		assert_kinds("contact");
		assert_text(kept[0], TEXT_SERVICE, rows[i].name);
		forget();
	}
}

static void
a_host_without_end_is_no_name(void **state)
{
	static char host[400];

	(void)state;
	memset(host, 'a', sizeof host - 1);
	request(host, "/", false, false);
	assert_kinds("contact");
	assert_text(kept[0], TEXT_SERVICE, NULL);
}

/* Whom we watch over: the one at home; if both or neither is, the one who asked. */
static void
the_host_is_the_one_at_home(void **state)
{
	static const struct { const char *from, *to; uint8_t home, side; } rows[] = {
		{ "10.0.0.5", "198.51.100.1", 1, ORIGINATOR }, { "198.51.100.1", "10.0.0.5", 2, RESPONDER },
		{ "10.0.0.5", "10.0.0.6", 3, ORIGINATOR }, { "198.51.100.1", "198.51.100.2", 0, ORIGINATOR },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin_flow(PROTO_TCP, rows[i].from, 40000, rows[i].to, 80);
		flow.first_ordinal = i;
		witness_flow_unnamed(witness, &flow);
		assert_int_equal(kept[i]->home, rows[i].home);
		assert_int_equal(kept[i]->host_side, rows[i].side);
	}
}

/* ---- indicators ---- */

static void
a_listed_peer_is_told_at_once(void **state)
{
	(void)state;
	witness_set_indicators(witness, any_set);
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.7", 443);
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("match");
	assert_int_equal(kept[0]->indicator_type, INDICATOR_ADDRESS_PORT);
	assert_int_equal(kept[0]->indicator_role, ROLE_C2);
	assert_int_equal(kept[0]->indicator_line, 7);
	assert_int_equal(kept[0]->indicator_confidence, 90);
	assert_int_equal(kept[0]->indicator_first_ns, 11);
	assert_text(kept[0], TEXT_INDICATOR_VALUE, "198.51.100.7:443");
	assert_text(kept[0], TEXT_INDICATOR_MALWARE, "Emotet");
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.7", 444);
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("match");
}

static void
one_thing_in_many_feeds_is_one_match(void **state)
{
	(void)state;
	witness_set_indicators(witness, any_set);
	begin_flow(PROTO_UDP, "10.0.0.5", 40000, "198.51.100.53", 53);
	dns(false, "many.example", NULL);
	assert_kinds("match dns");
	assert_int_equal(kept[0]->indicator_role, ROLE_C2);
	assert_int_equal(kept[0]->indicator_confidence, 75);
	assert_int_equal(kept[0]->indicator_line, 21);
	assert_int_equal(kept[0]->indicator_first_ns, 10);
	assert_int_equal(kept[0]->indicator_last_ns, 90);
	assert_int_equal(kept[0]->indicator_until_ns, 80);
	assert_text(kept[0], TEXT_INDICATOR_FEED, "feodo");
	assert_text(kept[0], TEXT_INDICATOR_FEEDS, "list\nfeodo\nmine");
	assert_text(kept[0], TEXT_INDICATOR_REFERENCE, "r2");
	assert_text(kept[0], TEXT_INDICATOR_MALWARE, "Emotet");
}

/* Midway, who asked is a guess: the listed server may look like the one who did. */
static void
midway_both_ends_are_looked_up(void **state)
{
	(void)state;
	witness_set_indicators(witness, any_set);
	begin_flow(PROTO_TCP, "198.51.100.7", 443, "10.0.0.5", 40000);
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("");
	flow.midway = true;
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("match");
	assert_true((kept[0]->flags & OBSERVED_MIDWAY) != 0);
}

static void
an_infected_host_is_looked_up_as_source_only(void **state)
{
	(void)state;
	witness_set_indicators(witness, any_set);
	begin_flow(PROTO_UDP, "10.0.0.9", 40000, "198.51.100.1", 9999);
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("match contact");
	assert_int_equal(kept[0]->indicator_role, ROLE_INFECTED);
	begin_flow(PROTO_UDP, "198.51.100.1", 40000, "10.0.0.9", 9999);
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("match contact contact");
}

/* What is infected elsewhere says nothing about the host of ours that it asks. */
static void
an_infected_list_speaks_of_our_hosts(void **state)
{
	(void)state;
	witness_set_indicators(witness, any_set);
	begin_flow(PROTO_TCP, "198.51.100.66", 40000, "10.0.0.5", 80);
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("");
	begin_flow(PROTO_TCP, "198.51.100.66", 40000, "192.0.2.1", 80);	/* nobody is at home: who asks is ours */
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("match");
	assert_int_equal(kept[0]->host_side, ORIGINATOR);
}

static void
what_a_message_says_is_looked_up(void **state)
{
	struct tls_certificate c = { .chain = 1, .not_before_ns = WHEN_UNKNOWN, .not_after_ns = WHEN_UNKNOWN };
	const struct message m = { .kind = MESSAGE_TLS_CERTIFICATE, .flow = &flow, .from = RESPONDER,
		.ts_ns = START_NS + 100, .tls_certificate = &c };

	(void)state;
	witness_set_indicators(witness, any_set);
	client_hello("c2.example");
	assert_kinds("contact match match");
	assert_int_equal(kept[1]->indicator_type, INDICATOR_DOMAIN);
	assert_int_equal(kept[2]->indicator_type, INDICATOR_JA3);
	assert_text(kept[2], TEXT_SERVICE, "c2.example");
	assert_text(kept[2], TEXT_JA4, "t13d");
	forget();
	strcpy(c.sha1, "aaaa");
	witness_message(witness, &flow, &m);
	assert_kinds("match");
	assert_int_equal(kept[0]->indicator_type, INDICATOR_CERT_SHA1);
	forget();
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", 8080);
	request("web.example:8080", "/a?b", false, false);
	assert_kinds("contact match");
	assert_text(kept[1], TEXT_URL, "web.example:8080/a?b");
	assert_text(kept[1], TEXT_USER_AGENT, "ua");
}

/* Its relays by the authority of its maker; what users make themselves at its ports only. */
static void
anydesk_is_known_by_certificates(void **state)
{
	static const struct {
		const char *subject, *issuer;
		uint16_t port;
		enum app app;
	} rows[] = {
		{ "CN=AnyNet Relay,O=philandro Software GmbH,C=DE", "CN=AnyNet Root CA,O=philandro Software GmbH,C=DE", 443, APP_ANYDESK },
		{ "CN=AnyNet Relay", "CN=AnyNet Root CA 2", 6568, APP_ANYDESK },
		{ "CN=AnyNet Relay", "CN=AnyNet Relay", 443, APP_TLS },
		{ "CN=AnyNet Relay", "CN=AnyNet Root CAs", 443, APP_TLS },
		{ "CN=AnyNet Relay", "O=x\\,CN=AnyNet Root CA", 443, APP_TLS },
		{ "CN=AnyDesk Client", "CN=AnyDesk Client", 7070, APP_ANYDESK },
		{ "CN=AnyDesk Client", "CN=AnyDesk Client", 443, APP_TLS },
		{ "CN=AsyncRAT Server", "CN=AsyncRAT Server", 7070, APP_TLS },
	};
	struct tls_certificate c = { .chain = 1, .not_before_ns = WHEN_UNKNOWN, .not_after_ns = WHEN_UNKNOWN };
	struct message m = { .kind = MESSAGE_TLS_CERTIFICATE, .flow = &flow, .from = RESPONDER, .tls_certificate = &c };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", rows[i].port);
		m.ts_ns = START_NS + 100;
		c.subject = span_text(rows[i].subject);
		c.issuer = span_text(rows[i].issuer);
		witness_message(witness, &flow, &m);
		assert_int_equal(flow.app, rows[i].app);
	}
}

/* The peer is the proxy; whom it shall call stands in the request. */
static void
an_address_behind_a_proxy_is_looked_up(void **state)
{
	(void)state;
	witness_set_indicators(witness, any_set);
	request("198.51.100.7:443", "", true, true);
	request("198.51.100.7", "", true, true);
	request("198.51.100.8", "/", true, false);
	request("198.51.100.8:81", "/", true, false);
	assert_kinds("contact match contact match contact match contact");
	forget();
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", 8080);
	request("198.51.100.8", "/", false, false);	/* no proxy: the peer is who is talked to */
	assert_kinds("contact");
}

static void
a_question_counts_once(void **state)
{
	(void)state;
	witness_set_indicators(witness, any_set);
	begin_flow(PROTO_UDP, "10.0.0.5", 40000, "10.0.0.1", 53);
	flow.side[0].packets = 1;
	dns(false, "c2.example", NULL);
	dns(true, "c2.example", NULL);
	assert_kinds("match dns dns");
	flow.side[0].packets = 0;		/* a capture of the answers alone */
	dns(true, "c2.example", NULL);
	assert_kinds("match dns dns match dns");
}

static void
answers_name_addresses(void **state)
{
	(void)state;
	begin_flow(PROTO_UDP, "10.0.0.5", 40000, "10.0.0.1", 53);
	dns(false, "www.example", NULL);
	dns(true, "www.example", "198.51.100.1");
	dns(true, "", "198.51.100.1");
	assert_kinds("dns name dns dns");
	assert_text(kept[1], TEXT_SERVICE, "www.example");
	assert_true(addr_equal(&kept[1]->named, &(struct addr){ { [10] = 0xff, 0xff, 198, 51, 100, 1 } }));
}

/* ---- records ---- */

static void
records_are_observed_as_asked(void **state)
{
	(void)state;
	begin(WITNESS_HTTP | WITNESS_FLOW);
	witness_at(witness, 9, PHASE_PACKET, INT64_MAX);
	request("www.example", "?id=7", false, false);
	witness_flow_ended(witness, &flow, FLOW_END_CLOSED, START_NS + 900);
	assert_kinds("contact http flow");
	assert_text(kept[1], TEXT_URL, "www.example/?id=7");
	assert_text(kept[1], TEXT_METHOD, "GET");
	assert_text(kept[2], TEXT_SERVICE, "www.example");
	assert_int_equal(kept[2]->flow_end, FLOW_END_CLOSED);
	assert_int_equal(kept[2]->ts_ns, START_NS + 900);
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", 443);
	client_hello("www.example");
	begin_flow(PROTO_UDP, "10.0.0.5", 40000, "10.0.0.1", 53);
	dns(false, "www.example", NULL);
	assert_kinds("contact http flow contact dns");
}

static void
a_url_is_cut_where_it_grows_too_long(void **state)
{
	static char path[5000];

	(void)state;
	begin(WITNESS_HTTP);
	memset(path, 'p', sizeof path - 1);
	path[0] = '/';
	request("www.example", path, false, false);
	assert_kinds("contact http");
	assert_int_equal(observation_text(kept[1], TEXT_URL).left, 2048);
	path[0] = 'p';
	request("www.example", path, false, false);
	assert_int_equal(observation_text(kept[2], TEXT_URL).left, 2048);
}

static void
observations_of_one_cause_are_numbered_on(void **state)
{
	(void)state;
	begin(WITNESS_HTTP);
	witness_at(witness, 9, PHASE_PACKET, INT64_MAX);
	request("www.example", "/", false, false);
	witness_at(witness, 9, PHASE_PACKET, INT64_MAX);
	request("www.example", "/", false, false);
	witness_at(witness, 10, PHASE_HOLE, 70);
	request("www.example", "/", false, false);
	assert_kinds("contact http http http");
	assert_int_equal(kept[0]->index, 0);
	assert_int_equal(kept[2]->index, 2);
	assert_int_equal(kept[3]->index, 0);
	assert_int_equal(kept[3]->ordinal, 10);
	assert_int_equal(kept[3]->phase, PHASE_HOLE);
	assert_int_equal(kept[3]->deadline_ns, 70);
	assert_int_equal(kept[3]->flow_ordinal, 3);
	assert_int_equal(witness_counts(witness)->observations, 4);
	assert_int_equal(witness_counts(witness)->contacts, 1);
}

static void
test_the_ends_of_a_tunnel(void **state)
{
	struct flow_tunnel tunnel = { .id = { 0x1001, 0x1002 }, .kind = TUNNEL_GTPU, .protocol = 17, .depth = 1 };
	int side;

	(void)state;
	witness_set_indicators(witness, any_set);
	for (side = 0; side < 2; side++) {
		forget();
		assert_true(addr_parse("198.18.0.1", 10, &tunnel.outer[side]));
		assert_true(addr_parse("198.18.0.2", 10, &tunnel.outer[!side]));
		talk.tunnel = &tunnel;
		witness_flow_started(witness, &flow, START_NS);
		assert_kinds("match");
		assert_text(kept[0], TEXT_INDICATOR_VALUE, "198.18.0.2:0");
		assert_true(addr_equal(&kept[0]->outer[side], &tunnel.outer[side]));
		assert_true(addr_equal(&kept[0]->outer[!side], &tunnel.outer[!side]));
		assert_int_equal(kept[0]->tunnel, TUNNEL_GTPU);
		assert_int_equal(kept[0]->tunnel_depth, 1);
		assert_int_equal(kept[0]->tunnel_protocol, 17);
		assert_int_equal(kept[0]->tunnel_id[RESPONDER], 0x1002);
	}
	forget();
	tunnel.depth = 0;	/* not over IP */
	witness_flow_started(witness, &flow, START_NS);
	assert_kinds("");
	talk.tunnel = NULL;
}

/* What is asked of a SOCKS proxy is the service, and what indicators are held against. */
static void
socks_names_the_service(void **state)
{
	(void)state;
	begin(WITNESS_FLOW);
	proxy_says(ORIGINATOR, PROXY_CONNECT, "C2.example:443", OUTCOME_UNKNOWN);
	assert_kinds("contact proxy");
	assert_text(kept[0], TEXT_SERVICE, "c2.example");
	assert_int_equal(kept[0]->flags & OBSERVED_PROXIED, OBSERVED_PROXIED);
	assert_int_equal(kept[0]->app, APP_SOCKS);
	assert_text(kept[1], TEXT_URL, "C2.example:443");
	assert_int_equal(kept[1]->flags & OBSERVED_RESPONSE, 0);
	forget();
	proxy_says(ORIGINATOR, PROXY_CONNECT, "C2.example:443", OUTCOME_FAILURE);
	assert_kinds("proxy");
	assert_int_equal(kept[0]->outcome, OUTCOME_FAILURE);
	forget();
	witness_flow_ended(witness, &flow, FLOW_END_CLOSED, START_NS + 200);
	assert_kinds("flow");
	assert_int_equal(kept[0]->flags & OBSERVED_REFUSED, OBSERVED_REFUSED);
}

static void
what_socks_is_asked_for_is_looked_up(void **state)
{
	(void)state;
	witness_set_indicators(witness, any_set);
	proxy_says(ORIGINATOR, PROXY_CONNECT, "c2.example:443", OUTCOME_UNKNOWN);
	proxy_says(ORIGINATOR, PROXY_CONNECT, "198.51.100.7:443", OUTCOME_UNKNOWN);
	assert_kinds("contact match proxy contact match proxy");
	assert_text(kept[1], TEXT_SERVICE, "c2.example");
	forget();
	begin_flow(PROTO_TCP, "10.0.0.5", 40000, "198.51.100.1", 1080);
	proxy_says(RESPONDER, PROXY_CONNECT, "c2.example:443", OUTCOME_UNKNOWN);	/* another's wish */
	assert_kinds("contact proxy");
}

/* The machine that called is the proxy: whom others ask for does not name whom it called. */
static void
lent_machine_keeps_its_peer(void **state)
{
	(void)state;
	begin(WITNESS_FLOW);
	proxy_says(RESPONDER, PROXY_CONNECT, "shop.example:443", OUTCOME_UNKNOWN);
	assert_kinds("contact proxy");
	assert_text(kept[0], TEXT_SERVICE, NULL);
	assert_int_equal(kept[0]->flags & OBSERVED_PROXIED, 0);
	assert_int_equal(kept[1]->flags & OBSERVED_RESPONSE, OBSERVED_RESPONSE);
	forget();
	proxy_says(RESPONDER, PROXY_CONNECT, "shop.example:443", OUTCOME_FAILURE);
	witness_flow_ended(witness, &flow, FLOW_END_CLOSED, START_NS + 200);
	assert_kinds("proxy flow");
	assert_int_equal(kept[1]->flags & OBSERVED_REFUSED, 0);
}

/* A balancer's claim goes with contacts, requests and ends, unless the request itself says more. */
static void
balancer_claims(void **state)
{
	struct http_request r = { .method = span_text("GET"), .host = span_text("www.example"), .path = span_text("/"),
		.forwarded_for = span_text("192.0.2.99"), .number = 1 };
	const struct message m = { .kind = MESSAGE_HTTP_REQUEST, .flow = &flow, .from = ORIGINATOR, .ts_ns = START_NS + 100,
		.http_request = &r };

	(void)state;
	begin(WITNESS_HTTP | WITNESS_FLOW);
	proxy_says(ORIGINATOR, PROXY_CLAIM, "198.51.100.22", OUTCOME_UNKNOWN);
	assert_kinds("");
	request("www.example", "/", false, false);
	assert_kinds("contact http");
	assert_text(kept[0], TEXT_FORWARDED_FOR, "198.51.100.22");
	assert_text(kept[1], TEXT_FORWARDED_FOR, "198.51.100.22");
	assert_text(kept[0], TEXT_SERVICE, "www.example");
	forget();
	witness_message(witness, &flow, &m);
	assert_kinds("http");
	assert_text(kept[0], TEXT_FORWARDED_FOR, "192.0.2.99");
	forget();
	witness_flow_ended(witness, &flow, FLOW_END_CLOSED, START_NS + 200);
	assert_kinds("flow");
	assert_text(kept[0], TEXT_FORWARDED_FOR, "198.51.100.22");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_contact_waits_for_its_name, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_ends_of_a_tunnel, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_name_the_end_tells, setup, teardown),
		cmocka_unit_test_setup_teardown(what_has_no_name_tells_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(udp_tells_at_its_first_packet, setup, teardown),
		cmocka_unit_test_setup_teardown(behind_a_proxy_each_request_is_a_contact, setup, teardown),
		cmocka_unit_test_setup_teardown(another_name_in_one_connection_is_another_contact, setup, teardown),
		cmocka_unit_test_setup_teardown(a_program_says_what_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_cut_out_of_hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(a_host_without_end_is_no_name, setup, teardown),
		cmocka_unit_test_setup_teardown(the_host_is_the_one_at_home, setup, teardown),
		cmocka_unit_test_setup_teardown(a_listed_peer_is_told_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(one_thing_in_many_feeds_is_one_match, setup, teardown),
		cmocka_unit_test_setup_teardown(midway_both_ends_are_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(an_infected_host_is_looked_up_as_source_only, setup, teardown),
		cmocka_unit_test_setup_teardown(an_infected_list_speaks_of_our_hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_message_says_is_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(anydesk_is_known_by_certificates, setup, teardown),
		cmocka_unit_test_setup_teardown(an_address_behind_a_proxy_is_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_question_counts_once, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_name_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(records_are_observed_as_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(a_url_is_cut_where_it_grows_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(observations_of_one_cause_are_numbered_on, setup, teardown),
		cmocka_unit_test_setup_teardown(socks_names_the_service, setup, teardown),
		cmocka_unit_test_setup_teardown(what_socks_is_asked_for_is_looked_up, setup, teardown),
		cmocka_unit_test_setup_teardown(lent_machine_keeps_its_peer, setup, teardown),
		cmocka_unit_test_setup_teardown(balancer_claims, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
