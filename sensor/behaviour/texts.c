#include "behaviour/texts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/sentence.h"
#include "behaviour/private.h"

const struct behaviour_text behaviour_texts[] = {
[ROW_DOWNLOAD] = { "false-type-download",
  { "Suspicious download", "不審なダウンロード" },
  { "fetched {kind} from {peer}[ ({host})][ ({from})][, called {file}][, announced as {declared}]"
    "[, which its {denied_by} denies][, by {agent}][, {after_mail_sec} s after mail]"
    "[, {after_office_sec} s after an Office program fetched something]",
    "{peer}[ ({host})][（{from}）] から{kind}を取得した。[名前は {file}。][申告された種類は {declared}。]"
    "[{denied_by}が中身と違う。][取得したのは{agent}。][メールの {after_mail_sec} 秒後。]"
    "[Office の取得の {after_office_sec} 秒後。]" } },
[ROW_CHECK_IN] = { "raw-address-check-in",
  { "Check-ins to bare addresses", "アドレス直接指定の報告通信" },
  { "reports to servers by their bare addresses, latest {peer}: [{posts} POSTs to {servers} servers, {paths} paths]"
    "[, {opaque_bodies} of them with a body that is no text][, {unnamed_tls_servers} servers over TLS without a name]"
    "[, {dead} more that did not answer], in {minutes} min",
    "名前を使わず直接アドレスへ報告している（最新 {peer}）。[POST {posts} 回、サーバー {servers} 台、パス {paths} 種。]"
    "[文字でない本文 {opaque_bodies} 件。][名前のない TLS サーバー {unnamed_tls_servers} 台。]"
    "[応答のない相手 {dead} 台。]{minutes} 分間。" } },
[ROW_CHAIN] = { "dropper-chain",
  { "Download, then a new contact", "ダウンロード直後の新しい通信" },
  { "fetched {kind} from {download_peer} and {after_sec} s later [began to call {service} regularly]"
    "[called {then} {peer} that it had never called, port {port}]",
    "{download_peer} から{kind}を取得し、{after_sec} 秒後に[ {service} への規則的な通信を始めた。]"
    "[初めての相手 {peer}（{then}）のポート {port} と通信した。]" } },
[ROW_TLS] = { "odd-tls",
  { "Odd TLS server", "不審な TLS サーバー" },
  { "speaks TLS with {peer}[ ({host})] port {port}[, {server}], whose certificate ({subject})[ is signed by {signed_by}]"
    "[, names {certificate_names}][, is {validity}][, is {age_days} days old]"
    "[; {others_like_it} other hosts here use such a program]",
    "{peer}[ ({host})] のポート {port}[（{server}）]と TLS で通信。証明書（{subject}）は[{signed_by}が署名。]"
    "[名前は{certificate_names}のもの。][{validity}。][発行から {age_days} 日。]"
    "[同じ通信プログラムを使う他のホストは {others_like_it} 台。]" } },
[ROW_SPAM] = { "spam-module",
  { "Sends mail by itself", "自らメールを大量送信" },
  { "sends mail itself: {exchangers} mail servers in {minutes} min[, {mails} mails seen to {recipients} recipients]"
    "[ under {senders} senders][, {other_names} naming somebody else than their envelope][, {refused} recipients refused]",
    "自らメールを送信している。{minutes} 分間に宛先サーバー {exchangers} 台。[確認できたメール {mails} 通、宛先 {recipients} 件。]"
    "[差出人 {senders} 種。][封筒と違う差出人名 {other_names} 通。][拒否された宛先 {refused} 件。]" } },
[ROW_SPREADING] = { "spreading",
  { "Reaches for many machines", "組織内への拡散" },
  { "reaches for {machines} machines inside by administrators' means in {minutes} min[, {silent} did not answer]"
    "[, {refused} refused the login][, {entered} let it in][, {entered_after_refusal} of them after a refusal]"
    "[, on {ran_there} it started a service or task]",
    "管理用の通信で組織内の {machines} 台に {minutes} 分間で接続を試みた。[応答なし {silent} 台。][ログイン拒否 {refused} 台。]"
    "[侵入できたもの {entered} 台。][うち拒否の後に成功 {entered_after_refusal} 台。]"
    "[サービスやタスクを起動した先 {ran_there} 台。]" } },
[ROW_LURE] = { "inbound-lure",
  { "Mail that wants to be opened", "不審な受信メール" },
  { "took a mail from {from}[ ({name})] for {to}[ with {kind}][ called {file}][, which its {denied_by} denies]"
    "[, a second one behind an encrypted archive: {second}][; the name is known at {name_known_at}][; the sender is {sender}]"
    "[; it claims to answer and names {answers}][; the envelope says {envelope}]",
    "{from}[（{name}）]から {to} 宛てのメールを受信した。[{kind}が付いている。][添付の名前は {file}。][{denied_by}が中身と違う。]"
    "[暗号化された添付に続く二通目：{second}。][同じ名前の人は{name_known_at}で知られている。][差出人は{sender}。]"
    "[返信を装うが参照は{answers}。][封筒の差出人は {envelope}。]" } },
[ROW_IMPERSONATED] = { "impersonated",
  { "Names of this house are abused", "組織の名前をかたるメール" },
  { "got {bounces} notes of undeliverable mail from {servers} servers to {names} names in {minutes} min, latest to {name}; "
    "mails seen to leave: {sent}[, {strange_ids} notes are about mails that nobody here sent]. Your names are abused, no infected sender is seen here",
    "配送不能通知を {minutes} 分間に {servers} 台のサーバーから {bounces} 通（宛名 {names} 種、最新は {name}）受けた。"
    "送信を確認したメールは {sent} 通。[ここから送信していないメールについての通知 {strange_ids} 通。]名前をかたられているが、ここに感染した送信元は見えない。" } },
[ROW_FAMILY] = { "second-family",
  { "A second malware", "二つ目のマルウェア" },
  { "has {families} malware families: first {first_family}, {after_min} min later {second_family}[, an order that is {order}]",
    "マルウェアが {families} 種：最初に {first_family}、{after_min} 分後に {second_family}。[{order}順序。]" } },
[ROW_TUNNEL] = { "dns-tunnel",
  { "Data inside DNS questions", "DNS 問い合わせに隠れた通信" },
  { "asked for {names} names under {zone} in {minutes} min, {mean_name_bytes} bytes before the zone on average, {name_bytes} together "
    "({entropy_millibits} millibits a letter, {digits_percent} % digits); {odd_types} of {questions} questions for other than addresses, "
    "{payload_bytes} bytes of text or data in answers, {called} of {addresses} addresses given were called[; {failed} answers said no]; "
    "latest {name}",
    "{minutes} 分間に {zone} の下の名前を {names} 種問い合わせた。ゾーンの前は平均 {mean_name_bytes} バイト、合計 {name_bytes} バイト"
    "（1 文字 {entropy_millibits} ミリビット、数字 {digits_percent} %）。{questions} 件中 {odd_types} 件はアドレス以外の種類。"
    "応答のデータは {payload_bytes} バイト。回答されたアドレス {addresses} 件のうち {called} 件と通信した。[拒否された応答 {failed} 件。]"
    "最新は {name}。" } },
[ROW_GENERATED] = { "generated-names",
  { "Tries generated names", "自動生成された名前の探索" },
  { "asked for names in {missing_zones} zones that do not exist in {minutes} min, {generated} of them look generated, under {suffixes} suffixes; "
    "{missing_percent} % of its answers said no; latest {name}",
    "{minutes} 分間に存在しないゾーン {missing_zones} 個の名前を問い合わせた。うち {generated} 個は自動生成に見える（末尾は {suffixes} 種）。"
    "応答の {missing_percent} % が「存在しない」。最新は {name}。" } },
[ROW_STROBE] = { "strobe",
  { "Calls without a pause", "絶え間ない接続" },
  { "opened {calls} connections to [{host} at ]{peer} port {port} in {minutes} min without a pause, {calls_a_minute} a minute, "
    "uneven by {uneven_percent} %[; {other_callers} other hosts here call it]",
    "{peer}[（{host}）]のポート {port} へ {minutes} 分間絶え間なく {calls} 回接続した。毎分 {calls_a_minute} 回、ばらつき {uneven_percent} %。"
    "[ここで同じ相手と通信する他のホストは {other_callers} 台。]" } },
[ROW_ACCOUNT] = { "stolen-account",
  { "An account used from far apart", "離れた場所からのアカウント利用" },
  { "lets {user} in[ by {protocol}][ from {networks} networks][ in {countries} countries][ ({places})] within {minutes} min"
    "[, two countries {minutes_between} min apart][, after {failures} refusals][; {mails} mails to {recipients} recipients followed]; "
    "latest from {peer}[ ({network})][ in {country}]",
    "利用者 {user} が {minutes} 分間に[ {networks} 個のネットワーク][ {countries} か国][（{places}）]からログインした[（{protocol}）]。"
    "[別の国との間隔は {minutes_between} 分。][{failures} 回の拒否の後。][その後メール {mails} 通、宛先 {recipients} 件。]"
    "最新は {peer}[（{network}）][（{country}）]。" } },
[ROW_LASTING] = { "lasting-connection",
  { "A connection that stays open", "長時間続く接続" },
  { "keeps a connection to [{host} at ]{peer} port {port} open, for {hours} h now, {bytes_out} bytes out, {bytes_in} in"
    "[; {certificate} signed its certificate][; nobody here called it on the {history_days} days of history before]"
    "[; called from here for {known_days} days already][; {other_callers} other hosts here call it]"
    "[; {others_like_it} other hosts here use such a program]",
    "{peer}[（{host}）]のポート {port} への接続を {hours} 時間開いたままにしている。送信 {bytes_out} バイト、受信 {bytes_in} バイト。"
    "[証明書の署名者は{certificate}。][過去 {history_days} 日の記録に同じ相手との通信はない。][{known_days} 日前から通信がある。]"
    "[ここで同じ相手と通信する他のホストは {other_callers} 台。][同じ通信プログラムを使う他のホストは {others_like_it} 台。]" } },
[ROW_THEFT] = { "theft",
  { "Sends much to one place outside", "外部への大量送信" },
  { "sent {sent} to [{host} at ]{peer} port {port} within a day, in {hours} hours of it, and got {received} back; "
    "on the {history_days} days of history before, the service {novelty}",
    "{peer}[（{host}）]のポート {port} へ一日のうちに {sent}（まとまった送信は {hours} 時間分）を送り、受け取ったのは {received}。"
    "それ以前の履歴 {history_days} 日分で、この相手は{novelty}。" } },
[ROW_DESTRUCTION] = { "destruction",
  { "Destroys files of others", "ファイルの破壊" },
  { "[told {peer} to run {command_line}, which takes away what one restores from, ][with {commands} such commands, ]"
    "[wrote {files} files of others, latest at {peer}, {rewritten} of them where they stood, ]"
    "[gave {renamed} the ending .{ending}, ][deleted {deleted}, ][on {machines} machines, ]within {minutes} min[; {after} came before]",
    "[{peer} に {command_line} の実行を命じた。復元の手段を奪うものである。][このような命令 {commands} 種。]"
    "[{minutes} 分間に他のマシンのファイル {files} 件（最新は {peer}）に書き込み、うち {rewritten} 件はその場で書き換えた。]"
    "[{renamed} 件の末尾は .{ending}。][削除 {deleted} 件。][対象 {machines} 台。][これに先立ち{after}があった。]" } },
[ROW_RELAY] = { "stepping-stone",
  { "Mail server relays an attack", "攻撃メールを中継するメールサーバー" },
  { "relayed {mails} mails of {sender}[, which {given_by} {giver} gave it][ ({suspect})][; {lures} with {kind} or the like]"
    "[; {other_names} name somebody else than their envelope][; {unfounded_answers} claim to answer and name nothing]; "
    "{recipients} recipients[, {refused} refused], in {minutes} min",
    "{sender} のメール {mails} 通を {minutes} 分間に外へ中継した。[{given_by} {giver} から受け取ったもの。][{suspect}。]"
    "[{kind}などの添付 {lures} 通。][封筒と違う差出人名 {other_names} 通。][返信を装い参照のないもの {unfounded_answers} 通。]"
    "宛先 {recipients} 件。[拒否された宛先 {refused} 件。]" } },
[ROW_ATTACK] = { "attack-participation",
  { "Takes part in an attack", "外部への攻撃に加担" },
  { "[sent {packets} packets to {target} port {port} that nobody answered][, in {connections} connections]"
    "[knocked at {protocol} port {scanned_port} of {targets} addresses outside, {answered_percent} % answered, latest {latest}], within {seconds} s"
    "[; on the {history_days} days of history before, it {novelty}]",
    "[{target} のポート {port} へ応答のないパケットを {packets} 個送った。][接続 {connections} 本。]"
    "[外部のアドレス {targets} 個の {protocol} ポート {scanned_port} を叩いた。応答 {answered_percent} %、最新は {latest}。]{seconds} 秒間。"
    "[それ以前の履歴 {history_days} 日分で、この相手は{novelty}。]" } },
[ROW_OWN] = { "own-protocol",
  { "A protocol of its own", "独自プロトコルの通信" },
  { "speaks with [{host} at ]{peer} port {port} in a protocol that nobody here knows, {rounds} times in {minutes} min[, {pace}]"
    "[; it calls {addresses} such addresses][; {other_callers} other hosts here call it]"
    "[; nobody here called it on the {history_days} days of history before][; called from here for {known_days} days already]",
    "{peer}[（{host}）]のポート {port} と、ここで知られていないプロトコルで {minutes} 分間に {rounds} 回通信した[（{pace}）]。"
    "[同様の相手は {addresses} 件。][ここで同じ相手と通信する他のホストは {other_callers} 台。]"
    "[過去 {history_days} 日の記録に同じ相手との通信はない。][{known_days} 日前から通信がある。]" } },
[ROW_LENT] = { "back-connect-proxy",
  { "Lends itself to others as a proxy", "外部からの踏み台（プロキシ）利用" },
  { "called {peer} port {port} and was asked from there, through its own connections, to connect elsewhere (SOCKS), "
    "latest to {target}: requests {requests}, targets {targets}[, granted {granted}][, within {minutes} min]",
    "自ら {peer} のポート {port} へ接続し、その接続を通じて相手から他への中継（SOCKS）を求められた。[{minutes} 分間に]要求 {requests} 件、"
    "宛先 {targets} 種、最新は {target}。[うち {granted} 件に応じた。]" } },
};

