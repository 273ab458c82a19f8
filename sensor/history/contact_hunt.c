#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "history/contact_days.h"
#include "history/contact_file.h"
#include "history/contact_log.h"
#include "history/contact_runs.h"

enum { PATH_MOST = 1200, LATE_SEC = 3600 };

/* What one day's numbers stand for. */
struct texts {
	uint8_t *all;
	uint32_t *place[TEXT_KINDS];	/* by number: of the length in `all`, + 1; 0: no such number */
	bool *wanted;			/* by number of a name */
};

struct reading {
	const struct contact_hunt *hunt;
	contact_fn *take;
	void *to;
	struct contact_hunted *out;
	bool by_name, by_end;		/* some value is such a one */
	bool enough;
	struct contact_runs open;	/* their contacts do not count yet */
	struct texts texts;
	uint8_t buffer[BLOCK_HEADER + BLOCK_PAYLOAD_MAX];
};

/* ---- texts ---- */

static void
clear_texts(struct texts *t)
{
	int kind;

	free(t->all);
	for (kind = 0; kind < TEXT_KINDS; kind++)
		free(t->place[kind]);
	free(t->wanted);
	memset(t, 0, sizeof *t);
}

static struct span
text_of(const struct texts *t, enum text_kind kind, uint32_t number)
{
	const uint8_t *at;

	if (number == 0 || number > TEXTS_MAX || t->place[kind] == NULL || t->place[kind][number] == 0)
		return span_of(NULL, 0);
	at = t->all + t->place[kind][number] - 1;
	return span_of(at + 2, (size_t)get_le(at, 2));
}

static bool
is_wanted(const struct contact_hunt *h, struct span name)
{
	unsigned i;

	for (i = 0; i < h->values; i++)
		if (sought_name(&h->value[i], name))
			return true;
	return false;
}

static void
note_texts(struct reading *r, size_t size)
{
	struct texts *t = &r->texts;
	struct span s = span_of(t->all, size), text;
	enum text_kind kind;
	uint32_t number;

	while (text_take(&s, &kind, &number, &text)) {
		t->place[kind][number] = (uint32_t)(text.at - t->all) - 2 + 1;
		if (kind == TEXT_NAME)
			t->wanted[number] = r->by_name && is_wanted(r->hunt, text);
	}
}

/* Without them contacts have no names. False: no memory. */
static bool
load_texts(struct reading *r, const char *path)
{
	struct texts *t = &r->texts;
	int fd = open(path, O_RDONLY | O_CLOEXEC), kind;
	struct stat st = { .st_size = 0 };
	size_t size;
	ssize_t got;

	if (fd >= 0 && (fstat(fd, &st) < 0 || (uint64_t)st.st_size > UINT32_MAX / 2))
		st.st_size = 0;
	size = (size_t)st.st_size;
	t->all = malloc(size + 1);
	t->wanted = calloc(TEXTS_MAX + 1, sizeof *t->wanted);
	for (kind = TEXT_NAME; kind < TEXT_KINDS; kind++)
		t->place[kind] = calloc(TEXTS_MAX + 1, sizeof *t->place[kind]);
	if (t->all == NULL || t->wanted == NULL || t->place[TEXT_NAME] == NULL || t->place[TEXT_REALM] == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	got = fd < 0 ? 0 : pread(fd, t->all, size, 0);
	if (fd >= 0)
		close(fd);
	note_texts(r, got < 0 ? 0 : (size_t)got);
	return true;
}

/* ---- contacts ---- */

static bool
end_fits(const struct contact_hunt *h, const struct sought *s, const struct contact *c)
{
	return sought_end(s, &c->addr[0], c->port[0]) ||
	    (!h->source && sought_end(s, &c->addr[1], c->port[1]));
}

static bool
fits(const struct reading *r, const struct contact *c, uint32_t name)
{
	const struct contact_hunt *h = r->hunt;
	bool named = name <= TEXTS_MAX && r->texts.wanted[name];
	unsigned i;

	if (c->ts_ns < h->from_ns || c->ts_ns > h->to_ns)
		return false;
	if (!named && !r->by_end)
		return false;
	for (i = 0; i < h->values; i++) {
		const struct sought *s = &h->value[i];

		if (!s->is_name && end_fits(h, s, c))
			return true;
		if (s->is_name && named && (s->port == 0 || s->port == c->port[1]) &&
		    sought_name(s, text_of(&r->texts, TEXT_NAME, name)))
			return true;
	}
	return false;
}

static void
complete(const struct reading *r, struct contact *c, uint32_t name, uint32_t realm)
{
	struct span text = text_of(&r->texts, TEXT_REALM, realm);

	c->name = text_of(&r->texts, TEXT_NAME, name);
	if (text.left == sizeof c->realm)
		memcpy(&c->realm, text.at, sizeof c->realm);
	if (c->realm.tunnel >= TUNNEL_KINDS)
		memset(&c->realm, 0, sizeof c->realm);
}

/* Cuts one contact off the payload. */
static bool
take_contact(struct reading *r, const struct block *b, struct span *s)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	const uint8_t *at = s->at;
	uint32_t name, realm;
	struct contact c;
	size_t bytes;
	int side;

	if (s->left < CONTACT_SHORT)
		return false;
	name = (uint32_t)get_le(at + 4, 3);
	realm = (uint32_t)get_le(at + 7, 3);
	bytes = (realm & IS_IPV6) != 0 ? 16 : 4;
	if (s->left < 15 + 2 * bytes)
		return false;
	memset(&c, 0, sizeof c);
	c.ts_ns = b->base_ns + (int64_t)get_le(at, 4) * 1000;
	c.protocol = at[10];
	for (side = 0; side < 2; side++) {
		c.port[side] = (uint16_t)get_le(at + 11 + 2 * side, 2);
		if (bytes == 4)
			memcpy(c.addr[side].b, mapped, sizeof mapped);
		memcpy(c.addr[side].b + 16 - bytes, at + 15 + (size_t)side * bytes, bytes);
	}
	s->at += 15 + 2 * bytes;
	s->left -= 15 + 2 * bytes;
	r->out->contacts++;
	if (c.ts_ns < r->out->first_ns)
		r->out->first_ns = c.ts_ns;
	if (!fits(r, &c, name))
		return true;
	complete(r, &c, name, realm & (IS_IPV6 - 1));
	r->out->found++;
	r->enough = !r->take(r->to, &c);
	return !r->enough;
}

