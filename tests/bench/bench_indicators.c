/*
 * bench_indicators [COUNT [addresses] [compile]]: a million indicators of mixed kinds, or IPv4 addresses alone: how
 * long to read and to compile with the shipped allow list, how many bytes each, how long a look-up takes, in CPU
 * time. "compile": no look-ups.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "indicators/allow.h"
#include "indicators/indicators.h"

enum { ASKED = 1 << 16, ROUNDS = 16, GROUP = 4, TEXT_BYTES = 64 };

static uint32_t indicators = 1000000;
static bool only_addresses;

static uint64_t state = 88172645463325252ULL;

static uint64_t
random_word(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The n-th indicator: 60 % names, 25 % IPv4 with port, 10 % URLs, 5 % hashes; or all of them IPv4. */
static enum indicator_type
write_value(uint32_t n, char *text)
{
	uint32_t x = n * 2654435761u, kind = n % 20;
	unsigned a = 11 + x % 80, b = x >> 8 & 255, c = x >> 16 & 255, d = x >> 24;

	if (only_addresses) {
		snprintf(text, TEXT_BYTES, "%u.%u.%u.%u", 11 + (n >> 24), n >> 16 & 255, n >> 8 & 255, n & 255);
		return INDICATOR_ADDRESS;
	}
	if (kind < 12) {
		snprintf(text, TEXT_BYTES, "h%x.d%x.example", x, n % 5000);
		return INDICATOR_DOMAIN;
	}
	if (kind < 17) {
		snprintf(text, TEXT_BYTES, "%u.%u.%u.%u:%u", a, b, c, d, 1024 + n % 60000);
		return INDICATOR_ADDRESS_PORT;
	}
	if (kind < 19) {
		snprintf(text, TEXT_BYTES, "%u.%u.%u.%u:%u/x/%x.sh", a, b, c, d, 1024 + n % 60000, x);
		return INDICATOR_URL;
	}
	snprintf(text, TEXT_BYTES, "%08x%08x%08x%08x", x, n, ~x, ~n);
	return INDICATOR_JA3;
}

/* One value a line, as a plain list. */
static FILE *
as_file(void)
{
	char text[TEXT_BYTES];
	FILE *f = tmpfile();
	uint32_t n;

	if (f == NULL)
		exit(1);
	for (n = 0; n < indicators; n++) {
		write_value(n, text);
		fprintf(f, "%s\n", text);
	}
	rewind(f);
	return f;
}

struct question {
	enum indicator_type type;
	struct addr a;
	uint16_t port;
	unsigned host_len, len;
	char text[TEXT_BYTES];
};

static void
make_question(struct question *q, bool hit)
{
	uint32_t n = (uint32_t)(random_word() % indicators);
	char *colon, *slash;

	/* A miss is the value of a number that was not added. */
	q->type = write_value(hit ? n : n + 20 * indicators, q->text);
	q->len = (unsigned)strlen(q->text);
	q->port = 443;
	colon = strchr(q->text, ':');
	slash = strchr(q->text, '/');
	q->host_len = slash == NULL ? q->len : (unsigned)(slash - q->text);
	if (q->type == INDICATOR_ADDRESS_PORT) {
		q->port = (uint16_t)atoi(colon + 1);
		addr_parse(q->text, (size_t)(colon - q->text), &q->a);
	} else if (q->type <= INDICATOR_CIDR) {
		addr_parse(q->text, q->host_len, &q->a);
	}
}

static unsigned
ask(const struct indicators *set, const struct question *q)
{
	uint32_t found[MATCHES_MAX];

	switch (q->type) {
	case INDICATOR_DOMAIN:
		return indicators_by_domain(set, span_of(q->text, q->len), found, MATCHES_MAX);
	case INDICATOR_URL:
		return indicators_by_url(set, span_of(q->text, q->host_len),
		    span_of(q->text + q->host_len, q->len - q->host_len), found, MATCHES_MAX);
	case INDICATOR_JA3:
		return indicators_by_text(set, INDICATOR_JA3, span_of(q->text, q->len), found, MATCHES_MAX);
	default:
		return indicators_by_peer(set, &q->a, q->port, found, MATCHES_MAX);
	}
}

static void
begin_ask(const struct indicators *set, const struct question *q, struct indicators_ask *to)
{
	switch (q->type) {
	case INDICATOR_DOMAIN:
		indicators_ask_domain(set, span_of(q->text, q->len), to);
		return;
	case INDICATOR_URL:
		indicators_ask_url(set, span_of(q->text, q->host_len),
		    span_of(q->text + q->host_len, q->len - q->host_len), to);
		return;
	case INDICATOR_JA3:
		indicators_ask_text(set, INDICATOR_JA3, span_of(q->text, q->len), to);
		return;
	default:
		indicators_ask_peer(set, &q->a, q->port, to);
	}
}

