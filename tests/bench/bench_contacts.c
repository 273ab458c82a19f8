/* bench_contacts.c - a day of 10 million contacts into the contact log of the folder that is named, and hunts through it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "history/contact_log.h"

enum { CONTACTS = 10000000, NAMES = 50000 };

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool
see(void *to, const struct contact *c)
{
	(void)c;
	++*(unsigned *)to;
	return true;
}

static void
make(struct kept_buffer *b, uint32_t i)
{
	const uint8_t host[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)(i * 7) };
	const uint8_t peer[4] = { 192, 0, 2, (uint8_t)(i % 200) };
	char name[32];

	memset(&b->k, 0, sizeof b->k);
	b->k.kind = KEPT_CONTACT;
	b->k.protocol = 6;
	b->k.addr[0] = addr_v4(host);
	b->k.addr[1] = addr_v4(peer);
	b->k.port[0] = (uint16_t)(1024 + i % 60000);
	b->k.port[1] = 443;
	b->k.ts_ns = 1728000000000000000LL + (int64_t)i * 8000000;
	snprintf(name, sizeof name, "n%u.example", i % NAMES);
	kept_seal(b, span_text(name));
}

static int
fill(const char *folder)
{
	static const struct contact_log_limits limits = { 30, UINT64_C(1) << 40 };
	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	struct contact_log *l = contact_log_new(folder, &limits, 0);
	static struct kept_buffer b;
	struct fault fault;
	uint32_t i;

	for (i = 0; l != NULL && i < CONTACTS; i++) {
		make(&b, i);
		if (contact_log_note(l, &b.k, &fault) < 0) {
			fprintf(stderr, "%s\n", fault.text);
			return 1;
		}
	}
	contact_log_free(l);
	printf("write: %.2f s, %.2f s of the processor\n", seconds(CLOCK_MONOTONIC) - wall,
	    seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return 0;
}

int
main(int argc, char **argv)
{
	static const char *const values[] = { "192.0.2.77", "n777.example", "10.0.0.0/16", "10.5.5.5:2000" };
	struct contact_hunted hunted;
	struct fault fault;
	size_t i;

	if (argc != 2 || fill(argv[1]) != 0)
		return 1;
	for (i = 0; i < sizeof values / sizeof *values; i++) {
		double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
		struct sought sought;
		const struct contact_hunt hunt = { &sought, 1, false, 0, INT64_MAX };
		unsigned found = 0;

		if (!sought_parse(values[i], &sought) ||
		    contact_log_hunt(argv[1], &hunt, see, &found, &hunted, &fault) < 0)
			return 1;
		printf("hunt %s: %u found, %.2f s, %.2f s of the processor\n", values[i], found,
		    seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	}
	return 0;
}
