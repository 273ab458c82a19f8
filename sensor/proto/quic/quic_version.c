#include "proto/quic/quic_version.h"

#include <stddef.h>

#define SALT_1 { \
	0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, \
	0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a }
#define LABELS_1 "tls13 quic key", "tls13 quic iv", "tls13 quic hp"
#define KINDS_1 { QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY }

static const struct quic_version VERSIONS[] = {
	/* RFC 9001, 5.2 */
	{ 0x00000001, 0x00000001, SALT_1, LABELS_1, KINDS_1 },
	/* RFC 9369, 3 */
	{ 0x6b3343cf, 0x6b3343cf, {
		0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
		0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 },
	    "tls13 quicv2 key", "tls13 quicv2 iv", "tls13 quicv2 hp",
	    { QUIC_RETRY, QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE } },
	/* draft-ietf-quic-tls-33 and 34, 29 to 32, 23 to 28 */
	{ 0xff000021, 0xff000022, SALT_1, LABELS_1, KINDS_1 },
	{ 0xff00001d, 0xff000020, {
		0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
		0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99 }, LABELS_1, KINDS_1 },
	{ 0xff000017, 0xff00001c, {
		0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
		0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02 }, LABELS_1, KINDS_1 },
};

const struct quic_version *
quic_version_find(uint32_t version)
{
	size_t i;

	for (i = 0; i < sizeof VERSIONS / sizeof VERSIONS[0]; i++)
		if (version >= VERSIONS[i].first && version <= VERSIONS[i].last)
			return &VERSIONS[i];
	return NULL;
}

static bool
is_digit(uint32_t byte)
{
	return byte >= '0' && byte <= '9';
}

bool
quic_version_is_shut(uint32_t version)
{
	uint32_t letter = version >> 24;

	if (letter == 'Q' || letter == 'T')
		return (version >> 16 & 0xff) == '0' && is_digit(version >> 8 & 0xff) && is_digit(version & 0xff);
	return (version >= 0xff000001 && version < 0xff000017) || (version >= 0xfaceb000 && version <= 0xfaceb00f);
}

bool
quic_version_is_reserved(uint32_t version)
{
	return (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}
