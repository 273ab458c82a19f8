#include "beacon/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/sentence.h"
#include "base/when.h"

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

_Static_assert((int)PIECE_ROOM == (int)DECIMAL_TEXT_MAX, "a number is a piece");

/* Up to so many seconds the unit is this one. */
static const struct {
	double below, unit;
	unsigned places;
	const char *text[LANGUAGES];
} units[] = {
	{ 10, 1, 1, { " s", " 秒" } }, { 120, 1, 0, { " s", " 秒" } }, { 7200, 60, 0, { " min", " 分" } },
	{ 172800, 3600, 1, { " h", " 時間" } }, { INFINITY, 86400, 1, { " days", " 日" } },
};

static const char *
duration(double sec, enum language l, char buf[PIECE_ROOM])
{
	size_t i = 0, len;

	while (i + 1 < sizeof units / sizeof *units && !(sec < units[i].below))
		i++;
	len = decimal_text(sec / units[i].unit, units[i].places, buf);
	snprintf(buf + len, PIECE_ROOM - len, "%s", units[i].text[l]);
	return buf;
}

static const char *
rounded(double d, char buf[PIECE_ROOM])
{
	decimal_text(d, 0, buf);
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

/* Most sentences name one piece or none: each is written when it is asked for. */
struct telling {
	const struct beacon_numbers *n;
	const char *subject;
	enum language l;
	const struct beacon_sign *sign;
};

static bool
is_called(const char *name, size_t len, const char *piece)
{
	return strlen(piece) == len && memcmp(piece, name, len) == 0;
}

static const char *
sign_piece(void *to, const char *name, size_t len, char room[PIECE_ROOM])
{
	const struct telling *t = to;

	if (is_called(name, len, "percent"))
		return rounded(t->sign->value * 100, room);
	if (is_called(name, len, "value"))
		return rounded(t->sign->value, room);
	if (is_called(name, len, "others"))
		return rounded(t->sign->value - 1, room);
	return is_called(name, len, "days") ? rounded(t->n->history_days, room) : NULL;
}

static const char *
head_piece(void *to, const char *name, size_t len, char room[PIECE_ROOM])
{
	const struct telling *t = to;
	const struct beacon_numbers *n = t->n;
	double span = (double)(n->last_ns - n->first_ns) / (double)NS_PER_SEC;
	bool regular = n->sign[0].weight >= 1;

	if (is_called(name, len, "zone"))
		return n->called == BEACON_ASKS_ZONE ? t->subject : NULL;
	if (is_called(name, len, "changing"))
		return n->called == BEACON_CALLS_CHANGING ? t->subject : NULL;
	if (is_called(name, len, "service"))
		return n->called == BEACON_CALLS_SERVICE ? t->subject : NULL;
	if (is_called(name, len, "interval"))
		return regular ? duration(n->interval_sec, t->l, room) : NULL;
	if (is_called(name, len, "jitter"))
		return rounded(n->jitter * 100, room);
	if (is_called(name, len, "average"))
		return regular ? NULL : duration(span / fmax(n->contacts - 1., 1), t->l, room);
	if (is_called(name, len, "missed"))
		return n->missed >= .05 ? rounded(n->missed * 100, room) : NULL;
	if (is_called(name, len, "times"))
		return rounded(n->contacts, room);
	if (is_called(name, len, "span"))
		return duration(span, t->l, room);
	if (is_called(name, len, "known"))
		return n->tool == NULL ? n->known : NULL;
	return is_called(name, len, "tool") ? n->tool : NULL;
}

const char *
beacon_words(const struct finding *f, enum language l, char buf[FINDING_WORDS_MAX])
{
	const struct beacon_numbers *n = f->beacon;
	struct telling t = { n, f->subject, l, NULL };
	const char *sentence;
	size_t len;
	unsigned i;

	len = strlen(sentence_write(heads[l], head_piece, &t, buf, FINDING_WORDS_MAX));
	for (i = 1; i < n->signs && n->known == NULL; i++) {
		t.sign = &n->sign[i];
		if ((sentence = sentence_of(t.sign, l)) != NULL)
			len += strlen(sentence_write(sentence, sign_piece, &t, buf + len, FINDING_WORDS_MAX - len));
	}
	return buf;
}
