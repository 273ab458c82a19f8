#include "proto/smtp/mime_header.h"

#include "proto/text/line.h"

void
mime_header_begin(struct mime_header *h, struct charsets *charsets)
{
	h->charsets = charsets;
	h->coding = CODING_NONE;
	h->typed = h->encoded = h->disposed = false;
	h->type_bytes = 0;
	words_clear(&h->name);
	words_clear(&h->boundary);
}

void
mime_top_begin(struct mime_top *t)
{
	t->references = t->report = t->list = false;
	words_clear(&t->from_name);
	words_clear(&t->from);
	words_clear(&t->subject);
	words_clear(&t->message_id);
	words_clear(&t->original_id);
	t->attachments = 0;
	t->names_bytes = 0;
}

/* ---- what an entity is ---- */

static void
read_type(struct mime_header *h, struct span value)
{
	struct span type = words_value(value);

	if (h->typed)
		return;
	h->typed = true;
	if (type.left > sizeof h->type)
		type.left = sizeof h->type;
	if (type.left > 0)
		memcpy(h->type, type.at, type.left);
	h->type_bytes = (uint8_t)type.left;
	words_parameter(h->charsets, value, "boundary", &h->boundary);
	if (!h->name.there)
		words_parameter(h->charsets, value, "name", &h->name);
}

static void
read_encoding(struct mime_header *h, struct span value)
{
	static const struct { const char *text; enum coding_kind coding; } known[] = {
		{ "base64", CODING_BASE64 }, { "quoted-printable", CODING_QUOTED },
	};
	struct span text = words_value(value);
	size_t i;

	for (i = 0; !h->encoded && i < sizeof known / sizeof known[0]; i++)
		if (span_equal_nocase(text, span_text(known[i].text)))
			h->coding = known[i].coding;
	h->encoded = true;
}

static void
read_disposition(struct mime_header *h, struct span value)
{
	struct words_text name;

	h->disposed = span_equal_nocase(words_value(value), span_text("attachment"));
	words_parameter(h->charsets, value, "filename", &name);
	if (name.there)
		h->name = name;
}

void
mime_header_field(struct mime_header *h, struct span field)
{
	static const struct {
		struct span name;
		void (*read)(struct mime_header *h, struct span value);
	} known[] = {
		{ SPAN_LITERAL("Content-Type"), read_type },
		{ SPAN_LITERAL("Content-Transfer-Encoding"), read_encoding },
		{ SPAN_LITERAL("Content-Disposition"), read_disposition },
	};
	struct span name;
	size_t i;

	if (!span_until(&field, ':', &name))
		return;
	name = span_trim(name);
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_equal_nocase(name, known[i].name))
			known[i].read(h, field);
}

struct span
mime_header_type(const struct mime_header *h)
{
	return h->type_bytes > 0 ? span_of(h->type, h->type_bytes) : span_of(NULL, 0);
}

enum mime_kind
mime_header_kind(const struct mime_header *h)
{
	/* RFC 2046 section 5.2.1, RFC 6522, RFC 6532, RFC 6533 */
	static const struct { const char *type; enum mime_kind kind; } mails[] = {
		{ "message/rfc822", MIME_MESSAGE }, { "message/global", MIME_MESSAGE },
		{ "text/rfc822-headers", MIME_HEADERS }, { "message/global-headers", MIME_HEADERS },
	};
	struct span type = span_of(h->type, h->type_bytes);
	size_t i;

	if (span_begins_nocase(type, "multipart/"))
		return MIME_MULTIPART;
	for (i = 0; i < sizeof mails / sizeof mails[0] && h->coding == CODING_NONE; i++)
		if (span_equal_nocase(type, span_text(mails[i].type)))
			return mails[i].kind;
	if (h->disposed || (h->name.there && h->name.used > 0))
		return MIME_ATTACHMENT;
	if (type.left == 0 || span_begins_nocase(type, "text/") || span_begins_nocase(type, "message/"))
		return MIME_TEXT;
	/* A type without a "/" is none (RFC 2045 section 5.2: then it is text). */
	return memchr(type.at, '/', type.left) == NULL ? MIME_TEXT : MIME_ATTACHMENT;
}

