#include "sinks/syslog_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/when.h"
#include "sinks/text.h"
#include "sinks/view.h"

enum { VALUE_MOST = 255, TEXT_RESERVE = 120 };

void
syslog_host(const char *name, char host[256])
{
	size_t n;

	for (n = 0; name[n] != '\0' && n < 255; n++)
		host[n] = name[n] > ' ' && name[n] < 0x7f ? name[n] : '_';
	if (n == 0)
		host[n++] = '-';
	host[n] = '\0';
}

/* RFC 5424, table 2: critical 2, warning 4, notice 5, informational 6. */
static unsigned
syslog_severity(const struct view *v)
{
	static const unsigned levels[] = { 6, 2, 4, 5, 6 };

	return v->severity < 5 ? levels[v->severity] : 6;
}

/* What kind of message: "c2.feed", "infected.feed", "beacon", "sensor", "http", ... */
static const char *
message_id(enum record_kind kind, const struct view *v)
{
	static const char *const names[RECORD_KINDS] = {
		[RECORD_BEACON] = "beacon", [RECORD_HTTP] = "http", [RECORD_TLS] = "tls",
		[RECORD_DNS] = "dns", [RECORD_FLOW] = "flow",
		[RECORD_SMTP] = "smtp", [RECORD_FILEINFO] = "fileinfo", [RECORD_LOGIN] = "login",
		[RECORD_REMOTE] = "remote", [RECORD_IDENTITY] = "identity", [RECORD_UNKNOWN] = "unknown",
		[RECORD_HELD] = "held", [RECORD_CENSUS] = "census",
	};
	static const char *const roles[] = { "download", "infected", "suspicious" };
	static const char *const feeds[] = { "download.feed", "infected.feed", "suspicious.feed" };
	static const char *const kinds[] = { "case", "behaviour", "evasion", "summary" };
	size_t i;

	if (kind != RECORD_ALERT && kind != RECORD_MEMBER)
		return kind < RECORD_KINDS && names[kind] != NULL ? names[kind] : "-";
	for (i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (strcmp(v->role, roles[i]) == 0)
			return feeds[i];
	if (v->ioc[0] != '\0' || v->feed[0] != '\0')
		return "c2.feed";
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(v->kind, kinds[i]) == 0)
			return kinds[i];
	if (strcmp(v->kind, "sensor") == 0 || v->host[0] == '\0')
		return "sensor";
	return "beacon";
}

/* PARAM-VALUE: '"', '\' and ']' are escaped (RFC 5424, section 6.3.3). */
static bool
add_escaped(struct text *t, const char *value)
{
	struct span in = span_text(value);
	char unit[TEXT_UNIT_MAX];
	size_t n, i, done = 0;

	while ((n = text_unit(&in, unit)) > 0 && (done += n) <= VALUE_MOST) {
		for (i = 0; i < n; i++) {
			if (strchr("\"\\]", unit[i]) != NULL && !text_add(t, "\\"))
				return false;
			if (!text_addf(t, "%c", unit[i]))
				return false;
		}
	}
	return true;
}

/* A parameter that does not fit is left out whole. */
static void
add_param(struct text *t, const char *name, const char *value)
{
	size_t before = t->len;

	if (value[0] == '\0')
		return;
	if (text_addf(t, " %s=\"", name) && add_escaped(t, value) && text_add(t, "\""))
		return;
	t->len = before;
	t->at[before] = '\0';
}

static void
add_number(struct text *t, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, value);
	if (value != 0)
		add_param(t, name, text);
}

/* Most telling first, for what does not fit is left out. */
static void
add_params(struct text *t, const struct view *v)
{
	add_param(t, "id", v->id);
	add_number(t, "rev", v->revision);
	add_param(t, "state", v->state);
	add_param(t, "sev", view_severity_text(v));
	add_param(t, "src", v->src);
	add_number(t, "spt", v->src_port);
	add_param(t, "dst", v->dst);
	add_number(t, "dpt", v->dst_port);
	add_param(t, "proto", v->proto);
	add_param(t, "mac", v->mac);
	add_param(t, "macsrc", v->mac_source);
	add_param(t, "hname", v->name);
	add_param(t, "hnamesrc", v->name_source);
	add_param(t, "user", v->user);
	add_param(t, "usersrc", v->user_source);
	add_param(t, "ioc", v->ioc);
	add_param(t, "type", v->ioc_type);
	add_param(t, "feed", v->feed);
	add_param(t, "malware", v->malware);
	add_param(t, "technique", v->technique);
	add_number(t, "count", v->count);
	add_number(t, "out", v->bytes_out);
	add_number(t, "in", v->bytes_in);
	add_param(t, "vlan", v->vlan);
	add_param(t, "tunnel", v->tunnel);
	add_number(t, "tid", v->tunnel_id);
	add_param(t, "outer", v->outer);
	add_param(t, "tsrc", v->tunnel_src);
	add_param(t, "tdst", v->tunnel_dst);
	add_number(t, "asn", v->asn);
	add_param(t, "cc", v->country);
	add_param(t, "cid", v->community_id);
	add_param(t, "app", v->app_proto);
	add_param(t, "name", v->peer_name);
	add_param(t, "sni", v->sni);
	add_param(t, "host", v->hostname);
	add_param(t, "url", v->url);
}

