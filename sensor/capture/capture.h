/*
 * capture.h - where frames come from: files, compressed files, standard
 * input, interfaces.
 *
 * A source hands out frames one by one; each dies at the next read. Files are
 * opened before the sandbox is set (capture_files_open), read after it. With
 * several files frames come in time order, merged by their time stamps; frames
 * of one file keep the file's order. One thread only.
 */
#ifndef SENSOR_CAPTURE_H
#define SENSOR_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "frame.h"

struct capture;

/* How a read ended. */
enum capture_result {
	CAPTURE_FRAME,		/* *out is filled */
	CAPTURE_IDLE,		/* live only: nothing within the poll's time */
	CAPTURE_END		/* no more; capture_faults() says whether all was readable */
};

struct capture_file {		/* one input of a replay */
	const char *path;	/* "-" is standard input */
};

/*
 * Open all files (pcap in both resolutions and byte orders, pcapng, each also
 * gzip, zstd, lz4 or xz). A file that is no capture, empty or a directory is
 * reported through `report` as one line, counted, and left out; the rest is
 * read. Fails only when nothing could be opened, or without memory.
 */
typedef void capture_report_fn(void *to, const char *line);
int capture_files_open(const struct capture_file *files, unsigned count,
    capture_report_fn *report, void *to, struct capture **out, struct fault *fault);

/* May these files be opened several times and read by each worker (plain files), or once only (pipes, compressed)? */
bool capture_files_are_plain(const struct capture_file *files, unsigned count);

struct capture_live_options {
	const char *interface;
	const char *filter;		/* BPF expression, "" for all */
	uint32_t snaplen, buffer_mib;
	bool promiscuous, immediate;
	uint32_t poll_ms;		/* block timeout */
};
int capture_live_open(const struct capture_live_options *options, struct capture **out,
    struct fault *fault);

enum capture_result capture_next(struct capture *c, struct frame *out);

/* Descriptor to poll, and to read kernel drops from, of a live source; -1 for files. */
int capture_descriptor(const struct capture *c);

/* Inputs that were faulty so far (unreadable, cut in the middle of a packet). */
unsigned capture_faults(const struct capture *c);

/* Bytes of input consumed and their total; total 0 when it cannot be known (pipes). For the progress line. */
void capture_progress(const struct capture *c, uint64_t *done_bytes, uint64_t *total_bytes);

/* Since the last call of a live source (the kernel resets): frames seen and dropped. */
int capture_kernel_counts(struct capture *c, uint64_t *seen, uint64_t *dropped);

void capture_close(struct capture *c);	/* NULL is fine */

/* ---- writing what was seen: watch --record (pcap, nanoseconds) ---- */
struct recorder;
int recorder_open(const char *path, int link_type, uint32_t snaplen, struct recorder **out,
    struct fault *fault);
int recorder_write(struct recorder *r, const struct frame *f, struct fault *fault);
int recorder_close(struct recorder *r, struct fault *fault);	/* flushes; NULL is fine */

#endif
