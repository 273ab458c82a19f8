#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "alert_rig.h"
#include "behaviour/behaviour.h"
#include "behaviour/texts.h"
#include "message.h"

enum { KEPT = 64 };

struct kept {
	unsigned count;
	struct {
		enum finding_kind kind;
		enum severity severity;
		struct behaviour_numbers n;
		struct addr host;
		char reason[1024], subject[64];
	} f[KEPT];
};

static struct behaviour_limits limits;
static struct kept kept;
static struct behaviour *behaviour;
static struct observation_buffer b;

static void
keep(void *to, const struct finding *f)
{
	struct kept *k = to;

	assert_true(k->count < KEPT);
	k->f[k->count].kind = f->kind;
	k->f[k->count].severity = f->severity;
	k->f[k->count].host = f->host;
	if (f->behaviour != NULL)
		k->f[k->count].n = *f->behaviour;
	snprintf(k->f[k->count].reason, sizeof k->f[k->count].reason, "%s", f->reason);
	snprintf(k->f[k->count].subject, sizeof k->f[k->count].subject, "%s", f->subject);
	k->count++;
}

static int
setup(void **state)
{
	(void)state;
	limits = (struct behaviour_limits){ .hosts = 100, .confidence = 60, .flood_hosts = 100, .lure_sec = 600,
		.chain_sec = 600, .check_in_sec = 7200, .check_in_body_bytes = 65536, .young_days = 7, .mail_sec = 3600,
		.mail_exchangers = 3, .mail_recipients = 10, .spread_sec = 1800, .spread_hosts = 5 };
	kept.count = 0;
	behaviour = NULL;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	behaviour_free(behaviour);
	return 0;
}

/* With the limits as they are now. */
static void
begin(void)
{
	behaviour_free(behaviour);
	kept.count = 0;
	behaviour = behaviour_new(&limits, keep, &kept);
	assert_non_null(behaviour);
}

static void
note(void)
{
	observation_seal(&b);
	assert_true(observation_valid(&b.o, b.o.bytes));
	behaviour_note(behaviour, &b.o);
}

static unsigned
rang(const char *name)
{
	unsigned i, n = 0;

	for (i = 0; i < kept.count; i++)
		n += kept.f[i].kind == FINDING_BEHAVIOUR && strcmp(kept.f[i].subject, name) == 0;
	return n;
}

static void
to(const char *peer, uint16_t port)
{
	b.o.key.addr[RESPONDER] = rig_addr(peer);
	b.o.key.port[RESPONDER] = port;
}

/* ---- downloads ---- */

static void
download(double sec, enum file_kind kind, unsigned flags, const char *type, const char *name, const char *agent)
{
	rig_observation(&b, OBSERVE_FILE, sec);
	b.o.app = APP_HTTP;
	b.o.detail = b.o.inner = (uint8_t)kind;
	b.o.flags = (uint16_t)(flags | OBSERVED_RESPONSE);
	b.o.body_bytes = 24000;
	rig_text(&b, TEXT_CONTENT_TYPE, type);
	rig_text(&b, TEXT_FILE_NAME, name);
	rig_text(&b, TEXT_USER_AGENT, agent);
}

static const char browser[] = "Mozilla/5.0 Firefox/126.0";
static const char office[] = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)";

static void
mail_read(double sec)
{
	rig_observation(&b, OBSERVE_CONTACT, sec);
	to("203.0.113.40", 993);
	b.o.app = APP_TLS;
	rig_text(&b, TEXT_SERVICE, "mail.example");
	note();
}

static void
test_download(void **state)
{
	(void)state;
	begin();
	download(1, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);
	rig_text(&b, TEXT_SERVICE, "www.example");
	note();
	assert_int_equal(rang("false-type-download"), 1);
	assert_int_equal(kept.f[0].n.confidence, 75);
	assert_int_equal(kept.f[0].severity, SEVERITY_MEDIUM);
	assert_string_equal(kept.f[0].n.technique, "T1105");
	assert_string_equal(kept.f[0].reason, "fetched a Windows program from 192.0.2.77 (www.example), called logo.png, "
	    "announced as image/png, which its declared type or name denies");
	begin();
	download(1, FILE_OOXML, OBSERVED_MACROS | OBSERVED_MISMATCHED, "", "plan.docx", office);
	note();
	assert_int_equal(rang("false-type-download"), 1);
	assert_int_equal(kept.f[0].severity, SEVERITY_HIGH);
	assert_non_null(strstr(kept.f[0].reason, "a document with macros from 192.0.2.77 (the bare address)"));
}

