/* Behaviours over a restart: what began before it is ended behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/state_file.h"
#include "behaviour_rig.h"

enum { SOME_BYTES = 64 << 20 };

/* A new process: with what the old one saved, or with nothing. */
static void
restart(bool with_memory)
{
	struct state_out *out = state_out_new();
	struct state_in *in = NULL;
	struct behaviour *next = behaviour_new(&limits, keep, &kept);
	struct fault fault;
	char path[64];

	snprintf(path, sizeof path, "/tmp/test_behaviour_memory.%ld", (long)getpid());
	assert_non_null(next);
	behaviour_save_hosts(behaviour, out);
	assert_int_equal(state_out_write(out, path, BEHAVIOUR_HOSTS_VERSION, false, &fault), 0);
	state_out_free(out);
	assert_int_equal(state_in_open(path, BEHAVIOUR_HOSTS_VERSION, SOME_BYTES, &in, &fault), 0);
	if (with_memory)
		behaviour_load_hosts(next, in);
	state_in_close(in);
	unlink(path);
	behaviour_free(behaviour);
	behaviour = next;
}

static void
download(double sec)
{
	rig_observation(&b, OBSERVE_FILE, sec);
	to("192.0.2.77", 80);
	b.o.app = APP_HTTP;
	b.o.flags = OBSERVED_RESPONSE;
	b.o.detail = FILE_PE;
	rig_text(&b, TEXT_CONTENT_TYPE, "application/octet-stream");
	rig_text(&b, TEXT_FILE_NAME, "a.exe");
	note();
}

static void
chain(bool with_memory)
{
	begin();
	contact(0, "198.51.100.9", 4444);
	download(10);
	kept.count = 0;
	restart(with_memory);
	contact(20, "198.51.100.9", 4444);		/* known since before, or new */
	contact(70, "198.51.100.60", 4444);
}

static void
a_chain_goes_on(void **state)
{
	(void)state;
	chain(true);
	assert_int_equal(rang("dropper-chain"), 1);
	assert_non_null(strstr(kept.f[0].reason, "fetched a Windows program from 192.0.2.77 and 60 s later "));
	chain(false);
	assert_int_equal(rang("dropper-chain"), 0);
}

static void
refused(double sec, const char *peer)
{
	rig_observation(&b, OBSERVE_LOGIN, sec);
	to(peer, 445);
	b.o.home = 3;
	b.o.app = APP_SMB;
	b.o.outcome = OUTCOME_FAILURE;
	note();
}

static void
spread(double from_sec, unsigned from, unsigned until)
{
	char peer[16];

	for (; from < until; from++, from_sec += 10) {
		snprintf(peer, sizeof peer, "10.0.0.%u", from);
		refused(from_sec, peer);
	}
}

/* Half of the machines before, half behind: neither is enough alone. Told already, it is not told again at once. */
static void
machines_add_up(void **state)
{
	(void)state;
	begin();
	spread(0, 20, 24);
	assert_int_equal(kept.count, 0);
	restart(false);
	spread(40, 24, 28);
	assert_int_equal(kept.count, 0);
	begin();
	spread(0, 20, 24);
	restart(true);
	spread(40, 24, 32);
	assert_int_equal(rang("spreading") > 0, 1);
	kept.count = 0;
	restart(true);
	refused(119, "10.0.0.31");
	assert_int_equal(kept.count, 0);
}

static void
hosts_beyond_the_limit_are_left_out(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 50; i++) {
		rig_observation(&b, OBSERVE_CONTACT, i);
		b.o.key.addr[0].b[14] = (uint8_t)i;
		to("192.0.2.25", 25);
		note();
	}
	assert_int_equal(behaviour_counts(behaviour)->hosts, 50);
	limits.hosts = 8;
	restart(true);
	assert_int_equal(behaviour_counts(behaviour)->hosts, 8);
	limits.hosts = 0;
	restart(true);
	assert_int_equal(behaviour_counts(behaviour)->hosts, 0);
}

static void
relayed(double sec, unsigned number)
{
	char id[16];

	rig_observation(&b, OBSERVE_FILE, sec);
	b.o.app = APP_SMTP;
	to("198.51.100.25", 25);
	b.o.detail = FILE_LNK;
	note();
	rig_observation(&b, OBSERVE_MAIL, sec);
	b.o.app = APP_SMTP;
	to("198.51.100.25", 25);
	b.o.count = 60;
	b.o.refused = 5;
	b.o.status = 250;
	snprintf(id, sizeof id, "%u@x", number);
	rig_text(&b, TEXT_MAIL_ID, id);
	rig_text(&b, TEXT_MAIL_FROM, "anna@office.example");
	rig_text(&b, TEXT_MAIL_HEADER_FROM, "boss@partner.example");
	note();
}

/* Five mails of one sender, two of them behind the restart; what they carry is still known. */
static void
relayed_mails_add_up(void **state)
{
	struct cidr server;
	unsigned i;

	(void)state;
	assert_true(cidr_parse("10.0.0.5", 8, &server));
	limits.mail_hosts = &server;
	limits.mail_hosts_count = 1;
	begin();
	for (i = 0; i < 3; i++)
		relayed(i, i);
	restart(true);
	for (; i < 5; i++)
		relayed(i, i);
	assert_int_equal(rang("stepping-stone"), 1);
	assert_non_null(strstr(kept.f[0].reason, "5 with a Windows shortcut or the like; 5 name somebody else"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_chain_goes_on),
		TEST(machines_add_up),
		TEST(hosts_beyond_the_limit_are_left_out),
		TEST(relayed_mails_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
