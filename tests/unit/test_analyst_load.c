/* The analyst as a process, under a load that never lets its rings run empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyst/memory.h"
#include "base/when.h"
#include "engine/analyst_process.h"

enum { CONTACTS = 33000, APART_MS = 100 };

static char folder[] = "/tmp/hansho-analyst-XXXXXX";
static struct config config;
static struct house house;

static int
setup(void **state)
{
	struct fault fault;
	char path[CONFIG_TEXT_MAX];

	(void)state;
	assert_non_null(mkdtemp(folder));
	config_defaults(&config);
	config.ring_mib = 32;
	config.save_sec = 60;
	snprintf(config.state_directory, sizeof config.state_directory, "%s", folder);
	assert_int_equal(house_make(&house, &config, true, 1, false, false, &fault), 0);
	snprintf(house.journal_directory, sizeof house.journal_directory, "%s/journal", folder);
	snprintf(house.memory_directory, sizeof house.memory_directory, "%s", memory_folder(&config, path, sizeof path));
	assert_int_equal(mkdir(house.memory_directory, 0700), 0);
	return 0;
}

static int
teardown(void **state)
{
	char command[64];

	(void)state;
	house_clear(&house);
	config_clear(&config);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command) == 0 ? 0 : -1;
}

static void
put(unsigned n, uint16_t kind)
{
	const uint8_t host[4] = { 10, 0, 0, (uint8_t)(1 + n % 50) }, peer[4] = { 203, 0, 113, 7 };
	struct observation *o = ring_reserve(house.rings[0], sizeof *o);

	assert_non_null(o);
	memset(o, 0, sizeof *o);
	o->bytes = sizeof *o;
	o->kind = kind;
	o->home = 1;
	o->app = APP_TLS;
	o->ts_ns = o->flow_first_ns = o->flow_last_ns = 1790000000 * NS_PER_SEC + (int64_t)n * APART_MS * 1000000;
	o->deadline_ns = INT64_MAX;
	o->key.protocol = 6;
	o->key.addr[0] = addr_v4(host);
	o->key.addr[1] = addr_v4(peer);
	o->key.port[1] = 443;
	ring_commit(house.rings[0]);
}

/*
 * All that comes lies there before it begins, and the last is none: it ends at once when it gets there, and nothing is
 * written that was not written on the way.
 */
static void
test_saves_under_load(void **state)
{
	struct stat st;
	char path[CONFIG_TEXT_MAX + 64];
	pid_t pid;
	unsigned n;
	int status;

	(void)state;
	for (n = 0; n < CONTACTS; n++)
		put(n, OBSERVE_CONTACT);
	put(n, OBSERVATION_KINDS);
	ring_end(house.rings[1]);
	assert_true((pid = fork()) >= 0);
	if (pid == 0)
		_exit(analyst_main(&house, 0));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ANALYST_RING_DAMAGED);
	assert_int_equal(house.board->analyst.observations, CONTACTS);
	snprintf(path, sizeof path, "%s/census.state", house.memory_directory);
	assert_int_equal(stat(path, &st), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_saves_under_load, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
