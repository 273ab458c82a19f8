#include "records/notes.h"

#define WHY_EN "[the worker {worker} was ended by signal {signal} ({signal_name})][the worker {worker} ended with status {status}]" \
	"[worker {lost} lost the interface][worker {anew} was begun anew]"
#define WHY_JA "[ワーカー {worker} がシグナル {signal} で終了した。][ワーカー {worker} が状態 {status} で終了した。]" \
	"[ワーカー {lost} がインターフェースを失った。][ワーカー {anew} をやり直した。]"
#define SHED_EN ": add workers, or filter more out; feeds are held against addresses and DNS names, and contacts counted, all the same"
#define SHED_JA "workers を増やすか、filter で減らすこと。アドレスと DNS 名のフィード照合と通信の計数は続いている。"

static const struct {
	const char *name;
	const char *sentence[LANGUAGES];
} notes[SENSOR_NOTES] = {
	[NOTE_JOURNAL_LOST] = { "journal-lost",
	  { "{count} records had to give way in the journal before every sink had them: a sink is down or slow, or "
	    "journal.max_mib and journal.max_hours are too small",
	    "ジャーナルの記録 {count} 件が、すべての送り先に届く前に削除された。送り先の停止や遅れ、または journal.max_mib と "
	    "journal.max_hours の不足が原因。" } },
	[NOTE_JOURNAL_FULL] = { "journal-full",
	  { "{count} records could not be written to the journal and are lost: its disk was full or failed",
	    "記録 {count} 件をジャーナルに書き込めず失った。ディスクの空き不足か故障が原因。" } },
	[NOTE_WORKER_MISSING] = { "worker-missing",
	  { WHY_EN " and cannot be replaced yet: its share of the traffic (1 of {workers}) is not seen",
	    WHY_JA "まだ代わりを起動できず、通信の {workers} 分の 1 が見えていない。" } },
	[NOTE_WORKER_BACK] = { "worker-back",
	  { WHY_EN "; its share of the traffic (1 of {workers}) was not seen for {seconds} s, its flows begin anew",
	    WHY_JA "通信の {workers} 分の 1 を {seconds} 秒間見ていない。その間の会話は途中からになる。" } },
	[NOTE_ANALYST_DIED] = { "analyst-died",
	  { "the analyst died: what it learned since it was last saved is lost, open alerts go on",
	    "分析プロセスが異常終了した。最後の保存より後に学んだことは失われたが、続いている警報は引き継がれる。" } },
	[NOTE_KEEPER_ENDED] = { "keeper-ended",
	  { "the keeper ended: the history may lack some contacts",
	    "履歴プロセスが終了した。履歴に一部の通信が欠けている可能性がある。" } },
	[NOTE_FEED_OLD] = { "feed-old",
	  { "feed {feed} was not renewed for {hours} h: [{why}][{held}what was fetched is held back]",
	    "フィード {feed} が {hours} 時間更新されていない。[原因：{why}][{held}取得した内容は保留されている。]" } },
	[NOTE_FEED_RENEWED] = { "feed-renewed", { "it was renewed", "更新された。" } },
	[NOTE_NO_PACKETS] = { "no-packets",
	  { "no packet has arrived for {seconds} s: look at the mirror port, the cable, the filter",
	    "{seconds} 秒間パケットが届いていない。ミラーポート、ケーブル、フィルターを確認のこと。" } },
	[NOTE_PACKETS_AGAIN] = { "packets-again", { "packets arrive again", "パケットが再び届いている。" } },
	[NOTE_ONE_SIDED] = { "one-sided",
	  { "{percent} % of {whole} TCP conversations show one direction only within {seconds} s: "
	    "[{wrong}does the mirror port copy both?][{well}that is well again]",
	    "{seconds} 秒間の TCP 会話 {whole} 件の {percent} % が片方向しか見えない。"
	    "[{wrong}ミラーポートが両方向を複製しているか確認のこと。][{well}正常に戻った。]" } },
	[NOTE_CHECKSUMS] = { "checksums",
	  { "{percent} % of {whole} packets have a wrong checksum within {seconds} s: [{wrong}does a network card fill them in later, or is "
	    "the copy damaged? see `checksum`][{well}that is well again]",
	    "{seconds} 秒間のパケット {whole} 個の {percent} % でチェックサムが誤っている。"
	    "[{wrong}ネットワークカードが後で計算しているか、複製が壊れている。設定 checksum を参照。][{well}正常に戻った。]" } },
	[NOTE_SNAPLEN] = { "snaplen",
	  { "{percent} % of {whole} packets arrive cut within {seconds} s: [{wrong}raise capture.snaplen, or what the mirror copies of a "
	    "frame][{well}that is well again]",
	    "{seconds} 秒間のパケット {whole} 個の {percent} % が途中で切れている。"
	    "[{wrong}capture.snaplen か、ミラーが複製する長さを大きくすること。][{well}正常に戻った。]" } },
	[NOTE_KERNEL_DROPS] = { "kernel-drops",
	  { "{percent} % of {whole} frames were dropped by the kernel within {seconds} s: [{wrong}raise capture.buffer_mib or workers, or "
	    "filter more out][{well}that is well again]",
	    "{seconds} 秒間のフレーム {whole} 個の {percent} % をカーネルが落とした。"
	    "[{wrong}capture.buffer_mib か workers を増やすか、filter で減らすこと。][{well}正常に戻った。]" } },
	[NOTE_RING_DROPS] = { "ring-drops",
	  { "{percent} % of {whole} observations were lost for want of room within {seconds} s: [{wrong}raise limits.ring_mib]"
	    "[{well}that is well again]",
	    "{seconds} 秒間の観測 {whole} 件の {percent} % を空き不足で失った。[{wrong}limits.ring_mib を増やすこと。][{well}正常に戻った。]" } },
	[NOTE_NO_PROTOCOL] = { "no-protocol",
	  { "{count} conversations began within {seconds} s, and there is no {protocol} at all: does the mirror port, or the filter, leave it "
	    "out?",
	    "{seconds} 秒間に始まった会話 {count} 件の中に {protocol} が一つもない。ミラーポートかフィルターが除いていないか確認のこと。" } },
	[NOTE_PROTOCOL_AGAIN] = { "protocol-again", { "there is {protocol} again", "{protocol} が再び見えている。" } },
	[NOTE_FRAMES_BACK] = { "frames-back",
	  { "the time of frames went back by more than an hour: conversations and beacons around that moment have wrong times",
	    "フレームの時刻が 1 時間以上戻った。その前後の会話と規則的な通信の時刻は正しくない。" } },
	[NOTE_CLOCK_FORWARD] = { "clock-forward",
	  { "this machine's clock was set forward by {seconds} s: conversations and beacons around that moment have wrong times",
	    "この機器の時計が {seconds} 秒進められた。その前後の会話と規則的な通信の時刻は正しくない。" } },
	[NOTE_CLOCK_BACK] = { "clock-back",
	  { "this machine's clock was set back by {seconds} s: conversations and beacons around that moment have wrong times",
	    "この機器の時計が {seconds} 秒戻された。その前後の会話と規則的な通信の時刻は正しくない。" } },
	[NOTE_CLOCK_WELL] = { "clock-well", { "no clock was set since", "その後、時計は変更されていない。" } },
	[NOTE_SINK_LAGS] = { "sink-lags",
	  { "sink {sink} has not had all records for {seconds} s: {records} wait in the journal",
	    "送り先 {sink} への配信が {seconds} 秒遅れている。ジャーナルで {records} 件が待っている。" } },
	[NOTE_SINK_WELL] = { "sink-well", { "sink {sink} has caught up", "送り先 {sink} への配信が追いついた。" } },
	[NOTE_SINK_REFUSES] = { "sink-refuses",
	  { "records that the receiver of sink {sink} did not take, now or after many attempts: {count}; they are not sent again, the log "
	    "and the sink's file of dead letters say why",
	    "送り先 {sink} の受信側が記録 {count} 件を拒否したか、何度試しても受け取らなかった。再送はしない。理由はログと dead_letters のファイルにある。" } },
	[NOTE_SINK_TAKES] = { "sink-takes",
	  { "sink {sink} has refused nothing for {seconds} s", "送り先 {sink} は {seconds} 秒間何も拒否していない。" } },
	[NOTE_MEMORY] = { "memory",
	  { "the sensor uses {percent} % of the {mib} MiB that it may use",
	    "センサーが許可されたメモリ {mib} MiB の {percent} % を使っている。" } },
	[NOTE_SHED_NOTHING] = { "shed-nothing", { "all is looked into again", "すべての検査を再開した。" } },
	[NOTE_SHED_BODIES] = { "shed-bodies",
	  { "bodies are not looked into" SHED_EN, "過負荷のため本文の検査を止めている。" SHED_JA } },
	[NOTE_SHED_STREAMS] = { "shed-streams",
	  { "bodies are not looked into, no further conversation is put in order" SHED_EN,
	    "過負荷のため本文の検査と新しい会話の再構成を止めている。" SHED_JA } },
	[NOTE_SHED_PARSING] = { "shed-parsing",
	  { "nothing is parsed but DNS" SHED_EN, "過負荷のため DNS 以外の解析を止めている。" SHED_JA } },
};

const char *
note_name(enum sensor_note n)
{
	return n < SENSOR_NOTES ? notes[n].name : "?";
}

const char *
note_text(enum sensor_note n, enum language l, const struct piece *pieces, char *buf, size_t size)
{
	static const struct piece none[] = { { NULL, NULL } };

	return sentence_fill(notes[n].sentence[l], pieces == NULL ? none : pieces, buf, size);
}

void
note_words(enum sensor_note n, const struct piece *pieces, struct note_words *out)
{
	int l;

	for (l = 0; l < LANGUAGES; l++)
		note_text(n, (enum language)l, pieces, out->text[l], sizeof out->text[l]);
}
