#include "alert/former.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "alert/names.h"
#include "base/when.h"
#include "records/realm_text.h"

/* As eve.c writes them; no text in a line can hold them, for its quotes would be escaped. */
#define TIME_MARK "{\"timestamp\":\""
#define HEAD_MARK "\"hansho\":{\"id\":\""
#define REVISION_MARK "\",\"revision\":"
#define STATE_MARK ",\"state\":\""

static const char *const states[] = { [ALERT_OPEN] = "open", [ALERT_UPDATE] = "update", [ALERT_CLOSE] = "close" };

/* ---- without reading all ---- */

struct marks {
	const char *id, *revision, *state, *state_end;
};

static bool
find_marks(const char *line, struct marks *m)
{
	const char *at = strstr(line, HEAD_MARK);

	if (at == NULL)
		return false;
	m->id = at + strlen(HEAD_MARK);
	if (strnlen(m->id, ALERT_ID_TEXT) < ALERT_ID_TEXT ||
	    strncmp(m->id + ALERT_ID_TEXT - 1, REVISION_MARK, strlen(REVISION_MARK)) != 0)
		return false;
	m->revision = m->id + ALERT_ID_TEXT - 1 + strlen(REVISION_MARK);
	at = m->revision + strspn(m->revision, "0123456789");
	if (at == m->revision || at - m->revision > 9 || strncmp(at, STATE_MARK, strlen(STATE_MARK)) != 0)
		return false;
	m->state = at + strlen(STATE_MARK);
	m->state_end = strchr(m->state, '"');
	return m->state_end != NULL;
}

bool
former_head(const char *line, struct former_head *out)
{
	struct marks m;
	int s;

	if (!find_marks(line, &m))
		return false;
	memcpy(out->id, m.id, ALERT_ID_TEXT - 1);
	out->id[ALERT_ID_TEXT - 1] = '\0';
	out->revision = (uint32_t)strtoul(m.revision, NULL, 10);
	for (s = ALERT_OPEN; s <= ALERT_CLOSE; s++)
		if (strlen(states[s]) == (size_t)(m.state_end - m.state) &&
		    memcmp(states[s], m.state, strlen(states[s])) == 0) {
			out->state = (enum alert_state)s;
			return out->revision > 0;
		}
	return false;
}

/* The time at a line's beginning. */
static bool
find_time(const char *line, const char **at, const char **end)
{
	if (strncmp(line, TIME_MARK, strlen(TIME_MARK)) != 0)
		return false;
	*at = line + strlen(TIME_MARK);
	*end = strchr(*at, '"');
	return *end != NULL;
}

/* "+0000" is the zone of every line: without it the rest is what when_parse() takes. */
static bool
read_when(const char *text, size_t len, int64_t *ns)
{
	return len > 5 && memcmp(text + len - 5, "+0000", 5) == 0 && when_parse(text, len - 5, 0, ns);
}

bool
former_time(const char *line, int64_t *ts_ns)
{
	const char *at, *end;

	return find_time(line, &at, &end) && read_when(at, (size_t)(end - at), ts_ns);
}

char *
former_line(const char *line, const struct alert *a)
{
	const char *time, *time_end;
	char when[WHEN_TEXT_MAX], *out = NULL;
	struct marks m;

	if (!find_time(line, &time, &time_end) || !find_marks(line, &m) || a->state > ALERT_CLOSE ||
	    asprintf(&out, "%.*s%s%.*s%u" STATE_MARK "%s%s", (int)(time - line), line, when_eve(a->ts_ns, when),
	    (int)(m.revision - time_end), time_end, a->revision, states[a->state], m.state_end) < 0)
		return NULL;
	return out;
}

/* ---- all of it ---- */

static const cJSON *
member(const cJSON *in, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(in, key);
}

