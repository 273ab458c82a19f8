#include "engine/eve_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* Readable too, so that half a line of a courier that was killed can be seen. */
static int
open_file(struct sink_options *s, const char *user, struct fault *fault)
{
	struct passwd *owner = geteuid() == 0 && user[0] != '\0' ? getpwnam(user) : NULL;

	s->descriptor = open(s->target, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (s->descriptor < 0 && errno == EACCES)
		s->descriptor = open(s->target, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (s->descriptor < 0)
		return fault_set(fault, SE_SYSTEM, "%s: cannot write here: %s", s->target,
		    strerror(errno));
	if (owner != NULL && fchown(s->descriptor, owner->pw_uid, owner->pw_gid) < 0)
		log_warn("watch", "%s: cannot be given to %s: %s", s->target, user, strerror(errno));
	return 0;
}

static bool
is_file(const struct sink_options *s)
{
	return s->kind == SINK_EVE && strcmp(s->target, "-") != 0;
}

int
eve_files_open(struct config *c, struct fault *fault)
{
	unsigned i;
	int r;

	for (i = 0; i < c->sinks_count; i++)
		if (is_file(&c->sinks[i]) && (r = open_file(&c->sinks[i], c->user, fault)) < 0)
			return r;
	return 0;
}

void
eve_files_close(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->sinks_count; i++)
		if (is_file(&c->sinks[i]) && c->sinks[i].descriptor >= 0) {
			close(c->sinks[i].descriptor);
			c->sinks[i].descriptor = -1;
		}
}

/* The descriptor in force for the same file, once more; -1 when there is none. */
static int
old_file(const struct config *old, const char *target)
{
	unsigned i;

	for (i = 0; i < old->sinks_count; i++)
		if (is_file(&old->sinks[i]) && strcmp(old->sinks[i].target, target) == 0)
			return fcntl(old->sinks[i].descriptor, F_DUPFD_CLOEXEC, 0);
	return -1;
}

int
eve_files_reopen(struct config *fresh, const struct config *old, struct fault *fault)
{
	unsigned i;
	int r;

	for (i = 0; i < fresh->sinks_count; i++) {
		struct sink_options *s = &fresh->sinks[i];

		if (!is_file(s) || (r = open_file(s, "", fault)) == 0)
			continue;
		if ((s->descriptor = old_file(old, s->target)) < 0)
			return r;
		log_warn("watch", "%s; the old file stays in use", fault->text);
	}
	return 0;
}
