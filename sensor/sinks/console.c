/*
 * A table of the alerts that open, for somebody who watches or replays.
 *
 *	TIME UTC  SEVERITY  HOST             PEER                     ALERT
 *	2026-05-20
 *	10:00:12  critical  198.51.100.7     192.0.2.77:443           C2 feed ip:port Emotet
 *	                    why   ...
 *	                    peer  AS64511 Example Hosting, NL
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/when.h"
#include "sinks/console_case.h"
#include "sinks/console.h"
#include "sinks/kinds.h"
#include "sinks/output.h"
#include "sinks/page.h"
#include "sinks/text.h"
#include "sinks/view.h"

enum {
	WIDTH_LEAST = 80, WIDTH_MOST = 120, WIDTH_USUAL = 100,
	AT_SEVERITY = 10, AT_HOST = 20, AT_PEER = 37, AT_LABEL_TEXT = 26,
	SIGNATURE_MOST = 160, REASON_MOST = 640, NAME_MOST = 253
};

struct console {
	struct output out;
	struct page page;
	bool headed;
	char date[11];
};

/* https://no-color.org: present and not empty. */
static bool
wants_colour(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((no != NULL && no[0] != '\0') || (term != NULL && strcmp(term, "dumb") == 0))
		return false;
	return isatty(fd) == 1;
}

static size_t
page_width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return WIDTH_USUAL;
	if (size.ws_col < WIDTH_LEAST)
		return WIDTH_LEAST;
	return size.ws_col > WIDTH_MOST ? WIDTH_MOST : size.ws_col;
}

/* A wider page gives half to the peer, half to the alert. */
static size_t
alert_column(const struct page *p)
{
	return 60 + (p->width - WIDTH_LEAST) / 2;
}

static int
console_open(struct sink *s, struct fault *fault)
{
	int fd = s->options.descriptor >= 0 ? s->options.descriptor : STDOUT_FILENO;
	struct console *c;

	if ((c = calloc(1, sizeof *c)) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: out of memory", s->options.name);
	output_init(&c->out, fd, false);
	c->page.out = &c->out;
	c->page.width = page_width(fd);
	c->page.colour = wants_colour(fd);
	s->state = c;
	return 0;
}

static void
put_heading(struct page *p)
{
	page_put(p, INK_BOLD, "TIME UTC");
	page_to(p, AT_SEVERITY);
	page_put(p, INK_BOLD, "SEVERITY");
	page_to(p, AT_HOST);
	page_put(p, INK_BOLD, "HOST");
	page_to(p, AT_PEER);
	page_put(p, INK_BOLD, "PEER");
	page_to(p, alert_column(p));
	page_put(p, INK_BOLD, "ALERT");
	page_end_line(p);
}

/* "10:00:12"; a line with the date goes before when it is another day. */
static void
put_time(struct console *c, const char *timestamp)
{
	char text[WHEN_TEXT_MAX], date[sizeof c->date];
	int64_t ns;

	if (!when_parse(timestamp, strlen(timestamp), 0, &ns)) {
		page_put(&c->page, INK_PLAIN, "-");
		return;
	}
	when_rfc3339(ns, text);
	memcpy(date, text, sizeof date - 1);
	date[sizeof date - 1] = '\0';
	if (strcmp(date, c->date) != 0) {
		memcpy(c->date, date, sizeof date);
		page_put(&c->page, INK_DIM, date);
		page_end_line(&c->page);
	}
	text[19] = '\0';
	page_put(&c->page, INK_PLAIN, text + 11);
}

static void
put_severity(struct page *p, const struct view *v)
{
	static const enum ink inks[] = { INK_PLAIN, INK_ALARM, INK_RED, INK_YELLOW, INK_CYAN };

	page_put(p, v->severity < 5 ? inks[v->severity] : INK_PLAIN, view_severity_text(v));
}

/* An address in its shortest text; what is none, clean. */
static void
add_address(struct text *t, const char *address)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	if (addr_parse(address, strlen(address), &a))
		text_add(t, addr_text(&a, text));
	else
		text_add_clean(t, address, NAME_MOST);
}

/* Of a name that is too long the end is kept: there stands whose it is. */
static void
add_name_end(struct text *t, const char *name, size_t most)
{
	size_t columns = text_columns(name);

	if (columns > most) {
		text_add(t, "...");
		for (columns -= most - 3; columns > 0; name++)
			if (((unsigned char)name[1] & 0xc0) != 0x80)
				columns--;
	}
	text_add(t, name);
}

