/*
 * cef.c - Common Event Format, version 0 (ArcSight's "Implementing CEF",
 * revision 26). In the header "\" and "|" are escaped, in the extension "\",
 * "=" and line ends; what else controls a terminal is \xNN, as everywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/format/rules.h"
#include "sinks/text.h"

enum cef_how { CEF_TEXT, CEF_MILLIS, CEF_ADDRESS, CEF_PERCENT };

struct cef_row {
	const char *key;
	const char *from;
	enum cef_how how;
	const char *label;		/* of a custom field; NULL: the key has a meaning of its own */
};

/* The first row of a key that has a value wins. Of an address the second key is for IPv6. */
static const struct cef_row rows[] = {
	{ "rt", "timestamp", CEF_MILLIS, NULL },
	{ "dvchost", "host", CEF_TEXT, NULL },
	{ "externalId", "hansho.id", CEF_TEXT, NULL },
	{ "cat", "hansho.kind", CEF_TEXT, NULL },
	{ "cat", "event_type", CEF_TEXT, NULL },
	{ "act", "hansho.state", CEF_TEXT, NULL },
	{ "outcome", "login.outcome", CEF_TEXT, NULL },
	{ "src", "src_ip", CEF_ADDRESS, NULL },
	{ "spt", "src_port", CEF_TEXT, NULL },
	{ "dst", "dest_ip", CEF_ADDRESS, NULL },
	{ "dpt", "dest_port", CEF_TEXT, NULL },
	{ "proto", "proto", CEF_TEXT, NULL },
	{ "app", "app_proto", CEF_TEXT, NULL },
	{ "dhost", "hansho.peer.name", CEF_TEXT, NULL },
	{ "dhost", "tls.sni", CEF_TEXT, NULL },
	{ "dhost", "http.hostname", CEF_TEXT, NULL },
	{ "shost", "hansho.host_identity.name", CEF_TEXT, NULL },
	{ "smac", "hansho.host_identity.mac", CEF_TEXT, NULL },
	{ "suser", "hansho.host_identity.user", CEF_TEXT, NULL },
	{ "suser", "login.user", CEF_TEXT, NULL },
	{ "start", "hansho.first_seen", CEF_MILLIS, NULL },
	{ "start", "flow.start", CEF_MILLIS, NULL },
	{ "end", "hansho.last_seen", CEF_MILLIS, NULL },
	{ "end", "flow.end", CEF_MILLIS, NULL },
	{ "cnt", "hansho.count", CEF_TEXT, NULL },
	{ "out", "hansho.bytes_out", CEF_TEXT, NULL },
	{ "out", "flow.bytes_toserver", CEF_TEXT, NULL },
	{ "in", "hansho.bytes_in", CEF_TEXT, NULL },
	{ "in", "flow.bytes_toclient", CEF_TEXT, NULL },
	{ "request", "http.url", CEF_TEXT, NULL },
	{ "requestMethod", "http.http_method", CEF_TEXT, NULL },
	{ "requestClientApplication", "http.http_user_agent", CEF_TEXT, NULL },
	{ "fname", "fileinfo.filename", CEF_TEXT, NULL },
	{ "fileHash", "fileinfo.sha256", CEF_TEXT, NULL },
	{ "cs1", "hansho.indicator.feed", CEF_TEXT, "feed" },
	{ "cs2", "hansho.indicator.malware", CEF_TEXT, "malware" },
	{ "cs3", "community_id", CEF_TEXT, "communityId" },
	{ "cs4", "hansho.technique", CEF_TEXT, "attackTechnique" },
	{ "cs5", "hansho.indicator.value", CEF_TEXT, "indicator" },
	{ "cs5", "dns.rrname", CEF_TEXT, "question" },
	{ "cs6", "tls.ja4", CEF_TEXT, "ja4" },
	{ "cn1", "hansho.beacon.score", CEF_PERCENT, "beaconScore" },
	{ "cn1", "score", CEF_PERCENT, "beaconScore" },
	{ "cn2", "hansho.revision", CEF_TEXT, "revision" },
	{ "cn3", "hansho.peer.asn", CEF_TEXT, "peerAsn" },
	{ "msg", "hansho.reason", CEF_TEXT, NULL },
	{ "msg", "reason", CEF_TEXT, NULL },
};

enum { ROWS = sizeof rows / sizeof *rows, VALUE_MOST = 1023 };

