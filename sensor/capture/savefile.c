#include "capture/savefile.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "capture/classic.h"
#include "capture/input.h"
#include "capture/pcapng.h"
#include "capture/source.h"

#define NAME_SHOWN 400			/* the end of a longer path is shown: it is what tells it apart */

struct savefile {
	char name[NAME_SHOWN + 8];
	struct input *input;
	FILE *file;			/* of pcapng; libpcap owns its own */
	struct classic *classic;	/* one of these three */
	pcap_t *pcap;
	struct pcapng *pcapng;
	int link_type;			/* of pcap */
	uint64_t frames;
};

static void
set_name(struct savefile *s, const char *path)
{
	size_t len = strlen(path);

	if (strcmp(path, "-") == 0)
		snprintf(s->name, sizeof s->name, "standard input");
	else if (len == 0)
		snprintf(s->name, sizeof s->name, "\"\"");
	else if (len > NAME_SHOWN)
		snprintf(s->name, sizeof s->name, "...%s", path + len - NAME_SHOWN);
	else
		snprintf(s->name, sizeof s->name, "%s", path);
}

static int
refuse(const struct savefile *s, int code, const char *words, struct fault *fault)
{
	return fault_set(fault, code, "%s: %s", s->name, words);
}

/* A fault behind the first frames: say what becomes of those. */
static int
give_up(const struct savefile *s, int code, const char *words, struct fault *fault)
{
	if (s->frames == 0)
		return fault_set(fault, code, "%s: %s; nothing of it is used", s->name, words);
	if (s->frames == 1)
		return fault_set(fault, code, "%s: %s; the one before it is used", s->name, words);
	return fault_set(fault, code, "%s: %s; the %" PRIu64 " before it are used", s->name, words,
	    s->frames);
}

static int
open_pcap(struct savefile *s, FILE *f, struct fault *fault)
{
	char words[PCAP_ERRBUF_SIZE];
	const char *why;

	s->pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, words);
	if (s->pcap == NULL) {
		fclose(f);
		if ((why = input_error(s->input)) == NULL)
			why = strncmp(words, "truncated", 9) == 0 ? "cut in its file header" : words;
		return fault_set(fault, SE_FORMAT, "%s: is no capture that can be read: %s",
		    s->name, why);
	}
	s->link_type = pcap_datalink(s->pcap);
	return 0;
}

static int
open_pcapng(struct savefile *s, FILE *f, struct fault *fault)
{
	struct fault why = { "" };
	int r;

	s->file = f;
	if ((r = pcapng_open(f, &s->pcapng, &why)) < 0)
		return refuse(s, r, why.text, fault);
	return 0;
}

/* Is this one of the magic numbers of classic captures (in either byte order), or of pcapng? */
static bool
is_capture(const uint8_t *head, size_t len)
{
	static const uint8_t known[][4] = {
		{ 0xa1, 0xb2, 0xc3, 0xd4 },	/* microseconds */
		{ 0xa1, 0xb2, 0x3c, 0x4d },	/* nanoseconds */
		{ 0xa1, 0xb2, 0xcd, 0x34 },	/* variants of the first that libpcap knows */
		{ 0xa1, 0xb2, 0x34, 0xcd },
		{ 0xa1, 0x2b, 0x3c, 0x4d },
		{ 0x0a, 0x0d, 0x0d, 0x0a },	/* pcapng */
	};
	const uint8_t *k;
	size_t i;

	if (len < 4)
		return false;
	for (i = 0; i < sizeof known / sizeof known[0]; i++) {
		k = known[i];
		if (memcmp(head, k, 4) == 0 || (head[0] == k[3] && head[1] == k[2] &&
		    head[2] == k[1] && head[3] == k[0]))
			return true;
	}
	return false;
}

static int
open_reader(struct savefile *s, size_t buffer_bytes, struct fault *fault)
{
	const uint8_t *head;
	size_t len;
	FILE *f;
	int r;

	head = input_head(s->input, &len);
	if (len == 0)
		return refuse(s, SE_FORMAT, "is empty", fault);
	if (len < 4)
		return refuse(s, SE_FORMAT, "is no capture: too short", fault);
	if (!is_capture(head, len))
		return fault_set(fault, SE_FORMAT, "%s: is no capture: begins with "
		    "%02x %02x %02x %02x, neither pcap nor pcapng", s->name,
		    head[0], head[1], head[2], head[3]);
	if ((r = classic_open(s->input, buffer_bytes, &s->classic)) > 0)
		return 0;
	if (r < 0 || (f = input_stream(s->input, buffer_bytes)) == NULL)
		return refuse(s, SE_NOMEM, "cannot be opened: out of memory", fault);
	return head[0] == 0x0a ? open_pcapng(s, f, fault) : open_pcap(s, f, fault);
}

int
savefile_open(const char *path, size_t buffer_bytes, struct savefile **out, struct fault *fault)
{
	struct fault why = { "" };
	struct savefile *s;
	int r;

	*out = NULL;
	if ((s = calloc(1, sizeof *s)) == NULL)
		return fault_set(fault, SE_NOMEM, "out of memory");
	set_name(s, path);
	if ((r = input_open(path, &s->input, &why)) < 0) {
		refuse(s, r, why.text, fault);
		goto done;
	}
	if ((r = open_reader(s, buffer_bytes, fault)) < 0)
		goto done;
	*out = s;
	s = NULL;
done:
	savefile_close(s);
	return r;
}

