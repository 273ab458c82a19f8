#include "engine/board.h"

#include <sys/mman.h>

struct board *
board_new(void)
{
	void *p = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void
board_free(struct board *b)
{
	if (b != NULL)
		munmap(b, sizeof *b);
}
