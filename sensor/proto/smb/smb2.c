/* SMB 2 and 3 (MS-SMB2). Offsets of fields are those of section 2.2, from the header or the body's begin. */
#include "proto/smb/smb_reader.h"

#include <stdio.h>

#include "proto/utf16.h"

enum { HEADER_BYTES = 64, COMPOUNDS_MAX = 64, FILE_ID_BYTES = 16 };
enum { OF_FILE = 1, RENAME_INFORMATION = 10, DISPOSITION_INFORMATION = 13, DISPOSITION_INFORMATION_EX = 64 };
enum { FLAG_ANSWER = 1 };
enum { SESSION_GUEST = 1, SESSION_NULL = 2, SIGNING_REQUIRED = 2 };
enum { SHARE_PIPE = 2 };

#define FSCTL_PIPE_TRANSCEIVE 0x0011c017U

/* One command of a message: `all` begins with its header, which offsets count from. */
struct command {
	struct span all, body;
	uint32_t status, flags, tree;
	uint64_t id;
	int client;
	bool answer;
};

static bool
buffer_of(const struct command *c, uint32_t offset, uint32_t len, struct span *out)
{
	return offset >= HEADER_BYTES && smb_field(c->all, offset, len, out);
}

/* A buffer whose 16-bit offset and length stand in the body. */
static bool
buffer_at(const struct command *c, size_t at, struct span *out)
{
	uint16_t offset, len;
	struct span s;

	return smb_at(c->body, at, &s) && span_u16le(&s, &offset) && span_u16le(&s, &len) &&
	    buffer_of(c, offset, len, out);
}

/* The same, but the end of a large one may have been cut off. */
static bool
token_at(const struct command *c, size_t at, struct span *out)
{
	uint16_t offset, len;
	struct span s;

	if (!smb_at(c->body, at, &s) || !span_u16le(&s, &offset) || !span_u16le(&s, &len) ||
	    offset < HEADER_BYTES || !smb_at(c->all, offset, out))
		return false;
	if (out->left > len)
		out->left = len;
	return out->left > 0;
}

static void
negotiated(struct smb_reader *r, const struct command *c)
{
	uint16_t security, dialect;
	struct span s;

	if (c->status != STATUS_SUCCESS || !smb_at(c->body, 2, &s) || !span_u16le(&s, &security) ||
	    !span_u16le(&s, &dialect) || dialect == 0x02ff)	/* "any SMB 2": the next answer tells it */
		return;
	snprintf(r->dialect, sizeof r->dialect, "SMB %u.%u%s%s", dialect >> 8 & 0xf, dialect >> 4 & 0xf,
	    dialect == 0x0311 ? ".1" : dialect == 0x0202 ? ".2" : dialect == 0x0302 ? ".2" : "",
	    (security & SIGNING_REQUIRED) != 0 ? " signed" : "");
}

static void
session_asked(struct smb_reader *r, const struct command *c)
{
	struct span token;

	if (token_at(c, 12, &token))
		attempt_token(&r->attempt, token);
}

static void
session_answered(struct smb_reader *r, const struct command *c)
{
	struct speaker s = smb_speaker(r, c->client);
	struct span token, flags;
	uint16_t session;

	if (token_at(c, 4, &token))
		attempt_challenge(&r->attempt, &s, token, IDENTITY_SMB);
	if (c->status == STATUS_MORE_PROCESSING_REQUIRED)
		return;
	if (c->status == STATUS_SUCCESS && smb_at(c->body, 2, &flags) && span_u16le(&flags, &session) &&
	    (session & (SESSION_GUEST | SESSION_NULL)) != 0)
		r->attempt.method = LOGIN_ANONYMOUS;
	smb_tell_login(r, c->client, c->status);
}

static void
tree_asked(struct smb_reader *r, const struct command *c)
{
	struct span path;

	if (buffer_at(c, 4, &path))
		utf16_read(path, smb_ask(r, c->id, SMB_WANT_SHARE)->name, SMB_NAME_BYTES);
}

static void
tree_answered(struct smb_reader *r, const struct command *c)
{
	struct smb_asked *a = smb_asked_of(r, c->id);
	enum smb_tree_kind kind;
	uint8_t type = 0;
	struct span s;

	if (a == NULL || a->want != SMB_WANT_SHARE)
		return;
	if (c->status == STATUS_SUCCESS && smb_at(c->body, 2, &s) && span_u8(&s, &type)) {
		kind = type == SHARE_PIPE ? SMB_TREE_PIPES : smb_tree_kind_by_name(a->name);
		smb_tree_note(r, c->tree, kind);
	}
	a->want = 0;
	smb_tell_share(r, c->client, a->name, c->status);
}

