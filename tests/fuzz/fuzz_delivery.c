/*
 * What leaves the sensor: a template's text, a record through templates and
 * through every other form, the numbers that processes left on the board as
 * the porter prints them, and its answer as `hansho status` shows it. The
 * first byte says which. Whatever goes in, what comes out keeps its form.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/when.h"
#include "cli/status_page.h"
#include "engine/metrics.h"
#include "sinks/format/format.h"
#include "sinks/head.h"
#include "sinks/mail_message.h"
#include "sinks/syslog_format.h"
#include "sinks/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_NS (1800000000 * NS_PER_SEC)
#define BODY "{{#if hansho.state=close}}\"over\": true, {{/if}}\"text\": \"{{alert.signature|hansho}} {{hansho.reason}} {{tls.sni|no name}}\", " \
	"\"count\": {{hansho.count}}, \"whole\": {{.}}, \"when\": \"{{rfc3339 hansho.last_seen}}\", \"all\": \"{{list}} {{list.0}}\"" \
	"{{#if hansho.peer}}, \"peer\": \"{{hansho.peer.ip}}\"{{else}}, \"none\": {{hansho.peer}}{{/if}} }"

static const char sample[] = "{\"timestamp\":\"2026-05-20T08:02:15.226060+0000\",\"event_type\":\"alert\",\"src_ip\":\"10.20.0.15\","
	"\"list\":[\"a\",{\"b\":1},2.5],\"alert\":{\"signature\":\"a\",\"severity\":2},\"hansho\":{\"id\":\"5c14449c067f1be2\","
	"\"revision\":12,\"state\":\"close\",\"kind\":\"indicator\",\"host\":\"10.20.0.15\",\"peer\":{\"ip\":\"192.0.2.1\"}}}";

static void
must(bool good)
{
	if (!good)
		abort();
}

static bool
is_json(const char *text)
{
	cJSON *o = cJSON_Parse(text);

	cJSON_Delete(o);
	return o != NULL;
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* ---- templates ---- */

/* What it makes need not be JSON: only what stands between its places is the text's own affair. */
static void
try_template(const char *text)
{
	cJSON *record = cJSON_Parse(sample);
	struct template *t;
	struct fault fault;

	if (template_parse("t", text, strlen(text), &t, &fault) == 0) {
		free(template_render(t, record));
		template_free(t);
	}
	cJSON_Delete(record);
}

static void
fill_templates(const char *line)
{
	static const char *const texts[] = { "{ " BODY, "{{!escape slack}}{ " BODY, "{{!escape markdown}}{ " BODY };
	cJSON *record = cJSON_Parse(line);
	struct template *t;
	struct fault fault;
	char *body;
	size_t i;

	if (!cJSON_IsObject(record)) {
		cJSON_Delete(record);
		return;
	}
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		must(template_parse("t", texts[i], strlen(texts[i]), &t, &fault) == 0);
		body = template_render(t, record);
		must(body == NULL || (is_json(body) && strlen(body) <= TEMPLATE_BODY_MOST));
		free(body);
		template_free(t);
	}
	cJSON_Delete(record);
}

/* ---- other forms ---- */

static void
form_line(const char *line)
{
	struct syslog_sender from = { .facility = 16, .host = "tap1", .process = 1 };
	char buf[SYSLOG_SIZE_BSD], *out;
	int kind, format;

	for (kind = 0; kind < RECORD_KINDS; kind += 3) {
		for (format = FORMAT_ECS; format < LINE_FORMATS; format++) {
			if (format_line((enum record_kind)kind, line, (enum line_format)format, &out) == 1)
				must(format == FORMAT_CEF ? !has_control(out) : is_json(out));
			free(out);
		}
		from.bsd = kind % 2 == 0;
		must(syslog_format(&from, (enum record_kind)kind, line, buf, sizeof buf) < sizeof buf);
	}
}

/* Lines end with CRLF, are short and ASCII: no byte of a record is part of the mail's form. */
static void
check_mail(const char *mail)
{
	const char *line = mail, *end;

	for (; *line != '\0'; line = end + 2) {
		must((end = strstr(line, "\r\n")) != NULL && end - line <= 998);
		for (; line < end; line++)
			must((unsigned char)*line < 0x80 && *line != '\n' && *line != '\r');
	}
}

