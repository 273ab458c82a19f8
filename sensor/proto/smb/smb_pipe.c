#include "proto/smb/smb_reader.h"

enum { PDUS_MAX = 8 };	/* in one write or read */

void
smb_pipe_opened(struct smb_reader *r, struct span id)
{
	struct smb_pipe *p = &r->pipe[r->pipe_next];

	if (id.left > sizeof p->id)
		return;
	r->pipe_next = (uint8_t)((r->pipe_next + 1) % SMB_OPEN_PIPES_MAX);
	memset(p, 0, sizeof *p);
	memcpy(p->id, id.at, id.left);
	p->used = true;
	dcerpc_init(&p->rpc, &r->pipe_attempt);
}

int
smb_pipe_of(const struct smb_reader *r, struct span id)
{
	int i;

	for (i = 0; i < SMB_OPEN_PIPES_MAX; i++)
		if (r->pipe[i].used && id.left <= sizeof r->pipe[i].id && memcmp(r->pipe[i].id, id.at, id.left) == 0)
			return i;
	return -1;
}

/* A PDU that goes on in the next write or read is read as far as this one goes. */
void
smb_pipe_data(struct smb_reader *r, int pipe, bool asked, struct span data)
{
	struct speaker s = smb_speaker(r, asked ? r->piece->from : 1 - r->piece->from);
	struct span pdu;
	uint64_t len;
	unsigned i;

	for (i = 0; i < PDUS_MAX && data.left >= DCERPC_HEADER_BYTES; i++) {
		if ((len = dcerpc_length(data.at)) == 0)
			return;
		span_take(&data, len < data.left ? (size_t)len : data.left, &pdu);
		dcerpc_pdu(&r->pipe[pipe].rpc, &s, asked, pdu);
	}
}
