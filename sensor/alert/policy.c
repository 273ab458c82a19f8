#include "alert/policy.h"

#include "alert/ageing.h"
#include "alert/words.h"

enum { VALUE_MAX = 2200, NAME_MAX_BYTES = 256, REFERENCE_MAX = 512, FEEDS_MAX_BYTES = 1100, REASON_MAX = 4096, NOTE_MAX = 1024 };

/* The texts of one match, with NULs. */
struct match_texts {
	char value[VALUE_MAX], feed[NAME_MAX_BYTES], feeds[FEEDS_MAX_BYTES], malware[NAME_MAX_BYTES];
	char reference[REFERENCE_MAX], service[NAME_MAX_BYTES], reason[REASON_MAX];
};

static void
copy_text(const struct observation *o, enum observation_text tag, char *to, size_t size)
{
	struct span s = observation_text(o, tag);
	size_t len = s.left < size - 1 ? s.left : size - 1;

	if (len > 0)
		memcpy(to, s.at, len);
	to[len] = '\0';
}

enum severity
policy_severity(enum indicator_role role, enum indicator_type type, uint8_t confidence)
{
	static const enum severity c2[INDICATOR_TYPES] = {
		[INDICATOR_ADDRESS] = SEVERITY_HIGH, [INDICATOR_ADDRESS_PORT] = SEVERITY_HIGH,
		[INDICATOR_CIDR] = SEVERITY_MEDIUM, [INDICATOR_DOMAIN] = SEVERITY_HIGH,
		[INDICATOR_URL] = SEVERITY_HIGH, [INDICATOR_JA3] = SEVERITY_MEDIUM,
		[INDICATOR_JA4] = SEVERITY_MEDIUM, [INDICATOR_CERT_SHA1] = SEVERITY_HIGH,
		[INDICATOR_JA3S] = SEVERITY_LOW, [INDICATOR_CERT_SHA256] = SEVERITY_HIGH,
		[INDICATOR_FILE_SHA256] = SEVERITY_HIGH, [INDICATOR_USER_AGENT] = SEVERITY_MEDIUM,
	};
	enum severity s = SEVERITY_LOW;

	if (role == ROLE_C2 && type < INDICATOR_TYPES)
		s = c2[type];
	else if (role == ROLE_DOWNLOAD)
		s = type == INDICATOR_URL || type == INDICATOR_FILE_SHA256 ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	else if (role == ROLE_INFECTED || role == ROLE_SINKHOLE)
		s = SEVERITY_MEDIUM;
	if (confidence > 0 && confidence < 50 && s < SEVERITY_LOW)
		s++;
	return s;
}

/* Is what the feed lists the host that we watch over, and not whom it calls? */
static bool
is_the_host(const struct indicator *i, const struct finding *f)
{
	const char *value = i->value, *colon = strrchr(value, ':');
	size_t len = strlen(value);
	struct cidr net;

	if (i->type > INDICATOR_CIDR)
		return false;
	if (i->type == INDICATOR_ADDRESS_PORT && colon != NULL)
		len = (size_t)(colon - value);
	if (len > 2 && value[0] == '[') {
		value++;
		len -= 2;
	}
	return cidr_parse(value, len, &net) && cidr_contains(&net, &f->host) &&
	    !cidr_contains(&net, &f->peer);
}

static void
set_ends(struct finding *f, const struct observation *o)
{
	f->ts_ns = f->first_ns = o->ts_ns;
	f->realm = o->key.realm;
	f->host = o->key.addr[o->host_side];
	f->peer = o->key.addr[!o->host_side];
	f->host_port = o->key.port[o->host_side];
	f->peer_port = o->key.port[!o->host_side];
	f->protocol = o->key.protocol;
	f->because = o;
}

static enum severity
faded(enum severity s, enum indicator_state state)
{
	if (state == INDICATOR_EXPIRED || s == SEVERITY_LOW)
		return SEVERITY_LOW;
	return state == INDICATOR_FADING ? s + 1 : s;
}

static enum language
language_of(const struct policy_options *options)
{
	return options == NULL ? LANGUAGE_EN : options->language;
}

