/*
 * file_name.h - what a file is called where it is sent.
 */
#ifndef SENSOR_CONTENT_FILE_NAME_H
#define SENSOR_CONTENT_FILE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum { FILE_NAME_BYTES = 256 };

/*
 * The value of the parameter `name` of a field such as
 * `attachment; filename="a b.exe"` (RFC 9110 section 5.6.6), quotes and their
 * backslashes undone in `room`, longer values cut. False: it has none.
 */
bool file_parameter(struct span field, const char *name, char room[FILE_NAME_BYTES], struct span *value);

/*
 * The file name of a Content-Disposition (RFC 6266): `filename*` first, its
 * %-escapes undone (RFC 8187), else `filename`. Without a path before it.
 */
bool file_name_of_disposition(struct span field, char room[FILE_NAME_BYTES], struct span *name);

/* The last part of a URL's path, without query; absent when it is empty. */
struct span file_name_of_path(struct span path);

#endif