/* ---- the mail's own header ---- */

static void
top_from(struct mime_top *t, struct charsets *charsets, struct span value)
{
	if (!t->from.there && !t->from_name.there)
		words_address(charsets, value, &t->from_name, &t->from);
}

static void
top_subject(struct mime_top *t, struct charsets *charsets, struct span value)
{
	if (!t->subject.there)
		words_decode(charsets, span_trim(value), &t->subject);
}

static void
top_message_id(struct mime_top *t, struct charsets *charsets, struct span value)
{
	struct words_text none;

	if (t->message_id.there)
		return;
	words_address(charsets, value, &none, &t->message_id);
}

static void
top_references(struct mime_top *t, struct charsets *charsets, struct span value)
{
	(void)charsets;
	t->references = t->references || span_trim(value).left > 0;
}

static void
top_list(struct mime_top *t, struct charsets *charsets, struct span value)
{
	(void)charsets;
	t->list = t->list || span_trim(value).left > 0;
}

/* Not in any RFC, but old (RFC 2076 section 3.9). */
static void
top_precedence(struct mime_top *t, struct charsets *charsets, struct span value)
{
	struct span word = span_trim(value);

	(void)charsets;
	t->list = t->list || span_equal_nocase(word, span_text("list")) || span_equal_nocase(word, span_text("bulk"));
}

void
mime_top_original(struct mime_top *t, struct charsets *charsets, struct span field)
{
	struct words_text none;
	struct span name;

	if (!t->original_id.there && span_until(&field, ':', &name) &&
	    span_equal_nocase(span_trim(name), span_text("Message-ID")))
		words_address(charsets, field, &none, &t->original_id);
}

void
mime_top_field(struct mime_top *t, struct charsets *charsets, struct span field)
{
	static const struct {
		struct span name;
		void (*read)(struct mime_top *t, struct charsets *charsets, struct span value);
	} known[] = {
		{ SPAN_LITERAL("From"), top_from }, { SPAN_LITERAL("Subject"), top_subject }, { SPAN_LITERAL("Message-ID"), top_message_id },
		{ SPAN_LITERAL("References"), top_references }, { SPAN_LITERAL("In-Reply-To"), top_references },
		{ SPAN_LITERAL("List-Id"), top_list }, { SPAN_LITERAL("List-Unsubscribe"), top_list },
		{ SPAN_LITERAL("Precedence"), top_precedence },
	};
	struct span name;
	size_t i;

	if (!span_until(&field, ':', &name))
		return;
	name = span_trim(name);
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (span_equal_nocase(name, known[i].name))
			known[i].read(t, charsets, field);
}

static void
add_name(struct mime_top *t, struct span name)
{
	size_t room = sizeof t->names - t->names_bytes, more = name.left + (t->names_bytes > 0), i;

	if (name.left == 0 || more > room)
		return;
	if (t->names_bytes > 0)
		t->names[t->names_bytes++] = '/';
	/* "/" stands between names. */
	for (i = 0; i < name.left; i++)
		t->names[t->names_bytes++] = name.at[i] == '/' ? '_' : name.at[i];
}

void
mime_top_attachment(struct mime_top *t, const struct mime_header *h)
{
	t->attachments++;
	add_name(t, words_span(&h->name));
}

/* RFC 6522 */
void
mime_top_report(struct mime_top *t, const struct mime_header *h)
{
	t->report = span_equal_nocase(mime_header_type(h), span_text("multipart/report"));
}

void
mime_top_fill(const struct mime_top *t, struct mail *out)
{
	out->header_from_name = words_span(&t->from_name);
	out->header_from = words_span(&t->from);
	out->subject = words_span(&t->subject);
	out->message_id = words_span(&t->message_id);
	out->references = t->references;
	out->report = t->report;
	out->list = t->list;
	out->original_id = words_span(&t->original_id);
	out->attachments = t->attachments;
	if (t->names_bytes > 0)
		out->attachment_names = span_of(t->names, t->names_bytes);
}
