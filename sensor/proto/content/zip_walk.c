#include "proto/content/zip_walk.h"

enum {
	SIGNATURE_BYTES = 4,
	FLAG_ENCRYPTED = 1, FLAG_SIZE_FOLLOWS = 8,
	METHOD_AES = 99,
	SIZE_ELSEWHERE = 0xffffffff	/* in the ZIP64 extra field */
};

static const uint8_t SIGNATURE[SIGNATURE_BYTES] = { 'P', 'K', 3, 4 };
static const uint8_t DIRECTORY[SIGNATURE_BYTES] = { 'P', 'K', 1, 2 };

struct local_header {
	uint16_t flags, method, name_bytes, extra_bytes;
	uint32_t size;
};

static bool
begins(struct span name, const char *text)
{
	size_t len = strlen(text);

	return name.left >= len && span_equal_nocase(span_of(name.at, len), span_text(text));
}

static bool
ends(struct span name, const char *text)
{
	size_t len = strlen(text);

	return name.left >= len && span_equal_nocase(span_of(name.at + name.left - len, len), span_text(text));
}

static void
see_name(struct zip_walk *w, struct span name)
{
	if (begins(name, "[Content_Types].xml") || begins(name, "_rels/.rels"))
		w->package = true;
	if (begins(name, "word/") || begins(name, "xl/") || begins(name, "ppt/"))
		w->office = true;
	if (ends(name, "/vbaProject.bin") || begins(name, "xl/macrosheets/"))
		w->macros = true;
}

static bool
read_header(struct span in, struct local_header *h)
{
	return span_skip(&in, 6) && span_u16le(&in, &h->flags) && span_u16le(&in, &h->method) &&
	    span_skip(&in, 8) && span_u32le(&in, &h->size) && span_skip(&in, 4) &&
	    span_u16le(&in, &h->name_bytes) && span_u16le(&in, &h->extra_bytes);
}

static void
take_entry(struct zip_walk *w, const struct local_header *h, struct span name)
{
	if ((h->flags & FLAG_ENCRYPTED) != 0 || h->method == METHOD_AES)
		w->encrypted = true;
	see_name(w, name);
	w->skip = (uint64_t)(h->name_bytes - name.left) + h->extra_bytes;
	w->search = ((h->flags & FLAG_SIZE_FOLLOWS) != 0 && h->size == 0) || h->size == SIZE_ELSEWHERE;
	if (!w->search)
		w->skip += h->size;
	w->held_bytes = 0;
}

/* The signature's first byte does not occur in it again. */
static void
search_byte(struct zip_walk *w, uint8_t c)
{
	if (c != SIGNATURE[w->held_bytes])
		w->held_bytes = 0;
	if (c == SIGNATURE[w->held_bytes])
		w->held[w->held_bytes++] = c;
	w->search = w->held_bytes < SIGNATURE_BYTES;
}

static void
search(struct zip_walk *w, struct span *in)
{
	const uint8_t *first;
	uint8_t c;

	while (w->search && in->left > 0) {
		if (w->held_bytes == 0) {
			first = memchr(in->at, SIGNATURE[0], in->left);
			span_skip(in, first == NULL ? in->left : (size_t)(first - in->at));
		}
		if (span_u8(in, &c))
			search_byte(w, c);
	}
}

/* What stands where a header should: a size was wrong, or a data descriptor is in between. */
static void
check_signature(struct zip_walk *w)
{
	uint8_t was[SIGNATURE_BYTES];
	size_t i;

	if (memcmp(w->held, SIGNATURE, SIGNATURE_BYTES) == 0)
		return;
	w->over = memcmp(w->held, DIRECTORY, SIGNATURE_BYTES) == 0;
	memcpy(was, w->held, sizeof was);
	w->held_bytes = 0;
	w->search = true;
	for (i = 0; i < sizeof was; i++)
		search_byte(w, was[i]);
}

/* Fills `held` up to `need`. False: the bytes are not there yet. */
static bool
collect(struct zip_walk *w, struct span *in, size_t need)
{
	size_t more = need - w->held_bytes;

	if (more > in->left)
		more = in->left;
	span_copy(in, w->held + w->held_bytes, more);
	w->held_bytes = (uint16_t)(w->held_bytes + more);
	return w->held_bytes == need;
}

static void
read_entry(struct zip_walk *w, struct span *in)
{
	struct local_header h;
	size_t name_bytes;

	if (w->held_bytes < SIGNATURE_BYTES) {
		if (collect(w, in, SIGNATURE_BYTES))
			check_signature(w);
		return;
	}
	if (w->held_bytes < ZIP_HEADER_BYTES && !collect(w, in, ZIP_HEADER_BYTES))
		return;
	if (!read_header(span_of(w->held, ZIP_HEADER_BYTES), &h))
		return;
	name_bytes = h.name_bytes < ZIP_NAME_BYTES ? h.name_bytes : ZIP_NAME_BYTES;
	if (collect(w, in, ZIP_HEADER_BYTES + name_bytes))
		take_entry(w, &h, span_of(w->held + ZIP_HEADER_BYTES, name_bytes));
}

static void
step_over(struct zip_walk *w, struct span *in)
{
	size_t len = w->skip < in->left ? (size_t)w->skip : in->left;

	span_skip(in, len);
	w->skip -= len;
}

void
zip_walk_bytes(struct zip_walk *w, struct span bytes)
{
	while (bytes.left > 0 && !w->over) {
		step_over(w, &bytes);
		if (w->search)
			search(w, &bytes);
		else if (bytes.left > 0)
			read_entry(w, &bytes);
	}
}

void
zip_walk_lost(struct zip_walk *w, uint64_t bytes)
{
	if (bytes <= w->skip) {
		w->skip -= bytes;
		return;
	}
	w->skip = 0;
	w->held_bytes = 0;
	w->search = true;
}
