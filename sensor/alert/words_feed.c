/* words_feed.c - what a feed knew, in words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alert/words.h"
#include "base/sentence.h"
#include "base/when.h"

enum { SOURCES_MAX = 2048, FEEDS_NAMED = 4, NUMBER_MAX = 24 };

#define NS_PER_DAY (86400 * NS_PER_SEC)

/* ---- the tables ---- */

/* What was done with the indicated thing. */
static const char *const deeds[INDICATOR_TYPES][LANGUAGES] = {
	[INDICATOR_ADDRESS] = { "contacts {value}", "{value} と通信した" },
	[INDICATOR_ADDRESS_PORT] = { "contacts {value}", "{value} と通信した" },
	[INDICATOR_CIDR] = { "contacts an address in {value}", "{value} 内のアドレスと通信した" },
	[INDICATOR_DOMAIN] = { "uses the name {value}", "名前 {value} を使った" },
	[INDICATOR_URL] = { "asks for {value}", "{value} を要求した" },
	[INDICATOR_JA3] = { "has the TLS fingerprint (JA3) {value}", "TLS の指紋（JA3）が {value} である" },
	[INDICATOR_JA4] = { "has the TLS fingerprint (JA4) {value}", "TLS の指紋（JA4）が {value} である" },
	[INDICATOR_CERT_SHA1] = { "meets the certificate {value}", "証明書 {value} を受け取った" },
	[INDICATOR_JA3S] = { "is answered with the TLS fingerprint (JA3S) {value}", "応答の TLS の指紋（JA3S）が {value} である" },
	[INDICATOR_CERT_SHA256] = { "meets the certificate {value}", "証明書 {value} を受け取った" },
	[INDICATOR_FILE_SHA256] = { "receives or sends the file {value}", "ファイル {value} を送受信した" },
	[INDICATOR_USER_AGENT] = { "calls itself {value}", "{value} と名乗った" },
};

static const char *const deeds_of_host[3][LANGUAGES] = {
	{ "is {value}", "このホストは {value} である" }, { "is itself {value}", "自身が {value} である" },
	{ "is itself in {value}", "自身が {value} に含まれる" },
};

static const char *const verdicts[ROLE_KINDS][LANGUAGES] = {
	[ROLE_C2] = { "command and control", " C2 サーバー" }, [ROLE_DOWNLOAD] = { "malware download", "マルウェア配布元" },
	[ROLE_INFECTED] = { "infected", "感染ホスト" }, [ROLE_SUSPICIOUS] = { "suspicious", "不審な相手" },
	[ROLE_SINKHOLE] = { "a sinkhole for infected machines", "感染機器を受けるシンクホール" },
	[ROLE_SCANNER] = { "a scanner", "スキャナー" }, [ROLE_RESOLVER] = { "an anonymiser", "匿名化サービス" },
};

static const char *const reasons[LANGUAGES] = {
	"{deed}, which {sources} as {verdict}[ of {malware}][ with {infection}][, first seen {first}][, last seen {last}]"
	"[, {age} day{plural} before][: {state}][; {shared}]",
	"{deed}。{sources}が{verdict}[（{malware}）][（{infection}）]として載せている[。初出 {first}][、最終確認 {last}]"
	"[、{age} 日前の情報][（{state}）]。[{shared}。]",
};

static const char *const states[][LANGUAGES] = {
	[INDICATOR_ACTIVE] = { NULL, NULL }, [INDICATOR_FADING] = { "fading", "古くなりつつある" },
	[INDICATOR_EXPIRED] = { "expired", "期限切れ" },
};

static const char *const shared_fingerprint[LANGUAGES] = {
	"harmless programs may share a fingerprint", "無害なプログラムも同じ指紋を持つことがある",
};

static const char *const retro_reasons[LANGUAGES] = {
	"was in contact with {value} [once, at {once}][{count} times][ on {days} days][ from {from} to {to}], before this sensor knew that "
	"{sources} it as {verdict}[ of {malware}][, first seen {first}][: {after} day{plural} after the "
	"first contact]",
	"{value} と[ {once} に 1 回][ {from} から {to} までに][ {days} 日間、][ {count} 回]通信していた。その後、{sources}が"
	"{verdict}[（{malware}）]として載せていることが分かった[。初出 {first}][（最初の通信の {after} 日後）]。",
};