/* In its dictionary keys hold so many bytes; those not named 1023. */
static const struct word longest[] = {
	{ "cat", "1023" }, { "app", "31" }, { "proto", "31" }, { "act", "63" }, { "outcome", "63" }, { NULL, "1023" },
};

static const struct word severities[] = { { "1", "10" }, { "2", "8" }, { "3", "5" }, { "4", "3" }, { NULL, "0" } };

struct line {
	FILE *to;
	const char *before;		/* the key that was written last */
};

/* Up to `most` bytes, whole characters; `special` get a backslash. */
static void
put_escaped(FILE *to, const char *text, const char *special, bool breaks, size_t most)
{
	struct span in = span_text(text);
	char unit[TEXT_UNIT_MAX], *c;
	size_t len, written = 0;

	for (; in.left > 0 && written < most; written += len) {
		if (*in.at == '\n' || *in.at == '\r') {
			fputs(!breaks ? " " : *in.at == '\n' ? "\\n" : "\\r", to);
			in.at++;
			in.left--;
			len = 2;
			continue;
		}
		if ((len = text_unit(&in, unit)) == 0 || written + len > most)
			break;
		/* An odd byte is written as \xNN: its backslash is text like any other. */
		for (c = unit; *c != '\0'; c++) {
			if (strchr(special, *c) != NULL)
				fputc('\\', to);
			fputc(*c, to);
		}
	}
}

static void
put_header(struct line *l, const char *text)
{
	put_escaped(l->to, text, "\\|", false, VALUE_MOST);
	fputc('|', l->to);
}

static void
put_pair(struct line *l, const char *key, const char *text)
{
	fprintf(l->to, "%s%s=", l->before == NULL ? "" : " ", key);
	put_escaped(l->to, text, "\\=", true, (size_t)atoi(rules_word(longest, key)));
	l->before = key;
}

/* src and dst are IPv4 by the dictionary; IPv6 has custom fields. */
static void
put_address(struct line *l, const struct cef_row *r, const char *text)
{
	bool source = strcmp(r->key, "src") == 0;

	if (strchr(text, ':') == NULL) {
		put_pair(l, r->key, text);
		return;
	}
	put_pair(l, source ? "c6a2Label" : "c6a3Label", source ? "Source IPv6 Address" : "Destination IPv6 Address");
	put_pair(l, source ? "c6a2" : "c6a3", text);
	l->before = r->key;
}

static void
put_row(struct line *l, const struct cef_row *r, const cJSON *eve)
{
	char room[RULES_TEXT_ROOM], number[24], label[32];
	const char *text = rules_text(eve, r->from, room);
	int64_t ms;

	if (text == NULL || text[0] == '\0' || (l->before != NULL && strcmp(l->before, r->key) == 0))
		return;
	if (r->how == CEF_MILLIS) {
		if (!rules_millis(text, &ms))
			return;
		snprintf(number, sizeof number, "%lld", (long long)ms);
		text = number;
	}
	if (r->how == CEF_PERCENT) {
		snprintf(number, sizeof number, "%.0f", strtod(text, NULL) * 100);
		text = number;
	}
	if (r->label != NULL) {
		snprintf(label, sizeof label, "%sLabel", r->key);
		put_pair(l, label, r->label);
	}
	if (r->how == CEF_ADDRESS)
		put_address(l, r, text);
	else
		put_pair(l, r->key, text);
}

static const char *
first(const cJSON *eve, const char *path, const char *other, char room[RULES_TEXT_ROOM])
{
	const char *text = rules_text(eve, path, room);

	if (text == NULL)
		text = rules_text(eve, other, room);
	return text == NULL ? "" : text;
}

char *
format_cef(const cJSON *eve, const char *line)
{
	char *text = NULL, room[RULES_TEXT_ROOM];
	const char *severity;
	size_t size, i;
	struct line l = { .to = open_memstream(&text, &size) };

	(void)line;
	if (l.to == NULL)
		return NULL;
	fputs("CEF:0|hansho|sensor|" HANSHO_VERSION "|", l.to);
	put_header(&l, first(eve, "alert.signature_id", "event_type", room));
	put_header(&l, first(eve, "alert.signature", "event_type", room));
	severity = rules_text(eve, "alert.severity", room);
	put_header(&l, rules_word(severities, severity == NULL ? "" : severity));
	for (i = 0; i < ROWS; i++)
		put_row(&l, &rows[i], eve);
	if (fclose(l.to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
