#include "capture/live.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/when.h"

#define POLL_MS_MOST 10000
#define BUFFER_MIB_MOST 2047		/* libpcap counts its bytes in an int */

static enum capture_result
fail(struct live *l, const char *words)
{
	fault_set(&l->failure, SE_SYSTEM, "%s: capture ended: %s", l->interface, words);
	l->capture.failure = l->failure.text;
	l->capture.faults++;
	return CAPTURE_END;
}

/* 1: *out is filled. 0: the ring is empty. Negative: broken. */
static int
take_frame(struct live *l, struct frame *out)
{
	struct pcap_pkthdr *h;
	const u_char *bytes;
	int r;

	do {
		if ((r = pcap_next_ex(l->pcap, &h, &bytes)) != 1)
			return r;
		out->ts_ns = (int64_t)h->ts.tv_sec * NS_PER_SEC + h->ts.tv_usec;
	} while (out->ts_ns < l->begin_ns);
	out->bytes = bytes;
	out->link_type = l->capture.link_type;
	out->retimed = false;
	out->ordinal = ++l->capture.ordinal;
	/* A VLAN tag that libpcap puts back comes on top of the snapshot length. */
	frame_set_sizes(out, h->caplen < CAPTURE_FRAME_MAX ? h->caplen : CAPTURE_FRAME_MAX, h->len);
	return 1;
}

/* libpcap's promise is that one: the kernel may fill its block again as soon as the next is asked for. */
static enum capture_result
live_take(struct capture *c, struct frame *out, unsigned most, unsigned *count)
{
	struct live *l = (struct live *)c;
	struct pollfd p = { .fd = c->descriptor, .events = POLLIN };
	int r;

	(void)most;
	*count = 1;
	if (c->failure != NULL)
		return CAPTURE_END;
	if ((r = take_frame(l, out)) == 0) {
		/* Interrupted or not: the caller looks at its signals when idle. */
		if (poll(&p, 1, l->poll_ms) <= 0)
			return CAPTURE_IDLE;
		r = take_frame(l, out);
	}
	if (r == 1)
		return CAPTURE_FRAME;
	return r == 0 ? CAPTURE_IDLE : fail(l, pcap_geterr(l->pcap));
}

static void
live_progress(const struct capture *c, uint64_t *done_bytes, uint64_t *total_bytes)
{
	(void)c;
	*done_bytes = 0;
	*total_bytes = 0;
}

static void
live_close(struct capture *c)
{
	struct live *l = (struct live *)c;

	if (l->pcap != NULL)
		pcap_close(l->pcap);
	free(l);
}

static int
check_options(const struct capture_live_options *o, struct fault *fault)
{
	if (o->interface == NULL || o->interface[0] == '\0')
		return fault_set(fault, SE_USAGE, "no interface is named");
	if (strlen(o->interface) >= sizeof ((struct live *)0)->interface)
		return fault_set(fault, SE_USAGE, "%.40s...: no interface has so long a name",
		    o->interface);
	if (o->snaplen > CAPTURE_FRAME_MAX)
		return fault_set(fault, SE_USAGE, "%s: snaplen %u: expected at most %u bytes",
		    o->interface, o->snaplen, CAPTURE_FRAME_MAX);
	if (o->buffer_mib > BUFFER_MIB_MOST)
		return fault_set(fault, SE_USAGE, "%s: capture buffer of %u MiB: expected at most %u",
		    o->interface, o->buffer_mib, BUFFER_MIB_MOST);
	if (o->poll_ms < 1 || o->poll_ms > POLL_MS_MOST)
		return fault_set(fault, SE_USAGE, "%s: a wait of %u ms: expected 1 to %u",
		    o->interface, o->poll_ms, POLL_MS_MOST);
	return 0;
}

static int
no_such_interface(const char *name, struct fault *fault)
{
	struct if_nameindex *all = if_nameindex(), *i;
	char list[512] = "";
	size_t len = 0;
	int n;

	for (i = all; i != NULL && i->if_index != 0; i++) {
		n = snprintf(list + len, sizeof list - len, "%s%s", len > 0 ? ", " : "", i->if_name);
		if (n < 0 || (size_t)n >= sizeof list - len) {
			list[len] = '\0';
			break;
		}
		len += (size_t)n;
	}
	if (all != NULL)
		if_freenameindex(all);
	return fault_set(fault, SE_SYSTEM, "%s: no such interface; there are: %s", name, list);
}

/* `code` is negative, from pcap_activate(). */
static int
explain(struct live *l, int code, struct fault *fault)
{
	const char *words = pcap_geterr(l->pcap);

	if (strcmp(l->interface, "any") != 0 && if_nametoindex(l->interface) == 0)
		return no_such_interface(l->interface, fault);
	if (code == PCAP_ERROR_PERM_DENIED || code == PCAP_ERROR_PROMISC_PERM_DENIED)
		return fault_set(fault, SE_SYSTEM, "%s: no permission to capture: CAP_NET_RAW is "
		    "needed (root has it)", l->interface);
	if (code == PCAP_ERROR_IFACE_NOT_UP)
		return fault_set(fault, SE_SYSTEM, "%s: the interface is down; ip link set %s up",
		    l->interface, l->interface);
	return fault_set(fault, SE_SYSTEM, "%s: cannot capture: %s%s%s", l->interface,
	    pcap_statustostr(code), words[0] != '\0' ? ": " : "", words);
}

