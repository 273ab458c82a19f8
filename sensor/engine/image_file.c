#include "engine/image_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/suffix.h"
#include "base/when.h"
#include "indicators/image.h"
#include "system/privilege.h"

#define MAGIC UINT64_C(0x3167616d69736e68)	/* "hnsimag1" */

enum { PATH_BYTES = CONFIG_TEXT_MAX + 32, BLOCK_BYTES = 1 << 18 };

/* The clock of file times goes in steps: what was written in the same step shows no difference. */
#define STEP_NS (20 * NS_PER_SEC / 1000)

struct header {
	uint64_t magic, origin[2];
	int64_t made_ns, until_ns;
	uint64_t results_bytes, image_bytes;
	uint64_t sum;			/* of what is behind the header */
	uint64_t header_sum;		/* of all before it */
};

/* ---- what it is made of ---- */

static void
put(FILE *to, const void *bytes, size_t len)
{
	fwrite(bytes, 1, len, to);
}

static void
put_text(FILE *to, const char *text)
{
	put(to, text, strlen(text) + 1);
}

static void
put_number(FILE *to, uint64_t number)
{
	put(to, &number, sizeof number);
}

static void
put_file(FILE *to, const struct stat *st, struct image_origin *origin)
{
	int64_t changed_ns = (int64_t)st->st_mtim.tv_sec * NS_PER_SEC + st->st_mtim.tv_nsec;

	put_number(to, st->st_dev);
	put_number(to, st->st_ino);
	put_number(to, (uint64_t)st->st_size);
	put_number(to, (uint64_t)changed_ns);
	if (changed_ns > origin->latest_ns)
		origin->latest_ns = changed_ns;
	if (!S_ISREG(st->st_mode))
		origin->lasting = false;
}

/* A file, or every file of a folder. One that is not there is nothing. */
static void
put_path(FILE *to, const char *path, struct image_origin *origin)
{
	struct dirent **entries;
	char file[PATH_BYTES + 256];
	struct stat st;
	int count, i;

	put_text(to, path);
	if (path[0] == '\0' || stat(path, &st) < 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		put_file(to, &st, origin);
		return;
	}
	if ((count = scandir(path, &entries, NULL, alphasort)) < 0)
		return;
	for (i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.' &&
		    snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name) < (int)sizeof file &&
		    stat(file, &st) == 0) {
			put_text(to, entries[i]->d_name);
			put_file(to, &st, origin);
		}
		free(entries[i]);
	}
	free(entries);
}

/* A program that was built anew may read otherwise. */
static void
put_program(FILE *to, struct image_origin *origin)
{
	struct image_origin of_program = *origin;
	char suffixes[256];
	struct stat st;

	put_text(to, HANSHO_VERSION);
	put_number(to, IMAGE_VERSION);
	put_number(to, sizeof(struct feed_result));
	if (stat("/proc/self/exe", &st) == 0)
		put_file(to, &st, &of_program);
	else
		origin->lasting = false;
	suffix_origin(suffixes, sizeof suffixes);
	put_text(to, suffixes);
}

static void
put_feed(FILE *to, const struct config_feed *f, FILE *in, struct image_origin *origin)
{
	struct stat st;

	put_text(to, f->name);
	put_text(to, f->format);
	put_number(to, f->role);
	put_number(to, f->confidence);
	put_number(to, f->fetch.url[0] != '\0');
	put_number(to, in != NULL);
	if (in != NULL && fstat(fileno(in), &st) == 0)
		put_file(to, &st, origin);
}

void
image_origin_of(const struct config *config, bool live, FILE *const *in, struct image_origin *out)
{
	static const struct hash_key other = { 0x696d616765206669, 0x6c652c2074776f20 };
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);
	unsigned i;

	memset(out, 0, sizeof *out);
	if (to == NULL)
		return;
	out->lasting = true;
	put_program(to, out);
	put_number(to, live);
	put_number(to, config->max_indicators);
	put_number(to, config->feed_bytes);
	put_number(to, config->allow_shipped);
	put_number(to, config->allow_documentation);
	put_path(to, config->allow_path, out);
	for (i = 0; i < config->feeds_count; i++)
		put_feed(to, &config->feeds[i], in[i], out);
	if (fclose(to) != 0) {
		out->lasting = false;
	} else {
		out->word[0] = hash_bytes(&HASH_FIXED, text, len);
		out->word[1] = hash_bytes(&other, text, len);
	}
	free(text);
}

