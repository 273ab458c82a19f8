#include "sinks/dead_letters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/when.h"

/* The record is JSON already; what goes around it is made here. NULL without memory. */
static char *
make_line(const char *sink, const char *reason, const char *line, size_t *len)
{
	char when[WHEN_TEXT_MAX], *head = NULL, *out = NULL;
	struct timespec now;
	cJSON *o = cJSON_CreateObject();
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	when_eve((int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec, when);
	if (cJSON_AddStringToObject(o, "timestamp", when) != NULL && cJSON_AddStringToObject(o, "sink", sink) != NULL &&
	    cJSON_AddStringToObject(o, "reason", reason) != NULL)
		head = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	if (head == NULL)
		return NULL;
	head[strlen(head) - 1] = '\0';	/* its closing brace */
	n = asprintf(&out, "%s,\"record\":%s}\n", head, line);
	cJSON_free(head);
	*len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? NULL : out;
}

/* An older file that is full makes room. */
static int
open_with_room(const char *path, size_t len, size_t most)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	char old[4096];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size + len <= most || st.st_size == 0)
		return fd;
	if ((size_t)snprintf(old, sizeof old, "%s.1", path) >= sizeof old || rename(path, old) < 0)
		return fd;
	close(fd);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
}

int
dead_letters_add(const char *path, const char *sink, const char *reason, const char *line, size_t most,
    struct fault *fault)
{
	size_t len = 0;
	char *text = make_line(sink, reason, line, &len);
	int fd = -1, r = 0;
	ssize_t n;
	off_t at;

	if (text == NULL)
		return fault_set(fault, SE_NOMEM, "%s: out of memory", path);
	if ((fd = open_with_room(path, len, most)) < 0) {
		r = fault_set(fault, SE_SYSTEM, "%s: cannot keep what is refused: %s", path, strerror(errno));
		goto done;
	}
	at = lseek(fd, 0, SEEK_END);
	if ((n = write(fd, text, len)) == (ssize_t)len)
		goto done;
	r = fault_set(fault, SE_SYSTEM, "%s: cannot keep what is refused: %s", path,
	    n < 0 ? strerror(errno) : "no space left");
	if (n > 0 && at >= 0 && ftruncate(fd, at) < 0)
		fault_set(fault, SE_SYSTEM, "%s: half a line is left behind: %s", path, strerror(errno));
done:
	if (fd >= 0)
		close(fd);
	free(text);
	return r;
}
