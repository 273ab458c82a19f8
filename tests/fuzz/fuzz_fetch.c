/*
 * What is read while feeds are fetched: a manifest, a header line of a key, a
 * URL, pages of a TAXII collection. The first byte says which.
 */
#include <stdint.h>
#include <stdio.h>
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

static char *
merged(struct span pages, size_t *len)
{
	struct fault fault;
	char *bundle = NULL;
	FILE *to = open_memstream(&bundle, len);

	if (to == NULL)
		return NULL;
	if (taxii_merge(pages, 1 << 20, to, &fault) < 0)
		*len = 0;
	fclose(to);
	if (bundle != NULL && bundle[0] == '\0') {
		free(bundle);
		return NULL;
	}
	return bundle;
}

/* What was put together stays as it is when it comes again: each object once, in one order. */
static void
merge_pages(struct span pages)
{
	size_t len, again_len;
	char *bundle = merged(pages, &len), *again, *line;

	if (bundle == NULL)
		return;
	for (line = bundle; (line = strchr(line, '\n')) != NULL; line++)
		*line = ' ';
	again = merged(span_of(bundle, len), &again_len);
	if (again == NULL || again_len != len)
		abort();
	for (line = again; (line = strchr(line, '\n')) != NULL; line++)
		*line = ' ';
	if (memcmp(bundle, again, len) != 0)
		abort();
	free(bundle);
	free(again);
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
	switch (data[0] % 4) {
	case 0:
		misp_manifest_read((const char *)data + 1, size - 1, &events, &count, &fault);
		free(events);
		break;
	case 1:
		fetch_header_line(span_of(data + 1, size - 1), line, sizeof line);
		break;
	case 2:
		read_url(data + 1, size - 1);
		break;
	default:
		merge_pages(span_of(data + 1, size - 1));
	}
	return 0;
}