bool
image_file_path(const struct config *config, char *buf, size_t size)
{
	return (size_t)snprintf(buf, size, "%s/indicators/image", config->state_directory) < size;
}

int
image_file_make_folder(const struct config *config, const char *user, struct fault *fault)
{
	char folder[PATH_BYTES];

	if ((size_t)snprintf(folder, sizeof folder, "%s/indicators", config->state_directory) >= sizeof folder)
		return fault_set(fault, SE_LIMIT, "state_directory is too long");
	return privilege_make_directory(folder, user, fault);
}

/* ---- bytes ---- */

/* Against damage, not against anybody: four lanes, as fast as memory is read. */
static uint64_t
sum_more(uint64_t sum, const uint8_t *p, size_t len)
{
	uint64_t lane[4] = { sum, sum ^ 1, sum ^ 2, sum ^ 3 }, word[8] = { len };
	unsigned i;

	for (; len >= sizeof word; len -= sizeof word, p += sizeof word) {
		memcpy(word, p, sizeof word);
		for (i = 0; i < 4; i++)
			lane[i] = image_fold(lane[i] ^ word[2 * i], word[2 * i + 1] ^ 0x9e3779b97f4a7c15ULL) + word[2 * i];
	}
	memcpy(word, p, len);
	for (i = 0; i < 4; i++)
		lane[i] = image_fold(lane[i] ^ word[2 * i], word[2 * i + 1] ^ 0xd6e8feb86659fd93ULL);
	return lane[0] ^ lane[1] << 1 ^ lane[2] << 2 ^ lane[3] << 3 ^ (lane[3] >> 61);
}

static uint64_t
header_sum(const struct header *h)
{
	return hash_bytes(&HASH_FIXED, h, offsetof(struct header, header_sum));
}

static bool
read_all(int from, void *to, size_t len)
{
	uint8_t *p = to;
	ssize_t got;

	for (; len > 0; len -= (size_t)got, p += got)
		if ((got = read(from, p, len)) <= 0)
			return false;
	return true;
}

static bool
write_all(int to, const void *from, size_t len)
{
	const uint8_t *p = from;
	ssize_t put_bytes;

	for (; len > 0; len -= (size_t)put_bytes, p += put_bytes)
		if ((put_bytes = write(to, p, len)) <= 0)
			return false;
	return true;
}

/* `len` bytes from one to the other, summed while they are at hand. */
static bool
copy(int from, int to, uint64_t len, uint64_t *sum)
{
	uint8_t *block = malloc(BLOCK_BYTES);
	size_t part = BLOCK_BYTES;
	bool well = block != NULL;

	for (; well && len > 0; len -= part) {
		part = len < BLOCK_BYTES ? len : BLOCK_BYTES;
		well = read_all(from, block, part) && write_all(to, block, part);
		*sum = well ? sum_more(*sum, block, part) : 0;
	}
	free(block);
	return well;
}

/* ---- reading ---- */

enum state { STATE_GOOD, STATE_OTHER, STATE_DAMAGED };

static enum state
read_header(int file, const struct image_origin *origin, int64_t now_ns, unsigned count, struct header *h)
{
	struct stat st;

	if (fstat(file, &st) < 0 || !S_ISREG(st.st_mode) || !read_all(file, h, sizeof *h) || h->magic != MAGIC ||
	    h->header_sum != header_sum(h))
		return STATE_DAMAGED;
	if (h->origin[0] != origin->word[0] || h->origin[1] != origin->word[1] ||
	    h->results_bytes != count * sizeof(struct feed_result) || h->made_ns <= origin->latest_ns + STEP_NS ||
	    now_ns < h->made_ns || now_ns > h->until_ns)
		return STATE_OTHER;
	if (h->image_bytes > (uint64_t)st.st_size ||
	    sizeof *h + h->results_bytes + h->image_bytes != (uint64_t)st.st_size)
		return STATE_DAMAGED;
	return STATE_GOOD;
}

