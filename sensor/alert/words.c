#include "alert/words.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/sentence.h"
#include "base/when.h"
#include "case.h"

enum { TITLE_INDICATOR, TITLE_RETRO, TITLE_BEACON, TITLE_EVASION, TITLE_SENSOR, TITLE_HOST_SUMMARY, TITLE_RULE_SUMMARY, TITLES };

static const char *const titles[TITLES][LANGUAGES] = {
	[TITLE_INDICATOR] = { "{role} feed {type}[ {malware}]", "{role}フィード一致（{type}）[ {malware}]" },
	[TITLE_RETRO] = { "Earlier contact, {role} feed {type}[ {malware}]",
	    "過去の接触：{role}フィード一致（{type}）[ {malware}]" },
	[TITLE_BEACON] = { "Beacon to {subject}", "{subject} への規則的な通信" },
	[TITLE_EVASION] = { "Stream sent twice with {subject}", "{subject} との通信でデータの二重送信" },
	[TITLE_SENSOR] = { "Sensor impaired", "センサーの異常" },
	[TITLE_HOST_SUMMARY] = { "Further alerts of one host", "同じホストのその他の警報" },
	[TITLE_RULE_SUMMARY] = { "Further alerts of one rule: {title}", "同じ種類のその他の警報：{title}" },
};

static const char *const roles[ROLE_KINDS][LANGUAGES] = {
	[ROLE_C2] = { "C2", "C2 " }, [ROLE_DOWNLOAD] = { "Malware download", "マルウェア配布" },
	[ROLE_INFECTED] = { "Infected host", "感染ホスト" }, [ROLE_SUSPICIOUS] = { "Suspicious", "不審な相手の" },
	[ROLE_SINKHOLE] = { "Sinkholed C2", "シンクホール" }, [ROLE_SCANNER] = { "Scanner", "スキャナー" },
	[ROLE_RESOLVER] = { "Anonymiser", "匿名化サービス" },
};

static const char *const types[INDICATOR_TYPES] = {
	[INDICATOR_ADDRESS] = "IP アドレス", [INDICATOR_ADDRESS_PORT] = "IP アドレスとポート",
	[INDICATOR_CIDR] = "ネットワーク", [INDICATOR_DOMAIN] = "ドメイン", [INDICATOR_URL] = "URL",
	[INDICATOR_JA3] = "JA3", [INDICATOR_JA4] = "JA4", [INDICATOR_CERT_SHA1] = "証明書 SHA-1",
	[INDICATOR_JA3S] = "JA3S", [INDICATOR_CERT_SHA256] = "証明書 SHA-256",
	[INDICATOR_FILE_SHA256] = "ファイル SHA-256", [INDICATOR_USER_AGENT] = "ユーザーエージェント",
};

/* ---- titles ---- */

static const char *
some(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : text;
}

static int
title_of(const struct finding *f)
{
	switch (f->kind) {
	case FINDING_INDICATOR:
	case FINDING_RETRO:
		if (f->indicator == NULL || f->indicator->role >= ROLE_KINDS || f->indicator->type >= INDICATOR_TYPES)
			return TITLE_SENSOR;
		return f->kind == FINDING_RETRO ? TITLE_RETRO : TITLE_INDICATOR;
	case FINDING_BEACON:
		return TITLE_BEACON;
	case FINDING_EVASION:
		return TITLE_EVASION;
	case FINDING_SUMMARY:
		if (f->summary != NULL)
			return f->summary->signature == 0 ? TITLE_HOST_SUMMARY : TITLE_RULE_SUMMARY;
		return TITLE_SENSOR;
	default:
		return TITLE_SENSOR;
	}
}

const char *
words_title(const struct finding *f, enum language l, char *buf, size_t size)
{
	const struct indicator *i = f->indicator;
	int title = title_of(f);
	bool of_feed = title == TITLE_INDICATOR || title == TITLE_RETRO;
	const struct piece pieces[] = {
		{ "role", of_feed ? roles[i->role][l] : NULL },
		{ "type", !of_feed ? NULL : l == LANGUAGE_JA ? types[i->type] : indicator_type_text(i->type) },
		{ "malware", of_feed ? some(i->malware) : NULL },
		{ "subject", f->subject },
		{ "title", f->summary != NULL ? f->summary->title : NULL },
		{ NULL, NULL },
	};

	if (f->kind == FINDING_BEHAVIOUR && f->behaviour != NULL)
		snprintf(buf, size, "%s", f->behaviour->title);
	else if (f->kind == FINDING_CASE && f->cased != NULL)
		snprintf(buf, size, "%s", f->cased->title);
	else
		sentence_fill(titles[title][l], pieces, buf, size);
	return buf;
}

/* ---- summaries ---- */

const char *
words_summary_subject(const struct summary_numbers *s, char *buf, size_t size)
{
	if (s->signature == 0)
		snprintf(buf, size, "alerts.host_hourly");
	else
		snprintf(buf, size, "alerts.rule_hourly %u", s->signature);
	return buf;
}

const char *
words_summary(const struct summary_numbers *s, enum language l, char *buf, size_t size)
{
	static const char *const sentences[2][LANGUAGES] = {
		{ "has more than {limit} new alerts an hour: {further} further since {since}, latest {title} ({subject})",
		  "1 時間に {limit} 件を超える新しい警報があった。{since} 以降、さらに {further} 件。最新は「{title}」（{subject}）。" },
		{ "more than {limit} new alerts of this rule an hour: {further} further since {since}, latest {host} ({subject})",
		  "この種類の新しい警報が 1 時間に {limit} 件を超えた。{since} 以降、さらに {further} 件。最新は {host}（{subject}）。" },
	};
	char limit[24], further[24], since[WHEN_TEXT_MAX], host[ADDR_TEXT_MAX];
	const struct piece pieces[] = {
		{ "limit", limit }, { "further", further }, { "since", since }, { "title", s->title },
		{ "subject", s->example[0].subject }, { "host", addr_text(&s->example[0].host, host) }, { NULL, NULL },
	};

	snprintf(limit, sizeof limit, "%u", s->limit);
	snprintf(further, sizeof further, "%" PRIu64, s->further);
	when_rfc3339(s->since_ns, since);
	since[10] = ' ';
	since[16] = '\0';
	return sentence_fill(sentences[s->signature != 0][l], pieces, buf, size);
}