static const char *const evasion_reasons[2][LANGUAGES] = {
	{ "has a connection in which bytes {from} to {to} of what the client sent came again with other content: somebody hides from "
	  "sensors, or injects",
	  "クライアントが送ったデータの {from} から {to} バイト目が、別の内容で再び届いた。センサーからの隠蔽か、割り込みの疑い。" },
	{ "has a connection in which bytes {from} to {to} of what the server sent came again with other content: somebody hides from "
	  "sensors, or injects",
	  "サーバーが送ったデータの {from} から {to} バイト目が、別の内容で再び届いた。センサーからの隠蔽か、割り込みの疑い。" },
};

/* How feeds are named one after another. */
static const struct source_words {
	const char *one, *several, *next, *last, *before_more, *behind_more, *end_one, *end_several;
} source_words[LANGUAGES] = {
	{ "feed {feed} (line {line}[, entry {entry}])", "feeds {feed} (line {line}[, entry {entry}])", ", ", " and ",
	  " and ", " more", " lists", " list" },
	{ "フィード {feed}（{line} 行目[、項目 {entry}]）", "フィード {feed}（{line} 行目[、項目 {entry}]）", "、", "、",
	  " ほか ", " 件", "", "" },
};

/* ---- pieces ---- */

static const char *
some(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : text;
}

/* Some feeds have no more to refer to than the malware's name. */
static const char *
entry_of(const struct indicator *i)
{
	return strcmp(i->reference, i->malware) == 0 ? NULL : some(i->reference);
}

/* The day, or NULL where the feed does not say. */
static const char *
day_of(int64_t ns, char buf[WHEN_TEXT_MAX])
{
	if (ns == WHEN_UNKNOWN)
		return NULL;
	when_rfc3339(ns, buf);
	buf[10] = '\0';
	return buf;
}

static const char *
minute_of(int64_t ns, char buf[WHEN_TEXT_MAX])
{
	when_rfc3339(ns, buf);
	buf[10] = ' ';
	buf[16] = '\0';
	return buf;
}

static const char *
number_of(uint64_t n, char buf[NUMBER_MAX])
{
	snprintf(buf, NUMBER_MAX, "%" PRIu64, n);
	return buf;
}

/* "feed feodo (line 7, entry 12) lists", "feeds feodo (line 7), mine and 2 more list" */
static const char *
sources(const struct indicator *i, const char *feeds, enum language l, char *buf, size_t size)
{
	const struct source_words *w = &source_words[l];
	bool several = strchr(feeds, '\n') != NULL;
	struct span rest = span_text(feeds), name;
	char line[NUMBER_MAX];
	const struct piece pieces[] = {
		{ "feed", i->feed }, { "line", number_of(i->line, line) }, { "entry", entry_of(i) }, { NULL, NULL },
	};
	unsigned count = 0;
	FILE *to;

	sentence_fill(several ? w->several : w->one, pieces, buf, size);
	if ((to = fmemopen(buf + strlen(buf), size - strlen(buf), "w")) == NULL)
		return buf;
	while (rest.left > 0) {
		if (!span_until(&rest, '\n', &name)) {
			name = rest;
			rest.left = 0;
		}
		if (!span_equal(name, span_text(i->feed)) && ++count < FEEDS_NAMED)
			fprintf(to, "%s%.*s", rest.left > 0 ? w->next : w->last, (int)name.left, (const char *)name.at);
	}
	if (count >= FEEDS_NAMED)
		fprintf(to, "%s%u%s", w->before_more, count - FEEDS_NAMED + 1, w->behind_more);
	fputs(several ? w->end_several : w->end_one, to);
	fclose(to);
	return buf;
}

static const char *const *
deed_of(const struct indicator *i, bool is_host)
{
	static const char *const unknown[LANGUAGES] = { "matches {value}", "{value} と一致した" };

	if (i->role == ROLE_INFECTED)
		return deeds_of_host[0];
	if (is_host)
		return deeds_of_host[i->type == INDICATOR_CIDR ? 2 : 1];
	return i->type < INDICATOR_TYPES ? deeds[i->type] : unknown;
}

static const char *
verdict_of(const struct indicator *i, enum language l)
{
	return i->role < ROLE_KINDS ? verdicts[i->role][l] : l == LANGUAGE_JA ? "悪性" : "bad";
}

