/* rfb.c - "RFB 003.008\n" (RFC 6143 7.1.1); to a repeater "ID:1234" and NULs, 250 bytes in all. */
#include "proto/support/support.h"

enum { VERSION_BYTES = 12, REPEATER_BYTES = 250, ID_AT = 3 };

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static enum guess
is_version(struct span first)
{
	static const char form[VERSION_BYTES + 1] = "RFB 000.000\n";
	size_t i, len = first.left < VERSION_BYTES ? first.left : VERSION_BYTES;

	for (i = 0; i < len; i++)
		if (form[i] == '0' ? !is_digit(first.at[i]) : first.at[i] != (uint8_t)form[i])
			return GUESS_NO;
	return len < VERSION_BYTES ? GUESS_MORE : GUESS_YES;
}

static enum guess
is_repeater_id(struct span first)
{
	static const char begin[ID_AT + 1] = "ID:";
	size_t i, digits, len = first.left < REPEATER_BYTES ? first.left : REPEATER_BYTES;

	if (memcmp(first.at, begin, len < ID_AT ? len : ID_AT) != 0)
		return GUESS_NO;
	for (i = ID_AT; i < len && is_digit(first.at[i]); i++)
		;
	digits = i;
	for (; i < len; i++)
		if (first.at[i] != '\0' || digits == ID_AT)
			return GUESS_NO;
	return len < REPEATER_BYTES ? GUESS_MORE : digits < len ? GUESS_YES : GUESS_NO;
}

static enum guess
rfb_guess(struct span first, int from)
{
	enum guess version = is_version(first);

	return version != GUESS_NO || from == RESPONDER ? version : is_repeater_id(first);
}

const struct proto_row rfb_row = {
	.app = APP_RFB,
	.guess = rfb_guess,
	.open = support_open,
	.piece = support_piece,
	.close = support_close,
};
