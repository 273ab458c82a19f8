#include "capture/input.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 24			/* of a classic capture: all of its file header */
#define RAW_BYTES 65536

struct input {
	int fd;
	uint8_t start[HEAD_BYTES];	/* first bytes of the file, read to tell what it is */
	size_t start_at, start_len;
	struct archive *archive;	/* NULL: not compressed */
	uint8_t *raw;			/* what libarchive reads from */
	const uint8_t *block;		/* what it has unpacked and nobody has read */
	size_t block_left;
	uint8_t head[HEAD_BYTES];	/* first bytes behind decompression */
	size_t head_at, head_len;
	uint64_t done_bytes, total_bytes;
	char *buffer;			/* of the FILE */
	char error[160];		/* "": none */
};

bool
input_is_compressed(const uint8_t *head, size_t len)
{
	static const struct {
		const char *magic;
		size_t len;
	} kinds[] = {
		{ "\x1f\x8b", 2 },			/* gzip, RFC 1952 */
		{ "\x28\xb5\x2f\xfd", 4 },		/* zstd, RFC 8878 */
		{ "\x04\x22\x4d\x18", 4 },		/* lz4 frame */
		{ "\xfd" "7zXZ\0", 6 },
	};
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (len >= kinds[i].len && memcmp(head, kinds[i].magic, kinds[i].len) == 0)
			return true;
	return false;
}

static int
fail(struct input *in, const char *words)
{
	if (in->error[0] == '\0')
		snprintf(in->error, sizeof in->error, "%s", words);
	errno = EIO;
	return -1;
}

/* From the file itself: first what was read to recognise it. */
static ssize_t
read_raw(struct input *in, void *to, size_t len)
{
	size_t kept = in->start_len - in->start_at;
	ssize_t n;

	if (kept > 0) {
		if (len > kept)
			len = kept;
		memcpy(to, in->start + in->start_at, len);
		in->start_at += len;
		return (ssize_t)len;
	}
	/* Whoever gave us the pipe may have left it non-blocking. */
	while ((n = read(in->fd, to, len)) < 0 && errno == EAGAIN) {
		struct pollfd p = { .fd = in->fd, .events = POLLIN };

		if (poll(&p, 1, -1) < 0)
			break;
	}
	if (n < 0)
		return fail(in, errno == EINTR ? "interrupted by a signal" : strerror(errno));
	in->done_bytes += (uint64_t)n;
	return n;
}

static la_ssize_t
feed_archive(struct archive *a, void *to, const void **bytes)
{
	struct input *in = to;
	ssize_t n = read_raw(in, in->raw, RAW_BYTES);

	if (n < 0)
		archive_set_error(a, EIO, "%s", in->error);
	*bytes = in->raw;
	return n;
}

static int
fail_archive(struct input *in)
{
	const char *words = archive_error_string(in->archive);

	return fail(in, words != NULL ? words : "damaged");
}

static ssize_t
read_unpacked(struct input *in, void *to, size_t len)
{
	const void *block;
	la_int64_t offset;
	size_t size;
	int r;

	while (in->block_left == 0) {
		r = archive_read_data_block(in->archive, &block, &size, &offset);
		if (r == ARCHIVE_EOF)
			return 0;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return fail_archive(in);
		in->block = block;
		in->block_left = size;
	}
	if (len > in->block_left)
		len = in->block_left;
	memcpy(to, in->block, len);
	in->block += len;
	in->block_left -= len;
	return (ssize_t)len;
}

static ssize_t
read_bytes(void *cookie, char *to, size_t len)
{
	struct input *in = cookie;
	size_t kept = in->head_len - in->head_at;

	if (kept > 0) {
		if (len > kept)
			len = kept;
		memcpy(to, in->head + in->head_at, len);
		in->head_at += len;
		return (ssize_t)len;
	}
	if (in->error[0] != '\0')
		return fail(in, in->error);
	return in->archive != NULL ? read_unpacked(in, to, len) : read_raw(in, to, len);
}

ssize_t
input_read(struct input *in, void *to, size_t len)
{
	return read_bytes(in, to, len);
}

static int
open_path(struct input *in, const char *path, struct fault *fault)
{
	struct stat st;

	in->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) :
	    open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (in->fd < 0 || fstat(in->fd, &st) < 0)
		return fault_set(fault, SE_SYSTEM, "cannot be opened: %s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return fault_set(fault, SE_FORMAT, "is a directory; name the captures in it");
	if (isatty(in->fd))
		return fault_set(fault, SE_FORMAT, "is a terminal; expected a capture");
	if (S_ISREG(st.st_mode) && st.st_size > 0)
		in->total_bytes = (uint64_t)st.st_size;
	return 0;
}

