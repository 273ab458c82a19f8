#include "engine/memory.h"

#include <stdio.h>

#include "base/log.h"
#include "base/state_file.h"
#include "engine/privilege.h"

enum { PATH_BYTES = CONFIG_TEXT_MAX + 64 };

struct part {
	const char *file;
	uint32_t version;
	size_t most_bytes;
	void (*save)(const struct analyst *a, struct state_out *out);
	void (*load)(struct analyst *a, const struct state_in *in);
};

static void
save_behaviour(const struct analyst *a, struct state_out *out)
{
	behaviour_save(analyst_behaviour(a), out);
}

static void
load_behaviour(struct analyst *a, const struct state_in *in)
{
	behaviour_load(analyst_behaviour(a), in);
}

static const struct part parts[] = {
	{ "house.state", BEHAVIOUR_STATE_VERSION, 64 << 20, save_behaviour, load_behaviour },
};

enum { PARTS = sizeof parts / sizeof *parts };

const char *
memory_folder(const struct config *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s/memory", c->state_directory);
	return buf;
}

int
memory_make_folder(const struct config *c, const char *user, struct fault *fault)
{
	char folder[PATH_BYTES];

	return privilege_make_directory(memory_folder(c, folder, sizeof folder), user, fault);
}

void
memory_read(struct analyst *a, const char *folder)
{
	char path[PATH_BYTES];
	struct state_in *in;
	struct fault fault;
	unsigned i;

	for (i = 0; i < PARTS && folder[0] != '\0'; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, parts[i].file);
		if (state_in_open(path, parts[i].version, parts[i].most_bytes, &in, &fault) < 0)
			log_warn("analyst", "%s", fault.text);
		if (in != NULL)
			parts[i].load(a, in);
		state_in_close(in);
	}
}

void
memory_write(const struct analyst *a, const char *folder, bool sync)
{
	static struct log_limit full;
	char path[PATH_BYTES];
	struct state_out *out;
	struct fault fault;
	unsigned i;

	for (i = 0; i < PARTS && folder[0] != '\0'; i++) {
		if ((out = state_out_new()) == NULL) {
			log_limited(&full, LOG_LEVEL_ERROR, "analyst", "%s/%s: no memory for it", folder, parts[i].file);
			return;
		}
		snprintf(path, sizeof path, "%s/%s", folder, parts[i].file);
		parts[i].save(a, out);
		if (state_out_write(out, path, parts[i].version, sync, &fault) < 0)
			log_limited(&full, LOG_LEVEL_ERROR, "analyst", "%s", fault.text);
		state_out_free(out);
	}
}
