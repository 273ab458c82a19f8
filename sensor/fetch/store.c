#include "fetch/store.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALL_FILE_MAX = 8192, COMPARE_BYTES = 65536 };

bool
store_path(char path[STORE_PATH_MAX], const char *folder, const char *name, const char *ending)
{
	int len = snprintf(path, STORE_PATH_MAX, "%s/%s%s%s", folder, name, ending == NULL ? "" : ".",
	    ending == NULL ? "" : ending);

	return len > 0 && len < STORE_PATH_MAX;
}

/* With ".meta" behind it. */
static bool
meta_path(char path[STORE_PATH_MAX], const char *folder, const char *name, const char *which)
{
	char ending[32];

	snprintf(ending, sizeof ending, "%s%smeta", which == NULL ? "" : which, which == NULL ? "" : ".");
	return store_path(path, folder, name, ending);
}

/* Root fetches for a sensor that runs as somebody else: the files belong to the folder's owner. */
static void
give_to_folder(int fd, const char *folder)
{
	struct stat st;

	if (geteuid() == 0 && stat(folder, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) < 0)
		return;		/* readable all the same */
}

static void
sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

/* -1: without a lock, which costs at most a download more. */
static int
lock_folder(const char *folder)
{
	char path[STORE_PATH_MAX];
	int fd;

	if (!store_path(path, folder, ".lock", NULL))
		return -1;
	if ((fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644)) < 0)
		return -1;
	give_to_folder(fd, folder);
	while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
		continue;
	return fd;
}

static void
unlock_folder(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* ---- small files ---- */

static cJSON *
read_small(const char *path)
{
	char bytes[SMALL_FILE_MAX];
	FILE *in = fopen(path, "re");
	size_t len;

	if (in == NULL)
		return NULL;
	len = fread(bytes, 1, sizeof bytes, in);
	fclose(in);
	return len == sizeof bytes ? NULL : cJSON_ParseWithLength(bytes, len);
}

/* Beside, then renamed: who reads sees the old or the new one. */
static void
write_small(const char *folder, const char *path, cJSON *object)
{
	char beside[STORE_PATH_MAX + 8];
	char *text = object == NULL ? NULL : cJSON_PrintUnformatted(object);
	FILE *out = NULL;
	int fd = -1;
	bool well;

	cJSON_Delete(object);
	snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
	if (text == NULL || (fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644)) < 0 ||
	    (out = fdopen(fd, "w")) == NULL) {
		if (fd >= 0)
			close(fd);
		free(text);
		return;
	}
	give_to_folder(fd, folder);
	fprintf(out, "%s\n", text);
	well = fflush(out) == 0;
	if (fclose(out) != 0 || !well || rename(beside, path) < 0)
		unlink(beside);
	free(text);
}

static void
take_word(const cJSON *object, const char *key, char *word, size_t size)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	word[0] = '\0';
	if (text != NULL && strlen(text) < size)
		snprintf(word, size, "%s", text);
}

static int64_t
take_number(const cJSON *object, const char *key)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsNumber(n) && n->valuedouble >= 0 && n->valuedouble < 1e12 ? (int64_t)n->valuedouble : 0;
}

void
store_read_meta(const char *folder, const char *name, struct store_meta *meta)
{
	char path[STORE_PATH_MAX], origin[32];
	cJSON *o;

	memset(meta, 0, sizeof *meta);
	if (!meta_path(path, folder, name, NULL) || (o = read_small(path)) == NULL)
		return;
	take_word(o, "etag", meta->etag, sizeof meta->etag);
	take_word(o, "last_modified", meta->last_modified, sizeof meta->last_modified);
	take_word(o, "added_after", meta->added_after, sizeof meta->added_after);
	take_word(o, "origin", origin, sizeof origin);
	meta->origin = strtoull(origin, NULL, 16);
	cJSON_Delete(o);
}

static void
write_meta(const char *folder, const char *name, const char *which, const struct store_meta *meta)
{
	char path[STORE_PATH_MAX], origin[32];
	cJSON *o = cJSON_CreateObject();

	snprintf(origin, sizeof origin, "%016llx", (unsigned long long)meta->origin);
	cJSON_AddStringToObject(o, "etag", meta->etag);
	cJSON_AddStringToObject(o, "last_modified", meta->last_modified);
	cJSON_AddStringToObject(o, "added_after", meta->added_after);
	cJSON_AddStringToObject(o, "origin", origin);
	if (meta_path(path, folder, name, which))
		write_small(folder, path, o);
	else
		cJSON_Delete(o);
}

void
store_read_state(const char *folder, const char *name, struct store_state *state)
{
	char path[STORE_PATH_MAX];
	cJSON *o;

	memset(state, 0, sizeof *state);
	if (!store_path(path, folder, name, "state") || (o = read_small(path)) == NULL)
		return;
	state->tried = take_number(o, "tried");
	state->due = take_number(o, "due");
	state->asked_until = take_number(o, "asked_until");
	state->failures = (unsigned)(take_number(o, "failures") & 0xffff);
	take_word(o, "fault", state->fault, sizeof state->fault);
	cJSON_Delete(o);
}

void
store_write_state(const char *folder, const char *name, const struct store_state *state)
{
	char path[STORE_PATH_MAX];
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "tried", (double)state->tried);
	cJSON_AddNumberToObject(o, "due", (double)state->due);
	cJSON_AddNumberToObject(o, "asked_until", (double)state->asked_until);
	cJSON_AddNumberToObject(o, "failures", state->failures);
	cJSON_AddStringToObject(o, "fault", state->fault);
	if (store_path(path, folder, name, "state"))
		write_small(folder, path, o);
	else
		cJSON_Delete(o);
}

