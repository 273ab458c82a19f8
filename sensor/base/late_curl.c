#include "base/late.h"

#include <stdarg.h>
#include <stddef.h>

#define CURL_DISABLE_TYPECHECK	/* its macros of the same names */
#include <curl/curl.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo

struct late late_curl = { .file = "libcurl.so.4" };

#define CURL_CALL(type, name, parameters, arguments, without) \
	LATE(late_curl, type, name, parameters, arguments, without)
#define CURL_FREE(name, parameters, arguments) LATE_FREE(late_curl, name, parameters, arguments)

CURL_CALL(CURLcode, curl_global_init, (long flags), (flags), CURLE_FAILED_INIT)
CURL_FREE(curl_free, (void *p), (p))

CURL_CALL(CURL *, curl_easy_init, (void), (), NULL)
CURL_FREE(curl_easy_cleanup, (CURL *c), (c))
CURL_FREE(curl_easy_reset, (CURL *c), (c))
CURL_CALL(CURLcode, curl_easy_perform, (CURL *c), (c), CURLE_FAILED_INIT)
CURL_CALL(const char *, curl_easy_strerror, (CURLcode code), (code), "libcurl cannot be loaded")
CURL_CALL(char *, curl_easy_escape, (CURL *c, const char *text, int len), (c, text, len), NULL)
CURL_CALL(CURLHcode, curl_easy_header, (CURL *c, const char *name, size_t index, unsigned origin, int request,
    struct curl_header **out), (c, name, index, origin, request, out), CURLHE_MISSING)

CURL_CALL(CURLM *, curl_multi_init, (void), (), NULL)
CURL_CALL(CURLMcode, curl_multi_cleanup, (CURLM *m), (m), CURLM_OK)
CURL_CALL(CURLMcode, curl_multi_add_handle, (CURLM *m, CURL *c), (m, c), CURLM_INTERNAL_ERROR)
CURL_CALL(CURLMcode, curl_multi_remove_handle, (CURLM *m, CURL *c), (m, c), CURLM_INTERNAL_ERROR)
CURL_CALL(CURLMcode, curl_multi_perform, (CURLM *m, int *running), (m, running), CURLM_INTERNAL_ERROR)
CURL_CALL(CURLMcode, curl_multi_poll, (CURLM *m, struct curl_waitfd *more, unsigned count, int ms, int *ready),
    (m, more, count, ms, ready), CURLM_INTERNAL_ERROR)
CURL_CALL(CURLMsg *, curl_multi_info_read, (CURLM *m, int *left), (m, left), NULL)

CURL_CALL(struct curl_slist *, curl_slist_append, (struct curl_slist *l, const char *text), (l, text), NULL)
CURL_FREE(curl_slist_free_all, (struct curl_slist *l), (l))

CURL_CALL(CURLU *, curl_url, (void), (), NULL)
CURL_FREE(curl_url_cleanup, (CURLU *u), (u))
CURL_CALL(CURLUcode, curl_url_get, (CURLU *u, CURLUPart part, char **out, unsigned flags),
    (u, part, out, flags), CURLUE_OUT_OF_MEMORY)
CURL_CALL(CURLUcode, curl_url_set, (CURLU *u, CURLUPart part, const char *text, unsigned flags),
    (u, part, text, flags), CURLUE_OUT_OF_MEMORY)

/* One argument follows, of the type that the option's number says: below 10,000 long, from 30,000 on curl_off_t, else a pointer. */
CURLcode
curl_easy_setopt(CURL *c, CURLoption option, ...)
{
	static _Atomic(late_fn *) at;
	late_fn *f = late_find(&late_curl, "curl_easy_setopt", &at);
	CURLcode (*call)(CURL *, CURLoption, ...) = (CURLcode (*)(CURL *, CURLoption, ...))f;
	CURLcode code;
	va_list more;

	if (f == NULL)
		return CURLE_FAILED_INIT;
	va_start(more, option);
	if (option < CURLOPTTYPE_OBJECTPOINT)
		code = call(c, option, va_arg(more, long));
	else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
		code = call(c, option, va_arg(more, curl_off_t));
	else
		code = call(c, option, va_arg(more, void *));
	va_end(more);
	return code;
}

/* A pointer follows. */
CURLcode
curl_easy_getinfo(CURL *c, CURLINFO info, ...)
{
	static _Atomic(late_fn *) at;
	late_fn *f = late_find(&late_curl, "curl_easy_getinfo", &at);
	CURLcode code;
	va_list more;

	if (f == NULL)
		return CURLE_FAILED_INIT;
	va_start(more, info);
	code = ((CURLcode (*)(CURL *, CURLINFO, ...))f)(c, info, va_arg(more, void *));
	va_end(more);
	return code;
}
