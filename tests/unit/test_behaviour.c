#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sentence.h"
#include "behaviour_rig.h"

/* ---- downloads ---- */

static void
download(double sec, enum file_kind kind, unsigned flags, const char *type, const char *name, const char *agent)
{
	rig_observation(&b, OBSERVE_FILE, sec);
	b.o.app = APP_HTTP;
	b.o.detail = b.o.inner = (uint8_t)kind;
	b.o.flags = (uint16_t)(flags | OBSERVED_RESPONSE);
	b.o.body_bytes = 24000;
	rig_text(&b, TEXT_CONTENT_TYPE, type);
	rig_text(&b, TEXT_FILE_NAME, name);
	rig_text(&b, TEXT_USER_AGENT, agent);
}

static const char browser[] = "Mozilla/5.0 Firefox/126.0";
static const char office[] = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)";

static void
mail_read(double sec)
{
	rig_observation(&b, OBSERVE_CONTACT, sec);
	to("203.0.113.40", 993);
	b.o.app = APP_TLS;
	rig_text(&b, TEXT_SERVICE, "mail.example");
	note();
}

static void
test_download(void **state)
{
	(void)state;
	begin();
	download(1, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);
	rig_text(&b, TEXT_SERVICE, "www.example");
	note();
	assert_int_equal(rang("false-type-download"), 1);
	assert_int_equal(kept.f[0].n.confidence, 75);
	assert_int_equal(kept.f[0].severity, SEVERITY_MEDIUM);
	assert_string_equal(kept.f[0].n.technique, "T1105");
	assert_string_equal(kept.f[0].reason, "fetched a Windows program from 192.0.2.77 (www.example), called logo.png, "
	    "announced as image/png, which its declared type or name denies");
	begin();
	download(1, FILE_OOXML, OBSERVED_MACROS | OBSERVED_MISMATCHED, "", "plan.docx", office);
	note();
	assert_int_equal(rang("false-type-download"), 1);
	assert_int_equal(kept.f[0].severity, SEVERITY_HIGH);
	assert_non_null(strstr(kept.f[0].reason, "a document with macros from 192.0.2.77 (the bare address)"));
}

static void
test_download_weighs_mail_before(void **state)
{
	(void)state;
	begin();
	download(1, FILE_PE, 0, "application/octet-stream", "setup.exe", browser);
	note();
	assert_int_equal(kept.count, 0);
	mail_read(100);
	download(130, FILE_PE, 0, "application/octet-stream", "setup.exe", browser);
	note();
	assert_int_equal(rang("false-type-download"), 1);
	assert_non_null(strstr(kept.f[0].reason, "30 s after mail"));
	begin();
	mail_read(100);
	download(701, FILE_PE, 0, "application/octet-stream", "setup.exe", browser);
	note();
	assert_int_equal(kept.count, 0);
}

static void
test_download_twins(void **state)
{
	(void)state;
	begin();
	mail_read(1);
	download(2, FILE_PE, 0, "application/octet-stream", "setup.exe", browser);	/* an installer under a name */
	rig_text(&b, TEXT_SERVICE, "dl.vendor.example");
	note();
	download(3, FILE_SCRIPT, 0, "application/javascript", "app.js", browser);	/* a page's own */
	note();
	download(4, FILE_OOXML, OBSERVED_MACROS, "application/vnd.ms-excel.sheet.macroEnabled.12", "plan.xlsm", browser);
	rig_text(&b, TEXT_SERVICE, "partner.example");
	note();
	download(5, FILE_IMAGE, 0, "image/png", "logo.png", office);
	note();
	assert_int_equal(kept.count, 0);
	download(6, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);	/* from a server inside */
	to("10.0.0.9", 80);
	b.o.home = 3;
	note();
	download(7, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);	/* sent, not fetched */
	b.o.flags = OBSERVED_MISMATCHED;
	note();
	assert_int_equal(kept.count, 0);
}

/* ---- a chain ---- */

