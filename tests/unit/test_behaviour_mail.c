#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

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

/* ---- mail that comes in ---- */

static void
from_outside(enum observation_kind kind, double sec, uint64_t flow)
{
	rig_observation(&b, kind, sec);
	b.o.app = APP_SMTP;
	b.o.key.addr[ORIGINATOR] = rig_addr("198.51.100.25");
	b.o.key.addr[RESPONDER] = rig_addr("10.0.0.25");
	b.o.key.port[RESPONDER] = 25;
	b.o.host_side = RESPONDER;
	b.o.home = 2;
	b.o.flow_id = flow;
}

static void
attachment(double sec, uint64_t flow, enum file_kind kind, unsigned flags, const char *name)
{
	from_outside(OBSERVE_FILE, sec, flow);
	b.o.detail = b.o.inner = (uint8_t)kind;
	b.o.flags = (uint16_t)flags;
	rig_text(&b, TEXT_FILE_NAME, name);
	note();
}

static void
arrives(double sec, uint64_t flow, const char *name, const char *address, const char *subject, unsigned flags)
{
	from_outside(OBSERVE_MAIL, sec, flow);
	b.o.flags = (uint16_t)flags;
	b.o.status = 250;
	b.o.count = 1;
	rig_text(&b, TEXT_MAIL_FROM, address);
	rig_text(&b, TEXT_MAIL_HEADER_FROM, address);
	rig_text(&b, TEXT_MAIL_HEADER_NAME, name);
	rig_text(&b, TEXT_MAIL_SUBJECT, subject);
	rig_text(&b, TEXT_MAIL_RECIPIENTS, "anna@office.example");
	note();
}

static void
test_lure(void **state)
{
	(void)state;
	begin();
	attachment(1, 7, FILE_LNK, 0, "invoice.lnk");
	arrives(1, 7, "Bob", "bob@hacked.example", "Invoice", 0);
	assert_int_equal(kept.count, 1);
	assert_string_equal(kept.f[0].subject, "bob@hacked.example");
	assert_string_equal(kept.f[0].n.name, "inbound-lure");
	assert_string_equal(kept.f[0].reason,
	    "took a mail from bob@hacked.example (Bob) for anna@office.example with a Windows shortcut called invoice.lnk");
	arrives(2, 7, "Bob", "bob@hacked.example", "Invoice", 0);	/* what it brought was the first mail's */
	assert_int_equal(kept.count, 1);
	/* A partner wrote twice; now somebody has his name, an archive, and an answer to nothing. */
	begin();
	arrives(1, 1, "Carol Smith", "carol@partner.example", "Hello", 0);
	arrives(2, 2, "carol smith ", "Carol@partner.example", "Hello again", OBSERVED_REFERENCES);
	attachment(3, 3, FILE_ZIP, OBSERVED_ENCRYPTED, "doc.zip");
	arrives(3, 3, "Carol Smith", "x@hacked.example", "Re: Hello", 0);
	assert_int_equal(kept.count, 1);
	assert_int_equal(kept.f[0].n.confidence, 80);
	assert_int_equal(kept.f[0].severity, SEVERITY_HIGH);
	assert_non_null(strstr(kept.f[0].reason, "the name is known at another address"));
	arrives(100, 4, "Carol Smith", "x@hacked.example", "Re: Hello", 0);	/* the password */
	assert_int_equal(kept.count, 2);
	assert_non_null(strstr(kept.f[1].reason, "a second one behind an encrypted archive"));
}

static void
test_lure_of_a_stranger(void **state)
{
	const double day = 86400;

	(void)state;
	begin();
	attachment(0, 1, FILE_OOXML, OBSERVED_MACROS, "a.xlsm");
	arrives(0, 1, "A", "a@first.example", "Fwd: plan", 0);
	assert_int_equal(kept.count, 0);	/* nobody was ever heard of yet */
	attachment(20 * day, 2, FILE_OOXML, OBSERVED_MACROS, "a.xlsm");
	arrives(20 * day, 2, "A", "a@first.example", "Fwd: plan", 0);
	assert_int_equal(kept.count, 0);
	attachment(21 * day, 3, FILE_OOXML, OBSERVED_MACROS, "b.xlsm");
	arrives(21 * day, 3, "B", "b@second.example", "Fwd: plan", 0);
	assert_int_equal(kept.count, 1);
	assert_non_null(strstr(kept.f[0].reason, "the sender is a stranger"));
	attachment(111 * day, 4, FILE_OOXML, OBSERVED_MACROS, "a.xlsm");
	arrives(111 * day, 4, "A", "a@first.example", "Fwd: plan", 0);
	assert_int_equal(kept.count, 2);
}

