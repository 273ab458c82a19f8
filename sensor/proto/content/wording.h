/*
 * wording.h - text, HTML or script, told by the first words.
 *
 * A script is what says so ("#!", "<?php", "@echo off", an HTML application, a
 * scriptlet), or what uses enough of one language's words: WORDING_ENOUGH
 * points, a word that prose does not use counts 2, an ordinary one 1, each
 * once, and one of the former at least. Only JavaScript needs more: its first word must be one that programs
 * begin with. Prose about programs stays text; a short or disguised
 * script may too. Conservative on purpose: a mismatch is built on it.
 */
#ifndef SENSOR_CONTENT_WORDING_H
#define SENSOR_CONTENT_WORDING_H

#include "base/span.h"
#include "message.h"

enum { WORDING_ENOUGH = 4, WORDING_BYTES = 2048 };

/* FILE_TEXT, FILE_HTML, FILE_SCRIPT, FILE_IMAGE (SVG), or FILE_UNKNOWN when it is no text. */
enum file_kind wording_kind(struct span first);

#endif
