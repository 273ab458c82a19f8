/*
 * NOTICE-style lists (Japan): which addresses somebody saw infected, and when.
 * Only the source is taken, as infected; the server that it called may be a
 * sinkhole and is no indicator from here.
 */
#include "indicators/feed.h"

#include "base/when.h"
#include "indicators/text.h"

enum { NOTICE_CONFIDENCE = 90, JST_SEC = 9 * 3600 };

enum column { WHEN, ADDRESS, PORT, PEER, PEER_PORT, MALWARE };

static const struct csv_alias aliases[] = {
	{ "検知日時", WHEN }, { "検出日時", WHEN }, { "観測日時", WHEN }, { "日時", WHEN },
	{ "detected_at", WHEN }, { "detection time", WHEN }, { "detected", WHEN },
	{ "datetime", WHEN }, { "date", WHEN }, { "timestamp", WHEN }, { "time", WHEN },
	{ "ipアドレス", ADDRESS }, { "IPアドレス", ADDRESS }, { "送信元ip", ADDRESS },
	{ "送信元IP", ADDRESS }, { "送信元ipアドレス", ADDRESS }, { "送信元IPアドレス", ADDRESS },
	{ "ip address", ADDRESS }, { "ip_address", ADDRESS }, { "ip", ADDRESS },
	{ "source ip", ADDRESS }, { "source_ip", ADDRESS }, { "src_ip", ADDRESS },
	{ "送信元ポート", PORT }, { "送信元ポート番号", PORT }, { "ポート", PORT },
	{ "source port", PORT }, { "source_port", PORT }, { "src_port", PORT }, { "port", PORT },
	{ "通信先ip", PEER }, { "通信先ipアドレス", PEER }, { "宛先ip", PEER }, { "宛先ipアドレス", PEER },
	{ "destination ip", PEER }, { "destination_ip", PEER }, { "dst_ip", PEER },
	{ "通信先ポート", PEER_PORT }, { "通信先ポート番号", PEER_PORT }, { "宛先ポート", PEER_PORT },
	{ "destination port", PEER_PORT }, { "destination_port", PEER_PORT }, { "dst_port", PEER_PORT },
	{ "マルウェア名", MALWARE }, { "マルウェア", MALWARE }, { "マルウエア名", MALWARE },
	{ "malware", MALWARE }, { "malware name", MALWARE }, { "malware_name", MALWARE },
	{ NULL, 0 }
};

/* Without its time an address says nothing: tomorrow it is another subscriber's. */
static void
read_row(struct feed *f)
{
	struct feed_line line = feed_says(ROLE_INFECTED, NOTICE_CONFIDENCE);
	struct span when = feed_cell(f, WHEN);

	line.malware = feed_cell(f, MALWARE);
	if (!when_parse((const char *)when.at, when.left, JST_SEC, &line.first_ns)) {
		feed_complain(f, "a time like 2021/02/19 13:05:06", when);
		return;
	}
	line.last_ns = line.first_ns;
	feed_take_text(f, feed_cell(f, ADDRESS), 1 << INDICATOR_ADDRESS, &line);
}

static const struct csv_rule rule = { ',', "#",
	{ aliases, 1 << WHEN | 1 << ADDRESS, 0 },
	"検知日時,IPアドレス,送信元ポート,通信先IP,通信先ポート,マルウェア名", read_row
};

/* CP932 → UTF-8 in `buf`; false when it is not CP932 either. */
static bool
convert(iconv_t cp932, struct span line, char *buf, size_t size, struct span *out)
{
	char *from = (char *)(uintptr_t)line.at, *to = buf;
	size_t left = line.left, room = size;

	if (cp932 == (iconv_t)-1)
		return false;
	iconv(cp932, NULL, NULL, NULL, NULL);
	if (iconv(cp932, &from, &left, &to, &room) == (size_t)-1)
		return false;
	*out = span_of(buf, size - room);
	return true;
}

/*
 * A header of which every column is known: reports of other houses have
 * columns like these among many more, and are not in Japanese time.
 */
static bool
is_notice_header(struct feed *f, struct span line)
{
	const char *why;

	return csv_split(line, ',', f->scratch, &f->row, &why) &&
	    csv_header(&f->row, &rule.layout, &f->columns) &&
	    f->columns.known == f->columns.count;
}

static bool
recognise(const struct feed_head *head)
{
	struct feed *f = head->feed;
	struct span rest = head->bytes, line;
	bool comment = true;

	while (comment && head_line(&rest, &line, &comment)) {
		if (line.left > LINE_BYTES)
			return false;
		if (!text_is_utf8(line) &&
		    !convert(head->cp932, line, f->converted, sizeof f->converted, &line))
			return false;
		while (line.left > 0 && line.at[0] == '#')
			span_skip(&line, 1);
		if (is_notice_header(f, line))
			return true;
	}
	return false;
}

/* Short words in CP932 can be UTF-8 by chance: once a line was not, all that follow are CP932. */
static void
read_line(struct feed *f, struct span line)
{
	struct span bytes = line;

	f->converts = f->converts || !text_is_utf8(line);
	if (f->converts &&
	    !convert(f->builder->cp932, line, f->converted, sizeof f->converted, &line)) {
		feed_complain(f, "UTF-8 or CP932 text", bytes);
		return;
	}
	feed_csv_line(f, line);
}

const struct feed_reader notice_csv = { recognise, read_line, NULL, &rule };
