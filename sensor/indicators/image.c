#include "indicators/image.h"

#include "indicators/value.h"

/* From the right, label by label, so that one pass gives the hash of each parent. */
unsigned
image_hash_names(const struct hash_key *key, const char *name, size_t len,
    struct name_hash parent[NAME_LABELS_MAX])
{
	uint64_t h = image_hash_start(key, INDICATOR_DOMAIN);
	size_t end = len, from;
	unsigned labels = 0, count = 0;

	while (end > 0 && count < NAME_LABELS_MAX) {
		from = end;
		while (from > 0 && name[from - 1] != '.')
			from--;
		h = image_hash_more(key, h, name + from, end - from);
		if (++labels > 1)
			parent[count++] = (struct name_hash){ h, from };
		end = from > 0 ? from - 1 : 0;
	}
	return count;
}

static bool
hash_name(const struct hash_key *key, const char *name, size_t len, uint64_t *hash)
{
	struct name_hash all[NAME_LABELS_MAX];
	unsigned count = image_hash_names(key, name, len, all);

	if (count == 0)
		return false;
	*hash = all[count - 1].hash;
	return true;
}

bool
image_hash_value(const struct hash_key *key, unsigned kind, const char *value, size_t len,
    uint64_t *hash)
{
	unsigned type = kind & ~(unsigned)IMAGE_SOURCE;
	struct value v;
	const char *why;

	switch (type) {
	case INDICATOR_ADDRESS:
	case INDICATOR_ADDRESS_PORT:
	case INDICATOR_CIDR:
		if (!value_parse(span_of(value, len), 1u << type, &v, &why))
			return false;
		*hash = type == INDICATOR_ADDRESS_PORT ?
		    image_hash_port(key, &v.net.base, v.port) :
		    image_hash_net(key, kind, &v.net.base, v.net.bits);
		return true;
	case INDICATOR_DOMAIN:
		return hash_name(key, value, len, hash);
	default:
		*hash = image_hash_text(key, kind, value, len);
		return true;
	}
}
