#include "base/hash.h"
#include "base/when.h"
#include "case.h"
#include "flow.h"
#include "indicator.h"
#include "message.h"

const char *
indicator_type_text(enum indicator_type t)
{
	static const char *const names[INDICATOR_TYPES] = {
		"ip", "ip:port", "cidr", "domain", "url", "ja3", "ja4", "cert-sha1",
		"ja3s", "cert-sha256", "sha256", "user-agent",
	};

	return t < INDICATOR_TYPES ? names[t] : "?";
}

const char *
indicator_role_text(enum indicator_role r)
{
	static const char *const names[ROLE_KINDS] = {
		"c2", "download", "infected", "suspicious", "sinkhole", "scanner", "resolver",
	};

	return r < ROLE_KINDS ? names[r] : "?";
}

const char *
file_kind_text(enum file_kind k)
{
	static const char *const names[FILE_KINDS] = {
		"unknown", "pe", "elf", "macho", "ole", "ooxml", "zip", "rar", "7z", "pdf", "script",
		"lnk", "iso", "gzip", "cab", "html", "image", "text",
	};

	return k < FILE_KINDS ? names[k] : "?";
}

const char *
identity_source_text(enum identity_source s)
{
	static const char *const names[IDENTITY_SOURCES] = {
		"dhcp", "dhcpv6", "nbns", "mdns", "llmnr", "ntlm", "kerberos", "smb", "http",
	};

	return s < IDENTITY_SOURCES ? names[s] : "?";
}

const char *
case_stage_text(enum case_stage s)
{
	static const char *const names[CASE_STAGES] = {
		"delivery", "command-and-control", "theft", "spreading", "mass-mail", "destruction",
	};

	return s < CASE_STAGES ? names[s] : "?";
}

const char *
case_end_text(enum case_end e)
{
	static const char *const names[] = { "", "address-taken", "address-released", "evicted" };

	return e <= CASE_EVICTED ? names[e] : "?";
}

const struct flow_talk FLOW_SILENT = { .last_payload_ns = { WHEN_UNKNOWN, WHEN_UNKNOWN } };

const struct flow_place FLOW_PLACE_PLAIN = { .high = {
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } } };

struct flow_key
flow_key(const struct flow *f)
{
	return (struct flow_key){ flow_place(f)->realm, { flow_addr(f, 0), flow_addr(f, 1) },
		{ f->port[0], f->port[1] }, f->protocol, { 0 } };
}

bool
flow_set_key(struct flow *f, const struct flow_key *k, struct flow_place *place)
{
	int side;

	place->realm = k->realm;
	for (side = 0; side < 2; side++) {
		memcpy(place->high[side], k->addr[side].b, sizeof place->high[side]);
		memcpy(f->low[side], k->addr[side].b + sizeof place->high[side], sizeof f->low[side]);
		f->port[side] = k->port[side];
	}
	f->protocol = k->protocol;
	f->place = memcmp(place, &FLOW_PLACE_PLAIN, sizeof *place) == 0 ? NULL : place;
	return f->place == NULL;
}

/* No realm, and what stands before an IPv4 address: most keys begin so. */
enum { PLAIN_BYTES = sizeof(struct realm) + 12 };

static const struct hash_begun *
plain_begun(void)
{
	static const uint8_t plain[PLAIN_BYTES] = { [PLAIN_BYTES - 2] = 0xff, [PLAIN_BYTES - 1] = 0xff };
	static struct hash_begun begun;

	if (begun.len == 0)
		begun = hash_begin(&HASH_FIXED, plain, sizeof plain);
	return &begun;
}

uint64_t
flow_id(const struct flow_key *k, int64_t first_ns)
{
	static const struct realm none;
	struct {
		struct flow_key key;
		uint8_t zero[4];
		int64_t first_ns;
	} named = { *k, { 0 }, first_ns };

	if (addr_is_v4(&k->addr[0]) && realm_compare(&k->realm, &none) == 0)
		return hash_rest(plain_begun(), (const uint8_t *)&named + PLAIN_BYTES, sizeof named - PLAIN_BYTES) >> 11;
	return hash_bytes(&HASH_FIXED, &named, sizeof named) >> 11;
}