static const char *
text_of(const cJSON *in, const char *key)
{
	const cJSON *item = member(in, key);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static uint64_t
number_of(const cJSON *in, const char *key)
{
	const cJSON *item = member(in, key);

	return cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 9007199254740992.0 ?
	    (uint64_t)item->valuedouble : 0;
}

static bool
time_of(const cJSON *in, const char *key, int64_t *ns)
{
	const char *text = text_of(in, key);

	return read_when(text, strlen(text), ns);
}

static void
addr_of(const cJSON *in, const char *key, struct addr *out)
{
	const char *text = text_of(in, key);

	if (!addr_parse(text, strlen(text), out))
		memset(out, 0, sizeof *out);
}

/* Which of `count` names is it? `count`: none. */
static int
choice_of(const char *text, const char *(*name)(int), int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (strcmp(name(i), text) == 0)
			return i;
	return count;
}

static const char *
kind_name(int i)
{
	return names_kind((enum finding_kind)i);
}

static const char *
severity_name(int i)
{
	return names_severity((enum severity)i);
}

static const char *
tunnel_name(int i)
{
	return realm_tunnel_text((uint16_t)i);
}

static const char *
type_name(int i)
{
	return indicator_type_text((enum indicator_type)i);
}

static const char *
role_name(int i)
{
	return indicator_role_text((enum indicator_role)i);
}

static void
read_realm(const cJSON *hansho, struct realm *r)
{
	const cJSON *realm = member(hansho, "realm"), *tags = member(realm, "vlan"), *tag;
	int i, tunnel = choice_of(text_of(realm, "tunnel"), tunnel_name, TUNNEL_KINDS);

	for (i = 0; i < 2; i++)
		if (cJSON_IsNumber(tag = cJSON_GetArrayItem(tags, i)) && tag->valuedouble >= 0 && tag->valuedouble < 65536)
			r->vlan[i] = (uint16_t)tag->valuedouble;
	if (tunnel < TUNNEL_KINDS)
		r->tunnel = (uint16_t)tunnel;
	r->tunnel_id = (uint32_t)number_of(realm, "tunnel_id");
	addr_of(realm, "outer", &r->outer);
}

static void
read_indicator(struct former *f, const cJSON *o)
{
	int type = choice_of(text_of(o, "type"), type_name, INDICATOR_TYPES);
	int role = choice_of(text_of(o, "role"), role_name, ROLE_KINDS);

	if (type == INDICATOR_TYPES || role == ROLE_KINDS)
		return;
	f->indicator = (struct indicator){
		.type = (enum indicator_type)type, .role = (enum indicator_role)role, .value = text_of(o, "value"),
		.feed = text_of(o, "feed"), .malware = text_of(o, "malware"), .reference = text_of(o, "entry"),
		.line = (uint32_t)number_of(o, "line"), .confidence = (uint8_t)number_of(o, "confidence"),
		.first_seen_ns = WHEN_UNKNOWN, .last_seen_ns = WHEN_UNKNOWN, .valid_until_ns = WHEN_UNKNOWN,
	};
	time_of(o, "first_seen", &f->indicator.first_seen_ns);
	time_of(o, "last_seen", &f->indicator.last_seen_ns);
	time_of(o, "valid_until", &f->indicator.valid_until_ns);
	f->finding.indicator = &f->indicator;
}

static bool
read_finding(struct former *f, const cJSON *hansho)
{
	int kind = choice_of(text_of(hansho, "kind"), kind_name, FINDING_KINDS);
	int severity = choice_of(text_of(hansho, "severity"), severity_name, SEVERITY_LOW + 1);
	struct finding *to = &f->finding;

	if (kind == FINDING_KINDS || severity < SEVERITY_CRITICAL || severity > SEVERITY_LOW)
		return false;
	to->kind = (enum finding_kind)kind;
	to->severity = (enum severity)severity;
	to->subject = text_of(hansho, "subject");
	to->reason = text_of(hansho, "reason");
	to->service = text_of(member(hansho, "beacon"), "service");
	to->feeds = "";
	read_realm(hansho, &to->realm);
	addr_of(hansho, "host", &to->host);
	addr_of(member(hansho, "peer"), "ip", &to->peer);
	if (to->kind == FINDING_CASE && !time_of(member(hansho, "case"), "opened", &f->case_opened_ns))
		return false;
	if (member(hansho, "indicator") != NULL)
		read_indicator(f, member(hansho, "indicator"));
	return true;
}

static bool
read_alert(struct former *f, const cJSON *hansho)
{
	struct alert *a = &f->alert;

	memcpy(a->id, f->head.id, sizeof a->id);
	a->revision = f->head.revision;
	a->state = f->head.state;
	a->count = number_of(hansho, "count");
	a->bytes_out = number_of(hansho, "bytes_out");
	a->bytes_in = number_of(hansho, "bytes_in");
	f->signature_id = (uint32_t)number_of(member(f->root, "alert"), "signature_id");
	a->signature = text_of(member(f->root, "alert"), "signature");
	a->held_by = text_of(hansho, "held_by");
	snprintf(a->case_id, sizeof a->case_id, "%s", text_of(hansho, "case_id"));
	a->member = cJSON_IsTrue(member(hansho, "quiet")) && a->state != ALERT_UPDATE;
	a->finding = &f->finding;
	f->finding.ts_ns = 0;
	if (!time_of(f->root, "timestamp", &a->ts_ns))
		return false;
	if (!time_of(hansho, "last_seen", &a->last_ns))
		a->last_ns = a->ts_ns;
	if (!time_of(hansho, "first_seen", &a->first_ns))
		a->first_ns = a->last_ns;
	f->finding.ts_ns = a->last_ns;
	f->finding.first_ns = a->first_ns;
	return true;
}

bool
former_read(struct former *f, const char *line)
{
	const cJSON *hansho;

	memset(f, 0, sizeof *f);
	if (!former_head(line, &f->head) || (f->root = cJSON_Parse(line)) == NULL)
		return false;
	hansho = member(f->root, "hansho");
	return read_finding(f, hansho) && read_alert(f, hansho);
}

void
former_clear(struct former *f)
{
	cJSON_Delete(f->root);
	f->root = NULL;
}
