/*
 * What is read while feeds are fetched: a manifest, a header line of a key, a
 * URL. The first byte says which.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fetch/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_url(const uint8_t *data, size_t size)
{
	char shown[64], *url = malloc(size + 1);

	if (url == NULL)
		return;
	memcpy(url, data, size);
	url[size] = '\0';
	fetch_url_well(url);
	fetch_url_text(url, shown, sizeof shown);
	fetch_name_well(url);
	free(url);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct misp_event *events;
	struct fault fault;
	char line[128];
	unsigned count;

	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		misp_manifest_read((const char *)data + 1, size - 1, &events, &count, &fault);
		free(events);
		break;
	case 1:
		fetch_header_line(span_of(data + 1, size - 1), line, sizeof line);
		break;
	default:
		read_url(data + 1, size - 1);
	}
	return 0;
}
