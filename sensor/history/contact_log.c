#include "history/contact_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/heap.h"
#include "base/table.h"
#include "base/when.h"
#include "history/contact_days.h"
#include "history/contact_file.h"
#include "history/contact_runs.h"

#define NS_PER_DAY (86400 * NS_PER_SEC)

enum { LATE_SEC = 3600, BASE_BEFORE_SEC = 60, TEXTS_BUFFER = 65536, LOOK_BYTES = 16 << 20, PATH_MOST = 1200 };

struct numbered {
	UT_hash_handle hh;
	uint32_t number;
	uint16_t len;
	uint8_t key[];			/* kind and bytes */
};

struct contact_log {
	char folder[1100];
	struct contact_log_limits limits;
	struct contact_log_counts counts;
	uint64_t run;
	int marker;			/* of the run, while it has not ended; -1: none */
	int64_t day;			/* whose files are open; -1: none */
	int contacts, texts;		/* descriptors */
	uint64_t contacts_end, texts_end;	/* up to there they are whole */
	uint64_t look_at;		/* at this size the folder is looked at again */
	bool full;			/* today's are too large */
	struct numbered *numbered;
	uint32_t last_number[TEXT_KINDS];
	struct block block;
	size_t texts_used;
	uint8_t texts_buffer[TEXTS_BUFFER];
	uint8_t buffer[BLOCK_HEADER + BLOCK_PAYLOAD_MAX];
};

struct contact_log *
contact_log_new(const char *folder, const struct contact_log_limits *limits, uint64_t run)
{
	struct contact_log *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	snprintf(l->folder, sizeof l->folder, "%s", folder);
	l->limits = *limits;
	l->run = run;
	l->day = -1;
	l->contacts = l->texts = l->marker = -1;
	contact_runs_recover(folder);
	return l;
}

const struct contact_log_counts *
contact_log_counts(const struct contact_log *l)
{
	return &l->counts;
}

/* ---- a day's files ---- */

static void
close_day(struct contact_log *l)
{
	struct numbered *n, *next;

	HASH_ITER(hh, l->numbered, n, next) {
		HASH_DEL(l->numbered, n);
		free(n);
	}
	if (l->contacts >= 0)
		close(l->contacts);
	if (l->texts >= 0)
		close(l->texts);
	l->contacts = l->texts = -1;
	l->day = -1;
	l->texts_used = 0;
	memset(l->last_number, 0, sizeof l->last_number);
}

static struct numbered *
add_number(struct contact_log *l, const uint8_t *key, size_t len, uint32_t number)
{
	struct numbered *n = malloc(sizeof *n + len);

	if (n == NULL)
		return NULL;
	memset(n, 0, sizeof *n);
	n->number = number;
	n->len = (uint16_t)len;
	memcpy(n->key, key, len);
	HASH_ADD_KEYPTR(hh, l->numbered, n->key, len, n);
	if (element_not_added(n)) {
		free(n);
		return NULL;
	}
	return n;
}

/* What an earlier writer numbered holds; behind the first that is not whole the file is cut. */
static int
read_texts(struct contact_log *l)
{
	uint8_t *all, key[1 + TEXT_BYTES_MAX];
	struct span s, text;
	enum text_kind kind;
	uint32_t number;
	struct stat st;
	int r = 0;

	if (fstat(l->texts, &st) < 0 || (all = malloc((size_t)st.st_size + 1)) == NULL)
		return SE_SYSTEM;
	if (pread(l->texts, all, (size_t)st.st_size, 0) != st.st_size) {
		free(all);
		return SE_SYSTEM;
	}
	s = span_of(all, (size_t)st.st_size);
	while (r == 0 && text_take(&s, &kind, &number, &text)) {
		key[0] = (uint8_t)kind;
		memcpy(key + 1, text.at, text.left);
		if (add_number(l, key, 1 + text.left, number) == NULL)
			r = SE_NOMEM;
		if (number > l->last_number[kind])
			l->last_number[kind] = number;
	}
	l->texts_end = (uint64_t)st.st_size - s.left;
	if (r == 0 && s.left > 0 && ftruncate(l->texts, (off_t)l->texts_end) < 0)
		r = SE_SYSTEM;
	free(all);
	return r;
}

/* Behind the last whole block, or before this run's first one, the file is cut. */
static int
find_end(struct contact_log *l, const char *path)
{
	FILE *in = fopen(path, "re");
	uint64_t at = 0, skipped;
	struct block b;
	struct stat st;

	l->contacts_end = 0;
	if (in == NULL)
		return SE_SYSTEM;
	while (block_next(in, &at, l->buffer, &b, &skipped)) {
		if (l->run != 0 && b.run == l->run)
			break;
		l->contacts_end = at;
	}
	fclose(in);
	if (fstat(l->contacts, &st) < 0)
		return SE_SYSTEM;
	return (uint64_t)st.st_size > l->contacts_end && ftruncate(l->contacts, (off_t)l->contacts_end) < 0 ?
	    SE_SYSTEM : 0;
}

