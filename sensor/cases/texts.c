/*
 * texts.c - all words of a case, a column for each language, for readers who
 * never saw a packet: what it means first, names of things after it. What
 * stands in square brackets is left out when a piece in it is missing.
 */
#include <stddef.h>

#include "cases/private.h"

const char *const case_titles[CASE_STAGES][LANGUAGES] = {
	[STAGE_DELIVERY] = { "Case: malware was delivered", "事案：マルウェアの侵入" },
	[STAGE_C2] = { "Case: takes an attacker's orders", "事案：外部からの遠隔操作" },
	[STAGE_THEFT] = { "Case: data is stolen", "事案：情報の持ち出し" },
	[STAGE_SPREADING] = { "Case: spreads to other machines", "事案：組織内への拡散" },
	[STAGE_MASS_MAIL] = { "Case: sends mass mail", "事案：メールの大量送信" },
	[STAGE_DESTRUCTION] = { "Case: destroys data", "事案：データの破壊" },
};

const char *const case_stage_titles[CASE_STAGES][LANGUAGES] = {
	[STAGE_DELIVERY] = { "delivery", "侵入" },
	[STAGE_C2] = { "command and control", "遠隔操作" },
	[STAGE_THEFT] = { "theft", "情報の持ち出し" },
	[STAGE_SPREADING] = { "spreading", "組織内への拡散" },
	[STAGE_MASS_MAIL] = { "mass mail", "メールの大量送信" },
	[STAGE_DESTRUCTION] = { "destruction", "データの破壊" },
};

const struct case_text case_phrases[] = {
	{ "space", { " ", "" } },
	{ "comma", { ", ", "、" } },
	{ "and", { " and ", "、" } },
	{ "more", { " and {number} more", " ほか {number} 件" } },
	{ "named", { "{name} ({address})", "{name}（{address}）" } },
	{ "bare", { "{address}", "{address}" } },
	{ "reason", {
	  "shows {stages} of the 6 stages of an infection[ within {minutes} min]: {names}; alerts: {incidents}, independent "
	  "kinds of evidence: {kinds}[; malware: {families}]",
	  "感染の 6 段階のうち {stages} 段階を[ {minutes} 分間に]確認：{names}。警報 {incidents} 件、独立した根拠 {kinds} 種。"
	  "[マルウェア：{families}。]" } },
	{ "flood", {
	  "more than {hosts} hosts get a case within an hour: is a feed wrong, or are home networks, mail servers and "
	  "management hosts configured as they are not? Further hosts wait until the hour is over",
	  "1 時間に {hosts} 台を超えるホストが事案になった。フィードの誤りがないか、home、メールサーバー、管理ホストの設定を"
	  "確認のこと。これ以上のホストは 1 時間が過ぎるまで保留する" } },
	{ "who", { "The machine at {address}, whose name is not known.", "アドレス {address} の端末（名前は不明）。" } },
	{ "who_named", { "{name}, at {address}; the name is {source}.", "{name}（アドレス {address}）。名前の根拠は{source}。" } },
	{ "who_mac", { "Its network card is {text}, {source}.", "ネットワークカードは {text}（{source}）。" } },
	{ "who_user", { "User: {text}, {source}.", "利用者：{text}（{source}）。" } },
	{ "addresses", { "Before, it had the address {addresses}.", "以前のアドレスは {addresses}。" } },
	{ "next", { "What to do next", "次にすること" } },
	{ "other", { "It did what is called {what} in the alerts[, with {peers}].", "警報 {what} にあたる動きがあった[（相手 {peers}）]。" } },
	{ "left_out", { "More alerts belong here: {number}.", "ほかに警報 {number} 件。" } },
	{ NULL, { NULL, NULL } },
};

