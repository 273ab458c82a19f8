#include "beacon/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ends.h"
#include "base/table.h"
#include "base/when.h"

static const char shipped[] =
#include "harmless.inc"
;

enum kind { KIND_DOMAIN, KIND_ASN, KIND_CERT, KIND_ADDRESS, KIND_UPLOAD, KIND_SUPPORT, KINDS };

enum { VALUE_MAX = 255, LINE_MAX_BYTES = 1024, FILTER_BITS = 8 };

/* Of tools of remote support, as app_proto calls them. */
static const char *const protocols[APP_KINDS] = {
	[APP_TEAMVIEWER] = "teamviewer", [APP_ANYDESK] = "anydesk", [APP_RUSTDESK] = "rustdesk", [APP_RFB] = "rfb",
};

struct rule {
	UT_hash_handle hh;
	struct rule *next;		/* with the same kind and value */
	uint8_t kind;
	struct cidr network;		/* ADDRESS */
	bool for_some;
	struct cidr host;
	int64_t until_ns;		/* INT64_MAX: never ends */
	char reason[KNOWN_REASON_MAX];
	char key[];			/* one byte of kind, then the value in lower case */
};

struct known {
	struct rule *table;		/* all but addresses */
	struct rule *addresses;
	unsigned count;
	uint64_t filter[1 << FILTER_BITS];	/* of the table's values */
};

/* ---- reading ---- */

static char *
next_word(char **line)
{
	char *word = *line + strspn(*line, " \t"), *end = word + strcspn(word, " \t");

	*line = *end == '\0' ? end : end + 1;
	*end = '\0';
	return word;
}

static bool
read_kind(const char *word, struct rule *r)
{
	static const char *const kinds[KINDS] = { "domain", "asn", "cert", "address", "upload", "support" };
	unsigned i;

	for (i = 0; i < KINDS; i++) {
		if (strcmp(word, kinds[i]) == 0) {
			r->kind = (uint8_t)i;
			return true;
		}
	}
	return false;
}

static bool
is_protocol(const char *value)
{
	unsigned app;

	for (app = 0; app < APP_KINDS; app++)
		if (protocols[app] != NULL && strcmp(protocols[app], value) == 0)
			return true;
	return false;
}

static bool
is_value(const struct rule *r, const char *value)
{
	static const char *const letters[KINDS] = {
		"abcdefghijklmnopqrstuvwxyz0123456789-_.", "0123456789", "0123456789abcdef", NULL,
		"abcdefghijklmnopqrstuvwxyz0123456789-_.", "abcdefghijklmnopqrstuvwxyz0123456789-_.",
	};
	size_t len = strlen(value);

	if (r->kind == KIND_ADDRESS)
		return true;
	if (r->kind == KIND_SUPPORT && strchr(value, '.') == NULL)
		return is_protocol(value);
	return len > 0 && strspn(value, letters[r->kind]) == len && (r->kind != KIND_CERT || len == 40) &&
	    ((r->kind != KIND_DOMAIN && r->kind != KIND_UPLOAD && r->kind != KIND_SUPPORT) || (strchr(value, '.') != NULL && value[0] != '.' && value[len - 1] != '.'));
}

static const char *
read_option(const char *word, struct rule *r)
{
	char day[32];

	if (strncmp(word, "host=", 5) == 0) {
		r->for_some = true;
		return cidr_parse(word + 5, strlen(word + 5), &r->host) ? NULL : "host=: an address or CIDR expected";
	}
	snprintf(day, sizeof day, "%.10sT23:59:59Z", word + 6);
	return strlen(word + 6) == 10 && when_parse(day, strlen(day), 0, &r->until_ns) ? NULL :
	    "until=: a day as 2026-12-31 expected";
}

static void
put(struct known *k, struct rule *r)
{
	size_t len = 1 + strlen(r->key + 1);
	struct rule *first;

	k->count++;
	if (r->kind == KIND_ADDRESS) {
		r->next = k->addresses;
		k->addresses = r;
		return;
	}
	ends_add(k->filter, FILTER_BITS, r->key + 1, len - 1);
	HASH_FIND(hh, k->table, r->key, len, first);
	if (first != NULL) {
		r->next = first->next;
		first->next = r;
		return;
	}
	HASH_ADD_KEYPTR(hh, k->table, r->key, len, r);
	if (element_not_added(r))
		free(r);
}

