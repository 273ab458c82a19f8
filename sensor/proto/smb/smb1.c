/* SMB 1 (MS-CIFS 2.2.4, MS-SMB 2.2.4). Offsets in words are those of the sections, AndX included. */
#include "proto/smb/smb_reader.h"

#include <stdio.h>

#include "proto/utf16.h"

enum { HEADER_BYTES = 32, CHAIN_MAX = 8, NO_ANDX = 0xff, TRANSACT_NAMED_PIPE = 0x26 };
enum { FLAG_ANSWER = 0x80, FLAG2_UNICODE = 0x8000 };
enum { NEGOTIATED_WORDS = 17 * 2, SECURITY_WORDS = 12 * 2, PLAIN_WORDS = 13 * 2, SECURITY_ANSWER_WORDS = 4 * 2 };

#define SMB1_ID (1ULL << 63)	/* numbers of SMB 1 and 2 may be asked in one connection */

/* One command of a chain: `all` begins with the header, which offsets count from. */
struct command {
	struct span all, words, bytes;
	uint32_t status;
	uint16_t tree;
	uint64_t id;
	int client;
	bool unicode;
};

static bool
word_at(const struct command *c, size_t at, uint16_t *value)
{
	struct span s;

	return smb_at(c->words, at, &s) && span_u16le(&s, value);
}

static bool
long_at(const struct command *c, size_t at, uint32_t *value)
{
	struct span s;

	return smb_at(c->words, at, &s) && span_u32le(&s, value);
}

/* One text of the bytes, with its NUL; in UTF-16 it begins at an even place of the message. */
static void
next_text(const struct command *c, struct span *in, char *to, size_t size)
{
	struct span text = *in;
	size_t len = 0;

	to[0] = '\0';
	if (!c->unicode) {
		len = text_read(text, to, size);
		len = in->left > 0 ? strnlen((const char *)in->at, in->left) + 1 : len;
	} else {
		if ((in->at - c->all.at) % 2 != 0 && !span_skip(in, 1))
			return;
		text = *in;
		while (len + 2 <= text.left && (text.at[len] != 0 || text.at[len + 1] != 0))
			len += 2;
		utf16_read(span_of(text.at, len), to, size);
		len += 2;
	}
	span_skip(in, len < in->left ? len : in->left);
}

static void
negotiated(struct smb_reader *r, const struct command *c)
{
	if (c->status == STATUS_SUCCESS && c->words.left == NEGOTIATED_WORDS)
		snprintf(r->dialect, sizeof r->dialect, "SMB 1%s", (c->words.at[2] & 8) != 0 ? " signed" : "");
}

static void
session_asked(struct smb_reader *r, const struct command *c)
{
	char user[NTLM_TEXT_BYTES], domain[NTLM_TEXT_BYTES];
	struct span in = c->bytes, token;
	uint16_t first, second;

	if (c->words.left == SECURITY_WORDS && word_at(c, 14, &first)) {
		token = span_of(in.at, first < in.left ? first : in.left);
		attempt_token(&r->attempt, token);
	} else if (c->words.left == PLAIN_WORDS && word_at(c, 14, &first) && word_at(c, 16, &second) &&
	    span_skip(&in, first) && span_skip(&in, second)) {
		next_text(c, &in, user, sizeof user);
		next_text(c, &in, domain, sizeof domain);
		attempt_name(&r->attempt, user[0] != '\0' ? LOGIN_NTLM : LOGIN_ANONYMOUS, user, domain);
	}
}

static void
session_answered(struct smb_reader *r, const struct command *c)
{
	struct speaker s = smb_speaker(r, c->client);
	uint16_t len, action = 0;

	if (c->words.left == SECURITY_ANSWER_WORDS && word_at(c, 6, &len))
		attempt_challenge(&r->attempt, &s, span_of(c->bytes.at, len < c->bytes.left ? len : c->bytes.left),
		    IDENTITY_SMB);
	if (c->status == STATUS_MORE_PROCESSING_REQUIRED)
		return;
	if (c->status == STATUS_SUCCESS && word_at(c, 4, &action) && (action & 1) != 0)	/* as a guest */
		r->attempt.method = LOGIN_ANONYMOUS;
	smb_tell_login(r, c->client, c->status);
}

