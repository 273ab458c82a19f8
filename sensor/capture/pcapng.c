#include "capture/pcapng.h"

#include <inttypes.h>
#include <pcap/dlt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "base/when.h"
#include "capture/pcapng_parts.h"
#include "capture/source.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,	/* reads the same in both byte orders */
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2,		/* obsolete */
	BLOCK_SIMPLE = 3,
	BLOCK_STATISTICS = 5,
	BLOCK_ENHANCED = 6
};

#define LOST_UNKNOWN 0xffff		/* in an obsolete packet block */
#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define BLOCK_FRAME 12			/* type and both lengths */
#define BUFFER_FIRST 4096
/* A whole packet and what stands before it, or the lengths behind a shorter body. */
#define PCAPNG_KEPT (CAPTURE_FRAME_MAX + 64)

struct block {
	uint32_t type, total;
	struct span body;		/* at most PCAPNG_KEPT bytes of it */
	bool whole;			/* `body` is all of it */
};

struct pcapng {
	FILE *file;
	bool big_endian;
	struct interface *interfaces;
	uint32_t interface_count, interface_room;
	uint8_t *buffer;
	size_t room;
	uint64_t packets;		/* handed out */
	int64_t last_ns;		/* a simple packet block has no time of its own */
	uint64_t lost;			/* in the sections before this one */
};

static int
damaged(const struct pcapng *p, struct fault *fault, const char *words)
{
	if (p->packets == 0)
		return fault_set(fault, SE_FORMAT, "damaged before its first packet (%s)", words);
	return fault_set(fault, SE_FORMAT, "damaged behind packet %" PRIu64 " (%s)", p->packets,
	    words);
}

/* The stream ended `there` bytes into a block. */
static int
cut(const struct pcapng *p, uint32_t type, uint64_t there, uint64_t of, struct fault *fault)
{
	bool packet = type == BLOCK_ENHANCED || type == BLOCK_SIMPLE || type == BLOCK_PACKET;

	if (ferror(p->file))
		return fault_set(fault, SE_SYSTEM, "cannot be read behind packet %" PRIu64,
		    p->packets);
	if (packet)
		return fault_set(fault, SE_FORMAT, "cut in the middle of packet %" PRIu64
		    " (%" PRIu64 " of %" PRIu64 " bytes of its block are there)",
		    p->packets + 1, there, of);
	return fault_set(fault, SE_FORMAT, "cut in the middle of a block behind packet %" PRIu64
	    " (%" PRIu64 " of %" PRIu64 " bytes are there)", p->packets, there, of);
}

/* Room grows with the bytes that are there, at most twice at a time. */
static int
fill_buffer(struct pcapng *p, size_t need, size_t *got)
{
	size_t want, n;
	uint8_t *grown;

	for (*got = 0; *got < need; *got += n) {
		if (*got == p->room) {
			if ((grown = realloc(p->buffer, p->room * 2)) == NULL)
				return SE_NOMEM;
			p->buffer = grown;
			p->room *= 2;
		}
		want = (need < p->room ? need : p->room) - *got;
		n = fread(p->buffer + *got, 1, want, p->file);
		if (n < want) {
			*got += n;
			return SE_FORMAT;
		}
	}
	return 0;
}

static size_t
pass_over(struct pcapng *p, size_t len)
{
	uint8_t scrap[4096];
	size_t done = 0, n, want;

	while (done < len) {
		want = len - done < sizeof scrap ? len - done : sizeof scrap;
		n = fread(scrap, 1, want, p->file);
		done += n;
		if (n < want)
			break;
	}
	return done;
}

/* The byte order stands behind the length that it is needed for. */
static int
read_byte_order(struct pcapng *p, size_t *got, struct fault *fault)
{
	uint8_t magic[4];
	struct span s = span_of(magic, sizeof magic);
	uint32_t value = 0;

	*got = fread(magic, 1, sizeof magic, p->file);
	if (*got < sizeof magic)
		return cut(p, BLOCK_SECTION, BLOCK_FRAME - 4 + *got, BLOCK_FRAME, fault);
	span_u32be(&s, &value);
	if (value == BYTE_ORDER_MAGIC) {
		p->big_endian = true;
	} else if (value == __builtin_bswap32(BYTE_ORDER_MAGIC)) {
		p->big_endian = false;
	} else {
		return damaged(p, fault, "a section header without a byte order");
	}
	return 0;
}

static int
check_length(const struct pcapng *p, uint32_t total, uint32_t least, struct fault *fault)
{
	char words[80];

	if (total >= least && total <= PCAPNG_BLOCK_MAX && total % 4 == 0)
		return 0;
	snprintf(words, sizeof words, "a block of %" PRIu32 " bytes", total);
	return damaged(p, fault, words);
}

static int
check_trailer(struct pcapng *p, struct span trailer, uint32_t total, struct fault *fault)
{
	uint32_t again = 0;

	part_u32(p->big_endian, &trailer, &again);
	if (again != total)
		return damaged(p, fault, "a block whose two lengths differ");
	return 0;
}

