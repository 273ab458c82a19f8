#include "indicators/image.h"

/* From the right, label by label, so that one pass gives the hash of each parent. */
unsigned
image_hash_names(const struct image_key *key, const char *name, size_t len,
    struct name_hash parent[NAME_LABELS_MAX])
{
	struct image_hash h = image_hash_start(key, INDICATOR_DOMAIN);
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