static enum state
read_image(int file, const struct header *h, struct feed_result *results, int *image)
{
	int made = memfd_create("hansho-indicators", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	enum state state = STATE_DAMAGED;
	uint64_t sum;

	if (made < 0)
		return STATE_OTHER;
	if (!read_all(file, results, h->results_bytes))
		goto done;
	sum = sum_more(0, (const uint8_t *)results, h->results_bytes);
	if (!copy(file, made, h->image_bytes, &sum) || sum != h->sum)
		goto done;
	state = STATE_OTHER;
	if (fcntl(made, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		goto done;
	*image = made;
	return STATE_GOOD;
done:
	close(made);
	return state;
}

static void
set_aside(const char *path)
{
	char aside[PATH_BYTES + 16];

	snprintf(aside, sizeof aside, "%s.damaged", path);
	if (rename(path, aside) < 0)
		unlink(path);
	log_warn("feeds", "%s is damaged: set aside as %s; the feeds are read anew", path, aside);
}

bool
image_file_load(const char *path, const struct image_origin *origin, int64_t now_ns, struct feed_result *results,
    unsigned count, int *image)
{
	struct feed_result *kept = calloc(count + 1, sizeof *kept);
	enum state state = STATE_OTHER;
	struct header h;
	int file = -1;

	*image = -1;
	if (kept == NULL || !origin->lasting || (file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) < 0)
		goto done;
	if ((state = read_header(file, origin, now_ns, count, &h)) == STATE_GOOD)
		state = read_image(file, &h, kept, image);
	if (state == STATE_GOOD)
		memcpy(results, kept, count * sizeof *kept);
	else if (state == STATE_DAMAGED)
		set_aside(path);
done:
	if (file >= 0)
		close(file);
	free(kept);
	return state == STATE_GOOD;
}

/* ---- writing ---- */

static void
beside(const char *path, char buf[PATH_BYTES + 16])
{
	snprintf(buf, PATH_BYTES + 16, "%s.new", path);
}

int
image_file_begin(const char *path)
{
	char name[PATH_BYTES + 16];

	beside(path, name);
	unlink(name);
	return open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
}

/* The header comes last: without it there is nothing. */
void
image_file_write(int file, const struct image_made *made, const struct feed_result *results, unsigned count,
    int image)
{
	struct header h = {
		.magic = MAGIC, .origin = { made->origin.word[0], made->origin.word[1] }, .made_ns = made->made_ns,
		.until_ns = made->until_ns, .results_bytes = count * sizeof *results,
	};
	struct stat st;
	unsigned i;

	for (i = 0; i < count; i++)
		if (results[i].code < 0)
			return;
	if (!made->origin.lasting || fstat(image, &st) < 0 || st.st_size < IMAGE_FILE_LEAST ||
	    lseek(image, 0, SEEK_SET) != 0 || lseek(file, sizeof h, SEEK_SET) != (off_t)sizeof h)
		return;
	h.image_bytes = (uint64_t)st.st_size;
	h.sum = sum_more(0, (const uint8_t *)results, h.results_bytes);
	if (!write_all(file, results, h.results_bytes) || !copy(image, file, h.image_bytes, &h.sum))
		return;
	h.header_sum = header_sum(&h);
	if (pwrite(file, &h, sizeof h, 0) != (ssize_t)sizeof h && ftruncate(file, 0) < 0)
		return;
}

void
image_file_end(const char *path, int file)
{
	char name[PATH_BYTES + 16];
	struct header h;

	if (file < 0)
		return;
	beside(path, name);
	if (pread(file, &h, sizeof h, 0) != (ssize_t)sizeof h || h.magic != MAGIC || rename(name, path) < 0)
		unlink(name);
	close(file);
}
