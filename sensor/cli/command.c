#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "system/process.h"

void
command_begin(void)
{
	process_open_streams();
}

int
command_end(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "hansho: standard output: cannot write: %s\n", strerror(errno));
	return status == 0 ? 1 : status;
}
