#include "beacon/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/sentence.h"
#include "base/when.h"

enum { NUMBER_MAX = 32 };

/* What is called, how regularly, how often. */
static const char *const heads[LANGUAGES] = {
	"[asks for names in {zone}][calls changing addresses, {changing}][calls {service}][ every {interval} (jitter {jitter} %)]"
	"[, on average every {average}][, {missed} % of the calls missing], {times} times in {span}[; known to be harmless: {known}]"
	"[; {tool}, a tool of remote support: if nobody here uses it, ask: attackers use such tools, too]",
	"[{zone} の下の名前を問い合わせている][変わり続けるアドレス（{changing}）と通信している][{service} と通信している]"
	"[。間隔は {interval}（ゆらぎ {jitter} %）][。平均 {average} に 1 回]、{span}の間に {times} 回[、うち欠けた回は {missed} %]。"
	"[無害と知られている：{known}。]"
	"[遠隔支援ツール {tool} の通信。組織内に利用者がいなければ確認すること。攻撃者もこの種のツールを使う。]",
};

/* What a sign says where it speaks for a beacon, and where it does not; NULL: nothing. */
static const struct {
	const char *adds[LANGUAGES], *takes[LANGUAGES];
} signs[BEACON_SIGN_KINDS] = {
	[SIGN_VOICE] = { { "; the program that calls it calls nothing else here", "同じ通信プログラムのほかの相手はない。" },
	    { "; called by a program that calls {others} others, too", "同じ通信プログラムがほかに {others} 個の相手とも通信している。" } },
	[SIGN_BROWSING] = { { "; {percent} % of the calls come with page loads", "{percent} % はページ閲覧と同時。" },
	    { "; {percent} % of the calls come with page loads", "{percent} % はページ閲覧と同時。" } },
	[SIGN_ANSWERS] = { { "; {percent} % of the answers are equally long", "応答の {percent} % がほぼ同じ長さ。" },
	    { "; {percent} % of the answers are equally long", "応答の {percent} % がほぼ同じ長さ。" } },
	[SIGN_UNATTENDED] = { { "; {percent} % of the calls while nobody browses", "{percent} % は誰も閲覧していない時間。" },
	    { "; {percent} % of the calls while nobody browses", "{percent} % は誰も閲覧していない時間。" } },
	[SIGN_STEADY] = { { "; in {percent} % of all hours", "全時間帯の {percent} % で通信。" },
	    { "; in {percent} % of all hours", "全時間帯の {percent} % で通信。" } },
	[SIGN_INTERNAL] = { { "; the peer is at home", "相手は組織内。" }, { "; the peer is at home", "相手は組織内。" } },
	[SIGN_CERTIFICATE] = { { "; self-signed certificate", "証明書は自己署名。" }, { "; self-signed certificate", "証明書は自己署名。" } },
	[SIGN_FAILING] = { { "; {percent} % of the connections get no answer", "接続の {percent} % に応答がない。" },
	    { "; {percent} % of the connections get no answer", "接続の {percent} % に応答がない。" } },
	[SIGN_LABELS] = { { "; {percent} % of the names never asked before", "名前の {percent} % は初めての問い合わせ。" },
	    { "; {percent} % of the names never asked before", "名前の {percent} % は初めての問い合わせ。" } },
	[SIGN_NOVELTY] = { { "; nobody here called it on the {days} days of history before", "それ以前の履歴 {days} 日間に組織内からの通信はない。" },
	    { "; called from here for {value} days already", "{value} 日前から組織内からの通信がある。" } },
};

static const char *const hosts[2][LANGUAGES] = {
	{ "; no other host calls it", "ほかに通信しているホストはない。" },
	{ "; {value} hosts call it", "通信しているホストは {value} 台。" },
};

static const char *const page[LANGUAGES] = { "; began with a page load", "ページ閲覧から始まった。" };