/* Who said what a machine is called, as people say it. */
const struct case_text case_source_texts[] = {
	{ "dhcp", { "as it says when it asks for an address (DHCP)", "アドレスの割り当て（DHCP）" } },
	{ "dhcpv6", { "as it says when it asks for an address (DHCPv6)", "アドレスの割り当て（DHCPv6）" } },
	{ "nbns", { "as it tells its neighbours (NetBIOS)", "端末自身の名乗り（NetBIOS）" } },
	{ "mdns", { "as it tells its neighbours (mDNS)", "端末自身の名乗り（mDNS）" } },
	{ "llmnr", { "as it tells its neighbours (LLMNR)", "端末自身の名乗り（LLMNR）" } },
	{ "ntlm", { "seen at a login (NTLM)", "ログイン（NTLM）" } },
	{ "kerberos", { "seen at a login (Kerberos)", "ログイン（Kerberos）" } },
	{ "smb", { "seen at a login (SMB)", "ログイン（SMB）" } },
	{ "http", { "as a program on it says (HTTP)", "プログラムの名乗り（HTTP）" } },
	{ NULL, { NULL, NULL } },
};

/* Words of a behaviour's evidence. */
const struct case_text case_word_texts[] = {
	{ "pe", { "a Windows program", "Windows の実行ファイル" } },
	{ "elf", { "a Linux program", "Linux の実行ファイル" } },
	{ "macho", { "a macOS program", "macOS の実行ファイル" } },
	{ "script", { "a script", "スクリプト" } },
	{ "lnk", { "a Windows shortcut", "Windows のショートカット" } },
	{ "iso", { "a disk image", "ディスクイメージ" } },
	{ "macros", { "a document with macros", "マクロ付き文書" } },
	{ "encrypted", { "an encrypted attachment", "暗号化された添付" } },
	{ NULL, { NULL, NULL } },
};

