#include "indicators/unpack.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/late.h"

enum { BLOCK_BYTES = 65536, ENTRIES_TRIED = 100 };

struct unpack {
	FILE *in;
	struct archive *archive;
	bool opened, ended;
	uint64_t most_bytes, packed, unpacked;
	char fault[160];
	size_t head_left;
	uint8_t *head;
	uint8_t block[BLOCK_BYTES];
};

bool
unpack_knows(struct span head)
{
	static const struct {
		const char *bytes;
		size_t len;
	} marks[] = {
		{ "\x1f\x8b", 2 }, { "PK\x03\x04", 4 }, { "\x28\xb5\x2f\xfd", 4 }, { "\xfd" "7zXZ\0", 6 },
	};
	size_t i;

	for (i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (head.left >= marks[i].len && memcmp(head.at, marks[i].bytes, marks[i].len) == 0)
			return true;
	return false;
}

bool
unpack_prepare(FILE *in)
{
	uint8_t head[8];
	ssize_t got = pread(fileno(in), head, sizeof head, 0);

	/* Nobody knows what a pipe will bring. */
	if (got < 0 || unpack_knows(span_of(head, (size_t)got)))
		return late_load(&late_archive);
	return true;
}

static void
fail(struct unpack *u, const char *why)
{
	if (u->fault[0] == '\0')
		snprintf(u->fault, sizeof u->fault, "%s", why);
	u->ended = true;
}

/* What was read before, then the rest of the file. */
static la_ssize_t
give(struct archive *archive, void *to, const void **out)
{
	struct unpack *u = to;
	size_t got;

	(void)archive;
	if (u->head_left > 0) {
		*out = u->head;
		got = u->head_left;
		u->head_left = 0;
	} else {
		*out = u->block;
		got = fread(u->block, 1, sizeof u->block, u->in);
		if (got == 0 && ferror(u->in))
			fail(u, "it could not be read");
	}
	u->packed += got;
	return (la_ssize_t)got;
}

struct unpack *
unpack_new(FILE *in, struct span head, uint64_t most_bytes)
{
	struct unpack *u = calloc(1, sizeof *u);

	if (u == NULL)
		return NULL;
	u->in = in;
	u->most_bytes = most_bytes;
	u->archive = archive_read_new();
	u->head = malloc(head.left + 1);
	if (u->archive == NULL || u->head == NULL) {
		unpack_free(u);
		return NULL;
	}
	memcpy(u->head, head.at, head.left);
	u->head_left = head.left;
	archive_read_support_filter_gzip(u->archive);
	archive_read_support_filter_xz(u->archive);
	archive_read_support_filter_zstd(u->archive);
	archive_read_support_format_zip_streamable(u->archive);
	archive_read_support_format_raw(u->archive);
	return u;
}

void
unpack_free(struct unpack *u)
{
	if (u == NULL)
		return;
	if (u->archive != NULL)
		archive_read_free(u->archive);
	free(u->head);
	free(u);
}

static void
fail_archive(struct unpack *u, const char *what)
{
	const char *why = archive_error_string(u->archive);
	char text[160];

	snprintf(text, sizeof text, "%s: %s", what, why != NULL ? why : "it is damaged");
	fail(u, text);
}

/* The first regular file. */
static void
open_archive(struct unpack *u)
{
	struct archive_entry *entry;
	unsigned tried;
	int r;

	u->opened = true;
	if (archive_read_open(u->archive, u, NULL, give, NULL) != ARCHIVE_OK) {
		fail_archive(u, "it cannot be unpacked");
		return;
	}
	for (tried = 0; tried < ENTRIES_TRIED; tried++) {
		r = archive_read_next_header(u->archive, &entry);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			break;
		if (archive_entry_filetype(entry) == AE_IFREG)
			return;
	}
	fail(u, "it is packed and holds no file");
}

static void
check_size(struct unpack *u)
{
	char text[96];

	if (u->unpacked > u->most_bytes) {
		snprintf(text, sizeof text, "it unpacks to more than %llu MiB (limits.feed_mib)",
		    (unsigned long long)(u->most_bytes >> 20));
		fail(u, text);
	} else if (u->unpacked > UNPACK_RATIO_FROM && u->unpacked / UNPACK_RATIO_MAX > u->packed) {
		snprintf(text, sizeof text, "it unpacks to more than %d times its size", (int)UNPACK_RATIO_MAX);
		fail(u, text);
	}
}

size_t
unpack_read(struct unpack *u, void *to, size_t size)
{
	la_ssize_t got;

	if (!u->opened)
		open_archive(u);
	if (u->ended)
		return 0;
	got = archive_read_data(u->archive, to, size);
	if (got < 0) {
		fail_archive(u, "it cannot be unpacked");
		return 0;
	}
	u->ended = got == 0;
	u->unpacked += (uint64_t)got;
	check_size(u);
	return u->fault[0] != '\0' ? 0 : (size_t)got;
}

const char *
unpack_fault(const struct unpack *u)
{
	return u->fault[0] != '\0' ? u->fault : NULL;
}
