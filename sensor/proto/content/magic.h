/*
 * magic.h - the kind of a file by its first bytes, binary formats only.
 */
#ifndef SENSOR_CONTENT_MAGIC_H
#define SENSOR_CONTENT_MAGIC_H

#include <stdbool.h>

#include "base/span.h"
#include "message.h"

/* FILE_UNKNOWN when it is none of those known; text is not looked at. OOXML is FILE_ZIP here. */
enum file_kind magic_kind(struct span first);

/* Headers or the first file of a RAR 4 or 5 archive need a password. */
bool magic_rar_encrypted(struct span first);

/* Where a 7z archive keeps its header, from its beginning. False: that is not there. */
bool magic_seven_zip_header(struct span first, uint64_t *offset, uint64_t *bytes);

#endif
