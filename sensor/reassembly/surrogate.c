#include "reassembly/surrogate.h"

#include <stdlib.h>
#include <string.h>

#include <nids.h>

#include "base/heap.h"
#include "base/log.h"

enum {
	IP_BYTES = 20, TCP_BYTES = 20, SYN_BYTES = 24,
	CLIENT_PORT = 1, SERVER_PORT = 2,
	FLAG_SYN = 2, FLAG_ACK = 16
};

#define CLIENT_NET 0x01000000U	/* 1.0.0.0/8 and 2.0.0.0/8: never seen outside this file */
#define SERVER_NET 0x02000000U
#define INDEX_MASK 0x00ffffffU
#define COUNT_MOST (1 << 30)

struct surrogates {
	pcap_t *dead;			/* libnids wants a capture to learn the link type from */
	struct tcp_stream **streams;	/* by index; NULL: not open */
	surrogate_deliver_fn *deliver;
	void *to;
	uint8_t packet[IP_BYTES + TCP_BYTES + SURROGATE_MOST_BYTES];
	char lent[IP_BYTES + TCP_BYTES + SURROGATE_MOST_BYTES];	/* see surrogate_send() */
};

/* libnids calls back without a context, and can serve one user only. */
static struct surrogates *current;

static struct nids_chksum_ctl no_checksums = { 0, 0, NIDS_DONT_CHKSUM, 0 };

static void
on_no_memory(char *where)
{
	/* libnids goes on with the NULL pointer if this returns. */
	log_error("reassembly", "no memory for libnids (%s)", where);
	abort();
}

static void
on_warning(int type, int number, struct ip *header, void *data)
{
	static struct log_limit limit;

	(void)header;
	(void)data;
	log_limited(&limit, LOG_LEVEL_WARN, "reassembly", "libnids warns: type %d, number %d", type,
	    number);
}

static void
hand_on(struct half_stream *receiver, uint32_t index, int side)
{
	int behind = receiver->count - receiver->offset - receiver->count_new;

	current->deliver(current->to, index, side, (const uint8_t *)receiver->data + behind,
	    (size_t)receiver->count_new);
}

static void
on_stream(struct tcp_stream *t, void **unused)
{
	uint32_t index = ntohl(t->addr.saddr) & INDEX_MASK;

	(void)unused;
	if (t->nids_state == NIDS_JUST_EST) {
		t->client.collect = 1;
		t->server.collect = 1;
		current->streams[index] = t;
	} else if (t->nids_state == NIDS_DATA && t->server.count_new > 0) {
		hand_on(&t->server, index, 0);
	} else if (t->nids_state == NIDS_DATA && t->client.count_new > 0) {
		hand_on(&t->client, index, 1);
	}
}

/* A stream, who listens to it (four words), its places in our list and libnids's table, which has four thirds of them. */
size_t
surrogate_stream_bytes(void)
{
	return sizeof(struct tcp_stream) + 3 * sizeof(struct tcp_stream *) + heap_bytes(4 * sizeof(void *));
}

static bool
library_start(struct surrogates *s, uint32_t count)
{
	s->dead = pcap_open_dead(DLT_RAW, 65535);
	if (s->dead == NULL)
		return false;
	nids_params.pcap_desc = s->dead;
	/* libnids evicts above three quarters of this; here the fence has the say. */
	nids_params.n_tcp_streams = (int)(count / 3 * 4 + 16);
	nids_params.n_hosts = 1;		/* fragments: there are none */
	nids_params.scan_num_hosts = 0;
	nids_params.pcap_filter = NULL;
	nids_params.multiproc = 0;
	nids_params.tcp_workarounds = 0;
	nids_params.one_loop_less = 0;
	nids_params.dev_addon = 0;
	/*
	 * Added to each queued segment's length; above 64 KiB in sum libnids
	 * throws the whole queue away. Negative sums never get there.
	 */
	nids_params.sk_buff_size = -(65536 + 2048);
	nids_params.no_mem = on_no_memory;
	nids_params.syslog = on_warning;
	if (!nids_init())
		return false;
	nids_register_chksum_ctl(&no_checksums, 1);
	nids_register_tcp((void *)on_stream);
	return true;
}

struct surrogates *
surrogates_new(uint32_t count, surrogate_deliver_fn *deliver, void *to)
{
	struct surrogates *s;

	if (current != NULL || count > SURROGATES_MAX) {
		log_error("reassembly", "libnids serves one reassembly in a process, of at most %u streams",
		    SURROGATES_MAX);
		return NULL;
	}
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->deliver = deliver;
	s->to = to;
	s->streams = calloc(count, sizeof *s->streams);
	if (s->streams == NULL || !library_start(s, count)) {
		surrogates_free(s);
		return NULL;
	}
	current = s;
	return s;
}

