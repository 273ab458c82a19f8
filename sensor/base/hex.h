/* hex.h - bytes as hexadecimal digits, lower case. */
#ifndef SENSOR_BASE_HEX_H
#define SENSOR_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* `value` < 16. */
static inline char
hex_digit(unsigned value)
{
	return "0123456789abcdef"[value & 15];
}

/* Two digits for each byte, without a NUL. */
static inline void
hex_put(char *to, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		to[2 * i] = hex_digit(bytes[i] >> 4);
		to[2 * i + 1] = hex_digit(bytes[i]);
	}
}

#endif