static void
add_endpoint(struct text *t, const char *address, uint32_t port)
{
	bool brackets = strchr(address, ':') != NULL && port != 0;

	text_add(t, brackets ? "[" : "");
	text_add_clean(t, address, VALUE_MOST);
	text_add(t, brackets ? "]" : "");
	if (port != 0)
		text_addf(t, ":%u", port);
}

/* " (DESK-7 by dhcp)" */
static void
add_machine(struct text *t, const struct view *v)
{
	bool named = v->name[0] != '\0';

	if (!named && v->mac[0] == '\0')
		return;
	text_add(t, " (");
	text_add_clean(t, named ? v->name : v->mac, VALUE_MOST);
	text_add(t, " by ");
	text_add_clean(t, named ? v->name_source : v->mac_source, VALUE_MOST);
	text_add(t, ")");
}

static void
add_words(struct text *t, const struct view *v)
{
	text_add_clean(t, v->signature[0] != '\0' ? v->signature : v->event_type, VALUE_MOST);
	if (v->host[0] != '\0') {
		text_add(t, ": ");
		add_endpoint(t, v->host, 0);
		add_machine(t, v);
		text_add(t, " -> ");
		add_endpoint(t, v->peer, v->peer_port);
	}
	if (view_peer_name(v)[0] != '\0') {
		text_add(t, " ");
		text_add_clean(t, view_peer_name(v), VALUE_MOST);
	}
	if (strcmp(v->state, "update") == 0 || strcmp(v->state, "close") == 0)
		text_addf(t, " (%s, %" PRIu64 " times)", v->state[0] == 'u' ? "goes on" : "over",
		    v->count);
	if (v->reason[0] != '\0') {
		text_add(t, ": ");
		text_add_clean(t, v->reason, t->size);
	}
}

static void
add_head(struct text *t, const struct syslog_sender *from, const char *id, const struct view *v)
{
	char buf[WHEN_TEXT_MAX];
	int64_t ns;

	text_add(t, "1 ");
	if (when_parse(v->timestamp, strlen(v->timestamp), 0, &ns))
		text_add(t, when_rfc3339(ns, buf));
	else
		text_add(t, "-");
	text_addf(t, " %s hansho %ld %s ", from->host, from->process, id);
}

/* Local time, English months (RFC 3164, section 4.1.2). */
static void
add_local_head(struct text *t, const struct syslog_sender *from, const struct view *v)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;
	time_t sec;
	int64_t ns;

	if (when_parse(v->timestamp, strlen(v->timestamp), 0, &ns)) {
		sec = (time_t)(ns / NS_PER_SEC);
		localtime_r(&sec, &tm);
		text_addf(t, "%.3s %2d %02d:%02d:%02d ", months + 3 * tm.tm_mon, tm.tm_mday,
		    tm.tm_hour, tm.tm_min, tm.tm_sec);
		if (from->bsd && !from->local)
			text_addf(t, "%s ", from->host);
	}
	text_addf(t, "hansho[%ld]: ", from->process);
}

size_t
syslog_format(const struct syslog_sender *from, enum record_kind kind, const char *line, char *buf,
    size_t size)
{
	bool old = from->local || from->bsd;
	struct text t;
	struct view v;

	text_init(&t, buf, size);
	if (!view_open(&v, line)) {
		view_close(&v);
		return 0;
	}
	text_addf(&t, "<%u>", from->facility * 8u + syslog_severity(&v));
	if (old)
		add_local_head(&t, from, &v);
	else
		add_head(&t, from, message_id(kind, &v), &v);
	text_add(&t, "[c2@32473");
	t.size = size - TEXT_RESERVE;
	add_params(&t, &v);
	t.size = size;
	text_add(&t, old ? "] " : "] \xef\xbb\xbf");
	add_words(&t, &v);
	view_close(&v);
	return t.len;
}
