/*
 * Feeds from text: each format, good and broken lines, what is no feed at all.
 */
#include "indicators/indicators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"

/* One feed read from text, and what came of it. */
struct reading {
	struct builder *builder;
	struct indicators *set;
	struct feed_summary summary;
	struct fault fault;
	int code;
};

static struct reading
read_bytes(const void *bytes, size_t len, const char *format, uint32_t most)
{
	struct reading r = { 0 };
	FILE *in = fmemopen(NULL, len + 1, "w+");
	int fd;

	assert_non_null(in);
	assert_int_equal(fwrite(bytes, 1, len, in), len);
	rewind(in);
	/* fmemopen in mode w+ ends at what was written. */
	r.builder = builder_new(most);
	assert_non_null(r.builder);
	r.code = feed_read(in, "sample", format, r.builder, &r.summary, &r.fault);
	fclose(in);
	assert_int_equal(builder_compile(r.builder, &fd, &r.fault), 0);
	assert_int_equal(indicators_map(fd, &r.set, &r.fault), 0);
	close(fd);
	return r;
}

static struct reading
read_text(const char *text, const char *format)
{
	return read_bytes(text, strlen(text), format, 1000);
}

static void
clear(struct reading *r)
{
	indicators_unmap(r->set);
	builder_free(r->builder);
}

static int64_t
at(const char *text)
{
	int64_t ns;

	assert_true(when_parse(text, strlen(text), 0, &ns));
	return ns;
}

static void
assert_entry(const struct reading *r, uint32_t n, enum indicator_type type, enum indicator_role role,
    const char *value, const char *malware)
{
	struct indicator i;

	assert_true(n < indicators_count(r->set));
	indicators_get(r->set, n, &i);
	assert_int_equal(i.type, type);
	assert_int_equal(i.role, role);
	assert_string_equal(i.value, value);
	assert_string_equal(i.malware, malware);
	assert_string_equal(i.feed, "sample");
}

static void
assert_counts(const struct reading *r, const char *format, uint32_t loaded, uint32_t not_understood)
{
	if (r->code != 0)
		print_error("%s\n", r->fault.text);
	assert_int_equal(r->code, 0);
	assert_string_equal(r->summary.format, format);
	assert_int_equal(r->summary.loaded, loaded);
	assert_int_equal(r->summary.not_understood, not_understood);
	assert_int_equal(indicators_count(r->set), loaded);
}

static void
assert_refused(const char *text, size_t len, const char *format, const char *words)
{
	struct reading r = read_bytes(text, len, format, 1000);

	assert_int_equal(r.code, SE_FORMAT);
	assert_non_null(strstr(r.fault.text, words));
	assert_null(strchr(r.fault.text, '\n'));
	assert_int_equal(indicators_count(r.set), 0);
	clear(&r);
}

/* Line `line` was complained of with these words. */
static void
assert_complaint(const struct reading *r, uint32_t line, const char *words)
{
	unsigned i;

	for (i = 0; i < r->summary.complaints_count; i++) {
		if (r->summary.complaints[i].line != line)
			continue;
		if (strstr(r->summary.complaints[i].text, words) == NULL)
			fail_msg("line %u: '%s' is not in: %s", line, words,
			    r->summary.complaints[i].text);
		return;
	}
	fail_msg("no complaint about line %u", line);
}

