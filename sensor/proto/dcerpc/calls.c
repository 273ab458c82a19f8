/* Arguments of calls, in NDR (C706 chapter 14): aligned to their sizes, counted from the first one. */
#include "proto/dcerpc/interfaces.h"

#include "proto/utf16.h"

enum { HANDLE_BYTES = 20 };

struct arguments {
	struct span left;
	size_t whole;
};

static bool
align(struct arguments *a)
{
	size_t used = a->whole - a->left.left;

	return span_skip(&a->left, (4 - used % 4) % 4);
}

static bool
skip(struct arguments *a, size_t len)
{
	return align(a) && span_skip(&a->left, len);
}

/* A conformant varying string: room, offset, length in characters, and these. */
static bool
string(struct arguments *a, size_t size, struct span *text)
{
	uint32_t room, offset, len;

	return align(a) && span_u32le(&a->left, &room) && span_u32le(&a->left, &offset) &&
	    span_u32le(&a->left, &len) && len <= a->left.left / size && span_take(&a->left, len * size, text);
}

/* One behind a pointer that may be null: then *text is absent. */
static bool
string_if_any(struct arguments *a, size_t size, struct span *text)
{
	uint32_t pointer;

	*text = span_of(NULL, 0);
	if (!align(a) || !span_u32le(&a->left, &pointer))
		return false;
	return pointer == 0 || string(a, size, text);
}

static void
keep(char to[DCERPC_TEXT_BYTES], struct span text, size_t size)
{
	if (size == 2)
		utf16_read(text, to, DCERPC_TEXT_BYTES);
	else
		text_read(text, to, DCERPC_TEXT_BYTES);
}

/* ---- services (MS-SCMR 3.1.4) ---- */

/* Manager, name, display name, access, type, start, error control, path. */
static void
create_service(struct dcerpc *d, struct span in, size_t size)
{
	struct arguments a = { in, in.left };
	struct span text;

	if (!skip(&a, HANDLE_BYTES) || !string(&a, size, &text))
		return;
	keep(d->name, text, size);
	keep(d->service, text, size);
	if (string_if_any(&a, size, &text) && skip(&a, 16) && string(&a, size, &text))
		keep(d->command, text, size);
}

static void
create_service_wide(struct dcerpc *d, struct span in)
{
	create_service(d, in, 2);
}

static void
create_service_narrow(struct dcerpc *d, struct span in)
{
	create_service(d, in, 1);
}

static void
open_service_wide(struct dcerpc *d, struct span in)
{
	struct arguments a = { in, in.left };
	struct span text;

	if (skip(&a, HANDLE_BYTES) && string(&a, 2, &text))
		keep(d->service, text, 2);
}

static void
open_service_narrow(struct dcerpc *d, struct span in)
{
	struct arguments a = { in, in.left };
	struct span text;

	if (skip(&a, HANDLE_BYTES) && string(&a, 1, &text))
		keep(d->service, text, 1);
}

/* The handle says which, and the name was told when that was opened. */
static void
start_service(struct dcerpc *d, struct span in)
{
	(void)in;
	memcpy(d->name, d->service, sizeof d->name);
}

/* Service, type, start, error control, path: a service that is there may be bent to another's purpose. */
static void
change_service(struct dcerpc *d, struct span in)
{
	struct arguments a = { in, in.left };
	struct span text;

	memcpy(d->name, d->service, sizeof d->name);
	if (skip(&a, HANDLE_BYTES + 12) && string_if_any(&a, 2, &text))
		keep(d->command, text, 2);
}

/* ---- tasks (MS-TSCH 3.2.5) ---- */

/* The text of an element of XML in UTF-16, appended behind what is there. */
static void
keep_element(char to[DCERPC_TEXT_BYTES], struct span xml, const char *element)
{
	size_t len = strlen(element), used = strlen(to), i;
	struct span rest = xml;
	char text[DCERPC_TEXT_BYTES];

	for (; rest.left >= 2 * len; span_skip(&rest, 2)) {
		for (i = 0; i < len; i++)
			if (rest.at[2 * i] != (uint8_t)element[i] || rest.at[2 * i + 1] != 0)
				break;
		if (i == len)
			break;
	}
	if (rest.left < 2 * len)
		return;
	span_skip(&rest, 2 * len);
	utf16_read(rest, text, sizeof text);
	text[strcspn(text, "<")] = '\0';
	if (used > 0 && used + 1 < DCERPC_TEXT_BYTES)
		to[used++] = ' ';
	text_read(span_text(text), to + used, DCERPC_TEXT_BYTES - used);
}

/* Path, description in XML. */
static void
register_task(struct dcerpc *d, struct span in)
{
	struct arguments a = { in, in.left };
	struct span text;
	uint32_t room, offset, len;

	if (!string_if_any(&a, 2, &text))
		return;
	keep(d->name, text, 2);
	/* Its end may be cut off. */
	if (!align(&a) || !span_u32le(&a.left, &room) || !span_u32le(&a.left, &offset) || !span_u32le(&a.left, &len))
		return;
	keep_element(d->command, a.left, "<Command>");
	keep_element(d->command, a.left, "<Arguments>");
}

/* Server; a pointer to time, days, flags and the command. */
static void
add_job(struct dcerpc *d, struct span in)
{
	struct arguments a = { in, in.left };
	struct span text;

	if (string_if_any(&a, 2, &text) && skip(&a, 12) && string_if_any(&a, 2, &text))
		keep(d->command, text, 2);
}

static const struct dcerpc_call calls[] = {
	{ INTERFACE_SVCCTL, 11, false, REMOTE_SERVICE, true, change_service },
	{ INTERFACE_SVCCTL, 12, false, REMOTE_SERVICE, true, create_service_wide },
	{ INTERFACE_SVCCTL, 16, true, REMOTE_SERVICE, true, open_service_wide },
	{ INTERFACE_SVCCTL, 19, false, REMOTE_SERVICE, true, start_service },
	{ INTERFACE_SVCCTL, 24, false, REMOTE_SERVICE, true, create_service_narrow },
	{ INTERFACE_SVCCTL, 28, true, REMOTE_SERVICE, true, open_service_narrow },
	{ INTERFACE_SVCCTL, 31, false, REMOTE_SERVICE, true, start_service },
	{ INTERFACE_SVCCTL, 45, false, REMOTE_SERVICE, true, create_service_wide },	/* of WOW64 */
	{ INTERFACE_ATSVC, 0, false, REMOTE_TASK, true, add_job },
	{ INTERFACE_TASKS, 1, false, REMOTE_TASK, true, register_task },
};

const struct dcerpc_call *
dcerpc_call_of(enum dcerpc_interface interface, uint16_t opnum)
{
	size_t i;

	for (i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (calls[i].interface == interface && calls[i].opnum == opnum)
			return &calls[i];
	return NULL;
}
