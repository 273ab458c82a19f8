#include "proto/smb/smb_reader.h"

enum {	/* MS-SMB2 2.2.13, the same in SMB 1 */
	ACCESS_WRITE = 0x2, ACCESS_APPEND = 0x4, ACCESS_MAXIMUM = 0x02000000, ACCESS_ALL = 0x10000000,
	ACCESS_GENERIC_WRITE = 0x40000000, ACCESS_DELETE = 0x10000,
	DISPOSITION_OPEN = 1, OPTION_FOLDER = 1, OPTION_GOES = 0x1000
};

void
smb_copy(char *to, size_t size, const char *text)
{
	size_t len = strnlen(text, size - 1);

	memcpy(to, text, len);
	to[len] = '\0';
}

/* `name` is set by the caller, and read no further than it goes. */
struct smb_asked *
smb_ask(struct smb_reader *r, uint64_t id, enum smb_want want)
{
	struct smb_asked *a = &r->asked[r->asked_next];

	r->asked_next = (uint8_t)((r->asked_next + 1) % SMB_ASKED_MAX);
	a->id = id;
	a->want = (uint8_t)want;
	a->pipe = 0;
	a->tells = a->goes = false;
	a->name[0] = a->before[0] = '\0';
	return a;
}

struct smb_asked *
smb_asked_of(struct smb_reader *r, uint64_t id)
{
	size_t i;

	for (i = 0; i < SMB_ASKED_MAX; i++)
		if (r->asked[i].want != 0 && r->asked[i].id == id)
			return &r->asked[i];
	return NULL;
}

enum smb_tree_kind
smb_tree_of(const struct smb_reader *r, uint32_t id)
{
	size_t i;

	for (i = 0; i < SMB_TREES_MAX; i++)
		if (r->tree[i].used && r->tree[i].id == id)
			return (enum smb_tree_kind)r->tree[i].kind;
	return SMB_TREE_UNKNOWN;
}

static struct smb_tree *
tree_for(struct smb_reader *r, uint32_t id)
{
	struct smb_tree *t;
	size_t i;

	for (i = 0; i < SMB_TREES_MAX; i++)
		if (r->tree[i].used && r->tree[i].id == id)
			return &r->tree[i];
	t = &r->tree[r->tree_next];
	r->tree_next = (uint8_t)((r->tree_next + 1) % SMB_TREES_MAX);
	return t;
}

void
smb_tree_note(struct smb_reader *r, uint32_t id, enum smb_tree_kind kind)
{
	struct smb_tree *t = tree_for(r, id);

	t->id = id;
	t->kind = (uint8_t)kind;
	t->used = true;
}

/* C$, ADMIN$ and the like are there for administrators alone; IPC$ is where the pipes are. */
enum smb_tree_kind
smb_tree_kind_by_name(const char *share)
{
	const char *name = strrchr(share, '\\');
	size_t len;

	name = name != NULL ? name + 1 : share;
	len = strlen(name);
	if (strcasecmp(name, "IPC$") == 0)
		return SMB_TREE_PIPES;
	return len > 1 && name[len - 1] == '$' ? SMB_TREE_ADMIN : SMB_TREE_OTHER;
}

/* Windows runs these by their names. */
static bool
looks_executable(const char *name)
{
	static const struct span endings[] = {
		SPAN_LITERAL("exe"), SPAN_LITERAL("dll"), SPAN_LITERAL("sys"), SPAN_LITERAL("scr"), SPAN_LITERAL("com"),
		SPAN_LITERAL("cpl"), SPAN_LITERAL("ocx"), SPAN_LITERAL("pif"), SPAN_LITERAL("msi"), SPAN_LITERAL("bat"),
		SPAN_LITERAL("cmd"), SPAN_LITERAL("ps1"), SPAN_LITERAL("vbs"), SPAN_LITERAL("vbe"), SPAN_LITERAL("js"),
		SPAN_LITERAL("jse"), SPAN_LITERAL("wsf"), SPAN_LITERAL("hta"), SPAN_LITERAL("lnk"), SPAN_LITERAL("jar"),
	};
	const char *dot = strrchr(name, '.');
	struct span ending;
	size_t i;

	if (dot == NULL)
		return false;
	ending = span_text(dot + 1);
	for (i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (span_equal_nocase(ending, endings[i]))
			return true;
	return false;
}

static bool
is_for_writing(const struct smb_open *o)
{
	uint32_t writes = ACCESS_WRITE | ACCESS_APPEND | ACCESS_ALL | ACCESS_GENERIC_WRITE;

	if ((o->options & OPTION_FOLDER) != 0)
		return false;
	return (o->access & writes) != 0 ||
	    ((o->access & ACCESS_MAXIMUM) != 0 && o->disposition != DISPOSITION_OPEN);
}

static enum smb_want
want_of(const struct smb_open *o, enum smb_tree_kind kind)
{
	if (kind == SMB_TREE_PIPES)
		return SMB_WANT_PIPE;
	if (is_for_writing(o))
		return SMB_WANT_WRITE;
	return (o->access & (ACCESS_DELETE | ACCESS_MAXIMUM)) != 0 || (o->options & OPTION_GOES) != 0 ? SMB_WANT_FILE : 0;
}

void
smb_open_asked(struct smb_reader *r, const struct smb_open *o, const char *name)
{
	enum smb_tree_kind kind = smb_tree_of(r, o->tree);
	enum smb_want want = want_of(o, kind);
	struct smb_asked *a;

	smb_ending(name, r->opening);
	if (want == 0)
		return;
	a = smb_ask(r, o->id, want);
	a->goes = (o->options & OPTION_GOES) != 0 && (o->options & OPTION_FOLDER) == 0;
	a->tells = want == SMB_WANT_WRITE && (kind == SMB_TREE_ADMIN || looks_executable(name));
	smb_copy(a->name, sizeof a->name, name);
}

static void
file_answered(struct smb_reader *r, int client, struct smb_asked *a, enum smb_want want, uint32_t status, struct span number,
    uint32_t action)
{
	if (status == STATUS_SUCCESS)
		smb_file_opened(r, number, a->name);
	if (want == SMB_WANT_WRITE)
		smb_did_open(r, client, a, status, action);
	if (a->goes)
		smb_did_delete(r, client, status);
}

void
smb_open_answered(struct smb_reader *r, uint64_t id, int client, uint32_t status, struct span number, uint32_t action)
{
	struct smb_asked *a = smb_asked_of(r, id);
	enum smb_want want = a == NULL ? 0 : (enum smb_want)a->want;

	if (want != SMB_WANT_PIPE && want != SMB_WANT_WRITE && want != SMB_WANT_FILE)
		return;
	a->want = 0;
	if (want != SMB_WANT_PIPE) {
		file_answered(r, client, a, want, status, number, action);
		return;
	}
	if (status == STATUS_SUCCESS && number.at != NULL)
		smb_pipe_opened(r, number);
	smb_tell_pipe(r, client, a->name, status);
}