static void
test_chain(void **state)
{
	(void)state;
	begin();
	contact(0, "198.51.100.9", 4444);		/* long known */
	download(10, FILE_PE, 0, "application/octet-stream", "a.exe", "");
	note();
	contact(11, "192.0.2.77", 443);			/* where it came from */
	contact(20, "198.51.100.9", 4444);
	assert_int_equal(kept.count, 1);
	assert_int_equal(rang("false-type-download"), 1);
	contact(70, "198.51.100.60", 4444);
	assert_int_equal(rang("dropper-chain"), 1);
	assert_string_equal(kept.f[1].reason, "fetched a Windows program from 192.0.2.77 and 60 s later "
	    "called the bare address 198.51.100.60 that it had never called, port 4444");
	begin();
	download(10, FILE_PE, 0, "application/octet-stream", "a.exe", "");
	note();
	contact(700, "198.51.100.60", 4444);
	assert_int_equal(rang("dropper-chain"), 0);
}

static void
beacon_since(double began_sec, double sec)
{
	struct finding f = { .kind = FINDING_BEACON, .subject = "c2.example", .service = "c2.example", .reason = "" };

	rig_observation(&b, OBSERVE_CONTACT, sec);
	to("198.51.100.99", 443);
	rig_text(&b, TEXT_SERVICE, "c2.example");
	observation_seal(&b);
	f.because = &b.o;
	f.first_ns = RIG_START_NS + (int64_t)(began_sec * 1e9);
	f.ts_ns = b.o.ts_ns;
	f.host = b.o.key.addr[0];
	f.peer = b.o.key.addr[1];
	behaviour_finding(behaviour, &f);
}

static void
test_chain_with_a_beacon(void **state)
{
	(void)state;
	begin();
	beacon_since(0, 5);		/* of a host that did nothing else */
	download(100, FILE_PE, 0, "application/octet-stream", "a.exe", "");
	note();
	kept.count = 0;
	beacon_since(90, 900);		/* began before */
	assert_int_equal(kept.count, 0);
	beacon_since(200, 900);
	assert_int_equal(rang("dropper-chain"), 1);
	assert_non_null(strstr(kept.f[0].reason, "100 s later began to call c2.example regularly"));
}

static void
test_chain_twin(void **state)
{
	(void)state;
	begin();
	download(10, FILE_PE, 0, "application/octet-stream", "tool.exe", browser);
	rig_text(&b, TEXT_SERVICE, "dl.vendor.example");
	note();
	contact(20, "198.51.100.60", 4444);	/* a new program, and a new address: but it came under its own name */
	beacon_since(20, 900);
	rig_observation(&b, OBSERVE_NAME, 21);
	b.o.named = rig_addr("198.51.100.61");
	note();
	contact(22, "198.51.100.61", 4444);
	assert_int_equal(kept.count, 0);
}

/* ---- the frame ---- */

static void
test_rings_once_a_minute_unless_surer(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 120; i++) {
		download(i, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);
		rig_text(&b, TEXT_SERVICE, "www.example");
		note();
	}
	assert_int_equal(kept.count, 2);
	download(121, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", office);
	rig_text(&b, TEXT_SERVICE, "www.example");
	note();
	assert_int_equal(kept.count, 3);
}

static void
from_host(unsigned n, double sec)
{
	char host[32];

	download(sec, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);
	snprintf(host, sizeof host, "10.0.%u.%u", n >> 8, n & 255);
	b.o.key.addr[ORIGINATOR] = rig_addr(host);
	note();
}

static void
test_hosts_are_bounded(void **state)
{
	unsigned i;

	(void)state;
	limits.hosts = 10;
	begin();
	for (i = 0; i < 30; i++)
		from_host(i, i * .1);
	assert_int_equal(behaviour_counts(behaviour)->hosts, 10);
	assert_int_equal(behaviour_counts(behaviour)->evicted, 20);
	from_host(29, 4);	/* still known: not told again */
	assert_int_equal(kept.count, 30);
	from_host(0, 5);	/* forgotten */
	assert_int_equal(kept.count, 31);
	assert_true(behaviour_host_bytes() < 7552);
	limits.hosts = 0;
	begin();
	from_host(1, 1);
	assert_int_equal(kept.count, 0);
}

