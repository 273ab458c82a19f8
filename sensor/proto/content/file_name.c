#include "proto/content/file_name.h"

/* Up to the next `;` that no quotes enclose. */
static struct span
take_parameter(struct span *rest)
{
	struct span part = *rest;
	bool quoted = false;
	size_t i;

	for (i = 0; i < rest->left && (quoted || rest->at[i] != ';'); i++) {
		if (rest->at[i] == '"')
			quoted = !quoted;
		else if (quoted && rest->at[i] == '\\' && i + 1 < rest->left)
			i++;
	}
	part.left = i;
	span_skip(rest, i < rest->left ? i + 1 : i);
	return part;
}

static struct span
unquote(struct span raw, char room[FILE_NAME_BYTES])
{
	size_t len = 0, i;

	raw = span_trim(raw);
	if (raw.left == 0 || raw.at[0] != '"') {
		if (raw.left > FILE_NAME_BYTES)
			raw.left = FILE_NAME_BYTES;
		memcpy(room, raw.at, raw.left);
		return span_of(room, raw.left);
	}
	for (i = 1; i < raw.left && raw.at[i] != '"' && len < FILE_NAME_BYTES; i++) {
		/* Browsers send a Windows path with bare backslashes: only these two are escaped. */
		if (raw.at[i] == '\\' && i + 1 < raw.left && (raw.at[i + 1] == '"' || raw.at[i + 1] == '\\'))
			i++;
		room[len++] = (char)raw.at[i];
	}
	return span_of(room, len);
}

bool
file_parameter(struct span field, const char *name, char room[FILE_NAME_BYTES], struct span *value)
{
	struct span part, key;

	while (field.left > 0) {
		part = take_parameter(&field);
		if (!span_until(&part, '=', &key) || !span_equal_nocase(span_trim(key), span_text(name)))
			continue;
		*value = unquote(part, room);
		return true;
	}
	return false;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* charset'language'%-escaped, undone in place. */
static bool
undo_escapes(char *room, struct span *value)
{
	struct span rest = *value, part;
	size_t len = 0;
	uint8_t c;
	int high, low;

	if (!span_until(&rest, '\'', &part) || !span_until(&rest, '\'', &part))
		return false;
	while (span_u8(&rest, &c)) {
		if (c == '%' && rest.left >= 2 && (high = hex_digit(rest.at[0])) >= 0 &&
		    (low = hex_digit(rest.at[1])) >= 0) {
			c = (uint8_t)(high << 4 | low);
			span_skip(&rest, 2);
		}
		room[len++] = (char)c;
	}
	*value = span_of(room, len);
	return true;
}

static struct span
last_part(struct span s)
{
	size_t i;

	for (i = s.left; i > 0; i--)
		if (s.at[i - 1] == '/' || s.at[i - 1] == '\\')
			return span_of(s.at + i, s.left - i);
	return s;
}

bool
file_name_of_disposition(struct span field, char room[FILE_NAME_BYTES], struct span *name)
{
	if (!(file_parameter(field, "filename*", room, name) && undo_escapes(room, name)) &&
	    !file_parameter(field, "filename", room, name))
		return false;
	*name = last_part(*name);
	return name->left > 0;
}

struct span
file_name_of_path(struct span path)
{
	size_t len;

	if (path.at == NULL)
		return path;
	for (len = 0; len < path.left && path.at[len] != '?' && path.at[len] != '#'; len++)
		;
	path = last_part(span_of(path.at, len));
	return path.left > 0 ? path : span_of(NULL, 0);
}
