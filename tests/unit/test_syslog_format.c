#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/span.h"
#include "base/when.h"
#include "sinks/syslog_format.h"

#define ALERT "{\"timestamp\":\"2026-05-20T10:00:12.123456+0000\",\"event_type\":\"alert\"," \
	"\"src_ip\":\"198.51.100.7\",\"src_port\":51514,\"dest_ip\":\"192.0.2.77\",\"dest_port\":443," \
	"\"proto\":\"TCP\",\"community_id\":\"1:abc=\",\"app_proto\":\"tls\"," \
	"\"tls\":{\"sni\":\"c2.example.net\"}," \
	"\"alert\":{\"signature\":\"C2 feed ip:port Emotet\",\"category\":\"c\",\"severity\":2}," \
	"\"hansho\":{\"id\":\"00112233aabbccdd\",\"revision\":3,\"state\":\"update\",\"count\":12," \
	"\"technique\":\"T1071.001\",\"reason\":\"threatfox lists 192.0.2.77:443\"," \
	"\"indicator\":{\"type\":\"ip:port\",\"value\":\"192.0.2.77:443\",\"feed\":\"threatfox\"," \
	"\"malware\":\"Emotet\"},\"peer\":{\"asn\":64511,\"country\":\"NL\"}}}"

static const struct syslog_sender SENDER = { .facility = 16, .host = "sensor1", .process = 4242 };

/* ---- a strict reader of RFC 5424, section 6 ---- */

enum { PARAMS_MOST = 64 };

struct message {
	unsigned priority;
	char timestamp[64], host[300], app[64], process[64], id[64], sd_id[64];
	char name[PARAMS_MOST][40], value[PARAMS_MOST][1100];
	unsigned params;
	char text[9000];
};

static void
take_word(struct span *s, char *to, size_t most)
{
	struct span word = { NULL, 0 };
	size_t i;

	assert_true(span_until(s, ' ', &word));
	assert_in_range(word.left, 1, most);
	for (i = 0; i < word.left; i++)
		assert_in_range(word.at[i], 33, 126);
	memcpy(to, word.at, word.left);
	to[word.left] = '\0';
}

static void
take_char(struct span *s, uint8_t c)
{
	uint8_t got = 0;

	assert_true(span_u8(s, &got));
	assert_int_equal(got, c);
}

/* SD-NAME: 1*32PRINTUSASCII except '=', SP, ']', '"' */
static void
take_name(struct span *s, char *to, const char *ends)
{
	size_t n = 0;

	while (s->left > 0 && strchr(ends, s->at[0]) == NULL) {
		assert_in_range(s->at[0], 33, 126);
		assert_null(strchr("=]\"", s->at[0]));
		assert_true(n < 32);
		to[n++] = (char)s->at[0];
		assert_true(span_skip(s, 1));
	}
	assert_true(n > 0);
	to[n] = '\0';
}

static void
take_value(struct span *s, char *to, size_t size)
{
	uint8_t c = 0;
	size_t n = 0;

	for (;;) {
		assert_true(span_u8(s, &c));
		if (c == '"')
			break;
		assert_int_not_equal(c, ']');
		assert_true(c >= 0x20 && c != 0x7f);
		if (c == '\\') {
			assert_true(span_u8(s, &c));
			assert_non_null(strchr("\"\\]", c));
		}
		assert_true(n + 1 < size);
		to[n++] = (char)c;
	}
	to[n] = '\0';
}

static void
assert_utf8(const char *s)
{
	const uint8_t *at = (const uint8_t *)s;
	int more;

	for (; *at != 0; at++) {
		assert_true(*at >= 0x20 && *at != 0x7f);
		if (*at < 0x80)
			continue;
		assert_true(*at >= 0xc2 && *at <= 0xf4);
		for (more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1; more > 0; more--) {
			at++;
			assert_int_equal(*at & 0xc0, 0x80);
		}
	}
}

static void
take_structured_data(struct span *s, struct message *m)
{
	unsigned i;

	take_char(s, '[');
	take_name(s, m->sd_id, " ]");
	while (s->left > 0 && s->at[0] == ' ') {
		take_char(s, ' ');
		assert_true(m->params < PARAMS_MOST);
		take_name(s, m->name[m->params], "=");
		take_char(s, '=');
		take_char(s, '"');
		take_value(s, m->value[m->params], sizeof m->value[0]);
		assert_utf8(m->value[m->params]);
		for (i = 0; i < m->params; i++)
			assert_string_not_equal(m->name[i], m->name[m->params]);
		m->params++;
	}
	take_char(s, ']');
}

