/* Every title and sentence of alerts exists in both languages, whole: none is half of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/words.h"
#include "alert_rig.h"
#include "records/notes.h"

/* Words that Japanese writes like that, too. */
static const char *const common[] = { "C2", "IP", "TLS", "URL", "JA3", "JA3S", "JA4", "SHA", "vxlan", "journal", "max_mib", "max_hours",
	"gre", "ASN", "DNS", "TCP", "MiB", "mib", "capture", "snaplen", "buffer", "workers", "limits", "ring", "checksum",
	"buffer_mib", "ring_mib", "filter", "dead_letters" };

static bool
is_common(const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof common / sizeof *common; i++)
		if (strlen(common[i]) == len && memcmp(common[i], word, len) == 0)
			return true;
	return false;
}

static void
expect_language(const char *text, enum language l)
{
	const char *s;
	size_t len;

	assert_true(strlen(text) > 3);
	assert_null(strpbrk(text, "{}[]"));
	for (s = text; *s != '\0'; s += len > 0 ? len : 1) {
		for (len = 0; isalnum((unsigned char)s[len]) || s[len] == '_'; len++)
			;
		if (l == LANGUAGE_EN && (unsigned char)*s >= 0x80)
			fail_msg("not English: %s", text);
		if (l == LANGUAGE_JA && len > 1 && !isdigit((unsigned char)*s) && !is_common(s, len))
			fail_msg("\"%.*s\" is not Japanese: %s", (int)len, s, text);
	}
	if (l == LANGUAGE_JA)
		for (s = text; (unsigned char)*s < 0x80; s++)
			if (*s == '\0')
				fail_msg("not Japanese: %s", text);
}

static struct indicator
indicator(enum indicator_role role, enum indicator_type type)
{
	return (struct indicator){ .type = type, .role = role, .value = "192.0.2.7", .feed = "7", .malware = "8", .reference = "9",
		.line = 3, .first_seen_ns = RIG_START_NS, .last_seen_ns = RIG_START_NS, .valid_until_ns = WHEN_UNKNOWN };
}

static void
test_indicators(void **state)
{
	char buf[4096];
	int role, type, l, with;

	(void)state;
	for (role = 0; role < ROLE_KINDS; role++)
		for (type = 0; type < INDICATOR_TYPES; type++)
			for (l = 0; l < LANGUAGES; l++)
				for (with = 0; with < 16; with++) {
					struct indicator i = indicator((enum indicator_role)role, (enum indicator_type)type);
					struct finding f = { .kind = FINDING_INDICATOR, .indicator = &i, .subject = "1",
						.feeds = with & 1 ? "7\n1\n2\n3\n4\n5" : "7", .dated = (with & 2) != 0, .age_days = 1,
						.state = with & 4 ? INDICATOR_FADING : INDICATOR_EXPIRED };

					if (with & 8)
						i.first_seen_ns = i.last_seen_ns = WHEN_UNKNOWN;
					expect_language(words_indicator(&i, &f, (with & 1) != 0, (enum language)l, buf, sizeof buf), (enum language)l);
					expect_language(words_title(&f, (enum language)l, buf, sizeof buf), (enum language)l);
					f.kind = FINDING_RETRO;
					expect_language(words_title(&f, (enum language)l, buf, sizeof buf), (enum language)l);
				}
}

static void
test_retro_and_evasion(void **state)
{
	struct observation_buffer b;
	char buf[4096];
	int l, with;

	(void)state;
	for (l = 0; l < LANGUAGES; l++)
		for (with = 0; with < 8; with++) {
			struct indicator i = indicator(ROLE_C2, INDICATOR_DOMAIN);

			rig_observation(&b, OBSERVE_MATCH, 1);
			b.o.count = with & 1 ? 1 : 12;
			b.o.number = with & 2 ? 1 : 3;
			b.o.flags = with & 4 ? OBSERVED_RESPONSE : 0;
			i.first_seen_ns += (with & 4 ? 3 : 0) * 86400 * NS_PER_SEC;
			observation_seal(&b);
			expect_language(words_retro(&b.o, &i, "7", (enum language)l, buf, sizeof buf), (enum language)l);
			expect_language(words_evasion(&b.o, (enum language)l, buf, sizeof buf), (enum language)l);
		}
}

static void
test_other_titles(void **state)
{
	static const enum finding_kind kinds[] = { FINDING_BEACON, FINDING_EVASION, FINDING_SENSOR };
	struct summary_numbers summary = { .limit = 3, .further = 4, .title = "5", .examples = 1 };
	struct finding f = { .subject = "192.0.2.7", .service = "" };
	char buf[1024];
	size_t i;
	int l;

	(void)state;
	for (l = 0; l < LANGUAGES; l++) {
		for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
			f.kind = kinds[i];
			f.summary = NULL;
			expect_language(words_title(&f, (enum language)l, buf, sizeof buf), (enum language)l);
		}
		f.kind = FINDING_SUMMARY;
		f.summary = &summary;
		for (summary.signature = 0; summary.signature < 2; summary.signature++) {
			expect_language(words_title(&f, (enum language)l, buf, sizeof buf), (enum language)l);
			expect_language(words_summary(&summary, (enum language)l, buf, sizeof buf), (enum language)l);
		}
		expect_language(words_tunnel("vxlan", 77, "192.0.2.1", "192.0.2.2", (enum language)l, buf, sizeof buf), (enum language)l);
		expect_language(words_tunnel("vxlan", 0, NULL, NULL, (enum language)l, buf, sizeof buf), (enum language)l);
	}
	words_tunnel("vxlan", 77, "192.0.2.1", "192.0.2.2", LANGUAGE_EN, buf, sizeof buf);
	assert_string_equal(buf, "; through vxlan 77 between 192.0.2.1 and 192.0.2.2");
	words_tunnel("mpls", 0, NULL, NULL, LANGUAGE_EN, buf, sizeof buf);
	assert_string_equal(buf, "; through mpls");
}

/* Every piece that a note names is given here; which of them it has is its own affair. */
static void
test_notes(void **state)
{
	static const struct piece pieces[] = { { "count", "3" }, { "worker", "1" }, { "signal", "11" }, { "signal_name", "killed" }, { "workers", "2" }, { "seconds", "4" },
		{ "feed", "7" }, { "hours", "9" }, { "why", "0" }, { "sink", "5" }, { "records", "6" }, { "percent", "8" }, { "mib", "10" },
		{ "whole", "12" }, { "protocol", "TLS" }, { "wrong", "" }, { NULL, NULL } };
	char buf[SENSOR_NOTE_MAX];
	int n, l;

	(void)state;
	for (n = 0; n < SENSOR_NOTES; n++)
		for (l = 0; l < LANGUAGES; l++)
			expect_language(note_text((enum sensor_note)n, (enum language)l, pieces, buf, sizeof buf), (enum language)l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_indicators),
		cmocka_unit_test(test_retro_and_evasion),
		cmocka_unit_test(test_other_titles),
		cmocka_unit_test(test_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
