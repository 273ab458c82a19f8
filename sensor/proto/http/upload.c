#include "proto/http/upload.h"

#include <stdlib.h>

#include "proto/content/content.h"
#include "proto/content/file_name.h"
#include "proto/http/head.h"

enum { BOUNDARY_BYTES_MAX = 70, TYPE_BYTES = 128 };

enum state {
	STATE_DATA,		/* also what comes before the first part: no content is open then */
	STATE_LINE_END,		/* of the boundary */
	STATE_HEAD,
	STATE_OVER
};

struct upload {
	struct proto *p;
	enum state state;
	struct content *content;
	struct file file;
	bool ended;		/* `file` is to be fetched */
	unsigned parts;
	uint8_t delimiter[4 + BOUNDARY_BYTES_MAX];	/* CR LF "--" boundary */
	size_t delimiter_bytes, matched;
	uint8_t dashes;		/* behind the boundary: two end the form */
	struct http_scan scan;
	size_t head_bytes;
	uint8_t head[UPLOAD_HEAD_BYTES];
	size_t type_bytes;
	uint8_t type[TYPE_BYTES];
	char name_room[FILE_NAME_BYTES];
};

_Static_assert(sizeof(struct upload) <= UPLOAD_COST, "an upload costs what its header says");

struct upload *
upload_open(struct proto *p, struct span content_type)
{
	static const char type[] = "multipart/form-data";
	char room[FILE_NAME_BYTES];
	struct span boundary;
	struct upload *u;

	if (content_type.left < sizeof type ||
	    !span_equal_nocase(span_of(content_type.at, sizeof type - 1), span_text(type)) ||
	    !file_parameter(content_type, "boundary", room, &boundary) ||
	    boundary.left == 0 || boundary.left > BOUNDARY_BYTES_MAX ||
	    memchr(boundary.at, '\r', boundary.left) != NULL || (u = calloc(1, sizeof *u)) == NULL)
		return NULL;
	u->p = p;
	memcpy(u->delimiter, "\r\n--", 4);
	memcpy(u->delimiter + 4, boundary.at, boundary.left);
	u->delimiter_bytes = 4 + boundary.left;
	u->matched = 2;		/* the first one stands at the beginning */
	*proto_held(p) += UPLOAD_COST;
	return u;
}

void
upload_close(struct upload *u)
{
	if (u == NULL)
		return;
	content_close(u->content);
	*proto_held(u->p) -= UPLOAD_COST;
	free(u);
}

static void
end_part(struct upload *u, bool whole)
{
	if (u->content == NULL)
		return;
	content_end(u->content, whole, &u->file);
	u->content = NULL;
	u->ended = true;
}

static void
read_head(struct upload *u)
{
	struct span head = span_of(u->head, u->head_bytes), line, key, type = span_of(NULL, 0), name;
	bool named = false;

	memset(&u->file, 0, sizeof u->file);
	while (span_until(&head, '\n', &line)) {
		if (!span_until(&line, ':', &key))
			continue;
		key = span_trim(key);
		if (span_equal_nocase(key, span_text("content-disposition")))
			named = file_name_of_disposition(line, u->name_room, &name);
		else if (span_equal_nocase(key, span_text("content-type")))
			type = span_trim(line);
	}
	if (!named || ++u->parts > UPLOAD_PARTS_MAX)
		return;
	u->file.name = name;
	u->type_bytes = type.left < TYPE_BYTES ? type.left : TYPE_BYTES;
	if (type.at != NULL) {
		memcpy(u->type, type.at, u->type_bytes);
		u->file.declared = span_of(u->type, u->type_bytes);
	}
	u->content = content_open(u->p, CONTENT_PLAIN, 0);
}

static void
take_head(struct upload *u, struct span *in)
{
	struct span part;
	size_t used;
	bool whole = http_scan(&u->scan, *in, &used);

	if (!span_take(in, used, &part) || part.left > UPLOAD_HEAD_BYTES - u->head_bytes) {
		u->state = STATE_DATA;
		return;
	}
	memcpy(u->head + u->head_bytes, part.at, part.left);
	u->head_bytes += part.left;
	if (!whole)
		return;
	u->state = STATE_DATA;
	read_head(u);
}

/* Blanks may follow a boundary; two dashes right behind it end the form. */
static void
take_line_end(struct upload *u, struct span *in)
{
	uint8_t c;

	while (span_u8(in, &c)) {
		if (c == '-' && ++u->dashes == 2) {
			u->state = STATE_OVER;
			return;
		}
		if (c != '\n')
			continue;
		u->state = STATE_HEAD;
		u->head_bytes = 0;
		memset(&u->scan, 0, sizeof u->scan);
		return;
	}
}

/* The delimiter's first byte does not occur in it again: what was matched in vain is data as it stands. */
static void
take_data(struct upload *u, struct span *in)
{
	const uint8_t *cr;
	struct span data;

	while (in->left > 0) {
		if (u->matched == 0) {
			cr = memchr(in->at, '\r', in->left);
			if (span_take(in, cr == NULL ? in->left : (size_t)(cr - in->at), &data))
				content_bytes(u->content, data);
			if (in->left == 0)
				return;
		}
		if (in->at[0] != u->delimiter[u->matched]) {
			content_bytes(u->content, span_of(u->delimiter, u->matched));
			u->matched = 0;
			continue;
		}
		span_skip(in, 1);
		if (++u->matched < u->delimiter_bytes)
			continue;
		end_part(u, true);
		u->matched = 0;
		u->dashes = 0;
		u->state = STATE_LINE_END;
		return;
	}
}

void
upload_bytes(struct upload *u, struct span *in)
{
	switch (u->state) {
	case STATE_DATA: take_data(u, in); break;
	case STATE_LINE_END: take_line_end(u, in); break;
	case STATE_HEAD: take_head(u, in); break;
	case STATE_OVER: span_skip(in, in->left); break;
	}
}

/* Where parts begin and end in the hole nobody knows: the next delimiter tells. */
void
upload_lost(struct upload *u, uint64_t bytes)
{
	if (u->state == STATE_DATA) {
		content_bytes(u->content, span_of(u->delimiter, u->content == NULL ? 0 : u->matched));
		content_lost(u->content, bytes);
	}
	if (u->state != STATE_OVER)
		u->state = STATE_DATA;
	u->matched = 0;
}

void
upload_end(struct upload *u)
{
	end_part(u, false);
	u->state = STATE_OVER;
}

bool
upload_file(struct upload *u, struct file *out)
{
	if (!u->ended)
		return false;
	u->ended = false;
	*out = u->file;
	return true;
}