static void
feodo_new_layout(void **state)
{
	struct reading r = read_text(
	    "# Feodo Tracker\r\n#\r\n"
	    "\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\r\n"
	    "\"2026-05-17 07:30:05\",\"192.0.2.1\",\"443\",\"offline\",\"2026-06-18\",\"Dridex\"\r\n"
	    "\"2026-05-17 07:30:05\", \"192.0.2.2\", \"\", \"offline\", \"\", \"?\"\r\n"
	    "\"2026-05-17 07:30:05\",\"192.0.2.3\",\"70000\",\"offline\",\"\",\"Dridex\"\r\n"
	    "\"2026-05-17 07:30:05\",\"127.0.0.1\",\"443\",\"offline\",\"\",\"Dridex\"\r\n"
	    "\"2026-05-17 07:30:05\",\"192.0.2.4\",\"443\"\r\n"
	    "\"2026-05-17 07:30:05,192.0.2.5,443,,,Dridex\r\n"
	    "# END 6 entries\r\n", NULL);
	struct indicator i;

	(void)state;
	assert_counts(&r, "feodo-csv", 2, 4);
	assert_entry(&r, 0, INDICATOR_ADDRESS_PORT, ROLE_C2, "192.0.2.1:443", "Dridex");
	assert_entry(&r, 1, INDICATOR_ADDRESS, ROLE_C2, "192.0.2.2", "");
	indicators_get(r.set, 0, &i);
	assert_int_equal(i.line, 4);
	assert_int_equal(i.confidence, 100);
	assert_true(i.first_seen_ns == at("2026-05-17 07:30:05"));
	assert_true(i.last_seen_ns == at("2026-06-18"));
	indicators_get(r.set, 1, &i);
	assert_true(i.last_seen_ns == WHEN_UNKNOWN);
	assert_complaint(&r, 6, "port from 1 to 65535, found '70000'");
	assert_complaint(&r, 7, "loopback, found '127.0.0.1'");
	assert_complaint(&r, 8, "as many cells as the header");
	assert_complaint(&r, 9, "closing quote");
	assert_int_equal(r.summary.lines, 10);
	assert_int_equal(r.summary.by_type[INDICATOR_ADDRESS_PORT], 1);
	clear(&r);
}

static void
feodo_old_layout_and_moved_columns(void **state)
{
	struct reading r = read_text("# Feodo\n# Firstseen,DstIP,DstPort,LastOnline,Malware\n"
	    "2020-09-14 06:01:33,192.0.2.1,447,2020-09-30,TrickBot\n", NULL);

	(void)state;
	assert_counts(&r, "feodo-csv", 1, 0);
	assert_entry(&r, 0, INDICATOR_ADDRESS_PORT, ROLE_C2, "192.0.2.1:447", "TrickBot");
	clear(&r);
	r = read_text("malware,new_column,dst_port,dst_ip\nEmotet,x,80,2001:DB8::1\n", NULL);
	assert_counts(&r, "feodo-csv", 1, 0);
	assert_entry(&r, 0, INDICATOR_ADDRESS_PORT, ROLE_C2, "[2001:db8::1]:80", "Emotet");
	clear(&r);
}

static void
feodo_json_elements(void **state)
{
	struct reading r = read_text("[\n{\"ip_address\":\"192.0.2.1\",\"port\":443,\"hostname\":null,\n"
	    "\"first_seen\":\"2026-05-17 07:30:05\",\"last_online\":\"2026-06-18\",\"malware\":\"Emotet\"},\n"
	    "{\"ip_address\":\"192.0.2.2\",\"port\":null,\"malware\":null},\n"
	    "{\"ip_address\":\"192.0.2.3\",\"port\":-1},\n"
	    "{\"ip_address\":7},\n7,\n{\"ip_address\":\"192.0.2.4\" \"port\"}\n]\n", NULL);
	struct indicator i;

	(void)state;
	assert_counts(&r, "feodo-json", 2, 4);
	assert_entry(&r, 0, INDICATOR_ADDRESS_PORT, ROLE_C2, "192.0.2.1:443", "Emotet");
	assert_entry(&r, 1, INDICATOR_ADDRESS, ROLE_C2, "192.0.2.2", "");
	indicators_get(r.set, 0, &i);
	assert_int_equal(i.line, 2);
	assert_true(i.first_seen_ns == at("2026-05-17 07:30:05"));
	assert_complaint(&r, 5, "port");
	assert_complaint(&r, 6, "an IP address");
	assert_complaint(&r, 7, "a JSON object");
	assert_complaint(&r, 8, "a JSON object");
	clear(&r);
	r = read_text("[]\n", NULL);
	assert_counts(&r, "feodo-json", 0, 0);
	clear(&r);
}