static void
create_asked(struct smb_reader *r, const struct command *c)
{
	struct smb_open o = { .id = c->id, .tree = c->tree };
	char name[SMB_NAME_BYTES];
	struct span s, path;

	if (!smb_at(c->body, 24, &s) || !span_u32le(&s, &o.access) || !span_skip(&s, 8) ||
	    !span_u32le(&s, &o.disposition) || !span_u32le(&s, &o.options) || !buffer_at(c, 44, &path))
		return;
	utf16_read(path, name, sizeof name);
	smb_open_asked(r, &o, name);
}

static void
create_answered(struct smb_reader *r, const struct command *c)
{
	struct span id = { NULL, 0 }, s;
	uint32_t action = ACTION_CREATED;

	smb_field(c->body, 64, FILE_ID_BYTES, &id);
	if (smb_at(c->body, 4, &s))
		span_u32le(&s, &action);
	smb_open_answered(r, c->id, c->client, c->status, id, action);
}

/* A pipe's number by the FileId at `at` of the body. */
static int
pipe_at(const struct smb_reader *r, const struct command *c, size_t at)
{
	struct span id;

	return smb_field(c->body, at, FILE_ID_BYTES, &id) ? smb_pipe_of(r, id) : -1;
}

static void
expect_data(struct smb_reader *r, const struct command *c, int pipe)
{
	smb_ask(r, c->id, SMB_WANT_PIPE_DATA)->pipe = (uint8_t)pipe;
}

static void
read_asked(struct smb_reader *r, const struct command *c)
{
	int pipe = pipe_at(r, c, 16);

	if (pipe >= 0)
		expect_data(r, c, pipe);
}

/* What a pipe answers, of which the end may have been cut off. */
static void
pipe_answered(struct smb_reader *r, const struct command *c, uint32_t offset, uint32_t len)
{
	struct smb_asked *a = smb_asked_of(r, c->id);
	struct span data;

	if (a == NULL || a->want != SMB_WANT_PIPE_DATA)
		return;
	a->want = 0;
	if (offset < HEADER_BYTES || !smb_at(c->all, offset, &data))
		return;
	data.left = data.left < len ? data.left : len;
	smb_pipe_data(r, a->pipe, false, data);
}

static void
read_answered(struct smb_reader *r, const struct command *c)
{
	uint8_t offset, zero;
	uint32_t len;
	struct span s;

	if (smb_at(c->body, 2, &s) && span_u8(&s, &offset) && span_u8(&s, &zero) && span_u32le(&s, &len))
		pipe_answered(r, c, offset, len);
}

static void
pipe_asked(struct smb_reader *r, const struct command *c, int pipe, uint32_t offset, uint32_t len)
{
	struct span data;

	if (pipe < 0 || offset < HEADER_BYTES || !smb_at(c->all, offset, &data))
		return;
	data.left = data.left < len ? data.left : len;
	smb_pipe_data(r, pipe, true, data);
}

static void
write_asked(struct smb_reader *r, const struct command *c)
{
	int pipe = pipe_at(r, c, 16);
	uint16_t offset;
	uint32_t len;
	struct span s;

	if (smb_at(c->body, 2, &s) && span_u16le(&s, &offset) && span_u32le(&s, &len))
		pipe_asked(r, c, pipe, offset, len);
}

static void
control_asked(struct smb_reader *r, const struct command *c)
{
	int pipe = pipe_at(r, c, 8);
	uint32_t code, offset, len;
	struct span s;

	if (pipe < 0 || !smb_at(c->body, 4, &s) || !span_u32le(&s, &code) || code != FSCTL_PIPE_TRANSCEIVE ||
	    !span_skip(&s, FILE_ID_BYTES) || !span_u32le(&s, &offset) || !span_u32le(&s, &len))
		return;
	expect_data(r, c, pipe);
	pipe_asked(r, c, pipe, offset, len);
}

static void
control_answered(struct smb_reader *r, const struct command *c)
{
	uint32_t offset, len;
	struct span s;

	if (smb_at(c->body, 32, &s) && span_u32le(&s, &offset) && span_u32le(&s, &len))
		pipe_answered(r, c, offset, len);
}

