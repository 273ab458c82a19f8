#include "capture/classic.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "capture/source.h"

#define FILE_HEADER 24
#define MAGIC_MICRO 0xa1b2c3d4u
#define MAGIC_NANO 0xa1b23c4du

struct record {				/* as it stands before each frame, in this machine's byte order */
	uint32_t sec;
	int32_t fraction;		/* libpcap gives it a sign */
	uint32_t captured, wire;
};

struct classic {
	struct input *input;
	uint8_t *buffer;
	size_t room, at, end;		/* what is read and not given yet: from `at` to `end` */
	uint64_t frames;
	uint32_t snaplen;		/* longer frames are cut to it */
	int link_type;
	bool nano;
	bool over;			/* the input has no more bytes */
};

/* The file's header in libpcap's eyes; NULL: it refuses. */
static pcap_t *
ask_libpcap(const uint8_t *head)
{
	char words[PCAP_ERRBUF_SIZE];
	FILE *f = fmemopen((void *)(uintptr_t)head, FILE_HEADER, "r");
	pcap_t *p;

	if (f == NULL)
		return NULL;
	if ((p = pcap_fopen_offline(f, words)) == NULL)
		fclose(f);
	return p;
}

static bool
is_ordinary(const uint8_t *head, struct classic *c)
{
	uint32_t magic;
	pcap_t *p;
	bool yes;

	memcpy(&magic, head, sizeof magic);
	if ((magic != MAGIC_MICRO && magic != MAGIC_NANO) || (p = ask_libpcap(head)) == NULL)
		return false;
	yes = pcap_major_version(p) == 2 && pcap_minor_version(p) == 4;
	c->nano = magic == MAGIC_NANO;
	c->link_type = pcap_datalink(p);
	c->snaplen = (uint32_t)pcap_snapshot(p);
	pcap_close(p);
	return yes;
}

int
classic_open(struct input *in, size_t buffer_bytes, struct classic **out)
{
	uint8_t scrap[FILE_HEADER];
	const uint8_t *head;
	struct classic *c;
	size_t len;

	*out = NULL;
	head = input_head(in, &len);
	if ((c = calloc(1, sizeof *c)) == NULL)
		return SE_NOMEM;
	if (len < FILE_HEADER || !is_ordinary(head, c)) {
		classic_close(c);
		return 0;
	}
	if ((c->buffer = malloc(buffer_bytes)) == NULL) {
		classic_close(c);
		return SE_NOMEM;
	}
	c->room = buffer_bytes;
	c->input = in;
	input_read(in, scrap, FILE_HEADER);	/* the head lies ready: all of it, without a fault */
	*out = c;
	return 1;
}

/* Room for more behind `end`: what was given makes way; then it grows, twice at a time, with the bytes that are there. */
static int
make_room(struct classic *c)
{
	uint8_t *grown;

	if (c->at > 0) {
		memmove(c->buffer, c->buffer + c->at, c->end - c->at);
		c->end -= c->at;
		c->at = 0;
	}
	if (c->end < c->room)
		return 0;
	if ((grown = realloc(c->buffer, c->room * 2)) == NULL)
		return SE_NOMEM;
	c->buffer = grown;
	c->room *= 2;
	return 0;
}

/* At least `need` bytes from `at` on, unless the input ends before. */
static int
fill(struct classic *c, size_t need)
{
	ssize_t n;

	while (c->end - c->at < need && !c->over) {
		if (make_room(c) < 0)
			return SE_NOMEM;
		if ((n = input_read(c->input, c->buffer + c->end, c->room - c->end)) < 0)
			return SE_SYSTEM;
		c->over = n == 0;
		c->end += (size_t)n;
	}
	return 0;
}

static int
cut(const struct classic *c, size_t there, size_t of, const char *what, struct fault *fault)
{
	return fault_set(fault, SE_FORMAT, "cut in the middle of packet %" PRIu64 " (%zu of %zu bytes%s are there)",
	    c->frames + 1, there, of, what);
}

static int
unread(const struct classic *c, int code, struct fault *fault)
{
	return fault_set(fault, code, "%s packet %" PRIu64, code == SE_NOMEM ? "out of memory at" :
	    "cannot be read at", c->frames + 1);
}

static void
give(struct classic *c, const struct record *r, struct frame *out)
{
	out->ts_ns = (int64_t)r->sec * NS_PER_SEC + (c->nano ? r->fraction : (int64_t)r->fraction * 1000);
	if (out->ts_ns < 0)
		out->ts_ns = 0;
	out->bytes = c->buffer + c->at + sizeof *r;
	out->link_type = c->link_type;
	frame_set_sizes(out, r->captured < c->snaplen ? r->captured : c->snaplen, r->wire);
	c->at += sizeof *r + r->captured;
	c->frames++;
}

int
classic_next(struct classic *c, struct frame *out, struct fault *fault)
{
	struct record r;
	int result;

	if (c->end - c->at < sizeof r && (result = fill(c, sizeof r)) < 0)
		return unread(c, result, fault);
	if (c->end == c->at)
		return 0;
	if (c->end - c->at < sizeof r)
		return cut(c, c->end - c->at, sizeof r, " of its header", fault);
	memcpy(&r, c->buffer + c->at, sizeof r);
	if (r.captured > CAPTURE_FRAME_MAX)
		return fault_set(fault, SE_FORMAT, "damaged at packet %" PRIu64 " (%" PRIu32 " captured bytes)",
		    c->frames + 1, r.captured);
	if (c->end - c->at < sizeof r + r.captured && (result = fill(c, sizeof r + r.captured)) < 0)
		return unread(c, result, fault);
	if (c->end - c->at < sizeof r + r.captured)
		return cut(c, c->end - c->at - sizeof r, r.captured, "", fault);
	give(c, &r, out);
	return 1;
}

unsigned
classic_take_ready(struct classic *c, struct frame *out, unsigned most)
{
	struct record r;
	unsigned n;

	for (n = 0; n < most && c->end - c->at >= sizeof r; n++) {
		memcpy(&r, c->buffer + c->at, sizeof r);
		if (r.captured > CAPTURE_FRAME_MAX || c->end - c->at - sizeof r < r.captured)
			break;
		give(c, &r, &out[n]);
	}
	return n;
}

bool
classic_has_ready(const struct classic *c, unsigned count)
{
	size_t at = c->at;
	struct record r;

	for (; count > 0; count--) {
		if (c->end - at < sizeof r)
			return false;
		memcpy(&r, c->buffer + at, sizeof r);
		at += sizeof r;
		if (r.captured > CAPTURE_FRAME_MAX || c->end - at < r.captured)
			return false;
		at += r.captured;
	}
	return true;
}

void
classic_close(struct classic *c)
{
	if (c == NULL)
		return;
	free(c->buffer);
	free(c);
}
