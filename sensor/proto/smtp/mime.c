#include "proto/smtp/mime.h"

#include <stddef.h>
#include <stdlib.h>

#include "proto/content/content.h"
#include "proto/smtp/mime_header.h"
#include "proto/text/coding.h"
#include "proto/text/line.h"

enum {
	DECODED_BYTES = 1024,
	LINE_HELD_BYTES = MIME_BOUNDARY_BYTES + 8,	/* "--", the boundary, "--", blanks */
	BASE64_IN = 4, BASE64_OUT = 3
};

enum where { IN_HEADER, IN_BODY };

/* How far a line of a body may still be a boundary. */
enum line_kind { LINE_BEGINS, LINE_HELD, LINE_TEXT };

struct mime {
	struct proto *p;
	struct bytes_ceiling *ceiling;
	mime_file_fn *tell;
	void *to;
	enum where where;
	bool is_top;			/* the header being read is the mail's */
	bool is_original;		/* it is that of a mail within */
	bool headers_only;		/* and nothing comes behind it */
	bool lost;			/* bytes of this entity are missing */

	/* a header's line */
	bool line_begins, line_blank;
	bool line_dashes;		/* it begins with -- */
	struct bytes field;

	/* a body's line */
	enum line_kind line;
	uint16_t held_bytes;
	uint8_t ends[2];		/* the line end before, which may belong to a boundary */
	uint8_t ends_bytes;

	unsigned depth;			/* multiparts around it */

	/* the attachment being read */
	bool attachment;
	struct content *content;
	struct coding coding;
	uint64_t bytes;
	uint32_t files;

	/* All above begins as zero. What follows says itself how much of it there is. */
	struct mime_header header;	/* of the entity being read */
	struct mime_top top;		/* of the mail itself */
	uint8_t held[LINE_HELD_BYTES];
	uint16_t boundary_bytes[MIME_DEPTH_MAX];
	uint8_t boundary[MIME_DEPTH_MAX][MIME_BOUNDARY_BYTES];
};

struct mime *
mime_open(struct proto *p, struct charsets *charsets, struct bytes_ceiling *ceiling, mime_file_fn *tell, void *to)
{
	struct mime *m;

	if (ceiling->held > ceiling->most || sizeof *m > ceiling->most - ceiling->held)
		return NULL;
	if ((m = malloc(sizeof *m)) == NULL)
		return NULL;
	memset(m, 0, offsetof(struct mime, header));
	ceiling->held += sizeof *m;
	*proto_held(p) += sizeof *m;
	m->p = p;
	m->ceiling = ceiling;
	m->tell = tell;
	m->to = to;
	m->is_top = m->line_begins = m->line_blank = true;
	mime_header_begin(&m->header, charsets);
	mime_top_begin(&m->top);
	return m;
}

void
mime_close(struct mime *m)
{
	if (m == NULL)
		return;
	content_close(m->content);
	bytes_clear(&m->field, m->ceiling);
	m->ceiling->held -= sizeof *m;
	*proto_held(m->p) -= sizeof *m;
	free(m);
}

/* ---- the content of attachments ---- */

static void
attachment_begin(struct mime *m)
{
	m->attachment = true;
	m->bytes = 0;
	memset(&m->coding, 0, sizeof m->coding);
	m->coding.kind = m->header.coding;
	mime_top_attachment(&m->top, &m->header);
	if (++m->files > MIME_FILES_MAX) {
		proto_counters(m->p)->mail_files_left_out++;
		m->attachment = false;
		return;
	}
	m->content = content_open(m->p, CONTENT_PLAIN, 0);
}

static void
attachment_end(struct mime *m, bool whole)
{
	struct file f = { .name = words_span(&m->header.name), .declared = mime_header_type(&m->header) };

	if (!m->attachment)
		return;
	m->attachment = false;
	content_end(m->content, whole && !m->lost, &f);
	m->content = NULL;
	f.bytes = m->bytes;
	f.mismatched = content_mismatched(&f);
	m->tell(m->to, &f);
}

static void
attachment_bytes(struct mime *m, struct span s)
{
	uint8_t decoded[DECODED_BYTES];
	size_t used;

	m->bytes += s.left;
	if (m->coding.kind == CODING_NONE) {
		content_bytes(m->content, s);
		return;
	}
	while (s.left > 0 && m->content != NULL && content_wants(m->content)) {
		used = coding_decode(&m->coding, &s, decoded, sizeof decoded);
		content_bytes(m->content, span_of(decoded, used));
	}
	if (m->content != NULL && s.left > 0)
		content_pass(m->content, s.left);
}