/* ---- sentences ---- */

const char *
words_indicator(const struct indicator *i, const struct finding *f, bool is_host, enum language l, char *buf, size_t size)
{
	char deed[WORDS_MAX * 3], from[SOURCES_MAX], first[WHEN_TEXT_MAX], last[WHEN_TEXT_MAX], age[NUMBER_MAX];
	const struct piece value[] = { { "value", i->value }, { NULL, NULL } };
	bool infected = i->role == ROLE_INFECTED;
	const struct piece pieces[] = {
		{ "deed", sentence_fill(deed_of(i, is_host)[l], value, deed, sizeof deed) },
		{ "sources", sources(i, f->feeds, l, from, sizeof from) },
		{ "verdict", verdict_of(i, l) },
		{ "malware", infected ? NULL : some(i->malware) },
		{ "infection", infected ? some(i->malware) : NULL },
		{ "first", day_of(i->first_seen_ns, first) }, { "last", day_of(i->last_seen_ns, last) },
		{ "age", f->dated ? number_of(f->age_days, age) : NULL }, { "plural", f->age_days == 1 ? "" : "s" },
		{ "state", f->state <= INDICATOR_EXPIRED ? states[f->state][l] : NULL },
		{ "shared", i->type == INDICATOR_JA3 || i->type == INDICATOR_JA4 ? shared_fingerprint[l] : NULL },
		{ NULL, NULL },
	};

	return sentence_fill(reasons[l], pieces, buf, size);
}

const char *
words_retro(const struct observation *o, const struct indicator *i, const char *feeds, enum language l, char *buf,
    size_t size)
{
	char from[WHEN_TEXT_MAX], to[WHEN_TEXT_MAX], day[WHEN_TEXT_MAX], count[NUMBER_MAX], days[NUMBER_MAX];
	char after[NUMBER_MAX], names[SOURCES_MAX];
	bool once = o->count <= 1, dated = i->first_seen_ns != WHEN_UNKNOWN && i->first_seen_ns >= 0;
	int64_t late = dated ? i->first_seen_ns / NS_PER_DAY - o->flow_first_ns / NS_PER_DAY : 0;
	const char *first = minute_of(o->flow_first_ns, from);
	const struct piece pieces[] = {
		{ "value", i->value }, { "sources", sources(i, feeds, l, names, sizeof names) },
		{ "verdict", verdict_of(i, l) }, { "malware", some(i->malware) },
		{ "once", once ? first : NULL }, { "from", once ? NULL : first },
		{ "to", once ? NULL : minute_of(o->flow_last_ns, to) }, { "count", once ? NULL : number_of(o->count, count) },
		{ "days", !once && o->number > 1 ? number_of(o->number, days) : NULL },
		{ "first", dated ? day_of(i->first_seen_ns, day) : NULL },
		{ "after", late > 0 ? number_of((uint64_t)late, after) : NULL }, { "plural", late == 1 ? "" : "s" },
		{ NULL, NULL },
	};

	return sentence_fill(retro_reasons[l], pieces, buf, size);
}

const char *
words_evasion(const struct observation *o, enum language l, char *buf, size_t size)
{
	char from[NUMBER_MAX], to[NUMBER_MAX];
	const struct piece pieces[] = {
		{ "from", number_of(o->body_bytes, from) },
		{ "to", number_of(o->body_bytes + o->count - (o->count > 0), to) }, { NULL, NULL },
	};

	return sentence_fill(evasion_reasons[(o->flags & OBSERVED_RESPONSE) != 0][l], pieces, buf, size);
}

const char *
words_tunnel(const char *kind, uint32_t number, const char *from, const char *to, enum language l, char *buf, size_t size)
{
	static const char *const sentences[LANGUAGES] = {
		"; through {kind}[ {number}][ between {from} and {to}]",
		"（[{from} と {to} の間の ]{kind}[ {number}] を経由）",
	};
	char digits[NUMBER_MAX];
	const struct piece pieces[] = {
		{ "kind", kind }, { "number", number != 0 ? number_of(number, digits) : NULL }, { "from", from }, { "to", to },
		{ NULL, NULL },
	};

	return sentence_fill(sentences[l], pieces, buf, size);
}
