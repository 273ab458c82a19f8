#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *
se_text(int code)
{
	switch (code) {
	case SE_OK: return "no error";
	case SE_NOMEM: return "out of memory";
	case SE_SYSTEM: return strerror(errno);
	case SE_FORMAT: return "not in the expected format";
	case SE_LIMIT: return "a limit was reached";
	case SE_USAGE: return "wrong usage";
	case SE_PEER: return "the other side failed";
	case SE_STOPPED: return "stopped";
	default: return "unknown error";
	}
}

int
fault_set(struct fault *f, int code, const char *format, ...)
{
	va_list ap;
	unsigned char *c;

	if (f == NULL)
		return code;
	va_start(ap, format);
	vsnprintf(f->text, sizeof f->text, format, ap);
	va_end(ap);
	for (c = (unsigned char *)f->text; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
	return code;
}
