#include "base/late.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <archive.h>
#include <archive_entry.h>

struct late late_archive = { .file = "libarchive.so.13" };

#define ARCHIVE(type, name, parameters, arguments, without) \
	LATE(late_archive, type, name, parameters, arguments, without)
#define SUPPORT(name) ARCHIVE(int, archive_read_support_##name, (struct archive *a), (a), ARCHIVE_FATAL)

ARCHIVE(struct archive *, archive_read_new, (void), (), NULL)
ARCHIVE(int, archive_read_free, (struct archive *a), (a), ARCHIVE_FATAL)
SUPPORT(filter_gzip)
SUPPORT(filter_lz4)
SUPPORT(filter_xz)
SUPPORT(filter_zstd)
SUPPORT(format_empty)
SUPPORT(format_raw)
SUPPORT(format_zip)
SUPPORT(format_zip_streamable)
ARCHIVE(int, archive_read_open, (struct archive *a, void *to, archive_open_callback *o, archive_read_callback *r,
    archive_close_callback *c), (a, to, o, r, c), ARCHIVE_FATAL)
ARCHIVE(int, archive_read_open_fd, (struct archive *a, int fd, size_t block), (a, fd, block), ARCHIVE_FATAL)
ARCHIVE(int, archive_read_next_header, (struct archive *a, struct archive_entry **e), (a, e), ARCHIVE_FATAL)
ARCHIVE(la_ssize_t, archive_read_data, (struct archive *a, void *to, size_t len), (a, to, len), ARCHIVE_FATAL)
ARCHIVE(int, archive_read_data_block, (struct archive *a, const void **block, size_t *len, la_int64_t *offset),
    (a, block, len, offset), ARCHIVE_FATAL)
ARCHIVE(const char *, archive_error_string, (struct archive *a), (a), NULL)
ARCHIVE(__LA_MODE_T, archive_entry_filetype, (struct archive_entry *e), (e), 0)

/* Its words take arguments: they are put together here. */
void
archive_set_error(struct archive *a, int number, const char *format, ...)
{
	static _Atomic(late_fn *) at;
	late_fn *f = late_find(&late_archive, "archive_set_error", &at);
	char words[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	if (f != NULL)
		((void (*)(struct archive *, int, const char *, ...))f)(a, number, "%s", words);
}