/* MS-FSCC 2.4.42.2: whether to replace, a folder, the new name. */
static void
rename_asked(struct smb_reader *r, const struct command *c, struct span info, struct span id)
{
	struct smb_asked *a = smb_ask(r, c->id, SMB_WANT_RENAME);
	uint32_t len;

	if (span_skip(&info, 16) && span_u32le(&info, &len))
		utf16_read(span_of(info.at, len < info.left ? len : info.left), a->name, SMB_NAME_BYTES);
	smb_copy(a->before, sizeof a->before, smb_file_ending(r, id));
}

/* SET_INFO of a file's name, or that it is to go: encryption renames what it wrote, or deletes what it read. */
static void
info_asked(struct smb_reader *r, const struct command *c)
{
	struct span s, id, info;
	uint8_t type, class;
	uint16_t offset;
	uint32_t len;

	if (!smb_at(c->body, 2, &s) || !span_u8(&s, &type) || !span_u8(&s, &class) || type != OF_FILE ||
	    !span_u32le(&s, &len) || !span_u16le(&s, &offset) || !smb_field(c->body, 16, FILE_ID_BYTES, &id) ||
	    offset < HEADER_BYTES || !smb_at(c->all, offset, &info))
		return;
	info.left = info.left < len ? info.left : len;
	if (class == RENAME_INFORMATION)
		rename_asked(r, c, info, id);
	else if ((class == DISPOSITION_INFORMATION || class == DISPOSITION_INFORMATION_EX) && info.left > 0 &&
	    (info.at[0] & 1) != 0)
		smb_ask(r, c->id, SMB_WANT_DELETE);
}

static void
info_answered(struct smb_reader *r, const struct command *c)
{
	struct smb_asked *a = smb_asked_of(r, c->id);

	if (a == NULL || (a->want != SMB_WANT_RENAME && a->want != SMB_WANT_DELETE))
		return;
	if (a->want == SMB_WANT_RENAME)
		smb_did_rename(r, c->client, a, c->status);
	else
		smb_did_delete(r, c->client, c->status);
	a->want = 0;
}

static const struct {
	void (*asked)(struct smb_reader *r, const struct command *c);
	void (*answered)(struct smb_reader *r, const struct command *c);
} commands[] = {
	[0x00] = { NULL, negotiated },
	[0x01] = { session_asked, session_answered },
	[0x03] = { tree_asked, tree_answered },
	[0x05] = { create_asked, create_answered },
	[0x08] = { read_asked, read_answered },
	[0x09] = { write_asked, NULL },
	[0x0b] = { control_asked, control_answered },
	[0x11] = { info_asked, info_answered },
};

static void
take_command(struct smb_reader *r, struct command *c, uint16_t number)
{
	c->answer = (c->flags & FLAG_ANSWER) != 0;
	c->client = c->answer ? 1 - r->piece->from : r->piece->from;
	c->body = c->all;
	span_skip(&c->body, HEADER_BYTES);
	if (number >= sizeof commands / sizeof commands[0] || (c->answer && c->status == STATUS_PENDING))
		return;
	if (!c->answer && commands[number].asked != NULL)
		commands[number].asked(r, c);
	if (c->answer && commands[number].answered != NULL)
		commands[number].answered(r, c);
}

static bool
read_header(struct span s, struct command *c, uint16_t *number, uint32_t *next)
{
	uint32_t low, high;

	if (!span_skip(&s, 8) || !span_u32le(&s, &c->status) || !span_u16le(&s, number) || !span_skip(&s, 2) ||
	    !span_u32le(&s, &c->flags) || !span_u32le(&s, next) || !span_u32le(&s, &low) || !span_u32le(&s, &high) ||
	    !span_skip(&s, 4) || !span_u32le(&s, &c->tree))
		return false;
	c->id = (uint64_t)high << 32 | low;
	return true;
}

void
smb2_message(struct smb_reader *r, struct span message)
{
	struct command c;
	uint16_t number;
	uint32_t next;
	unsigned i;

	for (i = 0; i < COMPOUNDS_MAX && message.left >= HEADER_BYTES; i++) {
		memset(&c, 0, sizeof c);
		if (memcmp(message.at, "\xfeSMB", 4) != 0 || !read_header(message, &c, &number, &next))
			return;
		c.all = message;
		if (next != 0 && next < c.all.left)
			c.all.left = next;
		if (c.all.left >= HEADER_BYTES)
			take_command(r, &c, number);
		if (next < HEADER_BYTES || !span_skip(&message, next))
			return;
	}
}
