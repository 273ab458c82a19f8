/*
 * sentence.h - a sentence of a table, with names and numbers put in.
 *
 * It names pieces in braces: "fetched {kind} from {peer}". What stands in
 * square brackets is left out when a piece in it is missing. Languages
 * order their words differently: nothing is put together outside the table.
 */
#ifndef SENSOR_BASE_SENTENCE_H
#define SENSOR_BASE_SENTENCE_H

#include <stddef.h>

enum { PIECE_ROOM = 32 };		/* for a number's digits */

/* The text of the piece called `name`, perhaps in `room`; NULL: missing. */
typedef const char *piece_fn(void *to, const char *name, size_t len, char room[PIECE_ROOM]);

/* → buf, cut at a whole character. Returns `buf`. */
const char *sentence_write(const char *sentence, piece_fn *find, void *to, char *buf, size_t size);

/* The same from a list that ends with a name of NULL; a text of NULL is missing. */
struct piece {
	const char *name, *text;
};
const char *sentence_fill(const char *sentence, const struct piece *pieces, char *buf, size_t size);

/* How many bytes of `text` may stand in `most` without cutting a UTF-8 character. */
size_t sentence_whole(const char *text, size_t len, size_t most);

#endif
