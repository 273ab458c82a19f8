#include "proto/http/body.h"

#include "proto/content/file_name.h"
#include "proto/http/private.h"
#include "proto/http/upload.h"

/* Copies what the message will want to know at the body's end. */
static void
keep_texts(struct http *h, struct http_body *b, const struct span text[BODY_TEXTS])
{
	size_t i, sum = 0;

	for (i = 0; i < BODY_TEXTS; i++)
		sum += text[i].left;
	b->texts.used = 0;
	if (!bytes_reserve(&b->texts, &h->ceiling, sum)) {
		memset(b->absent, true, sizeof b->absent);
		memset(b->len, 0, sizeof b->len);
		return;
	}
	for (i = 0; i < BODY_TEXTS; i++) {
		b->absent[i] = text[i].at == NULL;
		b->len[i] = (uint32_t)text[i].left;
		if (text[i].left > 0)
			bytes_append(&b->texts, &h->ceiling, text[i]);
	}
}

/* "bytes 0-99/1000" (RFC 9110 section 14.4): what begins elsewhere says nothing of what it is. */
static bool
begins_at_zero(struct span range)
{
	static const char begin[] = "bytes 0-";

	return range.left >= sizeof begin - 1 &&
	    span_equal_nocase(span_of(range.at, sizeof begin - 1), span_text(begin));
}

static bool
is_type(struct span declared, struct span type)
{
	return declared.left >= type.left && span_equal_nocase(span_of(declared.at, type.left), type);
}

static bool
is_one_of(struct span declared, const struct span *types, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (is_type(declared, types[i]))
			return true;
	return false;
}

/* Parts of web pages; plain text is what else is fetched, too. */
static void
take_declared(struct content *c, struct span declared)
{
	static const struct span scripts[] = {
		SPAN_LITERAL("text/javascript"), SPAN_LITERAL("application/javascript"), SPAN_LITERAL("application/x-javascript"),
	};
	static const struct span parts[] = {
		SPAN_LITERAL("text/html"), SPAN_LITERAL("text/css"), SPAN_LITERAL("text/xml"), SPAN_LITERAL("image/"), SPAN_LITERAL("application/json"),
		SPAN_LITERAL("application/xml"), SPAN_LITERAL("application/xhtml+xml"),
	};

	if (is_one_of(declared, scripts, sizeof scripts / sizeof scripts[0]))
		content_is_web(c, true);
	else if (is_one_of(declared, parts, sizeof parts / sizeof parts[0]))
		content_is_web(c, false);
}

/* Form fields, DNS in HTTP and the many ranges of one answer are no files. */
static bool
is_file(const struct http_head *head)
{
	static const struct span others[] = { SPAN_LITERAL("application/x-www-form-urlencoded"), SPAN_LITERAL("application/dns-message") };
	struct span type = head->field[HTTP_CONTENT_TYPE];

	if (head->answer && head->status == 206 && !begins_at_zero(head->field[HTTP_CONTENT_RANGE]))
		return false;
	return !is_one_of(type, others, sizeof others / sizeof others[0]);
}

/* The URL names what an answer brings, and what PUT leaves; what POST brings it does not. */
static struct span
name_of(const struct http_head *head, const struct http_request *of, char room[FILE_NAME_BYTES])
{
	struct span name;

	if (file_name_of_disposition(head->field[HTTP_CONTENT_DISPOSITION], room, &name))
		return name;
	if (head->answer || span_equal(head->method, span_text("PUT")))
		return file_name_of_path(of->path);
	return span_of(NULL, 0);
}

void
http_body_begin(struct http *h, struct http_body *b, const struct http_head *head,
    const struct http_request *of, uint64_t expected)
{
	char room[FILE_NAME_BYTES];
	struct span text[BODY_TEXTS];

	if (proto_limits(h->p)->file_bytes == 0 || !is_file(head))
		return;
	b->partial = head->answer && head->status == 206;
	if (!head->answer)
		b->upload = upload_open(h->p, head->field[HTTP_CONTENT_TYPE]);
	if (b->upload == NULL)
		b->content = content_open(h->p, content_coding_of(head->field[HTTP_CONTENT_ENCODING]), expected);
	if (!http_body_is_open(b))
		return;
	take_declared(b->content, head->field[HTTP_CONTENT_TYPE]);
	text[BODY_DECLARED] = head->field[HTTP_CONTENT_TYPE];
	text[BODY_NAME] = name_of(head, of, room);
	text[BODY_HOST] = of->host;
	text[BODY_PATH] = of->path;
	text[BODY_AGENT] = of->user_agent;
	keep_texts(h, b, text);
}

static struct span
take_text(const struct http_body *b, enum body_text which, struct span *rest)
{
	struct span text = span_text("");

	if (b->absent[which])
		return span_of(NULL, 0);
	if (b->len[which] > 0)
		span_take(rest, b->len[which], &text);
	return text;
}

static void
tell(struct http *h, const struct http_body *b, struct file *f, bool part)
{
	struct span rest = span_of(b->texts.at, b->texts.used), declared, name;
	struct message m = h->like;

	if (f->bytes == 0)
		return;
	declared = take_text(b, BODY_DECLARED, &rest);
	name = take_text(b, BODY_NAME, &rest);
	if (!part) {
		f->declared = declared;
		f->name = name;
	}
	f->host = take_text(b, BODY_HOST, &rest);
	f->path = take_text(b, BODY_PATH, &rest);
	f->user_agent = take_text(b, BODY_AGENT, &rest);
	f->mismatched = content_mismatched(f);
	m.kind = MESSAGE_FILE;
	m.file = f;
	proto_emit(h->p, &m);
}

static void
tell_parts(struct http *h, struct http_body *b)
{
	struct file f;

	while (upload_file(b->upload, &f))
		tell(h, b, &f, true);
}

void
http_body_bytes(struct http *h, struct http_body *b, struct span bytes)
{
	if (b->upload != NULL) {
		while (bytes.left > 0) {
			upload_bytes(b->upload, &bytes);
			tell_parts(h, b);
		}
	} else if (content_wants(b->content)) {
		content_bytes(b->content, bytes);
	} else {
		content_pass(b->content, bytes.left);
	}
}

void
http_body_lost(struct http *h, struct http_body *b, uint64_t bytes)
{
	(void)h;
	if (b->upload != NULL)
		upload_lost(b->upload, bytes);
	else
		content_lost(b->content, bytes);
}

void
http_body_clear(struct http *h, struct http_body *b)
{
	content_close(b->content);
	upload_close(b->upload);
	b->content = NULL;
	b->upload = NULL;
	bytes_empty(&b->texts, &h->ceiling);
}

void
http_body_end(struct http *h, struct http_body *b, bool whole)
{
	struct file f;

	if (b->upload != NULL) {
		upload_end(b->upload);
		tell_parts(h, b);
	} else if (b->content != NULL) {
		memset(&f, 0, sizeof f);
		content_end(b->content, whole && !b->partial, &f);
		b->content = NULL;
		tell(h, b, &f, false);
	}
	http_body_clear(h, b);
}