const struct case_text case_texts[] = {
	/* delivery */
	{ "inbound-lure", {
	  "A mail came in that was made to be opened[, with {word}].",
	  "開かせるために作られたメールが届いた[（{word}付き）]。" } },
	{ "false-type-download", {
	  "It fetched a suspicious file[ ({word})] from {peers}.",
	  "{peers} から不審なファイル[（{word}）]を取得した。" } },
	{ "feed-download", {
	  "It fetched something from {peers}: malware is known to be handed out there[ ({families})].",
	  "マルウェアの配布元として知られる {peers} から取得した[（{families}）]。" } },
	{ "earlier-download", {
	  "Some time before, it had fetched something from {peers}: malware is now known to be handed out there[ ({families})].",
	  "以前、{peers} から取得していた。現在はマルウェアの配布元として知られる[（{families}）]。" } },
	/* command and control */
	{ "feed-c2", {
	  "It called {peers}: attackers are known to give orders from there[ ({families})].",
	  "攻撃者が指令に使うサーバーとして知られる {peers} と通信した[（{families}）]。" } },
	{ "earlier-c2", {
	  "Some time before, it had called {peers}: attackers are now known to give orders from there[ ({families})].",
	  "以前、{peers} と通信していた。現在は攻撃者の指令サーバーとして知られる[（{families}）]。" } },
	{ "feed-infected", {
	  "Somebody outside has reported this very address as infected[ ({families})].",
	  "このアドレスは感染していると外部から通知されている[（{families}）]。" } },
	{ "feed-sinkhole", {
	  "It called {peers}: orders once came from there, and now it is only counted who is still infected[ ({families})].",
	  "{peers} と通信した。かつての指令サーバーで、今は感染した端末を数えるために置かれている[（{families}）]。" } },
	{ "earlier-sinkhole", {
	  "Some time before, it had called {peers}, where it is counted who is infected[ ({families})].",
	  "以前、感染した端末を数えるために置かれた {peers} と通信していた[（{families}）]。" } },
	{ "feed-suspicious", { "It called {peers}: a list calls that suspicious.", "不審とされる {peers} と通信した。" } },
	{ "feed-resolver", {
	  "It called {peers}: that hides where traffic goes.",
	  "通信先を隠すサービス {peers} を利用した。" } },
	{ "beacon", {
	  "It called {peers} again and again at even intervals, as a program does that waits for orders.",
	  "{peers} へ規則的な間隔で繰り返し通信した。指令を待つプログラムに見られる動きである。" } },
	{ "evasion", {
	  "A connection with {peers} carried the same bytes twice with different content, which hides what was said.",
	  "{peers} との通信で同じ位置のデータが内容を変えて再送された。監視を逃れる手口である。" } },
	{ "dropper-chain", {
	  "Right after that download it called {peers} for the first time: what it had fetched was at work.",
	  "取得の直後、初めての相手 {peers} と通信した。取得したものが動き始めたと考えられる。" } },
	{ "raw-address-check-in", {
	  "It sent reports to servers that have no name, only a number[ ({number} of them)], latest {peers}, as malware does.",
	  "名前のないサーバー（{peers}）へ報告を送った[（{number} 台）]。マルウェアに見られる動きである。" } },
	{ "odd-tls", {
	  "It had encrypted talks with {peers}: the certificate, which should show who that is, is home-made, too new or not its own.",
	  "{peers} と暗号化通信をした。相手の証明書は自作か、新しすぎるか、他人のものである。" } },
	{ "dns-tunnel", {
	  "It hid data in questions for names[: {number} different ones][ under {name}].",
	  "名前の問い合わせ[（{name} の下に {number} 種）]にデータを隠して送った。" } },
	{ "generated-names", {
	  "It tried names that a program makes up to find its master[: {number} that do not exist].",
	  "プログラムが作り出した名前を次々に試し、指令サーバーを探した[（存在しないもの {number} 個）]。" } },
	{ "strobe", {
	  "It called {peers} without a pause[, {number} times a minute].",
	  "{peers} へ絶え間なく接続した[（毎分 {number} 回）]。" } },
	{ "second-family", {
	  "A second malware has joined the first[: {name}].",
	  "二つ目のマルウェアが加わった[（{name}）]。" } },
	{ "lasting-connection", {
	  "It held a connection with {peers} open for a long time, as one does that waits for orders.",
	  "{peers} との接続を長時間保った。指令を待つ動きに見られる。" } },
	{ "own-protocol", {
	  "It spoke with {peers} in a language of its own[, {number} times], as tools do by which somebody else works on a machine.",
	  "{peers} と独自の方式で通信した[（{number} 回）]。遠隔操作の道具に見られる動きである。" } },
	{ "back-connect-proxy", {
	  "It lent itself to {peers} as a proxy[, {number} times]: what somebody else does there comes from its address.",
	  "{peers} に中継役（プロキシ）として使われた[（{number} 件）]。他人の通信がこの端末のアドレスから出ている。" } },
	{ "attack-participation", {
	  "It took part in an attack on others outside[: {number} packets that nobody had asked for], as one does that is told to; latest target {peers}.",
	  "外部への攻撃に加わった[（応答のないパケット {number} 個）]。指令を受けた動きである。最新の相手は {peers}。" } },
	/* theft */
	{ "theft", {
	  "It sent much data to {peers} and got little back.",
	  "大量のデータを {peers} へ送り出し、受け取ったものは少ない。" } },
	/* spreading */
	{ "spreading", {
	  "It reached for other machines inside[, {number} of them,] with the tools that administrators use.",
	  "管理用の通信手段で組織内の他の端末[ {number} 台]に侵入を試みた。" } },
	/* mass mail */
	{ "spam-module", {
	  "It began to send mail to other organisations by itself[, through {number} mail servers].",
	  "自ら他の組織へメールを送り始めた[（宛先サーバー {number} 台）]。" } },
	/* destruction */
	{ "destruction", {
	  "It does to the files of other machines what ransomware does[: {number} of them written over][. It also had {word} run, "
	  "which takes away the copies that one would restore from].",
	  "ランサムウェアのように、他の端末のファイルを壊している[（書き換え {number} 個）]。[復元用の控えを消す {word} も実行させた。]" } },
	{ NULL, { NULL, NULL } },
};
