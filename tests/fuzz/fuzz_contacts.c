/*
 * fuzz_contacts.c - any bytes as a day of the contact log: the first two say
 * how many of the rest are the texts. A hunt ends, and a writer takes it up:
 * what it adds is found.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history/contact_log.h"

#define DAY_FILE "2024-10-04"
#define TS_NS (20000LL * 86400 * 1000000000)

static void
put(const char *folder, const char *suffix, const uint8_t *data, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/" DAY_FILE "%s", folder, suffix);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

static bool
see(void *to, const struct contact *c)
{
	unsigned *own = to;

	assert(c->realm.tunnel < TUNNEL_KINDS);
	assert(c->name.left <= 255);
	if (c->port[0] == 51234 && c->name.left == 3)
		(*own)++;
	return true;
}

static unsigned
hunt(const char *folder)
{
	struct sought sought[2];
	const struct contact_hunt h = { sought, 2, false, 0, INT64_MAX };
	struct contact_hunted out;
	unsigned own = 0;

	if (!sought_parse("x.y", &sought[0]) || !sought_parse("0.0.0.0/1", &sought[1]) ||
	    contact_log_hunt(folder, &h, see, &own, &out, NULL) < 0)
		abort();
	return own;
}

static void
add(const char *folder)
{
	static const struct contact_log_limits limits = { 30, 1 << 20 };
	struct contact_log *l = contact_log_new(folder, &limits, 0);
	struct kept_buffer b;

	memset(&b, 0, sizeof b);
	b.k.kind = KEPT_CONTACT;
	b.k.ts_ns = TS_NS;
	b.k.port[0] = 51234;
	kept_seal(&b, span_text("x.y"));
	if (l == NULL || contact_log_note(l, &b.k, NULL) < 0)
		abort();
	contact_log_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[] = "/tmp/hansho-fuzz-XXXXXX", path[128];
	size_t texts = size < 2 ? 0 : (size_t)(data[0] | data[1] << 8);
	unsigned before;

	if (size < 2 || size > 16384)
		return 0;
	if (texts > size - 2)
		texts = size - 2;
	if (mkdtemp(folder) == NULL)
		abort();
	put(folder, ".hcs", data + 2, texts);
	put(folder, ".hcl", data + 2 + texts, size - 2 - texts);
	before = hunt(folder);
	add(folder);
	/* One more, unless its text's number is taken by another. */
	assert(hunt(folder) >= before);
	snprintf(path, sizeof path, "%s/" DAY_FILE ".hcs", folder);
	unlink(path);
	snprintf(path, sizeof path, "%s/" DAY_FILE ".hcl", folder);
	unlink(path);
	rmdir(folder);
	return 0;
}