static int
unreadable(const struct savefile *s, struct fault *fault)
{
	char words[256];

	snprintf(words, sizeof words, "%s behind packet %" PRIu64 " (%s)",
	    input_was_compressed(s->input) ? "its compressed data is cut or damaged" :
	    "cannot be read", s->frames, input_error(s->input));
	return give_up(s, SE_SYSTEM, words, fault);
}

/* libpcap tells a cut by its words only; other words are passed on as they are. */
static int
pcap_fault(const struct savefile *s, struct fault *fault)
{
	const char *said = pcap_geterr(s->pcap);
	size_t want, got;
	char words[PCAP_ERRBUF_SIZE + 80];
	uint64_t number = s->frames + 1;

	if (input_error(s->input) != NULL)
		return unreadable(s, fault);
	if (sscanf(said, "truncated dump file; tried to read %zu captured bytes, only got %zu",
	    &want, &got) == 2)
		snprintf(words, sizeof words, "cut in the middle of packet %" PRIu64
		    " (%zu of %zu bytes are there)", number, got, want);
	else if (sscanf(said, "truncated dump file; tried to read %zu header bytes, only got %zu",
	    &want, &got) == 2)
		snprintf(words, sizeof words, "cut in the middle of packet %" PRIu64
		    " (%zu of %zu bytes of its header are there)", number, got, want);
	else
		snprintf(words, sizeof words, "damaged at packet %" PRIu64 " (%s)", number, said);
	return give_up(s, SE_FORMAT, words, fault);
}

static int
next_pcap(struct savefile *s, struct frame *out, struct fault *fault)
{
	struct pcap_pkthdr *h;
	const u_char *bytes;
	char words[80];
	int r;

	if ((r = pcap_next_ex(s->pcap, &h, &bytes)) < 0)
		return r == PCAP_ERROR_BREAK ? 0 : pcap_fault(s, fault);
	if (h->caplen > CAPTURE_FRAME_MAX) {
		snprintf(words, sizeof words, "damaged at packet %" PRIu64
		    " (%" PRIu32 " captured bytes)", s->frames + 1, h->caplen);
		return give_up(s, SE_FORMAT, words, fault);
	}
	/* The file's seconds have 32 bits without a sign; libpcap gives them one. */
	out->ts_ns = (int64_t)(uint32_t)h->ts.tv_sec * NS_PER_SEC + h->ts.tv_usec;
	if (out->ts_ns < 0)
		out->ts_ns = 0;
	out->bytes = bytes;
	out->link_type = s->link_type;
	frame_set_sizes(out, h->caplen, h->len);
	s->frames++;
	return 1;
}

static int
next_classic(struct savefile *s, struct frame *out, struct fault *fault)
{
	struct fault why;
	int r = classic_next(s->classic, out, &why);

	if (r > 0)
		s->frames++;
	if (r >= 0)
		return r;
	return r == SE_SYSTEM ? unreadable(s, fault) : give_up(s, r, why.text, fault);
}

static int
next_pcapng(struct savefile *s, struct frame *out, struct fault *fault)
{
	struct fault why;
	int r = pcapng_next(s->pcapng, out, &why);

	if (r > 0)
		s->frames++;
	if (r >= 0)
		return r;
	if (r == SE_SYSTEM && input_error(s->input) != NULL)
		return unreadable(s, fault);
	return give_up(s, r, why.text, fault);
}

int
savefile_next(struct savefile *s, struct frame *out, struct fault *fault)
{
	if (s->classic != NULL)
		return next_classic(s, out, fault);
	return s->pcap != NULL ? next_pcap(s, out, fault) : next_pcapng(s, out, fault);
}

int
savefile_take(struct savefile *s, struct frame *out, unsigned most, struct fault *fault)
{
	int r = savefile_next(s, out, fault);
	unsigned more;

	if (r <= 0 || s->classic == NULL)
		return r;
	more = classic_take_ready(s->classic, out + 1, most - 1);
	s->frames += more;
	return 1 + (int)more;
}

bool
savefile_keeps(const struct savefile *s, unsigned count)
{
	return s->classic != NULL && classic_has_ready(s->classic, count);
}

void
savefile_progress(const struct savefile *s, uint64_t *done_bytes, uint64_t *total_bytes)
{
	*done_bytes = input_done_bytes(s->input);
	*total_bytes = input_total_bytes(s->input);
}

uint64_t
savefile_lost(const struct savefile *s)
{
	return s->pcapng == NULL ? 0 : pcapng_lost(s->pcapng);
}

void
savefile_close(struct savefile *s)
{
	if (s == NULL)
		return;
	if (s->pcap != NULL)
		pcap_close(s->pcap);
	classic_close(s->classic);
	pcapng_close(s->pcapng);
	if (s->file != NULL)
		fclose(s->file);
	input_close(s->input);
	free(s);
}
