/* feed_json.c - feeds in JSON: members of an object, and large files in parts. */
#include "indicators/feed.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "indicators/json_cut.h"
#include "indicators/text.h"

struct span
member_text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	struct span s = { NULL, 0 };

	if (cJSON_IsString(item) && !text_is_missing(span_text(item->valuestring)))
		s = span_text(item->valuestring);
	return s;
}

struct span
member_number(const cJSON *object, const char *name, char buf[32])
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (item == NULL || cJSON_IsNull(item) || cJSON_IsString(item))
		return member_text(object, name);
	if (!cJSON_IsNumber(item))
		return span_text("not a number");
	snprintf(buf, 32, "%.17g", item->valuedouble);
	return span_text(buf);
}

bool
member_true(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	if (cJSON_IsString(item))
		return strcmp(item->valuestring, "1") == 0 || strcasecmp(item->valuestring, "true") == 0;
	return cJSON_IsTrue(item) || (cJSON_IsNumber(item) && item->valuedouble == 1);
}

/* cJSON ends a text at its first NUL: such a part is none. */
static cJSON *
parse_json(struct span text)
{
	if (memchr(text.at, '\0', text.left) != NULL || memmem(text.at, text.left, "\\u0000", 6) != NULL)
		return NULL;
	return cJSON_ParseWithLength((const char *)text.at, text.left);
}

cJSON *
feed_json_line(struct feed *f, struct span line)
{
	cJSON *object = parse_json(line);

	if (cJSON_IsObject(object))
		return object;
	cJSON_Delete(object);
	feed_complain(f, "a JSON object on one line", line);
	return NULL;
}

static bool
read_part(void *to, const struct json_part *part)
{
	struct feed *f = to;
	cJSON *value = part->too_long ? NULL : parse_json(part->text);

	f->line = part->line;
	if (cJSON_IsObject(value) || (f->reader->json->texts && cJSON_IsString(value)))
		f->reader->json->part(f, part->path, value);
	else
		feed_complain(f, part->too_long ? "a JSON object of at most 65536 bytes" : "a JSON object",
		    part->text);
	cJSON_Delete(value);
	return f->code == 0;
}

void
feed_read_json(struct feed *f)
{
	const struct json_rule *rule = f->reader->json;
	struct json_cut *cut = malloc(sizeof *cut);
	struct span block;
	uint8_t last = 0;

	if (cut == NULL) {
		f->code = fault_set(f->fault, SE_NOMEM, "feed %s: no memory to read it", f->name);
		return;
	}
	json_cut_init(cut, rule->paths, rule->count, read_part, f);
	while (lines_block(&f->lines, &block)) {
		last = block.at[block.left - 1];
		if (!json_cut_push(cut, block))
			break;
	}
	f->summary->lines = cut->line - (last == '\n');
	if (f->code == 0 && !f->lines.failed && !json_cut_whole(cut))
		f->code = fault_set(f->fault, SE_FORMAT, "feed %s: line %u: broken JSON, expected %s",
		    f->name, cut->line, cut->why);
	else if (f->code == 0 && !cut->reached)
		f->code = fault_set(f->fault, SE_FORMAT,
		    "feed %s: JSON of another kind, such as an error message: expected %s", f->name, rule->shape);
	free(cut);
}
