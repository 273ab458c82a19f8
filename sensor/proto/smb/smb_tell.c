#include "proto/smb/smb_reader.h"

struct speaker
smb_speaker(const struct smb_reader *r, int client)
{
	struct speaker s = { r->proto, r->piece->flow, r->piece->ts_ns, client };

	return s;
}

static void
tell_remote(struct smb_reader *r, int client, struct remote *what, const char *name, uint32_t status)
{
	struct message m = { .kind = MESSAGE_REMOTE, .flow = r->piece->flow, .from = client,
	    .ts_ns = r->piece->ts_ns, .remote = what };

	what->app = APP_SMB;
	what->outcome = status == STATUS_SUCCESS ? OUTCOME_SUCCESS : OUTCOME_FAILURE;
	what->code = status;
	what->name = span_text(name);
	proto_emit(r->proto, &m);
}

void
smb_tell_share(struct smb_reader *r, int client, const char *name, uint32_t status)
{
	struct remote what = { .action = REMOTE_SHARE };

	if (r->shares < SMB_SHARES_MAX) {
		r->shares++;
		tell_remote(r, client, &what, name, status);
	}
}

void
smb_tell_pipe(struct smb_reader *r, int client, const char *name, uint32_t status)
{
	struct remote what = { .action = REMOTE_PIPE };

	if (r->pipes < SMB_PIPES_MAX) {
		r->pipes++;
		tell_remote(r, client, &what, name, status);
	}
}

void
smb_tell_write(struct smb_reader *r, int client, const char *name, uint32_t status, bool tells, bool milestone)
{
	const struct smb_deeds *d = &r->deeds;
	struct remote what = { .action = REMOTE_FILE_WRITE, .files = d->files, .existing = d->existing,
	    .deleted = d->deleted, .marked = d->marked };

	if (!milestone && (!tells || r->writes >= SMB_WRITES_MAX))
		return;
	if (!milestone)
		r->writes++;
	if (d->marked > 0)
		what.ending = span_text(d->ending);
	tell_remote(r, client, &what, name, status);
}

void
smb_tell_login(struct smb_reader *r, int client, uint32_t status)
{
	struct speaker s = smb_speaker(r, client);

	attempt_answer(&r->attempt, &s, APP_SMB,
	    status == STATUS_SUCCESS ? OUTCOME_SUCCESS : OUTCOME_FAILURE, status,
	    r->dialect[0] != '\0' ? span_text(r->dialect) : span_of(NULL, 0));
}
