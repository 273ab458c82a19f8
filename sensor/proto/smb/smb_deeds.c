/*
 * What is done to files, counted over ten minutes of one connection: copies
 * are that, and encryption. Each is too little to be told; so many are, and
 * every doubling after it.
 */
#include "proto/smb/smb_reader.h"

enum { DEEDS_TOLD_FIRST = 128, WINDOW_SEC = 600, ENDINGS_MAX_LETTERS = 5 };

/* What stands behind the last dot, in small letters; "" when that is nothing, or too long to be one. */
void
smb_ending(const char *name, char ending[SMB_ENDING_BYTES])
{
	const char *base = strrchr(name, '\\'), *dot;
	size_t i;

	base = base != NULL ? base + 1 : name;
	dot = strrchr(base, '.');
	ending[0] = '\0';
	if (dot == NULL || dot == base || strlen(dot + 1) >= SMB_ENDING_BYTES)
		return;
	for (i = 0; dot[1 + i] != '\0'; i++)
		ending[i] = (char)(dot[1 + i] >= 'A' && dot[1 + i] <= 'Z' ? dot[1 + i] | 0x20 : dot[1 + i]);
	ending[i] = '\0';
}

/* "report.docx.ring": an ending behind an ending. */
static bool
has_two_endings(const char *name)
{
	const char *last = strrchr(name, '.'), *at;
	size_t letters = 0;

	if (last == NULL)
		return false;
	for (at = last; at > name && at[-1] != '.' && at[-1] != '\\' && at[-1] != ' '; at--)
		letters++;
	return letters >= 2 && letters <= ENDINGS_MAX_LETTERS && at > name && at[-1] == '.';
}

static struct smb_deeds *
deeds_now(struct smb_reader *r)
{
	struct smb_deeds *d = &r->deeds;
	int64_t now = r->piece->ts_ns;

	if (now < d->since_ns || now - d->since_ns > WINDOW_SEC * 1000000000LL) {
		memset(d, 0, sizeof *d);
		d->since_ns = now;
	}
	return d;
}

/* Of many endings the one that most have stays, whatever the order. */
static void
mark(struct smb_deeds *d, const char *ending)
{
	if (strcmp(d->ending, ending) == 0) {
		d->marked++;
		d->lead++;
	} else if (d->lead == 0) {
		memcpy(d->ending, ending, SMB_ENDING_BYTES);
		d->marked = d->lead = 1;
	} else {
		d->lead--;
	}
}

/* The sum passed a doubling with this deed. */
static bool
is_milestone(const struct smb_deeds *d)
{
	uint32_t sum = d->files + d->deleted;

	return sum >= DEEDS_TOLD_FIRST && (sum & (sum - 1)) == 0;
}

void
smb_did_open(struct smb_reader *r, int client, const struct smb_asked *a, uint32_t status, uint32_t action)
{
	struct smb_deeds *d = deeds_now(r);
	char ending[SMB_ENDING_BYTES];

	if (status == STATUS_SUCCESS) {
		d->files++;
		if (action != ACTION_CREATED) {
			d->existing++;
		} else if (has_two_endings(a->name)) {
			smb_ending(a->name, ending);
			mark(d, ending);
		}
	}
	smb_tell_write(r, client, a->name, status, a->tells, status == STATUS_SUCCESS && is_milestone(d));
}

void
smb_did_rename(struct smb_reader *r, int client, const struct smb_asked *a, uint32_t status)
{
	struct smb_deeds *d = deeds_now(r);
	char ending[SMB_ENDING_BYTES];

	if (status != STATUS_SUCCESS)
		return;
	d->files++;
	smb_ending(a->name, ending);
	if (a->before[0] != '\0' && ending[0] != '\0' && strcmp(a->before, ending) != 0)
		mark(d, ending);
	smb_tell_write(r, client, a->name, status, false, is_milestone(d));
}

void
smb_did_delete(struct smb_reader *r, int client, uint32_t status)
{
	struct smb_deeds *d = deeds_now(r);

	if (status != STATUS_SUCCESS)
		return;
	d->deleted++;
	smb_tell_write(r, client, "", status, false, is_milestone(d));
}

/* ---- files that are open ---- */

void
smb_file_opened(struct smb_reader *r, struct span id, const char *name)
{
	struct smb_file *f = &r->file[r->file_next];

	if (id.at == NULL || id.left > sizeof f->id)
		return;
	r->file_next = (uint8_t)((r->file_next + 1) % SMB_FILES_MAX);
	memset(f, 0, sizeof *f);
	memcpy(f->id, id.at, id.left);
	f->used = true;
	smb_ending(name, f->ending);
}

const char *
smb_file_ending(const struct smb_reader *r, struct span id)
{
	static const uint8_t related[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff };
	size_t i;

	/* What the request before it in the same message opens (MS-SMB2 3.2.4.1.4). */
	if (id.left == sizeof related && memcmp(id.at, related, sizeof related) == 0)
		return r->opening;
	for (i = 0; i < SMB_FILES_MAX; i++)
		if (r->file[i].used && memcmp(r->file[i].id, id.at, id.left) == 0)
			return r->file[i].ending;
	return "";
}