/* Each is answered before the next is asked. */
static unsigned
ask_each(const struct indicators *set, const struct question *q)
{
	unsigned n, all = 0;

	for (n = 0; n < ASKED; n++)
		all += ask(set, &q[n]) > 0;
	return all;
}

/* As many at once as a message has keys. */
static unsigned
ask_groups(const struct indicators *set, const struct question *q)
{
	struct indicators_ask together[GROUP];
	uint32_t found[MATCHES_MAX];
	unsigned n, k, all = 0;

	for (n = 0; n < ASKED; n += GROUP) {
		for (k = 0; k < GROUP; k++)
			begin_ask(set, &q[n + k], &together[k]);
		for (k = 0; k < GROUP; k++)
			all += indicators_answer(set, &together[k], found, MATCHES_MAX) > 0;
	}
	return all;
}

static void
measure(const struct indicators *set, unsigned percent)
{
	struct question *q = malloc(sizeof *q * ASKED);
	double start, ns[2] = { 0 };
	unsigned round, n, all = 0;

	if (q == NULL)
		exit(1);
	for (n = 0; n < ASKED; n++)
		make_question(&q[n], random_word() % 100 < percent);
	all = ask_each(set, q);
	for (round = 0; round < ROUNDS; round++) {
		start = now();
		all += ask_groups(set, q);
		ns[0] += now() - start;
		start = now();
		all += ask_each(set, q);
		ns[1] += now() - start;
	}
	for (n = 0; n < 2; n++)
		ns[n] *= 1e9 / ((double)ASKED * ROUNDS);
	printf("look-up, %3u %% there: %6.1f ns each of %d asked together, %6.1f ns each alone (%.1f %% found)\n", percent,
	    ns[0], (int)GROUP, ns[1], 100.0 * all / ((double)ASKED * (2 * ROUNDS + 1)));
	free(q);
}

/* What one read costs that has to wait for the one before, in as many bytes as the buckets take. */
static void
measure_memory(void)
{
	enum { LINES = 1 << 18, READS = 1 << 20, WORDS = 8 };
	uint64_t *line = calloc(LINES, WORDS * sizeof *line), at = 0, swap;
	unsigned n, other;
	double start;

	if (line == NULL)
		exit(1);
	for (n = 0; n < LINES; n++)
		line[n * WORDS] = n;
	for (n = LINES - 1; n > 0; n--) {	/* one cycle through all (Sattolo) */
		other = (unsigned)(random_word() % n);
		swap = line[n * WORDS];
		line[n * WORDS] = line[other * WORDS];
		line[other * WORDS] = swap;
	}
	start = now();
	for (n = 0; n < READS; n++)
		at = line[at * WORDS];
	printf("memory:  %.1f ns for a read of %zu MiB at random%s\n", (now() - start) * 1e9 / READS,
	    LINES * WORDS * sizeof *line >> 20, at == LINES ? "." : "");
	free(line);
}

/* As the compiler does it: from the file to the image. */
static int
compile(FILE *f, struct fault *fault)
{
	struct builder *b = builder_new(indicators);
	struct allow *allow = allow_new();
	struct feed_summary summary;
	double start = now(), read;
	int fd;

	if (b == NULL || allow == NULL || allow_add_shipped(allow, false, fault) < 0)
		return -1;
	builder_set_allow(b, allow, 0);
	if ( feed_read(f, "bench", "plain", b, &summary, fault) < 0)
		return -1;
	read = now();
	if (builder_compile(b, &fd, fault) < 0)
		return -1;
	printf("read: %.3f s, compile: %.3f s, together: %.3f s (%u of %u loaded)\n", read - start,
	    now() - read, now() - start, summary.loaded, indicators);
	builder_free(b);
	allow_free(allow);
	return fd;
}

int
main(int argc, char **argv)
{
	struct indicators *set;
	struct fault fault = { "no memory" };
	struct stat st;
	double start;
	bool only_compile = false;
	FILE *f;
	int fd, n;

	if (argc > 1)
		indicators = (uint32_t)strtoul(argv[1], NULL, 10);
	for (n = 2; n < argc; n++) {
		only_addresses = only_addresses || strcmp(argv[n], "addresses") == 0;
		only_compile = only_compile || strcmp(argv[n], "compile") == 0;
	}
	if (indicators == 0)
		return 1;
	f = as_file();
	if ((fd = compile(f, &fault)) < 0) {
		fprintf(stderr, "%s\n", fault.text);
		return 1;
	}
	fclose(f);
	start = now();
	if (indicators_map(fd, &set, &fault) < 0) {
		fprintf(stderr, "%s\n", fault.text);
		return 1;
	}
	printf("map:     %.3f s\n", now() - start);
	fstat(fd, &st);
	printf("image:   %u entries, %.1f bytes each\n", indicators_count(set),
	    (double)st.st_size / indicators_count(set));
	if (only_compile)
		return 0;
	measure_memory();
	measure(set, 0);
	measure(set, 1);
	measure(set, 100);
	indicators_unmap(set);
	return 0;
}