static void
tree_asked(struct smb_reader *r, const struct command *c)
{
	struct span in = c->bytes;
	uint16_t password;

	if (word_at(c, 6, &password) && span_skip(&in, password))
		next_text(c, &in, smb_ask(r, c->id, SMB_WANT_SHARE)->name, SMB_NAME_BYTES);
}

static void
tree_answered(struct smb_reader *r, const struct command *c)
{
	struct smb_asked *a = smb_asked_of(r, c->id);

	if (a == NULL || a->want != SMB_WANT_SHARE)
		return;
	if (c->status == STATUS_SUCCESS)
		smb_tree_note(r, c->tree, smb_tree_kind_by_name(a->name));
	a->want = 0;
	smb_tell_share(r, c->client, a->name, c->status);
}

static void
create_asked(struct smb_reader *r, const struct command *c)
{
	struct smb_open o = { .id = c->id, .tree = c->tree };
	char name[SMB_NAME_BYTES];
	struct span in = c->bytes;

	if (!long_at(c, 15, &o.access) || !long_at(c, 35, &o.disposition) || !long_at(c, 39, &o.options))
		return;
	next_text(c, &in, name, sizeof name);
	smb_open_asked(r, &o, name[0] == '\\' ? name + 1 : name);
}

static void
create_answered(struct smb_reader *r, const struct command *c)
{
	struct span id = { NULL, 0 };

	uint32_t action = ACTION_CREATED;

	smb_field(c->words, 5, 2, &id);
	long_at(c, 7, &action);
	smb_open_answered(r, c->id, c->client, c->status, id, action);
}

/* Names by patterns may mean many: one request counts as one. */
static void
delete_asked(struct smb_reader *r, const struct command *c)
{
	smb_ask(r, c->id, SMB_WANT_DELETE);
}

/* Both names have a byte in front that says what they are. */
static void
rename_asked(struct smb_reader *r, const struct command *c)
{
	struct smb_asked *a = smb_ask(r, c->id, SMB_WANT_RENAME);
	char before[SMB_NAME_BYTES];
	struct span in = c->bytes;

	if (!span_skip(&in, 1))
		return;
	next_text(c, &in, before, sizeof before);
	smb_ending(before, a->before);
	if (span_skip(&in, 1))
		next_text(c, &in, a->name, SMB_NAME_BYTES);
}

static void
deed_answered(struct smb_reader *r, const struct command *c)
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

/* ---- what goes through a pipe ---- */

static bool
data_at(const struct command *c, size_t len_at, size_t offset_at, struct span *data)
{
	uint16_t len, offset;

	if (!word_at(c, len_at, &len) || !word_at(c, offset_at, &offset) || offset < HEADER_BYTES ||
	    !smb_at(c->all, offset, data))
		return false;
	data->left = data->left < len ? data->left : len;
	return true;
}

static int
pipe_at(const struct smb_reader *r, const struct command *c, size_t at)
{
	struct span id;

	return smb_field(c->words, at, 2, &id) ? smb_pipe_of(r, id) : -1;
}

static void
answered(struct smb_reader *r, const struct command *c, size_t len_at, size_t offset_at)
{
	struct smb_asked *a = smb_asked_of(r, c->id);
	struct span data;

	if (a == NULL || a->want != SMB_WANT_PIPE_DATA)
		return;
	a->want = 0;
	if (data_at(c, len_at, offset_at, &data))
		smb_pipe_data(r, a->pipe, false, data);
}

static void
transact_asked(struct smb_reader *r, const struct command *c)
{
	int pipe = pipe_at(r, c, 30);
	struct span data;
	uint16_t what;

	if (pipe < 0 || !word_at(c, 28, &what) || what != TRANSACT_NAMED_PIPE)
		return;
	smb_ask(r, c->id, SMB_WANT_PIPE_DATA)->pipe = (uint8_t)pipe;
	if (data_at(c, 22, 24, &data))
		smb_pipe_data(r, pipe, true, data);
}

