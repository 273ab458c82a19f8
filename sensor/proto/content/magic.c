#include "proto/content/magic.h"

#define PREFIX(text) { text, sizeof text - 1 }

struct row {
	enum file_kind kind;
	struct { const char *bytes; size_t len; } prefix;
	bool (*check)(struct span first);	/* NULL: the prefix says enough */
};

static bool
u32le_at(struct span s, size_t offset, uint32_t *out)
{
	return span_skip(&s, offset) && span_u32le(&s, out);
}

static bool
has_at(struct span s, size_t offset, const char *text)
{
	size_t len = strlen(text);

	return span_skip(&s, offset) && s.left >= len && memcmp(s.at, text, len) == 0;
}

/* A text may begin with MZ: the PE header must be where the DOS header says. */
static bool
is_pe(struct span s)
{
	uint32_t at;

	return u32le_at(s, 0x3c, &at) && at < s.left && span_skip(&s, at) && s.left >= 4 &&
	    memcmp(s.at, "PE\0\0", 4) == 0;
}

static bool
is_elf(struct span s)
{
	return s.left >= 7 && (s.at[4] == 1 || s.at[4] == 2) && (s.at[5] == 1 || s.at[5] == 2) && s.at[6] == 1;
}

/* A Java class begins with the same four bytes; then comes its version, where this has how many programs. */
static bool
is_macho_fat(struct span s)
{
	static const uint32_t processors[] = { 7, 0x01000007, 12, 0x0100000c, 18, 0x01000012 };
	uint32_t count, processor;
	size_t i;

	if (!span_skip(&s, 4) || !span_u32be(&s, &count) || !span_u32be(&s, &processor) ||
	    count == 0 || count > 20)
		return false;
	for (i = 0; i < sizeof processors / sizeof processors[0]; i++)
		if (processor == processors[i])
			return true;
	return false;
}

static bool
is_bmp(struct span s)
{
	uint32_t reserved, header;

	return u32le_at(s, 6, &reserved) && reserved == 0 && u32le_at(s, 14, &header) &&
	    header >= 12 && header <= 124;
}

static bool
is_ico(struct span s)
{
	return s.left >= 22 && s.at[4] > 0 && s.at[5] == 0 && s.at[9] == 0;
}

static bool
is_riff_image(struct span s)
{
	return has_at(s, 8, "WEBP");
}

static bool
is_gzip(struct span s)
{
	return s.left >= 10 && (s.at[3] & 0xe0) == 0;	/* reserved flags, RFC 1952 section 2.3.1.2 */
}

