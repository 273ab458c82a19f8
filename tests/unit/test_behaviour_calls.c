#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

/* ---- check-ins ---- */

static void
post(double sec, const char *peer, uint16_t port, const char *path, const char *type, uint64_t bytes)
{
	char url[128];

	rig_observation(&b, OBSERVE_HTTP, sec);
	b.o.app = APP_HTTP;
	to(peer, port);
	b.o.body_bytes = bytes;
	snprintf(url, sizeof url, "%s%s", peer, path);
	rig_text(&b, TEXT_SERVICE, peer);
	rig_text(&b, TEXT_URL, url);
	rig_text(&b, TEXT_METHOD, "POST");
	if (type != NULL)
		rig_text(&b, TEXT_CONTENT_TYPE, type);
	note();
}

static void
dead(double sec, const char *peer, uint16_t port)
{
	rig_observation(&b, OBSERVE_FLOW, sec);
	to(peer, port);
	b.o.flow_state = FLOW_NEW;
	b.o.packets[RESPONDER] = b.o.flow_bytes[RESPONDER] = 0;
	note();
}

static void
test_check_in(void **state)
{
	(void)state;
	begin();
	post(0, "198.51.100.1", 8080, "/ab/cd/", NULL, 400);
	assert_int_equal(kept.count, 0);
	dead(300, "198.51.100.7", 443);
	dead(310, "198.51.100.8", 443);
	post(600, "198.51.100.2", 80, "/ef/", NULL, 410);
	assert_int_equal(rang("raw-address-check-in"), 1);
	assert_int_equal(kept.f[0].n.confidence, 90);
	assert_string_equal(kept.f[0].reason, "reports to servers by their bare addresses, latest 198.51.100.2: "
	    "2 POSTs to 2 servers, 2 paths, 2 of them with a body that is no text, 2 more that did not answer, in 10 min");
	begin();
	post(0, "198.51.100.1", 8080, "/ab/cd/", NULL, 400);
	post(8000, "198.51.100.2", 80, "/ef/", NULL, 410);	/* after so long it is another story */
	assert_int_equal(kept.count, 0);
}

static void
test_check_in_over_unnamed_tls(void **state)
{
	static const char *const servers[] = { "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4",
	    "198.51.100.5", "198.51.100.6" };
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 6; i++) {
		rig_observation(&b, OBSERVE_CONTACT, i * 60);
		b.o.app = APP_TLS;
		b.o.number = 1111;
		to(servers[i], 8080);
		note();
		assert_int_equal(kept.count, i == 5);
	}
}

static void
test_check_in_twins(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 10; i++) {
		post(i, "198.51.100.1", 8080, "/api/readings", "application/json", 400);	/* a meter */
		post(i + .5, "198.51.100.2", 8080, "/upload?n=1", "application/octet-stream", 1000000);	/* a speed test */
	}
	assert_int_equal(kept.count, 0);
	begin();
	for (i = 0; i < 30; i++)
		dead(i, i % 2 ? "198.51.100.7" : "198.51.100.8", 443);	/* nobody answers anybody */
	assert_int_equal(kept.count, 0);
	begin();
	for (i = 0; i < 10; i++) {	/* devices inside */
		post(i, "10.0.0.77", 8080, "/x/y/", NULL, 400);
		b.o.home = 3;
	}
	for (i = 0; i < 10; i++) {
		rig_observation(&b, OBSERVE_HTTP, 100 + i);
		b.o.home = 3;
		rig_text(&b, TEXT_METHOD, "POST");
		note();
	}
	assert_int_equal(rang("raw-address-check-in"), 0);
}

/* ---- TLS ---- */