static void
test_download_weighs_mail_before(void **state)
{
	(void)state;
	begin();
	download(1, FILE_PE, 0, "application/octet-stream", "setup.exe", browser);
	note();
	assert_int_equal(kept.count, 0);
	mail_read(100);
	download(130, FILE_PE, 0, "application/octet-stream", "setup.exe", browser);
	note();
	assert_int_equal(rang("false-type-download"), 1);
	assert_non_null(strstr(kept.f[0].reason, "30 s after mail"));
	begin();
	mail_read(100);
	download(701, FILE_PE, 0, "application/octet-stream", "setup.exe", browser);
	note();
	assert_int_equal(kept.count, 0);
}

static void
test_download_twins(void **state)
{
	(void)state;
	begin();
	mail_read(1);
	download(2, FILE_PE, 0, "application/octet-stream", "setup.exe", browser);	/* an installer under a name */
	rig_text(&b, TEXT_SERVICE, "dl.vendor.example");
	note();
	download(3, FILE_SCRIPT, 0, "application/javascript", "app.js", browser);	/* a page's own */
	note();
	download(4, FILE_OOXML, OBSERVED_MACROS, "application/vnd.ms-excel.sheet.macroEnabled.12", "plan.xlsm", browser);
	rig_text(&b, TEXT_SERVICE, "partner.example");
	note();
	download(5, FILE_IMAGE, 0, "image/png", "logo.png", office);
	note();
	assert_int_equal(kept.count, 0);
	download(6, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);	/* from a server inside */
	to("10.0.0.9", 80);
	b.o.home = 3;
	note();
	download(7, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);	/* sent, not fetched */
	b.o.flags = OBSERVED_MISMATCHED;
	note();
	assert_int_equal(kept.count, 0);
}

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

/* ---- a chain ---- */

static void
contact(double sec, const char *peer, uint16_t port)
{
	rig_observation(&b, OBSERVE_CONTACT, sec);
	to(peer, port);
	note();
}

static void
test_chain(void **state)
{
	(void)state;
	begin();
	contact(0, "198.51.100.9", 4444);		/* long known */
	download(10, FILE_PE, 0, "application/octet-stream", "a.exe", "");
	note();
	contact(11, "192.0.2.77", 443);			/* where it came from */
	contact(20, "198.51.100.9", 4444);
	assert_int_equal(kept.count, 1);
	assert_int_equal(rang("false-type-download"), 1);
	contact(70, "198.51.100.60", 4444);
	assert_int_equal(rang("dropper-chain"), 1);
	assert_string_equal(kept.f[1].reason, "fetched a Windows program from 192.0.2.77 and 60 s later "
	    "called the bare address 198.51.100.60 that it had never called, port 4444");
	begin();
	download(10, FILE_PE, 0, "application/octet-stream", "a.exe", "");
	note();
	contact(700, "198.51.100.60", 4444);
	assert_int_equal(rang("dropper-chain"), 0);
}

static void
beacon_since(double began_sec, double sec)
{
	struct finding f = { .kind = FINDING_BEACON, .subject = "c2.example", .service = "c2.example", .reason = "" };

	rig_observation(&b, OBSERVE_CONTACT, sec);
	to("198.51.100.99", 443);
	rig_text(&b, TEXT_SERVICE, "c2.example");
	observation_seal(&b);
	f.because = &b.o;
	f.first_ns = RIG_START_NS + (int64_t)(began_sec * 1e9);
	f.ts_ns = b.o.ts_ns;
	f.host = b.o.key.addr[0];
	f.peer = b.o.key.addr[1];
	behaviour_finding(behaviour, &f);
}

static void
test_chain_with_a_beacon(void **state)
{
	(void)state;
	begin();
	beacon_since(0, 5);		/* of a host that did nothing else */
	download(100, FILE_PE, 0, "application/octet-stream", "a.exe", "");
	note();
	kept.count = 0;
	beacon_since(90, 900);		/* began before */
	assert_int_equal(kept.count, 0);
	beacon_since(200, 900);
	assert_int_equal(rang("dropper-chain"), 1);
	assert_non_null(strstr(kept.f[0].reason, "100 s later began to call c2.example regularly"));
}

