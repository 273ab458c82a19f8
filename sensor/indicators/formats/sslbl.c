/*
 * SSLBL (abuse.ch): addresses, JA3 and certificates of TLS that malware speaks.
 */
#include "indicators/feed.h"

#include "indicators/text.h"

/* Dual-use tools are listed too, and a JA3 is shared with honest software. */
enum { SSLBL_CONFIDENCE = 75, SSLBL_JA3_CONFIDENCE = 50 };

enum column { ADDRESS, PORT, FIRST, LAST, SHA1, JA3, REASON };

static const struct csv_alias aliases[] = {
	{ "dstip", ADDRESS }, { "dst_ip", ADDRESS },
	{ "dstport", PORT }, { "dst_port", PORT },
	{ "firstseen", FIRST }, { "first_seen", FIRST }, { "listingdate", FIRST },
	{ "lastseen", LAST }, { "last_seen", LAST },
	{ "sha1", SHA1 }, { "ja3_md5", JA3 },
	{ "listingreason", REASON },
	{ NULL, 0 }
};

static struct feed_line
dated_line(const struct feed *f, uint8_t confidence)
{
	struct feed_line line = feed_says(ROLE_C2, confidence);

	line.reference = feed_cell(f, REASON);
	line.first_ns = feed_time(feed_cell(f, FIRST));
	line.last_ns = feed_time(feed_cell(f, LAST));
	return line;
}

/* "Dridex C&C" and "Dridex malware distribution" name the malware and what the server is for. */
static void
read_reason(struct feed_line *line)
{
	static const struct {
		const char *end;
		enum indicator_role role;
	} ends[] = { { "c&c", ROLE_C2 }, { "malware distribution", ROLE_DOWNLOAD } };
	struct span reason = line->reference;
	size_t i, len;

	line->malware = reason;
	for (i = 0; i < 2; i++) {
		len = strlen(ends[i].end);
		if (reason.left < len || !span_equal_nocase(
		    span_of(reason.at + reason.left - len, len), span_text(ends[i].end)))
			continue;
		line->role = ends[i].role;
		line->malware = span_trim(span_of(reason.at, reason.left - len));
	}
}

static void
address_row(struct feed *f)
{
	struct feed_line line = dated_line(f, SSLBL_CONFIDENCE);

	feed_take_pair(f, feed_cell(f, ADDRESS), feed_cell(f, PORT), &line);
}

static void
ja3_row(struct feed *f)
{
	struct feed_line line = dated_line(f, SSLBL_JA3_CONFIDENCE);

	read_reason(&line);
	feed_take_text(f, feed_cell(f, JA3), 1 << INDICATOR_JA3, &line);
}

static void
certificate_row(struct feed *f)
{
	struct feed_line line = dated_line(f, SSLBL_CONFIDENCE);

	read_reason(&line);
	feed_take_text(f, feed_cell(f, SHA1), 1 << INDICATOR_CERT_SHA1, &line);
}

static const struct csv_rule address_rule = { ',', "#",
	{ aliases, 1 << ADDRESS | 1 << PORT | 1 << FIRST, 0 }, "Firstseen,DstIP,DstPort", address_row
};
static const struct csv_rule ja3_rule = { ',', "#",
	{ aliases, 1 << JA3 | 1 << REASON, 0 }, "ja3_md5,Firstseen,Lastseen,Listingreason", ja3_row
};
static const struct csv_rule certificate_rule = { ',', "#",
	{ aliases, 1 << SHA1 | 1 << REASON, 0 }, "Listingdate,SHA1,Listingreason", certificate_row
};

static bool
recognise_address(const struct feed_head *head)
{
	return head_has_header(head, &address_rule);
}

static bool
recognise_ja3(const struct feed_head *head)
{
	return head_has_header(head, &ja3_rule);
}

static bool
recognise_certificate(const struct feed_head *head)
{
	return head_has_header(head, &certificate_rule);
}

const struct feed_reader sslbl_address = { recognise_address, feed_csv_line, NULL, &address_rule };
const struct feed_reader sslbl_ja3 = { recognise_ja3, feed_csv_line, NULL, &ja3_rule };
const struct feed_reader sslbl_certificate = {
	recognise_certificate, feed_csv_line, NULL, &certificate_rule
};