/* ---- bodies ---- */

static void
flush_ends(struct mime *m)
{
	if (m->ends_bytes > 0)
		attachment_bytes(m, span_of(m->ends, m->ends_bytes));
	m->ends_bytes = 0;
}

/* Bytes of a body, but for a line end that may belong to the boundary behind it (RFC 2046 section 5.1.1). */
static void
body_text(struct mime *m, struct span s)
{
	size_t ends = 0;

	if (!m->attachment || s.left == 0)
		return;
	if (m->ends_bytes == 1 && m->ends[0] == '\r' && s.at[0] == '\n') {
		m->ends[m->ends_bytes++] = '\n';
		span_skip(&s, 1);
		if (s.left == 0)
			return;
	}
	flush_ends(m);
	if (s.at[s.left - 1] == '\n')
		ends = s.left > 1 && s.at[s.left - 2] == '\r' ? 2 : 1;
	else if (s.at[s.left - 1] == '\r')
		ends = 1;
	s.left -= ends;
	memcpy(m->ends, s.at + s.left, ends);
	m->ends_bytes = (uint8_t)ends;
	if (s.left > 0)
		attachment_bytes(m, s);
}

static void
entity_begin(struct mime *m)
{
	m->where = IN_HEADER;
	m->line_begins = m->line_blank = true;
	m->line_dashes = false;
	m->lost = false;
	m->is_top = m->is_original = m->headers_only = false;
	mime_header_begin(&m->header, m->header.charsets);
}

/* Which multipart's boundary this line is; -1: none's. */
static int
find_boundary(const struct mime *m, struct span line, bool *closes)
{
	struct span rest, boundary;
	int i;

	for (i = (int)m->depth - 1; i >= 0; i--) {
		rest = line;
		if (!span_take(&rest, m->boundary_bytes[i], &boundary) ||
		    memcmp(boundary.at, m->boundary[i], m->boundary_bytes[i]) != 0)
			continue;
		*closes = rest.left >= 2 && rest.at[0] == '-' && rest.at[1] == '-';
		if (*closes)
			span_skip(&rest, 2);
		if (span_trim(rest).left == 0)
			return i;
	}
	return -1;
}

/* `line` begins with --. True: it is a boundary, and the next part or what comes behind all parts begins. */
static bool
take_boundary(struct mime *m, struct span line)
{
	bool closes;
	int i;

	span_skip(&line, 2);
	if ((i = find_boundary(m, line, &closes)) < 0)
		return false;
	attachment_end(m, true);
	m->ends_bytes = 0;
	m->depth = (unsigned)i + !closes;
	if (!closes) {
		entity_begin(m);
		return true;
	}
	m->where = IN_BODY;
	m->line = LINE_BEGINS;
	m->held_bytes = 0;
	return true;
}

static void
flush_held(struct mime *m)
{
	struct span held = span_of(m->held, m->held_bytes);

	m->held_bytes = 0;
	m->line = LINE_TEXT;
	body_text(m, held);
}

/* A line's beginning: held as long as it may be a boundary. */
static void
hold_line(struct mime *m, struct span *in)
{
	uint8_t c = in->at[0];

	if (m->depth == 0 || m->held_bytes == LINE_HELD_BYTES || (m->held_bytes < 2 && c != '-')) {
		flush_held(m);
		return;
	}
	span_skip(in, 1);
	m->held[m->held_bytes++] = c;
	m->line = LINE_HELD;
	if (c != '\n')
		return;
	if (take_boundary(m, span_of(m->held, m->held_bytes))) {
		m->held_bytes = 0;
		return;
	}
	flush_held(m);
	m->line = LINE_BEGINS;
}

static void
take_body(struct mime *m, struct span *in)
{
	const uint8_t *lf;
	struct span part;

	if (m->depth == 0) {
		body_text(m, *in);
		span_skip(in, in->left);
		return;
	}
	if (m->line != LINE_TEXT) {
		hold_line(m, in);
		return;
	}
	lf = memchr(in->at, '\n', in->left);
	span_take(in, lf == NULL ? in->left : (size_t)(lf - in->at) + 1, &part);
	if (lf != NULL)
		m->line = LINE_BEGINS;
	body_text(m, part);
}

/* ---- headers ---- */

