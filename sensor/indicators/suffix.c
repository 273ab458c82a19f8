#include "indicators/suffix.h"

#include <libpsl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"

static const char LIST[] = "/usr/share/publicsuffix/public_suffix_list.dat";

enum { FILTER_WORDS = 1 << 12, RULE_MOST = 256, RULES_LEAST = 5000 };

/* Two bits each: "co.uk"; what stands behind "*." ("*.ck": ck is one, and each name below it). */
static uint64_t rules[FILTER_WORDS], wild[FILTER_WORDS];
static bool ready;

static uint64_t
bits_of(const char *name, size_t len, unsigned *word)
{
	uint64_t hash = hash_quick(&HASH_FIXED, name, len);

	*word = (unsigned)(hash >> 32) % FILTER_WORDS;
	return 1ULL << (hash & 63) | 1ULL << (hash >> 6 & 63);
}

static void
add(uint64_t *filter, const char *name, size_t len)
{
	unsigned word;
	uint64_t bits = bits_of(name, len, &word);

	filter[word] |= bits;
}

static bool
may_have(const uint64_t *filter, const char *name, size_t len)
{
	unsigned word;
	uint64_t bits = bits_of(name, len, &word);

	return (filter[word] & bits) == bits;
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
		add(wild, line, len);
	}
	add(rules, line, len);
	return true;
}

void
suffix_prepare(void)
{
	char line[RULE_MOST];
	unsigned count = 0;
	struct stat st;
	FILE *in;

	if (ready || (in = fopen(LIST, "re")) == NULL)
		return;
	if (fstat(fileno(in), &st) == 0 && st.st_mtime >= psl_builtin_file_time())
		while (fgets(line, sizeof line, in) != NULL)
			count += add_rule(line);
	/* A list that was cut short would let suffixes pass. */
	ready = count >= RULES_LEAST && feof(in) && !ferror(in);
	fclose(in);
}

bool
suffix_is_public(const char *name)
{
	const char *dot = strchr(name, '.');
	size_t len = strlen(name);

	if (ready && dot != NULL && strstr(name, "xn--") == NULL && !may_have(rules, name, len) &&
	    !may_have(wild, dot + 1, len - (size_t)(dot + 1 - name)))
		return false;
	return psl_is_public_suffix(psl_builtin(), name) != 0;
}
