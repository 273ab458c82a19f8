#include "engine/porter.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "engine/metrics.h"
#include "system/back_off.h"

enum { TCP_DOOR, LOCAL_DOOR, DOORS };	/* of struct house */
enum { BACKLOG = 16, TIMEOUT_SEC = 5, HEADER_BYTES = 8192, BODY_BYTES = 1024, LOOK_SEC = 1 };

struct porter {
	const struct house *house;
	pid_t parent;
	struct event_base *base;
	struct evhttp *http[DOORS];	/* one for each door: not every page is for everybody */
	struct event *tick;
	struct metrics_view view;
};

/* ---- the doors, opened by the supervisor ---- */

const char *
porter_socket_path(const struct config *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s/status.sock", c->state_directory);
	return buf;
}

static int
read_address(const char *text, struct sockaddr_storage *to, int *len, struct fault *fault)
{
	*len = sizeof *to;
	memset(to, 0, sizeof *to);
	if (evutil_parse_sockaddr_port(text, (struct sockaddr *)to, len) == 0 &&
	    (to->ss_family == AF_INET ? ((struct sockaddr_in *)to)->sin_port : ((struct sockaddr_in6 *)to)->sin6_port) != 0)
		return 0;
	return fault_set(fault, SE_USAGE, "metrics.listen: \"%s\": expected an address and a port, such as "
	    "127.0.0.1:9477 or [::1]:9477, or nothing", text);
}

int
porter_check(const struct config *c, struct fault *fault)
{
	struct sockaddr_storage to;
	int len;

	return c->metrics_listen[0] == '\0' ? 0 : read_address(c->metrics_listen, &to, &len, fault);
}

static int
open_tcp(const char *text, int *out, struct fault *fault)
{
	struct sockaddr_storage to;
	int len, yes = 1, fd, r;

	if (text[0] == '\0')
		return 0;
	if ((r = read_address(text, &to, &len, fault)) < 0)
		return r;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
	    bind(fd, (struct sockaddr *)&to, (socklen_t)len) == 0 && listen(fd, BACKLOG) == 0) {
		*out = fd;
		return 0;
	}
	log_warn("metrics", "metrics.listen: %s: %s; metrics are at the status socket only", text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return 0;
}

/* What a dead sensor left goes; a living one's stays. */
static bool
is_taken(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool taken = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) == 0;

	if (fd >= 0)
		close(fd);
	if (!taken)
		unlink(a->sun_path);
	return taken;
}

/* Owner and group may ask: the folder it lies in says who gets as far. */
static bool
hand_to(const char *path, const char *user)
{
	const struct passwd *p = geteuid() == 0 && user[0] != '\0' ? getpwnam(user) : NULL;

	return chmod(path, 0660) == 0 && (p == NULL || lchown(path, p->pw_uid, p->pw_gid) == 0);
}

static int
open_local(const char *path, const char *user, int *out, struct fault *fault)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd = -1;

	if (len >= sizeof a.sun_path) {
		log_warn("status", "%s: longer than a socket's name may be (%zu): `hansho status` cannot reach this sensor",
		    path, sizeof a.sun_path - 1);
		return 0;
	}
	memcpy(a.sun_path, path, len);
	if (is_taken(&a))
		return fault_set(fault, SE_PEER, "%s: another sensor answers there; give each sensor a directory of its own", path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) >= 0 &&
	    bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && hand_to(path, user) && listen(fd, BACKLOG) == 0) {
		*out = fd;
		return 0;
	}
	log_warn("status", "%s: %s: `hansho status` cannot reach this sensor", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return 0;
}

int
porter_open(struct house *h, const char *user, struct fault *fault)
{
	char path[CONFIG_TEXT_MAX + 16];
	int r;

	if ((r = open_local(porter_socket_path(h->config, path, sizeof path), user, &h->door[LOCAL_DOOR], fault)) < 0)
		return r;
	return open_tcp(h->config->metrics_listen, &h->door[TCP_DOOR], fault);
}

void
porter_close(struct house *h)
{
	char path[CONFIG_TEXT_MAX + 16];

	if (h->door[LOCAL_DOOR] >= 0)
		unlink(porter_socket_path(h->config, path, sizeof path));
	house_close_doors(h);
}

bool
porter_wanted(const struct house *h)
{
	return h->door[TCP_DOOR] >= 0 || h->door[LOCAL_DOOR] >= 0;
}

/* ---- answers ---- */

static void
answer(struct evhttp_request *q, int code, const char *type, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evhttp_add_header(evhttp_request_get_output_headers(q), "Content-Type", type);
	/* Nobody keeps a connection for the next minute's question. */
	evhttp_add_header(evhttp_request_get_output_headers(q), "Connection", "close");
	if (body != NULL)
		evbuffer_add(body, text, strlen(text));
	evhttp_send_reply(q, code, NULL, body);
	if (body != NULL)
		evbuffer_free(body);
}

static void
look(struct porter *p)
{
	metrics_look(&p->view, p->house->board, house_wall_clock_ns(), back_off_clock_ns());
}

static void
tell_metrics(struct evhttp_request *q, void *to)
{
	struct porter *p = to;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	look(p);
	if (f != NULL)
		metrics_print(&p->view, f);
	if (f == NULL || fclose(f) != 0)
		answer(q, 500, "text/plain; charset=utf-8", "no memory\n");
	else
		answer(q, 200, "text/plain; version=0.0.4; charset=utf-8", text);
	free(text);
}

