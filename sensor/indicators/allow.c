#include "indicators/allow.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/hash.h"
#include "base/when.h"
#include "indicators/slots.h"
#include "indicators/text.h"

static const char shipped[] =
#include "allow.inc"
;

enum { LISTS_MAX = 256, LIST_BYTES_MAX = 256 << 20, LINE_BYTES_MAX = 1024, NETWORK_BYTES = 17, ENDS_BITS = 1 << 18 };
enum kind { KIND_ADDRESS, KIND_NAME, KIND_DOMAIN, KIND_ASN, KIND_SUBJECT, KINDS };

struct rule {
	uint8_t kind;
	uint16_t list;
	uint32_t line;
	int64_t until_ns;		/* INT64_MAX: never ends */
	char *value, *reason;		/* value: as it is asked for; a network: 16 bytes and how many bits */
	size_t len;
};

struct allow {
	struct rule *rules;
	uint32_t count, room;
	struct slots by_value;
	bool length[129];		/* there is an address rule with so many bits */
	uint64_t v4[256];		/* bit n: one of 96 + n bits holds addresses with this first byte */
	bool beyond_v4;			/* one of less than 96 bits holds IPv4 */
	uint64_t ends[ENDS_BITS / 64];	/* of the last two labels of names and domains, or of the only one */
	char *lists[LISTS_MAX];
	unsigned lists_count;
};

struct allow *
allow_new(void)
{
	struct allow *a = calloc(1, sizeof *a);

	if (a != NULL)
		slots_init(&a->by_value);
	return a;
}

void
allow_free(struct allow *a)
{
	uint32_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->count; i++) {
		free(a->rules[i].value);
		free(a->rules[i].reason);
	}
	for (i = 0; i < a->lists_count; i++)
		free(a->lists[i]);
	free(a->rules);
	slots_clear(&a->by_value);
	free(a);
}

/* ---- keeping and finding ---- */

static uint32_t
hash_of(enum kind kind, const char *value, size_t len)
{
	return (uint32_t)hash_table(value, len) ^ (uint32_t)kind * 0x9e3779b9u;
}

/* `len` bytes and a NUL; a network has NULs of its own. */
static char *
copy_value(const char *value, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy != NULL) {
		memcpy(copy, value, len);
		copy[len] = '\0';
	}
	return copy;
}

static int
keep(struct allow *a, const struct rule *r, const char *value, size_t len, const char *reason, struct fault *fault)
{
	uint32_t room = a->room == 0 ? 64 : a->room * 2;
	struct rule *grown = a->rules, *kept;

	if (a->count == ALLOW_MOST)
		return fault_set(fault, SE_LIMIT, "%s:%u: more than %d rules", a->lists[r->list], r->line,
		    (int)ALLOW_MOST);
	if (a->count == a->room) {
		if ((grown = realloc(a->rules, room * sizeof *grown)) == NULL)
			goto no_memory;
		a->rules = grown;
		a->room = room;
	}
	kept = &a->rules[a->count];
	*kept = *r;
	kept->value = copy_value(value, len);
	kept->len = len;
	kept->reason = strndup(reason, ALLOW_REASON_MAX);
	if (kept->value != NULL && kept->reason != NULL &&
	    slots_add(&a->by_value, hash_of(r->kind, value, len), a->count) == 0) {
		a->count++;
		return 0;
	}
	free(kept->value);
	free(kept->reason);
no_memory:
	return fault_set(fault, SE_NOMEM, "%s: no memory", a->lists[r->list]);
}

static bool
find(const struct allow *a, enum kind kind, const char *value, size_t len, int64_t now_ns,
    struct allow_rule *out)
{
	uint32_t hash = hash_of(kind, value, len), n;
	struct slots_walk walk = slots_find(&a->by_value, hash);
	const struct rule *r;

	while ((n = slots_next(&a->by_value, hash, &walk)) != SLOTS_NONE) {
		r = &a->rules[n];
		if (r->kind != kind || now_ns > r->until_ns || r->len != len ||
		    memcmp(r->value, value, len) != 0)
			continue;
		*out = (struct allow_rule){ a->lists[r->list], r->line, r->reason };
		return true;
	}
	return false;
}

/* The first `bits` bits of it, as they are kept. */
static void
network_key(const struct addr *base, unsigned bits, char key[NETWORK_BYTES])
{
	unsigned i;

	memcpy(key, base->b, sizeof base->b);
	for (i = bits / 8; i < sizeof base->b; i++)
		key[i] = (char)(key[i] & (i > bits / 8 || bits % 8 == 0 ? 0 : 0xff00 >> bits % 8));
	key[NETWORK_BYTES - 1] = (char)bits;
}

