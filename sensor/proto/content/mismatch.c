#include "proto/content/content.h"

/* What a type or the ending of a name says. */
enum sort {
	SORT_NONE,		/* nothing that could deny anything */
	SORT_OTHER,		/* a picture, a film, a PDF: never what runs */
	SORT_TEXT,		/* text, or a server's default where it knew nothing better */
	SORT_DOCUMENT,		/* an Office document */
	SORT_DOCUMENT_PLAIN,	/* one of a format that has no macros */
	SORT_RUNS,		/* a program, a script, an archive: may hold anything */
	SORTS
};

struct sorted {
	const char *text;
	enum sort sort;
};

/* A type that ends in "/" or "." stands for all that begin so; asked in order. */
static const struct sorted types[] = {
	{ "image/", SORT_OTHER }, { "audio/", SORT_OTHER }, { "video/", SORT_OTHER }, { "font/", SORT_OTHER },
	{ "application/pdf", SORT_OTHER }, { "application/rtf", SORT_DOCUMENT_PLAIN },
	{ "application/vnd.openxmlformats-officedocument.", SORT_DOCUMENT_PLAIN },
	{ "application/msword", SORT_DOCUMENT }, { "application/vnd.ms-excel", SORT_DOCUMENT },
	{ "application/vnd.ms-powerpoint", SORT_DOCUMENT }, { "application/vnd.ms-word", SORT_DOCUMENT },
	{ "text/", SORT_TEXT }, { "application/json", SORT_TEXT }, { "application/xml", SORT_TEXT },
	{ "application/xhtml+xml", SORT_TEXT }, { "application/javascript", SORT_TEXT },
	{ "application/x-javascript", SORT_TEXT },
	{ "application/x-msdownload", SORT_RUNS }, { "application/x-msdos-program", SORT_RUNS },
	{ "application/x-dosexec", SORT_RUNS }, { "application/vnd.microsoft.portable-executable", SORT_RUNS },
	{ "application/x-executable", SORT_RUNS }, { "application/x-sharedlib", SORT_RUNS },
	{ "application/x-pie-executable", SORT_RUNS }, { "application/x-mach-binary", SORT_RUNS },
	{ "application/x-msi", SORT_RUNS }, { "application/x-iso9660-image", SORT_RUNS },
	{ "application/x-ms-shortcut", SORT_RUNS }, { "application/x-sh", SORT_RUNS },
	{ "application/hta", SORT_RUNS }, { "application/x-debian-package", SORT_RUNS },
	{ "application/java-archive", SORT_RUNS },
};

static const struct sorted endings[] = {
	{ "jpg", SORT_OTHER }, { "jpeg", SORT_OTHER }, { "png", SORT_OTHER }, { "gif", SORT_OTHER }, { "bmp", SORT_OTHER },
	{ "ico", SORT_OTHER }, { "webp", SORT_OTHER }, { "svg", SORT_OTHER }, { "tif", SORT_OTHER }, { "tiff", SORT_OTHER },
	{ "mp3", SORT_OTHER }, { "mp4", SORT_OTHER }, { "avi", SORT_OTHER }, { "mkv", SORT_OTHER }, { "mov", SORT_OTHER },
	{ "wav", SORT_OTHER }, { "webm", SORT_OTHER }, { "pdf", SORT_OTHER }, { "woff", SORT_OTHER }, { "woff2", SORT_OTHER },
	{ "ttf", SORT_OTHER },
	{ "txt", SORT_TEXT }, { "log", SORT_TEXT }, { "csv", SORT_TEXT }, { "htm", SORT_TEXT }, { "html", SORT_TEXT },
	{ "css", SORT_TEXT }, { "js", SORT_TEXT }, { "json", SORT_TEXT }, { "xml", SORT_TEXT }, { "md", SORT_TEXT },
	{ "docx", SORT_DOCUMENT_PLAIN }, { "xlsx", SORT_DOCUMENT_PLAIN }, { "pptx", SORT_DOCUMENT_PLAIN },
	{ "rtf", SORT_DOCUMENT_PLAIN }, { "odt", SORT_DOCUMENT_PLAIN }, { "ods", SORT_DOCUMENT_PLAIN },
	{ "doc", SORT_DOCUMENT }, { "dot", SORT_DOCUMENT }, { "docm", SORT_DOCUMENT }, { "dotm", SORT_DOCUMENT },
	{ "xls", SORT_DOCUMENT }, { "xlt", SORT_DOCUMENT }, { "xlsm", SORT_DOCUMENT }, { "xltm", SORT_DOCUMENT },
	{ "xlam", SORT_DOCUMENT }, { "ppt", SORT_DOCUMENT }, { "pptm", SORT_DOCUMENT }, { "pps", SORT_DOCUMENT },
	{ "ppsm", SORT_DOCUMENT },
	{ "exe", SORT_RUNS }, { "dll", SORT_RUNS }, { "scr", SORT_RUNS }, { "com", SORT_RUNS }, { "sys", SORT_RUNS },
	{ "cpl", SORT_RUNS }, { "ocx", SORT_RUNS }, { "msi", SORT_RUNS }, { "efi", SORT_RUNS }, { "drv", SORT_RUNS },
	{ "so", SORT_RUNS }, { "elf", SORT_RUNS }, { "bin", SORT_RUNS }, { "run", SORT_RUNS }, { "dylib", SORT_RUNS },
	{ "iso", SORT_RUNS }, { "img", SORT_RUNS }, { "lnk", SORT_RUNS }, { "ps1", SORT_RUNS }, { "psm1", SORT_RUNS },
	{ "bat", SORT_RUNS }, { "cmd", SORT_RUNS }, { "vbs", SORT_RUNS }, { "vbe", SORT_RUNS }, { "jse", SORT_RUNS },
	{ "wsf", SORT_RUNS }, { "hta", SORT_RUNS }, { "sct", SORT_RUNS }, { "sh", SORT_RUNS }, { "py", SORT_RUNS },
	{ "pl", SORT_RUNS }, { "php", SORT_RUNS },
};

