/*
 * A million indicators (or as many as the argument says) of mixed kinds: how long to add and to compile, how
 * many bytes each, how long a look-up takes, in CPU time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "indicators/indicators.h"

enum { ASKED = 1 << 16, ROUNDS = 16, TEXT_BYTES = 96 };

static uint32_t indicators = 1000000;

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

/* The n-th indicator: 40 % address:port, 15 % addresses, 5 % networks, 25 % names, 10 % URLs, 5 % hashes. */
static enum indicator_type
write_value(uint32_t n, char *text)
{
	uint32_t x = n * 2654435761u, kind = n % 20;
	unsigned a = 1 + x % 90, b = x >> 8 & 255, c = x >> 16 & 255, d = x >> 24;

	if (kind < 8) {
		snprintf(text, TEXT_BYTES, "%u.%u.%u.%u:%u", a, b, c, d, 1024 + n % 60000);
		return INDICATOR_ADDRESS_PORT;
	}
	if (kind < 11) {
		snprintf(text, TEXT_BYTES, "%u.%u.%u.%u", a, b, c, d);
		return INDICATOR_ADDRESS;
	}
	if (kind < 12) {
		snprintf(text, TEXT_BYTES, "%u.%u.%u.0/%u", 100 + x % 90, b, c, 20 + n / 20 % 5);
		return INDICATOR_CIDR;
	}
	if (kind < 17) {
		snprintf(text, TEXT_BYTES, "h%x.d%x.example", x, n % 5000);
		return INDICATOR_DOMAIN;
	}
	if (kind < 19) {
		snprintf(text, TEXT_BYTES, "%u.%u.%u.%u:%u/x/%x.sh", a, b, c, d, 1024 + n % 60000, x);
		return INDICATOR_URL;
	}
	snprintf(text, TEXT_BYTES, "%08x%08x%08x%08x", x, n, ~x, ~n);
	return INDICATOR_JA3;
}

static void
add_all(struct builder *b)
{
	char text[TEXT_BYTES], malware[16];
	struct indicator i = { .role = ROLE_C2, .value = text, .feed = "bench", .malware = malware,
	    .reference = "", .confidence = 50, .first_seen_ns = 1700000000 * NS_PER_SEC,
	    .last_seen_ns = WHEN_UNKNOWN,
	    .valid_until_ns = WHEN_UNKNOWN };
	uint32_t n;

	for (n = 0; n < indicators; n++) {
		i.type = write_value(n, text);
		i.line = n + 1;
		snprintf(malware, sizeof malware, "Family%u", n % 200);
		builder_add(b, &i);
	}
}

/* The same as a feed: what `feed_read` adds to it. */
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
measure(const struct indicators *set, unsigned percent)
{
	struct question *q = malloc(sizeof *q * ASKED);
	unsigned hits[INDICATOR_TYPES] = { 0 }, count[INDICATOR_TYPES] = { 0 }, round, n, all = 0;
	double start, spent;

	if (q == NULL)
		exit(1);
	for (n = 0; n < ASKED; n++)
		make_question(&q[n], random_word() % 100 < percent);
	for (n = 0; n < ASKED; n++) {
		count[q[n].type]++;
		hits[q[n].type] += ask(set, &q[n]) > 0;
	}
	start = now();
	for (round = 0; round < ROUNDS; round++)
		for (n = 0; n < ASKED; n++)
			all += ask(set, &q[n]) > 0;
	spent = now() - start;
	printf("look-up, %3u %% there: %6.1f ns (%.1f %% found)\n", percent,
	    spent * 1e9 / ((double)ASKED * ROUNDS), 100.0 * all / ((double)ASKED * ROUNDS));
	for (n = 0; n < INDICATOR_TYPES; n++)
		if (count[n] > 0)
			printf("    %-10s %5.1f %% found\n", indicator_type_text(n), 100.0 * hits[n] / count[n]);
	free(q);
}

int
main(int argc, char **argv)
{
	struct builder *b;
	struct feed_summary summary;
	struct indicators *set;
	struct fault fault;
	struct stat st;
	double start;
	FILE *f;
	int fd;

	if (argc > 1)
		indicators = (uint32_t)strtoul(argv[1], NULL, 10);
	if (indicators == 0 || (b = builder_new(indicators)) == NULL)
		return 1;
	start = now();
	add_all(b);
	printf("add:     %.3f s\n", now() - start);
	start = now();
	if (builder_compile(b, &fd, &fault) < 0) {
		fprintf(stderr, "%s\n", fault.text);
		return 1;
	}
	printf("compile: %.3f s\n", now() - start);
	start = now();
	if (indicators_map(fd, &set, &fault) < 0) {
		fprintf(stderr, "%s\n", fault.text);
		return 1;
	}
	printf("map:     %.3f s\n", now() - start);
	fstat(fd, &st);
	printf("image:   %u entries, %.1f bytes each\n", indicators_count(set),
	    (double)st.st_size / indicators_count(set));
	builder_free(b);
	measure(set, 0);
	measure(set, 1);
	measure(set, 100);
	indicators_unmap(set);
	f = as_file();
	b = builder_new(indicators);
	start = now();
	feed_read(f, "bench", "plain", b, &summary, &fault);
	printf("read as a plain list: %.3f s (%u loaded)\n", now() - start, summary.loaded);
	fclose(f);
	builder_free(b);
	return 0;
}