/* A block longer than the buffer: what is kept is its front; go to its last four bytes and check them. */
static int
pass_rest(struct pcapng *p, const struct block *b, size_t left, struct fault *fault)
{
	uint8_t trailer[4];
	size_t passed = pass_over(p, left - sizeof trailer);

	if (passed == left - sizeof trailer)
		passed += fread(trailer, 1, sizeof trailer, p->file);
	if (passed < left)
		return cut(p, b->type, b->total - left + passed, b->total, fault);
	return check_trailer(p, span_of(trailer, sizeof trailer), b->total, fault);
}

/* What stands between the first length (and byte order) and the end of the block. */
static int
read_body(struct pcapng *p, struct block *b, size_t before, struct fault *fault)
{
	size_t left = b->total - before, kept = left, got;
	int r;

	/* All is a multiple of four, so what goes beyond holds the last length at least. */
	if (kept > PCAPNG_KEPT + 4)
		kept = PCAPNG_KEPT;
	r = fill_buffer(p, kept, &got);
	if (r == SE_NOMEM)
		return fault_set(fault, SE_NOMEM, "out of memory behind packet %" PRIu64,
		    p->packets);
	if (r < 0)
		return cut(p, b->type, before + got, b->total, fault);
	b->whole = kept == left;
	if (!b->whole) {
		b->body = span_of(p->buffer, kept);
		return pass_rest(p, b, left - kept, fault);
	}
	b->body = span_of(p->buffer, kept - 4);
	return check_trailer(p, span_of(p->buffer + kept - 4, 4), b->total, fault);
}

/* 1: *b is filled. 0: the stream ended where a block may begin. */
static int
next_block(struct pcapng *p, struct block *b, struct fault *fault)
{
	uint8_t head[8];
	struct span s = span_of(head, sizeof head), length;
	uint32_t least = BLOCK_FRAME;
	size_t before = sizeof head, got;
	int r;

	got = fread(head, 1, sizeof head, p->file);
	if (got == 0 && !ferror(p->file))
		return 0;
	if (got < sizeof head)
		return cut(p, 0, got, sizeof head, fault);
	part_u32(p->big_endian, &s, &b->type);
	length = s;
	if (b->type == BLOCK_SECTION) {
		if ((r = read_byte_order(p, &got, fault)) < 0)
			return r;
		before += got;
		least = 28;
	}
	part_u32(p->big_endian, &length, &b->total);
	if ((r = check_length(p, b->total, least, fault)) < 0 ||
	    (r = read_body(p, b, before, fault)) < 0)
		return r;
	return 1;
}

/* Statistics and packets count the same losses. */
static uint64_t
lost_in_section(const struct pcapng *p)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < p->interface_count; i++)
		sum = part_add_lost(sum, p->interfaces[i].lost > p->interfaces[i].told ?
		    p->interfaces[i].lost : p->interfaces[i].told);
	return sum;
}

uint64_t
pcapng_lost(const struct pcapng *p)
{
	return part_add_lost(p->lost, lost_in_section(p));
}

static int
begin_section(struct pcapng *p, struct block *b, struct fault *fault)
{
	uint16_t major = 0;

	part_u16(p->big_endian, &b->body, &major);
	if (major != 1)
		return damaged(p, fault, "a section of an unknown version");
	p->lost = pcapng_lost(p);
	p->interface_count = 0;
	return 0;
}

/*
 * LINKTYPE values of files are DLT values of libpcap but for those below,
 * whose DLT numbers differ from system to system.
 */
static int
link_type_of(uint16_t file_value)
{
	switch (file_value) {
	case 100: return DLT_ATM_RFC1483;
	case 101: return DLT_RAW;
	case 102: return DLT_SLIP_BSDOS;
	case 103: return DLT_PPP_BSDOS;
	case 106: return DLT_ATM_CLIP;
	case 246: return DLT_PFSYNC;
	default: return file_value;
	}
}

static int
grow_interfaces(struct pcapng *p)
{
	uint32_t room = p->interface_room == 0 ? 4 : p->interface_room * 2;
	struct interface *grown;

	if (p->interface_count < p->interface_room)
		return 0;
	if ((grown = realloc(p->interfaces, room * sizeof *grown)) == NULL)
		return SE_NOMEM;
	p->interfaces = grown;
	p->interface_room = room;
	return 0;
}

static int
add_interface(struct pcapng *p, struct block *b, struct fault *fault)
{
	struct interface i = { .link_type = 0 };
	uint16_t link_type, reserved;

	interface_resolution(&i, 6);
	if (!part_u16(p->big_endian, &b->body, &link_type) || !part_u16(p->big_endian, &b->body, &reserved) ||
	    !part_u32(p->big_endian, &b->body, &i.snaplen))
		return damaged(p, fault, "an interface description that is too short");
	if (!b->whole || !interface_options(&i, p->big_endian, b->body))
		return damaged(p, fault, "an interface description with damaged options");
	if (p->interface_count == PCAPNG_INTERFACES)
		return damaged(p, fault, "more than 65536 interfaces in one section");
	if (grow_interfaces(p) < 0)
		return fault_set(fault, SE_NOMEM, "out of memory behind packet %" PRIu64,
		    p->packets);
	i.link_type = link_type_of(link_type);
	p->interfaces[p->interface_count++] = i;
	return 0;
}