static int
activate(struct live *l, const struct capture_live_options *o, struct fault *fault)
{
	uint32_t snaplen = o->snaplen > 0 ? o->snaplen : CAPTURE_FRAME_MAX;
	char words[PCAP_ERRBUF_SIZE] = "";
	int r;

	if ((l->pcap = pcap_create(o->interface, words)) == NULL)
		return fault_set(fault, SE_SYSTEM, "%s: cannot capture: %s", o->interface, words);
	pcap_set_snaplen(l->pcap, (int)snaplen);
	pcap_set_promisc(l->pcap, o->promiscuous);
	pcap_set_immediate_mode(l->pcap, o->immediate);
	pcap_set_timeout(l->pcap, l->poll_ms);
	if (o->buffer_mib > 0)
		pcap_set_buffer_size(l->pcap, (int)(o->buffer_mib << 20));
	if (pcap_set_tstamp_precision(l->pcap, PCAP_TSTAMP_PRECISION_NANO) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: no time stamps in nanoseconds", o->interface);
	if ((r = pcap_activate(l->pcap)) < 0)
		return explain(l, r, fault);
	if (pcap_setnonblock(l->pcap, 1, words) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: cannot capture: %s", o->interface, words);
	l->capture.descriptor = pcap_get_selectable_fd(l->pcap);
	if (l->capture.descriptor < 0)
		return fault_set(fault, SE_SYSTEM, "%s: cannot be waited for", o->interface);
	l->capture.link_type = pcap_datalink(l->pcap);
	return 0;
}

static int
set_filter(struct live *l, const char *filter, struct fault *fault)
{
	struct bpf_program program;
	int r;

	if (filter == NULL || filter[0] == '\0')
		return 0;
	if (pcap_compile(l->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return fault_set(fault, SE_USAGE, "%s: filter \"%s\": %s", l->interface, filter,
		    pcap_geterr(l->pcap));
	r = pcap_setfilter(l->pcap, &program);
	pcap_freecode(&program);
	if (r < 0)
		return fault_set(fault, SE_SYSTEM, "%s: filter \"%s\" was not taken: %s",
		    l->interface, filter, pcap_geterr(l->pcap));
	return 0;
}

int
capture_check_filter(const char *filter, struct fault *fault)
{
	static const int link_types[] = { DLT_EN10MB, DLT_LINUX_SLL2, DLT_RAW, DLT_IEEE802_11_RADIO };
	struct bpf_program program;
	int r = SE_USAGE;
	size_t i;

	for (i = 0; i < sizeof link_types / sizeof *link_types && r < 0; i++) {
		pcap_t *p = pcap_open_dead(link_types[i], CAPTURE_FRAME_MAX);

		if (p == NULL)
			return fault_set(fault, SE_NOMEM, "no memory for a filter");
		if (pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0) {
			pcap_freecode(&program);
			r = 0;
		} else if (i == 0) {
			fault_set(fault, SE_USAGE, "%s: expected a filter as for tcpdump", pcap_geterr(p));
		}
		pcap_close(p);
	}
	return r;
}

int
capture_live_open(const struct capture_live_options *options, struct capture **out,
    struct fault *fault)
{
	struct live *l;
	int r;

	*out = NULL;
	if ((r = check_options(options, fault)) < 0)
		return r;
	if ((l = calloc(1, sizeof *l)) == NULL)
		return fault_set(fault, SE_NOMEM, "%s: out of memory", options->interface);
	l->capture = (struct capture) { .take = live_take, .progress = live_progress,
	    .close = live_close, .descriptor = -1, .link_type = -1 };
	l->poll_ms = (int)options->poll_ms;
	snprintf(l->interface, sizeof l->interface, "%s", options->interface);
	if ((r = activate(l, options, fault)) < 0 ||
	    (r = set_filter(l, options->filter, fault)) < 0)
		goto done;
	capture_live_begin(&l->capture);
	*out = &l->capture;
	l = NULL;
done:
	if (l != NULL)
		live_close(&l->capture);
	return r;
}

void
capture_live_begin(struct capture *c)
{
	struct live *l = (struct live *)c;
	struct timespec now;

	/* The kernel stamps frames by this clock; it decides nothing else. */
	clock_gettime(CLOCK_REALTIME, &now);
	l->begin_ns = (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

/*
 * Not pcap_stats(), which opens files that the sandbox forbids. A ring of
 * TPACKET_V2 fills the first two counts only.
 */
int
capture_kernel_counts(struct capture *c, uint64_t *seen, uint64_t *dropped)
{
	struct tpacket_stats_v3 counts = { 0 };
	socklen_t len = sizeof counts;

	if (c->descriptor < 0)
		return SE_USAGE;
	if (getsockopt(c->descriptor, SOL_PACKET, PACKET_STATISTICS, &counts, &len) < 0)
		return SE_SYSTEM;
	*seen = counts.tp_packets;
	*dropped = counts.tp_drops;
	return 0;
}
