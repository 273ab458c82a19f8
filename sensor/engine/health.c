#include "engine/health.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/when.h"
#include "engine/metrics.h"
#include "system/back_off.h"

enum { LOOK_SEC = 1, AGAIN_SEC = 60 };

struct health {
	struct house *house;
	struct blindness *blindness;
	int64_t next_ns;
	struct metrics_view view;
	struct blindness_sample sample;
};

static void
tell(void *to, enum trouble t, bool over, const char *subject, const struct note_words *note)
{
	struct health *h = to;
	_Atomic uint64_t *on = &h->house->board->trouble[t];

	if (over)
		log_info("health", "over: %s: %s", subject, note->text[LANGUAGE_EN]);
	else if (atomic_load(on) == 0)
		log_warn("health", "%s", note->text[LANGUAGE_EN]);
	atomic_store(on, !over);
	house_tell_trouble(h->house, subject, over, note->text[h->house->config->behaviour.language]);
}

static void
add_worker(struct blindness_sample *s, const struct board_worker *w)
{
	const struct pipeline_counts *c = &w->counts;

	s->frames += c->frames;
	s->kernel_seen += atomic_load(&w->kernel_seen);
	s->kernel_dropped += atomic_load(&w->kernel_dropped);
	s->packets += c->decode.packets;
	s->truncated += c->decode.truncated;
	s->bad_checksum += c->decode.bad_checksum;
	s->flows += c->flow.started;
	s->spoken += c->flow.spoken;
	s->unanswered += c->flow.spoken > c->flow.answered ? c->flow.spoken - c->flow.answered : 0;
	s->tls += c->proto.recognised[APP_TLS] + c->proto.recognised[APP_QUIC] + c->proto.recognised[APP_DOT] +
	    c->proto.recognised[APP_DOH];
	s->dns += c->proto.recognised[APP_DNS] + c->proto.datagrams[APP_DNS] + c->proto.recognised[APP_DOT] +
	    c->proto.recognised[APP_DOH] + c->proto.recognised[APP_DOQ];
	s->observations += c->witness.observations;
	s->ring_dropped += atomic_load(&w->ring_dropped);
	s->set_back += c->set_back;
	if (c->shed_level > s->shed_level)
		s->shed_level = c->shed_level;
}

static void
look(struct health *h)
{
	const struct board *b = h->house->board;
	uint32_t limit = h->house->config->blindness.sink_lag_sec;
	struct blindness_sample *s = &h->sample;
	unsigned i;

	*s = (struct blindness_sample){ .wall_ns = house_wall_clock_ns(), .clock_ns = back_off_clock_ns() };
	metrics_look(&h->view, b, s->wall_ns, s->clock_ns);
	s->memory_limit = h->view.sensor.memory_limit_bytes;
	s->memory_used = h->view.sensor.memory_used_bytes;
	for (i = 0; i < h->house->workers; i++) {
		add_worker(s, &b->worker[i]);
		s->births += atomic_load(&b->process[BOARD_OF_WORKER + i].starts);
	}
	for (i = 0; i < h->view.sinks && i < BLINDNESS_SINKS_MAX; i++)
		s->sink[i] = (struct blindness_sink){ h->view.sink[i].name, h->view.sink[i].lag_ns / NS_PER_SEC,
			h->view.sink[i].lag_records, h->view.sink[i].refused_others };
	s->sinks = i;
	blindness_look(h->blindness, s);
	/* One that has caught up says nothing of the others. */
	for (i = 0; i < s->sinks && s->sink[i].lag_sec < limit; i++)
		continue;
	atomic_store(&h->house->board->trouble[TROUBLE_SINK], limit > 0 && i < s->sinks);
}

void
health_tend(struct health *h)
{
	int64_t now_ns = back_off_clock_ns();

	if (now_ns < h->next_ns)
		return;
	h->next_ns = now_ns + LOOK_SEC * NS_PER_SEC;
	look(h);
}

struct health *
health_new(struct house *house)
{
	uint32_t again_sec = house->config->alert.close_sec / 2;
	struct health *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->house = house;
	h->blindness = blindness_new(&house->config->blindness, again_sec < AGAIN_SEC ? again_sec : AGAIN_SEC, tell, h);
	if (h->blindness == NULL) {
		free(h);
		return NULL;
	}
	return h;
}

void
health_free(struct health *h)
{
	if (h == NULL)
		return;
	blindness_free(h->blindness);
	free(h);
}
