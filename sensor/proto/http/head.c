#include "proto/http/head.h"

#include "base/eight.h"

enum { METHOD_BYTES_MAX = 32, STATUS_LINE_BYTES = 12, BLANK_LINES_BYTES = 256 };

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* tchar of RFC 9110 section 5.6.2: digits, letters and !#$%&'*+-.^_`|~, a bit each */
static bool
is_token(uint8_t c)
{
	static const uint64_t tokens[UINT8_MAX / 64 + 1] = { 0x03ff6cfa00000000, 0x57ffffffc7fffffe };

	return (tokens[c / 64] >> c % 64 & 1) != 0;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool
starts_with(struct span s, const char *text)
{
	size_t len = strlen(text);

	return s.left >= len && memcmp(s.at, text, len) == 0;
}

/* "HTTP/1.x nnn" and a blank or line end. */
static enum guess
guess_answer(struct span s)
{
	static const char shape[] = "HTTP/1.# ###";
	size_t i;

	for (i = 0; i < s.left && i < STATUS_LINE_BYTES; i++)
		if (shape[i] == '#' ? !is_digit(s.at[i]) : s.at[i] != (uint8_t)shape[i])
			return GUESS_NO;
	if (s.left <= STATUS_LINE_BYTES)
		return GUESS_MORE;
	return s.at[i] == ' ' || s.at[i] == '\r' || s.at[i] == '\n' ? GUESS_YES : GUESS_NO;
}

/* `method`: at least the method. */
static bool
is_plausible_target(struct span method, struct span target)
{
	return starts_with(method, "CONNECT") || starts_with(target, "/") ||
	    starts_with(target, "http://") || starts_with(target, "https://");
}

/* " HTTP/1.x", as servers read it that are not strict: a tab before it (RFC 9112 section 3), small letters. */
static bool
is_version(struct span s)
{
	static const char text[] = "HTTP/1.";

	return is_blank(s.at[0]) && is_digit(s.at[s.left - 1]) &&
	    span_equal_nocase(span_of(s.at + 1, sizeof text - 1), span_text(text));
}

/* A line without its end: "METHOD target HTTP/1.x". Blanks inside a path are tolerated. */
static bool
read_request_line(struct span line, struct span *method, struct span *target)
{
	static const size_t version_bytes = sizeof " HTTP/1.x" - 1;
	struct span rest = span_trim(line);
	size_t i = 0;

	while (i < rest.left && is_token(rest.at[i]))
		i++;
	if (i == 0 || i > METHOD_BYTES_MAX || !span_take(&rest, i, method))
		return false;
	if (rest.left <= version_bytes || !is_blank(rest.at[0]))
		return false;
	target->at = rest.at;
	target->left = rest.left - version_bytes;
	rest.at += target->left;
	rest.left = version_bytes;
	if (!is_version(rest))
		return false;
	*target = span_trim(*target);
	return target->left > 0 && (memchr(target->at, ' ', target->left) == NULL ||
	    is_plausible_target(*method, *target));
}

static bool
has_control(struct span s)
{
	const uint64_t tops = EIGHT(0x80);
	uint64_t w;
	size_t i;

	/* Of eight that are plain ASCII or above it none is looked at by itself. */
	for (; s.left >= 8; span_advance(&s, 8)) {
		w = eight_load(s.at);
		if ((eight_between(w, 0x20, 0x7e) | (w & tops)) != tops)
			break;
	}
	for (i = 0; i < s.left; i++)
		if ((s.at[i] < 0x20 && s.at[i] != '\t' && s.at[i] != '\r') || s.at[i] == 0x7f)
			return true;
	return false;
}

static enum guess
guess_request(struct span s)
{
	struct span method, target, line, rest = s;
	size_t i = 0;

	while (i < s.left && i <= METHOD_BYTES_MAX && is_token(s.at[i]))
		i++;
	if (i == s.left)
		return i > METHOD_BYTES_MAX ? GUESS_NO : GUESS_MORE;
	if (i == 0 || !is_blank(s.at[i]))
		return GUESS_NO;
	if (span_until(&rest, '\n', &line))
		return read_request_line(line, &method, &target) && !has_control(target) ?
		    GUESS_YES : GUESS_NO;
	if (has_control(s))
		return GUESS_NO;
	if (s.left < HTTP_GUESS_BYTES)
		return GUESS_MORE;
	rest = s;
	span_skip(&rest, i + 1);
	return is_plausible_target(s, rest) ? GUESS_YES : GUESS_NO;
}

enum guess
http_guess(struct span first, int from)
{
	enum guess answer, request;
	size_t blank = 0;

	(void)from;	/* a flow joined midway may have its sides the other way round */
	/* Empty lines before a request are to be ignored (RFC 9112 section 2.2). */
	while (blank < first.left && blank < BLANK_LINES_BYTES &&
	    (first.at[blank] == '\r' || first.at[blank] == '\n'))
		blank++;
	span_skip(&first, blank);
	if (first.left == 0)
		return blank < BLANK_LINES_BYTES ? GUESS_MORE : GUESS_NO;
	answer = guess_answer(first);
	if (answer == GUESS_YES)
		return GUESS_YES;
	request = guess_request(first);
	return request != GUESS_NO ? request : answer;
}

static void
scan_part(struct http_scan *scan, struct span part)
{
	size_t i;

	if (part.left == 0)
		return;
	if (!scan->line_begun && scan->past_first_line && is_blank(part.at[0]))
		scan->folded = true;
	scan->line_begun = true;
	for (i = 0; i < part.left && !scan->line_used; i++)
		scan->line_used = part.at[i] != '\r';
}

bool
http_scan(struct http_scan *scan, struct span in, size_t *used)
{
	const uint8_t *begin = in.at;
	struct span part;

	*used = in.left;
	while (span_until(&in, '\n', &part)) {
		scan_part(scan, part);
		if (!scan->line_used) {
			*used = (size_t)(in.at - begin);
			return true;
		}
		scan->line_used = scan->line_begun = false;
		scan->past_first_line = true;
	}
	scan_part(scan, in);
	return false;
}

static size_t
line_end(const uint8_t *block, size_t len, size_t at)
{
	const uint8_t *end = memchr(block + at, '\n', len - at);

	return end == NULL ? len : (size_t)(end - block) + 1;
}

/* What stands between the start line and the first field continues nothing (RFC 9112 section 2.2). */
void
http_unfold(uint8_t *block, size_t len)
{
	size_t i = line_end(block, len, 0);

	while (i < len && is_blank(block[i]))
		i = line_end(block, len, i);
	for (; i < len; i++) {
		if (block[i - 1] != '\n' || !is_blank(block[i]))
			continue;
		block[i - 1] = ' ';
		if (i > 1 && block[i - 2] == '\r')
			block[i - 2] = ' ';
	}
}

static bool
read_status_line(struct span line, struct http_head *out)
{
	/* guess_answer wants to see what follows the digits; a line has nothing there */
	if (line.left < STATUS_LINE_BYTES || guess_answer(line) == GUESS_NO)
		return false;
	out->answer = true;
	out->status = (uint16_t)((line.at[9] - '0') * 100 + (line.at[10] - '0') * 10 + (line.at[11] - '0'));
	span_skip(&line, STATUS_LINE_BYTES);
	out->reason = span_trim(line);
	return true;
}

static void
read_field(struct span line, struct http_head *out)
{
	static const struct span names[HTTP_FIELDS] = {
		[HTTP_HOST] = SPAN_LITERAL("host"), [HTTP_USER_AGENT] = SPAN_LITERAL("user-agent"),
		[HTTP_CONTENT_TYPE] = SPAN_LITERAL("content-type"), [HTTP_CONTENT_LENGTH] = SPAN_LITERAL("content-length"),
		[HTTP_TRANSFER_ENCODING] = SPAN_LITERAL("transfer-encoding"), [HTTP_REFERRER] = SPAN_LITERAL("referer"),
		[HTTP_SERVER] = SPAN_LITERAL("server"), [HTTP_CONTENT_ENCODING] = SPAN_LITERAL("content-encoding"),
		[HTTP_CONTENT_DISPOSITION] = SPAN_LITERAL("content-disposition"),
		[HTTP_CONTENT_RANGE] = SPAN_LITERAL("content-range"), [HTTP_AUTHORIZATION] = SPAN_LITERAL("authorization"),
		[HTTP_PROXY_AUTHORIZATION] = SPAN_LITERAL("proxy-authorization"),
		[HTTP_FORWARDED_FOR] = SPAN_LITERAL("x-forwarded-for"), [HTTP_VIA] = SPAN_LITERAL("via"),
		[HTTP_UPGRADE] = SPAN_LITERAL("upgrade"),
	};
	/* Which have a name of so many bytes: two at most. */
	static const uint8_t of_length[][2] = {
		[3] = { HTTP_VIA }, [4] = { HTTP_HOST }, [6] = { HTTP_SERVER }, [7] = { HTTP_UPGRADE, HTTP_REFERRER },
		[10] = { HTTP_USER_AGENT }, [12] = { HTTP_CONTENT_TYPE },
		[13] = { HTTP_CONTENT_RANGE, HTTP_AUTHORIZATION }, [14] = { HTTP_CONTENT_LENGTH },
		[15] = { HTTP_FORWARDED_FOR }, [16] = { HTTP_CONTENT_ENCODING }, [17] = { HTTP_TRANSFER_ENCODING },
		[19] = { HTTP_CONTENT_DISPOSITION, HTTP_PROXY_AUTHORIZATION },
	};
	struct span name;
	size_t n, i;

	if (!span_until(&line, ':', &name))
		return;
	name = span_trim(name);
	if (name.left >= sizeof of_length / sizeof of_length[0])
		return;
	for (n = 0; n < 2; n++) {
		i = of_length[name.left][n];
		if (!span_equal_nocase(name, names[i]))
			continue;
		/* Several of these are one list (RFC 9110 section 5.2), of which the last coding counts. */
		if (out->field[i].left > 0 && i != HTTP_TRANSFER_ENCODING)
			return;
		out->field[i] = span_trim(line);
		return;
	}
}

static bool
read_start(struct span *block, struct http_head *out)
{
	struct span line;

	do {
		if (!span_until(block, '\n', &line))
			return false;
		line = span_trim(line);
	} while (line.left == 0);
	return read_status_line(line, out) || read_request_line(line, &out->method, &out->target);
}

/* As http_scan() tells the last line. */
static bool
is_empty(struct span line)
{
	while (line.left > 0 && line.at[0] == '\r')
		span_advance(&line, 1);
	return line.left == 0;
}

/* True: up to the empty line. A folded one ends it too, unless it is known that none is. */
static bool
read_fields(struct span *rest, bool unfolded, struct http_head *out)
{
	struct span line;

	while (span_until(rest, '\n', &line)) {
		if (is_empty(line))
			return true;
		if (is_blank(line.at[0]) && !unfolded)
			return false;
		read_field(line, out);
	}
	return false;
}

bool
http_head_read(struct span block, struct http_head *out)
{
	memset(out, 0, sizeof *out);
	if (!read_start(&block, out))
		return false;
	read_fields(&block, true, out);
	return true;
}

/* What http_guess() asks of a start line besides: nobody has to ask it then. */
static bool
is_guessed(struct span in, const struct http_head *head)
{
	return head->answer ? guess_answer(in) == GUESS_YES : !has_control(head->target);
}

bool
http_head_take(struct span *in, size_t most, struct http_head *out)
{
	struct span rest = *in;

	memset(out, 0, sizeof *out);
	if (rest.left > most)
		rest.left = most;
	if (rest.left == 0 || rest.at[0] <= ' ' || !read_start(&rest, out) || !is_guessed(*in, out) ||
	    !read_fields(&rest, false, out))
		return false;
	span_advance(in, (size_t)(rest.at - in->at));
	return true;
}

/* A list of equal numbers ("5, 5") is one number (RFC 9112 section 6.3): the first decides. */
static bool
read_number(struct span s, uint64_t *out)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < s.left && is_digit(s.at[i]); i++) {
		if (n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(s.at[i] - '0');
	}
	if (i == 0 || (i < s.left && s.at[i] != ',' && s.at[i] != ' '))
		return false;
	*out = n;
	return true;
}

