#include "capture/pcapng_parts.h"

#include "base/when.h"
#include "capture/capture.h"

enum { OPTION_END = 0, OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };	/* of interfaces */
enum { OPTION_IFDROP = 5, OPTION_OSDROP = 7 };				/* of statistics */
enum { OPTION_DROPCOUNT = 4 };						/* of packets */

#define LOST_MAX (UINT64_MAX >> 2)

static bool
read_u64(bool big, struct span *s, uint64_t *out)
{
	uint32_t first, second;

	if (!part_u32(big, s, &first) || !part_u32(big, s, &second))
		return false;
	*out = big ? (uint64_t)first << 32 | second : (uint64_t)second << 32 | first;
	return true;
}

uint64_t
part_add_lost(uint64_t a, uint64_t b)
{
	return a + b > LOST_MAX || b > LOST_MAX ? LOST_MAX : a + b;
}

/* if_tsresol: units of 10^-n s, or of 2^-n s when the top bit is set. */
void
interface_resolution(struct interface *i, uint8_t resolution)
{
	unsigned n = resolution & 0x7f, k;

	i->shift = 0;
	i->divide = 1;
	if (resolution & 0x80) {
		i->multiply = NS_PER_SEC;
		i->shift = n;
		return;
	}
	/* From 10^-29 s on, all that 64 bits can count is less than a nanosecond. */
	i->multiply = n < 29;
	for (k = n; k < 9; k++)
		i->multiply *= 10;
	for (k = 9; k < n && n < 29; k++)
		i->divide *= 10;
}

static bool
read_option(bool big, struct interface *i, uint16_t code, struct span value)
{
	uint64_t seconds;
	uint8_t resolution;

	switch (code) {
	case OPTION_TSRESOL:
		if (value.left != 1 || !span_u8(&value, &resolution))
			return false;
		interface_resolution(i, resolution);
		return true;
	case OPTION_TSOFFSET:
		if (value.left != 8 || !read_u64(big, &value, &seconds))
			return false;
		i->offset_sec = (int64_t)seconds;
		return true;
	default:
		return true;
	}
}

enum option_step { OPTION_THERE, OPTION_NONE, OPTION_DAMAGED };

static enum option_step
next_option(bool big, struct span *s, uint16_t *code, struct span *value)
{
	uint16_t len;

	if (s->left == 0)
		return OPTION_NONE;
	if (!part_u16(big, s, code) || !part_u16(big, s, &len))
		return OPTION_DAMAGED;
	if (*code == OPTION_END)
		return OPTION_NONE;
	if (!span_take(s, len, value) || !span_skip(s, (4 - len % 4u) % 4))
		return OPTION_DAMAGED;
	return OPTION_THERE;
}

bool
interface_options(struct interface *i, bool big, struct span s)
{
	enum option_step step;
	struct span value;
	uint16_t code;

	while ((step = next_option(big, &s, &code, &value)) == OPTION_THERE)
		if (!read_option(big, i, code, value))
			return false;
	return step == OPTION_NONE;
}

void
part_statistics(bool big, struct span s, struct interface *interfaces, uint32_t count)
{
	struct span value;
	uint64_t number, sum = 0;
	uint32_t interface;
	uint16_t code;

	if (!part_u32(big, &s, &interface) || !span_skip(&s, 8) || interface >= count)
		return;
	while (next_option(big, &s, &code, &value) == OPTION_THERE)
		if ((code == OPTION_IFDROP || code == OPTION_OSDROP) && value.left == 8 &&
		    read_u64(big, &value, &number))
			sum = part_add_lost(sum, number);
	if (sum > interfaces[interface].told)
		interfaces[interface].told = sum;
}

uint64_t
part_lost_before(bool big, struct span behind)
{
	struct span value;
	uint64_t number;
	uint16_t code;

	while (next_option(big, &behind, &code, &value) == OPTION_THERE)
		if (code == OPTION_DROPCOUNT && value.left == 8 && read_u64(big, &value, &number))
			return number;
	return 0;
}

/* 64 bits of units are less than 2^94 ns, with the offset less than 2^95: what 128 bits are for. */
int64_t
interface_time(const struct interface *i, uint64_t units)
{
	__extension__ __int128 ns = (__int128)(units / i->divide) * i->multiply;

	ns = (ns >> i->shift) + (__int128)i->offset_sec * NS_PER_SEC;
	if (ns < 0)
		return 0;
	return ns > CAPTURE_TIME_MAX_NS ? CAPTURE_TIME_MAX_NS : (int64_t)ns;
}
