#include "proto/content/ole_walk.h"

enum { NAME_BYTES = 64, STORAGE = 1, STREAM = 2 };

static bool
is_named(const uint8_t *entry, size_t name_bytes, const char *text)
{
	size_t len = strlen(text), i;

	if (name_bytes != 2 * (len + 1))
		return false;
	for (i = 0; i < len; i++)
		if (entry[2 * i] != (uint8_t)text[i] || entry[2 * i + 1] != 0)
			return false;
	return true;
}

static void
see_entry(struct ole_walk *w, const uint8_t *entry)
{
	size_t name_bytes = (size_t)(entry[NAME_BYTES] | entry[NAME_BYTES + 1] << 8);
	unsigned type = entry[NAME_BYTES + 2];

	if (name_bytes > NAME_BYTES || (type != STORAGE && type != STREAM))
		return;
	if (type == STORAGE)
		w->macros |= is_named(entry, name_bytes, "VBA") || is_named(entry, name_bytes, "_VBA_PROJECT_CUR");
	else if (is_named(entry, name_bytes, "_VBA_PROJECT"))
		w->macros = true;
	else if (is_named(entry, name_bytes, "EncryptedPackage"))
		w->encrypted = true;
}

void
ole_walk_bytes(struct ole_walk *w, struct span bytes)
{
	size_t len;

	while (bytes.left > 0) {
		if (w->held_bytes == 0 && bytes.left >= OLE_ENTRY_BYTES) {
			see_entry(w, bytes.at);
			span_skip(&bytes, OLE_ENTRY_BYTES);
			continue;
		}
		len = (size_t)(OLE_ENTRY_BYTES - w->held_bytes);
		if (len > bytes.left)
			len = bytes.left;
		span_copy(&bytes, w->held + w->held_bytes, len);
		w->held_bytes = (uint8_t)(w->held_bytes + len);
		if (w->held_bytes < OLE_ENTRY_BYTES)
			return;
		if (!w->lost)
			see_entry(w, w->held);
		w->held_bytes = 0;
		w->lost = false;
	}
}

void
ole_walk_lost(struct ole_walk *w, uint64_t bytes)
{
	if (bytes == 0)
		return;
	w->held_bytes = (uint8_t)((w->held_bytes + bytes) % OLE_ENTRY_BYTES);
	w->lost = w->held_bytes > 0;
}