static void
certificate(double sec, const char *sni, const char *names, bool self_signed, int days)
{
	rig_observation(&b, OBSERVE_TLS, sec);
	b.o.app = APP_TLS;
	b.o.count = 1111;			/* the client's hello was seen */
	b.o.flags = (uint16_t)(OBSERVED_RESPONSE | (self_signed ? OBSERVED_SELF_SIGNED : 0));
	b.o.not_before_ns = b.o.ts_ns - days * 86400 * NS_PER_SEC;
	b.o.not_after_ns = b.o.ts_ns + 86400 * NS_PER_SEC;
	if (sni != NULL)
		rig_text(&b, TEXT_SERVICE, sni);
	rig_text(&b, TEXT_CERT_NAMES, names);
	rig_text(&b, TEXT_CERT_SHA1, "52e333e283238008530612f66293e7b76489ed8a");
	rig_text(&b, TEXT_CERT_SUBJECT, "CN=somebody");
}

static void
test_tls(void **state)
{
	(void)state;
	begin();
	certificate(0, NULL, "", true, 300);
	note();
	assert_int_equal(rang("odd-tls"), 1);
	assert_int_equal(kept.f[0].severity, SEVERITY_LOW);
	begin();
	certificate(0, NULL, "", true, 2);
	note();
	assert_int_equal(kept.f[0].severity, SEVERITY_MEDIUM);
	begin();
	certificate(0, "www.known.example", "other.example,more.example", true, 2);
	note();
	assert_int_equal(rang("odd-tls"), 1);
	assert_non_null(strstr(kept.f[0].reason, "names another server"));
}

/* Where the client's hello was not seen nobody knows whom it named: one direction, a capture that lost the first packets. */
static void
test_a_hello_that_was_not_seen(void **state)
{
	char peer[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 10; i++) {
		rig_observation(&b, OBSERVE_CONTACT, i * 60);
		b.o.app = APP_TLS;
		snprintf(peer, sizeof peer, "198.51.100.%u", i);
		to(peer, 8080);
		note();
	}
	certificate(700, NULL, "", true, 300);
	b.o.count = 0;
	note();
	assert_int_equal(kept.count, 0);
	certificate(701, NULL, "", true, 300);
	note();
	assert_int_equal(rang("odd-tls"), 1);
}

static void
test_tls_twins(void **state)
{
	(void)state;
	begin();
	certificate(0, "new.example", "new.example,www.new.example", false, 1);		/* a new site */
	note();
	certificate(1, "a.cdn.example", "*.cdn.example", false, 1);
	note();
	certificate(2, "nas.example", "nas.example", true, 2);		/* vouches for itself, under its name */
	note();
	certificate(3, NULL, "192.0.2.77", false, 1);			/* an address may be certified */
	note();
	certificate(4, NULL, "", true, 2);				/* an appliance's own page */
	b.o.home = 3;
	note();
	assert_int_equal(kept.count, 0);
}

/* Five others speak otherwise: then a program of one's own weighs. */
static void
test_tls_program_nobody_else_has(void **state)
{
	static const char *const hosts[] = { "10.0.0.21", "10.0.0.22", "10.0.0.23", "10.0.0.24", "10.0.0.25", "10.0.0.26" };
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 7; i++) {
		rig_observation(&b, OBSERVE_CONTACT, i);
		b.o.app = APP_TLS;
		b.o.number = i < 6 ? 1111 : 2222;
		if (i < 6)
			b.o.key.addr[0] = rig_addr(hosts[i]);
		rig_text(&b, TEXT_SERVICE, "www.example");
		note();
	}
	certificate(10, "nas.example", "nas.example", true, 2);
	b.o.count = 1111;
	note();
	assert_int_equal(kept.count, 0);
	certificate(11, "nas.example", "nas.example", true, 2);
	b.o.count = 2222;
	note();
	assert_int_equal(rang("odd-tls"), 1);
	assert_non_null(strstr(kept.f[0].reason, "0 other hosts here use such a program"));
}

/* ---- spreading ---- */

