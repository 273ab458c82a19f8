#include "proto/smtp/smtp_reader.h"

/* "250 2.1.0 ", which FTP does not say (RFC 2034). */
static bool
has_extended_code(struct span s)
{
	return s.left >= 8 && strchr("245", s.at[0]) != NULL && s.at[4] == s.at[0] && s.at[5] == '.' &&
	    s.at[6] >= '0' && s.at[6] <= '9' && s.at[7] == '.';
}

static enum guess
guess_server(struct span first)
{
	enum guess g = line_guess_greeting(first, "SMTP", "FTP");
	struct span line, text;
	bool more;

	if (g != GUESS_NO)
		return g;
	if (line_answer(first.left < 4 ? first : span_of(first.at, 4), &text, &more) == 0)
		return GUESS_NO;
	if (line_guess_word(first, "354 ") == GUESS_YES || has_extended_code(first))
		return GUESS_YES;
	if (!span_until(&first, '\n', &line))
		return GUESS_MORE;
	/* A server that will not serve. */
	if (line.at[0] != '5' && line.at[0] != '4')
		return GUESS_NO;
	return span_holds_nocase(line, "SMTP") ? GUESS_YES : GUESS_NO;
}

static enum guess
guess_client(struct span first)
{
	static const char *const words[] = { "EHLO ", "HELO ", "LHLO ", "MAIL FROM:", "RCPT TO:" };
	enum guess g, best = GUESS_NO;
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0] && best == GUESS_NO; i++)
		best = line_guess_word(first, words[i]);
	if (best != GUESS_YES)
		return best;
	g = memchr(first.at, '\n', first.left) == NULL ? GUESS_MORE : GUESS_YES;
	return g;
}

enum guess
smtp_guess(struct span first, int from)
{
	enum guess client = guess_client(first);

	(void)from;
	if (client != GUESS_NO || first.left == 0)
		return client;
	return first.at[0] >= '2' && first.at[0] <= '5' ? guess_server(first) : GUESS_NO;
}
