#include "base/hash.h"
#include "flow.h"
#include "indicator.h"

const char *
indicator_type_text(enum indicator_type t)
{
	static const char *const names[INDICATOR_TYPES] = {
		"ip", "ip:port", "cidr", "domain", "url", "ja3", "ja4", "cert-sha1",
	};

	return t < INDICATOR_TYPES ? names[t] : "?";
}

const char *
indicator_role_text(enum indicator_role r)
{
	static const char *const names[ROLE_KINDS] = { "c2", "download", "infected", "suspicious" };

	return r < ROLE_KINDS ? names[r] : "?";
}

uint64_t
flow_id(const struct flow *f)
{
	struct {
		struct flow_key key;
		uint8_t zero[4];
		int64_t first_ns;
	} named = { f->key, { 0 }, f->first_ns };

	return hash_bytes(&HASH_FIXED, &named, sizeof named) >> 11;
}
