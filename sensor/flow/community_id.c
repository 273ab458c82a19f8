#include "flow/community_id.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#include "flow/entry.h"

enum { PROTO_SCTP = 132 };

static bool
has_ports(uint8_t protocol)
{
	return protocol == PROTO_TCP || protocol == PROTO_UDP || protocol == PROTO_SCTP ||
	    protocol == PROTO_ICMP || protocol == PROTO_ICMPV6;
}

/* ICMP without an answer keeps its orientation: the specification's "one-way" flows. */
static bool
is_one_way(const struct flow_key *k)
{
	uint16_t answer;

	return (k->protocol == PROTO_ICMP || k->protocol == PROTO_ICMPV6) &&
	    !icmp_answer_type(k->protocol, k->port[0], &answer);
}

static int
smaller_end(const struct flow_key *k)
{
	int order = addr_compare(&k->addr[0], &k->addr[1]);

	if (is_one_way(k))
		return 0;
	return order > 0 || (order == 0 && k->port[0] > k->port[1]);
}

static size_t
put_addr(uint8_t *at, const struct addr *a)
{
	size_t skip = addr_is_v4(a) ? 12 : 0;

	memcpy(at, a->b + skip, sizeof a->b - skip);
	return sizeof a->b - skip;
}

static size_t
put_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return 2;
}

const char *
community_id(const struct flow_key *k, char buf[COMMUNITY_ID_TEXT])
{
	uint8_t bytes[2 + 32 + 2 + 4], digest[SHA_DIGEST_LENGTH];
	int low = smaller_end(k);
	size_t len = put_u16(bytes, 0);		/* the seed */

	len += put_addr(bytes + len, &k->addr[low]);
	len += put_addr(bytes + len, &k->addr[!low]);
	len += put_u16(bytes + len, (uint16_t)(k->protocol << 8));	/* and a zero byte */
	if (has_ports(k->protocol)) {
		len += put_u16(bytes + len, k->port[low]);
		len += put_u16(bytes + len, k->port[!low]);
	}
	SHA1(bytes, len, digest);
	memcpy(buf, "1:", 2);
	EVP_EncodeBlock((unsigned char *)buf + 2, digest, sizeof digest);
	return buf;
}
