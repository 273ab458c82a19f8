#include "sinks/format/format.h"

#include <stdlib.h>
#include <string.h>

#include "sinks/format/rules.h"

static bool
is_alert(enum record_kind kind)
{
	return kind == RECORD_ALERT || kind == RECORD_HELD || kind == RECORD_MEMBER;
}

static char *(*const writers[LINE_FORMATS])(const cJSON *eve, const char *line) = {
	[FORMAT_ECS] = format_ecs, [FORMAT_OCSF] = format_ocsf, [FORMAT_CEF] = format_cef,
};

int
format_line(enum record_kind kind, const char *line, enum line_format format, char **out)
{
	cJSON *eve;

	*out = NULL;
	if (format == FORMAT_OCSF && !is_alert(kind))
		return 0;
	if (format >= LINE_FORMATS || writers[format] == NULL)
		return (*out = strdup(line)) == NULL ? SE_NOMEM : 1;
	if ((eve = cJSON_Parse(line)) == NULL || !cJSON_IsObject(eve)) {
		cJSON_Delete(eve);
		return SE_FORMAT;
	}
	*out = writers[format](eve, line);
	cJSON_Delete(eve);
	return *out == NULL ? SE_NOMEM : 1;
}

const char *
format_text(enum line_format format)
{
	static const char *const names[LINE_FORMATS] = { "eve", "ecs", "ocsf", "cef" };

	return format < LINE_FORMATS ? names[format] : "?";
}
