/*
 * Any bytes as a feed. The first byte picks a forced format, 0xff recognition.
 * What was loaded is compiled and mapped; each entry must be canonical, and be
 * found by its own value.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "indicators/indicators.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1000 };

static unsigned
ask_address(const struct indicators *set, const struct indicator *i, uint32_t *found)
{
	const char *value = i->value, *colon = strrchr(value, ':');
	size_t len = strlen(value);
	uint16_t port = 0;
	struct cidr net;

	if (i->type == INDICATOR_ADDRESS_PORT) {
		port = (uint16_t)atoi(colon + 1);
		len = (size_t)(colon - value);
		if (value[0] == '[') {
			value++;
			len -= 2;
		}
	}
	if (!cidr_parse(value, len, &net))
		abort();
	if (i->role == ROLE_INFECTED)
		return indicators_by_source(set, &net.base, found, MOST);
	return indicators_by_peer(set, &net.base, port, found, MOST);
}

static void
must_find(const struct indicators *set, const struct indicator *i, uint32_t number)
{
	struct span value = span_text(i->value), host = value;
	uint32_t found[MOST];
	unsigned count, n;

	if (i->type <= INDICATOR_CIDR) {
		count = ask_address(set, i, found);
	} else if (i->type == INDICATOR_DOMAIN) {
		count = indicators_by_domain(set, value, found, MOST);
	} else if (i->type == INDICATOR_URL) {
		host.left = strcspn(i->value, "/");
		span_skip(&value, host.left);
		count = indicators_by_url(set, host, value, found, MOST);
	} else {
		count = indicators_by_text(set, i->type, value, found, MOST);
	}
	for (n = 0; n < count; n++)
		if (found[n] == number)
			return;
	abort();
}

/* All that was loaded is canonical: a builder takes it again as it is. */
static void
check_entries(const struct indicators *set)
{
	struct builder *again = builder_new(MOST);
	struct indicator i;
	uint32_t n;

	for (n = 0; again != NULL && n < indicators_count(set); n++) {
		indicators_get(set, n, &i);
		if (builder_add(again, &i) == SE_FORMAT)
			abort();
		must_find(set, &i, n);
	}
	builder_free(again);
}

static const char *
format_of(uint8_t pick)
{
	unsigned count = 0;

	while (feed_format(count, NULL) != NULL)
		count++;
	return pick == 0xff ? NULL : feed_format(pick % count, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed_summary summary;
	struct indicators *set = NULL;
	struct builder *b = NULL;
	struct fault fault;
	FILE *in = NULL;
	int fd = -1;

	if (size < 2 || (in = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r")) == NULL)
		return 0;
	if ((b = builder_new(MOST)) == NULL)
		goto done;
	feed_read(in, "fuzz", format_of(data[0]), b, &summary, &fault);
	if (builder_compile(b, &fd, &fault) == 0 && indicators_map(fd, &set, &fault) == 0)
		check_entries(set);
done:
	indicators_unmap(set);
	if (fd >= 0)
		close(fd);
	builder_free(b);
	fclose(in);
	return 0;
}
