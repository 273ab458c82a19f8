/*
 * capture.h - where frames come from: files, compressed files, standard
 * input, interfaces.
 *
 * A source hands out frames, one or a few at a time; they die at the next read. Files are
 * opened before the sandbox is set (capture_files_open), read after it. With
 * several files frames come in time order, merged by their time stamps; frames
 * of one file keep the file's order, and at equal times the file named first
 * goes first. One thread only.
 *
 * After an open a sandbox must leave these system calls:
 *   files   read; lseek, fstat, munmap, mmap, brk (stdio, allocation); close;
 *           poll (a pipe that somebody made non-blocking)
 *   live    poll; getsockopt, getsockname, ioctl (libpcap asks whether an
 *           interface that went down is still there); the ring is memory
 *   record  write, lseek; close and ftruncate when it ends
 *
 * Time stamps of files are what the file says, 1970 at the earliest and
 * CAPTURE_TIME_MAX_NS at the latest, so that a stage may add years to one. A
 * single frame whose time is more than an hour off those around it is given
 * the time of the frame before it (frame.retimed).
 */
#ifndef SENSOR_CAPTURE_H
#define SENSOR_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "frame.h"

struct capture;

#define CAPTURE_FRAME_MAX 262144	/* captured bytes of one frame; a file with a longer one is faulty there */
#define CAPTURE_WIRE_MAX 16777216	/* no frame is longer on the wire, whatever the capture claims */
#define CAPTURE_TIME_MAX_NS 8000000000000000000LL	/* in the year 2223 */

/* How a read ended. */
enum capture_result {
	CAPTURE_FRAME,		/* there is one at least */
	CAPTURE_IDLE,		/* live only: nothing within the poll's time */
	CAPTURE_END		/* files: no more, and capture_faults() says whether all was
				 * readable; live: broken, and capture_failure() says why */
};

struct capture_file {		/* one input of a replay */
	const char *path;	/* "-" is standard input */
};

/*
 * Called with one line for each faulty input, when it is opened or later, when
 * reading comes to the faulty place. It must stay callable until capture_close().
 */
typedef void capture_report_fn(void *to, const char *line);

/*
 * Open all files (pcap in both resolutions and byte orders, pcapng, each also
 * gzip, zstd, lz4 or xz) and read their first frames; nothing is opened later.
 * A file that is no capture, empty or a directory is reported through
 * `report` (NULL: only counted) as one line, counted, and left out; the rest
 * is read. A file that is cut or damaged further on is used up to there. Fails
 * only when nothing could be opened (SE_FORMAT; each input has been
 * reported), or without memory. Raises the soft limit of open descriptors
 * when `count` asks for it.
 *
 * A read that waits for a pipe goes on after signals whose handler was set
 * with SA_RESTART; any other handler makes the input end there, as a fault.
 */
int capture_files_open(const struct capture_file *files, unsigned count,
    capture_report_fn *report, void *to, struct capture **out, struct fault *fault);

/*
 * May these files be opened several times and read by each worker (plain
 * files), or once only (standard input, pipes, compressed)? What cannot be
 * read at all does not count.
 */
bool capture_files_are_plain(const struct capture_file *files, unsigned count);

/* ---- interfaces ---- */

struct capture_live_options {
	const char *interface;
	const char *filter;		/* BPF expression, "" for all */
	uint32_t snaplen;		/* 1..CAPTURE_FRAME_MAX, 0: the most */
	uint32_t buffer_mib;		/* the ring, 1..2047, 0: libpcap's choice */
	bool promiscuous, immediate;
	uint32_t poll_ms;		/* block timeout, and the longest wait of capture_next(); 1..10000 */
};

/* Is this a filter, for one link type at least? Opens nothing; names in it are resolved. SE_USAGE in libpcap's words. */
int capture_check_filter(const char *filter, struct fault *fault);

/* Needs CAP_NET_RAW. The fault says what is wrong: name, permission, filter (in libpcap's words). */
int capture_live_open(const struct capture_live_options *options, struct capture **out,
    struct fault *fault);

/*
 * Join the fanout group `group` of the network namespace: the kernel deals the
 * frames out to the group's sockets by a symmetric hash of the outer address
 * pair (IPv4, IPv6, both behind up to two VLAN tags and PPPoE) modulo `count`;
 * what is not IP goes to the first. The socket that joins as number i of the
 * group, from 0, gets shard i. A socket that joins as number `count` gets
 * nothing until one before it is closed, with all its duplicates, and takes
 * over the shard of that one. Ends with capture_live_begin().
 */
int capture_live_fanout(struct capture *c, uint16_t group, unsigned count, struct fault *fault);

/*
 * Leave out what the kernel stamped before this call. Until the last socket of
 * a fanout group has joined, shards lie differently; call this for each of
 * them after that, and no frame is seen twice.
 */
void capture_live_begin(struct capture *c);

/* DLT_ value of a live source (a recorder needs it); -1 for files, whose frames say it each. */
int capture_link_type(const struct capture *c);

/* Why a live source ended, one line; NULL when it did not. */
const char *capture_failure(const struct capture *c);

/* ---- both ---- */

/* One frame. */
enum capture_result capture_next(struct capture *c, struct frame *out);

/* As many as lie ready side by side, `most` at most and at least one; all die at the next read. */
enum capture_result capture_take(struct capture *c, struct frame *out, unsigned most, unsigned *count);

/* Inputs that were faulty so far (unreadable, cut in the middle of a packet). */
unsigned capture_faults(const struct capture *c);

/* Packets that were lost when the files that are done were recorded, as those say themselves (pcapng). */
uint64_t capture_lost(const struct capture *c);

/* Bytes of input consumed and their total; total 0 when it cannot be known (pipes). For the progress line. */
void capture_progress(const struct capture *c, uint64_t *done_bytes, uint64_t *total_bytes);

/*
 * Of a live source, since the last call by whatever process shares the socket
 * (the kernel resets): frames that passed the filter, dropped ones included,
 * and frames dropped because the ring was full. SE_USAGE for files.
 */
int capture_kernel_counts(struct capture *c, uint64_t *seen, uint64_t *dropped);

void capture_close(struct capture *c);	/* NULL is fine */

/*
 * ---- writing what was seen: watch --record (pcap, nanoseconds) ----
 *
 * Written through at each new second of packet time, by recorder_flush() and
 * on close. The first failure (a full disk) fills the fault and ends the
 * recording: the file is cut back to the last whole frames that reached it,
 * and later calls return SE_STOPPED without words.
 */
struct recorder;
/* `snaplen` of the live source; 0: the most. Frames longer than that and a VLAN tag are cut. Mode 0640. */
int recorder_open(const char *path, int link_type, uint32_t snaplen, struct recorder **out,
    struct fault *fault);
int recorder_write(struct recorder *r, const struct frame *f, struct fault *fault);
int recorder_flush(struct recorder *r, struct fault *fault);
int recorder_close(struct recorder *r, struct fault *fault);	/* flushes, frees in any case; NULL is fine */

#endif