static void
test_flood_is_one_alert_about_the_sensor(void **state)
{
	unsigned i, about_sensor = 0;

	(void)state;
	limits.flood_hosts = 5;
	begin();
	for (i = 0; i < 40; i++)
		from_host(i, i);
	for (i = 0; i < kept.count; i++)
		about_sensor += kept.f[i].kind == FINDING_SENSOR;
	assert_int_equal(kept.count, 6);
	assert_int_equal(about_sensor, 1);
	assert_string_equal(kept.f[5].reason, "more than 5 hosts show false-type-download within an hour: are home networks, "
	    "mail servers and management hosts configured as they are? Further hosts are held back");
	assert_int_equal(behaviour_counts(behaviour)->held_back, 35);
	from_host(3, 100);	/* who rang already goes on */
	assert_int_equal(kept.count, 7);
	from_host(50, 4000);
	assert_int_equal(kept.count, 8);
}

/* ---- texts ---- */

static void
test_japanese(void **state)
{
	(void)state;
	limits.language = LANGUAGE_JA;
	begin();
	download(1, FILE_PE, OBSERVED_MISMATCHED, "image/png", "logo.png", browser);
	rig_text(&b, TEXT_SERVICE, "www.example");
	note();
	assert_string_equal(kept.f[0].n.title, "不審なダウンロード");
	assert_string_equal(kept.f[0].reason, "192.0.2.77 (www.example) からWindows の実行ファイルを取得した。"
	    "名前は logo.png。申告された種類は image/png。申告された種類や名前が中身と違う。");
}

/* Brackets and braces close, and both languages name the same pieces. */
static void
test_sentences_are_well_formed(void **state)
{
	struct behaviour_numbers none = { 0 };
	char buf[1024];
	const char *s, *other;
	size_t i, len;
	int l, open;

	(void)state;
	for (i = 0; i < behaviour_texts_count; i++)
		for (l = 0; l < LANGUAGES; l++) {
			open = 0;
			for (s = behaviour_texts[i].sentence[l]; *s != '\0'; s++) {
				open += *s == '[' ? 1 : *s == ']' ? -1 : 0;
				assert_true(open == 0 || open == 1);
				if (*s != '{')
					continue;
				len = strcspn(s, "}") + 1;
				assert_true(s[len - 1] == '}');
				other = memmem(behaviour_texts[i].sentence[!l], strlen(behaviour_texts[i].sentence[!l]), s, len);
				assert_non_null(other);
			}
			assert_int_equal(open, 0);
			texts_sentence(&behaviour_texts[i], (enum language)l, &none, buf, sizeof buf);
			assert_null(strpbrk(buf, "[]{}"));
		}
}

static void
test_texts_are_cut_between_characters(void **state)
{
	struct behaviour_numbers n = { .pieces = 2, .evidence = { { .what = "peer", .text = "192.0.2.1" },
		{ .what = "kind", .word = "pe" } } };
	char whole[1024], buf[64];
	size_t size, len;

	(void)state;
	texts_sentence(&behaviour_texts[0], LANGUAGE_JA, &n, whole, sizeof whole);
	for (size = 1; size <= sizeof buf; size++) {
		texts_sentence(&behaviour_texts[0], LANGUAGE_JA, &n, buf, size);
		len = strlen(buf);
		assert_true(len < size);
		assert_true(((unsigned char)whole[len] & 0xc0) != 0x80 || strncmp(buf, whole, len) != 0);
	}
	assert_int_equal(sentence_whole("a鐘", 4, 3), 1);
	assert_int_equal(sentence_whole("a鐘", 4, 4), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_download),
		TEST(test_download_weighs_mail_before),
		TEST(test_download_twins),
		TEST(test_chain),
		TEST(test_chain_with_a_beacon),
		TEST(test_chain_twin),
		TEST(test_rings_once_a_minute_unless_surer),
		TEST(test_hosts_are_bounded),
		TEST(test_flood_is_one_alert_about_the_sensor),
		TEST(test_japanese),
		TEST(test_sentences_are_well_formed),
		TEST(test_texts_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
