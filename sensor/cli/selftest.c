#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "analyst/selftest.h"
#include "base/when.h"
#include "cli/ask.h"
#include "cli/command.h"
#include "cli/options.h"
#include "engine/porter.h"

enum { TIMEOUT_SEC = 10, TIMEOUT_MOST_SEC = 600, LOOK_MS = 20, FRAME_PAUSE_MS = 2, STAGES_MAX = 8 + SINKS_MAX, NAME_BYTES = 64 };

static const char help[] =
"usage: hansho selftest [options]\n"
"\n"
"Put a conversation that nobody has on the interface of the sensor that runs\n"
"here, and tell how far it gets: to the kernel, a worker, the analyst, the\n"
"journal, each sink. One alert about the sensor comes of it, and nothing else.\n"
"Needs root or CAP_NET_RAW. No switch hands its frames on.\n"
"\n"
"  -c, --config FILE   the sensor's configuration (default: /etc/hansho.yaml, when it is there)\n"
"  --socket PATH       where it is asked (default: status.sock in the state directory)\n"
"  --timeout SEC       how long it is waited for (default: 10)\n"
"  --help              this text\n"
"\n"
"Exit status: 0 it got everywhere, 1 not, or no sensor runs, 2 wrong usage.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, 's' },
	{ "timeout", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct common_options common;
	const char *socket;
	unsigned timeout_sec;
};

struct stage {
	char name[NAME_BYTES];
	const char *what;
	bool reached;
	double ms;			/* after the first frame was sent */
};

struct selftest {
	const char *socket;
	char interface[IFNAMSIZ];
	uint64_t run;
	int64_t sent_ns, sent_clock_ns;
	double kernel_frames;		/* before */
	struct stage stage[STAGES_MAX];
	unsigned stages, first_sink;
};

enum { CAPTURED, FLOW, CONTACT, MESSAGE, MATCHED, JOURNAL, OWN_STAGES };

static int64_t
clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static void
pause_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- frames out ---- */

