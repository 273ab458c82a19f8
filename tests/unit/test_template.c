/* Templates of webhooks: their language, what hostile values come to, and those that are shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "base/when.h"
#include "sinks/template.h"

static struct template *
parse(const char *text)
{
	struct template *t = NULL;
	struct fault fault;

	if (template_parse("t", text, strlen(text), &t, &fault) < 0)
		fail_msg("%s: %s", text, fault.text);
	return t;
}

static void
expect(const char *text, const char *record, const char *wanted)
{
	struct template *t = parse(text);
	cJSON *r = cJSON_Parse(record);
	char *got;

	assert_non_null(r);
	assert_non_null(got = template_render(t, r));
	if (strcmp(got, wanted) != 0)
		fail_msg("%s makes %s, not %s", text, got, wanted);
	free(got);
	cJSON_Delete(r);
	template_free(t);
}

static void
test_values(void **state)
{
	static const char record[] = "{\"a\":{\"b\":\"x\",\"n\":12,\"f\":0.25,\"t\":true,\"z\":null,\"l\":[\"p\",2,{}],\"e\":\"\"},"
	    "\"when\":\"2026-05-20T08:02:15.226060+0000\"}";

	(void)state;
	expect("{\"k\":\"{{a.b}} {{ a.n }} {{a.f}} {{a.t}}\"}", record, "{\"k\":\"x 12 0.25 true\"}");
	expect("{\"k\":\"{{a.c}}|{{a.c|none}}|{{a.e|empty}}|{{a.z|null}}|{{a|object}}\"}", record, "{\"k\":\"|none|empty|null|object\"}");
	expect("{\"k\":\"{{a.l}}, {{a.l.1}}, {{a.l.9|-}}\"}", record, "{\"k\":\"p, 2, 2, -\"}");
	expect("[{{a.b}},{{a.n}},{{a.t}},{{a.l}},{{a.c}},{{a.c|7}},{{a.e}}]", record, "[\"x\",12,true,[\"p\",2,{}],null,7,\"\"]");
	expect("{{.}}", "{\"a\":1}", "{\"a\":1}");
	expect("\"{{rfc3339 when}} {{rfc3339 a.b|never}}\"", record, "\"2026-05-20T08:02:15.226060Z never\"");
	expect("{{! a remark with \"quotes\" }}[\"{{a.b}}\"]", record, "[\"x\"]");
}

static void
test_blocks(void **state)
{
	(void)state;
	expect("[{{#if a}}1{{else}}2{{/if}}]", "{\"a\":1}", "[1]");
	expect("[{{#if a}}1{{else}}2{{/if}}]", "{\"a\":0}", "[2]");
	expect("[{{#if a}}1{{else}}2{{/if}}]", "{\"a\":\"\"}", "[2]");
	expect("[{{#if a}}1{{else}}2{{/if}}]", "{\"a\":[]}", "[2]");
	expect("[{{#if a}}1{{else}}2{{/if}}]", "{\"a\":{\"b\":1}}", "[1]");
	expect("[\"{{#if a=x}}is{{else}}{{#if a=y}}was{{/if}}not{{/if}}\"]", "{\"a\":\"x\"}", "[\"is\"]");
	expect("[\"{{#if a=x}}is{{else}}{{#if a=y}}was{{/if}}not{{/if}}\"]", "{\"a\":\"y\"}", "[\"wasnot\"]");
	expect("[\"{{#if a != x}}other{{/if}}\"]", "{}", "[\"other\"]");
	expect("[\"{{#if a=12}}n{{/if}}\"]", "{\"a\":12}", "[\"n\"]");
}

static void
refused(const char *text, const char *words)
{
	struct template *t;
	struct fault fault;

	if (template_parse("t", text, strlen(text), &t, &fault) != SE_USAGE || strstr(fault.text, words) == NULL)
		fail_msg("%s: \"%s\", not \"%s\"", text, fault.text, words);
	assert_null(t);
}

static void
test_faults(void **state)
{
	char many[10000] = "";
	unsigned i;

	(void)state;
	refused("{\n\"a\": \"{{x\"}", "t:2: {{ without }}");
	refused("[\"{{#if x}}\"]\n", "t:1: {{#if}} without {{/if}}");
	refused("[1]\n{{/if}}", "t:2: {{/if}} without {{#if");
	refused("[1]\n\n{{else}}", "t:3: {{else}} without");
	refused("[{{#if a}}1{{else}}2{{else}}3{{/if}}]", "t:1: {{else}} without");
	refused("[{{#if a}}\"x{{/if}}\"]", "t:1: expected as many quotes");
	refused("[{{#if a}}\"{{else}}\"{{/if}}]", "t:1: expected as many quotes");
	refused("[\"{{#each a}}\"]", "t:1: {{#each a}}: expected a path");
	refused("[\"{{}}\"]", "expected a path");
	refused("[\"{{a b}}\"]", "expected a path");
	refused("[\"{{a..b}}\"]", "expected a path");
	refused("[\"{{a.b.c.d.e.f.g.h.i}}\"]", "at most 8 names");
	refused("{{!escape html}}[1]", "expected none, slack or markdown");
	refused("[{{rfc3339 a}}]", "expected quotes");
	refused("{\"a\": }", "is no JSON, near");
	refused("{\"a\": 1,\n{{#if b}}\"c\": 2{{/if}}}", "is no JSON");
	refused("", "is no JSON");
	for (i = 0; i < 9; i++)
		strcat(many, "{{#if a}}");
	refused(many, "no more than 8 blocks");
	many[0] = '\0';
	for (i = 0; i < 1100; i++)
		strcat(many, "{{a}}");
	refused(many, "expected at most");
}

/* Whatever a value holds, the JSON around it stays what it was. */
static void
test_hostile_values(void **state)
{
	static const char text[] = "{\"s\":\"{{v}}\",\"n\":{{v}}}";
	static const char *const values[] = {
		"\",\"x\":\"", "\\", "\\\"", "a\nb\tc\x01", "{{v}}", "}}", ("\xe2\x80\xae" "dlo"), "\xe3\x81\x82", "\x7f",
	};
	struct template *t = parse(text);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof values / sizeof *values; i++) {
		cJSON *r = cJSON_CreateObject(), *made;
		char *body;

		assert_non_null(cJSON_AddStringToObject(r, "v", values[i]));
		assert_non_null(body = template_render(t, r));
		if ((made = cJSON_Parse(body)) == NULL || cJSON_GetArraySize(made) != 2)
			fail_msg("%s", body);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(made, "n")), values[i]);
		cJSON_Delete(made);
		cJSON_Delete(r);
		free(body);
	}
	template_free(t);
	expect("\"{{v}}\"", "{\"v\":\"a\\u0000b\\u001b[2J\\u202e\"}", "\"a\"");
	expect("\"{{v}}\"", "{\"v\":\"\\u001b[2J\"}", "\"\\\\x1b[2J\"");
	expect("{{!escape slack}}\"{{v}}\"", "{\"v\":\"<!channel> & <http://x|y> `\"}",
	    "\"&lt;!channel&gt; &amp; &lt;http[:]//x|y&gt; '\"");
	expect("{{!escape markdown}}\"{{v}}\"", "{\"v\":\"@all [a](https://x) *b* `c`\"}",
	    "\"@\xe2\x80\x8b" "all \\\\[a\\\\]\\\\(https\\\\[:\\\\]//x\\\\) \\\\*b\\\\* 'c'\"");
}

