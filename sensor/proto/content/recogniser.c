#include "proto/content/recogniser.h"

#include "proto/content/magic.h"
#include "proto/content/wording.h"

enum {
	/* The descriptors of ISO 9660 (ECMA-119 8.1) and UDF (ECMA-167 2/9.1) begin in sector 16. */
	ISO_OFFSET = 16 * 2048 + 1, ISO_BYTES = 5,
	/* A 7z header that names more than this many bytes of methods is not looked through. */
	SEVEN_ZIP_HEADER_BYTES = 4096
};

static const char ISO_9660[] = "CD001", UDF[] = "BEA01";
static const char PDF_ENCRYPT[] = "/Encrypt", SEVEN_ZIP_AES[] = "\x06\xf1\x07\x01";

void
recogniser_init(struct recogniser *r)
{
	memset(r, 0, offsetof(struct recogniser, first));
}

static void
seek_for(struct seek *s, const char *pattern, uint64_t from, uint64_t to)
{
	s->pattern = pattern;
	s->len = (uint8_t)strlen(pattern);
	s->from = from;
	s->to = to;
}

/* What remains to be looked for, now that the kind is known. */
static void
begin_walk(struct recogniser *r, struct span first)
{
	uint64_t offset, bytes;

	switch (r->kind) {
	case FILE_PDF:
		seek_for(&r->seek[0], PDF_ENCRYPT, 0, UINT64_MAX);
		break;
	case FILE_SEVEN_ZIP:
		if (!magic_seven_zip_header(first, &offset, &bytes) || offset > UINT64_MAX - SEVEN_ZIP_HEADER_BYTES)
			break;
		if (bytes > SEVEN_ZIP_HEADER_BYTES)
			bytes = SEVEN_ZIP_HEADER_BYTES;
		seek_for(&r->seek[0], SEVEN_ZIP_AES, offset, offset + bytes);
		break;
	case FILE_UNKNOWN:
		seek_for(&r->seek[0], ISO_9660, ISO_OFFSET, ISO_OFFSET + ISO_BYTES);
		seek_for(&r->seek[1], UDF, ISO_OFFSET, ISO_OFFSET + ISO_BYTES);
		break;
	case FILE_RAR:
		r->encrypted = magic_rar_encrypted(first);
		break;
	default:
		break;
	}
}

static void
walk(struct recogniser *r, uint64_t offset, struct span bytes)
{
	size_t i;

	if (r->kind == FILE_ZIP)
		zip_walk_bytes(&r->zip, bytes);
	else if (r->kind == FILE_OLE)
		ole_walk_bytes(&r->ole, bytes);
	else
		for (i = 0; i < RECOGNISE_SEEKS; i++)
			seek_bytes(&r->seek[i], offset, bytes);
}

static void
decide(struct recogniser *r)
{
	struct span first = span_of(r->first, r->first_bytes);

	if (r->decided)
		return;
	r->decided = true;
	r->kind = magic_kind(first);
	if (r->kind == FILE_UNKNOWN)
		r->kind = wording_kind(first);
	begin_walk(r, first);
	walk(r, 0, first);
}

void
recogniser_bytes(struct recogniser *r, struct span bytes)
{
	size_t room = (size_t)(RECOGNISE_BYTES - r->first_bytes);
	size_t len = bytes.left < room ? bytes.left : room;

	if (!r->decided) {
		span_copy(&bytes, r->first + r->first_bytes, len);
		r->first_bytes = (uint16_t)(r->first_bytes + len);
		r->offset += len;
		if (r->first_bytes < RECOGNISE_BYTES)
			return;
		decide(r);
	}
	if (bytes.left == 0)
		return;
	walk(r, r->offset, bytes);
	r->offset += bytes.left;
}

void
recogniser_skip(struct recogniser *r, uint64_t bytes)
{
	size_t i;

	if (bytes == 0)
		return;
	decide(r);
	if (r->kind == FILE_ZIP)
		zip_walk_lost(&r->zip, bytes);
	else if (r->kind == FILE_OLE)
		ole_walk_lost(&r->ole, bytes);
	for (i = 0; i < RECOGNISE_SEEKS; i++)
		seek_lost(&r->seek[i]);
	r->offset = bytes > UINT64_MAX - r->offset ? UINT64_MAX : r->offset + bytes;
}

/* What the walks found is said in the terms of all kinds. */
void
recogniser_end(struct recogniser *r)
{
	decide(r);
	switch (r->kind) {
	case FILE_ZIP:
		r->encrypted = r->zip.encrypted;
		if (r->zip.package && r->zip.office) {
			r->kind = FILE_OOXML;
			r->macros = r->zip.macros;
		}
		break;
	case FILE_OLE:
		r->encrypted = r->ole.encrypted;
		r->macros = r->ole.macros;
		break;
	case FILE_PDF:
	case FILE_SEVEN_ZIP:
		r->encrypted = r->seek[0].found;
		break;
	case FILE_UNKNOWN:
		if (r->seek[0].found || r->seek[1].found)
			r->kind = FILE_ISO;
		break;
	default:
		break;
	}
}

bool
recogniser_done(const struct recogniser *r)
{
	if (!r->decided)
		return false;
	if (r->kind == FILE_ZIP)
		return r->zip.over;
	if (r->kind == FILE_OLE)
		return r->ole.macros && r->ole.encrypted;
	return seek_done(&r->seek[0], r->offset) && seek_done(&r->seek[1], r->offset);
}
