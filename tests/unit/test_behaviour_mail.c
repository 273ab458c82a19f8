#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/state_file.h"
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
	char path[] = "/tmp/hansho-house-XXXXXX";
	struct state_out *out = state_out_new();
	struct state_in *in;
	struct fault fault;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	begin();
	arrives(0, 1, "Carol", "carol@partner.example", "Hello", 0);
	arrives(1, 2, "Carol", "carol@partner.example", "Hello", 0);
	behaviour_save(behaviour, out);
	assert_int_equal(state_out_write(out, path, BEHAVIOUR_STATE_VERSION, false, &fault), 0);
	state_out_free(out);
	begin();
	assert_int_equal(state_in_open(path, BEHAVIOUR_STATE_VERSION, 1 << 24, &in, &fault), 0);
	behaviour_load(behaviour, in);
	state_in_close(in);
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
	unlink(path);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