static int
read_start(struct input *in, struct fault *fault)
{
	size_t len = 0;
	ssize_t n;

	/* start_len stays 0 meanwhile, so that read_raw() goes to the file. */
	while (len < HEAD_BYTES) {
		if ((n = read_raw(in, in->start + len, HEAD_BYTES - len)) < 0)
			return fault_set(fault, SE_SYSTEM, "cannot be read: %s", in->error);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	in->start_len = len;
	if (len == 0)
		return fault_set(fault, SE_FORMAT, "is empty");
	return 0;
}

static int
open_archive(struct input *in, struct fault *fault)
{
	struct archive_entry *entry;
	struct archive *a;
	int r;

	if ((a = in->archive = archive_read_new()) == NULL ||
	    (in->raw = malloc(RAW_BYTES)) == NULL)
		return fault_set(fault, SE_NOMEM, "cannot be opened: out of memory");
	/*
	 * ARCHIVE_WARN would mean that libarchive starts a program instead;
	 * the sandbox has none, so the format then counts as unknown.
	 */
	if (archive_read_support_filter_gzip(a) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    archive_read_support_filter_lz4(a) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(a) != ARCHIVE_OK ||
	    archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(a) != ARCHIVE_OK)
		return fault_set(fault, SE_SYSTEM, "is compressed, and this libarchive lacks a part: %s",
		    archive_error_string(a));
	if (archive_read_open(a, in, NULL, feed_archive, NULL) == ARCHIVE_OK) {
		r = archive_read_next_header(a, &entry);
		if (r == ARCHIVE_EOF)
			return fault_set(fault, SE_FORMAT, "is empty behind its compression");
		if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
			return 0;
	}
	fail_archive(in);
	return fault_set(fault, SE_FORMAT, "its compressed data is cut or damaged (%s)", in->error);
}

static int
read_head(struct input *in, struct fault *fault)
{
	size_t len = 0;
	ssize_t n;

	while (len < HEAD_BYTES) {
		n = read_bytes(in, (char *)in->head + len, HEAD_BYTES - len);
		if (n < 0 && len == 0)
			return fault_set(fault, SE_FORMAT, "its compressed data is cut or damaged (%s)",
			    in->error);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	in->head_len = len;
	return 0;
}

int
input_open(const char *path, struct input **out, struct fault *fault)
{
	struct input *in;
	int r;

	*out = NULL;
	if ((in = calloc(1, sizeof *in)) == NULL)
		return fault_set(fault, SE_NOMEM, "cannot be opened: out of memory");
	in->fd = -1;
	if ((r = open_path(in, path, fault)) < 0 || (r = read_start(in, fault)) < 0)
		goto done;
	if (input_is_compressed(in->start, in->start_len) && (r = open_archive(in, fault)) < 0)
		goto done;
	if ((r = read_head(in, fault)) < 0)
		goto done;
	*out = in;
	in = NULL;
done:
	input_close(in);
	return r;
}

const uint8_t *
input_head(const struct input *in, size_t *len)
{
	*len = in->head_len;
	return in->head;
}

FILE *
input_stream(struct input *in, size_t buffer_bytes)
{
	static const cookie_io_functions_t calls = { .read = read_bytes };
	FILE *f;

	if ((in->buffer = malloc(buffer_bytes)) == NULL)
		return NULL;
	if ((f = fopencookie(in, "r", calls)) == NULL)
		return NULL;
	setvbuf(f, in->buffer, _IOFBF, buffer_bytes);
	/* One thread reads; libpcap takes the lock twice for each packet otherwise. */
	__fsetlocking(f, FSETLOCKING_BYCALLER);
	return f;
}

const char *
input_error(const struct input *in)
{
	return in->error[0] != '\0' ? in->error : NULL;
}

bool
input_was_compressed(const struct input *in)
{
	return in->archive != NULL;
}

uint64_t
input_done_bytes(const struct input *in)
{
	return in->done_bytes;
}

uint64_t
input_total_bytes(const struct input *in)
{
	return in->total_bytes;
}

void
input_close(struct input *in)
{
	if (in == NULL)
		return;
	if (in->archive != NULL)
		archive_read_free(in->archive);
	if (in->fd >= 0)
		close(in->fd);
	free(in->raw);
	free(in->buffer);
	free(in);
}