static void
parse(const char *bytes, size_t len, struct message *m)
{
	struct span s = span_of(bytes, len);
	char digits[16];
	int64_t ns;
	uint8_t c = 0;
	size_t n = 0;

	memset(m, 0, sizeof *m);
	assert_int_equal(strlen(bytes), len);
	take_char(&s, '<');
	while (span_u8(&s, &c) && c != '>') {
		assert_true(c >= '0' && c <= '9' && n < 3);
		digits[n++] = (char)c;
	}
	digits[n] = '\0';
	assert_true(n > 0 && (n == 1 || digits[0] != '0'));
	m->priority = (unsigned)atoi(digits);
	assert_in_range(m->priority, 0, 191);
	take_char(&s, '1');
	take_char(&s, ' ');
	take_word(&s, m->timestamp, 32);
	if (strcmp(m->timestamp, "-") != 0) {
		assert_true(when_parse(m->timestamp, strlen(m->timestamp), 0, &ns));
		assert_int_equal(m->timestamp[10], 'T');
		assert_int_equal(m->timestamp[strlen(m->timestamp) - 1], 'Z');
	}
	take_word(&s, m->host, 255);
	take_word(&s, m->app, 48);
	take_word(&s, m->process, 128);
	take_word(&s, m->id, 32);
	take_structured_data(&s, m);
	take_char(&s, ' ');
	take_char(&s, 0xef);
	take_char(&s, 0xbb);
	take_char(&s, 0xbf);
	memcpy(m->text, s.at, s.left);
	assert_utf8(m->text);
}

static const char *
param(const struct message *m, const char *name)
{
	unsigned i;

	for (i = 0; i < m->params; i++)
		if (strcmp(m->name[i], name) == 0)
			return m->value[i];
	return "(none)";
}

static struct message *
format(enum record_kind kind, const char *line, size_t size)
{
	struct message *m = malloc(sizeof *m);
	char *buf = malloc(size);
	size_t len;

	assert_non_null(m);
	assert_non_null(buf);
	len = syslog_format(&SENDER, kind, line, buf, size);
	assert_true(len > 0 && len < size);
	parse(buf, len, m);
	free(buf);
	return m;
}

static void
test_an_alert(void **state)
{
	struct message *m = format(RECORD_ALERT, ALERT, SYSLOG_SIZE_MOST + 1);

	(void)state;
	assert_int_equal(m->priority, 16 * 8 + 4);
	assert_string_equal(m->timestamp, "2026-05-20T10:00:12.123456Z");
	assert_string_equal(m->host, "sensor1");
	assert_string_equal(m->app, "hansho");
	assert_string_equal(m->process, "4242");
	assert_string_equal(m->id, "c2.feed");
	assert_string_equal(m->sd_id, "c2@32473");
	assert_string_equal(param(m, "src"), "198.51.100.7");
	assert_string_equal(param(m, "spt"), "51514");
	assert_string_equal(param(m, "dst"), "192.0.2.77");
	assert_string_equal(param(m, "dpt"), "443");
	assert_string_equal(param(m, "ioc"), "192.0.2.77:443");
	assert_string_equal(param(m, "feed"), "threatfox");
	assert_string_equal(param(m, "malware"), "Emotet");
	assert_string_equal(param(m, "sev"), "high");
	assert_string_equal(param(m, "id"), "00112233aabbccdd");
	assert_string_equal(param(m, "rev"), "3");
	assert_string_equal(param(m, "state"), "update");
	assert_string_equal(param(m, "asn"), "64511");
	assert_string_equal(param(m, "sni"), "c2.example.net");
	assert_string_equal(param(m, "host"), "(none)");
	assert_string_equal(m->text, "C2 feed ip:port Emotet: 198.51.100.7 -> 192.0.2.77:443 "
	    "c2.example.net (goes on, 12 times): threatfox lists 192.0.2.77:443");
	free(m);
}

