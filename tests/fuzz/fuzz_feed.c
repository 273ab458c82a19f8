/*
 * Any bytes as a feed. The first byte picks a forced format, or recognition.
 * What was loaded is compiled and mapped, and each entry must come back.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "indicators/indicators.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All that was loaded is canonical: a builder takes it again as it is. */
static void
check_entries(const struct indicators *set)
{
	struct builder *again = builder_new(1000);
	struct indicator i;
	uint32_t n;

	for (n = 0; again != NULL && n < indicators_count(set); n++) {
		indicators_get(set, n, &i);
		if (builder_add(again, &i) == SE_FORMAT)
			abort();
	}
	builder_free(again);
}

static const char *
format_of(uint8_t pick)
{
	unsigned count = 0;

	while (feed_formats[count].name != NULL)
		count++;
	pick = (uint8_t)(pick % (count + 1));
	return feed_formats[pick].name;		/* the last is NULL: recognise */
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
	if ((b = builder_new(1000)) == NULL)
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
