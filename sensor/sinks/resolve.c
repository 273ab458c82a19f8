#include "sinks/resolve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sinks/wait.h"

/* One question, shared by asker and thread; the last to leave frees it. */
struct question {
	pthread_mutex_t lock;
	unsigned owners;
	bool answered;
	int code, error;
	struct addrinfo *answer, hints;
	char *host, *port;
};

struct resolver {
	char *host, *port;
	int socket_type;
	struct question *open;
};

int
resolver_new(const char *host, const char *port, int socket_type, struct resolver **out)
{
	struct resolver *r;

	*out = NULL;
	if ((r = calloc(1, sizeof *r)) == NULL)
		return SE_NOMEM;
	r->host = strdup(host);
	r->port = strdup(port);
	r->socket_type = socket_type;
	if (r->host == NULL || r->port == NULL) {
		resolver_free(r);
		return SE_NOMEM;
	}
	*out = r;
	return 0;
}

static void
question_leave(struct question *q)
{
	bool last;

	if (q == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	last = --q->owners == 0;
	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	if (q->answer != NULL)
		freeaddrinfo(q->answer);
	pthread_mutex_destroy(&q->lock);
	free(q->host);
	free(q->port);
	free(q);
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	question_leave(r->open);
	free(r->host);
	free(r->port);
	free(r);
}

static void *
answer_question(void *arg)
{
	struct question *q = arg;
	struct addrinfo *answer = NULL;
	int code = getaddrinfo(q->host, q->port, &q->hints, &answer), error = errno;

	pthread_mutex_lock(&q->lock);
	q->code = code;
	q->error = error;
	q->answer = code == 0 ? answer : NULL;
	q->answered = true;
	pthread_mutex_unlock(&q->lock);
	question_leave(q);
	return NULL;
}

static int
start_thread(struct question *q)
{
	sigset_t all, before;
	pthread_attr_t how;
	pthread_t thread;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&how);
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	r = pthread_create(&thread, &how, answer_question, q);
	pthread_attr_destroy(&how);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r == 0 ? 0 : SE_NOMEM;
}

static int
question_new(const struct resolver *r, struct question **out)
{
	struct question *q;

	if ((q = calloc(1, sizeof *q)) == NULL)
		return SE_NOMEM;
	pthread_mutex_init(&q->lock, NULL);
	q->owners = 1;
	q->hints.ai_socktype = r->socket_type;
	q->hints.ai_flags = AI_NUMERICSERV;
	q->host = strdup(r->host);
	q->port = strdup(r->port);
	if (q->host == NULL || q->port == NULL) {
		question_leave(q);
		return SE_NOMEM;
	}
	q->owners = 2;
	if (start_thread(q) < 0) {
		q->owners = 1;
		question_leave(q);
		return SE_NOMEM;
	}
	*out = q;
	return 0;
}

static bool
take_answer(struct question *q, int *code, int *error, struct addrinfo **out)
{
	bool answered;

	pthread_mutex_lock(&q->lock);
	if ((answered = q->answered)) {
		*code = q->code;
		*error = q->error;
		*out = q->answer;
		q->answer = NULL;
	}
	pthread_mutex_unlock(&q->lock);
	return answered;
}

/* An address needs no thread. */
static bool
is_numeric(const struct resolver *r, struct addrinfo **out)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = r->socket_type };

	return getaddrinfo(r->host, r->port, &hints, out) == 0;
}

int
resolver_ask(struct resolver *r, int64_t until_ns, const atomic_bool *cancelled,
    struct addrinfo **out, struct fault *fault)
{
	uint32_t pause_ms = 1;
	int code = 0, error = 0;

	*out = NULL;
	if (is_numeric(r, out))
		return 0;
	if (r->open == NULL && question_new(r, &r->open) < 0)
		return fault_set(fault, SE_NOMEM, "%s: no memory to look the name up", r->host);
	while (!take_answer(r->open, &code, &error, out)) {
		if (wait_now() >= until_ns)
			return fault_set(fault, SE_PEER, "%s: the name server did not answer in time",
			    r->host);
		if (!wait_pause(pause_ms, cancelled))
			return fault_set(fault, SE_STOPPED, "%s: stopped while its name was looked up",
			    r->host);
		pause_ms = pause_ms < 32 ? pause_ms * 2 : 32;
	}
	question_leave(r->open);
	r->open = NULL;
	if (code != 0)
		return fault_set(fault, SE_PEER, "%s: %s", r->host,
		    code == EAI_SYSTEM ? strerror(error) : gai_strerror(code));
	return 0;
}