static void
test_chain_twin(void **state)
{
	(void)state;
	begin();
	download(10, FILE_PE, 0, "application/octet-stream", "tool.exe", browser);
	rig_text(&b, TEXT_SERVICE, "dl.vendor.example");
	note();
	contact(20, "198.51.100.60", 4444);	/* a new program, and a new address: but it came under its own name */
	beacon_since(20, 900);
	rig_observation(&b, OBSERVE_NAME, 21);
	b.o.named = rig_addr("198.51.100.61");
	note();
	contact(22, "198.51.100.61", 4444);
	assert_int_equal(kept.count, 0);
}

/* ---- TLS ---- */

static void
certificate(double sec, const char *sni, const char *names, bool self_signed, int days)
{
	rig_observation(&b, OBSERVE_TLS, sec);
	b.o.app = APP_TLS;
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

/* ---- mail ---- */

static void
mail(double sec, const char *server, const char *from, const char *author, const char *recipients, unsigned count)
{
	rig_observation(&b, OBSERVE_MAIL, sec);
	b.o.app = APP_SMTP;
	to(server, 25);
	b.o.count = count;
	b.o.status = 250;
	rig_text(&b, TEXT_MAIL_FROM, from);
	rig_text(&b, TEXT_MAIL_HEADER_FROM, author);
	rig_text(&b, TEXT_MAIL_RECIPIENTS, recipients);
	note();
}

static void
spam(double sec)
{
	static const char *const servers[] = { "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4" };
	char from[32];
	unsigned i;

	for (i = 0; i < 4; i++) {
		snprintf(from, sizeof from, "u%u@office.example", i);
		mail(sec + i * 20, servers[i], from, "boss@partner.example", "a@a.example,b@b.example", 4);
	}
}

static void
test_spam(void **state)
{
	(void)state;
	begin();
	spam(0);
	assert_true(rang("spam-module") > 0);
	assert_non_null(strstr(kept.f[kept.count - 1].reason, "3 mail servers in 0 min, 3 mails seen to 12 recipients under 3 senders"));
	begin();	/* behind STARTTLS the exchangers alone are seen */
	{
		char server[32];
		unsigned i;

		for (i = 0; i < 12; i++) {
			snprintf(server, sizeof server, "198.51.100.%u", i + 1);
			contact(i, server, 25);
			assert_int_equal(rang("spam-module"), i == 11);
		}
	}
}

static void
test_spam_twins(void **state)
{
	struct cidr server;
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 20; i++)	/* a newsletter by one server; a printer */
		mail(i, "198.51.100.1", "news@office.example", "news@office.example", "a@a.example,b@b.example", 90);
	assert_int_equal(kept.count, 0);
	begin();	/* who takes mail from outside is a mail server */
	mail(0, "198.51.100.1", "x@partner.example", "x@partner.example", "me@office.example", 1);
	b.o.key.addr[ORIGINATOR] = rig_addr("198.51.100.1");
	b.o.key.addr[RESPONDER] = rig_addr("10.0.0.5");
	b.o.host_side = RESPONDER;
	b.o.home = 2;
	note();
	spam(10);
	assert_int_equal(kept.count, 0);
	assert_true(cidr_parse("10.0.0.5", 8, &server));
	limits.mail_hosts = &server;
	limits.mail_hosts_count = 1;
	begin();
	spam(0);
	assert_int_equal(kept.count, 0);
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

/* ---- the frame ---- */

static void
test_rings_once_a_minute_unless_surer(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 120; i++) {
		download(i, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);
		rig_text(&b, TEXT_SERVICE, "www.example");
		note();
	}
	assert_int_equal(kept.count, 2);
	download(121, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", office);
	rig_text(&b, TEXT_SERVICE, "www.example");
	note();
	assert_int_equal(kept.count, 3);
}

static void
from_host(unsigned n, double sec)
{
	char host[32];

	download(sec, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);
	snprintf(host, sizeof host, "10.0.%u.%u", n >> 8, n & 255);
	b.o.key.addr[ORIGINATOR] = rig_addr(host);
	note();
}

static void
test_hosts_are_bounded(void **state)
{
	unsigned i;

	(void)state;
	limits.hosts = 10;
	begin();
	for (i = 0; i < 30; i++)
		from_host(i, i * .1);
	assert_int_equal(behaviour_counts(behaviour)->hosts, 10);
	assert_int_equal(behaviour_counts(behaviour)->evicted, 20);
	from_host(29, 4);	/* still known: not told again */
	assert_int_equal(kept.count, 30);
	from_host(0, 5);	/* forgotten */
	assert_int_equal(kept.count, 31);
	assert_true(behaviour_host_bytes() < 4096);
	limits.hosts = 0;
	begin();
	from_host(1, 1);
	assert_int_equal(kept.count, 0);
}

static void
test_flood_is_one_alert_about_the_sensor(void **state)
{
	unsigned i, about_sensor = 0;

	(void)state;
	limits.flood_hosts = 5;
	begin();
	for (i = 0; i < 40; i++)
		from_host(i, i);
	for (i = 0; i < kept.count; i++)
		about_sensor += kept.f[i].kind == FINDING_SENSOR;
	assert_int_equal(kept.count, 6);
	assert_int_equal(about_sensor, 1);
	assert_string_equal(kept.f[5].reason, "more than 5 hosts show false-type-download within an hour: are home networks, "
	    "mail servers and management hosts configured as they are? Further hosts are held back");
	assert_int_equal(behaviour_counts(behaviour)->held_back, 35);
	from_host(3, 100);	/* who rang already goes on */
	assert_int_equal(kept.count, 7);
	from_host(50, 4000);
	assert_int_equal(kept.count, 8);
}

/* ---- texts ---- */

static void
test_japanese(void **state)
{
	(void)state;
	limits.language = LANGUAGE_JA;
	begin();
	download(1, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);
	rig_text(&b, TEXT_SERVICE, "www.example");
	note();
	assert_string_equal(kept.f[0].n.title, "不審なダウンロード");
	assert_string_equal(kept.f[0].reason, "192.0.2.77 (www.example)からWindows の実行ファイルを取得した。"
	    "名前は logo.png。申告された種類は image/png。申告された種類や名前が中身と違う。");
}

/* Brackets and braces close, and both languages name the same pieces. */
static void
test_sentences_are_well_formed(void **state)
{
	struct behaviour_numbers none = { 0 };
	char buf[1024];
	const char *s, *other;
	size_t i, len;
	int l, open;

	(void)state;
	for (i = 0; i < behaviour_texts_count; i++)
		for (l = 0; l < LANGUAGES; l++) {
			open = 0;
			for (s = behaviour_texts[i].sentence[l]; *s != '\0'; s++) {
				open += *s == '[' ? 1 : *s == ']' ? -1 : 0;
				assert_true(open == 0 || open == 1);
				if (*s != '{')
					continue;
				len = strcspn(s, "}") + 1;
				assert_true(s[len - 1] == '}');
				other = memmem(behaviour_texts[i].sentence[!l], strlen(behaviour_texts[i].sentence[!l]), s, len);
				assert_non_null(other);
			}
			assert_int_equal(open, 0);
			texts_sentence(&behaviour_texts[i], (enum language)l, &none, buf, sizeof buf);
			assert_null(strpbrk(buf, "[]{}"));
		}
}

static void
test_texts_are_cut_between_characters(void **state)
{
	struct behaviour_numbers n = { .pieces = 2, .evidence = { { .what = "peer", .text = "192.0.2.1" },
		{ .what = "kind", .word = "pe" } } };
	char whole[1024], buf[64];
	size_t size, len;

	(void)state;
	texts_sentence(&behaviour_texts[0], LANGUAGE_JA, &n, whole, sizeof whole);
	for (size = 1; size <= sizeof buf; size++) {
		texts_sentence(&behaviour_texts[0], LANGUAGE_JA, &n, buf, size);
		len = strlen(buf);
		assert_true(len < size);
		assert_true(((unsigned char)whole[len] & 0xc0) != 0x80 || strncmp(buf, whole, len) != 0);
	}
	assert_int_equal(texts_whole("a鐘", 4, 3), 1);
	assert_int_equal(texts_whole("a鐘", 4, 4), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_download),
		TEST(test_download_weighs_mail_before),
		TEST(test_download_twins),
		TEST(test_check_in),
		TEST(test_check_in_over_unnamed_tls),
		TEST(test_check_in_twins),
		TEST(test_chain),
		TEST(test_chain_with_a_beacon),
		TEST(test_chain_twin),
		TEST(test_tls),
		TEST(test_tls_twins),
		TEST(test_tls_program_nobody_else_has),
		TEST(test_spam),
		TEST(test_spam_twins),
		TEST(test_spreading),
		TEST(test_spreading_twins),
		TEST(test_rings_once_a_minute_unless_surer),
		TEST(test_hosts_are_bounded),
		TEST(test_flood_is_one_alert_about_the_sensor),
		TEST(test_japanese),
		TEST(test_sentences_are_well_formed),
		TEST(test_texts_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
