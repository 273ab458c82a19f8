#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

/* What a connection says of its last ten minutes, so far. */
static void
files(double sec, const char *peer, uint64_t flow, uint32_t all, uint32_t existing, uint32_t deleted, uint32_t marked,
    const char *ending)
{
	rig_observation(&b, OBSERVE_REMOTE, sec);
	to(peer, 445);
	b.o.home = 3;
	b.o.app = APP_SMB;
	b.o.detail = REMOTE_FILE_WRITE;
	b.o.outcome = OUTCOME_SUCCESS;
	b.o.flow_id = flow;
	b.o.count = all;
	b.o.body_bytes = existing;
	b.o.refused = deleted;
	b.o.number = marked;
	rig_text(&b, TEXT_SHARE, "work\\a.docx");
	if (ending != NULL)
		rig_text(&b, TEXT_FILE_NAME, ending);
	note();
}

static void
command(double sec, const char *peer, enum remote_action action, const char *line, enum outcome outcome)
{
	rig_observation(&b, OBSERVE_REMOTE, sec);
	to(peer, 445);
	b.o.home = 3;
	b.o.app = APP_DCERPC;
	b.o.detail = (uint8_t)action;
	b.o.outcome = (uint8_t)outcome;
	rig_text(&b, TEXT_SHARE, "bell");
	if (line != NULL)
		rig_text(&b, TEXT_COMMAND, line);
	note();
}

/* Opened where they stand, encrypted, renamed: two deeds of each file, told at doublings. */
static void
test_encryption(void **state)
{
	(void)state;
	begin();
	files(10, "10.0.1.1", 1, 64, 32, 0, 32, "ring");
	files(20, "10.0.1.1", 1, 128, 64, 0, 64, "ring");
	files(40, "10.0.1.1", 1, 256, 128, 0, 128, "ring");
	assert_int_equal(kept.count, 0);
	files(80, "10.0.1.1", 1, 512, 256, 0, 256, "ring");
	assert_int_equal(rang("destruction"), 1);
	assert_int_equal(kept.f[0].n.confidence, 65);
	assert_int_equal(kept.f[0].severity, SEVERITY_HIGH);
	assert_string_equal(kept.f[0].n.technique, "T1486");
	assert_string_equal(kept.f[0].reason, "wrote 512 files of others, latest at 10.0.1.1, 256 of them where they stood, "
	    "gave 256 the ending .ring, within 1 min");
	files(160, "10.0.1.1", 1, 1024, 512, 0, 512, "ring");
	files(170, "10.0.1.2", 2, 1024, 512, 0, 512, "ring");
	assert_int_equal(kept.f[kept.count - 1].severity, SEVERITY_CRITICAL);
	assert_int_equal(kept.f[kept.count - 1].n.confidence, 99);
	assert_non_null(strstr(kept.f[kept.count - 1].reason, "on 2 machines, within 2 min"));
}

/* Made anew beside it, and the old one deleted; or rewritten and nothing else. */
static void
test_other_ways(void **state)
{
	uint32_t n;

	(void)state;
	begin();
	for (n = 64; n <= 512; n *= 2)
		files(n, "10.0.1.1", 1, n, 0, n, n, "k4x9");
	assert_true(rang("destruction") >= 1);
	begin();
	for (n = 128; n <= 4096; n *= 2)
		files(n / 4, "10.0.1.1", 1, n, n, 0, 0, NULL);
	assert_int_equal(rang("destruction"), 1);
	assert_int_equal(kept.f[0].n.evidence[1].number, 4096);
}

static void
test_commands(void **state)
{
	(void)state;
	begin();
	command(10, "10.0.1.1", REMOTE_SERVICE, "cmd.exe /c VSSADMIN.EXE Delete Shadows /all /quiet", OUTCOME_SUCCESS);
	assert_int_equal(rang("destruction"), 1);
	assert_string_equal(kept.f[0].reason, "told 10.0.1.1 to run cmd.exe /c VSSADMIN.EXE Delete Shadows /all /quiet, which takes away "
	    "what one restores from, within 0 min");
	command(20, "10.0.1.1", REMOTE_TASK, "bcdedit /set {default} recoveryenabled no", OUTCOME_FAILURE);
	assert_int_equal(rang("destruction"), 2);
	assert_int_equal(kept.f[1].n.confidence, 80);
	assert_int_equal(kept.f[1].severity, SEVERITY_CRITICAL);
	begin();
	command(30, "10.0.1.1", REMOTE_SERVICE, "wbadmin delete catalog -quiet", OUTCOME_UNKNOWN);
	assert_int_equal(rang("destruction"), 1);
	begin();
	limits.language = LANGUAGE_JA;
	begin();
	command(30, "10.0.1.1", REMOTE_SERVICE, "wbadmin delete catalog -quiet", OUTCOME_UNKNOWN);
	assert_string_equal(kept.f[0].reason, "10.0.1.1 に wbadmin delete catalog -quiet の実行を命じた。復元の手段を奪うものである。");
}

