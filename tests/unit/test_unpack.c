/*
 * Packed feeds: as if they were not packed; and what they may not do.
 */
#include "indicators/indicators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

enum { PACKED_MAX = 1 << 20 };

static const char list[] = "192.0.2.1\nc2.example\n198.51.100.0/24\n";

/* `filter`: an ARCHIVE_FILTER_; with ARCHIVE_FILTER_NONE a zip, behind a folder. Returns the packed bytes. */
static size_t
pack(int filter, const char *text, size_t len, size_t times, uint8_t *to)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	size_t used = 0, n;

	if (filter == ARCHIVE_FILTER_NONE)
		archive_write_set_format_zip(a);
	else
		archive_write_set_format_raw(a);
	archive_write_add_filter(a, filter);
	archive_write_set_bytes_per_block(a, 0);
	assert_int_equal(archive_write_open_memory(a, to, PACKED_MAX, &used), ARCHIVE_OK);
	if (filter == ARCHIVE_FILTER_NONE) {
		archive_entry_set_pathname(entry, "folder/");
		archive_entry_set_filetype(entry, AE_IFDIR);
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		archive_entry_clear(entry);
	}
	archive_entry_set_pathname(entry, "feed");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, (int64_t)(len * times));
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	for (n = 0; n < times; n++)
		assert_int_equal(archive_write_data(a, text, len), len);
	archive_entry_free(entry);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return used;
}

static int
read_packed(const uint8_t *bytes, size_t len, uint64_t most, struct feed_summary *s, struct fault *fault)
{
	struct builder *b = builder_new(1000);
	FILE *in = fmemopen((void *)(uintptr_t)bytes, len, "r");
	int r;

	assert_non_null(in);
	fault->text[0] = '\0';
	builder_set_feed_bytes(b, most);
	r = feed_read(in, "f", NULL, b, s, fault);
	fclose(in);
	builder_free(b);
	return r;
}

static const int filters[] = {
	ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_NONE,
};

static uint8_t packed[PACKED_MAX];

static void
as_if_not_packed(void **state)
{
	struct feed_summary s;
	struct fault fault;
	size_t n, len;

	(void)state;
	for (n = 0; n < 4; n++) {
		len = pack(filters[n], list, sizeof list - 1, 1, packed);
		if (read_packed(packed, len, 1 << 20, &s, &fault) < 0)
			fail_msg("%zu: %s", n, fault.text);
		assert_int_equal(s.loaded, 3);
		assert_int_equal(s.lines, 3);
		assert_string_equal(s.format, "plain");
	}
}

static void
cut_at_every_byte(void **state)
{
	struct feed_summary s;
	struct fault fault;
	size_t n, len, cut;

	(void)state;
	for (n = 0; n < 4; n++) {
		len = pack(filters[n], list, sizeof list - 1, 1, packed);
		for (cut = 1; cut < len; cut++)
			if (read_packed(packed, cut, 1 << 20, &s, &fault) < 0)
				assert_int_equal(strncmp(fault.text, "feed f", 6), 0);
	}
}

static void
any_byte_changed(void **state)
{
	struct feed_summary s;
	struct fault fault;
	size_t n, len, at;

	(void)state;
	for (n = 0; n < 4; n++) {
		len = pack(filters[n], list, sizeof list - 1, 1, packed);
		for (at = 0; at < len; at++) {
			packed[at] ^= 0xff;
			read_packed(packed, len, 1 << 20, &s, &fault);
			packed[at] ^= 0xff;
		}
	}
}

static void
bombs(void **state)
{
	static char lines[11 << 16];
	struct feed_summary s;
	struct fault fault;
	size_t n, len;

	(void)state;
	for (n = 0; n < sizeof lines; n++)
		lines[n] = "c2.example\n"[n % 11];
	for (n = 0; n < 4; n++) {
		len = pack(filters[n], lines, sizeof lines, 100, packed);
		assert_int_equal(read_packed(packed, len, 1ULL << 30, &s, &fault), SE_FORMAT);
		assert_non_null(strstr(fault.text, "more than 300 times its size"));
		assert_int_equal(read_packed(packed, len, 2 << 20, &s, &fault), SE_FORMAT);
		assert_non_null(strstr(fault.text, "more than 2 MiB (limits.feed_mib)"));
	}
}

static void
packed_twice_and_empty(void **state)
{
	static uint8_t once[PACKED_MAX];
	struct feed_summary s;
	struct fault fault;
	size_t len = pack(ARCHIVE_FILTER_NONE, list, sizeof list - 1, 1, once);

	(void)state;
	len = pack(ARCHIVE_FILTER_NONE, (const char *)once, len, 1, packed);
	assert_int_equal(read_packed(packed, len, 1 << 20, &s, &fault), SE_FORMAT);
	assert_non_null(strstr(fault.text, "zip"));
	len = pack(ARCHIVE_FILTER_GZIP, "", 0, 1, packed);
	assert_int_equal(read_packed(packed, len, 1 << 20, &s, &fault), SE_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_if_not_packed), cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(any_byte_changed), cmocka_unit_test(bombs),
		cmocka_unit_test(packed_twice_and_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
