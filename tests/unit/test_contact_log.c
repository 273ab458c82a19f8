#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/when.h"
#include "history/contact_log.h"

#define DAY_NS (86400 * NS_PER_SEC)
#define START_NS (20000 * DAY_NS + 3600 * NS_PER_SEC)	/* 2024-10-04, one o'clock */
#define FIRST_FILE "2024-10-04.hcl"

static char folder[64];
static const struct contact_log_limits roomy = { .days = 30, .max_bytes = 64u << 20 };

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/hansho-contacts-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static unsigned
files(bool unlink_them)
{
	char path[512];
	struct dirent *e;
	unsigned count = 0;
	DIR *d = opendir(folder);

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		count += strstr(e->d_name, ".hc") != NULL;
		if (unlink_them)
			unlink(path);
	}
	if (d != NULL)
		closedir(d);
	return count;
}

static int
remove_folder(void **state)
{
	(void)state;
	files(true);
	return rmdir(folder);
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static void
note_in(struct contact_log *l, uint16_t vlan, const char *host, uint16_t port, const char *peer,
    const char *name, int64_t ts_ns)
{
	struct fault fault = { "" };
	struct kept_buffer b;

	memset(&b, 0, sizeof b);
	b.k.kind = KEPT_CONTACT;
	b.k.protocol = 6;
	b.k.addr[0] = address(host);
	b.k.addr[1] = address(peer);
	b.k.port[0] = port;
	b.k.port[1] = 443;
	b.k.ts_ns = ts_ns;
	b.k.realm.vlan[0] = vlan;
	kept_seal(&b, span_text(name));
	if (contact_log_note(l, &b.k, &fault) < 0)
		fail_msg("%s", fault.text);
}

static void
note(struct contact_log *l, const char *host, uint16_t port, const char *peer, const char *name, int64_t ts_ns)
{
	note_in(l, 0, host, port, peer, name, ts_ns);
}

struct seen {
	unsigned count;
	struct contact c;		/* the latest */
	char name[256];
	struct contact_hunted sums;
};

static bool
see(void *to, const struct contact *c)
{
	struct seen *s = to;

	s->count++;
	s->c = *c;
	snprintf(s->name, sizeof s->name, "%.*s", (int)c->name.left, c->name.left > 0 ? (const char *)c->name.at : "");
	return true;
}

static struct seen
hunted_between(const char *value, bool source, int64_t from_ns, int64_t to_ns)
{
	struct sought sought;
	const struct contact_hunt hunt = { &sought, 1, source, from_ns, to_ns };
	struct fault fault = { "" };
	struct seen s;

	memset(&s, 0, sizeof s);
	assert_true(sought_parse(value, &sought));
	if (contact_log_hunt(folder, &hunt, see, &s, &s.sums, &fault) < 0)
		fail_msg("%s", fault.text);
	assert_int_equal(s.sums.found, s.count);
	return s;
}

static struct seen
hunted(const char *value, bool source)
{
	return hunted_between(value, source, 0, INT64_MAX);
}

static void
test_contacts_come_back(void **state)
{
	struct contact_log *l = contact_log_new(folder, &roomy, 0);
	struct seen s;

	(void)state;
	note(l, "10.0.0.5", 51234, "192.0.2.77", "panel.example", START_NS + 123456000);
	note_in(l, 12, "192.168.0.2", 50000, "192.0.2.77", "", START_NS + NS_PER_SEC);
	note(l, "2001:db8::5", 50001, "2001:db8:1::77", "six.example", START_NS + 2 * NS_PER_SEC);
	assert_int_equal(contact_log_counts(l)->lost, 0);
	contact_log_free(l);
	s = hunted("panel.example", false);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.c.ts_ns, START_NS + 123456000);
	assert_int_equal(s.c.port[0], 51234);
	assert_int_equal(s.c.port[1], 443);
	assert_int_equal(s.c.protocol, 6);
	assert_string_equal(s.name, "panel.example");
	assert_int_equal(hunted("example", false).count, 2);
	assert_int_equal(hunted("192.0.2.77", false).count, 2);
	assert_int_equal(hunted("192.0.2.77:443", false).count, 2);
	assert_int_equal(hunted("192.0.2.77", true).count, 0);
	assert_int_equal(hunted("10.0.0.5:51234", true).count, 1);
	assert_int_equal(hunted("10.0.0.5:51235", true).count, 0);
	assert_int_equal(hunted("10.0.0.0/8", false).count, 1);
	s = hunted("192.168.0.2", true);
	assert_int_equal(s.c.realm.vlan[0], 12);
	s = hunted("2001:db8::/32", true);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.name, "six.example");
	assert_int_equal(hunted_between("192.0.2.77", false, START_NS + NS_PER_SEC, START_NS + NS_PER_SEC).count, 1);
	assert_int_equal(hunted_between("192.0.2.77", false, START_NS + 2 * DAY_NS, INT64_MAX).count, 0);
}

