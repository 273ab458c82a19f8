#include "base/suffix.h"

#include <libpsl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ends.h"
#include "base/hash.h"

static const char LIST[] = "/usr/share/publicsuffix/public_suffix_list.dat";

enum {
	FILTER_BITS = 12, FILTER_WORDS = 1 << FILTER_BITS, RULE_MOST = 256, RULES_LEAST = 5000,
	ASKED_MOST = 1024,		/* of libpsl: that costs as much as reading the list */
	REMEMBERED = 1 << 13
};

/* Two bits each: "co.uk"; what stands behind "*." ("*.ck": ck is one, and each name below it). */
static uint64_t rules[FILTER_WORDS], wild[FILTER_WORDS];
static bool ready;
static FILE *list;		/* open, but not read yet; or NULL */
static unsigned asked;

/* ---- the filter ---- */

static bool
may_have(const uint64_t *filter, uint64_t hash)
{
	return ends_may_have(filter, FILTER_BITS, hash);
}

/* Of the rules in other scripts libpsl is asked. */
static bool
add_rule(const char *line)
{
	size_t len = strcspn(line, " \t\r\n");

	if (len == 0 || line[0] == '!' || strncmp(line, "//", 2) == 0)
		return false;
	if (strncmp(line, "*.", 2) == 0) {
		line += 2;
		len -= 2;
		ends_add(wild, FILTER_BITS, line, len);
	}
	ends_add(rules, FILTER_BITS, line, len);
	return true;
}

void
suffix_prepare(void)
{
	struct stat st;

	if (ready || list != NULL || (list = fopen(LIST, "re")) == NULL)
		return;
	if (fstat(fileno(list), &st) == 0 && st.st_mtime >= psl_builtin_file_time())
		return;
	fclose(list);
	list = NULL;
}

void
suffix_origin(char *buf, size_t size)
{
	struct stat st;

	if (stat(LIST, &st) < 0)
		memset(&st, 0, sizeof st);
	snprintf(buf, size, "%s %lld.%09ld %lld", psl_builtin_sha1sum(), (long long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec, (long long)st.st_size);
}

static void
read_list(void)
{
	char line[RULE_MOST];
	unsigned count = 0;

	while (fgets(line, sizeof line, list) != NULL)
		count += add_rule(line);
	/* A list that was cut short would let suffixes pass. */
	ready = count >= RULES_LEAST && feof(list) && !ferror(list);
	fclose(list);
	list = NULL;
}

/* ---- what libpsl says ---- */

/* By a keyed hash of the name; the last bit is the answer. */
static uint64_t remembered[REMEMBERED];

static bool
ask(const char *name, size_t len)
{
	uint64_t hash = hash_table(name, len), *place = &remembered[hash >> 32 & (REMEMBERED - 1)];

	hash |= 1;
	if ((*place | 1) != hash || *place == 0) {
		*place = psl_is_public_suffix(psl_builtin(), name) != 0 ? hash : hash - 1;
		if (++asked == ASKED_MOST && list != NULL)
			read_list();
	}
	return *place == hash;
}

size_t
suffix_at(const char *name, size_t len)
{
	bool foreign = strstr(name, "xn--") != NULL;
	uint64_t hash = ENDS_BEGIN, parent;
	size_t at = len, found;

	while (at > 0 && name[at - 1] != '.')
		hash = ends_step(hash, name[--at]);
	/* A last label is one, whether the list has it or not. */
	found = at;
	while (at > 0) {
		parent = hash;
		hash = ends_step(hash, name[--at]);
		while (at > 0 && name[at - 1] != '.')
			hash = ends_step(hash, name[--at]);
		/* libpsl passes over a dot that comes first. */
		if ((!ready || foreign || name[at] == '.' || may_have(rules, hash) || may_have(wild, parent)) &&
		    ask(name + at, len - at))
			found = at;
	}
	return found;
}

bool
suffix_is_public(const char *name)
{
	return suffix_at(name, strlen(name)) == 0;
}