static int
give_frame(struct pcapng *p, const struct interface *i, struct span body, uint32_t captured,
    uint32_t wire, struct frame *out, struct fault *fault)
{
	char words[80];

	if (captured > CAPTURE_FRAME_MAX || captured > body.left) {
		snprintf(words, sizeof words, "a packet of %" PRIu32 " captured bytes", captured);
		return damaged(p, fault, words);
	}
	out->ts_ns = p->last_ns;
	out->bytes = body.at;
	out->link_type = i->link_type;
	frame_set_sizes(out, captured, wire);
	p->packets++;
	return 1;
}

/* Enhanced packet block, or the obsolete one, whose interface number has 16 bits and a drop count behind it. */
static int
packet_block(struct pcapng *p, struct block *b, struct frame *out, struct fault *fault)
{
	uint32_t number = 0, high, low, captured, wire;
	uint16_t small = 0, drops = LOST_UNKNOWN;
	struct interface *i;
	struct span behind;
	bool ok;

	if (b->type == BLOCK_ENHANCED) {
		ok = part_u32(p->big_endian, &b->body, &number);
	} else {
		ok = part_u16(p->big_endian, &b->body, &small) && part_u16(p->big_endian, &b->body, &drops);
		number = small;
	}
	if (!ok || !part_u32(p->big_endian, &b->body, &high) || !part_u32(p->big_endian, &b->body, &low) ||
	    !part_u32(p->big_endian, &b->body, &captured) || !part_u32(p->big_endian, &b->body, &wire))
		return damaged(p, fault, "a packet block that is too short");
	if (number >= p->interface_count)
		return damaged(p, fault, "a packet of an interface that is not described");
	i = &p->interfaces[number];
	behind = b->body;
	if (drops != LOST_UNKNOWN)
		i->lost = part_add_lost(i->lost, drops);
	else if (b->type == BLOCK_ENHANCED && span_skip(&behind, captured) &&
	    span_skip(&behind, (4 - captured % 4) % 4))
		i->lost = part_add_lost(i->lost, part_lost_before(p->big_endian, behind));
	p->last_ns = interface_time(i, (uint64_t)high << 32 | low);
	return give_frame(p, i, b->body, captured, wire, out, fault);
}

/* No time and no captured size: the latter is what the interface's snapshot length left of the packet. */
static int
simple_block(struct pcapng *p, struct block *b, struct frame *out, struct fault *fault)
{
	const struct interface *i = p->interfaces;
	uint32_t wire, captured;

	if (!part_u32(p->big_endian, &b->body, &wire))
		return damaged(p, fault, "a packet block that is too short");
	if (p->interface_count == 0)
		return damaged(p, fault, "a packet of an interface that is not described");
	captured = i->snaplen != 0 && i->snaplen < wire ? i->snaplen : wire;
	return give_frame(p, i, b->body, captured, wire, out, fault);
}

int
pcapng_next(struct pcapng *p, struct frame *out, struct fault *fault)
{
	struct block b;
	int r;

	while ((r = next_block(p, &b, fault)) > 0) {
		switch (b.type) {
		case BLOCK_ENHANCED:
		case BLOCK_PACKET:
			return packet_block(p, &b, out, fault);
		case BLOCK_SIMPLE:
			return simple_block(p, &b, out, fault);
		case BLOCK_SECTION:
			r = begin_section(p, &b, fault);
			break;
		case BLOCK_INTERFACE:
			r = add_interface(p, &b, fault);
			break;
		case BLOCK_STATISTICS:
			part_statistics(p->big_endian, b.body, p->interfaces, p->interface_count);
			break;
		default:
			break;
		}
		if (r < 0)
			return r;
	}
	return r;
}

int
pcapng_open(FILE *f, struct pcapng **out, struct fault *fault)
{
	struct pcapng *p;
	struct block b;
	int r;

	*out = NULL;
	if ((p = calloc(1, sizeof *p)) == NULL || (p->buffer = malloc(BUFFER_FIRST)) == NULL) {
		free(p);
		return fault_set(fault, SE_NOMEM, "cannot be opened: out of memory");
	}
	p->file = f;
	p->room = BUFFER_FIRST;
	if ((r = next_block(p, &b, fault)) < 0)
		goto done;
	if (r == 0 || b.type != BLOCK_SECTION) {
		r = fault_set(fault, SE_FORMAT, "is no pcapng capture: no section header at its start");
		goto done;
	}
	if ((r = begin_section(p, &b, fault)) < 0)
		goto done;
	*out = p;
	p = NULL;
done:
	pcapng_close(p);
	return r < 0 ? r : 0;
}

void
pcapng_close(struct pcapng *p)
{
	if (p == NULL)
		return;
	free(p->interfaces);
	free(p->buffer);
	free(p);
}