static void
test_size_of_a_contact(void **state)
{
	struct contact_log *l = contact_log_new(folder, &roomy, 0);
	char path[128], host[32];
	struct stat st;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		snprintf(host, sizeof host, "10.0.%d.%d", i / 250, i % 250);
		note(l, host, (uint16_t)(1024 + i), "192.0.2.77", i % 2 ? "a.example" : "b.example", START_NS + i * 1000000LL);
	}
	contact_log_free(l);
	snprintf(path, sizeof path, "%s/" FIRST_FILE, folder);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size <= 20000 * 24);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(hunted("a.example", false).count, 10000);
}

static void
test_a_new_writer_goes_on(void **state)
{
	struct contact_log *l;
	char path[128];
	struct stat st;
	int fd, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		l = contact_log_new(folder, &roomy, 0);
		note(l, "10.0.0.5", (uint16_t)(1000 + i), "192.0.2.77", i == 2 ? "c.example" : "a.example", START_NS);
		contact_log_free(l);
		/* A death in the middle of a block. */
		snprintf(path, sizeof path, "%s/" FIRST_FILE, folder);
		assert_true((fd = open(path, O_WRONLY | O_APPEND)) >= 0);
		assert_int_equal(write(fd, "HCB1\x30\x00\x00", 7), 7);
		close(fd);
		snprintf(path, sizeof path, "%s/2024-10-04.hcs", folder);
		assert_true((fd = open(path, O_WRONLY | O_APPEND)) >= 0);
		assert_int_equal(write(fd, "\x01\x09\x00", 3), 3);
		close(fd);
	}
	assert_int_equal(hunted("a.example", false).count, 2);
	assert_int_equal(hunted("c.example", false).count, 1);
	assert_int_equal(hunted("192.0.2.77", false).count, 3);
	snprintf(path, sizeof path, "%s/" FIRST_FILE, folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 3 * (40 + 23) + 7);
}