void
surrogates_free(struct surrogates *s)
{
	if (s == NULL)
		return;
	if (s == current) {
		nids_unregister_tcp((void *)on_stream);
		nids_exit();
		nids_register_chksum_ctl(NULL, 0);
		nids_params.pcap_desc = NULL;
		current = NULL;
	}
	if (s->dead != NULL)
		pcap_close(s->dead);
	free(s->streams);
	free(s);
}

static void
put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static void
ip_header(uint8_t *at, uint32_t from, uint32_t to, uint32_t total)
{
	/* RFC 791, 3.1: version 4, 20 bytes, no fragment, lifetime 64, TCP. */
	const uint32_t fixed = 0x4500 + 0x4000 + 0x4006;
	uint32_t sum = fixed + total + (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put32(at, 0x45000000 + total);
	put32(at + 4, 0x00004000);
	put32(at + 8, 0x40060000 + (~sum & 0xffff));
	put32(at + 12, from);
	put32(at + 16, to);
}

/* Hand libnids the packet whose payload of `len` bytes is in place behind `header` bytes of TCP. */
static void
feed(struct surrogates *s, uint32_t index, int side, uint32_t seq, uint32_t ack, uint8_t flags,
    uint32_t header, uint32_t len)
{
	uint32_t client = CLIENT_NET | index, server = SERVER_NET | index;
	uint32_t total = IP_BYTES + header + len;
	struct pcap_pkthdr about = { .caplen = total, .len = total };
	uint8_t *tcp = s->packet + IP_BYTES;

	ip_header(s->packet, side == 0 ? client : server, side == 0 ? server : client, total);
	put16(tcp, side == 0 ? CLIENT_PORT : SERVER_PORT);
	put16(tcp + 2, side == 0 ? SERVER_PORT : CLIENT_PORT);
	put32(tcp + 4, seq);
	put32(tcp + 8, ack);
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = flags;
	put16(tcp + 14, 0xffff);		/* largest window; no checksum, nothing urgent */
	put32(tcp + 16, 0);
	nids_pcap_handler(NULL, &about, s->packet);
}

bool
surrogate_open(struct surrogates *s, uint32_t index)
{
	/* RFC 7323, 2.2: window scale 14, the largest; a no-operation in front of it. */
	static const uint8_t scale[4] = { 1, 3, 3, 14 };

	memcpy(s->packet + IP_BYTES + TCP_BYTES, scale, sizeof scale);
	feed(s, index, 0, 0, 0, FLAG_SYN, SYN_BYTES, 0);
	feed(s, index, 1, 0, 1, FLAG_SYN | FLAG_ACK, SYN_BYTES, 0);
	feed(s, index, 0, 1, 1, FLAG_ACK, TCP_BYTES, 0);
	return s->streams[index] != NULL;
}

void
surrogate_close(struct surrogates *s, uint32_t index)
{
	if (s->streams[index] != NULL)
		nids_free_tcp_stream(s->streams[index]);
	s->streams[index] = NULL;
}

static struct half_stream *
sender_of(const struct surrogates *s, uint32_t index, int side)
{
	struct tcp_stream *t = s->streams[index];

	return side == 0 ? &t->client : &t->server;
}

static struct half_stream *
receiver_of(const struct surrogates *s, uint32_t index, int side)
{
	return sender_of(s, index, !side);
}

void
surrogate_send(struct surrogates *s, uint32_t index, int side, uint64_t offset, uint64_t heard,
    const uint8_t *bytes, uint32_t len)
{
	struct half_stream *receiver = receiver_of(s, index, side);

	memcpy(s->packet + IP_BYTES + TCP_BYTES, bytes, len);
	/*
	 * All is consumed in each callback, so that the buffer is empty between
	 * packets: one serves all streams, where libnids would keep 4 KiB for
	 * each side that ever spoke, or allocate for each packet.
	 */
	receiver->data = s->lent;
	receiver->bufsize = (int)sizeof s->lent;
	feed(s, index, side, (uint32_t)offset + 1, (uint32_t)heard + 1, FLAG_ACK, TCP_BYTES, len);
	receiver->data = NULL;
	receiver->bufsize = 0;
	if (receiver->count > COUNT_MOST) {
		/* It is an int, and the stream may be longer. */
		sender_of(s, index, side)->first_data_seq += (u_int)receiver->count;
		receiver->count = 0;
		receiver->offset = 0;
	}
}

void
surrogate_hear(struct surrogates *s, uint32_t index, int side, uint64_t offset, uint64_t heard)
{
	feed(s, index, side, (uint32_t)offset + 1, (uint32_t)heard + 1, FLAG_ACK, TCP_BYTES, 0);
}

void
surrogate_skip(struct surrogates *s, uint32_t index, int side, uint64_t len)
{
	/* It expects the sender's first_data_seq + the receiver's count; the window begins at ack_seq. */
	sender_of(s, index, side)->first_data_seq += (u_int)len;
	receiver_of(s, index, side)->ack_seq += (u_int)len;
}
