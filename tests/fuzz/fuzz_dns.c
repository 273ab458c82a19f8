/* The first byte chooses the port; the rest is one datagram, and once more a TCP connection's bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dns/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_message(void *to, const struct message *m)
{
	unsigned i;

	(void)to;
	if (strlen(m->dns->question) >= DNS_NAME_MAX || m->dns->answers_count > DNS_ANSWERS_MAX)
		abort();
	for (i = 0; i < m->dns->answers_count; i++)
		if (strlen(m->dns->answers[i].name) >= DNS_NAME_MAX ||
		    strlen(m->dns->answers[i].target) >= DNS_NAME_MAX)
			abort();
}

static void
read_stream(struct proto *p, struct flow *f, struct span in)
{
	struct stream_piece piece = { .flow = f, .bytes = in.at, .len = in.left };
	void *reader;

	if (in.left == 0 || dns_row.guess(in, ORIGINATOR) == GUESS_NO || (reader = dns_row.open(p)) == NULL)
		return;
	dns_row.piece(reader, &piece);
	dns_row.close(reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct proto_limits limits = { 1024, 1024, 4096, 0 };
	static const uint16_t ports[4] = { 53, 5353, 5355, 4000 };
	struct packet packet;
	struct proto *p;
	struct flow flow;

	if (size == 0 || (p = proto_new(&limits, check_message, NULL)) == NULL)
		return 0;
	memset(&packet, 0, sizeof packet);
	memset(&flow, 0, sizeof flow);
	packet.protocol = PROTO_UDP;
	packet.dst_port = ports[data[0] & 3];
	packet.payload = data + 1;
	packet.payload_bytes = packet.payload_wire_bytes = (uint32_t)(size - 1);
	proto_datagram(p, &flow, ORIGINATOR, &packet);
	read_stream(p, &flow, span_of(data + 1, size - 1));
	proto_free(p);
	return 0;
}