static void
test_long_values(void **state)
{
	struct template *t = parse("[\"{{v}}\"]");
	cJSON *r = cJSON_CreateObject();
	char *value = malloc(3000001), *body;

	(void)state;
	memset(value, 'a', 3000000);
	value[3000000] = '\0';
	assert_non_null(cJSON_AddStringToObject(r, "v", value));
	assert_non_null(body = template_render(t, r));
	assert_int_equal(strlen(body), TEMPLATE_VALUE_MOST + 7);
	assert_string_equal(body + strlen(body) - 6, "a...\"]");
	free(body);
	template_free(t);
	/* Bare, it would be whole: then it is no body at all. */
	t = parse("[{{v}}]");
	assert_null(template_render(t, r));
	template_free(t);
	cJSON_Delete(r);
	free(value);
}

/* ---- those that are shipped ---- */

static const cJSON *
at(const cJSON *o, const char *path)
{
	char copy[128], *part, *rest = NULL;

	snprintf(copy, sizeof copy, "%s", path);
	for (part = strtok_r(copy, ".", &rest); part != NULL; part = strtok_r(NULL, ".", &rest)) {
		o = cJSON_IsArray(o) ? cJSON_GetArrayItem(o, atoi(part)) : cJSON_GetObjectItemCaseSensitive(o, part);
		if (o == NULL)
			fail_msg("no %s in %s", part, path);
	}
	return o;
}

static const char *
text_at(const cJSON *o, const char *path, size_t most)
{
	const char *text = cJSON_GetStringValue(at(o, path));

	if (text == NULL || text[0] == '\0' || strlen(text) > most)
		fail_msg("%s: \"%.60s\"", path, text == NULL ? "" : text);
	return text;
}

static void
check_slack(const cJSON *o)
{
	const cJSON *block;

	text_at(o, "text", 4000);
	assert_int_equal(text_at(o, "attachments.0.color", 7)[0], '#');
	text_at(o, "attachments.0.fallback", 4000);
	cJSON_ArrayForEach(block, at(o, "attachments.0.blocks"))
		assert_true(strcmp(text_at(block, "type", 20), "section") == 0 || strcmp(text_at(block, "type", 20), "context") == 0);
	text_at(o, "attachments.0.blocks.0.text.text", 3000);
	text_at(o, "attachments.0.blocks.1.fields.3.text", 2000);
}