/* The oldest days go; today's stays. */
static void
make_room(struct contact_log *l, int64_t today)
{
	struct contact_days *days = malloc(sizeof *days);
	uint64_t all = 0;
	unsigned i;

	if (days == NULL)
		return;
	contact_days_list(l->folder, days);
	for (i = 0; i < days->count; i++)
		all += days->day[i].bytes;
	for (i = 0; i < days->count; i++) {
		if (days->day[i].day >= today ||
		    (all <= l->limits.max_bytes && days->day[i].day + l->limits.days > today))
			continue;
		contact_days_remove(l->folder, days->day[i].day);
		all -= days->day[i].bytes;
		l->counts.days_removed++;
	}
	l->full = all > l->limits.max_bytes;
	free(days);
}

/* What a run writes counts when it has ended. */
static int
note_run(struct contact_log *l, int64_t day)
{
	if (l->marker < 0)
		l->marker = contact_run_begin(l->folder, l->run);
	return l->marker >= 0 && contact_run_writes(l->marker, day) ? 0 : SE_SYSTEM;
}

static int
open_day(struct contact_log *l, int64_t day, struct fault *fault)
{
	char path[PATH_MOST], name[DAY_NAME];
	int r;

	close_day(l);
	make_room(l, day);
	snprintf(path, sizeof path, "%s/%s.hcl", l->folder, day_name(day, name));
	l->contacts = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	r = l->contacts < 0 ? SE_SYSTEM : find_end(l, path);
	if (r == 0 && l->run != 0)
		r = note_run(l, day);
	if (r == 0) {
		snprintf(path, sizeof path, "%s/%s.hcs", l->folder, name);
		l->texts = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		r = l->texts < 0 ? SE_SYSTEM : read_texts(l);
	}
	if (r < 0) {
		fault_set(fault, r, "contact log: %s: %s", path, se_text(r));
		close_day(l);
		return r;
	}
	l->day = day;
	l->look_at = l->contacts_end + LOOK_BYTES;
	return 0;
}

/* ---- writing ---- */

static int
write_whole(int fd, const uint8_t *at, size_t len, uint64_t *end)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pwrite(fd, at + done, len - done, (off_t)(*end + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int why = n == 0 ? ENOSPC : errno;

			if (ftruncate(fd, (off_t)*end) < 0)
				why = errno;
			errno = why;
			return SE_SYSTEM;
		}
		done += (size_t)n;
	}
	*end += len;
	return 0;
}

int
contact_log_flush(struct contact_log *l, struct fault *fault)
{
	int r = 0;

	if (l->day < 0)
		return 0;
	if (l->texts_used > 0)
		r = write_whole(l->texts, l->texts_buffer, l->texts_used, &l->texts_end);
	l->texts_used = 0;
	if (r == 0 && l->block.contacts > 0) {
		l->block.run = l->run;
		block_seal(l->buffer, &l->block);
		r = write_whole(l->contacts, l->buffer, BLOCK_HEADER + l->block.payload, &l->contacts_end);
	}
	if (r < 0) {
		fault_set(fault, r, "contact log: %s: %s", l->folder, strerror(errno));
		l->counts.lost += l->block.contacts;
		close_day(l);
	} else {
		l->counts.contacts += l->block.contacts;
	}
	l->block.contacts = l->block.payload = 0;
	if (r == 0 && l->contacts_end + l->texts_end > l->look_at) {
		l->look_at = l->contacts_end + l->texts_end + LOOK_BYTES;
		make_room(l, l->day);
	}
	return r;
}

int
contact_log_end(struct contact_log *l, struct fault *fault)
{
	int r = contact_log_flush(l, fault);

	if (r == 0 && l->contacts >= 0 && fdatasync(l->contacts) < 0)
		r = fault_set(fault, SE_SYSTEM, "contact log: %s: %s", l->folder, strerror(errno));
	if (r == 0 && l->marker >= 0) {
		if (!contact_run_end(l->folder, l->run, l->marker))
			r = fault_set(fault, SE_SYSTEM, "contact log: %s: %s", l->folder, strerror(errno));
		l->marker = -1;
	}
	return r;
}

void
contact_log_free(struct contact_log *l)
{
	struct fault fault;

	if (l == NULL)
		return;
	if (l->run == 0)
		contact_log_flush(l, &fault);
	close_day(l);
	if (l->marker >= 0) {
		close(l->marker);
		contact_runs_recover(l->folder);
	}
	free(l);
}

