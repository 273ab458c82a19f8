#include "proto/tls/tls_reader.h"

enum {
	RECORD_BYTES_MAX = 16384 + 2048,	/* RFC 5246, 6.2.3: the largest a record may be */
	ALERT_BYTES = 2
};

/* Gathers `want` bytes in side->head, over as many pieces as it takes. */
static bool
gather(struct tls_side *side, struct span *in, uint8_t want)
{
	size_t len = tls_smaller(in->left, (size_t)(want - side->head_have));

	span_copy(in, side->head + side->head_have, len);
	side->head_have = (uint8_t)(side->head_have + len);
	return side->head_have == want;
}

static tls_state_fn read_record_header;

static enum tls_step
skip_record(struct tls_side *side, struct span *in)
{
	size_t len = tls_smaller(in->left, side->record_left);

	span_skip(in, len);
	side->record_left -= (uint32_t)len;
	if (side->record_left > 0)
		return TLS_MORE;
	side->state = read_record_header;
	return TLS_NEXT;
}

/*
 * What follows is encrypted, or nothing. A client is still listened to while
 * its server may have asked, or may yet ask, for another ClientHello: that
 * one comes behind a ChangeCipherSpec of no meaning (RFC 8446, D.4) and early
 * data (4.2.10).
 */
static enum tls_step
leave_cleartext(struct tls_side *side)
{
	struct tls_reader *r = side->reader;

	if (side->client_hellos > 0 && r->offers_hiding && !r->final) {
		side->encrypted = true;
		side->message_have = 0;
		side->message_left = 0;
		bytes_clear(&side->held, &r->ceiling);
	} else {
		tls_end_side(side);
	}
	side->state = skip_record;
	return TLS_NEXT;
}

static enum tls_step
change_cipher(struct tls_side *side)
{
	struct tls_reader *r = side->reader;

	if (!side->server || !r->retry || r->final)
		return leave_cleartext(side);
	side->state = skip_record;
	return TLS_NEXT;
}

/* A warning goes before a ServerHello now and then (RFC 6066, 3: unrecognized_name); others are the end. */
static enum tls_step
read_alert(struct tls_side *side, struct span *in)
{
	enum { WARNING = 1, CLOSE_NOTIFY = 0 };

	if (side->record_left != ALERT_BYTES)
		return leave_cleartext(side);
	if (!gather(side, in, ALERT_BYTES))
		return TLS_MORE;
	side->head_have = 0;
	side->record_left = 0;
	if (side->head[0] != WARNING || side->head[1] == CLOSE_NOTIFY)
		return leave_cleartext(side);
	side->state = read_record_header;
	return TLS_NEXT;
}

static enum tls_step
read_handshake(struct tls_side *side, struct span *in)
{
	struct span part;

	if (in->left == 0 && side->record_left > 0)
		return TLS_MORE;
	span_take(in, tls_smaller(in->left, side->record_left), &part);
	side->record_left -= (uint32_t)part.left;
	if (side->record_left == 0)
		side->state = read_record_header;
	while (part.left > 0 && !side->over)
		if (tls_read_message(side, &part) == TLS_GIVE_UP)
			return TLS_GIVE_UP;
	return TLS_NEXT;
}

/* A handshake record of an encrypted side: a ClientHello begins with the record, or it is of no use. */
static enum tls_step
read_late_handshake(struct tls_side *side, struct span *in)
{
	if (side->reader->final || side->record_left < TLS_MESSAGE_HEADER_BYTES) {
		side->state = skip_record;
		return TLS_NEXT;
	}
	if (!gather(side, in, TLS_MESSAGE_HEADER_BYTES))
		return TLS_MORE;
	side->head_have = 0;
	side->record_left -= TLS_MESSAGE_HEADER_BYTES;
	side->state = skip_record;
	if (side->head[0] != TLS_CLIENT_HELLO || side->head[1] != 0)
		return TLS_NEXT;
	memcpy(side->message_head, side->head, TLS_MESSAGE_HEADER_BYTES);
	side->message_have = TLS_MESSAGE_HEADER_BYTES;
	side->encrypted = false;
	side->state = read_handshake;
	return TLS_NEXT;
}

