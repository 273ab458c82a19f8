#include "sinks/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
secret_is_place(const char *text)
{
	return strncmp(text, "file:", 5) == 0 || strncmp(text, "env:", 4) == 0;
}

static int
read_line(const char *path, char *buf, size_t size, struct fault *fault)
{
	FILE *f = fopen(path, "re");
	bool whole;

	if (f == NULL)
		return fault_set(fault, SE_USAGE, "%s: %s: expected a file with a secret on its first line", path,
		    strerror(errno));
	setvbuf(f, NULL, _IONBF, 0);	/* no second copy in a buffer that is freed */
	if (fgets(buf, (int)size, f) == NULL)
		buf[0] = '\0';
	whole = strchr(buf, '\n') != NULL || fgetc(f) == EOF;
	fclose(f);
	buf[strcspn(buf, "\r\n")] = '\0';
	if (!whole)
		return fault_set(fault, SE_USAGE, "%s: expected a secret of less than %zu bytes", path, size);
	return 0;
}

static int
read_variable(const char *name, char *buf, size_t size, struct fault *fault)
{
	const char *value = getenv(name);

	if (value == NULL)
		return fault_set(fault, SE_USAGE, "env:%s: expected a variable of the environment", name);
	if ((size_t)snprintf(buf, size, "%s", value) >= size)
		return fault_set(fault, SE_USAGE, "env:%s: expected a secret of less than %zu bytes", name, size);
	return 0;
}

int
secret_read(const char *place, char *buf, size_t size, struct fault *fault)
{
	const char *at;
	int r;

	buf[0] = '\0';
	if (strncmp(place, "file:", 5) == 0)
		r = read_line(place + 5, buf, size, fault);
	else if (strncmp(place, "env:", 4) == 0)
		r = read_variable(place + 4, buf, size, fault);
	else
		return fault_set(fault, SE_USAGE, "a secret does not stand in the configuration: expected file:PATH or env:NAME");
	if (r < 0)
		return r;
	if (buf[0] == '\0')
		return fault_set(fault, SE_USAGE, "%s: nothing is there: expected a secret", place);
	for (at = buf; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return fault_set(fault, SE_USAGE, "%s: a control character: expected a secret of one line", place);
	return 0;
}