/* Cut at every byte: never whole, so never loaded. */
static void
truncated_json(void **state)
{
	const char *text = "[{\"ip_address\":\"192.0.2.1\",\"port\":443},"
	    "{\"ip_address\":\"192.0.2.2\",\"port\":443}]";
	size_t len, whole = strlen(text);

	(void)state;
	for (len = 1; len < whole; len++)
		assert_refused(text, len, "feodo-json", "cut off");
	assert_refused("[{},]", 5, "feodo-json", "expected a value");
	assert_refused("[{}] x", 6, "feodo-json", "expected a value");
	assert_refused("x", 1, "feodo-json", "expected a value");
}

static void
empty_feeds_with_a_banner(void **state)
{
	struct reading r = read_text("# Feodo Tracker Botnet C2 IP Blocklist (recommended)\n"
	    "# END 0 entries\n", NULL);

	(void)state;
	assert_counts(&r, "feodo-txt", 0, 0);
	clear(&r);
	r = read_text("# Feodo Tracker\n# Firstseen,DstIP,DstPort,LastOnline,Malware\n# END 0 entries\n", NULL);
	assert_counts(&r, "feodo-csv", 0, 0);
	clear(&r);
	r = read_text("# only a remark\n", "plain");
	assert_counts(&r, "plain", 0, 0);
	clear(&r);
}

static void
addresses_in_text(void **state)
{
	struct reading r = read_text("# Feodo Tracker\n192.0.2.1\n192.0.2.1\nc2.example\n", NULL);

	(void)state;
	assert_counts(&r, "feodo-txt", 1, 1);
	assert_int_equal(r.summary.duplicates, 1);
	assert_complaint(&r, 4, "an IP address, found 'c2.example'");
	clear(&r);
}

