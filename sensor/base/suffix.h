/*
 * suffix.h - which names are public suffixes ("co.uk"), below which others register?
 *
 * libpsl knows, and needs a microsecond for each name that it is asked for:
 * much, where a million are read or a flood of questions is seen. So when it
 * was asked often the rules of the system's own copy of the list are put into
 * a filter that says "surely none" of nearly all names, and what libpsl said
 * of the others is remembered. Without that copy, or with one older than
 * libpsl's own, it is asked of all that is not remembered. One thread only.
 */
#ifndef SENSOR_BASE_SUFFIX_H
#define SENSOR_BASE_SUFFIX_H

#include <stdbool.h>
#include <stddef.h>

/* Opens the list, once: before a sandbox is set. */
void suffix_prepare(void);

/* Which list it is, as a text that is another one for another list. */
void suffix_origin(char *buf, size_t size);

/* `name`: lower case, as DNS has it, without a dot at its ends. */
bool suffix_is_public(const char *name);

/* Where in `name` its longest public suffix begins; name[len] is 0. */
size_t suffix_at(const char *name, size_t len);

#endif
