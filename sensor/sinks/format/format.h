/*
 * format.h - an EVE line in the form that another system reads.
 *
 * ECS 8.11 (Elastic), OCSF 1.3 Detection Finding (class 2004) and CEF:0. What
 * goes where stands in one table a format (ecs.c, ocsf.c, cef.c). OCSF is of
 * alerts only. Text that came from the wire cannot leave its place: JSON is
 * made by cJSON, CEF escapes as its format asks for and has no control characters.
 */
#ifndef SENSOR_SINKS_FORMAT_H
#define SENSOR_SINKS_FORMAT_H

#include "base/error.h"
#include "record.h"

enum line_format { FORMAT_EVE, FORMAT_ECS, FORMAT_OCSF, FORMAT_CEF, LINE_FORMATS };

/*
 * 1: *out is the line, malloc'd, without newline; 0: the format has no form
 * for such a record; SE_FORMAT: `line` is no EVE line; SE_NOMEM. *out is NULL
 * unless 1.
 */
int format_line(enum record_kind kind, const char *line, enum line_format format, char **out);

/* "eve", "ecs", "ocsf", "cef" */
const char *format_text(enum line_format format);

#endif
