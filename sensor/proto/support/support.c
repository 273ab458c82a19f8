#include "proto/support/support.h"

void *
support_open(struct proto *p)
{
	return p;
}

bool
support_piece(void *reader, const struct stream_piece *piece)
{
	(void)reader;
	(void)piece;
	return false;
}

void
support_close(void *reader)
{
	(void)reader;
}

enum datagram_taken
support_tell(struct proto *p, const struct flow *f, int from, const struct packet *packet, enum app app)
{
	const struct protocol told = { .app = app };
	const struct message m = { .kind = MESSAGE_PROTOCOL, .flow = f, .from = from, .ts_ns = packet->ts_ns,
	    .protocol = &told };

	if (f->app != app)
		proto_emit(p, &m);
	return DATAGRAM_TAKEN;
}
