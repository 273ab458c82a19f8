#include "cli/ask.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 16 << 20, TIMEOUT_SEC = 5 };

struct received {
	char *text;
	size_t len;
};

static size_t
receive(char *bytes, size_t one, size_t count, void *to)
{
	struct received *r = to;
	size_t more = one * count;
	char *grown;

	if (more > ANSWER_MAX - r->len || (grown = realloc(r->text, r->len + more + 1)) == NULL)
		return 0;
	memcpy(grown + r->len, bytes, more);
	r->text = grown;
	r->len += more;
	r->text[r->len] = '\0';
	return more;
}

/* The caller's; NULL: one line was printed. */
static char *
ask(const char *command, const char *path)
{
	struct received r = { NULL, 0 };
	CURL *c = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;
	long failed = 0;

	if (c != NULL) {
		curl_easy_setopt(c, CURLOPT_URL, "http://localhost/status");
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, path);
		curl_easy_setopt(c, CURLOPT_PROXY, "");
		curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TIMEOUT_SEC);
		curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
		curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, receive);
		curl_easy_setopt(c, CURLOPT_WRITEDATA, &r);
		code = curl_easy_perform(c);
		curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &failed);
		curl_easy_cleanup(c);
	}
	if (code == CURLE_OK && r.text != NULL)
		return r.text;
	free(r.text);
	if (code == CURLE_COULDNT_CONNECT && (failed == ENOENT || failed == ECONNREFUSED))
		fprintf(stderr, "hansho: %s: no sensor runs here: nobody answers at %s\n", command, path);
	else if (code == CURLE_COULDNT_CONNECT && failed == EACCES)
		fprintf(stderr, "hansho: %s: %s: only the sensor's own user and group may ask\n", command, path);
	else
		fprintf(stderr, "hansho: %s: %s: %s\n", command, path, curl_easy_strerror(code));
	return NULL;
}

cJSON *
ask_sensor(const char *command, const char *path)
{
	char *text = ask(command, path);
	cJSON *o;

	if (text == NULL)
		return NULL;
	if ((o = cJSON_Parse(text)) == NULL)
		fprintf(stderr, "hansho: %s: %s: expected JSON\n", command, path);
	free(text);
	return o;
}