/* 0: there is none, or no number left. */
static uint32_t
number_of(struct contact_log *l, enum text_kind kind, struct span text, struct fault *fault)
{
	uint8_t key[1 + TEXT_BYTES_MAX];
	struct numbered *n;

	if (text.left == 0 || text.left > TEXT_BYTES_MAX)
		return 0;
	key[0] = (uint8_t)kind;
	memcpy(key + 1, text.at, text.left);
	HASH_FIND(hh, l->numbered, key, 1 + text.left, n);
	if (n != NULL)
		return n->number;
	if (l->texts_used + TEXT_HEADER + TEXT_BYTES_MAX + TEXT_TAIL > sizeof l->texts_buffer &&
	    contact_log_flush(l, fault) < 0)
		return 0;
	if (l->last_number[kind] >= TEXTS_MAX ||
	    (n = add_number(l, key, 1 + text.left, l->last_number[kind] + 1)) == NULL) {
		l->counts.names_left_out++;
		return 0;
	}
	l->last_number[kind]++;
	l->texts_used += text_put(l->texts_buffer + l->texts_used, kind, n->number, text);
	return n->number;
}

static bool
fits_block(const struct contact_log *l, int64_t ts_ns, size_t len)
{
	return ts_ns >= l->block.base_ns && l->block.payload + len <= BLOCK_PAYLOAD_MAX &&
	    (ts_ns - l->block.base_ns) / 1000 <= (int64_t)UINT32_MAX;
}

static void
put_contact(struct contact_log *l, const struct kept *k, uint32_t name, uint32_t realm)
{
	bool short_one = addr_is_v4(&k->addr[0]) && addr_is_v4(&k->addr[1]);
	uint8_t *at = l->buffer + BLOCK_HEADER + l->block.payload;
	unsigned bytes = short_one ? 4 : 16;

	put_le(at, (uint64_t)(k->ts_ns - l->block.base_ns) / 1000, 4);
	put_le(at + 4, name, 3);
	put_le(at + 7, realm | (short_one ? 0u : IS_IPV6), 3);
	at[10] = k->protocol;
	put_le(at + 11, k->port[0], 2);
	put_le(at + 13, k->port[1], 2);
	memcpy(at + 15, k->addr[0].b + 16 - bytes, bytes);
	memcpy(at + 15 + bytes, k->addr[1].b + 16 - bytes, bytes);
	l->block.payload += 15 + 2 * bytes;
	l->block.contacts++;
	if (k->ts_ns > l->block.last_ns)
		l->block.last_ns = k->ts_ns;
}

static struct span
realm_text(const struct realm *r)
{
	static const struct realm none;

	return realm_compare(r, &none) == 0 ? span_of(NULL, 0) : span_of((const uint8_t *)r, sizeof *r);
}

static bool
is_todays(const struct contact_log *l, int64_t ts_ns)
{
	int64_t day = ts_ns / NS_PER_DAY;

	return day == l->day || (day < l->day && ts_ns > l->day * NS_PER_DAY - LATE_SEC * NS_PER_SEC);
}

int
contact_log_note(struct contact_log *l, const struct kept *k, struct fault *fault)
{
	uint32_t name, realm;
	int r = 0;

	if (k->kind != KEPT_CONTACT)
		return 0;
	if (l->day < 0 || !is_todays(l, k->ts_ns))
		if ((r = contact_log_flush(l, fault)) < 0 ||
		    (r = open_day(l, k->ts_ns / NS_PER_DAY, fault)) < 0) {
			l->counts.lost++;
			return r;
		}
	if (l->full) {
		l->counts.lost++;
		return 0;
	}
	realm = number_of(l, TEXT_REALM, realm_text(&k->realm), fault);
	name = number_of(l, TEXT_NAME, kept_name(k), fault);
	if (l->day < 0) {
		l->counts.lost++;
		return SE_SYSTEM;
	}
	if (l->block.contacts > 0 && !fits_block(l, k->ts_ns, CONTACT_LONG) &&
	    (r = contact_log_flush(l, fault)) < 0) {
		l->counts.lost++;
		return r;
	}
	if (l->block.contacts == 0) {
		l->block.base_ns = k->ts_ns > BASE_BEFORE_SEC * NS_PER_SEC ?
		    k->ts_ns - BASE_BEFORE_SEC * NS_PER_SEC : 0;
		l->block.last_ns = k->ts_ns;
	}
	put_contact(l, k, name, realm);
	return 0;
}

uint32_t
contact_log_texts(void)
{
	return (TEXT_KINDS - 1) * TEXTS_MAX;
}

size_t
contact_log_text_bytes(void)
{
	return heap_bytes(sizeof(struct numbered) + 1 + TEXT_BYTES_MAX) + sizeof(struct UT_hash_bucket);
}
