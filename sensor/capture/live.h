/*
 * live.h - a source that is an interface; private to this folder.
 *
 * live.c opens and reads it through libpcap, live_fanout.c lets it share the
 * interface's frames with other sockets.
 */
#ifndef SENSOR_CAPTURE_LIVE_H
#define SENSOR_CAPTURE_LIVE_H

#include <pcap/pcap.h>

#include "capture/source.h"

struct live {
	struct capture capture;
	pcap_t *pcap;
	int poll_ms;
	int64_t begin_ns;		/* what is stamped earlier is left out */
	char interface[64];
	struct fault failure;
};

#endif