static void
put_host(struct page *p, const struct view *v)
{
	char buf[NAME_MOST + 8];
	struct text t;

	text_init(&t, buf, sizeof buf);
	if (v->host[0] == '\0')
		text_add(&t, "(sensor)");
	else
		add_address(&t, v->host);
	page_put(p, INK_BOLD, buf);
}

static void
put_peer(struct page *p, const struct view *v)
{
	char name[4 * NAME_MOST + 8], buf[4 * NAME_MOST + 24];
	bool brackets;
	struct text t;

	text_init(&t, name, sizeof name);
	if (view_peer_name(v)[0] != '\0')
		text_add_clean(&t, view_peer_name(v), NAME_MOST);
	else
		add_address(&t, v->peer);
	brackets = strchr(name, ':') != NULL && v->peer_port != 0;
	text_init(&t, buf, sizeof buf);
	text_add(&t, brackets ? "[" : "");
	add_name_end(&t, name, p->width - AT_PEER - 8);
	text_add(&t, brackets ? "]" : "");
	if (v->peer_port != 0)
		text_addf(&t, ":%u", v->peer_port);
	page_put(p, INK_PLAIN, buf[0] != '\0' ? buf : "-");
}

static void
put_label(struct page *p, const char *label, const char *text)
{
	page_to(p, AT_HOST);
	page_put(p, INK_DIM, label);
	page_to(p, AT_LABEL_TEXT);
	page_wrap(p, INK_PLAIN, AT_LABEL_TEXT, text);
	page_end_line(p);
}

static void
put_why(struct page *p, const struct view *v)
{
	char buf[REASON_MOST + 128];
	struct text t;

	text_init(&t, buf, sizeof buf);
	text_add_clean(&t, v->reason, REASON_MOST);
	if (v->technique[0] != '\0') {
		text_add(&t, t.len > 0 ? " (ATT&CK " : "(ATT&CK ");
		text_add_clean(&t, v->technique, 32);
		text_add(&t, ")");
	}
	if (t.len > 0)
		put_label(p, "why", buf);
}

static void
put_place(struct page *p, const struct view *v)
{
	char buf[512];
	struct text t;

	text_init(&t, buf, sizeof buf);
	if (view_peer_name(v)[0] != '\0' && v->peer[0] != '\0')
		add_address(&t, v->peer);
	if (v->asn != 0) {
		text_addf(&t, "%sAS%u", t.len > 0 ? ", " : "", v->asn);
		text_add(&t, v->organisation[0] != '\0' ? " " : "");
		text_add_clean(&t, v->organisation, 80);
	}
	if (v->country[0] != '\0') {
		text_add(&t, t.len > 0 ? ", " : "");
		text_add_clean(&t, v->country, 8);
	}
	if (t.len > 0)
		put_label(p, "peer", buf);
}

static void
add_fact(struct text *t, const char *before, const char *fact, const char *source)
{
	if (fact[0] == '\0')
		return;
	text_add(t, t->len > 0 ? ", " : "");
	text_add(t, before);
	text_add_clean(t, fact, NAME_MOST);
	text_add(t, " (");
	text_add_clean(t, source, 16);
	text_add(t, ")");
}

/* Who that address is, and who said so. */
static void
put_machine(struct page *p, const struct view *v)
{
	char buf[12 * NAME_MOST + 128];
	struct text t;

	text_init(&t, buf, sizeof buf);
	add_fact(&t, "", v->name, v->name_source);
	add_fact(&t, "", v->mac, v->mac_source);
	add_fact(&t, "user ", v->user, v->user_source);
	if (t.len > 0)
		put_label(p, "host", buf);
}

/* Two customers may have one address: what tells them apart. */
static void
put_realm(struct page *p, const struct view *v)
{
	char buf[256];
	struct text t;

	text_init(&t, buf, sizeof buf);
	if (v->vlan[0] != '\0')
		text_addf(&t, "VLAN %s", v->vlan);
	if (v->tunnel[0] != '\0' && strcmp(v->tunnel, "none") != 0) {
		text_add(&t, t.len > 0 ? ", " : "");
		text_add_clean(&t, v->tunnel, 32);
		if (v->tunnel_id != 0)
			text_addf(&t, " %u", v->tunnel_id);
	}
	if (v->tunnel_src[0] != '\0' && v->tunnel_dst[0] != '\0') {
		text_add(&t, " between ");
		add_address(&t, v->tunnel_src);
		text_add(&t, " and ");
		add_address(&t, v->tunnel_dst);
	}
	if (v->outer[0] != '\0') {
		text_add(&t, t.len > 0 ? ", outer address " : "outer address ");
		add_address(&t, v->outer);
	}
	if (t.len > 0)
		put_label(p, "via", buf);
}

