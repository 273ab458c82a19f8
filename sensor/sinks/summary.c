#include "sinks/summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "sinks/text.h"

struct summary_host {
	char name[160];
	UT_hash_handle hh;
};

void
summary_init(struct summary *s)
{
	memset(s, 0, sizeof *s);
}

void
summary_clear(struct summary *s)
{
	struct summary_host *h, *next;

	HASH_ITER(hh, s->hosts, h, next) {
		HASH_DEL(s->hosts, h);
		free(h);
	}
	summary_init(s);
}

static void
note_host(struct summary *s, const char *host)
{
	struct summary_host *h;
	char name[sizeof h->name];
	struct text t;

	text_init(&t, name, sizeof name);
	text_add_clean(&t, host, sizeof name - 4);
	HASH_FIND_STR(s->hosts, name, h);
	if (h != NULL)
		return;
	if (s->host_count == SUMMARY_HOSTS_MAX || (h = calloc(1, sizeof *h)) == NULL) {
		s->more_hosts = true;
		return;
	}
	memcpy(h->name, name, sizeof name);
	HASH_ADD_STR(s->hosts, name, h);
	if (element_not_added(h)) {
		free(h);
		s->more_hosts = true;
		return;
	}
	s->host_count++;
}

void
summary_note(struct summary *s, const char *host, uint32_t severity)
{
	s->alerts++;
	s->by_severity[severity >= 1 && severity <= 4 ? severity : 4]++;
	if (host[0] != '\0')
		note_host(s, host);
}

const char *
summary_text(const struct summary *s, char *buf, size_t size)
{
	static const char *const words[] = { "", "critical", "high", "medium", "low" };
	const char *between = " (";
	struct text t;
	size_t i;

	text_init(&t, buf, size);
	if (s->alerts == 0) {
		text_add(&t, "no alerts");
		return buf;
	}
	text_addf(&t, "%" PRIu64 " alert%s", s->alerts, s->alerts == 1 ? "" : "s");
	if (s->host_count > 0)
		text_addf(&t, " on %s%u host%s", s->more_hosts ? "more than " : "", s->host_count,
		    s->host_count == 1 ? "" : "s");
	for (i = 1; i <= 4; i++) {
		if (s->by_severity[i] == 0)
			continue;
		text_addf(&t, "%s%" PRIu64 " %s", between, s->by_severity[i], words[i]);
		between = ", ";
	}
	text_add(&t, ")");
	return buf;
}
