#include "proto/tls/tls_scratch.h"

#include <string.h>

bool
tls_text_begin(struct tls_text *t, struct arena *a, size_t room)
{
	t->used = 0;
	t->room = room;
	t->full = false;
	return (t->at = arena_take(a, room)) != NULL;
}

void
tls_text_bytes(struct tls_text *t, const void *bytes, size_t len)
{
	if (len > t->room - t->used) {
		t->full = true;
		return;
	}
	if (len > 0)
		memcpy(t->at + t->used, bytes, len);
	t->used += len;
}

void
tls_text_byte(struct tls_text *t, char c)
{
	if (t->used < t->room)
		t->at[t->used++] = c;
	else
		t->full = true;
}

struct span
tls_text_span(const struct tls_text *t)
{
	return span_of(t->at, t->used);
}