static void
check_mattermost(const cJSON *o)
{
	text_at(o, "text", 16383);
	text_at(o, "attachments.0.fallback", 4000);
	assert_int_equal(text_at(o, "attachments.0.color", 7)[0], '#');
	text_at(o, "attachments.0.title", 4000);
	assert_true(cJSON_IsTrue(at(o, "attachments.0.fields.0.short")));
	text_at(o, "attachments.0.fields.5.value", 200);
}

static void
check_teams(const cJSON *o)
{
	assert_string_equal(text_at(o, "type", 20), "message");
	assert_string_equal(text_at(o, "attachments.0.contentType", 60), "application/vnd.microsoft.card.adaptive");
	assert_true(cJSON_IsNull(at(o, "attachments.0.contentUrl")));
	assert_string_equal(text_at(o, "attachments.0.content.type", 60), "AdaptiveCard");
	assert_string_equal(text_at(o, "attachments.0.content.version", 60), "1.4");
	assert_non_null(strstr("Attention Warning Accent Default", text_at(o, "attachments.0.content.body.0.color", 20)));
	text_at(o, "attachments.0.content.body.0.text", 4000);
	text_at(o, "attachments.0.content.body.1.text", 8000);
	text_at(o, "attachments.0.content.body.2.facts.6.value", 200);
}

static void
check_alertmanager(const cJSON *o)
{
	const char *when;
	int64_t ns;

	assert_true(cJSON_IsArray(o) && cJSON_GetArraySize(o) == 1);
	text_at(o, "0.labels.alertname", 40);
	text_at(o, "0.labels.severity", 40);
	text_at(o, "0.labels.incident", 40);
	text_at(o, "0.annotations.summary", 4000);
	when = text_at(o, "0.startsAt", 40);
	assert_true(when_parse(when, strlen(when), 0, &ns));
	assert_int_equal(when[strlen(when) - 1], 'Z');
}

static const struct {
	const char *path;
	void (*check)(const cJSON *o);
} shipped[] = {
	{ "etc/templates/slack.json", check_slack }, { "etc/templates/mattermost.json", check_mattermost },
	{ "etc/templates/teams.json", check_teams }, { "etc/templates/alertmanager.json", check_alertmanager },
};

/* Every text of the record says what somebody hostile would like it to say; the ends stay what they are. */
static void
make_hostile(cJSON *o)
{
	cJSON *item;

	cJSON_ArrayForEach(item, o) {
		if (cJSON_IsObject(item) || cJSON_IsArray(item))
			make_hostile(item);
		else if (cJSON_IsString(item) && strstr("first_seen last_seen timestamp state severity", item->string == NULL ? "-" : item->string) == NULL)
			cJSON_SetValuestring(item, "<!channel>\"],\"x\":[{@all](http://a) \\");
	}
}

static void
check_hostile(const struct template *t, cJSON *record, void (*check)(const cJSON *o))
{
	cJSON *made;
	char *body;

	make_hostile(record);
	assert_non_null(body = template_render(t, record));
	if ((made = cJSON_Parse(body)) == NULL)
		fail_msg("%s", body);
	if (check != check_alertmanager)
		check(made);
	if (check == check_slack)
		assert_null(strstr(body, "<!channel>"));
	if (check == check_mattermost || check == check_teams)
		assert_null(strstr(body, "@all"));
	cJSON_Delete(made);
	free(body);
}

static unsigned
check_file(const char *path, const struct template *t, void (*check)(const cJSON *o))
{
	FILE *f = fopen(path, "r");
	char *line = NULL, *body;
	size_t room = 0;
	unsigned alerts = 0;

	assert_non_null(f);
	while (getline(&line, &room, f) > 0) {
		cJSON *record = cJSON_Parse(line), *made;

		if (cJSON_GetObjectItem(record, "alert") != NULL && ++alerts > 0) {
			assert_non_null(body = template_render(t, record));
			if ((made = cJSON_Parse(body)) == NULL)
				fail_msg("%s", body);
			check(made);
			cJSON_Delete(made);
			free(body);
			check_hostile(t, record, check);
		}
		cJSON_Delete(record);
	}
	free(line);
	fclose(f);
	return alerts;
}

static void
test_shipped(void **state)
{
	struct template *t;
	struct fault fault;
	unsigned alerts;
	glob_t files;
	size_t i, k;

	(void)state;
	assert_int_equal(glob("tests/golden/*.jsonl", 0, NULL, &files), 0);
	for (i = 0; i < sizeof shipped / sizeof *shipped; i++) {
		if (template_read(shipped[i].path, &t, &fault) < 0)
			fail_msg("%s", fault.text);
		for (k = alerts = 0; k < files.gl_pathc; k++)
			alerts += check_file(files.gl_pathv[k], t, shipped[i].check);
		assert_true(alerts > 50);
		template_free(t);
	}
	globfree(&files);
	assert_int_equal(template_read("/nowhere/x.json", &t, &fault), SE_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_hostile_values),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_shipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