static enum sort
sort_of_type(struct span type)
{
	const uint8_t *end = type.left == 0 ? NULL : memchr(type.at, ';', type.left);
	struct span row;
	size_t i;
	bool family;

	if (end != NULL)
		type.left = (size_t)(end - type.at);
	type = span_trim(type);
	for (i = 0; i < sizeof types / sizeof types[0]; i++) {
		row = span_text(types[i].text);
		family = row.at[row.left - 1] == '/' || row.at[row.left - 1] == '.';
		if (type.left >= row.left && (family || type.left == row.left) &&
		    span_equal_nocase(span_of(type.at, row.left), row))
			return types[i].sort;
	}
	return SORT_NONE;
}

static enum sort
sort_of_name(struct span name)
{
	const uint8_t *dot = name.left == 0 ? NULL : memrchr(name.at, '.', name.left);
	struct span ending;
	size_t i;

	if (dot == NULL)
		return SORT_NONE;
	ending = span_of(dot + 1, name.left - (size_t)(dot + 1 - name.at));
	for (i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (span_equal_nocase(ending, span_text(endings[i].text)))
			return endings[i].sort;
	return SORT_NONE;
}

/* Of the sort that a file of this kind is: `yes` says so, `no` says the contrary, else nothing. */
enum says { SAYS_NOTHING, SAYS_YES, SAYS_PERHAPS_NOT, SAYS_NO };

static const uint8_t says_program[SORTS] = {
	[SORT_OTHER] = SAYS_NO, [SORT_TEXT] = SAYS_PERHAPS_NOT, [SORT_DOCUMENT] = SAYS_NO,
	[SORT_DOCUMENT_PLAIN] = SAYS_NO, [SORT_RUNS] = SAYS_YES,
};
static const uint8_t says_script[SORTS] = {
	[SORT_OTHER] = SAYS_NO, [SORT_TEXT] = SAYS_YES, [SORT_DOCUMENT] = SAYS_NO,
	[SORT_DOCUMENT_PLAIN] = SAYS_NO, [SORT_RUNS] = SAYS_YES,
};
static const uint8_t says_document[SORTS] = {
	[SORT_OTHER] = SAYS_NO, [SORT_TEXT] = SAYS_PERHAPS_NOT, [SORT_DOCUMENT] = SAYS_YES,
	[SORT_DOCUMENT_PLAIN] = SAYS_NO, [SORT_RUNS] = SAYS_NOTHING,
};

static const uint8_t *
rule_for(const struct file *f)
{
	switch (f->inner) {
	case FILE_PE:
	case FILE_ELF:
	case FILE_MACHO:
	case FILE_LNK:
	case FILE_ISO: return says_program;
	case FILE_SCRIPT: return says_script;
	case FILE_OLE:
	case FILE_OOXML: return f->macros ? says_document : NULL;
	default: return NULL;
	}
}

bool
content_mismatched(const struct file *f)
{
	const uint8_t *says = f->kind == f->inner ? rule_for(f) : NULL;
	enum says type, name;

	if (says == NULL)
		return false;
	type = says[sort_of_type(f->declared)];
	name = says[sort_of_name(f->name)];
	if (type == SAYS_NO)
		return true;
	if (type == SAYS_PERHAPS_NOT && name != SAYS_YES)
		return true;
	return (name == SAYS_NO || name == SAYS_PERHAPS_NOT) && type != SAYS_YES;
}
