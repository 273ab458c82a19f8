#include "engine/board.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"

/*
 * F_SEAL_FUTURE_WRITE (Linux 5.1): the supervisor's mapping stays writable, a
 * new one cannot be made so, not even later by who was taken over.
 */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

struct board *
board_new(void)
{
	int fd = memfd_create("hansho-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct board *b;

	if (fd < 0)
		return NULL;
	b = ftruncate(fd, sizeof *b) < 0 ? MAP_FAILED :
	    mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (b == MAP_FAILED) {
		close(fd);
		return NULL;
	}
	/* An older kernel knows no such seal: then a child only does not write by mistake. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE) < 0)
		log_debug("board", "the kernel cannot seal it");
	b->descriptor = fd;
	return b;
}

void
board_free(struct board *b)
{
	if (b == NULL)
		return;
	if (b->descriptor >= 0)
		close(b->descriptor);
	munmap(b, sizeof *b);
}

/* The pages of [from, to) in place of those that can be written. */
static void
shut(struct board *b, int fd, size_t from, size_t to)
{
	if (from < to && mmap((char *)b + from, to - from, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
	    (off_t)from) == MAP_FAILED) {
		log_error("board", "no memory");
		_exit(1);
	}
}

void
board_keep(struct board *b, enum board_part part, unsigned worker)
{
	const size_t own[][2] = {
		[BOARD_NOTHING] = { 0, 0 },
		[BOARD_WORKERS] = { offsetof(struct board, worker) + worker * sizeof(struct board_worker),
		    offsetof(struct board, worker) + (worker + 1) * sizeof(struct board_worker) },
		[BOARD_ANALYST] = { offsetof(struct board, analyst), offsetof(struct board, keeper) },
		[BOARD_KEEPER] = { offsetof(struct board, keeper), offsetof(struct board, courier_up) },
		[BOARD_COURIER] = { offsetof(struct board, courier_up), sizeof *b },
	};
	int fd = b->descriptor;

	/* Where pages are larger, roles share them. */
	if (sysconf(_SC_PAGESIZE) != BOARD_PAGE)
		return;
	shut(b, fd, 0, own[part][0]);
	shut(b, fd, own[part][1], sizeof *b);
	close(fd);
}

void
board_text(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

void
board_put_suppress(struct board *b, const struct config *config)
{
	uint32_t turn = atomic_load(&b->suppress_turn) + 1;
	struct suppress_set *to = &b->suppress[turn % 2];

	to->count = config->suppress_count;
	if (to->count > 0)
		memcpy(to->rule, config->suppress, to->count * sizeof *to->rule);
	atomic_store(&b->suppress_turn, turn);
}

const struct suppress_set *
board_suppress(const struct board *b, uint32_t *turn)
{
	*turn = atomic_load(&b->suppress_turn);
	return &b->suppress[*turn % 2];
}
