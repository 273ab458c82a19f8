/* webhook_private.h - what the files of the webhook sink share. */
#ifndef SENSOR_SINKS_WEBHOOK_PRIVATE_H
#define SENSOR_SINKS_WEBHOOK_PRIVATE_H

#include <curl/curl.h>

#include "sinks/kinds.h"
#include "sinks/posts.h"
#include "sinks/secret.h"
#include "sinks/template.h"

enum {
	ANSWER_MOST = 4096,		/* of a body are read */
	URL_SHOWN = 300
};

/* One request at a time over a connection that is kept. */
struct flight {
	CURL *easy;
	struct post *post;		/* NULL: free */
	struct curl_slist *headers;
	char *body;			/* NULL: the letter's own */
	char words[CURL_ERROR_SIZE];
	char answer[ANSWER_MOST + 1];
	size_t answer_len;
};

struct webhook {
	CURLM *multi;
	struct flight flight[SINK_PARALLEL_MOST];
	unsigned flights, flying;
	struct posts posts;
	unsigned batch;			/* letters that may wait, suspects aside */
	struct template *template;
	char shown[URL_SHOWN];		/* "https://host:port" */
	char url[SECRET_MAX], header[SECRET_MAX], secret[SECRET_MAX];	/* "" for none */
	unsigned failed_in_row;		/* attempts since something worked */
	bool tripped;			/* the receiver as a whole fails: nothing more goes out until all are back */
	uint32_t retry_after_ms;	/* it asked to be left alone for so long */
	struct fault fault;		/* of the latest that failed */
	uint64_t random;
};

/* ---- webhook_flight.c ---- */

/* All options but what a single request has of its own. */
void flight_prepare(struct sink *s, struct flight *f);

/* Begin to send. False: no memory. */
bool flight_launch(struct sink *s, struct flight *f, struct post *p);

/* It has ended; its post stays where it is. */
void flight_land(struct webhook *w, struct flight *f);

/* Words of libcurl that are about host and certificate, never about the path. */
const char *flight_words(const struct flight *f, CURLcode r);

/* ": " and the first line of the answer, clean; "" for none. */
enum { SAID_MAX = 500 };
const char *flight_answer(struct flight *f, char buf[SAID_MAX]);

#endif
