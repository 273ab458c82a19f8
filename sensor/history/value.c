#include "history/value.h"

#include <stdlib.h>
#include <string.h>

static bool
parse_port(const char *text, uint16_t *port)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	n = strtoul(text, &end, 10);
	*port = (uint16_t)n;
	return *end == '\0' && n >= 1 && n <= UINT16_MAX;
}

static bool
parse_name(const char *text, size_t len, struct sought *out)
{
	size_t i;

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len >= sizeof out->name)
		return false;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c == 0x7f || c == '/' || c == ':')
			return false;
		out->name[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	out->name[len] = '\0';
	out->is_name = true;
	return true;
}

bool
sought_parse(const char *text, struct sought *out)
{
	const char *colon = strrchr(text, ':');
	size_t len = strlen(text);

	memset(out, 0, sizeof *out);
	if (cidr_parse(text, len, &out->net))
		return true;
	if (colon != NULL && parse_port(colon + 1, &out->port))
		len = (size_t)(colon - text);
	else if (colon != NULL)
		return false;
	if (len > 2 && text[0] == '[' && text[len - 1] == ']')
		return cidr_parse(text + 1, len - 2, &out->net);
	return cidr_parse(text, len, &out->net) || parse_name(text, len, out);
}

bool
sought_name(const struct sought *s, struct span name)
{
	size_t len = strlen(s->name);

	if (!s->is_name || name.left < len || memcmp(name.at + name.left - len, s->name, len) != 0)
		return false;
	return name.left == len || name.at[name.left - len - 1] == '.';
}

bool
sought_end(const struct sought *s, const struct addr *a, uint16_t port)
{
	return !s->is_name && cidr_contains(&s->net, a) && (s->port == 0 || s->port == port);
}
