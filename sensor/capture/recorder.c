#include "capture/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"

#define BUFFER_BYTES 65536
/* libpcap puts a VLAN tag back into a frame that the snapshot length has cut already. */
#define TAG_BYTES 4

struct recorder {
	char *path;
	int fd;				/* for cutting back; the dumper closes its own */
	int link_type;
	uint32_t snaplen;
	int64_t second;			/* of packet time, that was begun last */
	off_t whole_bytes;		/* of the file, known to be written */
	pcap_t *pcap;
	pcap_dumper_t *dumper;		/* NULL: recording is over */
	char buffer[BUFFER_BYTES];
};

static void
recorder_free(struct recorder *r)
{
	if (r->dumper != NULL)
		pcap_dump_close(r->dumper);
	if (r->pcap != NULL)
		pcap_close(r->pcap);
	if (r->fd >= 0)
		close(r->fd);
	free(r->path);
	free(r);
}

/*
 * The dumper keeps what it could not write and tries again when it is closed,
 * so it is closed first and the file cut back behind the last whole frame after that.
 */
static int
stop_recording(struct recorder *r, struct fault *fault)
{
	int error = errno;

	pcap_dump_close(r->dumper);
	r->dumper = NULL;
	if (ftruncate(r->fd, r->whole_bytes) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: recording ends: %s; its last packet may be cut",
		    r->path, strerror(error));
	return fault_set(fault, SE_SYSTEM, "%s: recording ends: %s; the file is whole up to byte %lld",
	    r->path, strerror(error), (long long)r->whole_bytes);
}

static int
open_dumper(struct recorder *r)
{
	FILE *f;
	int fd;

	r->pcap = pcap_open_dead_with_tstamp_precision(r->link_type, (int)r->snaplen,
	    PCAP_TSTAMP_PRECISION_NANO);
	if (r->pcap == NULL)
		return SE_NOMEM;
	/* What was on the wire is nobody else's business. */
	r->fd = open(r->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (r->fd < 0 || (fd = fcntl(r->fd, F_DUPFD_CLOEXEC, 0)) < 0)
		return SE_SYSTEM;
	if ((f = fdopen(fd, "w")) == NULL) {
		close(fd);
		return SE_SYSTEM;
	}
	setvbuf(f, r->buffer, _IOFBF, sizeof r->buffer);
	if ((r->dumper = pcap_dump_fopen(r->pcap, f)) == NULL) {
		fclose(f);
		return SE_SYSTEM;
	}
	return 0;
}

int
recorder_open(const char *path, int link_type, uint32_t snaplen, struct recorder **out,
    struct fault *fault)
{
	struct recorder *r;
	int code;

	*out = NULL;
	if ((r = calloc(1, sizeof *r)) == NULL || (r->path = strdup(path)) == NULL) {
		free(r);
		return fault_set(fault, SE_NOMEM, "%s: cannot record: out of memory", path);
	}
	r->fd = -1;
	r->link_type = link_type;
	r->snaplen = snaplen == 0 || snaplen > CAPTURE_FRAME_MAX - TAG_BYTES ? CAPTURE_FRAME_MAX :
	    snaplen + TAG_BYTES;
	r->second = WHEN_UNKNOWN;
	if ((code = open_dumper(r)) < 0) {
		fault_set(fault, code, "%s: cannot record: %s", path, se_text(code));
		goto done;
	}
	if ((code = recorder_flush(r, fault)) < 0)
		goto done;
	*out = r;
	r = NULL;
done:
	if (r != NULL)
		recorder_free(r);
	return code;
}

int
recorder_flush(struct recorder *r, struct fault *fault)
{
	if (r->dumper == NULL)
		return SE_STOPPED;
	/* An earlier write may have failed and only left its mark in the stream. */
	if (pcap_dump_flush(r->dumper) != 0 || ferror(pcap_dump_file(r->dumper)))
		return stop_recording(r, fault);
	r->whole_bytes = (off_t)pcap_dump_ftell64(r->dumper);
	return 0;
}

int
recorder_write(struct recorder *r, const struct frame *f, struct fault *fault)
{
	struct pcap_pkthdr h = { .caplen = f->captured_bytes, .len = f->wire_bytes };
	int64_t second = f->ts_ns / NS_PER_SEC;
	int code;

	if (r->dumper == NULL)
		return SE_STOPPED;
	if (f->link_type != r->link_type)
		return fault_set(fault, SE_USAGE, "%s: a frame of link type %d does not go into a "
		    "recording of link type %d", r->path, f->link_type, r->link_type);
	if (second != r->second) {
		if (r->second != WHEN_UNKNOWN && (code = recorder_flush(r, fault)) < 0)
			return code;
		r->second = second;
	}
	/* A reader would cut it to the header's length all the same. */
	if (h.caplen > r->snaplen)
		h.caplen = r->snaplen;
	h.ts.tv_sec = second;
	h.ts.tv_usec = f->ts_ns % NS_PER_SEC;
	pcap_dump((u_char *)r->dumper, &h, f->bytes);
	if (ferror(pcap_dump_file(r->dumper)))
		return stop_recording(r, fault);
	return 0;
}

int
recorder_close(struct recorder *r, struct fault *fault)
{
	int code;

	if (r == NULL)
		return 0;
	code = recorder_flush(r, fault);
	recorder_free(r);
	return code;
}
