#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink_rig.h"
#include "sinks/sink.h"

#define LINE(time, host, peer, more) "{\"timestamp\":\"2026-05-" time "+0000\",\"src_ip\":\"" host "\"," \
	"\"dest_ip\":\"" peer "\",\"dest_port\":443,\"alert\":{\"signature\":\"C2 feed ip:port Emotet\"," \
	"\"severity\":1},\"hansho\":{\"id\":\"a\",\"revision\":1," more "}}"

#define REASON "\"state\":\"open\",\"technique\":\"T1071.001\",\"reason\":\"threatfox line 12 lists " \
	"192.0.2.77:443 as Emotet, first seen 2026-05-01, last seen 2026-05-19\""

struct screen {
	struct sink *sink;
	int fd;
	char path[64], text[65536];
};

static int
set_up(void **state)
{
	struct screen *c = calloc(1, sizeof *c);
	struct sink_options o = { .kind = SINK_CONSOLE, .name = "console" };
	struct fault fault;

	assert_non_null(c);
	strcpy(c->path, "/tmp/hansho-console-XXXXXX");
	assert_true((c->fd = mkstemp(c->path)) >= 0);
	o.descriptor = c->fd;
	assert_int_equal(sink_open(&o, &c->sink, &fault), 0);
	*state = c;
	return 0;
}

static int
tear_down(void **state)
{
	struct screen *c = *state;

	sink_close(c->sink);
	unlink(c->path);
	close(c->fd);
	free(c);
	return 0;
}

static const char *
show(struct screen *c, enum record_kind kind, const char *line)
{
	struct fault fault;
	ssize_t n;

	assert_int_equal(give(c->sink, kind, line, &fault), SINK_DONE);
	assert_int_equal(sink_flush(c->sink, &fault), SINK_DONE);
	assert_true((n = pread(c->fd, c->text, sizeof c->text - 1, 0)) >= 0);
	c->text[n] = '\0';
	return c->text;
}

static unsigned
occurrences(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what)) != NULL) {
		n++;
		text++;
	}
	return n;
}

static void
assert_width(const char *text, size_t most)
{
	size_t len;

	for (; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		assert_in_range(len, 1, most);
		assert_int_not_equal(text[len - 1], ' ');
	}
}

static void
test_one_alert(void **state)
{
	const char *text = show(*state, RECORD_ALERT,
	    LINE("20T10:00:12.123456", "198.51.100.7", "192.0.2.77", REASON
	    ",\"peer\":{\"asn\":64511,\"organisation\":\"Example Hosting\",\"country\":\"NL\"}"));

	assert_string_equal(text,
	    "TIME UTC  SEVERITY  HOST             PEER                             ALERT\n"
	    "2026-05-20\n"
	    "10:00:12  critical  198.51.100.7     192.0.2.77:443                   C2 feed ip:port Emotet\n"
	    "                    why   threatfox line 12 lists 192.0.2.77:443 as Emotet, first seen 2026-05-01,\n"
	    "                          last seen 2026-05-19 (ATT&CK T1071.001)\n"
	    "                    peer  AS64511 Example Hosting, NL\n");
}

static void
test_whose_the_address_is(void **state)
{
	const char *text = show(*state, RECORD_ALERT,
	    LINE("20T10:00:12.123456", "198.51.100.7", "192.0.2.77", REASON
	    ",\"host_identity\":{\"mac\":\"02:00:5e:10:00:01\",\"mac_source\":\"dhcp\","
	    "\"name\":\"desk\\u001b[1m\",\"name_source\":\"mdns\",\"user\":\"alice\",\"user_source\":\"kerberos\"}"));

	assert_non_null(strstr(text,
	    "                    host  desk\\x1b[1m (mdns), 02:00:5e:10:00:01 (dhcp), user alice (kerberos)\n"));
}

static void
test_a_named_peer(void **state)
{
	const char *text = show(*state, RECORD_ALERT,
	    LINE("20T10:00:12.123456", "2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::77",
	    "\"peer\":{\"name\":\"c2.example.net\"}"));

	assert_non_null(strstr(text, "10:00:12  critical  2001:db8::7      c2.example.net:443"));
	assert_non_null(strstr(text, "peer  2001:db8::77\n"));
	text = show(*state, RECORD_ALERT, LINE("20T10:00:12.123456",
	    "2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8::77", REASON));
	/* What is wider than its column goes on in the next line, in its column. */
	assert_non_null(strstr(text, " 2001:db8:1111:2222:3333:4444:5555:6666\n"
	    "                                     [2001:db8::77]:443               C2"));
	assert_width(text, 100);
}