/* Up to so many seconds the unit is this one. */
static const struct {
	double below, unit;
	int places;
	const char *text[LANGUAGES];
} units[] = {
	{ 10, 1, 1, { " s", " 秒" } }, { 120, 1, 0, { " s", " 秒" } }, { 7200, 60, 0, { " min", " 分" } },
	{ 172800, 3600, 1, { " h", " 時間" } }, { INFINITY, 86400, 1, { " days", " 日" } },
};

static const char *
duration(double sec, enum language l, char buf[NUMBER_MAX])
{
	size_t i = 0;

	while (i + 1 < sizeof units / sizeof *units && !(sec < units[i].below))
		i++;
	snprintf(buf, NUMBER_MAX, "%.*f%s", units[i].places, sec / units[i].unit, units[i].text[l]);
	return buf;
}

static const char *
rounded(double d, char buf[NUMBER_MAX])
{
	snprintf(buf, NUMBER_MAX, "%.0f", d);
	return buf;
}

/* NULL: this sign is not told. */
static const char *
sentence_of(const struct beacon_sign *s, enum language l)
{
	if (s->kind == SIGN_HOSTS)
		return s->value > 1 ? hosts[1][l] : s->weight > 0 ? hosts[0][l] : NULL;
	if (s->kind == SIGN_PAGE)
		return s->value > 0 ? page[l] : NULL;
	if (s->kind >= BEACON_SIGN_KINDS || (s->kind == SIGN_VOICE && s->weight == 0))
		return NULL;
	return s->weight > 0 ? signs[s->kind].adds[l] : signs[s->kind].takes[l];
}

static size_t
add_sign(const struct beacon_sign *s, uint32_t history_days, enum language l, char *buf, size_t size)
{
	char percent[NUMBER_MAX], value[NUMBER_MAX], others[NUMBER_MAX], days[NUMBER_MAX];
	const struct piece pieces[] = {
		{ "percent", rounded(s->value * 100, percent) }, { "value", rounded(s->value, value) },
		{ "others", rounded(s->value - 1, others) }, { "days", rounded(history_days, days) }, { NULL, NULL },
	};
	const char *sentence = sentence_of(s, l);

	if (sentence == NULL)
		return 0;
	return strlen(sentence_fill(sentence, pieces, buf, size));
}

void
beacon_words(const struct key *k, const struct beacon_numbers *n, const char *subject, enum language l,
    char buf[BEACON_WORDS_MAX])
{
	double span = (double)(n->last_ns - n->first_ns) / (double)NS_PER_SEC;
	char interval[NUMBER_MAX], jitter[NUMBER_MAX], average[NUMBER_MAX], missed[NUMBER_MAX], times[NUMBER_MAX], since[NUMBER_MAX];
	bool regular = n->sign[0].weight >= 1;
	const struct piece pieces[] = {
		{ "zone", k->kind == KEY_ZONE ? subject : NULL }, { "changing", k->kind == KEY_BEHAVIOUR ? subject : NULL },
		{ "service", k->kind != KEY_ZONE && k->kind != KEY_BEHAVIOUR ? subject : NULL },
		{ "interval", regular ? duration(n->interval_sec, l, interval) : NULL },
		{ "jitter", rounded(n->jitter * 100, jitter) },
		{ "average", regular ? NULL : duration(span / fmax(n->contacts - 1., 1), l, average) },
		{ "missed", n->missed >= .05 ? rounded(n->missed * 100, missed) : NULL },
		{ "times", rounded(n->contacts, times) }, { "span", duration(span, l, since) }, { "known", n->tool == NULL ? n->known : NULL }, { "tool", n->tool },
		{ NULL, NULL },
	};
	size_t len;
	unsigned i;

	len = strlen(sentence_fill(heads[l], pieces, buf, BEACON_WORDS_MAX));
	for (i = 1; i < n->signs && n->known == NULL; i++)
		len += add_sign(&n->sign[i], n->history_days, l, buf + len, BEACON_WORDS_MAX - len);
}
