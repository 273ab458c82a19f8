#include "sinks/curl_start.h"

#include <pthread.h>

#include <curl/curl.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode ready;

static void
start(void)
{
	ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool
curl_start(void)
{
	pthread_once(&once, start);
	return ready == CURLE_OK;
}
