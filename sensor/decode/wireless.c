#include "decode/layers.h"

enum {	/* IEEE 802.11-2020, 9.2.4.1: frame control, its second byte above */
	TYPE_MASK = 0x000c, TYPE_DATA = 0x0008, SUBTYPE_NO_DATA = 0x0040, SUBTYPE_QOS = 0x0080,
	TO_AND_FROM = 0x0300, PROTECTED = 0x4000, ORDER = 0x8000,
	QOS_AGGREGATE = 0x80
};

enum { RADIOTAP_TIME = 1, RADIOTAP_FLAGS = 2, RADIOTAP_PADDED = 0x20, RADIOTAP_BAD = 0x40 };
#define RADIOTAP_MORE 0x80000000u

/* Bytes of the header of a data frame that is no aggregate. */
static size_t
header_bytes(uint16_t control)
{
	size_t len = 24;

	if ((control & TO_AND_FROM) == TO_AND_FROM)
		len += 6;
	if ((control & SUBTYPE_QOS) != 0)
		len += (control & ORDER) != 0 ? 6 : 2;
	return len;
}

/* 9.3.2.2.2: of frames sent together the first is read. Addresses and a length before its LLC header. */
static void
aggregate_read(struct walk *w)
{
	struct span head;
	uint16_t len;

	if (!walk_take(w, 14, &head)) {
		walk_short(w, 14);
		return;
	}
	span_skip(&head, 12);
	span_u16be(&head, &len);
	if (len > w->wire) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	walk_limit(w, len);
	w->next = llc_read;
}

/* `padded`: some cards bring what follows the header to a multiple of four. */
static void
data_read(struct walk *w, bool padded)
{
	struct span frame = w->in, head;
	uint16_t control = 0;
	uint8_t quality = 0;
	size_t len, qos;

	if (!span_u16le(&frame, &control)) {
		walk_short(w, 2);
		return;
	}
	if ((control & 3) != 0 || (control & TYPE_MASK) != TYPE_DATA ||
	    (control & (SUBTYPE_NO_DATA | PROTECTED)) != 0) {
		walk_nothing(w, &w->decode->counts.not_ip);
		return;
	}
	len = header_bytes(control);
	qos = (control & TO_AND_FROM) == TO_AND_FROM ? 30 : 24;
	if (padded)
		len = (len + 3) / 4 * 4;
	if (!walk_take(w, len, &head)) {
		walk_short(w, len);
		return;
	}
	if ((control & SUBTYPE_QOS) != 0 && span_skip(&head, qos))
		span_u8(&head, &quality);
	w->next = (quality & QOS_AGGREGATE) != 0 ? aggregate_read : llc_read;
}

void
wireless_read(struct walk *w)
{
	data_read(w, false);
}

static void
padded_read(struct walk *w)
{
	data_read(w, true);
}

/*
 * The flags of a radiotap header. radiotap.org: words say which fields are
 * there, as long as their top bit says that another one follows; the fields
 * come in the order of their bits, each aligned to its size. Only the first
 * two matter here.
 */
static uint8_t
radiotap_flags(struct span head)
{
	struct span s = head;
	uint32_t present, word;
	uint8_t flags = 0;

	if (!span_skip(&s, 4) || !span_u32le(&s, &present))
		return 0;
	for (word = present; (word & RADIOTAP_MORE) != 0;)
		if (!span_u32le(&s, &word))
			return 0;
	if ((present & RADIOTAP_FLAGS) == 0)
		return 0;
	if ((present & RADIOTAP_TIME) != 0 &&
	    !span_skip(&s, (8 - (head.left - s.left) % 8) % 8 + 8))
		return 0;
	(void)span_u8(&s, &flags);
	return flags;
}

void
radiotap_read(struct walk *w)
{
	struct span s = w->in, head;
	uint16_t version = 0, len = 0;
	uint8_t flags;

	if (!span_u16le(&s, &version) || !span_u16le(&s, &len)) {
		walk_short(w, 8);
		return;
	}
	if ((version & 0xff) != 0 || len < 8) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	if (!walk_take(w, len, &head)) {
		walk_short(w, len);
		return;
	}
	flags = radiotap_flags(head);
	if ((flags & RADIOTAP_BAD) != 0)	/* the radio misheard it */
		walk_nothing(w, &w->decode->counts.malformed);
	else
		w->next = (flags & RADIOTAP_PADDED) != 0 ? padded_read : wireless_read;
}

/* AVS: a magic number that counts versions, then the header's length, both in network order. */
void
avs_read(struct walk *w)
{
	struct span s = w->in, head;
	uint32_t magic = 0, len = 0;

	if (!span_u32be(&s, &magic) || !span_u32be(&s, &len)) {
		walk_short(w, 8);
		return;
	}
	if (magic >> 4 != 0x8021100 || len < 8) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	if (!walk_take(w, len, &head)) {
		walk_short(w, len);
		return;
	}
	w->next = wireless_read;
}

/* Prism: message code and length in the order of the machine that captured; some drivers put AVS under this type. */
void
prism_read(struct walk *w)
{
	struct span s = w->in, head;
	uint32_t code = 0, len = 0;

	if (!span_u32be(&s, &code) || !span_u32be(&s, &len)) {
		walk_short(w, 8);
		return;
	}
	if (code >> 4 == 0x8021100) {
		w->next = avs_read;
		return;
	}
	if (len > 0xffff)
		len = __builtin_bswap32(len);
	if (len < 8 || len > 0xffff) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	if (!walk_take(w, len, &head)) {
		walk_short(w, len);
		return;
	}
	w->next = wireless_read;
}