static void
test_a_beacon_says_its_peer_once(void **state)
{
	const char *text = show(*state, RECORD_ALERT,
	    "{\"timestamp\":\"2026-05-20T10:00:12.1+0000\",\"src_ip\":\"10.0.0.5\",\"dest_ip\":\"192.0.2.77\","
	    "\"dest_port\":443,\"alert\":{\"signature\":\"Beacon to c2.example\",\"severity\":3},"
	    "\"tls\":{\"sni\":\"c2.example\"},\"hansho\":{\"id\":\"a\",\"revision\":1,\"state\":\"open\"}}");

	assert_non_null(strstr(text, "c2.example:443                   Beacon\n"));
	text = show(*state, RECORD_ALERT,
	    "{\"timestamp\":\"2026-05-20T10:00:12.1+0000\",\"src_ip\":\"10.0.0.5\",\"dest_ip\":\"192.0.2.77\","
	    "\"dest_port\":443,\"alert\":{\"signature\":\"Beacon to *:443\",\"severity\":3},"
	    "\"hansho\":{\"id\":\"a\",\"revision\":1,\"state\":\"open\"}}");
	assert_non_null(strstr(text, "192.0.2.77:443                   Beacon to *:443\n"));
}

static void
test_a_called_host_in_a_tunnel(void **state)
{
	const char *text = show(*state, RECORD_ALERT,
	    LINE("20T10:00:12.1", "192.0.2.77", "198.51.100.7", "\"host\":\"198.51.100.7\","
	    "\"peer\":{\"ip\":\"192.0.2.77\"},\"realm\":{\"vlan\":[100,7],\"tunnel\":\"ds-lite\","
	    "\"tunnel_id\":0,\"outer\":\"2001:db8:0:0:0:0:0:1\"}"));

	assert_non_null(strstr(text, "198.51.100.7     192.0.2.77                       C2"));
	assert_non_null(strstr(text, "via   VLAN 100.7, ds-lite, outer address 2001:db8::1\n"));
}

static void
test_the_ends_of_a_tunnel(void **state)
{
	const char *text = show(*state, RECORD_ALERT,
	    "{\"timestamp\":\"2026-05-20T10:00:12.1+0000\",\"src_ip\":\"10.0.0.5\",\"dest_ip\":\"192.0.2.77\","
	    "\"alert\":{\"signature\":\"C2 feed ip\",\"severity\":1},\"tunnel\":{\"src_ip\":\"198.18.0.1\","
	    "\"dest_ip\":\"2001:0db8:0:0:0:0:0:1\",\"proto\":\"UDP\",\"depth\":1,\"kind\":\"vxlan\"},"
	    "\"hansho\":{\"id\":\"a\",\"revision\":1,\"state\":\"open\","
	    "\"realm\":{\"tunnel\":\"vxlan\",\"tunnel_id\":77}}}");

	assert_non_null(strstr(text, "via   vxlan 77 between 198.18.0.1 and 2001:db8::1\n"));
}

/* A sentence without blanks is broken between characters, two columns each, and no full stop begins a line. */
static void
test_japanese_is_broken_between_characters(void **state)
{
	static const char one[] = "\u540d\u524d\u3092\u4f7f\u308f\u305a\u5831\u544a\u3057\u3066\u3044\u308b\u3002";
	char line[2048] = "", reason[1024] = "", *at, *end;
	struct screen *c = *state;
	unsigned i, lines = 0;
	size_t characters;

	for (i = 0; i < 8; i++)
		strcat(reason, one);
	snprintf(line, sizeof line, LINE("20T10:00:12.1", "198.51.100.7", "192.0.2.77",
	    "\"state\":\"open\",\"reason\":\"%s\""), reason);
	show(c, RECORD_ALERT, line);
	for (at = strstr(c->text, "why"); at != NULL && *at != '\0'; at = end + 1, lines++) {
		end = strchr(at, '\n');
		assert_non_null(end);
		*end = '\0';
		for (characters = 0, i = 0; at[i] != '\0'; i++)
			characters += ((unsigned char)at[i] & 0xf0) == 0xe0;
		assert_true(characters <= (100 - 26) / 2 + 1);
		assert_true(((unsigned char)at[strspn(at, " ")] & 0xc0) != 0x80);
		assert_true(strncmp(at + strspn(at, " "), "\u3002", 3) != 0);
	}
	assert_int_equal(lines, 3);
}

static void
test_only_openings(void **state)
{
	struct screen *c = *state;
	unsigned i;

	for (i = 0; i < 3; i++)
		show(c, RECORD_ALERT, LINE("20T10:00:12.1", "198.51.100.7", "192.0.2.77", REASON));
	show(c, RECORD_ALERT, LINE("21T00:00:00.0", "198.51.100.7", "192.0.2.77", "\"realm\":{\"vlan\":[7]}"));
	show(c, RECORD_ALERT, LINE("21T00:00:01.0", "198.51.100.9", "192.0.2.77", "\"state\":\"update\""));
	show(c, RECORD_ALERT, LINE("21T00:00:02.0", "198.51.100.9", "192.0.2.77", "\"state\":\"close\""));
	show(c, RECORD_BEACON, LINE("21T00:00:02.0", "198.51.100.9", "192.0.2.77", REASON));
	assert_int_equal(occurrences(c->text, "SEVERITY"), 1);
	assert_int_equal(occurrences(c->text, "critical"), 4);
	assert_int_equal(occurrences(c->text, "2026-05-20\n"), 1);
	assert_int_equal(occurrences(c->text, "2026-05-21\n"), 1);
	assert_int_equal(occurrences(c->text, "198.51.100.9"), 0);
}

