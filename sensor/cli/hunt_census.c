#include "cli/hunt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "analyst/keeper.h"
#include "base/when.h"

static bool
print_row(void *json, const struct history_census *row)
{
	char day[WHEN_TEXT_MAX], family[64];
	size_t i;
	cJSON *o;
	char *line;

	when_rfc3339((int64_t)row->day * 86400 * NS_PER_SEC, day);
	day[10] = '\0';
	for (i = 0; row->family[i] != '\0' && i + 1 < sizeof family; i++)	/* the file may be anybody's */
		family[i] = row->family[i] >= ' ' && row->family[i] < 0x7f ? row->family[i] : '?';
	family[i] = '\0';
	if (!*(const bool *)json) {
		printf("%s  %-24s  %s%" PRIu64 " C2 server%s answered  %" PRIu64 " host%s\n", day, family, row->estimated ? "about " : "",
		    row->servers, row->servers == 1 ? "" : "s", row->hosts, row->hosts == 1 ? "" : "s");
		return !ferror(stdout);
	}
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "day", day);
	cJSON_AddStringToObject(o, "family", family);
	cJSON_AddNumberToObject(o, "servers", (double)row->servers);
	cJSON_AddNumberToObject(o, "hosts", (double)row->hosts);
	cJSON_AddBoolToObject(o, "estimated", row->estimated);
	if ((line = cJSON_PrintUnformatted(o)) != NULL)
		puts(line);
	free(line);
	cJSON_Delete(o);
	return !ferror(stdout);
}

static int32_t
day_of(int64_t ns)
{
	return (int32_t)(ns / NS_PER_SEC / 86400);
}

int64_t
hunt_print_census(const struct config *c, int64_t from_ns, int64_t to_ns, bool json)
{
	char folder[CONFIG_TEXT_MAX + 16];
	struct fault fault;
	int64_t found = history_census(keeper_folder(c, folder, sizeof folder), day_of(from_ns), day_of(to_ns), print_row, &json,
	    &fault);

	if (found < 0)
		fprintf(stderr, "hansho: hunt: %s\n", fault.text);
	return found;
}