static bool
find_length(const struct allow *a, const struct addr *base, unsigned bits, int64_t now_ns, struct allow_rule *out)
{
	char key[NETWORK_BYTES];

	network_key(base, bits, key);
	return find(a, KIND_ADDRESS, key, sizeof key, now_ns, out);
}

/* The networks that hold this one, the longest first. */
static bool
find_network(const struct allow *a, const struct cidr *net, int64_t now_ns, struct allow_rule *out)
{
	bool v4 = net->bits >= 96 && addr_is_v4(&net->base);
	uint64_t lengths = v4 ? a->v4[net->base.b[12]] & ((2ULL << (net->bits - 96)) - 1) : 0;
	int bits;

	for (; lengths != 0; lengths &= ~(1ULL << (bits - 96))) {
		bits = 96 + 63 - __builtin_clzll(lengths);
		if (find_length(a, &net->base, (unsigned)bits, now_ns, out))
			return true;
	}
	if (v4 && !a->beyond_v4)
		return false;
	for (bits = v4 ? 95 : net->bits; bits >= 0; bits--)
		if (a->length[bits] && find_length(a, &net->base, (unsigned)bits, now_ns, out))
			return true;
	return false;
}

static void
note_network(struct allow *a, const struct cidr *net)
{
	static const struct addr mapped = { { [10] = 0xff, [11] = 0xff } };
	unsigned first = net->base.b[12], last;

	a->length[net->bits] = true;
	if (net->bits < 96) {
		a->beyond_v4 = a->beyond_v4 || cidr_contains(net, &mapped);
	} else if (addr_is_v4(&net->base)) {
		last = net->bits >= 104 ? first : first + (0xffu >> (net->bits - 96));
		for (; first <= last; first++)
			a->v4[first] |= 1ULL << (net->bits - 96);
	}
}

/* Few bytes of it are enough: most names end as no rule does. */
static uint32_t
hash_end(const char *end, size_t len)
{
	uint64_t word[2] = { 0, 0 };

	memcpy(&word[0], end, len < 8 ? len : 8);
	memcpy(&word[1], end + (len < 8 ? 0 : len - 8), len < 8 ? len : 8);
	return (uint32_t)((word[0] * 0x9e3779b97f4a7c15ULL ^ (word[1] + len) * 0xd6e8feb86659fd93ULL) >> 40) % ENDS_BITS;
}

/* Where the last two labels begin, and the last one. */
static void
find_ends(const char *name, size_t len, const char **two, const char **one)
{
	*one = memrchr(name, '.', len);
	*two = *one == NULL ? NULL : memrchr(name, '.', (size_t)(*one - name));
	*one = *one == NULL ? name : *one + 1;
	*two = *two == NULL ? name : *two + 1;
}

static void
note_name(struct allow *a, const char *name, size_t len)
{
	const char *two, *one;
	uint32_t bit;

	find_ends(name, len, &two, &one);
	bit = hash_end(two, (size_t)(name + len - two));
	a->ends[bit / 64] |= 1ULL << bit % 64;
}

/* Is there a rule that ends as this name does, or one of its last label alone? */
static bool
may_have_name(const struct allow *a, const char *name, size_t len)
{
	const char *two, *one;
	uint32_t bit, other;

	find_ends(name, len, &two, &one);
	bit = hash_end(two, (size_t)(name + len - two));
	other = hash_end(one, (size_t)(name + len - one));
	return ((a->ends[bit / 64] >> bit % 64 | a->ends[other / 64] >> other % 64) & 1) != 0;
}

static bool
find_name(const struct allow *a, const char *name, size_t len, int64_t now_ns, struct allow_rule *out)
{
	const char *parent = name, *end = name + len;

	if (!may_have_name(a, name, len))
		return false;
	if (find(a, KIND_NAME, name, len, now_ns, out))
		return true;
	for (; parent != NULL; parent = strchr(parent, '.')) {
		parent += *parent == '.';
		if (find(a, KIND_DOMAIN, parent, (size_t)(end - parent), now_ns, out))
			return true;
	}
	return false;
}

bool
allow_value(const struct allow *a, const struct value *v, int64_t now_ns, struct allow_rule *out)
{
	switch (v->type) {
	case INDICATOR_ADDRESS:
	case INDICATOR_ADDRESS_PORT:
	case INDICATOR_CIDR:
		return find_network(a, &v->net, now_ns, out);
	case INDICATOR_DOMAIN:
		return find_name(a, v->text, v->len, now_ns, out);
	case INDICATOR_URL:
		return v->host_is_address && find_network(a, &v->net, now_ns, out);
	default:
		return false;
	}
}

