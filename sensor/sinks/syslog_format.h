/*
 * syslog_format.h - an EVE line as a syslog message (RFC 5424).
 *
 *	<PRI>1 TIMESTAMP HOSTNAME hansho PROCID MSGID [c2@32473 ...] BOM text
 *
 * or, `local`, as syslog(3) of the C library writes it, which is what most
 * daemons behind /dev/log expect (rsyslog takes the "1" for a program's name):
 *
 *	<PRI>Mmm dd hh:mm:ss hansho[PROCID]: [c2@32473 ...] text
 *
 * or, `bsd`, the same with the HOSTNAME before "hansho" (RFC 3164).
 *
 * A record without a time has none here either. The message holds no control
 * character; it is at most `size - 1` bytes, its text is cut first, then the
 * later parameters are left out.
 */
#ifndef SENSOR_SINKS_SYSLOG_FORMAT_H
#define SENSOR_SINKS_SYSLOG_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

enum {
	SYSLOG_SIZE_LEAST = 480,	/* every receiver takes that (RFC 5424, section 6.1) */
	SYSLOG_SIZE_BSD = 1024,		/* all a message may have (RFC 3164, section 4.1) */
	SYSLOG_SIZE_UDP = 2048,		/* should take */
	SYSLOG_SIZE_MOST = 8192
};

struct syslog_sender {
	uint8_t facility;
	char host[256];			/* PRINTUSASCII, see syslog_host() */
	long process;
	bool local, bsd;
};

/* `name` with what HOSTNAME may not hold replaced by "_"; "-" for "". */
void syslog_host(const char *name, char host[256]);

/* Length of the message in `buf`, or 0 when `line` is no JSON object. `size` > SYSLOG_SIZE_LEAST. */
size_t syslog_format(const struct syslog_sender *from, enum record_kind kind, const char *line,
    char *buf, size_t size);

#endif
