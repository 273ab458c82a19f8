#include "engine/delivery.h"

#include <stdio.h>

#include "system/privilege.h"

/* A path that is too long is no place. */
static void
place(const struct config *c, const char *name, const char *ending, char *path, size_t size)
{
	if ((size_t)snprintf(path, size, "%s/delivery/%s%s", c->state_directory, name, ending) >= size)
		path[0] = '\0';
}

void
delivery_settle(struct config *c)
{
	struct sink_options *s;
	unsigned i;

	for (i = 0; i < c->sinks_count; i++) {
		s = &c->sinks[i];
		if (s->kind == SINK_WEBHOOK && s->dead_letters[0] == '\0')
			place(c, s->name, ".refused.json", s->dead_letters, sizeof s->dead_letters);
		if (s->kind == SINK_STORE && s->target[0] == '\0')
			place(c, s->name, ".db", s->target, sizeof s->target);
	}
}

int
delivery_make_folder(const struct config *c, struct fault *fault)
{
	char folder[CONFIG_TEXT_MAX + 16];

	snprintf(folder, sizeof folder, "%s/delivery", c->state_directory);
	return privilege_make_directory(folder, c->user, fault);
}