/* What was learned before a restart is known behind it. */
static void
test_lure_over_a_restart(void **state)
{
	const double day = 86400;

	(void)state;
	begin();
	arrives(0, 1, "Carol", "carol@partner.example", "Hello", 0);
	arrives(1, 2, "Carol", "carol@partner.example", "Hello", 0);
	house_restarts();
	attachment(20 * day, 3, FILE_OOXML, OBSERVED_MACROS, "a.xlsm");
	arrives(20 * day, 3, "Carol", "carol@partner.example", "Fwd: plan", 0);
	assert_int_equal(kept.count, 0);
	attachment(20 * day, 4, FILE_OOXML, OBSERVED_MACROS, "a.xlsm");
	arrives(20 * day, 4, "Dora", "dora@other.example", "Fwd: plan", 0);
	assert_int_equal(kept.count, 1);
	assert_non_null(strstr(kept.f[0].reason, "the sender is a stranger"));
	attachment(21 * day, 5, FILE_ZIP, OBSERVED_ENCRYPTED, "a.zip");
	arrives(21 * day, 5, "Carol", "carol@hacked.example", "plan", 0);
	assert_int_equal(kept.count, 2);
	assert_non_null(strstr(kept.f[1].reason, "the name is known at another address"));
}

static void
test_lure_twins(void **state)
{
	unsigned i;

	(void)state;
	begin();
	arrives(1, 1, "Carol", "carol@partner.example", "Re: order", OBSERVED_REFERENCES);	/* an ordinary answer */
	attachment(2, 2, FILE_OOXML, 0, "order.xlsx");
	arrives(2, 2, "Carol", "carol@partner.example", "Order", 0);
	attachment(3, 3, FILE_ZIP, OBSERVED_ENCRYPTED, "order.zip");	/* a partner who sends archives so, and the password */
	arrives(3, 3, "Carol", "carol@partner.example", "Order", 0);
	arrives(60, 4, "Carol", "carol@partner.example", "Order", 0);
	for (i = 0; i < 10; i++) {	/* everybody's name */
		char address[32];

		snprintf(address, sizeof address, "info@shop%u.example", i);
		arrives(100 + i, 10 + i, "Info", address, "Re: your newsletter", 0);
	}
	attachment(200, 30, FILE_LNK, 0, "a.lnk");	/* a user of ours who is on the way */
	arrives(200, 30, "Anna", "anna@office.example", "Re: plan", OBSERVED_AUTHENTICATED);
	assert_int_equal(kept.count, 0);
}

static void
bounce(double sec, unsigned server)
{
	char address[32];

	from_outside(OBSERVE_MAIL, sec, 1000 + server);
	snprintf(address, sizeof address, "198.51.100.%u", server);
	b.o.key.addr[ORIGINATOR] = rig_addr(address);
	b.o.status = 250;
	b.o.flags = OBSERVED_REPORT;
	rig_text(&b, TEXT_MAIL_FROM, "");
	rig_text(&b, TEXT_MAIL_RECIPIENTS, "boss@office.example");
	note();
}

static void
test_impersonated_and_its_twin(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 8; i++)
		bounce(i * 60, 10 + i % 4);
	assert_int_equal(rang("impersonated"), 4);
	assert_string_equal(kept.f[0].reason, "got 5 notes of undeliverable mail from 4 servers to 1 names in 4 min, latest to "
	    "boss@office.example; mails seen to leave: 0. Your names are abused, no infected sender is seen here");
	begin();	/* one's own newsletter comes back */
	for (i = 0; i < 60; i++)
		mail(i, "198.51.100.1", "news@office.example", "news@office.example", "a@a.example", 9);
	for (i = 0; i < 30; i++)
		bounce(100 + i, 10 + i);
	assert_int_equal(kept.count, 0);
}

/* ---- what servers relay, and whose it is ---- */

static void
gives(double sec, const char *giver, const char *id, const char *from)
{
	bool outside = strncmp(giver, "10.", 3) != 0;

	rig_observation(&b, OBSERVE_MAIL, sec);
	b.o.app = APP_SMTP;
	b.o.key.addr[ORIGINATOR] = rig_addr(giver);
	to("10.0.0.25", 587);
	b.o.home = outside ? 2 : 3;
	b.o.host_side = outside ? RESPONDER : ORIGINATOR;
	b.o.flags = outside ? OBSERVED_AUTHENTICATED : 0;
	b.o.status = 250;
	b.o.count = 1;
	rig_text(&b, TEXT_MAIL_FROM, from);
	rig_text(&b, TEXT_MAIL_ID, id);
	if (outside)
		rig_text(&b, TEXT_USER, from);
	note();
}