int64_t
allow_until(const struct allow *a, int64_t now_ns)
{
	int64_t until_ns = INT64_MAX;
	uint32_t i;

	for (i = 0; i < a->count; i++)
		if (a->rules[i].until_ns >= now_ns && a->rules[i].until_ns < until_ns)
			until_ns = a->rules[i].until_ns;
	return until_ns;
}

bool
allow_asn(const struct allow *a, uint32_t asn, int64_t now_ns, struct allow_rule *out)
{
	char text[16];
	int len = snprintf(text, sizeof text, "%u", asn);

	return asn != 0 && find(a, KIND_ASN, text, (size_t)len, now_ns, out);
}

bool
allow_subject(const struct allow *a, struct span subject, int64_t now_ns, struct allow_rule *out)
{
	return subject.left > 0 &&
	    find(a, KIND_SUBJECT, (const char *)subject.at, subject.left, now_ns, out);
}

/* ---- values ---- */

/* One network, as it is asked for; an IPv4 address has 128 bits, too. */
static const char *
keep_network(struct allow *a, const struct rule *r, const char *value, const char *reason,
    struct fault *fault, int *code)
{
	char key[NETWORK_BYTES];
	struct cidr net;

	if (!cidr_parse(value, strlen(value), &net))
		return "an address or a CIDR";
	note_network(a, &net);
	network_key(&net.base, net.bits, key);
	*code = keep(a, r, key, sizeof key, reason, fault);
	return NULL;
}

/* NULL, or what was expected; *code: what else went wrong. */
static const char *
keep_value(struct allow *a, const struct rule *r, const char *value, const char *reason,
    struct fault *fault, int *code)
{
	struct value v;
	const char *why;
	size_t len = strlen(value);

	*code = 0;
	if (r->kind == KIND_ADDRESS)
		return keep_network(a, r, value, reason, fault, code);
	if (r->kind == KIND_ASN) {
		value += strncasecmp(value, "AS", 2) == 0 ? 2 : 0;
		if (*value == '\0' || strspn(value, "0123456789") != strlen(value) || strlen(value) > 10)
			return "an AS number";
	} else if (r->kind != KIND_SUBJECT) {
		if (!value_parse(span_of(value, len), 1 << INDICATOR_DOMAIN, &v, &why))
			return why;
		value = v.text;
		note_name(a, v.text, v.len);
	}
	*code = keep(a, r, value, strlen(value), reason, fault);
	return NULL;
}

/* ---- lines ---- */

/* The next word, or what stands in quotes; *line goes behind it. NULL: none. */
static char *
next_word(char **line)
{
	char *word = *line + strspn(*line, " \t"), *end;
	bool quoted = *word == '"';

	word += quoted;
	end = quoted ? strchr(word, '"') : word + strcspn(word, " \t");
	if (end == NULL || end == word)
		return NULL;
	*line = *end == '\0' ? end : end + 1;
	*end = '\0';
	return word;
}

/* NULL, or what is wrong with the line. */
static const char *
read_rule(struct allow *a, struct rule r, char *line, struct fault *fault, int *code)
{
	static const char *const kinds[KINDS] = { "address", "name", "domain", "asn", "subject" };
	char *kind = next_word(&line), *value, *day;

	for (r.kind = 0; r.kind < KINDS && kind != NULL; r.kind++)
		if (strcmp(kind, kinds[r.kind]) == 0)
			break;
	if (kind == NULL || r.kind == KINDS)
		return "address, name, domain, asn or subject";
	if ((value = next_word(&line)) == NULL)
		return "a value behind the kind";
	line += strspn(line, " \t");
	if (strncmp(line, "until=", 6) == 0) {
		day = next_word(&line) + 6;
		if (strlen(day) != 10 || !when_parse(day, 10, 0, &r.until_ns))
			return "until= and a day as 2026-12-31";
		line += strspn(line, " \t");
	}
	if (*line == '\0')
		return "a reason at the end";
	return keep_value(a, &r, value, line, fault, code);
}

static int
read_lines(struct allow *a, uint16_t list, const char *text, struct fault *fault)
{
	struct rule r = { .list = list, .until_ns = INT64_MAX };
	char line[LINE_BYTES_MAX];
	const char *why = NULL;
	int code = 0;
	size_t len;

	for (; *text != '\0' && why == NULL && code == 0; text += text[len] == '\n' ? len + 1 : len) {
		len = strcspn(text, "\n");
		r.line++;
		if (len >= sizeof line) {
			why = "a line of less than 1024 bytes";
			break;
		}
		memcpy(line, text, len);
		line[len] = '\0';
		line[strcspn(line, "#\r")] = '\0';
		if (line[strspn(line, " \t")] != '\0')
			why = read_rule(a, r, line, fault, &code);
	}
	if (why != NULL)
		return fault_set(fault, SE_USAGE, "%s:%u: expected %s", a->lists[list], r.line, why);
	return code;
}

