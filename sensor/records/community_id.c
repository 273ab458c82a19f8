#include "records/community_id.h"

/* EVP looks its implementation up for each anew: four times the work of the hash itself. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <openssl/sha.h>

enum { INPUT_MAX = 2 + 16 + 16 + 2 + 2 + 2 };

struct end {
	uint8_t addr[16];
	size_t addr_len;
	uint8_t port[2];
};

static struct end
end_of(const struct flow_key *k, int side, bool v4)
{
	struct end e = { { 0 }, v4 ? 4 : 16, { (uint8_t)(k->port[side] >> 8), (uint8_t)k->port[side] } };

	memcpy(e.addr, k->addr[side].b + (v4 ? 12 : 0), e.addr_len);
	return e;
}

/*
 * The smaller end first. ICMP whose type has no counterpart keeps its
 * orientation in the specification; the flow key holds such a type with its
 * code, and a message with a counterpart as the pair of both types.
 */
static bool
one_way(const struct flow_key *k)
{
	static const uint8_t paired4[] = { 0, 8, 9, 10, 13, 14, 15, 16, 17, 18 };
	static const uint8_t paired6[] = { 128, 129, 130, 131, 133, 134, 135, 136, 139, 140, 144, 145 };

	if (k->protocol == 1)
		return k->port[0] > 255 || memchr(paired4, (int)k->port[0], sizeof paired4) == NULL;
	if (k->protocol == 58)
		return k->port[0] > 255 || memchr(paired6, (int)k->port[0], sizeof paired6) == NULL;
	return false;
}

static bool
has_ports(uint8_t protocol)
{
	return protocol == 1 || protocol == 6 || protocol == 17 || protocol == 58 || protocol == 132;
}

const char *
community_id(const struct flow_key *k, char buf[COMMUNITY_ID_TEXT])
{
	bool v4 = addr_is_v4(&k->addr[0]) && addr_is_v4(&k->addr[1]);
	struct end a = end_of(k, 0, v4), b = end_of(k, 1, v4), swap;
	uint8_t input[INPUT_MAX] = { 0, 0 }, digest[SHA_DIGEST_LENGTH];
	SHA_CTX sha1;
	size_t len = 2;
	int c = memcmp(a.addr, b.addr, a.addr_len);

	if (c == 0)
		c = memcmp(a.port, b.port, sizeof a.port);
	if (c > 0 && !one_way(k)) {
		swap = a;
		a = b;
		b = swap;
	}
	memcpy(input + len, a.addr, a.addr_len);
	len += a.addr_len;
	memcpy(input + len, b.addr, b.addr_len);
	len += b.addr_len;
	input[len++] = k->protocol;
	input[len++] = 0;
	if (has_ports(k->protocol)) {
		memcpy(input + len, a.port, sizeof a.port);
		memcpy(input + len + 2, b.port, sizeof b.port);
		len += 4;
	}
	SHA1_Init(&sha1);
	SHA1_Update(&sha1, input, len);
	SHA1_Final(digest, &sha1);
	memcpy(buf, "1:", 2);
	EVP_EncodeBlock((unsigned char *)buf + 2, digest, sizeof digest);
	return buf;
}
