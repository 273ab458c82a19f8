#include "engine/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/feeds.h"
#include "indicators/indicators.h"
#include "record.h"

static const char *const default_home[] = {
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",	/* RFC 1918 */
	"100.64.0.0/10",					/* RFC 6598 */
	"169.254.0.0/16", "fe80::/10",				/* link-local */
	"fc00::/7",						/* RFC 4193 */
};

static void
set_limits(struct config *c)
{
	c->decode = (struct decode_limits){
		.fragment_datagrams = 4096, .fragment_bytes = 16u << 20,
		.fragment_timeout_sec = 30, .checksum = CHECKSUM_AUTO,
	};
	c->flow = (struct flow_limits){
		.max_flows = 1000000, .tcp_new_sec = 60, .tcp_established_sec = 3600,
		.tcp_closed_sec = 10, .udp_sec = 120, .icmp_sec = 30, .other_sec = 60,
	};
	c->reassembly = (struct reassembly_limits){
		.max_streams = 65536, .side_bytes = 1u << 20, .side_segments = 4096,
		.total_bytes = 256u << 20, .hole_sec = 2,
	};
	c->proto = (struct proto_limits){
		.header_bytes = 65536, .handshake_bytes = 65536, .flow_bytes = 262144,
	};
	c->max_indicators = 5000000;
	c->beacon = (struct beacon_limits){
		.max_keys = 500000, .min_contacts = 12, .alert_score = 0.8, .record_score = 0.5,
		.burst_sec = 2,
	};
	c->burst_pause_sec = 3;
	c->alert = (struct alert_limits){
		.max_open = 100000, .max_names = 200000, .update_sec = 300, .close_sec = 3600,
	};
	c->journal = (struct journal_limits){
		.segment_bytes = 16u << 20, .max_bytes = 1u << 30, .sync = false,
		.urgent_kinds = 1u << RECORD_ALERT,
	};
}

int
config_defaults(struct config *c)
{
	size_t i;

	memset(c, 0, sizeof *c);
	if (gethostname(c->sensor_name, sizeof c->sensor_name - 1) < 0 || c->sensor_name[0] == '\0')
		snprintf(c->sensor_name, sizeof c->sensor_name, "hansho");
	snprintf(c->state_directory, sizeof c->state_directory, "/var/lib/hansho");
	snprintf(c->user, sizeof c->user, "nobody");
	c->capture.snaplen = 262144;
	c->capture.buffer_mib = 64;
	c->capture.poll_ms = 100;
	c->capture.promiscuous = true;
	c->workers = 1;
	c->ring_mib = 16;
	c->drain_sec = 10;
	c->records = 1u << RECORD_ALERT | 1u << RECORD_BEACON;
	set_limits(c);
	for (i = 0; i < sizeof default_home / sizeof *default_home; i++)
		if (config_add_home(c, default_home[i], NULL) < 0)
			return SE_NOMEM;
	return 0;
}

void
config_clear(struct config *c)
{
	free(c->home);
	free(c->feeds);
	free(c->sinks);
	memset(c, 0, sizeof *c);
}

/* Room for one more at the end of an array that grows by one; NULL without memory. */
static void *
grow(void **array, unsigned count, size_t size)
{
	char *p = realloc(*array, (count + 1) * size);

	if (p == NULL)
		return NULL;
	*array = p;
	memset(p + count * size, 0, size);
	return p + count * size;
}

int
config_add_home(struct config *c, const char *text, struct fault *fault)
{
	struct cidr network, *to;

	if (!cidr_parse(text, strlen(text), &network))
		return fault_set(fault, SE_USAGE,
		    "\"%s\" is no network: expected an address or CIDR such as 192.0.2.0/24", text);
	if ((to = grow((void **)&c->home, c->home_count, sizeof *to)) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for home networks");
	*to = network;
	c->home_count++;
	return 0;
}

/* "feeds/feodo.csv" → "feodo" */
static void
name_after_file(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/');
	char *dot;

	snprintf(name, size, "%s", base == NULL ? path : base + 1);
	if ((dot = strchr(name, '.')) != NULL && dot != name)
		*dot = '\0';
}

static bool
is_format(const char *text, size_t len)
{
	const struct feed_format *f;

	for (f = feed_formats; f->name != NULL; f++)
		if (strlen(f->name) == len && memcmp(f->name, text, len) == 0)
			return true;
	return false;
}

int
config_add_feed(struct config *c, const char *text, struct fault *fault)
{
	const char *colon = strchr(text, ':'), *path = text;
	struct config_feed *f;
	size_t format_len = 0;

	if (colon != NULL && is_format(text, (size_t)(colon - text))) {
		format_len = (size_t)(colon - text);
		path = colon + 1;
	}
	if (*path == '\0' || strlen(path) >= sizeof f->path)
		return fault_set(fault, SE_USAGE, "feed \"%s\": expected [FORMAT:]PATH", text);
	if (c->feeds_count >= FEEDS_MAX)
		return fault_set(fault, SE_LIMIT, "feed \"%s\": at most %d feeds", text, (int)FEEDS_MAX);
	if ((f = grow((void **)&c->feeds, c->feeds_count, sizeof *f)) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for feeds");
	memcpy(f->format, text, format_len);
	snprintf(f->path, sizeof f->path, "%s", path);
	name_after_file(path, f->name, sizeof f->name);
	c->feeds_count++;
	return 0;
}

static const char *const sink_names[SINK_KINDS] = {
	[SINK_CONSOLE] = "console", [SINK_EVE] = "eve", [SINK_SYSLOG] = "syslog",
	[SINK_WEBHOOK] = "webhook",
};

struct sink_options *
config_add_sink(struct config *c, enum sink_kind kind, const char *target)
{
	struct sink_options *s = grow((void **)&c->sinks, c->sinks_count, sizeof *s);

	if (s == NULL)
		return NULL;
	s->kind = kind;
	snprintf(s->name, sizeof s->name, "%s-%u", sink_names[kind], c->sinks_count);
	snprintf(s->target, sizeof s->target, "%s", target);
	snprintf(s->sensor_name, sizeof s->sensor_name, "%s", c->sensor_name);
	s->records = kind == SINK_EVE ? c->records : 1u << RECORD_ALERT;
	s->timeout_ms = 5000;
	s->retry_min_ms = 500;
	s->retry_max_ms = 60000;
	s->facility = 16;	/* local0 */
	s->descriptor = -1;
	c->sinks_count++;
	return s;
}

static const char *const record_names[RECORD_KINDS] = {
	[RECORD_ALERT] = "alert", [RECORD_BEACON] = "beacon", [RECORD_HTTP] = "http",
	[RECORD_TLS] = "tls", [RECORD_DNS] = "dns", [RECORD_FLOW] = "flow",
};

static unsigned
record_bit(const char *text, size_t len)
{
	unsigned k;

	for (k = RECORD_ALERT; k < RECORD_KINDS; k++)
		if (strlen(record_names[k]) == len && memcmp(record_names[k], text, len) == 0)
			return 1u << k;
	return 0;
}

int
config_parse_records(const char *text, unsigned *bits, struct fault *fault)
{
	unsigned all = 0, bit;
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if ((bit = record_bit(text, len)) == 0)
			return fault_set(fault, SE_USAGE, "\"%.*s\" is no kind of record: expected "
			    "some of alert,beacon,http,tls,dns,flow", (int)len, text);
		all |= bit;
		if (text[len] == '\0')
			break;
	}
	*bits = all;
	return 0;
}