static void
test_twins(void **state)
{
	static struct cidr admin;
	uint32_t n;

	(void)state;
	begin();
	for (n = 64; n <= 8192; n *= 2)	/* a large folder is copied there */
		files(n / 32, "10.0.1.1", 1, n, 0, 0, 0, NULL);
	for (n = 64; n <= 2048; n *= 2)	/* moved to another machine */
		files(300 + n / 32, "10.0.1.2", 2, n, 0, n, 0, NULL);
	assert_int_equal(kept.count, 0);
	begin();
	for (n = 64; n <= 512; n *= 2)	/* somebody gives all photographs another name */
		files(n / 32, "10.0.1.1", 1, n, 0, 0, n, "jpg");
	files(60, "10.0.1.1", 3, 200, 150, 30, 20, "wip");	/* a day's work in a few minutes */
	assert_int_equal(kept.count, 0);
	begin();
	for (n = 1; n <= 20; n++)	/* as much in a day as others in ten minutes */
		files(n * 1900, "10.0.1.1", 1, 200, 150, 10, 50, "ring");
	command(40000, "10.0.1.1", REMOTE_SERVICE, "C:\\agent\\update.exe --delete-old", OUTCOME_SUCCESS);
	command(40001, "10.0.1.1", REMOTE_TASK, "vssadmin list shadows", OUTCOME_SUCCESS);
	command(40002, "10.0.1.1", REMOTE_TASK, NULL, OUTCOME_SUCCESS);
	assert_int_equal(kept.count, 0);
	assert_true(cidr_parse("10.0.0.5", 8, &admin));
	limits.admin_hosts = &admin;
	limits.admin_hosts_count = 1;
	begin();
	for (n = 64; n <= 65536; n *= 2)	/* the backup */
		files(n / 128, "10.0.1.1", 1, n, n, n, n, "ring");
	command(2000, "10.0.1.1", REMOTE_SERVICE, "vssadmin delete shadows /oldest", OUTCOME_SUCCESS);
	assert_int_equal(kept.count, 0);
	limits.admin_hosts = NULL;
	limits.admin_hosts_count = 0;
}

/* A connection counts anew each ten minutes, several at once; the largest numbers. */
static void
test_sums(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 8; i++)		/* eight connections, each told twice */
		files(i, "10.0.1.1", 10 + i, 64, 32, 0, 32, "ring");
	assert_int_equal(rang("destruction"), 1);
	assert_int_equal(kept.f[0].n.evidence[1].number, 512);
	begin();
	files(1, "10.0.1.1", 1, 256, 128, 0, 128, "ring");
	files(700, "10.0.1.1", 1, 128, 64, 0, 64, "ring");	/* another ten minutes */
	files(800, "10.0.1.1", 1, 256, 128, 0, 128, "ring");
	assert_int_equal(rang("destruction"), 1);
	assert_int_equal(kept.f[0].n.evidence[1].number, 512);
	for (i = 0; i < 40; i++)
		files(900 + i, "10.0.1.1", i, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, "an-ending-too-long-to-be-one");
	assert_true(kept.count > 1);
}

/* What came before on the same host adds to it. */
static void
test_after_spreading(void **state)
{
	char peer[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 30; i++) {
		snprintf(peer, sizeof peer, "10.0.2.%u", i + 1);
		contact(i, peer, 445);
		rig_observation(&b, OBSERVE_CONTACT, i);
		to(peer, 445);
		b.o.home = 3;
		note();
	}
	assert_true(rang("spreading") >= 1);
	files(100, "10.0.1.1", 1, 256, 128, 0, 128, "ring");
	files(200, "10.0.1.1", 1, 300, 150, 10, 150, "ring");
	assert_true(rang("destruction") >= 1);
	assert_non_null(strstr(kept.f[kept.count - 1].reason, "; spreading came before"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_encryption), TEST(test_other_ways), TEST(test_commands), TEST(test_twins), TEST(test_sums),
		TEST(test_after_spreading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