const size_t behaviour_texts_count = sizeof behaviour_texts / sizeof *behaviour_texts;

_Static_assert(sizeof behaviour_texts / sizeof *behaviour_texts == ROWS, "every row has its texts");

/* Words of evidence, as the records have them and as people read them. */
static const struct {
	const char *word;
	const char *text[LANGUAGES];
} words[] = {
	{ "pe", { "a Windows program", "Windows の実行ファイル" } },
	{ "elf", { "a Linux program", "Linux の実行ファイル" } },
	{ "macho", { "a macOS program", "macOS の実行ファイル" } },
	{ "script", { "a script", "スクリプト" } },
	{ "lnk", { "a Windows shortcut", "Windows のショートカット" } },
	{ "iso", { "a disk image", "ディスクイメージ" } },
	{ "macros", { "a document with macros", "マクロ付き文書" } },
	{ "bare_address", { "the bare address", "アドレス直接指定" } },
	{ "type_or_name", { "declared type or name", "申告された種類や名前" } },
	{ "office", { "an Office program", "Office" } },
	{ "tool", { "a scripting tool", "スクリプト用の道具" } },
	{ "none", { "a program that does not say what it is", "名乗らないプログラム" } },
	{ "beacon", { "a beacon", "規則的な通信" } },
	{ "itself", { "nobody but itself", "自分自身" } },
	{ "another", { "another server", "別のサーバー" } },
	{ "the_address", { "this address", "このアドレス" } },
	{ "expired", { "expired", "期限切れ" } },
	{ "encrypted", { "an encrypted archive or document", "暗号化された添付" } },
	{ "other_address", { "another address", "別のアドレス" } },
	{ "stranger", { "a stranger", "初めて、または久しぶりの相手" } },
	{ "nothing", { "nothing", "なし" } },
	{ "second_malware", { "a second malware", "二つ目のマルウェア" } },
	{ "spreading", { "spreading", "組織内への拡散" } },
	{ "dropper", { "a download with a new contact", "不審なダウンロードと新しい通信" } },
	{ "unknown", { "cannot be called new or old: too few days", "既知か未知か判断できない（日数が足りない）" } },
	{ "never_called", { "was never called", "一度も通信がない" } },
	{ "days_old", { "was first called days ago", "数日前に初めて通信した相手" } },
	{ "called_before", { "was called before", "以前から通信がある" } },
	{ "known", { "known of such infections", "よく知られた感染の" } },
	{ "yes", { "yes", "はい" } },
	{ "inside", { "the host", "内部のホスト" } },
	{ "outside", { "a user at", "外部の利用者" } },
	{ "evenly", { "at even intervals", "一定の間隔" } },
	{ "told_of", { "of whom something is known already", "すでに不審とされている" } },
};