const char *
store_read_held(const char *folder, const char *name, char why[STORE_WHY_MAX])
{
	char path[STORE_PATH_MAX];
	cJSON *o = NULL;

	why[0] = '\0';
	if (store_path(path, folder, name, "held") && (o = read_small(path)) != NULL)
		take_word(o, "why", why, STORE_WHY_MAX);
	cJSON_Delete(o);
	return why;
}

/* ---- a file on its way ---- */

FILE *
store_begin(const char *folder, const char *name, struct fault *fault)
{
	char path[STORE_PATH_MAX];
	FILE *part = NULL;
	int fd = -1;

	if (store_path(path, folder, name, "part")) {
		unlink(path);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	}
	if (fd >= 0 && (part = fdopen(fd, "w+")) == NULL)
		close(fd);
	if (part == NULL)
		fault_set(fault, SE_SYSTEM, "%s: cannot make this file: %s", path, strerror(errno));
	else
		give_to_folder(fd, folder);
	return part;
}

void
store_drop_part(const char *folder, const char *name, FILE *part)
{
	char path[STORE_PATH_MAX];

	if (part == NULL)
		return;
	fclose(part);
	if (store_path(path, folder, name, "part"))
		unlink(path);
}

int
store_land(const char *folder, const char *name, FILE *part, const char *landing,
    const struct store_meta *meta, struct fault *fault)
{
	char from[STORE_PATH_MAX], to[STORE_PATH_MAX];
	int lock, r = 0;
	bool well = fflush(part) == 0 && fsync(fileno(part)) == 0;

	if (fclose(part) != 0 || !well)
		r = fault_set(fault, SE_SYSTEM, "feed %s: cannot be written: %s", name, strerror(errno));
	if (!store_path(from, folder, name, "part") || !store_path(to, folder, name, landing))
		return fault_set(fault, SE_LIMIT, "feed %s: its path is too long", name);
	lock = lock_folder(folder);
	if (r == 0)
		write_meta(folder, name, landing, meta);
	if (r == 0 && rename(from, to) < 0)
		r = fault_set(fault, SE_SYSTEM, "%s: cannot be renamed: %s", from, strerror(errno));
	unlock_folder(lock);
	if (r < 0)
		unlink(from);
	sync_folder(folder);
	return r;
}

static bool
same_bytes(FILE *a, FILE *b)
{
	static const size_t size = COMPARE_BYTES;
	char *x = malloc(2 * size);
	bool same = x != NULL;
	size_t n = 1, m;

	while (same && n > 0) {
		n = fread(x, 1, size, a);
		m = fread(x + size, 1, size, b);
		same = n == m && memcmp(x, x + size, n) == 0 && !ferror(a) && !ferror(b);
	}
	free(x);
	return same;
}

bool
store_part_is_same(const char *folder, const char *name, FILE *part)
{
	char path[STORE_PATH_MAX];
	struct stat a, b;
	FILE *in;
	bool same = false;

	if (fflush(part) != 0 || !store_path(path, folder, name, NULL) || (in = fopen(path, "re")) == NULL)
		return false;
	if (fstat(fileno(in), &a) == 0 && fstat(fileno(part), &b) == 0 && a.st_size == b.st_size) {
		rewind(part);
		same = same_bytes(in, part);
	}
	fseek(part, 0, SEEK_END);
	fclose(in);
	return same;
}

void
store_touch(const char *folder, const char *name, const struct store_meta *meta)
{
	char path[STORE_PATH_MAX];
	int lock;

	if (!store_path(path, folder, name, NULL))
		return;
	lock = lock_folder(folder);
	utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
	if (meta != NULL)
		write_meta(folder, name, NULL, meta);
	unlock_folder(lock);
}

/* ---- candidates ---- */

/* With the lock held: the file and its .meta get another ending; `to` NULL: in force. */
static bool
rename_both(const char *folder, const char *name, const char *from, const char *to)
{
	char a[STORE_PATH_MAX], b[STORE_PATH_MAX];

	if (!store_path(a, folder, name, from) || !store_path(b, folder, name, to) || rename(a, b) < 0)
		return false;
	if (!meta_path(a, folder, name, from) || !meta_path(b, folder, name, to))
		return true;
	if (rename(a, b) < 0)
		unlink(b);
	return true;
}

bool
store_take(const char *folder, const char *name, const char *from, const char *to)
{
	char path[STORE_PATH_MAX];
	bool taken;
	int lock;

	/* Asked every second: most of the time there is none, and no lock is needed to see that. */
	if (!store_path(path, folder, name, from) || access(path, F_OK) < 0)
		return false;
	lock = lock_folder(folder);
	taken = rename_both(folder, name, from, to);
	unlock_folder(lock);
	return taken;
}

int
store_promote(const char *folder, const char *name, const char *which, struct fault *fault)
{
	char path[STORE_PATH_MAX];
	int lock = lock_folder(folder), r = 0;

	if (!rename_both(folder, name, which, NULL))
		r = fault_set(fault, SE_SYSTEM, "feed %s: cannot be put in place: %s", name, strerror(errno));
	else if (store_path(path, folder, name, "held"))
		unlink(path);
	unlock_folder(lock);
	sync_folder(folder);
	return r;
}

void
store_reject(const char *folder, const char *name, const char *which, const char *why)
{
	char path[STORE_PATH_MAX], kept[STORE_WHY_MAX];
	cJSON *o = cJSON_CreateObject();

	if (store_path(path, folder, name, which))
		unlink(path);
	if (meta_path(path, folder, name, which))
		unlink(path);
	snprintf(kept, sizeof kept, "%s", why);
	cJSON_AddStringToObject(o, "why", kept);
	if (store_path(path, folder, name, "held"))
		write_small(folder, path, o);
	else
		cJSON_Delete(o);
}
