/*
 * line.h - a stream cut into lines, for protocols that speak in them.
 *
 * A line ends with LF; a CR before it belongs to the end. Of a longer line
 * than LINE_MOST_BYTES the beginning is given, marked as cut; the same when
 * the ceiling leaves no room. Never fails.
 */
#ifndef SENSOR_PROTO_TEXT_LINE_H
#define SENSOR_PROTO_TEXT_LINE_H

#include <stdbool.h>

#include "base/span.h"
#include "proto/bytes.h"
#include "proto/proto.h"

enum { LINE_MOST_BYTES = 2048 };

/* One side's. Begin with all zero; end with line_clear(). */
struct line_reader {
	struct bytes held;
	bool given;		/* `held` was given away and is empty with the next call */
	bool cut;		/* of the line being read, or just given, something is missing at its end */
	bool skipping;		/* its beginning is missing: it is not given at all */
};

/*
 * The next whole line of `in`, without its end; it lives until the next call.
 * False: all of `in` is used up.
 */
bool line_next(struct line_reader *l, struct bytes_ceiling *c, struct span *in, struct span *line);

/* Bytes were lost: up to the next line's beginning nothing is given. */
void line_lose(struct line_reader *l, struct bytes_ceiling *c);

void line_clear(struct line_reader *l, struct bytes_ceiling *c);

/* Cut the next word off, blanks around it skipped. Empty at the line's end. */
struct span line_word(struct span *line);

bool span_begins_nocase(struct span s, const char *text);
bool span_holds_nocase(struct span s, const char *text);

/* "250-", "250 " or "250": the code; 0 when the line is no such answer. `more`: another line follows. */
uint16_t line_answer(struct span line, struct span *text, bool *more);

/*
 * For guesses: may `first` begin with `word` ("EHLO "), case ignored? MORE:
 * it is a beginning of it.
 */
enum guess line_guess_word(struct span first, const char *word);

/*
 * For guesses: lines of commands. One of `own` decides (YES when its line is
 * whole), `shared` ones (other protocols have them, too) leave it open, any
 * other is NO. NULL ends both.
 */
enum guess line_guess_commands(struct span first, const char *const own[], const char *const shared[]);

/*
 * FTP and SMTP greet alike (220): the first line with the name of either
 * decides. YES when `name` is it, NO when `other` is, MORE until then.
 */
enum guess line_guess_greeting(struct span first, const char *name, const char *other);

#endif