static enum tls_step
begin_record(struct tls_side *side, uint8_t type)
{
	switch (type) {
	case TLS_RECORD_HANDSHAKE:
		side->state = side->encrypted ? read_late_handshake : read_handshake;
		return TLS_NEXT;
	case TLS_RECORD_CHANGE_CIPHER:
		return change_cipher(side);
	case TLS_RECORD_ALERT:
		side->state = read_alert;
		return TLS_NEXT;
	case TLS_RECORD_DATA:
		return leave_cleartext(side);
	case TLS_RECORD_HEARTBEAT:
		side->state = skip_record;
		return TLS_NEXT;
	default:
		return TLS_GIVE_UP;
	}
}

/* The version's second byte is to be ignored (RFC 8446, 5.1), and is where a hello is read. */
bool
tls_record_plausible(const uint8_t head[TLS_RECORD_HEADER_BYTES])
{
	return head[0] >= TLS_RECORD_CHANGE_CIPHER && head[0] <= TLS_RECORD_HEARTBEAT && head[1] == 3 &&
	    (head[2] <= 4 || head[0] == TLS_RECORD_HANDSHAKE) && (head[3] << 8 | head[4]) <= RECORD_BYTES_MAX;
}

static enum tls_step
read_record_header(struct tls_side *side, struct span *in)
{
	if (!gather(side, in, TLS_RECORD_HEADER_BYTES))
		return TLS_MORE;
	side->head_have = 0;
	if (!tls_record_plausible(side->head))
		return TLS_GIVE_UP;
	side->record_left = (uint32_t)side->head[3] << 8 | side->head[4];
	return begin_record(side, side->head[0]);
}

/* ---- ClientHello in SSLv2 form (RFC 5246, E.2) ---- */

static bool
v2_version_is_known(uint16_t version)
{
	return version == 0x0002 || (version >= 0x0300 && version <= 0x0303);
}

bool
tls_v2_hello_read(const uint8_t head[TLS_V2_HEADER_BYTES], uint16_t *version, uint32_t *left)
{
	struct span s = span_of(head, TLS_V2_HEADER_BYTES);
	uint16_t len, ciphers, session, challenge;
	uint8_t type;

	span_u16be(&s, &len);
	span_u8(&s, &type);
	span_u16be(&s, version);
	span_u16be(&s, &ciphers);
	span_u16be(&s, &session);
	span_u16be(&s, &challenge);
	if ((len & 0x8000) == 0 || type != TLS_CLIENT_HELLO || !v2_version_is_known(*version))
		return false;
	if (ciphers == 0 || ciphers % 3 != 0 || challenge < 16 || challenge > 32)
		return false;
	*left = (uint32_t)ciphers + session + challenge;
	return (len & 0x7fff) == TLS_V2_HEADER_BYTES - 2 + *left;
}

/* Its cipher list is another one: there is no JA3 and no JA4 of it. */
static enum tls_step
read_v2_hello(struct tls_side *side, struct span *in)
{
	struct tls_client client = { 0 };
	struct message m = { .kind = MESSAGE_TLS_CLIENT, .tls_client = &client };
	uint32_t left;

	if (!gather(side, in, TLS_V2_HEADER_BYTES))
		return TLS_MORE;
	side->head_have = 0;
	if (!tls_v2_hello_read(side->head, &client.version, &left))
		return TLS_GIVE_UP;
	client.best_version = client.version;
	tls_emit(side, &m);
	side->client_hellos = 1;
	side->record_left = left;
	side->state = skip_record;
	return TLS_NEXT;
}

enum tls_step
tls_read_start(struct tls_side *side, struct span *in)
{
	if (in->left == 0)
		return TLS_MORE;
	side->state = in->at[0] & 0x80 ? read_v2_hello : read_record_header;
	return TLS_NEXT;
}