static void
read_blocks(struct reading *r, FILE *in)
{
	const struct contact_hunt *h = r->hunt;
	uint64_t at = 0, skipped;
	struct block b;
	struct span s;

	while (!r->enough && block_next(in, &at, r->buffer, &b, &skipped)) {
		r->out->damaged_bytes += skipped;
		if (contact_runs_has(&r->open, b.run))
			continue;
		if (b.last_ns < h->from_ns || b.base_ns > h->to_ns)
			continue;
		s = span_of(r->buffer + BLOCK_HEADER, b.payload);
		while (take_contact(r, &b, &s))
			continue;
	}
}

static int
read_day(struct reading *r, const char *folder, int64_t day, struct fault *fault)
{
	char path[PATH_MOST], name[DAY_NAME];
	bool loaded;
	FILE *in;

	snprintf(path, sizeof path, "%s/%s.hcl", folder, day_name(day, name));
	if ((in = fopen(path, "re")) == NULL)
		return errno == ENOENT ? 0 : fault_set(fault, SE_SYSTEM, "%s: %s", path, strerror(errno));
	setvbuf(in, NULL, _IOFBF, 1 << 18);
	snprintf(path, sizeof path, "%s/%s.hcs", folder, name);
	if ((loaded = load_texts(r, path))) {
		r->out->days++;
		read_blocks(r, in);
	}
	clear_texts(&r->texts);
	fclose(in);
	return loaded ? 0 : fault_set(fault, SE_NOMEM, "%s: no memory for its texts", path);
}

/* A day's file also holds what came late from the day before. */
static bool
day_fits(const struct contact_hunt *h, int64_t day)
{
	int64_t begin_ns = day * 86400 * NS_PER_SEC;

	return h->to_ns >= begin_ns - LATE_SEC * NS_PER_SEC && h->from_ns < begin_ns + 86400 * NS_PER_SEC;
}

int
contact_log_hunt(const char *folder, const struct contact_hunt *hunt, contact_fn *take, void *to,
    struct contact_hunted *out, struct fault *fault)
{
	struct contact_days *days = malloc(sizeof *days);
	struct reading *r = calloc(1, sizeof *r);
	unsigned i;
	int code = 0;

	memset(out, 0, sizeof *out);
	out->first_ns = INT64_MAX;
	if (days == NULL || r == NULL) {
		free(days);
		free(r);
		return fault_set(fault, SE_NOMEM, "no memory");
	}
	r->hunt = hunt;
	r->take = take;
	r->to = to;
	r->out = out;
	for (i = 0; i < hunt->values; i++)
		*(hunt->value[i].is_name ? &r->by_name : &r->by_end) = true;
	contact_runs_list(folder, &r->open);
	contact_days_list(folder, days);
	for (i = 0; i < days->count && code == 0 && !r->enough; i++)
		if (day_fits(hunt, days->day[i].day))
			code = read_day(r, folder, days->day[i].day, fault);
	free(days);
	free(r);
	return code;
}
