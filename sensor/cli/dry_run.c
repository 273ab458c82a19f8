#include "cli/dry_run.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "engine/dry_run.h"

enum { SECONDS = 6 };

static const char *const limits[] = {
	[LIMIT_WORKERS] = "workers", [LIMIT_ANALYST] = "analyst", [LIMIT_PROCESSORS] = "processors",
};

static const char *const limit_texts[] = {
	[LIMIT_WORKERS] = "more workers would take more",
	[LIMIT_ANALYST] = "the analyst is the limit: more workers would not help",
	[LIMIT_PROCESSORS] = "the processors are the limit: more workers would not help",
};

static void
show(const struct dry_run *d, unsigned workers)
{
	printf("generated traffic (TLS, HTTP, DNS, other UDP), no interface: %" PRIu64 " packets of %.0f bytes,\n"
	    "%" PRIu64 " observations. It shows what this machine can do, and is no promise: real traffic\n"
	    "differs, and what the kernel and the card take is not in it.\n\n", d->packets,
	    (double)d->bytes / (double)d->packets, d->observations);
	printf("one worker   %.0f packets/s, %.0f Mbit/s, makes %.0f observations/s\n", d->packets_per_second,
	    d->mbit_per_second, d->observations_per_second);
	printf("analyst      takes %.0f observations/s: the limit with %.1f workers\n", d->analyst_per_second,
	    d->analyst_limits_at);
	printf("configured   %u worker%s, %.1f processors: some %.0f packets/s, %.0f Mbit/s; %s\n", workers,
	    workers == 1 ? "" : "s", d->processors, d->configured_packets, d->configured_mbit, limit_texts[d->limit]);
}

static int
show_json(const struct dry_run *d, unsigned workers)
{
	cJSON *top = cJSON_CreateObject(), *o;
	char *text;

	cJSON_AddTrueToObject(top, "generated");
	cJSON_AddNumberToObject(top, "packets", (double)d->packets);
	cJSON_AddNumberToObject(top, "bytes", (double)d->bytes);
	cJSON_AddNumberToObject(top, "observations", (double)d->observations);
	cJSON_AddNumberToObject(top, "processors", d->processors);
	o = cJSON_AddObjectToObject(top, "worker");
	cJSON_AddNumberToObject(o, "packets_per_second", d->packets_per_second);
	cJSON_AddNumberToObject(o, "mbit_per_second", d->mbit_per_second);
	cJSON_AddNumberToObject(o, "observations_per_second", d->observations_per_second);
	o = cJSON_AddObjectToObject(top, "analyst");
	cJSON_AddNumberToObject(o, "observations_per_second", d->analyst_per_second);
	cJSON_AddNumberToObject(o, "limit_at_workers", d->analyst_limits_at);
	o = cJSON_AddObjectToObject(top, "configured");
	cJSON_AddNumberToObject(o, "workers", workers);
	cJSON_AddNumberToObject(o, "packets_per_second", d->configured_packets);
	cJSON_AddNumberToObject(o, "mbit_per_second", d->configured_mbit);
	cJSON_AddStringToObject(o, "limit", limits[d->limit]);
	text = cJSON_PrintUnformatted(top);
	cJSON_Delete(top);
	if (text == NULL) {
		log_error("watch", "no memory");
		return 1;
	}
	printf("%s\n", text);
	cJSON_free(text);
	return 0;
}

int
dry_run_show(const struct config *config, bool json)
{
	struct dry_run d;
	struct fault fault;

	if (dry_run(config, SECONDS, &d, &fault) < 0) {
		log_error("watch", "%s", fault.text);
		return 1;
	}
	if (json)
		return show_json(&d, config->workers);
	show(&d, config->workers);
	return 0;
}