/* No byte of the wire reaches the terminal's control. */
static void
test_hostile_bytes(void **state)
{
	static char line[8192];
	const char *text;
	size_t i, n;

	n = (size_t)sprintf(line, "{\"timestamp\":\"\\u001b[2J\",\"src_ip\":\"\\u001b]0;x\\u0007\","
	    "\"tls\":{\"sni\":\"a\\u009b31m\\r\\nb\"},\"alert\":{\"signature\":\"\\u202e\xff\",\"severity\":9},"
	    "\"hansho\":{\"reason\":\"");
	for (i = 0; i < 5000; i++)
		n += (size_t)sprintf(line + n, i % 50 == 49 ? " " : "w");
	sprintf(line + n, "\",\"peer\":{\"asn\":1,\"organisation\":\"\\u007f\"}}}");
	text = show(*state, RECORD_ALERT, line);
	assert_non_null(strstr(text, "a\\xc2\\x9b31m\\x0d\\x0ab"));
	assert_non_null(strstr(text, "\\xe2\\x80\\xae\\xff"));
	assert_non_null(strstr(text, "peer  AS1 \\x7f\n"));
	for (i = 0; text[i] != '\0'; i++)
		assert_true(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
	assert_width(text, 100);
}

static void
test_long_name(void **state)
{
	char line[2048], name[254];
	const char *text;

	memset(name, 'n', 240);
	strcpy(name + 240, ".c2.example");
	snprintf(line, sizeof line, LINE("20T10:00:12.1", "198.51.100.7", "192.0.2.77",
	    "\"peer\":{\"name\":\"%s\"}"), name);
	text = show(*state, RECORD_ALERT, line);
	assert_non_null(strstr(text, "  ...nnnn"));
	assert_non_null(strstr(text, "nnn.c2.example:443\n"));
	assert_width(text, 100);
}

static void
test_not_an_alert(void **state)
{
	struct screen *c = *state;
	struct fault fault;

	assert_int_equal(give(c->sink, RECORD_ALERT, "{", &fault), SINK_REFUSED);
	assert_non_null(strstr(fault.text, "console"));
	assert_non_null(strstr(show(c, RECORD_ALERT, "{}"), "(sensor)"));
}

static void
show_on_terminal(const char *no_color, char *text, size_t size)
{
	struct sink_options o = { .kind = SINK_CONSOLE, .name = "console" };
	struct winsize narrow = { .ws_col = 80, .ws_row = 24 };
	int main_fd = posix_openpt(O_RDWR | O_NOCTTY), fd;
	struct fault fault;
	struct sink *s;
	ssize_t n;

	assert_true(main_fd >= 0 && grantpt(main_fd) == 0 && unlockpt(main_fd) == 0);
	assert_true((fd = open(ptsname(main_fd), O_RDWR | O_NOCTTY)) >= 0);
	assert_int_equal(ioctl(fd, TIOCSWINSZ, &narrow), 0);
	setenv("NO_COLOR", no_color, 1);
	setenv("TERM", "xterm", 1);
	o.descriptor = fd;
	assert_int_equal(sink_open(&o, &s, &fault), 0);
	assert_int_equal(give(s, RECORD_ALERT, LINE("20T10:00:12.1", "198.51.100.7",
	    "192.0.2.77", REASON), &fault), SINK_DONE);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	assert_true((n = read(main_fd, text, size - 1)) > 0);
	text[n] = '\0';
	sink_close(s);
	close(fd);
	close(main_fd);
}

static void
test_colour_and_width_of_a_terminal(void **state)
{
	char text[8192], *from, *to;

	(void)state;
	show_on_terminal("", text, sizeof text);
	assert_non_null(strstr(text, "\033[1;31mcritical\033[0m"));
	show_on_terminal("1", text, sizeof text);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "10:00:12  critical  198.51.100.7     192.0.2.77:443         C2 feed"));
	for (from = to = text; *from != '\0'; from++)
		if (*from != '\r')
			*to++ = *from;
	*to = '\0';
	assert_width(text, 80);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_japanese_is_broken_between_characters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_alert, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_whose_the_address_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_named_peer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_beacon_says_its_peer_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_called_host_in_a_tunnel, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_the_ends_of_a_tunnel, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_openings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_an_alert, set_up, tear_down),
		cmocka_unit_test(test_colour_and_width_of_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