/* "Beacon to c2.example", in a line that has the peer's name already, is "Beacon". */
static void
drop_peer(char *signature, const struct view *v)
{
	char end[4 * NAME_MOST + 8];
	size_t len = strlen(signature), end_len;
	struct text t;

	text_init(&t, end, sizeof end);
	text_add(&t, " to ");
	text_add_clean(&t, view_peer_name(v), NAME_MOST);
	end_len = strlen(end);
	if (view_peer_name(v)[0] != '\0' && len > end_len && strcmp(signature + len - end_len, end) == 0)
		signature[len - end_len] = '\0';
}

static void
put_alert(struct console *c, const struct view *v)
{
	char signature[4 * SIGNATURE_MOST];
	struct page *p = &c->page;
	struct text t;

	if (!c->headed)
		put_heading(p);
	c->headed = true;
	text_init(&t, signature, sizeof signature);
	text_add_clean(&t, v->signature, SIGNATURE_MOST);
	drop_peer(signature, v);
	put_time(c, v->timestamp);
	page_to(p, AT_SEVERITY);
	put_severity(p, v);
	page_to(p, AT_HOST);
	put_host(p, v);
	page_to(p, AT_PEER);
	if (strcmp(v->kind, "case") == 0)
		page_put(p, INK_PLAIN, "-");
	else
		put_peer(p, v);
	page_to(p, alert_column(p));
	page_wrap(p, INK_BOLD, alert_column(p), signature);
	page_end_line(p);
	put_why(p, v);
	put_machine(p, v);
	if (strcmp(v->kind, "case") != 0)
		put_place(p, v);
	put_realm(p, v);
}

static enum sink_result
console_flush(struct sink *s, struct fault *fault)
{
	struct console *c = s->state;

	switch (output_flush(&c->out, s->options.timeout_ms, &s->cancelled)) {
	case OUTPUT_OK:
		return SINK_DONE;
	case OUTPUT_GONE:
		return sink_refuse(fault, SE_PEER, "console: the reader has left");
	default:
		return sink_later(fault, SE_SYSTEM, "console: cannot write: %s", strerror(errno));
	}
}

/* Of most alerts only that they open. A case is told when it gets worse, and at its end. */
static bool
is_told(const struct head *h)
{
	if (h->state == HEAD_NO_STATE || h->state == HEAD_OPEN)
		return true;
	return h->kind == HEAD_CASE && (h->worse || h->state == HEAD_CLOSE);
}

/* An alert's updates and its end, and what is no alert, are for the other sinks. */
static enum sink_result
console_deliver(struct sink *s, const struct sink_record *rec, struct fault *fault)
{
	struct console *c = s->state;
	enum sink_result r = SINK_DONE;
	struct view v;

	if ((rec->kind != RECORD_ALERT && rec->kind != RECORD_MEMBER) || !is_told(rec->head))
		return SINK_DONE;
	if (c->out.len >= OUTPUT_FLUSH_AT && (r = console_flush(s, fault)) != SINK_DONE)
		return r;
	if (!view_open(&v, rec->line)) {
		r = sink_refuse(fault, SE_FORMAT, "console: a record that is no JSON object");
		goto done;
	}
	c->page.failed = false;
	put_alert(c, &v);
	if (strcmp(v.kind, "case") == 0 && strcmp(v.state, "open") != 0)
		console_case(&c->page, &v, strcmp(v.state, "close") == 0);
	if (c->page.failed)
		r = sink_refuse(fault, SE_NOMEM, "console: out of memory");
done:
	view_close(&v);
	return r;
}

static void
console_close(struct sink *s)
{
	struct console *c = s->state;

	if (c == NULL)
		return;
	output_clear(&c->out);
	free(c);
}

const struct sink_row sink_console = {
	.name = "console",
	.open = console_open,
	.deliver = console_deliver,
	.flush = console_flush,
	.close = console_close,
};

int
console_show(int fd, const char *line, struct fault *fault)
{
	struct sink_options o = { .kind = SINK_CONSOLE, .name = "console", .descriptor = fd };
	struct sink *s = NULL;
	struct view v = { .root = NULL };
	int r;

	if ((r = sink_open(&o, &s, fault)) < 0)
		return r;
	if (view_open(&v, line))
		put_alert(s->state, &v);
	else
		r = fault_set(fault, SE_FORMAT, "a record that is no JSON object");
	view_close(&v);
	if (r == 0 && sink_flush(s, fault) == SINK_LATER)
		r = SE_SYSTEM;
	sink_close(s);
	return r;
}
