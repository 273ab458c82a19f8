/*
 * Datagrams of one UDP flow, to every row that reads such. The first byte
 * picks the responder's port from the table below; then each datagram is one
 * byte (bit 7 the side, bit 6 sealed, bit 5 in QUIC version 2, bit 4 with
 * another id, bit 0 cut short by the capture), two bytes of length (65535: all
 * that is left) and its bytes. Sealed ones are the frames of a QUIC Initial
 * packet, which no fuzzer could encrypt.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../quic_seal.h"
#include "proto/proto.h"
#include "touch_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PORT_DHCPV6 = 547 };

/* Add at the end: the seeds name them by place. */
static const uint16_t ports[] = { 4000, 53, 5353, 5355, 137, 67, 443, 88, 389, 138, PORT_DHCPV6, 5938, 21116 };

static void
take_message(void *to, const struct message *m)
{
	(void)to;
	touch_message(m);
}

enum { SEALED = 0x40, SECOND_VERSION = 0x20, OTHER_ID = 0x10, SEAL_ROOM = 128, FRAMES_MOST = 16000 };

/* The packet with these frames, at its exact size. */
static uint8_t *
seal(uint8_t how, uint32_t number, struct span frames, size_t *len)
{
	static const uint8_t ids[2][8] = { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 8, 7, 6, 5, 4, 3, 2, 1 } };
	static struct quic_tools *tools;
	struct span id = span_of(ids[(how & OTHER_ID) != 0], 8), none = { NULL, 0 };
	uint32_t version = (how & SECOND_VERSION) != 0 ? 0x6b3343cf : 1;
	struct quic_key_pair keys;
	uint8_t *packet, *exact;

	if (frames.left < 4 || frames.left > FRAMES_MOST || (tools == NULL && (tools = quic_tools_new()) == NULL))
		return NULL;
	if ((packet = malloc(frames.left + SEAL_ROOM)) == NULL)
		return NULL;
	quic_keys_derive(tools, quic_version_find(version), id, &keys);
	*len = quic_initial(how >> 7 ? &keys.server : &keys.client, version, id, none, none, number, frames, packet);
	exact = realloc(packet, *len);
	return exact != NULL ? exact : packet;
}

static uint8_t *
datagram_of(uint8_t how, uint32_t number, struct span part, size_t *len)
{
	uint8_t *copy;

	if ((how & SEALED) != 0)
		return seal(how, number, part, len);
	*len = part.left;
	if ((copy = malloc(part.left)) != NULL)
		memcpy(copy, part.at, part.left);
	return copy;
}

static bool
next_datagram(struct proto *p, struct dialogue **d, struct flow *f, struct span *in)
{
	struct packet packet = { .protocol = PROTO_UDP, .flags = 0 };
	struct span part = span_of(NULL, 0);
	uint8_t how, *copy;
	size_t bytes = 0;
	uint16_t len;
	int from;

	if (!span_u8(in, &how) || !span_u16be(in, &len))
		return false;
	from = how >> 7;
	span_take(in, len < in->left ? len : in->left, &part);
	if (part.left == 0)
		return in->left > 0;
	/* At its exact size, so that a sanitizer sees the first byte too far. */
	if ((copy = datagram_of(how, (uint32_t)f->last_ns, part, &bytes)) == NULL)
		return false;
	packet.src = flow_addr(f, from);
	packet.dst = flow_addr(f, !from);
	packet.src_port = f->port[from];
	packet.dst_port = f->port[!from];
	packet.payload = copy;
	packet.payload_bytes = (uint32_t)bytes;
	packet.payload_wire_bytes = packet.payload_bytes + (how & 1);
	packet.flags = (how & 1) != 0 ? PACKET_TRUNCATED : 0;
	packet.ts_ns = ++f->last_ns;
	f->side[from].packets++;
	f->talk->payload_bytes[from] += packet.payload_wire_bytes;
	proto_datagram(p, d, f, from, &packet);
	free(copy);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct proto_limits limits = { .header_bytes = 1024, .handshake_bytes = 1024,
	    .flow_bytes = 4096 };
	static const uint8_t home[4] = { 10, 0, 0, 1 }, away[4] = { 192, 0, 2, 1 };
	struct span in = span_of(data, size);
	struct dialogue *d = NULL;
	struct flow_place place;
	struct flow_key key;
	struct flow flow;
	struct flow_talk talk = FLOW_SILENT;
	struct proto *p;
	uint8_t port;

	memset(&flow, 0, sizeof flow);
	flow.talk = &talk;
	if (!span_u8(&in, &port) || (p = proto_new(&limits, take_message, NULL)) == NULL)
		return 0;
	key = (struct flow_key){ .protocol = PROTO_UDP, .addr = { addr_v4(home), addr_v4(away) },
	    .port = { 40000, ports[port % (sizeof ports / sizeof *ports)] } };
	if (key.port[1] == PORT_DHCPV6)	/* no such thing over IPv4 */
		key.addr[0].b[0] = key.addr[1].b[0] = 0x20;
	flow_set_key(&flow, &key, &place);
	while (next_datagram(p, &d, &flow, &in))
		continue;
	if (d != NULL)
		dialogue_end(d, &flow, flow.last_ns);
	dialogue_free(d);
	if (proto_counts(p)->held_bytes != 0)
		abort();
	proto_free(p);
	return 0;
}