static void
deed(double sec, enum observation_kind kind, unsigned target, enum outcome outcome, unsigned detail)
{
	char peer[32];

	rig_observation(&b, kind, sec);
	b.o.home = 3;
	b.o.app = APP_SMB;
	snprintf(peer, sizeof peer, "10.0.1.%u", target);
	to(peer, 445);
	b.o.outcome = (uint8_t)outcome;
	b.o.detail = (uint8_t)detail;
	note();
}

static void
test_spreading(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 1; i <= 6; i++)
		deed(i, OBSERVE_LOGIN, i, OUTCOME_FAILURE, LOGIN_NTLM);
	assert_int_equal(kept.count, 0);
	deed(10, OBSERVE_LOGIN, 6, OUTCOME_SUCCESS, LOGIN_NTLM);
	assert_int_equal(rang("spreading"), 1);
	assert_string_equal(kept.f[0].reason, "reaches for 6 machines inside by administrators' means in 0 min, "
	    "6 refused the login, 1 let it in, 1 of them after a refusal");
	deed(11, OBSERVE_REMOTE, 6, OUTCOME_SUCCESS, REMOTE_SERVICE);
	assert_int_equal(rang("spreading"), 2);
	assert_non_null(strstr(kept.f[1].reason, "on 1 it started a service or task"));
}

static void
test_spreading_twins(void **state)
{
	struct cidr scanner;
	unsigned i;

	(void)state;
	begin();
	for (i = 1; i <= 4; i++) {	/* a few servers, one password mistyped */
		deed(i, OBSERVE_CONTACT, i, 0, 0);
		deed(i + .1, OBSERVE_LOGIN, i, i == 1 ? OUTCOME_FAILURE : OUTCOME_SUCCESS, LOGIN_NTLM);
		deed(i + .2, OBSERVE_REMOTE, i, OUTCOME_SUCCESS, REMOTE_FILE_WRITE);
	}
	assert_int_equal(kept.count, 0);
	assert_true(cidr_parse("10.0.0.0/28", 11, &scanner));
	limits.admin_hosts = &scanner;
	limits.admin_hosts_count = 1;
	begin();
	for (i = 1; i <= 60; i++)
		deed(i, OBSERVE_LOGIN, i, OUTCOME_FAILURE, LOGIN_NTLM);
	assert_int_equal(kept.count, 0);
}

/* ---- a second malware ---- */

static void
listed(double sec, const char *malware, const char *value, const char *peer, enum indicator_type type)
{
	struct indicator i = { .type = type, .role = ROLE_C2, .value = value, .feed = "feed", .malware = malware, .reference = "" };
	struct finding f = { .kind = FINDING_INDICATOR, .subject = value, .service = "", .reason = "", .severity = SEVERITY_HIGH };

	rig_observation(&b, OBSERVE_MATCH, sec);
	to(peer, 443);
	observation_seal(&b);
	f.indicator = &i;
	f.because = &b.o;
	f.ts_ns = f.first_ns = b.o.ts_ns;
	f.host = b.o.key.addr[0];
	f.peer = b.o.key.addr[1];
	behaviour_finding(behaviour, &f);
}

static void
test_second_family(void **state)
{
	(void)state;
	begin();
	listed(0, "Emotet", "198.51.100.1:443", "198.51.100.1", INDICATOR_ADDRESS_PORT);
	listed(60, "Heodo", "198.51.100.2:443", "198.51.100.2", INDICATOR_ADDRESS_PORT);
	listed(90, "win.trojan.emotet", "198.51.100.3:443", "198.51.100.3", INDICATOR_ADDRESS_PORT);
	assert_int_equal(kept.count, 0);
	listed(600, "TrickBot", "198.51.100.4:449", "198.51.100.4", INDICATOR_ADDRESS_PORT);
	assert_int_equal(rang("second-family"), 1);
	assert_int_equal(kept.f[0].n.confidence, 80);
	assert_string_equal(kept.f[0].reason,
	    "has 2 malware families: first Emotet, 10 min later TrickBot, an order that is known of such infections");
	listed(900, "Ryuk", "198.51.100.5:443", "198.51.100.5", INDICATOR_ADDRESS_PORT);
	assert_int_equal(rang("second-family"), 2);
}