static void
sslbl_formats(void **state)
{
	struct reading r = read_text("# SSLBL\n# Firstseen,DstIP,DstPort\n"
	    "2026-05-02 06:17:52,192.0.2.9,8443\n# END\n", NULL);
	struct indicator i;

	(void)state;
	assert_counts(&r, "sslbl-ip-csv", 1, 0);
	assert_entry(&r, 0, INDICATOR_ADDRESS_PORT, ROLE_C2, "192.0.2.9:8443", "");
	clear(&r);
	r = read_text("# ja3_md5,Firstseen,Lastseen,Listingreason\n"
	    "0123456789ABCDEF0123456789abcdef,2017-07-14 18:08:15,2019-07-27 20:42:54,Adware\n", NULL);
	assert_counts(&r, "sslbl-ja3-csv", 1, 0);
	assert_entry(&r, 0, INDICATOR_JA3, ROLE_C2, "0123456789abcdef0123456789abcdef", "Adware");
	clear(&r);
	r = read_text("# Listingdate,SHA1,Listingreason\n"
	    "2026-05-02 06:17:52,0a1b2c3d4e5f60718293a4b5c6d7e8f901234567,Dridex C&C\n"
	    "2026-05-02 06:17:52,1a1b2c3d4e5f60718293a4b5c6d7e8f901234567,Gozi malware distribution\n"
	    "2026-05-02 06:17:52,1a1b2c3d4e5f,Gozi C&C\n", NULL);
	assert_counts(&r, "sslbl-cert-csv", 2, 1);
	assert_entry(&r, 0, INDICATOR_CERT_SHA1, ROLE_C2, "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "Dridex");
	assert_entry(&r, 1, INDICATOR_CERT_SHA1, ROLE_DOWNLOAD, "1a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "Gozi");
	indicators_get(r.set, 0, &i);
	assert_string_equal(i.reference, "Dridex C&C");
	assert_int_equal(i.confidence, 75);
	clear(&r);
}

static void
urlhaus_formats(void **state)
{
	struct reading r = read_text("# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n"
	    "\"1\",\"2026-05-20 09:11:08\",\"http://203.0.113.5:51231/bin.sh\",\"online\",\"\",\"malware_download\",\"a,\"\"b\"\"\",\"l\",\"r\"\n"
	    "\"2\",\"2026-05-20 09:11:08\",\"HTTPS://User@Files.Example:443\",\"online\",\"\",\"malware_download\",\"\",\"l\",\"r\"\n"
	    "\"3\",\"2026-05-20 09:11:08\",\"http://files.test:80/A?q=1#frag\",\"online\",\"\",\"malware_download\",\"\",\"l\",\"r\"\n"
	    "\"4\",\"2026-05-20 09:11:08\",\"ftp://files.test/x\",\"online\",\"\",\"malware_download\",\"\",\"l\",\"r\"\n"
	    "\"5\",\"2026-05-20 09:11:08\",\"http://localhost/x\",\"online\",\"\",\"malware_download\",\"\",\"l\",\"r\"\n", NULL);
	struct indicator i;

	(void)state;
	assert_counts(&r, "urlhaus-csv", 3, 2);
	assert_entry(&r, 0, INDICATOR_URL, ROLE_DOWNLOAD, "203.0.113.5:51231/bin.sh", "");
	assert_entry(&r, 1, INDICATOR_URL, ROLE_DOWNLOAD, "files.example/", "");
	assert_entry(&r, 2, INDICATOR_URL, ROLE_DOWNLOAD, "files.test/A?q=1", "");
	indicators_get(r.set, 0, &i);
	assert_string_equal(i.reference, "1");
	assert_int_equal(indicators_count_type(r.set, INDICATOR_DOMAIN), 0);
	clear(&r);
	/* A host file is not a list of URLs, and a URL list gives no domains. */
	r = read_text("# URLhaus\n127.0.0.1\tfiles.test\nfiles.test\nhttp://files.test/x\n", NULL);
	assert_counts(&r, "urlhaus-text", 1, 2);
	clear(&r);
}

static const char japanese[] = "検知日時,IPアドレス,送信元ポート,通信先IP,通信先ポート,マルウェア名\n";

static void
notice_in_utf8(void **state)
{
	char text[1024];
	struct reading r;
	struct indicator i;
	struct addr a;
	uint32_t found[MATCHES_MAX];

	(void)state;
	snprintf(text, sizeof text, "\xef\xbb\xbf%s%s", japanese,
	    "2021/02/19 13:05:06,198.51.100.7,51514,203.0.113.9,443,Emotet\r\n"
	    "2021-02-19T13:05:06+00:00,198.51.100.8,,,,-\r\n"
	    "2021/02/30 13:05:06,198.51.100.9,,,,\r\n"
	    "2021/02/20 13:05:06,198.51.100.7,51515,203.0.113.9,443,Emotet\r\n");
	r = read_text(text, NULL);
	assert_counts(&r, "notice-csv", 2, 1);
	assert_int_equal(r.summary.duplicates, 1);
	assert_entry(&r, 0, INDICATOR_ADDRESS, ROLE_INFECTED, "198.51.100.7", "Emotet");
	assert_entry(&r, 1, INDICATOR_ADDRESS, ROLE_INFECTED, "198.51.100.8", "");
	indicators_get(r.set, 0, &i);
	assert_true(i.first_seen_ns == at("2021-02-19 04:05:06"));	/* JST is nine hours ahead */
	assert_true(i.last_seen_ns == at("2021-02-20 04:05:06"));
	indicators_get(r.set, 1, &i);
	assert_true(i.first_seen_ns == at("2021-02-19 13:05:06"));
	assert_complaint(&r, 4, "a time like");
	assert_true(addr_parse("203.0.113.9", 11, &a));
	assert_int_equal(indicators_by_peer(r.set, &a, 443, found, MATCHES_MAX), 0);
	assert_true(addr_parse("198.51.100.7", 12, &a));
	assert_int_equal(indicators_by_peer(r.set, &a, 443, found, MATCHES_MAX), 0);
	assert_int_equal(indicators_by_source(r.set, &a, found, MATCHES_MAX), 1);
	clear(&r);
}

static void
notice_in_cp932(void **state)
{
	/* 検知日時,IPアドレス,マルウェア名 and a name in half-width kana */
	static const char text[] = "\x8c\x9f\x92\x6d\x93\xfa\x8e\x9e,IP\x83\x41\x83\x68\x83\x8c\x83\x58,"
	    "\x83\x7d\x83\x8b\x83\x45\x83\x46\x83\x41\x96\xbc\n"
	    "2021/02/19 13:05:06,198.51.100.7,\xb4\xd3\xc3\xc4\n"
	    "2021/02/19 13:05:06,198.51.100.8,\x81\n";
	struct reading r = read_text(text, NULL);

	(void)state;
	assert_counts(&r, "notice-csv", 1, 1);
	assert_entry(&r, 0, INDICATOR_ADDRESS, ROLE_INFECTED, "198.51.100.7", "ｴﾓﾃﾄ");
	assert_complaint(&r, 3, "UTF-8 or CP932");
	clear(&r);
}

/* Columns of another house among many more: not ours, unless somebody says so. */
static void
notice_in_english(void **state)
{
	struct reading r = read_text("timestamp,src_ip,src_port,dst_ip,dst_port,malware\n"
	    "2026-05-20 00:00:03,198.51.100.7,51514,203.0.113.9,443,emotet\n", NULL);
	const char *other = "timestamp,src_ip,src_port,src_asn\n2026-05-20 00:00:03,198.51.100.7,51514,64496\n";

	(void)state;
	assert_counts(&r, "notice-csv", 1, 0);
	clear(&r);
	assert_refused(other, strlen(other), NULL, "no known format");
	r = read_text(other, "notice-csv");
	assert_counts(&r, "notice-csv", 1, 0);
	clear(&r);
}

static void
plain_values(void **state)
{
	static const struct {
		const char *line;
		enum indicator_type type;
		const char *value;
	} cases[] = {
		{ "192.0.2.1", INDICATOR_ADDRESS, "192.0.2.1" },
		{ "  192.0.2[.]2\t", INDICATOR_ADDRESS, "192.0.2.2" },
		{ "192(.)0(.)2(.)3 # x", INDICATOR_ADDRESS, "192.0.2.3" },
		{ "192.0.2.4/32", INDICATOR_ADDRESS, "192.0.2.4" },
		{ "::ffff:192.0.2.5", INDICATOR_ADDRESS, "192.0.2.5" },
		{ "2001:0DB8:0::7", INDICATOR_ADDRESS, "2001:db8::7" },
		{ "10.1.2.3", INDICATOR_ADDRESS, "10.1.2.3" },
		{ "192.0.2.99/24", INDICATOR_CIDR, "192.0.2.0/24" },
		{ "2001:db8::/32 ; SBL1", INDICATOR_CIDR, "2001:db8::/32" },
		{ "192.0.2.1:443", INDICATOR_ADDRESS_PORT, "192.0.2.1:443" },
		{ "192.0.2.1[:]8443", INDICATOR_ADDRESS_PORT, "192.0.2.1:8443" },
		{ "[2001:db8::7]:443", INDICATOR_ADDRESS_PORT, "[2001:db8::7]:443" },
		{ "C2.Example", INDICATOR_DOMAIN, "c2.example" },
		{ "c2[.]test.", INDICATOR_DOMAIN, "c2.test" },
		{ "*.wild.test", INDICATOR_DOMAIN, "wild.test" },
		{ ".dot.test", INDICATOR_DOMAIN, "dot.test" },
		{ "||block.test^", INDICATOR_DOMAIN, "block.test" },
		{ "xn--fiqs8s.test", INDICATOR_DOMAIN, "xn--fiqs8s.test" },
		{ "\xe6\x97\xa5\xe6\x9c\xac.test", INDICATOR_DOMAIN, "xn--wgv71a.test" },
		{ "B\xc3\xbc" "cher.example", INDICATOR_DOMAIN, "xn--bcher-kva.example" },
		{ "http://b\xc3\xbc" "cher.example:8080/a", INDICATOR_URL, "xn--bcher-kva.example:8080/a" },
		{ "hxxps://gate[.]test/in.php?a=1;b#f", INDICATOR_URL, "gate.test/in.php?a=1;b" },
		{ "gate.test/go?to=ftp://x", INDICATOR_URL, "gate.test/go?to=ftp://x" },
		{ "http://192.0.2.1/24", INDICATOR_URL, "192.0.2.1/24" },
		{ "gate.test/Path", INDICATOR_URL, "gate.test/Path" },
		{ "http://[2001:DB8::1]:8080", INDICATOR_URL, "[2001:db8::1]:8080/" },
		{ "http://gate.test?x", INDICATOR_URL, "gate.test/?x" },
		{ "0123456789abcdef0123456789ABCDEF", INDICATOR_JA3, "0123456789abcdef0123456789abcdef" },
		{ "t13d0102h2_0123456789ab_ba9876543210", INDICATOR_JA4, "t13d0102h2_0123456789ab_ba9876543210" },
		{ "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:01:23:45:67", INDICATOR_CERT_SHA1,
		    "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" },
	};
	size_t n, count = sizeof cases / sizeof cases[0];
	char text[4096] = "# list\n; list\n\n";
	struct reading r;
	struct indicator i;

	(void)state;
	for (n = 0; n < count; n++) {
		strcat(text, cases[n].line);
		strcat(text, "\n");
	}
	r = read_text(text, NULL);
	assert_counts(&r, "plain", (uint32_t)count, 0);
	for (n = 0; n < count; n++)
		assert_entry(&r, (uint32_t)n, cases[n].type, ROLE_C2, cases[n].value, "");
	indicators_get(r.set, 8, &i);
	assert_string_equal(i.reference, "SBL1");
	assert_int_equal(i.confidence, 50);
	clear(&r);
}

static void
never_loaded(void **state)
{
	static const struct {
		const char *line, *words;
	} cases[] = {
		{ "0.0.0.0", "unspecified" }, { "::", "unspecified" }, { "0.0.0.0/0", "/8" },
		{ "10.0.0.0/7", "/8" }, { "2001:db8::/18", "/19" }, { "::/32", "unspecified" },
		{ "::ffff:0.0.0.0/90", "network" }, { "127.1.2.3", "loopback" }, { "127.0.0.0/8", "loopback" },
		{ "::1", "loopback" }, { "[::1]:80", "loopback" }, { "239.1.2.3", "multicast" },
		{ "224.0.0.0/24", "multicast" }, { "ff02::1", "multicast" }, { "255.255.255.255", "broadcast" },
		{ "localhost", "two labels" }, { "com", "two labels" }, { "co.uk", "suffix" },
		{ "*.co.jp", "suffix" }, { "github.io", "suffix" }, { "192.0.2.0/33", "network" },
		{ "192.0.2.1:0", "address" }, { "192.0.2.1:65536", "address" }, { "192.0.2.300", "address" },
		{ "c2.example:8080", "address" }, { "two words.test", "address" },
		{ "http://127.0.0.1/x", "loopback" }, { "http://a.test/\x01", "address" },
		{ "http://a.test/\xff", "address" }, { "http:///x", "address" }, { "a..test", "address" },
		{ "0123456789abcdef0123456789abcde", "two labels" }, { "\xe6\x97.test", "address" },
		{ "\xe2\x80\xae.test", "address" },
	};
	size_t n;
	char text[256];
	struct reading r;

	(void)state;
	for (n = 0; n < sizeof cases / sizeof cases[0]; n++) {
		snprintf(text, sizeof text, "good.test\n%s\n", cases[n].line);
		r = read_text(text, "plain");
		if (r.summary.loaded != 1)
			fail_msg("'%s' was loaded", cases[n].line);
		assert_complaint(&r, 2, cases[n].words);
		clear(&r);
	}
}

static void
strangers(void **state)
{
	char binary[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof binary; i++)
		binary[i] = (char)(i * 151 >> 3);
	assert_refused("", 0, NULL, "an empty file");
	assert_refused("", 0, "plain", "an empty file");
	assert_refused("\n <!DOCTYPE html><html>192.0.2.1\n", 33, NULL, "HTML");
	assert_refused("<html>\n192.0.2.1\n", 17, "plain", "HTML");
	assert_refused("{\"error\":\"unknown_auth_key\"}", 28, "feodo-json", "an error message");
	assert_refused("\x1f\x8b\x08", 3, NULL, "gzip");
	assert_refused(binary, sizeof binary, NULL, "binary");
	assert_refused("[{\"other\":1}]", 13, NULL, "no known format");
	assert_refused("{\"error\":\"unknown_auth_key\"}", 28, NULL, "no known format");
	assert_refused("hello\nworld\n", 12, NULL, "beginning with 'hello'");
	assert_refused("hello\nworld\n", 12, "plain", "none of 2 lines");
	assert_refused("192.0.2.1\n", 10, "feodo-csv", "no header line");
	assert_refused("# remark\n", 9, NULL, "no known format");
}

static void
unknown_format_name(void **state)
{
	struct reading r = read_text("192.0.2.1\n", "stixx");

	(void)state;
	assert_int_equal(r.code, SE_USAGE);
	assert_non_null(strstr(r.fault.text, "stixx"));
	clear(&r);
}

/* A line longer than any buffer, a NUL, CR, no newline at the end. */
static void
odd_lines(void **state)
{
	size_t huge = 300000, len;
	char *text = malloc(huge + 200);
	struct reading r;

	(void)state;
	assert_non_null(text);
	len = (size_t)sprintf(text, "192.0.2.1\r\n");
	memset(text + len, 'a', huge);
	len += huge;
	len += (size_t)sprintf(text + len, "\n192.0.2.2\n");
	memcpy(text + len, "192.0.2.\0003\n192.0.2.4", 20);
	len += 20;
	r = read_bytes(text, len, NULL, 1000);
	assert_counts(&r, "plain", 3, 2);
	assert_complaint(&r, 2, "65536 bytes, found 'aaa");
	assert_complaint(&r, 4, "without NUL bytes, found '192.0.2.\\x003'");
	assert_entry(&r, 2, INDICATOR_ADDRESS, ROLE_C2, "192.0.2.4", "");
	assert_int_equal(r.summary.lines, 5);
	clear(&r);
	free(text);
}

static void
complaints_are_bounded(void **state)
{
	char text[2048] = "192.0.2.1\n";
	struct reading r;
	int i;

	(void)state;
	for (i = 0; i < 40; i++)
		strcat(text, "no indicator at all \x1b[0m\n");
	r = read_text(text, NULL);
	assert_counts(&r, "plain", 1, 40);
	assert_int_equal(r.summary.complaints_count, FEED_COMPLAINTS_MAX);
	assert_string_equal(strchr(r.summary.complaints[0].text, '\''), "'no indicator at all \\x1b[0m'");
	clear(&r);
}

static void
ceiling(void **state)
{
	const char *text = "192.0.2.1\n192.0.2.2\n192.0.2.2\n192.0.2.3\n192.0.2.4\n";
	struct reading r = read_bytes(text, strlen(text), NULL, 2);

	(void)state;
	assert_int_equal(r.code, SE_LIMIT);
	assert_non_null(strstr(r.fault.text, "line 4"));
	assert_int_equal(r.summary.loaded, 2);
	assert_int_equal(indicators_count(r.set), 2);
	clear(&r);
}

/* What a broken feed loaded before it broke is forgotten; what was there before stays. */
static void
broken_feed_leaves_nothing(void **state)
{
	char good[] = "192.0.2.1\nc2.test\n", broken[] = "[{\"ip_address\":\"192.0.2.9\",\"port\":1},";
	struct builder *b = builder_new(100);
	struct feed_summary s;
	struct fault fault;
	FILE *in;
	int fd;
	struct indicators *set;

	(void)state;
	in = fmemopen(good, strlen(good), "r");
	assert_int_equal(feed_read(in, "good", NULL, b, &s, &fault), 0);
	fclose(in);
	in = fmemopen(broken, strlen(broken), "r");
	assert_int_equal(feed_read(in, "broken", NULL, b, &s, &fault), SE_FORMAT);
	fclose(in);
	in = fmemopen(good, strlen(good), "r");
	assert_int_equal(feed_read(in, "good", NULL, b, &s, &fault), 0);
	fclose(in);
	assert_int_equal(s.duplicates, 2);
	assert_int_equal(builder_compile(b, &fd, &fault), 0);
	assert_int_equal(indicators_map(fd, &set, &fault), 0);
	assert_int_equal(indicators_count(set), 2);
	indicators_unmap(set);
	close(fd);
	builder_free(b);
}

/* The files of feeds/samples: recognised as what they are, and nothing in them is refused. */
static void
samples(void **state)
{
	static const struct {
		const char *path, *format;
		uint32_t loaded;
	} cases[] = {
		{ "feodo.csv", "feodo-csv", 3 }, { "feodo-old.csv", "feodo-csv", 2 },
		{ "feodo.json", "feodo-json", 2 }, { "feodo.txt", "feodo-txt", 3 },
		{ "sslbl-ip.csv", "sslbl-ip-csv", 2 }, { "sslbl-ja3.csv", "sslbl-ja3-csv", 2 },
		{ "sslbl-cert.csv", "sslbl-cert-csv", 2 }, { "urlhaus.csv", "urlhaus-csv", 3 },
		{ "urlhaus.txt", "urlhaus-text", 2 }, { "notice.csv", "notice-csv", 2 },
		{ "notice-cp932.csv", "notice-csv", 2 }, { "plain.txt", "plain", 11 },
	};
	struct feed_summary s;
	struct fault fault;
	char path[128];
	size_t n;

	(void)state;
	for (n = 0; n < sizeof cases / sizeof cases[0]; n++) {
		struct builder *b = builder_new(100);
		FILE *in;

		snprintf(path, sizeof path, "feeds/samples/%s", cases[n].path);
		if ((in = fopen(path, "re")) == NULL)
			fail_msg("%s: run this from the top of the tree", path);
		assert_int_equal(feed_read(in, "sample", NULL, b, &s, &fault), 0);
		assert_string_equal(s.format, cases[n].format);
		assert_int_equal(s.loaded, cases[n].loaded);
		assert_int_equal(s.not_understood, 0);
		fclose(in);
		builder_free(b);
	}
}

/* Cut at every byte: any code, no crash, and never more than the whole gave. */
static void
cut_anywhere(void **state)
{
	static const char *const texts[] = {
		"# Feodo Tracker\n\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"malware\"\n"
		"\"2026-05-17 07:30:05\",\"192.0.2.1\",\"443\",\"Dri\"\"dex\"\n",
		"hxxps://gate[.]test/in.php?a=1#f\n[2001:db8::7]:443\n*.wild.test ; note\n",
		japanese,
	};
	size_t n, len;

	(void)state;
	for (n = 0; n < sizeof texts / sizeof texts[0]; n++)
		for (len = 0; len <= strlen(texts[n]); len++) {
			struct reading r = read_bytes(texts[n], len, NULL, 1000);

			assert_true(indicators_count(r.set) <= 3);
			clear(&r);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feodo_new_layout), cmocka_unit_test(feodo_old_layout_and_moved_columns),
		cmocka_unit_test(feodo_json_elements), cmocka_unit_test(truncated_json),
		cmocka_unit_test(empty_feeds_with_a_banner), cmocka_unit_test(addresses_in_text),
		cmocka_unit_test(sslbl_formats), cmocka_unit_test(urlhaus_formats),
		cmocka_unit_test(notice_in_utf8), cmocka_unit_test(notice_in_cp932),
		cmocka_unit_test(notice_in_english), cmocka_unit_test(plain_values),
		cmocka_unit_test(never_loaded), cmocka_unit_test(strangers),
		cmocka_unit_test(unknown_format_name), cmocka_unit_test(odd_lines),
		cmocka_unit_test(complaints_are_bounded), cmocka_unit_test(ceiling),
		cmocka_unit_test(broken_feed_leaves_nothing), cmocka_unit_test(samples),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
