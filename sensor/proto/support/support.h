/*
 * support.h - what tools of remote support speak: TeamViewer, RustDesk, VNC.
 *
 * Only recognised, nothing in them is read: one MESSAGE_PROTOCOL each. None of
 * their makers describes them; what is known is public: the commands of
 * TeamViewer's header as analysts list them, RustDesk's messages by its own
 * sources (rendezvous.proto), the Remote Framebuffer protocol by RFC 6143.
 * AnyDesk is TLS and known by its certificates (witness/see_tls.c).
 */
#ifndef SENSOR_SUPPORT_H
#define SENSOR_SUPPORT_H

#include "proto/proto.h"

/*
 * Both sides must begin with its header: then it is told. Over UDP two bytes of
 * it lie behind eleven others, which is little: its port is asked for, too.
 */
extern const struct proto_row teamviewer_row;
extern const struct datagram_row teamviewer_datagram_row;

/* A whole message whose outer and inner lengths agree; over UDP one with the asker's id in it. */
extern const struct proto_row rustdesk_row;
extern const struct datagram_row rustdesk_datagram_row;

/* A version line of either side, or what a server says to the repeater that makes the viewer find it. */
extern const struct proto_row rfb_row;

/* ---- what the rows share (support.c) ---- */

/* For rows that have nothing to read: opened, told, done. */
void *support_open(struct proto *p);
bool support_piece(void *reader, const struct stream_piece *piece);
void support_close(void *reader);

/* A datagram's flow speaks `app`: told once. */
enum datagram_taken support_tell(struct proto *p, const struct flow *f, int from, const struct packet *packet, enum app app);

#endif
