#include "fetch/private.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };

static int
copy_entry(struct archive *a, FILE *to, uint64_t most, struct fault *fault)
{
	char buf[READ_BYTES];
	uint64_t all = 0;
	ssize_t n;

	while ((n = archive_read_data(a, buf, sizeof buf)) > 0) {
		all += (uint64_t)n;
		if (all > most)
			return fault_set(fault, SE_LIMIT, "unpacked it has more bytes than max_mib allows");
		if (fwrite(buf, 1, (size_t)n, to) != (size_t)n)
			return fault_set(fault, SE_SYSTEM, "cannot be written to the state directory");
	}
	return n < 0 ? fault_set(fault, SE_FORMAT, "cannot be unpacked: %s",
	    archive_error_string(a) == NULL ? "damaged" : archive_error_string(a)) : 1;
}

/* Of a zip the first file that is one; names in it are never used. */
static int
next_file(struct archive *a)
{
	struct archive_entry *e;
	int r;

	while ((r = archive_read_next_header(a, &e)) == ARCHIVE_OK)
		if (archive_entry_filetype(e) == AE_IFREG || archive_entry_filetype(e) == 0)
			return ARCHIVE_OK;
	return r;
}

int
fetch_unpack(FILE *from, FILE *to, uint64_t most, struct fault *fault)
{
	struct archive *a = archive_read_new();
	int r;

	if (a == NULL)
		return fault_set(fault, SE_NOMEM, "no memory to unpack it");
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_filter_xz(a);
	archive_read_support_format_zip(a);
	archive_read_support_format_raw(a);
	if (lseek(fileno(from), 0, SEEK_SET) < 0 ||
	    archive_read_open_fd(a, fileno(from), READ_BYTES) != ARCHIVE_OK || next_file(a) != ARCHIVE_OK)
		r = fault_set(fault, SE_FORMAT, "cannot be unpacked: %s",
		    archive_error_string(a) == NULL ? "no file is in it" : archive_error_string(a));
	else
		r = copy_entry(a, to, most, fault);
	archive_read_free(a);
	return r;
}
