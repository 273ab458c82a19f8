/*
 * Datagrams of one UDP flow, to every row that reads such. The first byte
 * picks the responder's port from the table below; then each datagram is one
 * byte (bit 7 the side, bit 0 cut short by the capture), two bytes of length
 * (65535: all that is left) and its bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"
#include "touch_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Add at the end: the seeds name them by place. */
static const uint16_t ports[] = { 4000, 53, 5353, 5355, 137, 67, 443, 88, 389, 138 };

static void
take_message(void *to, const struct message *m)
{
	(void)to;
	touch_message(m);
}

static bool
next_datagram(struct proto *p, struct dialogue **d, struct flow *f, struct span *in)
{
	struct packet packet = { .protocol = PROTO_UDP, .flags = 0 };
	struct span part = span_of(NULL, 0);
	uint8_t how, *copy;
	uint16_t len;
	int from;

	if (!span_u8(in, &how) || !span_u16be(in, &len))
		return false;
	from = how >> 7;
	span_take(in, len < in->left ? len : in->left, &part);
	if (part.left == 0)
		return in->left > 0;
	/* At its exact size, so that a sanitizer sees the first byte too far. */
	if ((copy = malloc(part.left)) == NULL)
		return false;
	memcpy(copy, part.at, part.left);
	packet.src = f->key.addr[from];
	packet.dst = f->key.addr[!from];
	packet.src_port = f->key.port[from];
	packet.dst_port = f->key.port[!from];
	packet.payload = copy;
	packet.payload_bytes = (uint32_t)part.left;
	packet.payload_wire_bytes = packet.payload_bytes + (how & 1);
	packet.flags = (how & 1) != 0 ? PACKET_TRUNCATED : 0;
	packet.ts_ns = ++f->last_ns;
	f->side[from].packets++;
	f->side[from].payload_bytes += packet.payload_wire_bytes;
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
	struct flow flow;
	struct proto *p;
	uint8_t port;

	memset(&flow, 0, sizeof flow);
	if (!span_u8(&in, &port) || (p = proto_new(&limits, take_message, NULL)) == NULL)
		return 0;
	flow.key.protocol = PROTO_UDP;
	flow.key.addr[0] = addr_v4(home);
	flow.key.addr[1] = addr_v4(away);
	flow.key.port[0] = 40000;
	flow.key.port[1] = ports[port % (sizeof ports / sizeof *ports)];
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
