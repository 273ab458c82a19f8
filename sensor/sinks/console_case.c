/*
 * console_case.c - a case as a story:
 *
 *	    PC-15, at 10.0.0.5; the name is as it says when it asks for an address (DHCP).
 *	    10:00:12             delivery
 *	                         It fetched ...
 *	    10:03:10 - 10:36:12  command and control
 *	                         ...
 *	    What to do next
 *	     1. ...
 */
#include "sinks/console_case.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/when.h"
#include "sinks/text.h"

enum { AT_MARGIN = 4, AT_STAGE = 25, AT_STEP = 8, STORY_MOST = 2048, STEPS_MOST = 64 };

static const char *
string_of(const cJSON *in, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(in, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static void
put_clean(struct page *p, enum ink ink, size_t left, const char *words)
{
	char buf[STORY_MOST + 64];
	struct text t;

	text_init(&t, buf, sizeof buf);
	text_add_clean(&t, words, STORY_MOST);
	page_wrap(p, ink, left, buf);
}

/* "10:00:12"; with its date when that is another than that of `day`. */
static void
add_clock(struct text *t, const char *timestamp, const char *day)
{
	char text[WHEN_TEXT_MAX];
	int64_t ns;

	if (!when_parse(timestamp, strlen(timestamp), 0, &ns)) {
		text_add(t, "-");
		return;
	}
	when_rfc3339(ns, text);
	text[10] = ' ';
	text[19] = '\0';
	text_add(t, strncmp(text, day, 10) == 0 ? text + 11 : text);
}

static void
put_stage(struct page *p, const cJSON *stage, const char *day)
{
	const char *first = string_of(stage, "first_seen"), *last = string_of(stage, "last_seen");
	char buf[2 * WHEN_TEXT_MAX + 8];
	struct text t;

	text_init(&t, buf, sizeof buf);
	add_clock(&t, first, day);
	if (strncmp(first, last, 19) != 0) {
		text_add(&t, " - ");
		add_clock(&t, last, day);
	}
	page_to(p, AT_MARGIN);
	page_put(p, INK_PLAIN, buf);
	page_to(p, AT_STAGE);
	put_clean(p, INK_BOLD, AT_STAGE, string_of(stage, "title"));
	page_end_line(p);
	page_to(p, AT_STAGE);
	put_clean(p, INK_PLAIN, AT_STAGE, string_of(stage, "text"));
	page_end_line(p);
}

static void
put_steps(struct page *p, const cJSON *next)
{
	const cJSON *step, *steps = cJSON_GetObjectItemCaseSensitive(next, "steps");
	const char *malware = string_of(next, "malware");
	char number[16];
	unsigned n = 0;

	if (cJSON_GetArraySize(steps) == 0)
		return;
	page_to(p, AT_MARGIN);
	put_clean(p, INK_BOLD, AT_MARGIN, string_of(next, "title"));
	if (malware[0] != '\0') {
		page_put(p, INK_BOLD, ": ");
		put_clean(p, INK_BOLD, AT_MARGIN, malware);
	}
	page_end_line(p);
	cJSON_ArrayForEach(step, steps) {
		if (!cJSON_IsString(step) || n == STEPS_MOST)
			break;
		snprintf(number, sizeof number, "%2u.", ++n);
		page_to(p, AT_MARGIN);
		page_put(p, INK_PLAIN, number);
		page_put(p, INK_PLAIN, " ");
		put_clean(p, INK_PLAIN, AT_STEP, step->valuestring);
		page_end_line(p);
	}
}

/* Earliest first: infections do not always go by the book. */
static const cJSON *
next_stage(const cJSON *stages, const cJSON *after)
{
	const cJSON *stage, *best = NULL;
	bool passed = after == NULL;

	cJSON_ArrayForEach(stage, stages) {
		int late = after == NULL ? 1 : strcmp(string_of(stage, "first_seen"), string_of(after, "first_seen"));

		if ((late > 0 || (late == 0 && passed)) &&
		    (best == NULL || strcmp(string_of(stage, "first_seen"), string_of(best, "first_seen")) < 0))
			best = stage;
		passed = passed || stage == after;
	}
	return best;
}

void
console_case(struct page *p, const struct view *v, bool whole)
{
	const cJSON *hansho = cJSON_GetObjectItemCaseSensitive(v->root, "hansho");
	const cJSON *of_case = cJSON_GetObjectItemCaseSensitive(hansho, "case");
	const cJSON *stages = cJSON_GetObjectItemCaseSensitive(of_case, "stages"), *stage, *next;

	if (whole) {
		page_end_line(p);
		page_to(p, AT_MARGIN);
		put_clean(p, INK_PLAIN, AT_MARGIN, string_of(of_case, "who"));
		page_end_line(p);
	}
	for (stage = next_stage(stages, NULL); stage != NULL; stage = next) {
		next = next_stage(stages, stage);
		if (whole || next == NULL)
			put_stage(p, stage, v->timestamp);
	}
	if (!whole)
		return;
	cJSON_ArrayForEach(next, cJSON_GetObjectItemCaseSensitive(of_case, "next"))
		put_steps(p, next);
	page_end_line(p);
}