static const struct row rows[] = {
	{ FILE_PE, PREFIX("MZ"), is_pe },
	{ FILE_ELF, PREFIX("\177ELF"), is_elf },
	{ FILE_MACHO, PREFIX("\xfe\xed\xfa\xce"), NULL }, { FILE_MACHO, PREFIX("\xfe\xed\xfa\xcf"), NULL },
	{ FILE_MACHO, PREFIX("\xce\xfa\xed\xfe"), NULL }, { FILE_MACHO, PREFIX("\xcf\xfa\xed\xfe"), NULL },
	{ FILE_MACHO, PREFIX("\xca\xfe\xba\xbe"), is_macho_fat },
	{ FILE_MACHO, PREFIX("\xca\xfe\xba\xbf"), is_macho_fat },
	{ FILE_OLE, PREFIX("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), NULL },
	{ FILE_ZIP, PREFIX("PK\3\4"), NULL }, { FILE_ZIP, PREFIX("PK\5\6"), NULL },
	{ FILE_ZIP, PREFIX("PK00PK\3\4"), NULL },	/* the first of several volumes that became one */
	{ FILE_RAR, PREFIX("Rar!\x1a\7\0"), NULL }, { FILE_RAR, PREFIX("Rar!\x1a\7\1\0"), NULL },
	{ FILE_SEVEN_ZIP, PREFIX("7z\xbc\xaf\x27\x1c"), NULL },
	{ FILE_LNK, PREFIX("L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"), NULL },	/* [MS-SHLLINK] 2.1 */
	{ FILE_GZIP, PREFIX("\x1f\x8b\x08"), is_gzip },
	{ FILE_CAB, PREFIX("MSCF\0\0\0\0"), NULL },
	{ FILE_IMAGE, PREFIX("\x89PNG\r\n\x1a\n"), NULL }, { FILE_IMAGE, PREFIX("\xff\xd8\xff"), NULL },
	{ FILE_IMAGE, PREFIX("GIF87a"), NULL }, { FILE_IMAGE, PREFIX("GIF89a"), NULL },
	{ FILE_IMAGE, PREFIX("RIFF"), is_riff_image }, { FILE_IMAGE, PREFIX("BM"), is_bmp },
	{ FILE_IMAGE, PREFIX("\0\0\1\0"), is_ico },
	{ FILE_IMAGE, PREFIX("II*\0"), NULL }, { FILE_IMAGE, PREFIX("MM\0*"), NULL },
};

/* Readers look for it anywhere in the first KiB (ISO 32000-1, Annex H.3.4.1). */
static bool
is_pdf(struct span first)
{
	const uint8_t *percent;

	if (first.left > 1024)
		first.left = 1024;
	while (first.left >= 5 && (percent = memchr(first.at, '%', first.left - 4)) != NULL) {
		if (memcmp(percent, "%PDF-", 5) == 0)
			return true;
		span_skip(&first, (size_t)(percent + 1 - first.at));
	}
	return false;
}

enum file_kind
magic_kind(struct span first)
{
	const struct row *row;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		row = &rows[i];
		if (first.left >= row->prefix.len && first.at[0] == (uint8_t)row->prefix.bytes[0] &&
		    memcmp(first.at, row->prefix.bytes, row->prefix.len) == 0 &&
		    (row->check == NULL || row->check(first)))
			return row->kind;
	}
	if (has_at(first, 4, "ftypavif") || has_at(first, 4, "ftyphei"))
		return FILE_IMAGE;
	return first.left > 0 && is_pdf(first) ? FILE_PDF : FILE_UNKNOWN;
}

/* ---- RAR ---- */

enum {
	RAR_SIGNATURE_BYTES = 7, RAR_MAIN = 0x73, RAR_FILE = 0x74, RAR_MAIN_PASSWORD = 0x80, RAR_FILE_PASSWORD = 4,
	RAR5_SIGNATURE_BYTES = 8, RAR5_FILE = 2, RAR5_ENCRYPTION = 4, RAR5_EXTRA = 1, RAR5_DATA = 2,
	RAR5_FILE_ENCRYPTED = 1,	/* type of a record in the extra area */
	RAR5_BLOCKS = 8
};

/* HEAD_CRC, HEAD_TYPE, HEAD_FLAGS, HEAD_SIZE: the main header, then the first file's. */
static bool
rar4_encrypted(struct span s)
{
	uint16_t flags, size;
	struct span at;
	uint8_t type;

	at = s;
	if (!span_skip(&at, 2) || !span_u8(&at, &type) || !span_u16le(&at, &flags) || !span_u16le(&at, &size) ||
	    type != RAR_MAIN)
		return false;
	if ((flags & RAR_MAIN_PASSWORD) != 0)
		return true;
	return span_skip(&s, size) && span_skip(&s, 2) && span_u8(&s, &type) && span_u16le(&s, &flags) &&
	    type == RAR_FILE && (flags & RAR_FILE_PASSWORD) != 0;
}

/* Seven bits a byte, the least first; the top bit: more follow. */
static bool
take_vint(struct span *s, uint64_t *out)
{
	unsigned shift;
	uint8_t c;

	*out = 0;
	for (shift = 0; shift < 63; shift += 7) {
		if (!span_u8(s, &c))
			return false;
		*out |= (uint64_t)(c & 0x7f) << shift;
		if ((c & 0x80) == 0)
			return true;
	}
	return false;
}

/* The extra area lies at a header's end, in records of size and type. */
static bool
rar5_extra_encrypted(struct span header, uint64_t extra_bytes)
{
	struct span record;
	uint64_t size, type;

	if (extra_bytes > header.left)
		return false;
	span_skip(&header, header.left - (size_t)extra_bytes);
	while (take_vint(&header, &size)) {
		if (size > header.left || !span_take(&header, (size_t)size, &record) || !take_vint(&record, &type))
			return false;
		if (type == RAR5_FILE_ENCRYPTED)
			return true;
	}
	return false;
}

static bool
rar5_encrypted(struct span s)
{
	uint64_t size, type, flags, extra = 0, data;
	struct span header;
	unsigned blocks;

	for (blocks = 0; blocks < RAR5_BLOCKS; blocks++) {
		if (!span_skip(&s, 4) || !take_vint(&s, &size))
			return false;
		header = span_of(s.at, size < s.left ? (size_t)size : s.left);
		if (!take_vint(&header, &type) || !take_vint(&header, &flags))
			return false;
		if (type == RAR5_ENCRYPTION)
			return true;
		data = 0;
		if (((flags & RAR5_EXTRA) != 0 && !take_vint(&header, &extra)) ||
		    ((flags & RAR5_DATA) != 0 && !take_vint(&header, &data)))
			return false;
		if (type == RAR5_FILE)
			return (flags & RAR5_EXTRA) != 0 && size <= s.left && rar5_extra_encrypted(header, extra);
		if (size > s.left || data > s.left - size)
			return false;
		span_skip(&s, (size_t)(size + data));
	}
	return false;
}

bool
magic_rar_encrypted(struct span first)
{
	if (first.left <= RAR5_SIGNATURE_BYTES)
		return false;
	if (first.at[RAR_SIGNATURE_BYTES - 1] == 0) {
		span_skip(&first, RAR_SIGNATURE_BYTES);
		return rar4_encrypted(first);
	}
	span_skip(&first, RAR5_SIGNATURE_BYTES);
	return rar5_encrypted(first);
}

bool
magic_seven_zip_header(struct span first, uint64_t *offset, uint64_t *bytes)
{
	enum { START_HEADER_BYTES = 32 };
	uint32_t word[4];
	size_t i;

	if (!span_skip(&first, 12))
		return false;
	for (i = 0; i < 4; i++)
		if (!span_u32le(&first, &word[i]))
			return false;
	*offset = ((uint64_t)word[1] << 32 | word[0]) + START_HEADER_BYTES;
	*bytes = (uint64_t)word[3] << 32 | word[2];
	return *offset >= START_HEADER_BYTES;
}