/* ---- sentences ---- */

static const struct evidence *
find(const struct behaviour_numbers *n, const char *what, size_t len)
{
	const struct evidence *e;

	for (e = n->evidence; e < n->evidence + n->pieces; e++)
		if (strlen(e->what) == len && memcmp(e->what, what, len) == 0)
			return e;
	return NULL;
}

static const char *
in_language(const char *word, enum language l)
{
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].text[l];
	return word;
}

struct telling {
	const struct behaviour_numbers *n;
	enum language l;
};

static const char *
piece_of(void *to, const char *name, size_t len, char room[PIECE_ROOM])
{
	const struct telling *t = to;
	const struct evidence *e = find(t->n, name, len);

	if (e == NULL)
		return NULL;
	if (e->word != NULL || e->text[0] != '\0')
		return e->word != NULL ? in_language(e->word, t->l) : e->text;
	snprintf(room, PIECE_ROOM, "%" PRIu64, e->number);
	return room;
}

const char *
texts_sentence(const struct behaviour_text *t, enum language l, const struct behaviour_numbers *n, char *buf,
    size_t size)
{
	struct telling telling = { n, l };

	return sentence_write(t->sentence[l], piece_of, &telling, buf, size);
}

/* Told like a behaviour: the sentence names two pieces of evidence. */
const char *
texts_flood(const struct behaviour_text *t, enum language l, uint32_t hosts, char *buf, size_t size)
{
	static const struct behaviour_text flood = { "flood", { "", "" },
	  { "more than {hosts} hosts show {behaviour} within an hour: are home networks, mail servers and management "
	    "hosts configured as they are? Further hosts are held back",
	    "1 時間に {hosts} 台を超えるホストで {behaviour} を検知した。home、メールサーバー、管理ホストの設定を確認のこと。"
	    "これ以上のホストは通知を保留する" } };
	struct behaviour_numbers n = { .pieces = 2, .evidence = {
		{ .what = "hosts", .number = hosts }, { .what = "behaviour", .word = t->name } } };

	return texts_sentence(&flood, l, &n, buf, size);
}
