/*
 * row_download.c - an executable, script, shortcut, disk image or document
 * with macros that comes under a harmless type or name, or from a bare
 * address, soon after mail or to an Office program.
 */
#include "behaviour/private.h"

enum {
	POINTS_DENIED = 60, POINTS_DENIED_WEAKLY = 45, POINTS_BARE = 35, POINTS_OFFICE = 50, POINTS_TOOL = 25,
	POINTS_NO_AGENT = 10, POINTS_AFTER = 20, SUSPECT = 30
};

static const int kind_points[FILE_KINDS] = {
	[FILE_PE] = 15, [FILE_ELF] = 15, [FILE_MACHO] = 15, [FILE_SCRIPT] = 5, [FILE_LNK] = 25, [FILE_ISO] = 15,
};

enum { POINTS_MACROS = 20 };

static bool
has_any(struct span text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (span_has(text, *words))
			return true;
	return false;
}

static bool
is_office(struct span agent)
{
	static const char *const words[] = { "ms-office", "msoffice", "microsoft office", "microsoft word",
	    "microsoft excel", "microsoft outlook", "libreoffice", NULL };

	return has_any(agent, words);
}

/* What scripts and documents fetch with, and people seldom do. */
static bool
is_tool(struct span agent)
{
	static const char *const words[] = { "powershell", "certutil", "winhttp", "wininet", "mshta", "wscript", NULL };

	return has_any(agent, words);
}

/* Servers that do not know a file's type say one of these: that denies less than "image/png". */
static bool
is_default_type(struct span declared)
{
	return span_has(declared, "text/") || span_has(declared, "json") || span_has(declared, "xml");
}

static const char *
kind_of(const struct observation *o, int *points)
{
	enum file_kind kind = o->detail == FILE_GZIP ? o->inner : o->detail;

	if (o->flags & OBSERVED_MACROS) {
		*points = POINTS_MACROS;
		return "macros";
	}
	if (kind >= FILE_KINDS || kind_points[kind] == 0)
		return NULL;
	*points = kind_points[kind];
	return file_kind_text(kind);
}

const char *
download_kind(const char *text)
{
	unsigned k;

	if (strcmp(text, "macros") == 0)
		return "macros";
	for (k = 0; k < FILE_KINDS; k++)
		if (strcmp(text, file_kind_text(k)) == 0)
			return file_kind_text(k);
	return NULL;
}

static void
weigh_sender(struct sight *s, struct score *c, struct span agent)
{
	struct host *h = sight_known(s);
	int64_t mail = h == NULL ? -1 : sight_since(s, h->mail_ns, s->limits->lure_sec);
	int64_t office = h == NULL ? -1 : sight_since(s, h->office_ns, s->limits->lure_sec);

	if (is_office(agent))
		score_word(c, "agent", "office", POINTS_OFFICE);
	else if (is_tool(agent))
		score_word(c, "agent", "tool", POINTS_TOOL);
	else if (agent.left == 0)
		score_word(c, "agent", "none", POINTS_NO_AGENT);
	if (office >= 0 && !is_office(agent))
		score_number(c, "after_office_sec", (uint64_t)office, POINTS_AFTER);
	if (mail >= 0)
		score_number(c, "after_mail_sec", (uint64_t)mail, POINTS_AFTER);
}

static void
weigh(struct sight *s, struct score *c, const char *kind, int kind_weight)
{
	const struct observation *o = s->o;
	struct span declared = observation_text(o, TEXT_CONTENT_TYPE);

	score_begin(c);
	score_word(c, "kind", kind, kind_weight);
	score_addr(c, "peer", s->peer, 0);
	if (s->reach == REACH_BARE)
		score_word(c, "from", "bare_address", POINTS_BARE);
	else
		score_text(c, "host", observation_text(o, TEXT_SERVICE), 0);
	if (o->flags & OBSERVED_MISMATCHED)
		score_word(c, "denied_by", "type_or_name",
		    is_default_type(declared) ? POINTS_DENIED_WEAKLY : POINTS_DENIED);
	score_text(c, "declared", declared, 0);
	score_text(c, "file", observation_text(o, TEXT_FILE_NAME), 0);
	score_text(c, "sha256", observation_text(o, TEXT_FILE_SHA256), 0);
	score_number(c, "bytes", o->body_bytes, 0);
	weigh_sender(s, c, observation_text(o, TEXT_USER_AGENT));
}

/* The scripts of web pages, to what may be a browser. */
static bool
is_page_script(const struct observation *o, struct span agent)
{
	struct span declared = observation_text(o, TEXT_CONTENT_TYPE);

	return o->detail == FILE_SCRIPT && agent.left > 0 && !is_office(agent) && !is_tool(agent) &&
	    (span_has(declared, "javascript") || span_has(declared, "html") || span_has(declared, "css"));
}

void
download_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct span agent = observation_text(o, TEXT_USER_AGENT);
	const char *kind;
	struct score c;
	struct host *h;
	int points = 0;

	if ((o->flags & OBSERVED_RESPONSE) == 0 || o->host_side != ORIGINATOR || o->app == APP_SMTP)
		return;
	kind = kind_of(o, &points);
	if (kind != NULL && !is_page_script(o, agent)) {
		weigh(s, &c, kind, points);
		if (score_confidence(&c) >= SUSPECT && (h = sight_host(s)) != NULL) {
			h->download.at_ns = o->ts_ns;
			h->download.peer = *s->peer;
			h->download.confidence = score_confidence(&c);
			h->download.kind = kind;
			sight_ring(s, ROW_DOWNLOAD, &c, o->ts_ns);
		}
	}
	if (is_office(agent) && (h = sight_host(s)) != NULL)
		h->office_ns = o->ts_ns;
}