static void
tell_status(struct evhttp_request *q, void *to)
{
	struct porter *p = to;
	char *text = NULL;
	cJSON *o;

	look(p);
	if ((o = metrics_json(&p->view)) != NULL) {
		cJSON_AddStringToObject(o, "sensor", p->house->config->sensor_name);
		cJSON_AddStringToObject(o, "interface", p->house->config->capture.interface);
		cJSON_AddNumberToObject(o, "pid", (double)p->parent);
		cJSON_AddNumberToObject(o, "time_seconds", (double)house_wall_clock_ns() / (double)NS_PER_SEC);
		text = cJSON_PrintUnformatted(o);
		cJSON_Delete(o);
	}
	answer(q, text == NULL ? 500 : 200, "application/json", text == NULL ? "{}" : text);
	free(text);
}

static void
tell_health(struct evhttp_request *q, void *to)
{
	struct porter *p = to;
	bool well = metrics_is_alive(p->house->board, back_off_clock_ns());

	answer(q, well ? 200 : 503, "text/plain; charset=utf-8", well ? "ok\n" : "the supervisor does nothing\n");
}

static void
tell_ready(struct evhttp_request *q, void *to)
{
	struct porter *p = to;
	char text[sizeof p->view.why_not_ready + 2];

	look(p);
	snprintf(text, sizeof text, "%s\n", p->view.sensor.ready != 0 ? "ok" : p->view.why_not_ready);
	answer(q, p->view.sensor.ready != 0 ? 200 : 503, "text/plain; charset=utf-8", text);
}

static void
tell_what_there_is(struct evhttp_request *q, void *to)
{
	(void)to;
	answer(q, 404, "text/plain; charset=utf-8", "expected /metrics, /healthz or /readyz, or at the status socket /status\n");
}

/* ---- its life ---- */

static void
say(int severity, const char *text)
{
	(void)severity;
	log_debug("porter", "%s", text);
}

static void
open_again(struct evhttp_bound_socket *b, void *to)
{
	(void)to;
	evconnlistener_enable(evhttp_bound_socket_get_listener(b));
}

static void
on_tick(evutil_socket_t fd, short what, void *to)
{
	struct porter *p = to;
	unsigned i;

	(void)fd;
	(void)what;
	if (getppid() != p->parent)
		event_base_loopbreak(p->base);
	/* Doors that were shut because too many stood in them. */
	for (i = 0; i < DOORS; i++)
		evhttp_foreach_bound_socket(p->http[i], open_again, NULL);
}

static void
on_full(struct evconnlistener *l, void *to)
{
	(void)to;
	evconnlistener_disable(l);
}

/* What receivers are called is for who may open the socket; the port has numbers only. */
static const struct {
	const char *path;
	bool local;
	void (*tell)(struct evhttp_request *q, void *to);
} pages[] = {
	{ "/metrics", false, tell_metrics }, { "/healthz", false, tell_health }, { "/readyz", false, tell_ready },
	{ "/status", true, tell_status },
};

static int
add_door(struct porter *p, unsigned door)
{
	struct evhttp *h = p->http[door] = evhttp_new(p->base);
	struct evhttp_bound_socket *b;
	size_t i;

	if (h == NULL)
		return SE_NOMEM;
	evhttp_set_allowed_methods(h, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_timeout(h, TIMEOUT_SEC);
	evhttp_set_max_headers_size(h, HEADER_BYTES);
	evhttp_set_max_body_size(h, BODY_BYTES);
	for (i = 0; i < sizeof pages / sizeof *pages; i++)
		if (door == LOCAL_DOOR || !pages[i].local)
			evhttp_set_cb(h, pages[i].path, pages[i].tell, p);
	evhttp_set_gencb(h, tell_what_there_is, p);
	if (p->house->door[door] < 0)
		return 0;
	if ((b = evhttp_accept_socket_with_handle(h, p->house->door[door])) == NULL)
		return SE_SYSTEM;
	/* No descriptor is free: to be asked again at once would be a loop. */
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(b), on_full);
	return 0;
}

static int
prepare(struct porter *p, struct fault *fault)
{
	const struct timeval each = { LOOK_SEC, 0 };

	event_set_log_callback(say);
	if ((p->base = event_base_new()) == NULL ||
	    (p->tick = event_new(p->base, -1, EV_PERSIST, on_tick, p)) == NULL || event_add(p->tick, &each) < 0 ||
	    add_door(p, TCP_DOOR) < 0 || add_door(p, LOCAL_DOOR) < 0)
		return fault_set(fault, SE_NOMEM, "no memory for its doors");
	return house_enter_room(p->house, SANDBOX_PORTER, fault);
}

int
porter_main(struct house *h, pid_t parent)
{
	struct porter *p = calloc(1, sizeof *p);
	struct fault fault;
	int r;

	if (p == NULL)
		return 1;
	p->house = h;
	p->parent = parent;
	if ((r = prepare(p, &fault)) < 0)
		log_error("porter", "%s", fault.text);
	else
		event_base_dispatch(p->base);
	return r < 0;
}
