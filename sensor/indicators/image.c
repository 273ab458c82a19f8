#include "indicators/image.h"

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

static bool
dotted(const char *text, size_t len, struct addr *out)
{
	uint8_t four[4];
	unsigned number = 0, digits = 0, part = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] >= '0' && text[i] <= '9' && digits < 3) {
			number = number * 10 + (unsigned)(text[i] - '0');
			digits++;
		} else if (text[i] == '.' && digits > 0 && part < 3 && number < 256) {
			four[part++] = (uint8_t)number;
			number = digits = 0;
		} else {
			return false;
		}
	}
	if (part != 3 || digits == 0 || number > 255)
		return false;
	four[3] = (uint8_t)number;
	*out = addr_v4(four);
	return true;
}

/* Up to `most`, all of `text` digits. */
static bool
decimal(const char *text, size_t len, unsigned most, unsigned *out)
{
	unsigned number = 0;
	size_t i;

	for (i = 0; i < len && i < 6 && text[i] >= '0' && text[i] <= '9'; i++)
		number = number * 10 + (unsigned)(text[i] - '0');
	*out = number;
	return len > 0 && i == len && number <= most;
}

/* Each match is verified through here, so it is quick with what is common: IPv4. */
bool
image_value_net(enum indicator_type type, const char *value, size_t len, struct cidr *net,
    uint16_t *port)
{
	const char *mark = NULL;
	unsigned number = 128;
	size_t host = len;

	if (type == INDICATOR_CIDR)
		mark = memchr(value, '/', len);
	else if (type == INDICATOR_ADDRESS_PORT)
		mark = memrchr(value, ':', len);
	if (mark != NULL)
		host = (size_t)(mark - value);
	else if (type != INDICATOR_ADDRESS)
		return false;
	if (mark != NULL && !decimal(mark + 1, len - host - 1, 65535, &number))
		return false;
	*port = type == INDICATOR_ADDRESS_PORT ? (uint16_t)number : 0;
	if (type == INDICATOR_ADDRESS_PORT && host >= 2 && value[0] == '[') {
		value++;
		host -= 2;
	}
	if (!dotted(value, host, &net->base) && !addr_parse(value, host, &net->base))
		return false;
	if (type == INDICATOR_CIDR && addr_is_v4(&net->base) && memchr(value, ':', host) == NULL)
		number += 96;
	net->bits = type == INDICATOR_CIDR && number < 128 ? (uint8_t)number : 128;
	return true;
}

bool
image_hash_value(const struct hash_key *key, unsigned kind, const char *value, size_t len,
    uint64_t *hash, uint64_t *word)
{
	unsigned type = kind & ~(unsigned)IMAGE_SOURCE;
	struct cidr net;
	uint16_t port;

	switch (type) {
	case INDICATOR_ADDRESS_PORT:
		if (!image_value_net(type, value, len, &net, &port))
			return false;
		*word = image_hash_net(key, INDICATOR_ADDRESS, &net.base, 128);
		*hash = image_hash_port(key, *word, port);
		return true;
	case INDICATOR_ADDRESS:
	case INDICATOR_CIDR:
		if (!image_value_net(type, value, len, &net, &port))
			return false;
		*hash = image_hash_net(key, kind, &net.base, net.bits);
		break;
	case INDICATOR_DOMAIN:
		if (!hash_name(key, value, len, hash))
			return false;
		break;
	default:
		*hash = image_hash_text(key, kind, value, len);
	}
	*word = *hash;
	return true;
}