/* The socket, bound to the interface; -1: one line was printed. */
static int
open_interface(const char *name)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
	struct ifreq r;

	memset(&r, 0, sizeof r);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	if (fd < 0)
		fprintf(stderr, "hansho: selftest: to send on an interface needs root or CAP_NET_RAW: %s\n", strerror(errno));
	else if (a.sll_ifindex == 0 || ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		fprintf(stderr, "hansho: selftest: interface %s: %s; is it in another network namespace?\n", name, strerror(errno));
	else if (r.ifr_hwaddr.sa_family != ARPHRD_ETHER && r.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		fprintf(stderr, "hansho: selftest: interface %s: expected one with Ethernet frames\n", name);
	else if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		fprintf(stderr, "hansho: selftest: interface %s: %s\n", name, strerror(errno));
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
send_frames(struct selftest *t, int fd)
{
	uint8_t frame[SELFTEST_FRAME_MAX];
	uint16_t port = (uint16_t)(49152 + t->run % 16384);
	unsigned n, len;

	t->sent_ns = clock_ns(CLOCK_REALTIME);
	t->sent_clock_ns = clock_ns(CLOCK_MONOTONIC);
	for (n = 0; (len = selftest_frame(n, t->run, port, frame)) > 0; n++) {
		if (send(fd, frame, len, 0) != (ssize_t)len) {
			fprintf(stderr, "hansho: selftest: interface %s: cannot send: %s\n", t->interface, strerror(errno));
			return false;
		}
		pause_ms(FRAME_PAUSE_MS);
	}
	return true;
}

/* ---- how far it got ---- */

static double
number(const cJSON *o, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(n) ? n->valuedouble : 0;
}

static const char *
text(const cJSON *o, const char *name)
{
	const cJSON *s = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(s) ? s->valuestring : "";
}

static const cJSON *
part(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static void
reach(struct selftest *t, unsigned i, bool reached, double at_ns)
{
	if (!reached || t->stage[i].reached)
		return;
	t->stage[i].reached = true;
	t->stage[i].ms = at_ns > 0 ? (at_ns - (double)t->sent_ns) / 1e6 :
	    (double)(clock_ns(CLOCK_MONOTONIC) - t->sent_clock_ns) / 1e6;
}

/* True: everywhere. */
static bool
note(struct selftest *t, const cJSON *state)
{
	const cJSON *s = part(state, "selftest"), *sinks = part(state, "sinks"), *sink;
	double record = number(s, "journal_number");
	char run[SELFTEST_RUN_DIGITS + 1];
	bool all = true;
	unsigned i;

	snprintf(run, sizeof run, "%016" PRIx64, t->run);
	if (strcmp(text(s, "run"), run) != 0)
		return false;
	reach(t, CAPTURED, true, number(s, "captured_ns"));
	reach(t, FLOW, number(s, "packets") >= 4, 0);
	reach(t, CONTACT, number(s, "contact") != 0, 0);
	reach(t, MESSAGE, true, number(s, "understood_ns"));
	reach(t, MATCHED, number(s, "matched") != 0, 0);
	reach(t, JOURNAL, record > 0, 0);
	cJSON_ArrayForEach(sink, sinks)
		for (i = t->first_sink; i < t->stages; i++)
			if (strcmp(t->stage[i].name, text(sink, "sink")) == 0)
				reach(t, i, record > 0 && number(sink, "number") >= record, 0);
	for (i = 0; i < t->stages; i++)
		all = all && t->stage[i].reached;
	return all;
}

static void
add_stage(struct selftest *t, const char *name, const char *what)
{
	struct stage *s = &t->stage[t->stages];

	if (t->stages == STAGES_MAX)
		return;
	snprintf(s->name, sizeof s->name, "%s", name);
	s->what = what;
	t->stages++;
}

static void
add_stages(struct selftest *t, const cJSON *state)
{
	const cJSON *sinks = part(state, "sinks"), *sink;

	add_stage(t, "captured", "the kernel has handed its first frame to a worker");
	add_stage(t, "flow", "its packets are one conversation");
	add_stage(t, "contact", "that is a contact of a host and a service");
	add_stage(t, "message", "its request was put in order and understood");
	add_stage(t, "matched", "the name was found among the indicators, and the analyst has it");
	add_stage(t, "journal", "its alert is in the journal");
	t->first_sink = t->stages;
	cJSON_ArrayForEach(sink, sinks)
		add_stage(t, text(sink, "sink"), "the sink is done with it");
}

/* ---- telling ---- */

static int
report(const struct selftest *t, const cJSON *state)
{
	double more = number(part(state, "total"), "kernel_frames") - t->kernel_frames;
	int status = 0;
	unsigned i;

	for (i = 0; i < t->stages; i++) {
		const struct stage *s = &t->stage[i];

		if (s->reached)
			printf("%-12s %8.1f ms  %s\n", s->name, s->ms, s->what);
		else
			printf("%-12s    NOT YET  %s\n", s->name, s->what);
		status |= !s->reached;
	}
	if (t->stage[CAPTURED].reached)
		return status;
	if (more < 1)
		fprintf(stderr, "hansho: selftest: the kernel handed over no frame of %s: does capture.filter leave these out?\n",
		    t->interface);
	else
		fprintf(stderr, "hansho: selftest: %.0f frames were handed over, but these were not understood: look at "
		    "capture.filter, and at losses in `hansho status`\n", more);
	return status;
}

static int
drive(struct selftest *t, unsigned timeout_sec)
{
	cJSON *state = NULL;
	bool all = false;
	int status;

	while (!all && clock_ns(CLOCK_MONOTONIC) - t->sent_clock_ns < timeout_sec * NS_PER_SEC) {
		cJSON_Delete(state);
		if ((state = ask_sensor("selftest", t->socket)) == NULL)
			return 1;
		all = note(t, state);
		pause_ms(LOOK_MS);
	}
	status = report(t, state);
	cJSON_Delete(state);
	return status;
}

static int
selftest(struct selftest *t, unsigned timeout_sec)
{
	cJSON *state = ask_sensor("selftest", t->socket);
	int fd = -1, status = 1;

	if (state == NULL)
		return 1;
	snprintf(t->interface, sizeof t->interface, "%s", text(state, "interface"));
	t->kernel_frames = number(part(state, "total"), "kernel_frames");
	add_stages(t, state);
	if (text(state, "not_ready")[0] != '\0')
		fprintf(stderr, "hansho: selftest: the sensor is not ready: %s\n", text(state, "not_ready"));
	else if (getrandom(&t->run, sizeof t->run, 0) != sizeof t->run || t->run == 0)
		fprintf(stderr, "hansho: selftest: no random number\n");
	else if ((fd = open_interface(t->interface)) >= 0 && send_frames(t, fd))
		status = drive(t, timeout_sec);
	if (fd >= 0)
		close(fd);
	cJSON_Delete(state);
	return status;
}

/* ---- options ---- */

static bool
read_timeout(void *request, const char *value)
{
	struct request *r = request;
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	r->timeout_sec = (unsigned)n;
	if (*value >= '0' && *value <= '9' && *end == '\0' && n >= 1 && n <= TIMEOUT_MOST_SEC)
		return true;
	fprintf(stderr, "hansho: selftest: --timeout %s: expected 1 to %d seconds\n", value, (int)TIMEOUT_MOST_SEC);
	return false;
}

/* As common_read(). */
static int
read_options(int argc, char **argv, struct request *r)
{
	const struct own_option own[] = {
		{ .letter = 's', .name = "--socket", .text = &r->socket },
		{ .letter = 't', .take = read_timeout },
		{ .letter = 0 },
	};
	int status = common_read(argc, argv, long_options, "c:h", help, own, &r->common, r);

	return status != 0 || common_no_words("selftest", argc, argv) ? status : EXIT_USAGE;
}

int
command_selftest(int argc, char **argv)
{
	struct request r = { .timeout_sec = TIMEOUT_SEC };
	char path[CONFIG_TEXT_MAX + 16];
	struct selftest t = { .run = 0 };
	struct config config;
	int status;

	if ((status = read_options(argc, argv, &r)) != 0)
		return status < 0 ? 0 : status;
	t.socket = r.socket;
	if (r.socket == NULL) {
		common_find_config(&r.common);
		status = common_config(&r.common, &config) ? 0 : EXIT_USAGE;
		t.socket = porter_socket_path(&config, path, sizeof path);
		config_clear(&config);
	}
	return status != 0 ? status : selftest(&t, r.timeout_sec);
}