static void
test_whose_the_address_is(void **state)
{
	static const char line[] = "{\"event_type\":\"alert\",\"alert\":{\"signature\":\"s\",\"severity\":2},"
	    "\"hansho\":{\"host\":\"198.51.100.7\",\"peer\":{\"ip\":\"192.0.2.77\"},\"host_identity\":"
	    "{\"mac\":\"02:00:5e:10:00:01\",\"mac_source\":\"dhcp\",\"name\":\"de\\u001b]sk\","
	    "\"name_source\":\"mdns\",\"user\":\"alice\",\"user_source\":\"ntlm\"}}}";
	struct message *m = format(RECORD_ALERT, line, SYSLOG_SIZE_MOST + 1);

	(void)state;
	assert_string_equal(param(m, "mac"), "02:00:5e:10:00:01");
	assert_string_equal(param(m, "macsrc"), "dhcp");
	assert_string_equal(param(m, "hname"), "de\\x1b]sk");
	assert_string_equal(param(m, "hnamesrc"), "mdns");
	assert_string_equal(param(m, "user"), "alice");
	assert_string_equal(param(m, "usersrc"), "ntlm");
	assert_string_equal(m->text, "s: 198.51.100.7 (de\\x1b]sk by mdns) -> 192.0.2.77");
	free(m);
}

static void
test_what_kind_of_message(void **state)
{
	static const struct {
		enum record_kind kind;
		const char *line, *id;
		unsigned severity;
	} rows[] = {
		{ RECORD_ALERT, "{\"src_ip\":\"192.0.2.1\",\"alert\":{\"severity\":1}}", "beacon", 2 },
		{ RECORD_ALERT, "{\"alert\":{\"severity\":3}}", "sensor", 5 },
		{ RECORD_ALERT, "{\"alert\":{\"severity\":4},\"hansho\":{\"indicator\":{\"feed\":\"f\"}}}",
		    "c2.feed", 6 },
		{ RECORD_ALERT, "{\"alert\":{\"severity\":4},\"hansho\":{\"indicator\":{\"role\":\"infected\"}}}",
		    "infected.feed", 6 },
		{ RECORD_ALERT, "{\"src_ip\":\"::1\",\"alert\":{\"severity\":2},\"hansho\":{\"kind\":\"sensor\"}}",
		    "sensor", 4 },
		{ RECORD_ALERT, "{\"src_ip\":\"::1\",\"alert\":{\"severity\":1},\"hansho\":{\"kind\":\"case\"}}",
		    "case", 2 },
		{ RECORD_MEMBER, "{\"src_ip\":\"::1\",\"alert\":{\"severity\":2},\"hansho\":{\"kind\":\"behaviour\"}}",
		    "behaviour", 4 },
		{ RECORD_BEACON, "{\"event_type\":\"beacon\"}", "beacon", 6 },
		{ RECORD_DNS, "{\"event_type\":\"dns\"}", "dns", 6 },
		{ RECORD_SMTP, "{}", "smtp", 6 }, { RECORD_UNKNOWN, "{}", "unknown", 6 },
	};
	struct message *m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		m = format(rows[i].kind, rows[i].line, SYSLOG_SIZE_UDP + 1);
		assert_string_equal(m->id, rows[i].id);
		assert_int_equal(m->priority, 128 + rows[i].severity);
		assert_string_equal(m->timestamp, "-");
		free(m);
	}
}

static void
test_hostile_texts(void **state)
{
	static const char line[] = "{\"timestamp\":\"]\\u0000\",\"src_ip\":\"a\\\"b]c\\\\d\\n\\u001b[2J\","
	    "\"tls\":{\"sni\":\"\xff\xc3(\xe2\x80\xae evil\"},\"alert\":{\"severity\":1e300,"
	    "\"signature\":\"<13>1 - - - - - -\\r\\n<13>1\"},\"hansho\":{\"revision\":-4,"
	    "\"reason\":\"\\u0085\\u202e\xed\xa0\x80 end\",\"count\":\"x\",\"peer\":[]}}";
	struct message *m = format(RECORD_ALERT, line, SYSLOG_SIZE_MOST + 1);

	(void)state;
	assert_string_equal(param(m, "src"), "a\"b]c\\d\\x0a\\x1b[2J");
	assert_string_equal(param(m, "sni"), "\\xff\\xc3(\\xe2\\x80\\xae evil");
	assert_string_equal(param(m, "rev"), "(none)");
	assert_non_null(strstr(m->text, "\\x0d\\x0a<13>1"));
	assert_non_null(strstr(m->text, "\\xc2\\x85\\xe2\\x80\\xae\\xed\\xa0\\x80 end"));
	free(m);
}