bool
policy_match(const struct policy_options *options, const struct observation *match,
    finding_fn *emit, void *to)
{
	struct match_texts texts;
	struct indicator i;
	struct finding f;
	struct aged aged;

	if (match->kind != OBSERVE_MATCH)
		return true;
	aged = ageing_look(options == NULL ? NULL : &options->ageing, match);
	if (aged.state == INDICATOR_EXPIRED && (options == NULL || !options->expired))
		return false;
	copy_text(match, TEXT_INDICATOR_VALUE, texts.value, sizeof texts.value);
	copy_text(match, TEXT_INDICATOR_FEED, texts.feed, sizeof texts.feed);
	copy_text(match, TEXT_INDICATOR_FEEDS, texts.feeds, sizeof texts.feeds);
	copy_text(match, TEXT_INDICATOR_MALWARE, texts.malware, sizeof texts.malware);
	copy_text(match, TEXT_INDICATOR_REFERENCE, texts.reference, sizeof texts.reference);
	copy_text(match, TEXT_SERVICE, texts.service, sizeof texts.service);
	i = (struct indicator){
		.type = match->indicator_type, .role = match->indicator_role, .value = texts.value,
		.feed = texts.feed, .malware = texts.malware, .reference = texts.reference,
		.line = match->indicator_line, .confidence = match->indicator_confidence,
		.first_seen_ns = match->indicator_first_ns, .last_seen_ns = match->indicator_last_ns,
		.valid_until_ns = match->indicator_until_ns,
	};
	memset(&f, 0, sizeof f);
	f.kind = FINDING_INDICATOR;
	set_ends(&f, match);
	f.feeds = texts.feeds[0] != '\0' ? texts.feeds : texts.feed;
	f.state = aged.state;
	f.dated = aged.dated;
	f.age_days = aged.days;
	words_indicator(&i, &f, is_the_host(&i, &f), language_of(options), texts.reason, sizeof texts.reason);
	f.service = texts.service;
	f.subject = texts.value;
	f.reason = texts.reason;
	f.severity = faded(policy_severity(i.role, i.type, i.confidence), f.state);
	f.indicator = &i;
	if ((match->flags & OBSERVED_RETRO) != 0) {
		f.kind = FINDING_RETRO;
		f.first_ns = match->flow_first_ns;
		words_retro(match, &i, f.feeds, language_of(options), texts.reason, sizeof texts.reason);
	}
	emit(to, &f);
	return true;
}

void
policy_evasion(const struct policy_options *options, const struct observation *seen, finding_fn *emit, void *to)
{
	char reason[REASON_MAX], service[NAME_MAX_BYTES], peer[ADDR_TEXT_MAX];
	bool answer = (seen->flags & OBSERVED_RESPONSE) != 0;
	struct finding f;

	if (seen->kind != OBSERVE_EVASION)
		return;
	copy_text(seen, TEXT_SERVICE, service, sizeof service);
	memset(&f, 0, sizeof f);
	f.kind = FINDING_EVASION;
	set_ends(&f, seen);
	f.service = service;
	f.subject = service[0] != '\0' ? service : addr_text(&f.peer, peer);
	/* Filters and portals inject answers, too; what the host itself sends nobody changes on its way. */
	f.severity = answer == (seen->host_side == RESPONDER) ? SEVERITY_MEDIUM : SEVERITY_LOW;
	f.reason = words_evasion(seen, language_of(options), reason, sizeof reason);
	emit(to, &f);
}

void
policy_trouble(const char *subject, const char *words, int64_t ts_ns, bool over, finding_fn *emit, void *to)
{
	struct finding f;

	memset(&f, 0, sizeof f);
	f.kind = FINDING_SENSOR;
	f.ts_ns = f.first_ns = ts_ns;
	f.service = "";
	f.subject = subject;
	f.reason = words;
	f.over = over;
	f.severity = SEVERITY_MEDIUM;
	emit(to, &f);
}

void
policy_sensor(const struct observation *note, finding_fn *emit, void *to)
{
	char words[NOTE_MAX], subject[NOTE_MAX];

	if (note->kind != OBSERVE_SENSOR)
		return;
	copy_text(note, TEXT_NOTE, words, sizeof words);
	copy_text(note, TEXT_SERVICE, subject, sizeof subject);
	policy_trouble(subject[0] != '\0' ? subject : words, words, note->ts_ns, (note->flags & OBSERVED_OVER) != 0,
	    emit, to);
}
