/*
 * interfaces.h - names of interfaces that matter when machines are taken over,
 * by their UUIDs; calls whose arguments are worth reading.
 */
#ifndef SENSOR_DCERPC_INTERFACES_H
#define SENSOR_DCERPC_INTERFACES_H

#include "proto/dcerpc/dcerpc.h"

enum { DCERPC_UUID_TEXT = 37 };
enum dcerpc_interface { INTERFACE_OTHER, INTERFACE_SVCCTL, INTERFACE_ATSVC, INTERFACE_TASKS, INTERFACE_NAMED };

/* As it is written, of the 16 bytes of the wire (little-endian). */
void dcerpc_uuid_text(const uint8_t uuid[16], char text[DCERPC_UUID_TEXT]);

/* "svcctl", ..., or `text` itself; *interface: which of those whose calls are read. */
const char *dcerpc_interface_name(const char *text, enum dcerpc_interface *interface);

/* What one call says: fills d->name, d->command and d->service from its arguments. */
struct dcerpc_call {
	enum dcerpc_interface interface;
	uint16_t opnum;
	bool silent;		/* remembered, not told */
	enum remote_action action;
	bool returns;		/* its answer ends with a Win32 error code or an HRESULT */
	void (*read)(struct dcerpc *d, struct span arguments);
};

const struct dcerpc_call *dcerpc_call_of(enum dcerpc_interface interface, uint16_t opnum);	/* NULL: none */

#endif