/* Whatever does not fit: the text is cut between characters, whole parameters are left out. */
static void
test_size_limit(void **state)
{
	static char line[60000];
	struct message *m;
	size_t n, i, size;

	(void)state;
	n = (size_t)sprintf(line, "{\"src_ip\":\"192.0.2.1\",\"dest_ip\":\"192.0.2.2\","
	    "\"hansho\":{\"id\":\"abc\",\"reason\":\"");
	for (i = 0; i < 9000; i++)
		n += (size_t)sprintf(line + n, "\xe3\x81\x82");
	n += (size_t)sprintf(line + n, "\",\"technique\":\"");
	for (i = 0; i < 3000; i++)
		n += (size_t)sprintf(line + n, "]");
	sprintf(line + n, "\"},\"http\":{\"url\":\"/x\"}}");
	for (size = SYSLOG_SIZE_LEAST + 1; size < 2200; size++) {
		m = format(RECORD_ALERT, line, size);
		assert_string_equal(param(m, "id"), "abc");
		free(m);
	}
	m = format(RECORD_ALERT, line, SYSLOG_SIZE_UDP + 1);
	assert_string_equal(param(m, "url"), "/x");
	assert_int_equal(strlen(param(m, "technique")), 255);
	assert_true(strlen(m->text) > 1000);
	free(m);
}

static void
test_no_object(void **state)
{
	char buf[SYSLOG_SIZE_UDP];

	(void)state;
	assert_int_equal(syslog_format(&SENDER, RECORD_ALERT, "", buf, sizeof buf), 0);
	assert_int_equal(syslog_format(&SENDER, RECORD_ALERT, "[1]", buf, sizeof buf), 0);
	assert_int_equal(syslog_format(&SENDER, RECORD_ALERT, "{\"a\":", buf, sizeof buf), 0);
}

/* A line cut anywhere is no object; one with any byte changed is still a message or none. */
static void
test_cut_and_changed(void **state)
{
	char line[sizeof ALERT], buf[SYSLOG_SIZE_UDP + 1];
	struct message *m = malloc(sizeof *m);
	size_t i, len;

	(void)state;
	assert_non_null(m);
	for (i = 0; i < sizeof ALERT - 1; i++) {
		memcpy(line, ALERT, i);
		line[i] = '\0';
		assert_int_equal(syslog_format(&SENDER, RECORD_ALERT, line, buf, sizeof buf), 0);
		memcpy(line, ALERT, sizeof ALERT);
		line[i] = (char)(line[i] ^ 0xa5);
		len = syslog_format(&SENDER, RECORD_ALERT, line, buf, sizeof buf);
		if (len > 0)
			parse(buf, len, m);
	}
	free(m);
}

static void
test_local_form(void **state)
{
	struct syslog_sender local = SENDER;
	char buf[SYSLOG_SIZE_MOST];

	(void)state;
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	local.local = true;
	assert_true(syslog_format(&local, RECORD_ALERT, ALERT, buf, sizeof buf) > 0);
	assert_int_equal(strncmp(buf, "<132>May 20 19:00:12 hansho[4242]: [c2@32473 id=\"00", 51), 0);
	assert_non_null(strstr(buf, "\"] C2 feed ip:port Emotet: 198"));
	assert_true(syslog_format(&local, RECORD_ALERT, "{}", buf, sizeof buf) > 0);
	assert_string_equal(buf, "<134>hansho[4242]: [c2@32473] ");
}

static void
test_host_names(void **state)
{
	char host[256], longest[400];

	(void)state;
	syslog_host("tap 1\n\xc3\xa4", host);
	assert_string_equal(host, "tap_1___");
	syslog_host("", host);
	assert_string_equal(host, "-");
	memset(longest, 'h', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	syslog_host(longest, host);
	assert_int_equal(strlen(host), 255);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_alert),
		cmocka_unit_test(test_whose_the_address_is),
		cmocka_unit_test(test_what_kind_of_message),
		cmocka_unit_test(test_hostile_texts),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_no_object),
		cmocka_unit_test(test_cut_and_changed),
		cmocka_unit_test(test_local_form),
		cmocka_unit_test(test_host_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
