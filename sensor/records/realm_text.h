/*
 * realm_text.h - a realm in words, for people: "vlan 100.20", "vxlan 77",
 * "ds-lite 2001:db8::1"; "" for the one without tags and tunnels.
 */
#ifndef SENSOR_RECORDS_REALM_TEXT_H
#define SENSOR_RECORDS_REALM_TEXT_H

#include "realm.h"

enum { REALM_TEXT_MAX = 128 };

/* Returns `buf`. */
const char *realm_text(const struct realm *r, char buf[REALM_TEXT_MAX]);

/* "" for none, "mpls", "pppoe", ... as records have it. */
const char *realm_tunnel_text(uint16_t kind);

#endif
