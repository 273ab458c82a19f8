/*
 * content.h - what a body or an attachment is, and its SHA-256, as it passes by.
 *
 *	struct content *c = content_open(p, coding, expected);
 *	content_bytes(c, ...);  content_lost(c, ...);	any slicing
 *	content_end(c, whole, &file);			and it is gone
 *
 * Kinds are told by content (magic.h, wording.h). Macros and passwords are
 * told as far as a format shows them in passing: VBA projects in OLE and
 * OOXML, Excel 4.0 macro sheets in OOXML; encrypted ZIP, RAR and PDF,
 * Office documents encrypted as a package, 7z with an encrypted header (one
 * that encrypts its files alone hides that in a compressed header). Not told:
 * passwords of the old binary Office formats, Excel 4.0 macros in OLE.
 *
 * gzip, deflate and brotli are undone for all that, up to CODINGS_MAX of them
 * one inside another (more: counted, files_too_deep); other codings (zstd) and
 * brotli that needs a window above 1 MiB leave the kind unknown and no hash. What pages are made of is the most of the web
 * and tells the least: it has no hash and is left once it is known. That is
 * HTML, text and images where they are declared so (content_is_web) or lie
 * inside a coding, and scripts where both is true. A gzip file (no coding) is
 * hashed as it is; `inner` says what its first bytes hold.
 *
 * limits.file_bytes of a body, codings undone, are looked at and hashed, 0
 * means nothing ever is. A longer one has no hash (counted: files_too_large),
 * and a bomb stops there; what lies between two codings has the same limit.
 * One state has a fixed size (CONTENT_COST), and for each coding that it undoes
 * INFLATER_COST more, for brotli up to BROTLI_MOST; all together stay below
 * limits.file_total_bytes, else a body is not looked into (counted:
 * files_refused). No I/O, no clock. One thread.
 */
#ifndef SENSOR_PROTO_CONTENT_H
#define SENSOR_PROTO_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "message.h"
#include "proto/proto.h"

enum content_coding { CONTENT_PLAIN, CONTENT_GZIP, CONTENT_DEFLATE, CONTENT_BROTLI, CONTENT_OTHER, CONTENT_TOO_DEEP };

enum { CONTENT_COST = 4096, CODINGS_MAX = 3, CODING_BITS = 4 };

struct content;

/*
 * Content-Encoding's value; absent or "identity" is plain. Of several codings
 * each has CODING_BITS, the one that was laid over all others the lowest.
 */
unsigned content_coding_of(struct span value);

/* `expected`: bytes announced, 0: not known. NULL: off, a ceiling, or no memory; all calls below take NULL. */
struct content *content_open(struct proto *p, unsigned codings, uint64_t expected);
void content_close(struct content *c);		/* without an answer */

/* It is declared as a part of web pages; `script`: as JavaScript, so that a script in it is no news. */
void content_is_web(struct content *c, bool script);

void content_bytes(struct content *c, struct span bytes);
void content_lost(struct content *c, uint64_t bytes);	/* a hole */

/* False: more bytes change nothing but the count; content_pass() then does. */
bool content_wants(const struct content *c);
void content_pass(struct content *c, uint64_t bytes);	/* there, but not looked at */

/*
 * Fills kind, inner, bytes, sha256, whole, encrypted, macros, ordinary of *out
 * (the rest is the caller's), and closes. `whole`: the end is the true one; what was
 * lost before counts by itself.
 */
void content_end(struct content *c, bool whole, struct file *out);

/*
 * The mismatch rule. A program (PE, ELF, Mach-O), script, LNK, ISO, or
 * document with macros is mismatched when
 *  - its declared type is of another sort (image, audio, video, font, PDF, and
 *    for documents the type that has no macros), whatever its name, or
 *  - its declared type is a common wrong default (text/plain, text/html, JSON,
 *    CSS, JavaScript, XML) and its name does not say what it is, or
 *  - its name has the ending of another sort (.jpg, .pdf, .txt, .mp4, .docx
 *    ...) and its type does not say what it is.
 * Scripts are text: text types and text names never deny them.
 * application/octet-stream, an absent type and an unknown ending deny nothing.
 */
bool content_mismatched(const struct file *f);

/* What all contents of one proto share: digest and free states. */
struct content_tools;
struct content_tools *content_tools_new(void);	/* NULL without memory */
void content_tools_free(struct content_tools *t);	/* NULL is fine; all contents closed before */

/* Fetch what OpenSSL loads lazily: before a sandbox. */
void content_warm_up(void);

#endif
