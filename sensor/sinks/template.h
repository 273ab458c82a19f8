/*
 * template.h - a JSON body made of a record: a file of JSON with places to fill.
 *
 *	{{hansho.reason}}		the value at this path of the EVE object
 *	{{tls.sni|no name}}		what to say when it is not there
 *	{{feeds.0}}			an entry of a list; a list in a text: its entries, with ", " between
 *	{{rfc3339 hansho.last_seen}}	a time as RFC 3339 has it, "2026-05-20T10:00:12.123456Z"
 *	{{.}}				the whole record; as all objects only where no quotes are around it
 *	{{#if hansho.peer}} … {{else}} … {{/if}}	is it there, and neither "", 0, false nor empty?
 *	{{#if hansho.state=close}} … {{/if}}		is its text this? != says: is it another?
 *	{{! a remark }}
 *	{{!escape slack}}		texts go to Slack's mrkdwn from here on; or markdown, none
 *
 * Whatever a value holds, what comes out is JSON: in quotes it is escaped, cut
 * at TEMPLATE_VALUE_MOST bytes and without control characters; where no quotes
 * are around it, it is a JSON value of its own, null when it is not there.
 * `slack` and `markdown` also take the meaning from what would be a mention,
 * a link or a format there.
 */
#ifndef SENSOR_SINKS_TEMPLATE_H
#define SENSOR_SINKS_TEMPLATE_H

#include <stddef.h>

#include "base/error.h"

enum { TEMPLATE_FILE_MOST = 64 << 10, TEMPLATE_BODY_MOST = 1 << 20, TEMPLATE_VALUE_MOST = 2000 };

struct template;
struct cJSON;

/* SE_USAGE "PATH:LINE: what, what was expected", also when it makes no JSON of a record in which nothing is there. */
int template_read(const char *path, struct template **out, struct fault *fault);
int template_parse(const char *name, const char *text, size_t len, struct template **out, struct fault *fault);
void template_free(struct template *t);		/* NULL is fine */

/* free() it. NULL without memory, or when it would be longer than TEMPLATE_BODY_MOST. */
char *template_render(const struct template *t, const struct cJSON *record);

#endif