struct relayed {
	const char *id, *from, *author, *subject, *file;	/* file: NULL: none; else encrypted */
	unsigned recipients, refused, flags;
};

static void
relays(double sec, const char *server, const struct relayed *r)
{
	rig_observation(&b, OBSERVE_FILE, sec);
	b.o.app = APP_SMTP;
	b.o.key.addr[ORIGINATOR] = rig_addr("10.0.0.25");
	to(server, 25);
	b.o.detail = b.o.inner = FILE_ZIP;
	b.o.flags = OBSERVED_ENCRYPTED;
	if (r->file != NULL)
		note();
	rig_observation(&b, OBSERVE_MAIL, sec);
	b.o.app = APP_SMTP;
	b.o.key.addr[ORIGINATOR] = rig_addr("10.0.0.25");
	to(server, 25);
	b.o.count = r->recipients;
	b.o.refused = r->refused;
	b.o.flags = r->flags;
	b.o.status = 250;
	rig_text(&b, TEXT_MAIL_FROM, r->from);
	rig_text(&b, TEXT_MAIL_HEADER_FROM, r->author);
	rig_text(&b, TEXT_MAIL_SUBJECT, r->subject);
	if (r->id != NULL)
		rig_text(&b, TEXT_MAIL_ID, r->id);
	note();
}

/* 10.0.0.25 takes mail from outside. */
static void
begin_with_server(void)
{
	begin();
	arrives(0, 1, "Carol", "carol@partner.example", "Hello", 0);
}

/* `count` mails of one giver, each given and relayed. */
static void
relays_for(double sec, const char *giver, unsigned count, struct relayed r)
{
	char id[64], server[32];
	unsigned i;

	for (i = 0; i < count; i++) {
		snprintf(id, sizeof id, "%u.%s@x", i, giver);
		snprintf(server, sizeof server, "198.51.100.%u", i % 20 + 100);
		r.id = id;
		gives(sec + i * 10, giver, id, r.from);
		relays(sec + i * 10 + 1, server, &r);
	}
}

static const struct relayed lure = { NULL, "anna@office.example", "anna@office.example", "Re: invoice", "a.zip", 1, 0, 0 };

static void
test_stepping_stone(void **state)
{
	struct relayed r = lure;

	(void)state;
	begin_with_server();
	r.recipients = 15;
	r.refused = 2;
	relays_for(10, "203.0.113.9", 4, r);
	assert_int_equal(kept.count, 0);
	relays_for(10, "203.0.113.9", 5, r);		/* the same and one more */
	assert_int_equal(rang("stepping-stone"), 1);
	assert_int_equal(kept.f[0].n.confidence, 25 + 15 + 15 + 10 + 10);
	assert_string_equal(kept.f[0].n.technique, "T1586.002");
	assert_true(kept.f[0].host.b[15] == 25);
	assert_string_equal(kept.f[0].reason, "relayed 5 mails of anna@office.example, which a user at 203.0.113.9 gave it; 5 with "
	    "an encrypted archive or document or the like; 5 claim to answer and name nothing; 135 recipients, 18 refused, in 0 min");
}

/* Of a host of whom something is known already fewer signs are enough. */
static void
test_stepping_stone_of_a_suspect(void **state)
{
	struct relayed r = lure;
	unsigned i;

	(void)state;
	begin_with_server();
	r.subject = "invoice";
	relays_for(10, "10.0.0.77", 6, r);
	assert_int_equal(kept.count, 0);
	begin_with_server();
	for (i = 0; i < 26; i++) {	/* it reaches for many machines */
		char address[32];

		rig_observation(&b, OBSERVE_CONTACT, 1 + i);
		b.o.key.addr[ORIGINATOR] = rig_addr("10.0.0.77");
		snprintf(address, sizeof address, "10.0.1.%u", i + 1);
		to(address, 445);
		b.o.home = 3;
		note();
		b.o.kind = OBSERVE_FLOW;
		b.o.flow_state = FLOW_NEW;
		behaviour_note(behaviour, &b.o);
	}
	assert_true(rang("spreading") > 0);
	kept.count = 0;
	relays_for(100, "10.0.0.77", 6, r);
	assert_true(rang("stepping-stone") > 0);
	assert_non_null(strstr(kept.f[0].reason, "which the host 10.0.0.77 gave it (of whom something is known already)"));
}

