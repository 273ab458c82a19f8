/*
 * dcerpc.h - DCE/RPC, connection-oriented (C706, MS-RPCE), over TCP or a named
 * pipe of SMB.
 *
 * Out come the interfaces that a client binds to (REMOTE_BIND), services it
 * creates and starts (REMOTE_SERVICE, MS-SCMR), tasks it registers
 * (REMOTE_TASK, MS-TSCH), and logins in bind and auth3. A call whose arguments
 * are encrypted is told without a name. Only a call's first fragment is read.
 */
#ifndef SENSOR_DCERPC_H
#define SENSOR_DCERPC_H

#include "proto/ntlm/attempt.h"
#include "proto/proto.h"

enum {
	DCERPC_CONTEXTS_MAX = 4,	/* presentation contexts remembered; others are read as unknown */
	DCERPC_TEXT_BYTES = 192,	/* a name or command in UTF-8, its NUL included; longer ones are cut */
	DCERPC_TOLD_MAX = 256,		/* messages of one connection or pipe */
	DCERPC_KEEP_BYTES = 4096	/* read of one PDU */
};

struct dcerpc_context {
	uint16_t id;
	uint8_t interface;		/* enum dcerpc_interface */
	uint8_t uuid[16];
	bool used, waits;		/* waits: bound in the PDU that has no answer yet */
	uint8_t place;			/* in that PDU */
};

struct dcerpc {
	struct attempt *attempt;	/* of its own or its pipe's connection */
	bool authenticating;		/* the client has said all; what comes next tells the outcome */
	uint8_t context_next;
	uint16_t told;
	struct dcerpc_context context[DCERPC_CONTEXTS_MAX];
	/* The call under way that is of interest */
	bool calls;
	uint32_t call;
	uint8_t action;			/* enum remote_action */
	bool hidden;			/* its arguments are encrypted */
	bool returns;			/* its answer ends with a Win32 error code */
	char name[DCERPC_TEXT_BYTES], command[DCERPC_TEXT_BYTES];
	char service[DCERPC_TEXT_BYTES];	/* opened or created last: what a start is about */
};

void dcerpc_init(struct dcerpc *d, struct attempt *attempt);

/* One PDU, or its begin. `asked`: the client sent it. */
void dcerpc_pdu(struct dcerpc *d, const struct speaker *s, bool asked, struct span pdu);

/* Its length by its first bytes; 0: none begins so. */
enum { DCERPC_HEADER_BYTES = 16 };
uint64_t dcerpc_length(const uint8_t header[DCERPC_HEADER_BYTES]);

extern const struct proto_row dcerpc_row;

#endif