/* What is wrong with the line, or NULL. */
static const char *
read_line(struct known *k, char *line)
{
	char *kind, *value, *at;
	const char *wrong;
	struct rule *r, form;

	memset(&form, 0, sizeof form);
	form.until_ns = INT64_MAX;
	kind = next_word(&line);
	if (*kind == '\0' || *kind == '#')
		return NULL;
	value = next_word(&line);
	for (at = value; *at != '\0'; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
	if (!read_kind(kind, &form))
		return "domain, asn, cert, address, upload or support expected";
	if (strlen(value) > VALUE_MAX || !is_value(&form, value) ||
	    (form.kind == KIND_ADDRESS && !cidr_parse(value, strlen(value), &form.network)))
		return "that is no such value";
	for (line += strspn(line, " \t"); strncmp(line, "host=", 5) == 0 || strncmp(line, "until=", 6) == 0;
	    line += strspn(line, " \t"))
		if ((wrong = read_option(next_word(&line), &form)) != NULL)
			return wrong;
	if (*line == '\0')
		return "a reason expected";
	if (k->count >= KNOWN_MOST)
		return "too many rules";
	if ((r = malloc(sizeof *r + strlen(value) + 2)) == NULL)
		return "no memory";
	*r = form;
	snprintf(r->reason, sizeof r->reason, "%.*s", KNOWN_REASON_MAX - 1, line);
	r->key[0] = (char)('0' + r->kind);
	memcpy(r->key + 1, value, strlen(value) + 1);
	put(k, r);
	return NULL;
}

static int
read_lines(struct known *k, FILE *f, const char *name, struct fault *fault)
{
	char line[LINE_MAX_BYTES];
	const char *wrong;
	unsigned number = 0;
	size_t len;

	while (fgets(line, sizeof line, f) != NULL) {
		number++;
		len = strlen(line);
		if (len > 0 && line[len - 1] != '\n' && !feof(f))
			return fault_set(fault, SE_USAGE, "%s:%u: longer than %d bytes", name, number, LINE_MAX_BYTES - 2);
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r' || line[len - 1] == ' '))
			line[--len] = '\0';
		if ((wrong = read_line(k, line)) != NULL)
			return fault_set(fault, SE_USAGE, "%s:%u: %s", name, number, wrong);
	}
	return 0;
}

int
known_add_shipped(struct known *k, struct fault *fault)
{
	FILE *f = fmemopen((void *)(uintptr_t)shipped, sizeof shipped - 1, "r");
	int r;

	if (f == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for the list of harmless services");
	r = read_lines(k, f, "feeds/harmless.txt", fault);
	fclose(f);
	return r;
}

int
known_add_file(struct known *k, const char *path, struct fault *fault)
{
	FILE *f = fopen(path, "re");
	int r;

	if (f == NULL)
		return fault_set(fault, SE_USAGE, "%s: %m: a readable file expected", path);
	r = read_lines(k, f, path, fault);
	fclose(f);
	return r;
}

/* ---- asking ---- */

static const char *
in_force(const struct rule *r, const struct addr *host, int64_t now_ns)
{
	for (; r != NULL; r = r->next)
		if (now_ns <= r->until_ns && (!r->for_some || cidr_contains(&r->host, host)))
			return r->reason;
	return NULL;
}

static const char *
find(const struct known *k, enum kind kind, struct span value, const struct addr *host, int64_t now_ns)
{
	char key[VALUE_MAX + 2];
	struct rule *r;

	if (k == NULL || k->table == NULL || value.left == 0 || value.left > VALUE_MAX)
		return NULL;
	key[0] = (char)('0' + kind);
	memcpy(key + 1, value.at, value.left);
	HASH_FIND(hh, k->table, key, value.left + 1, r);
	return in_force(r, host, now_ns);
}

static bool
may_be_known(const struct known *k, struct span name)
{
	uint64_t hash = ENDS_BEGIN;
	size_t at = name.left;

	while (at > 0) {
		hash = ends_step(hash, (char)name.at[--at]);
		if ((at == 0 || name.at[at - 1] == '.') && ends_may_have(k->filter, FILTER_BITS, hash))
			return true;
	}
	return false;
}

/* The rule of the name or of one above it. Nearly every name has none. */
static const char *
find_above(const struct known *k, enum kind kind, struct span name, const struct addr *host, int64_t now_ns)
{
	const char *reason;
	const uint8_t *dot;

	if (k == NULL || !may_be_known(k, name))
		return NULL;
	while ((reason = find(k, kind, name, host, now_ns)) == NULL) {
		if (name.left == 0 || (dot = memchr(name.at, '.', name.left)) == NULL)
			return NULL;
		name = span_of(dot + 1, name.left - (size_t)(dot + 1 - name.at));
	}
	return reason;
}

const char *
known_domain(const struct known *k, struct span name, const struct addr *host, int64_t now_ns)
{
	return find_above(k, KIND_DOMAIN, name, host, now_ns);
}

const char *
known_upload(const struct known *k, struct span name, const struct addr *host, int64_t now_ns)
{
	return find_above(k, KIND_UPLOAD, name, host, now_ns);
}

const char *
known_support(const struct known *k, struct span name, const struct addr *host, int64_t now_ns)
{
	return find_above(k, KIND_SUPPORT, name, host, now_ns);
}

bool
known_supports(enum app app)
{
	return protocols[app] != NULL;
}

const char *
known_protocol(const struct known *k, enum app app, const struct addr *host, int64_t now_ns)
{
	return protocols[app] == NULL ? NULL : find(k, KIND_SUPPORT, span_text(protocols[app]), host, now_ns);
}

const char *
known_address(const struct known *k, const struct addr *peer, const struct addr *host, int64_t now_ns)
{
	const struct rule *r;

	for (r = k == NULL ? NULL : k->addresses; r != NULL; r = r->next)
		if (cidr_contains(&r->network, peer) && now_ns <= r->until_ns &&
		    (!r->for_some || cidr_contains(&r->host, host)))
			return r->reason;
	return NULL;
}

const char *
known_asn(const struct known *k, uint32_t asn, const struct addr *host, int64_t now_ns)
{
	char digits[16];

	if (asn == 0)
		return NULL;
	snprintf(digits, sizeof digits, "%u", asn);
	return find(k, KIND_ASN, span_text(digits), host, now_ns);
}

const char *
known_cert(const struct known *k, struct span sha1, const struct addr *host, int64_t now_ns)
{
	return find(k, KIND_CERT, sha1, host, now_ns);
}

/* ---- making it ---- */

struct known *
known_new(void)
{
	return calloc(1, sizeof(struct known));
}

static void
free_rules(struct rule *r)
{
	struct rule *next;

	for (; r != NULL; r = next) {
		next = r->next;
		free(r);
	}
}

void
known_free(struct known *k)
{
	struct rule *r, *next;

	if (k == NULL)
		return;
	HASH_ITER(hh, k->table, r, next) {
		HASH_DEL(k->table, r);
		free_rules(r);
	}
	free_rules(k->addresses);
	free(k);
}