/* ---- MISP warning lists ---- */

static int
read_warnings(struct allow *a, uint16_t list, const char *text, struct fault *fault)
{
	struct rule r = { .list = list, .until_ns = INT64_MAX };
	cJSON *o = cJSON_Parse(text);
	const cJSON *type = cJSON_GetObjectItem(o, "type"), *name = cJSON_GetObjectItem(o, "name"), *one;
	const cJSON *entries = cJSON_GetObjectItem(o, "list");
	const char *kind = cJSON_IsString(type) ? type->valuestring : "";
	const char *reason = cJSON_IsString(name) ? name->valuestring : "MISP warning list";
	bool string = strcmp(kind, "string") == 0;
	struct cidr net;
	int code = 0;

	if (!cJSON_IsArray(entries) || (!string && strcmp(kind, "cidr") != 0 && strcmp(kind, "hostname") != 0)) {
		code = fault_set(fault, SE_USAGE, "%s: expected a MISP warning list of type cidr, hostname or "
		    "string", a->lists[list]);
		goto done;
	}
	cJSON_ArrayForEach(one, entries) {
		r.line++;
		if (!cJSON_IsString(one))
			continue;
		r.kind = cidr_parse(one->valuestring, strlen(one->valuestring), &net) ? KIND_ADDRESS :
		    string ? KIND_NAME : KIND_DOMAIN;
		/* Entries of other things (hashes, mail addresses) say nothing here. */
		keep_value(a, &r, one->valuestring + (one->valuestring[0] == '.'), reason, fault, &code);
		if (code < 0)
			break;
	}
done:
	cJSON_Delete(o);
	return code;
}

/* ---- files ---- */

static int
add_text(struct allow *a, const char *name, const char *text, struct fault *fault)
{
	uint16_t list = (uint16_t)a->lists_count;

	if (a->lists_count == LISTS_MAX)
		return fault_set(fault, SE_LIMIT, "%s: expected at most %d allow lists", name, (int)LISTS_MAX);
	if ((a->lists[list] = strdup(name)) == NULL)
		return fault_set(fault, SE_NOMEM, "%s: no memory", name);
	a->lists_count++;
	return text[strspn(text, " \t\r\n")] == '{' ? read_warnings(a, list, text, fault) :
	    read_lines(a, list, text, fault);
}

/* Of the shipped list, what stands behind the mark is documentation. */
int
allow_add_shipped(struct allow *a, bool documentation, struct fault *fault)
{
	const char *mark = strstr(shipped, "# Documentation");
	char *text;
	int r;

	if (documentation || mark == NULL)
		return add_text(a, "shipped", shipped, fault);
	if ((text = strndup(shipped, (size_t)(mark - shipped))) == NULL)
		return fault_set(fault, SE_NOMEM, "allow list: no memory");
	r = add_text(a, "shipped", text, fault);
	free(text);
	return r;
}

static int
add_file(struct allow *a, const char *path, struct fault *fault)
{
	char *text = NULL;
	size_t len = 0, got;
	FILE *to = open_memstream(&text, &len), *in = fopen(path, "re");
	char block[4096];
	int r;

	if (to == NULL || in == NULL) {
		r = fault_set(fault, SE_USAGE, "%s: %s: expected an allow list", path, strerror(errno));
		goto done;
	}
	while ((got = fread(block, 1, sizeof block, in)) > 0 && len + got < LIST_BYTES_MAX)
		if (fwrite(block, 1, got, to) < got || fflush(to) != 0)
			break;
	fclose(to);
	to = NULL;
	if (got > 0 || text == NULL || strlen(text) != len)
		r = fault_set(fault, SE_USAGE, "%s: expected text of at most %d MiB", path,
		    (int)(LIST_BYTES_MAX >> 20));
	else
		r = add_text(a, path, text, fault);
done:
	if (to != NULL)
		fclose(to);
	if (in != NULL)
		fclose(in);
	free(text);
	return r;
}

int
allow_add_path(struct allow *a, const char *path, struct fault *fault)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort), i, r = 0;
	char file[4096];

	if (count < 0)
		return errno == ENOTDIR ? add_file(a, path, fault) :
		    fault_set(fault, SE_USAGE, "%s: %s: expected an allow list", path, strerror(errno));
	for (i = 0; i < count; i++) {
		if (r == 0 && entries[i]->d_name[0] != '.' &&
		    snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name) < (int)sizeof file)
			r = add_file(a, file, fault);
		free(entries[i]);
	}
	free(entries);
	return r;
}