/* What it wrote reached the files; then it is gone. */
static void
dies_while_it_writes(uint64_t run, uint16_t port)
{
	pid_t pid = fork();
	struct contact_log *l;
	struct fault fault;
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		l = contact_log_new(folder, &roomy, run);
		note(l, "10.0.0.5", port, "192.0.2.77", "", START_NS);
		note(l, "10.0.0.5", port, "192.0.2.77", "", START_NS + 2 * DAY_NS);
		_exit(contact_log_flush(l, &fault) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_runs_count_when_they_have_ended(void **state)
{
	struct contact_log *l = contact_log_new(folder, &roomy, 7);
	struct fault fault;

	(void)state;
	note(l, "10.0.0.5", 1, "192.0.2.77", "", START_NS);
	assert_int_equal(contact_log_flush(l, &fault), 0);
	assert_int_equal(hunted("10.0.0.5:1", true).count, 0);
	assert_int_equal(contact_log_end(l, &fault), 0);
	contact_log_free(l);
	assert_int_equal(hunted("10.0.0.5:1", true).count, 1);
	/* broken off, and told: nothing is left */
	l = contact_log_new(folder, &roomy, 8);
	note(l, "10.0.0.5", 2, "192.0.2.77", "", START_NS);
	assert_int_equal(contact_log_flush(l, &fault), 0);
	contact_log_free(l);
	assert_int_equal(hunted("10.0.0.5:2", true).count, 0);
	/* killed: it does not count, and the same run begins again */
	dies_while_it_writes(9, 3);
	assert_int_equal(hunted("10.0.0.5:3", true).count, 0);
	l = contact_log_new(folder, &roomy, 9);
	note(l, "10.0.0.5", 4, "192.0.2.77", "", START_NS);
	assert_int_equal(contact_log_end(l, &fault), 0);
	contact_log_free(l);
	/* killed, and another writes next: of both days nothing is left */
	dies_while_it_writes(10, 5);
	l = contact_log_new(folder, &roomy, 0);
	note(l, "10.0.0.5", 6, "192.0.2.77", "", START_NS + 2 * DAY_NS);
	contact_log_free(l);
	assert_int_equal(hunted("10.0.0.5:1", true).count, 1);
	assert_int_equal(hunted("10.0.0.5:3", true).count, 0);
	assert_int_equal(hunted("10.0.0.5:4", true).count, 1);
	assert_int_equal(hunted("10.0.0.5:5", true).count, 0);
	assert_int_equal(hunted("10.0.0.5:6", true).count, 1);
	assert_int_equal(hunted("10.0.0.5", true).sums.contacts, 3);
}

/* One flipped bit costs its block and no other. */
static void
test_flipped_bits(void **state)
{
	struct contact_log *l = contact_log_new(folder, &roomy, 0);
	struct fault fault = { "" };
	char path[128];
	off_t at, size;
	uint8_t byte;
	struct seen s;
	int fd, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		note(l, "10.0.0.5", (uint16_t)(1000 + i), "192.0.2.77", "a.example", START_NS);
		assert_int_equal(contact_log_flush(l, &fault), 0);
	}
	contact_log_free(l);
	snprintf(path, sizeof path, "%s/" FIRST_FILE, folder);
	assert_true((fd = open(path, O_RDWR)) >= 0);
	size = lseek(fd, 0, SEEK_END);
	for (at = 0; at < size; at++) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= (uint8_t)(1 << (at % 8));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		s = hunted("192.0.2.77", false);
		assert_int_equal(s.count, 2);
		byte ^= (uint8_t)(1 << (at % 8));
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	for (at = size; at-- > 0;) {
		assert_int_equal(ftruncate(fd, at), 0);
		assert_int_equal(hunted("192.0.2.77", false).count, (unsigned)at / 63);
	}
	close(fd);
}

static void
test_old_and_large_days_go(void **state)
{
	static const struct contact_log_limits week = { .days = 7, .max_bytes = 64u << 20 };
	static const struct contact_log_limits narrow = { .days = 30, .max_bytes = 100 };
	struct contact_log *l = contact_log_new(folder, &week, 0);
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		note(l, "10.0.0.5", (uint16_t)(1000 + i), "192.0.2.77", "", START_NS + i * DAY_NS);
	assert_int_equal(contact_log_counts(l)->days_removed, 3);
	contact_log_free(l);
	assert_int_equal(files(false), 14);
	assert_int_equal(hunted("192.0.2.77", false).count, 7);
	l = contact_log_new(folder, &narrow, 0);
	note(l, "10.0.0.5", 1, "192.0.2.77", "", START_NS + 10 * DAY_NS);
	contact_log_free(l);
	assert_int_equal(hunted("192.0.2.77", false).count, 2);
}

static void
test_what_comes_late_stays_in_its_file(void **state)
{
	struct contact_log *l = contact_log_new(folder, &roomy, 0);
	int64_t midnight = 20001 * DAY_NS;

	(void)state;
	note(l, "10.0.0.5", 1, "192.0.2.77", "", midnight - 1000);
	note(l, "10.0.0.5", 2, "192.0.2.77", "", midnight + 1000);
	note(l, "10.0.0.5", 3, "192.0.2.77", "", midnight - 2000);
	contact_log_free(l);
	assert_int_equal(files(false), 4);
	assert_int_equal(hunted_between("192.0.2.77", false, 0, midnight - 1).count, 2);
	assert_int_equal(hunted_between("192.0.2.77", false, midnight, INT64_MAX).count, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_contacts_come_back, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_size_of_a_contact, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_new_writer_goes_on, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_runs_count_when_they_have_ended, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_flipped_bits, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_old_and_large_days_go, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_what_comes_late_stays_in_its_file, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