static void
test_second_family_twins(void **state)
{
	(void)state;
	begin();
	listed(0, "Emotet", "198.51.100.1:443", "198.51.100.1", INDICATOR_ADDRESS_PORT);
	listed(1, "TrickBot", "198.51.100.1:443", "198.51.100.1", INDICATOR_ADDRESS_PORT);	/* one entry, two names */
	listed(300, "TrickBot", "cdn.example", "198.51.100.1", INDICATOR_DOMAIN);		/* the same server */
	listed(600, "TrickBot", "0123456789abcdef", "198.51.100.9", INDICATOR_JA3);		/* anybody's fingerprint */
	listed(900, "", "198.51.100.10", "198.51.100.10", INDICATOR_ADDRESS);
	assert_int_equal(kept.count, 0);
}

/* ---- strobes ---- */

static void
test_strobe(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 1800; i++)
		contact(i, "198.51.100.1", 8080);
	assert_int_equal(kept.count, 0);
	for (; i < 1850; i++)
		contact(i, "198.51.100.1", 8080);
	assert_int_equal(rang("strobe"), 1);
	assert_string_equal(kept.f[0].reason, "opened 1800 connections to 198.51.100.1 port 8080 in 30 min without a pause, "
	    "60 a minute, uneven by 0 %");
}

static void
test_strobe_twins(void **state)
{
	unsigned i, n;

	(void)state;
	begin();	/* a minute without; few; name servers */
	for (i = 0; i < 7200; i++) {
		if (i / 60 % 20 != 19)
			contact(i, "198.51.100.1", 8080);
		if (i % 4 == 0)
			contact(i, "198.51.100.2", 8080);
		contact(i, "198.51.100.3", 53);
	}
	assert_int_equal(kept.count, 0);
	begin();	/* pages, one after the other: never as many */
	for (i = 0; i < 120; i++)
		for (n = 0; n < (i % 3 == 0 ? 200u : 40u); n++)
			contact(i * 60 + n * .25, "198.51.100.1", 443);
	assert_int_equal(kept.count, 0);
}

/* What many hosts call is a product. */
static void
test_strobe_shared(void **state)
{
	unsigned i, n;

	(void)state;
	begin();
	for (n = 0; n < 6; n++) {
		rig_observation(&b, OBSERVE_CONTACT, n);
		b.o.key.addr[ORIGINATOR].b[15] = (uint8_t)(100 + n);
		to("198.51.100.1", 8080);
		note();
	}
	for (i = 0; i < 1850; i++)
		contact(10 + i, "198.51.100.1", 8080);
	assert_int_equal(rang("strobe"), 0);
	begin();	/* the twin: they call another */
	for (n = 0; n < 6; n++) {
		rig_observation(&b, OBSERVE_CONTACT, n);
		b.o.key.addr[ORIGINATOR].b[15] = (uint8_t)(100 + n);
		to("198.51.100.2", 8080);
		note();
	}
	for (i = 0; i < 1850; i++)
		contact(10 + i, "198.51.100.1", 8080);
	assert_int_equal(rang("strobe"), 1);
	assert_non_null(strstr(kept.f[0].reason, "; 0 other hosts here call it"));
}

/* ---- what stays open ---- */

static struct novelty history;

static void
ask(void *to_whom, const struct novelty_question *q, struct novelty *out)
{
	(void)to_whom;
	assert_int_equal(q->before_ns, b.o.flow_first_ns);
	*out = history;
}

/* One that has been open for four hours. */
static void
lasting(const char *name, const char *peer, uint16_t port, uint32_t flags)
{
	rig_observation(&b, OBSERVE_LASTING, 4 * 3600);
	b.o.flow_first_ns = b.o.ts_ns - 4 * 3600 * NS_PER_SEC;
	b.o.packets[0] = b.o.packets[1] = 100;
	b.o.flow_bytes[0] = 9000;
	b.o.flow_bytes[1] = 7000;
	b.o.flags = flags;
	to(peer, port);
	if (name != NULL)
		observation_add(&b, TEXT_SERVICE, span_text(name), 255);
	note();
}