static void
mail_lines(const char *text)
{
	struct digest d = { .sensor = "tap1", .from = "a@sensor.example", .to = "b@example.org", .most = 2 };
	char *copy = strdup(text), *line, *rest = copy, *mail;
	struct head head;

	d.japanese = strlen(text) % 2 == 0;
	while (copy != NULL && (line = strsep(&rest, "\n")) != NULL) {
		head_read(&head, line);
		must(digest_add(&d, line, &head));
	}
	mail = digest_mail(&d, NOW_NS / NS_PER_SEC);
	must(mail != NULL);
	check_mail(mail);
	free(mail);
	digest_clear(&d);
	free(copy);
}

/* ---- the porter and who asks it ---- */

static void
overwrite(void *part, size_t len, const uint8_t *data, size_t size)
{
	uint8_t *to = part;
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = data[i % size];
}

static void
show(const char *text)
{
	cJSON *now = cJSON_Parse(text), *before = cJSON_Parse("{\"time_seconds\":1,\"total\":{\"frames\":1}}");
	char *page = NULL, *line, *rest;
	size_t size;
	FILE *f = open_memstream(&page, &size);

	if (now != NULL && f != NULL)
		status_print(f, now, size % 2 ? before : NULL, false);
	if (f != NULL)
		fclose(f);
	must(page != NULL);
	for (rest = page; (line = strsep(&rest, "\n")) != NULL; )
		must(!has_control(line));
	free(page);
	cJSON_Delete(now);
	cJSON_Delete(before);
}

/* A name, labels in braces with closed quotes, a number. */
static void
check_metric(const char *line)
{
	const char *at = line + strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
	char *end;

	must(!has_control(line));
	if (line[0] == '#')
		return;
	must(at > line);
	if (*at == '{') {
		bool quoted = false;

		for (at++; *at != '\0' && (quoted || *at != '}'); at++) {
			if (*at == '\\' && quoted && at[1] != '\0')
				at++;
			else if (*at == '"')
				quoted = !quoted;
		}
		must(*at++ == '}');
	}
	must(*at == ' ');
	strtod(at + 1, &end);
	must(end > at + 1 && *end == '\0');
}

/* Analyst, workers and courier may be somebody else's by now, and so what they write onto the board. */
static void
print_board(const uint8_t *data, size_t size)
{
	static struct board *b;
	static struct metrics_view v;
	char *text = NULL, *line, *rest;
	cJSON *o;
	FILE *f;
	unsigned i;

	if (b == NULL && (b = board_new()) == NULL)
		return;
	atomic_store(&b->workers, 2);
	for (i = 0; i < 2; i++)
		overwrite(&b->worker[i], sizeof b->worker[i], data, size);
	overwrite(&b->analyst, sizeof b->analyst, data, size);
	overwrite(&b->keeper, sizeof b->keeper, data, size);
	overwrite(&b->sinks_count, (size_t)((char *)&b->sink[SINKS_MAX] - (char *)&b->sinks_count), data, size);
	metrics_look(&v, b, NOW_NS, 500 * NS_PER_SEC);
	f = open_memstream(&text, &size);
	if (f == NULL)
		return;
	metrics_print(&v, f);
	fclose(f);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL && *line != '\0'; )
		check_metric(line);
	free(text);
	o = metrics_json(&v);
	text = o == NULL ? NULL : cJSON_PrintUnformatted(o);
	must(text != NULL && is_json(text));
	show(text);
	cJSON_free(text);
	cJSON_Delete(o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const texts[])(const char *text) = { try_template, fill_templates, form_line, mail_lines, show };
	size_t which = size == 0 ? 0 : data[0] % (sizeof texts / sizeof *texts + 1);
	char *text;

	if (size < 2)
		return 0;
	if (which == sizeof texts / sizeof *texts) {
		print_board(data + 1, size - 1);
		return 0;
	}
	if ((text = malloc(size)) == NULL)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	texts[which](text);
	free(text);
	return 0;
}