static void
end_field(struct mime *m)
{
	struct span field = span_of(m->field.at, m->field.used);

	if (field.left > 0 && m->is_top)
		mime_top_field(&m->top, m->header.charsets, field);
	if (field.left > 0 && m->is_original)
		mime_top_original(&m->top, m->header.charsets, field);
	if (field.left > 0)
		mime_header_field(&m->header, field);
	m->field.used = 0;
}

static void
push_boundary(struct mime *m)
{
	struct span b = words_span(&m->header.boundary);

	if (b.left == 0 || b.left > MIME_BOUNDARY_BYTES || m->depth == MIME_DEPTH_MAX)
		return;
	memcpy(m->boundary[m->depth], b.at, b.left);
	m->boundary_bytes[m->depth++] = (uint16_t)b.left;
}

static void
original_begin(struct mime *m, bool headers_only)
{
	entity_begin(m);
	m->is_original = true;
	m->headers_only = headers_only;
}

static void
end_header(struct mime *m)
{
	end_field(m);
	bytes_empty(&m->field, m->ceiling);
	m->where = IN_BODY;
	m->line = LINE_BEGINS;
	m->held_bytes = m->ends_bytes = 0;
	if (m->is_top)
		mime_top_report(&m->top, &m->header);
	if (m->headers_only)
		return;
	switch (mime_header_kind(&m->header)) {
	case MIME_MULTIPART: push_boundary(m); break;
	case MIME_MESSAGE: original_begin(m, false); break;
	case MIME_HEADERS: original_begin(m, true); break;
	case MIME_ATTACHMENT: attachment_begin(m); break;
	case MIME_TEXT: break;
	}
}

static void
add_to_field(struct mime *m, struct span s)
{
	size_t room = MIME_FIELD_BYTES - m->field.used;

	if (s.left > room)
		s.left = room;
	if (s.left > 0 && !bytes_append(&m->field, m->ceiling, s))
		proto_counters(m->p)->over_limit++;
}

/* The line ends: is it the header's last, or a boundary where the header should still go on? */
static void
end_header_line(struct mime *m)
{
	struct span field = span_of(m->field.at, m->field.used);

	if (m->line_blank) {
		m->field.used = 0;
		end_header(m);
	} else if (m->line_dashes && m->depth > 0 && take_boundary(m, field)) {
		m->field.used = 0;
	} else {
		m->line_begins = m->line_blank = true;
	}
}

static void
take_header(struct mime *m, struct span *in)
{
	const uint8_t *lf = memchr(in->at, '\n', in->left);
	struct span part;
	size_t i;

	span_take(in, lf == NULL ? in->left : (size_t)(lf - in->at) + 1, &part);
	if (m->line_begins) {
		m->line_begins = false;
		if (part.at[0] != ' ' && part.at[0] != '\t')
			end_field(m);
		m->line_dashes = part.at[0] == '-';
	}
	for (i = 0; i < part.left && m->line_blank; i++)
		m->line_blank = part.at[i] == '\r' || part.at[i] == '\n';
	add_to_field(m, part);
	if (lf != NULL)
		end_header_line(m);
}

void
mime_bytes(struct mime *m, struct span bytes)
{
	while (m != NULL && bytes.left > 0) {
		if (m->where == IN_HEADER)
			take_header(m, &bytes);
		else
			take_body(m, &bytes);
	}
}

void
mime_lost(struct mime *m, uint64_t len)
{
	uint64_t decoded = len;

	if (m == NULL)
		return;
	m->lost = true;
	if (m->where == IN_HEADER) {
		m->line_begins = m->line_blank = m->line_dashes = false;
		m->field.used = 0;
		return;
	}
	flush_held(m);
	if (!m->attachment)
		return;
	flush_ends(m);
	m->bytes += len;
	if (m->coding.kind == CODING_BASE64)
		decoded = len / BASE64_IN * BASE64_OUT;
	content_lost(m->content, decoded);
}

void
mime_end(struct mime *m, bool whole)
{
	if (m == NULL)
		return;
	if (m->where == IN_HEADER) {
		end_field(m);
	} else if (m->held_bytes == 0 || !take_boundary(m, span_of(m->held, m->held_bytes))) {
		flush_held(m);
		flush_ends(m);
	}
	attachment_end(m, whole && m->depth == 0);
	bytes_clear(&m->field, m->ceiling);
}

void
mime_fill(const struct mime *m, struct mail *out)
{
	if (m != NULL)
		mime_top_fill(&m->top, out);
}