static bool
is_chunked(struct span codings)
{
	struct span coding;

	while (span_until(&codings, ',', &coding))
		;	/* the last one frames the message */
	return span_equal_nocase(span_trim(codings), span_text("chunked"));
}

enum http_length
http_length(const struct http_head *h, uint64_t *bytes)
{
	*bytes = 0;
	if (h->field[HTTP_TRANSFER_ENCODING].left > 0 &&
	    !span_equal_nocase(h->field[HTTP_TRANSFER_ENCODING], span_text("identity")))
		return is_chunked(h->field[HTTP_TRANSFER_ENCODING]) ? HTTP_LENGTH_CHUNKED : HTTP_LENGTH_OPEN;
	if (h->field[HTTP_CONTENT_LENGTH].at == NULL)
		return HTTP_LENGTH_NONE;
	return read_number(h->field[HTTP_CONTENT_LENGTH], bytes) ? HTTP_LENGTH_COUNTED : HTTP_LENGTH_BAD;
}

bool
http_absolute(struct span target, struct span *authority, struct span *path)
{
	static const char separator[] = "://";
	size_t i = 0, end;

	while (i < target.left && (is_letter(target.at[i]) || (i > 0 && (is_digit(target.at[i]) ||
	    target.at[i] == '+' || target.at[i] == '-' || target.at[i] == '.'))))
		i++;
	if (i == 0)
		return false;
	span_skip(&target, i);
	if (!starts_with(target, separator))
		return false;
	span_skip(&target, sizeof separator - 1);
	for (end = 0; end < target.left && memchr("/?#", target.at[end], 3) == NULL; end++)
		;
	*authority = span_of(target.at, end);
	*path = end < target.left ? span_of(target.at + end, target.left - end) : span_text("/");
	/* user information is no part of whom we talk to */
	for (i = end; i > 0; i--) {
		if (authority->at[i - 1] != '@')
			continue;
		span_skip(authority, i);
		break;
	}
	return true;
}
