/* Limits of control groups as version 1 and 2 tell them, on the way up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "system/cgroup.h"

static char top[64];

static void
put(const char *path, const char *text)
{
	char whole[256], *slash;
	FILE *f;

	snprintf(whole, sizeof whole, "%s/%s", top, path);
	for (slash = strchr(whole + strlen(top) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	f = fopen(whole, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct cgroup
look(const char *membership)
{
	char path[128], root[128];
	struct cgroup g;

	put("membership", membership);
	snprintf(path, sizeof path, "%s/membership", top);
	snprintf(root, sizeof root, "%s/fs", top);
	cgroup_look(path, root, &g);
	return g;
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(top, sizeof top, "/tmp/hansho-cgroup-XXXXXX");
	return mkdtemp(top) == NULL;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", top);
	return system(command);
}

static void
test_version_2(void **state)
{
	struct cgroup g;

	(void)state;
	put("fs/system.slice/hansho.service/memory.max", "max\n");
	put("fs/system.slice/hansho.service/memory.current", "7\n");
	put("fs/system.slice/hansho.service/cpu.max", "150000 100000\n");
	put("fs/system.slice/memory.max", "2000\n");
	put("fs/system.slice/memory.current", "900\n");
	put("fs/system.slice/cpu.max", "max 100000\n");
	g = look("0::/system.slice/hansho.service\n");
	/* The slice's limit holds, and its use counts. */
	assert_int_equal(g.memory_limit_bytes, 2000);
	assert_int_equal(g.memory_used_bytes, 900);
	assert_true(g.processors > 1.49 && g.processors < 1.51);
	put("fs/system.slice/hansho.service/memory.max", "1000\n");
	g = look("0::/system.slice/hansho.service\n");
	assert_int_equal(g.memory_limit_bytes, 1000);
	assert_int_equal(g.memory_used_bytes, 7);
}

static void
test_version_1(void **state)
{
	struct cgroup g;

	(void)state;
	put("fs/memory/x/memory.limit_in_bytes", "5000\n");
	put("fs/memory/x/memory.usage_in_bytes", "40\n");
	put("fs/memory/memory.limit_in_bytes", "9223372036854771712\n");
	put("fs/cpu/x/cpu.cfs_quota_us", "-1\n");
	put("fs/cpu/x/cpu.cfs_period_us", "100000\n");
	put("fs/cpu/cpu.cfs_quota_us", "50000\n");
	put("fs/cpu/cpu.cfs_period_us", "100000\n");
	g = look("9:name=systemd:/x\n5:memory:/x\n3:cpu,cpuacct:/x\n");
	assert_int_equal(g.memory_limit_bytes, 5000);
	assert_int_equal(g.memory_used_bytes, 40);
	assert_true(g.processors > 0.49 && g.processors < 0.51);
}

static void
test_none(void **state)
{
	struct cgroup g;

	(void)state;
	g = look("0::/nowhere/at/all\n");
	assert_int_equal(g.memory_limit_bytes, 0);
	assert_true(g.processors == 0);
	g = look("rubbish\n::\n0\n\n0::\n5:cpuset:/x\n");
	assert_int_equal(g.memory_limit_bytes, 0);
	cgroup_look("/nowhere", "/nowhere", &g);
	assert_int_equal(g.memory_limit_bytes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_version_2, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_version_1, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_none, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
