/*
 * eve_parts.h - the pieces that several EVE records share. Private to alert/.
 */
#ifndef SENSOR_ALERT_EVE_PARTS_H
#define SENSOR_ALERT_EVE_PARTS_H

#include "alert/json.h"
#include "base/language.h"
#include "finding.h"
#include "observation.h"

/* timestamp, flow_id, event_type, host, vlan: what every record begins with. `o` may be NULL. */
void eve_head(struct json *j, const char *event_type, int64_t ts_ns, const struct observation *o,
    const struct realm *realm, const char *sensor_name);

/* src_ip, src_port, dest_ip, dest_port, proto: who asked and who was asked. */
void eve_ends(struct json *j, const struct flow_key *k);
void eve_proto(struct json *j, unsigned in, uint8_t protocol);

/* hansho.realm, when there is more to it than VLAN tags; VLAN tags too when `vlan`. */
void eve_realm(struct json *j, unsigned hansho, const struct realm *r, bool vlan);

/*
 * Object "tunnel", when the flow came out of one: ends, protocol of the carrier
 * and depth as Suricata has them, when it is over IP; kind, and the numbers that
 * were on the wire each way. `o` may be NULL.
 */
void eve_tunnel(struct json *j, const struct observation *o);

enum { EVE_TUNNEL_WORDS = 192 };

/* "; through vxlan 77 between 10.0.0.1 and 10.0.0.2", or "". Returns `buf` of EVE_TUNNEL_WORDS. */
const char *eve_tunnel_words(const struct observation *o, enum language l, char *buf, size_t size);

/* Objects "tls", "http", "dns" for what the observation knows. */
void eve_tls(struct json *j, const struct observation *o);
void eve_http(struct json *j, const struct observation *o);
void eve_dns(struct json *j, const struct observation *o);

/*
 * Each as in the record of its kind: EVE's members at the top, ours below
 * "hansho". eve_file() is the object "fileinfo" alone.
 */
void eve_mail(struct json *j, const struct observation *o);
void eve_fileinfo(struct json *j, const struct observation *o);
void eve_file(struct json *j, const struct observation *o);
void eve_file_extra(struct json *j, unsigned hansho, const struct observation *o);
void eve_login(struct json *j, const struct observation *o);
void eve_remote(struct json *j, const struct observation *o);
void eve_identity(struct json *j, const struct observation *o);
void eve_unknown(struct json *j, const struct observation *o);

/* Object "summary": what is held back, latest first; each is a record of kind "held". */
void eve_summary(struct json *j, unsigned hansho, const struct summary_numbers *s);

/* Counters and start into an object "flow", which is returned. */
unsigned eve_flow(struct json *j, const struct observation *o);

#endif
