#include "base/sentence.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t
sentence_whole(const char *text, size_t len, size_t most)
{
	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	return most;
}

struct writer {
	piece_fn *find;
	void *to;
	char *at;
	size_t len, size;
};

static void
put(struct writer *w, const char *text, size_t len)
{
	size_t fits = sentence_whole(text, len, w->size - 1 - w->len);

	memcpy(w->at + w->len, text, fits);
	w->len += fits;
	w->at[w->len] = '\0';
}

/* Is every piece that is named between here and `end` there? */
static bool
has_all(const struct writer *w, const char *s, const char *end)
{
	char room[PIECE_ROOM];
	const char *close;

	for (; s < end; s++) {
		if (*s != '{')
			continue;
		close = strchr(s, '}');
		if (w->find(w->to, s + 1, (size_t)(close - s) - 1, room) == NULL)
			return false;
		s = close;
	}
	return true;
}

static void
put_piece(struct writer *w, const char *name, size_t len)
{
	char room[PIECE_ROOM];
	const char *text = w->find(w->to, name, len, room);

	if (text != NULL)
		put(w, text, strlen(text));
}

const char *
sentence_write(const char *sentence, piece_fn *find, void *to, char *buf, size_t size)
{
	struct writer w = { find, to, buf, 0, size };
	const char *s, *close;

	buf[0] = '\0';
	for (s = sentence; *s != '\0'; s++) {
		if (*s == '[') {
			close = strchr(s, ']');
			if (!has_all(&w, s, close))
				s = close;
		} else if (*s == '{') {
			close = strchr(s, '}');
			put_piece(&w, s + 1, (size_t)(close - s) - 1);
			s = close;
		} else if (*s != ']') {
			close = s + strcspn(s, "[]{}");
			put(&w, s, (size_t)(close - s));
			s = close - 1;
		}
	}
	return buf;
}

static const char *
find_in_list(void *to, const char *name, size_t len, char room[PIECE_ROOM])
{
	const struct piece *p;

	(void)room;
	for (p = to; p->name != NULL; p++)
		if (strlen(p->name) == len && memcmp(p->name, name, len) == 0)
			return p->text;
	return NULL;
}

const char *
sentence_fill(const char *sentence, const struct piece *pieces, char *buf, size_t size)
{
	return sentence_write(sentence, find_in_list, (void *)(uintptr_t)pieces, buf, size);
}
