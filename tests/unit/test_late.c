#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <curl/curl.h>

#include "base/late.h"
#include "base/log.h"

static struct late missing = { .file = "libhansho-is-not-there.so.1" };

int missing_number(int a);
void missing_free(void *p);

LATE(missing, int, missing_number, (int a), (a), -7)
LATE_FREE(missing, missing_free, (void *p), (p))

static void
test_nothing_is_loaded_before_it_is_called(void **state)
{
	(void)state;
	assert_false(late_is_loaded(&late_curl));
	assert_false(late_is_loaded(&late_archive));
	curl_free(NULL);
	curl_slist_free_all(NULL);
	assert_false(late_is_loaded(&late_curl));
}

static void
test_calls_are_passed_on(void **state)
{
	CURLU *u = curl_url();
	char *host = NULL;

	(void)state;
	assert_non_null(u);
	assert_true(late_is_loaded(&late_curl));
	assert_false(late_is_loaded(&late_archive));
	assert_int_equal(curl_url_set(u, CURLUPART_URL, "https://feeds.example:8443/list", 0), CURLUE_OK);
	assert_int_equal(curl_url_get(u, CURLUPART_HOST, &host, 0), CURLUE_OK);
	assert_string_equal(host, "feeds.example");
	curl_free(host);
	curl_url_cleanup(u);
}

/* Options of each type, and what they are asked for again. */
static void
test_options_keep_their_types(void **state)
{
	CURL *c = curl_easy_init();
	char mark[] = "mark", *got = NULL;

	(void)state;
	assert_non_null(c);
	assert_int_equal(curl_easy_setopt(c, CURLOPT_PRIVATE, mark), CURLE_OK);
	assert_int_equal(curl_easy_getinfo(c, CURLINFO_PRIVATE, &got), CURLE_OK);
	assert_ptr_equal(got, mark);
	assert_int_equal(curl_easy_setopt(c, CURLOPT_TIMEOUT, 1L), CURLE_OK);
	assert_int_equal(curl_easy_setopt(c, CURLOPT_TIMEOUT, -1L), CURLE_BAD_FUNCTION_ARGUMENT);
	assert_int_equal(curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)1 << 40), CURLE_OK);
	assert_int_equal(curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, -((curl_off_t)1 << 40)),
	    CURLE_BAD_FUNCTION_ARGUMENT);
	assert_int_equal(curl_easy_setopt(c, CURLOPT_URL, "nothing://nowhere"), CURLE_OK);
	assert_int_equal(curl_easy_perform(c), CURLE_UNSUPPORTED_PROTOCOL);
	curl_easy_cleanup(c);
}

static void
test_words_with_arguments(void **state)
{
	struct archive *a = archive_read_new();

	(void)state;
	assert_non_null(a);
	archive_set_error(a, 5, "%s %d%%", "half", 50);
	assert_string_equal(archive_error_string(a), "half 50%");
	assert_int_equal(archive_read_support_format_raw(a), ARCHIVE_OK);
	assert_int_equal(archive_read_free(a), ARCHIVE_OK);
}

static void
test_without_the_library_calls_fail(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(missing_number(3), -7);
	assert_false(late_load(&missing));
	missing_free(state);
	assert_false(late_is_loaded(&missing));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_loaded_before_it_is_called),
		cmocka_unit_test(test_calls_are_passed_on),
		cmocka_unit_test(test_options_keep_their_types),
		cmocka_unit_test(test_words_with_arguments),
		cmocka_unit_test(test_without_the_library_calls_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