static void
transact_answered(struct smb_reader *r, const struct command *c)
{
	answered(r, c, 12, 14);
}

static void
read_asked(struct smb_reader *r, const struct command *c)
{
	int pipe = pipe_at(r, c, 4);

	if (pipe >= 0)
		smb_ask(r, c->id, SMB_WANT_PIPE_DATA)->pipe = (uint8_t)pipe;
}

static void
read_answered(struct smb_reader *r, const struct command *c)
{
	answered(r, c, 10, 12);
}

static void
write_asked(struct smb_reader *r, const struct command *c)
{
	int pipe = pipe_at(r, c, 4);
	struct span data;

	if (pipe >= 0 && data_at(c, 20, 22, &data))
		smb_pipe_data(r, pipe, true, data);
}

/* ---- chains ---- */

static const struct row {
	uint8_t number;
	bool chains;		/* its words begin with AndX */
	void (*asked)(struct smb_reader *r, const struct command *c);
	void (*answered)(struct smb_reader *r, const struct command *c);
} rows[] = {
	{ 0x06, false, delete_asked, deed_answered },
	{ 0x07, false, rename_asked, deed_answered },
	{ 0x25, false, transact_asked, transact_answered },
	{ 0x2e, true, read_asked, read_answered },
	{ 0x2f, true, write_asked, NULL },
	{ 0x72, false, NULL, negotiated },
	{ 0x73, true, session_asked, session_answered },
	{ 0x74, true, NULL, NULL },
	{ 0x75, true, tree_asked, tree_answered },
	{ 0xa2, true, create_asked, create_answered },
};

static const struct row *
row_of(uint8_t number)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rows[i].number == number)
			return &rows[i];
	return NULL;
}

/* Words and bytes at `offset`. Of the bytes the end may have been cut off. */
static bool
read_block(struct command *c, size_t offset)
{
	struct span s;
	uint8_t words;
	uint16_t bytes;

	if (!smb_at(c->all, offset, &s) || !span_u8(&s, &words) || !span_take(&s, 2 * (size_t)words, &c->words) ||
	    !span_u16le(&s, &bytes))
		return false;
	c->bytes = span_of(s.at, bytes < s.left ? bytes : s.left);
	return true;
}

static void
take_chain(struct smb_reader *r, struct command *c, uint8_t number, bool answer)
{
	size_t offset = HEADER_BYTES;
	const struct row *row;
	uint16_t next;
	unsigned i;

	for (i = 0; i < CHAIN_MAX && (row = row_of(number)) != NULL && read_block(c, offset); i++) {
		if (!answer && row->asked != NULL)
			row->asked(r, c);
		if (answer && row->answered != NULL)
			row->answered(r, c);
		if (!row->chains || c->words.left < 4 || c->words.at[0] == NO_ANDX || !word_at(c, 2, &next) ||
		    next <= offset)
			return;
		number = c->words.at[0];
		offset = next;
	}
}

void
smb1_message(struct smb_reader *r, struct span message)
{
	struct command c = { .all = message };
	struct span s = message;
	uint16_t flags2, process, multiplex;
	uint8_t number, flags;

	if (!span_skip(&s, 4) || !span_u8(&s, &number) || !span_u32le(&s, &c.status) || !span_u8(&s, &flags) ||
	    !span_u16le(&s, &flags2) || !span_skip(&s, 12) || !span_u16le(&s, &c.tree) || !span_u16le(&s, &process) ||
	    !span_skip(&s, 2) || !span_u16le(&s, &multiplex))
		return;
	c.id = SMB1_ID | (uint64_t)process << 16 | multiplex;
	c.unicode = (flags2 & FLAG2_UNICODE) != 0;
	c.client = (flags & FLAG_ANSWER) != 0 ? 1 - r->piece->from : r->piece->from;
	take_chain(r, &c, number, (flags & FLAG_ANSWER) != 0);
}
