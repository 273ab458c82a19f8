#include "engine/manager.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/when.h"
#include "engine/metrics.h"
#include "system/back_off.h"
#include "system/notify.h"

enum { LOOK_SEC = 1, STATUS_SEC = 10, LONGER_SEC = 60 };

struct manager {
	int64_t watchdog_ns;		/* between two signs of life; 0: none are asked for */
	int64_t next_life_ns, next_look_ns, next_status_ns;
	bool ready;
	uint64_t frames;		/* at the last line of status */
	struct metrics_view view;
};

struct manager *
manager_new(void)
{
	struct manager *m = calloc(1, sizeof *m);

	if (m != NULL)
		m->watchdog_ns = notify_watchdog_ns();
	return m;
}

void
manager_free(struct manager *m)
{
	free(m);
}

void
manager_starting(struct manager *m)
{
	int64_t now_ns = back_off_clock_ns();
	char text[128];

	if (now_ns < m->next_look_ns)
		return;
	m->next_look_ns = now_ns + STATUS_SEC * NS_PER_SEC;
	snprintf(text, sizeof text, "EXTEND_TIMEOUT_USEC=%lld\nSTATUS=reading feeds", LONGER_SEC * 1000000LL);
	notify_send(text);
}

void
manager_reloading(bool begins)
{
	char text[96];

	if (!begins) {
		notify_send("READY=1");
		return;
	}
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, back_off_clock_ns() / 1000);
	notify_send(text);
}

void
manager_stopping(void)
{
	notify_send("STOPPING=1");
}

static void
tell_status(struct manager *m, const struct board *b, int64_t passed_ns)
{
	uint64_t frames = 0, seen = 0, dropped = 0;
	char text[256];
	unsigned i;

	for (i = 0; i < m->view.workers; i++) {
		frames += b->worker[i].counts.frames;
		seen += atomic_load(&b->worker[i].kernel_seen);
		dropped += atomic_load(&b->worker[i].kernel_dropped);
	}
	if (m->view.why_not_ready[0] != '\0')
		snprintf(text, sizeof text, "STATUS=not ready: %s", m->view.why_not_ready);
	else
		snprintf(text, sizeof text, "STATUS=%.0f frames/s, %.2f %% dropped by the kernel, %" PRIu64 " alerts open",
		    frames > m->frames ? (double)(frames - m->frames) * (double)NS_PER_SEC / (double)passed_ns : 0.0,
		    seen > 0 ? 100.0 * (double)dropped / (double)seen : 0.0, b->analyst.alert.open);
	m->frames = frames;
	notify_send(text);
}

static void
look(struct manager *m, const struct board *b, int64_t now_ns)
{
	metrics_look(&m->view, b, house_wall_clock_ns(), now_ns);
	if (!m->ready && m->view.sensor.ready != 0) {
		m->ready = true;
		m->next_status_ns = 0;
		notify_send("READY=1");
	}
	if (now_ns < m->next_status_ns)
		return;
	tell_status(m, b, STATUS_SEC * NS_PER_SEC);
	m->next_status_ns = now_ns + STATUS_SEC * NS_PER_SEC;
}

void
manager_tend(struct manager *m, const struct house *h)
{
	int64_t now_ns = back_off_clock_ns();

	if (m->watchdog_ns > 0 && now_ns >= m->next_life_ns) {
		m->next_life_ns = now_ns + m->watchdog_ns;
		notify_send("WATCHDOG=1");
	}
	if (m->ready && now_ns < m->next_look_ns)
		return;
	m->next_look_ns = now_ns + LOOK_SEC * NS_PER_SEC;
	look(m, h->board, now_ns);
}