static void
test_lasting(void **state)
{
	(void)state;
	begin();
	lasting("panel.example", "198.51.100.1", 443, 0);
	assert_int_equal(rang("lasting-connection"), 1);
	assert_int_equal(kept.f[0].severity, SEVERITY_LOW);
	assert_string_equal(kept.f[0].reason,
	    "keeps a connection to panel.example at 198.51.100.1 port 443 open, for 4 h now, 9000 bytes out, 7000 in");
	begin();
	behaviour_set_novelty(behaviour, ask, NULL);
	history = (struct novelty){ true, true, 20, 0 };
	lasting(NULL, "198.51.100.1", 4444, OBSERVED_SELF_SIGNED);
	assert_int_equal(rang("lasting-connection"), 1);
	assert_int_equal(kept.f[0].severity, SEVERITY_MEDIUM);
	assert_string_equal(kept.f[0].reason,
	    "keeps a connection to 198.51.100.1 port 4444 open, for 4 h now, 9000 bytes out, 7000 in; "
	    "nobody but itself signed its certificate; nobody here called it on the 20 days of history before");
}

static const char *
always(void *to_whom, const struct observation *o, struct span name, bool upload)
{
	(void)to_whom;
	(void)o;
	(void)name;
	(void)upload;
	return "push";
}

static void
test_lasting_twins(void **state)
{
	unsigned n;

	(void)state;
	begin();	/* known for long; too few days to say */
	behaviour_set_novelty(behaviour, ask, NULL);
	history = (struct novelty){ true, false, 20, 19 };
	lasting("panel.example", "198.51.100.1", 443, 0);
	assert_int_equal(kept.count, 0);
	history = (struct novelty){ false, false, 5, 4 };
	lasting("panel.example", "198.51.100.1", 443, 0);
	assert_int_equal(kept.count, 1);
	begin();	/* mail, time, names; nobody answers; inside; harmless */
	lasting("imap.example", "198.51.100.1", 993, 0);
	lasting(NULL, "198.51.100.2", 123, 0);
	lasting(NULL, "198.51.100.2", 53, 0);
	rig_observation(&b, OBSERVE_LASTING, 4 * 3600);
	b.o.packets[RESPONDER] = 0;
	note();
	rig_observation(&b, OBSERVE_LASTING, 4 * 3600);
	b.o.home = 3;
	b.o.packets[RESPONDER] = 7;
	note();
	behaviour_set_harmless(behaviour, always, NULL);
	lasting(NULL, "198.51.100.1", 4444, OBSERVED_SELF_SIGNED);
	assert_int_equal(kept.count, 0);
	begin();	/* everybody calls it */
	for (n = 0; n < 6; n++) {
		rig_observation(&b, OBSERVE_CONTACT, n);
		b.o.key.addr[ORIGINATOR].b[15] = (uint8_t)(100 + n);
		to("198.51.100.1", 443);
		observation_add(&b, TEXT_SERVICE, span_text("chat.example"), 255);
		note();
	}
	lasting("chat.example", "198.51.100.1", 443, 0);
	assert_int_equal(kept.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check_in),
		TEST(test_check_in_over_unnamed_tls),
		TEST(test_a_hello_that_was_not_seen),
		TEST(test_check_in_twins),
		TEST(test_tls),
		TEST(test_tls_twins),
		TEST(test_tls_program_nobody_else_has),
		TEST(test_spreading),
		TEST(test_spreading_twins),
		TEST(test_second_family),
		TEST(test_second_family_twins),
		TEST(test_strobe),
		TEST(test_strobe_twins),
		TEST(test_strobe_shared),
		TEST(test_lasting),
		TEST(test_lasting_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