static void
test_stepping_stone_twins(void **state)
{
	struct relayed r = { NULL, "bells-bounces@office.example", "carol@partner.example", "Re: bells", NULL, 40, 0, OBSERVED_LIST };
	unsigned i;

	(void)state;
	begin_with_server();
	relays_for(10, "10.0.0.30", 60, r);		/* a list */
	r.file = "a.zip";				/* one document to its many members */
	for (i = 0; i < 40; i++) {
		char server[32];

		snprintf(server, sizeof server, "198.51.100.%u", i);
		r.id = "once@x";
		relays(1000 + i, server, &r);
	}
	r = (struct relayed){ NULL, "news@office.example", "news@news.office.example", "April", NULL, 90, 1, 0 };
	relays_for(2000, "203.0.113.60", 60, r);	/* a newsletter, made outside */
	for (i = 0; i < 30; i++) {			/* thirty people, each with an answer of their own or an archive */
		char giver[32], from[32];

		snprintf(giver, sizeof giver, "10.0.2.%u", i + 1);
		snprintf(from, sizeof from, "p%u@office.example", i);
		r = (struct relayed){ NULL, from, from, "Re: plan", "a.zip", 2, 0, OBSERVED_REFERENCES };
		relays_for(3000 + i * 60, giver, 3, r);
	}
	r = lure;
	r.subject = "invoice";
	relays_for(6000, "203.0.113.9", 19, r);		/* somebody at home who sends many archives */
	assert_int_equal(kept.count, 0);
	begin();					/* no server at all: that is the spam module's row */
	for (i = 0; i < 30; i++)
		relays(i, "198.51.100.1", &lure);
	assert_int_equal(rang("stepping-stone"), 0);
}

static void
bounce_about(double sec, unsigned server, const char *id)
{
	from_outside(OBSERVE_MAIL, sec, 2000 + server);
	b.o.key.addr[ORIGINATOR].b[15] = (uint8_t)server;
	b.o.status = 250;
	b.o.flags = OBSERVED_REPORT;
	rig_text(&b, TEXT_MAIL_FROM, "");
	rig_text(&b, TEXT_MAIL_RECIPIENTS, "boss@office.example");
	rig_text(&b, TEXT_MAIL_ORIGINAL_ID, id);
	note();
}

/* By Message-ID a note is about one's own mail or somebody else's, however much was sent. */
static void
test_impersonated_by_ids(void **state)
{
	const struct relayed ordinary = { NULL, "boss@office.example", "boss@office.example", "April", NULL, 1, 0, 0 };
	char id[32];
	unsigned i;

	(void)state;
	begin_with_server();
	relays_for(10, "10.0.0.30", 40, ordinary);
	house_restarts();
	for (i = 0; i < 30; i++) {	/* all of one's own */
		snprintf(id, sizeof id, "%u.10.0.0.30@x", i);
		bounce_about(1000 + i, i, id);
	}
	assert_int_equal(kept.count, 0);
	for (i = 0; i < 10; i++) {	/* these are not */
		snprintf(id, sizeof id, "%u@elsewhere", i);
		bounce_about(2000 + i, 50 + i, id);
	}
	assert_int_equal(rang("impersonated"), 2);
	assert_non_null(strstr(kept.f[0].reason, "mails seen to leave: 40, 5 notes are about mails that nobody here sent"));
	for (i = 0; i < 100; i++)	/* much left encrypted meanwhile: ids tell nothing */
		contact(3000 + i, "198.51.100.9", 25);
	kept.count = 0;
	for (i = 0; i < 30; i++)
		bounce_about(4000 + i, 50 + i, "other@elsewhere");
	assert_int_equal(kept.count, 0);
	begin_with_server();		/* what a server here was given, and sent where it was not seen */
	for (i = 0; i < 30; i++) {
		snprintf(id, sizeof id, "%u@x", i);
		gives(i, "10.0.0.31", id, "boss@office.example");
		bounce_about(100 + i, i, id);
	}
	assert_int_equal(kept.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_spam),
		TEST(test_spam_twins),
		TEST(test_lure),
		TEST(test_lure_of_a_stranger),
		TEST(test_lure_over_a_restart),
		TEST(test_lure_twins),
		TEST(test_impersonated_and_its_twin),
		TEST(test_stepping_stone),
		TEST(test_stepping_stone_of_a_suspect),
		TEST(test_stepping_stone_twins),
		TEST(test_impersonated_by_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
