/*
 * STIX 2.1 indicators, in a bundle or as a TAXII 2.1 collection answers.
 *
 * Patterns (STIX 2.1, section 9) that name one thing, or several joined by OR,
 * or an address and its port joined by AND. Any other is refused aloud: half a
 * condition would match what its author excluded.
 */
#include "indicators/feed.h"

#include <strings.h>

#include "base/when.h"

enum { ITEMS_MAX = 256, STIX_CONFIDENCE = 50 };

enum relation { REL_EQUAL, REL_IN, REL_SUBSET };

/* One comparison; IN gives one for each of its values. */
struct item {
	unsigned types;		/* of the value; 0: the port that goes with an address */
	struct span value;
};

struct pattern {
	struct span rest;
	uint8_t *room;		/* for values whose escapes are undone */
	const char *why;	/* what was expected instead */
	unsigned count, ands, ors;
	struct item item[ITEMS_MAX];
};

static const struct {
	const char *path;
	unsigned types;
} paths_known[] = {
	{ "ipv4-addr:value", 1 << INDICATOR_ADDRESS | 1 << INDICATOR_CIDR },
	{ "ipv6-addr:value", 1 << INDICATOR_ADDRESS | 1 << INDICATOR_CIDR },
	{ "domain-name:value", 1 << INDICATOR_DOMAIN },
	{ "url:value", 1 << INDICATOR_URL },
	{ "network-traffic:dst_ref.value", 1 << INDICATOR_ADDRESS | 1 << INDICATOR_CIDR | 1 << INDICATOR_DOMAIN },
	{ "network-traffic:dst_port", 0 },
	{ "x509-certificate:hashes.'SHA-1'", 1 << INDICATOR_CERT_SHA1 },
	{ "x509-certificate:hashes.'SHA-256'", 1 << INDICATOR_CERT_SHA256 },
	{ "file:hashes.'SHA-256'", 1 << INDICATOR_FILE_SHA256 },
	{ "file:hashes.\"SHA-256\"", 1 << INDICATOR_FILE_SHA256 },
};

/* ---- the pattern's text ---- */

static void
skip_space(struct pattern *p)
{
	while (p->rest.left > 0 && strchr(" \t\r\n", p->rest.at[0]) != NULL)
		span_skip(&p->rest, 1);
}

static bool
refuse(struct pattern *p, const char *expected)
{
	if (p->why == NULL)
		p->why = expected;
	return false;
}

static bool
take_sign(struct pattern *p, char sign)
{
	skip_space(p);
	if (p->rest.left == 0 || p->rest.at[0] != (uint8_t)sign)
		return false;
	return span_skip(&p->rest, 1);
}

/* A word of letters, which must end there. */
static bool
take_word(struct pattern *p, const char *word)
{
	size_t len = strlen(word);

	skip_space(p);
	if (p->rest.left < len || strncasecmp((const char *)p->rest.at, word, len) != 0)
		return false;
	if (p->rest.left > len && (p->rest.at[len] == '_' || (p->rest.at[len] | 0x20) >= 'a'))
		return false;
	return span_skip(&p->rest, len);
}

/* Object path: up to a blank or operator, quoted keys whole. */
static struct span
take_path(struct pattern *p)
{
	struct span path;
	uint8_t quote = 0;
	size_t i;

	skip_space(p);
	for (i = 0; i < p->rest.left; i++) {
		uint8_t c = p->rest.at[i];

		if (quote != 0)
			quote = c == quote ? 0 : quote;
		else if (c == '\'' || c == '"')
			quote = c;
		else if (strchr(" \t\r\n=<>!()[]", c) != NULL)
			break;
	}
	span_take(&p->rest, i, &path);
	return path;
}

/* 'text' with \' and \\, or a number. */
static bool
take_value(struct pattern *p, struct span *out)
{
	uint8_t *to = p->room, c = 0;

	skip_space(p);
	if (!take_sign(p, '\'')) {
		while (p->rest.left > 0 && p->rest.at[0] >= '0' && p->rest.at[0] <= '9') {
			span_u8(&p->rest, &c);
			*p->room++ = c;
		}
		*out = span_of(to, (size_t)(p->room - to));
		return out->left > 0 || refuse(p, "a quoted value");
	}
	while (span_u8(&p->rest, &c) && c != '\'') {
		if (c == '\\' && !span_u8(&p->rest, &c))
			break;
		*p->room++ = c;
	}
	*out = span_of(to, (size_t)(p->room - to));
	return c == '\'' || refuse(p, "a closing quote");
}

static bool
add_item(struct pattern *p, unsigned types)
{
	struct span value;

	if (p->count == ITEMS_MAX)
		return refuse(p, "at most 256 values");
	if (!take_value(p, &value))
		return false;
	p->item[p->count++] = (struct item){ types, value };
	return true;
}

static bool
read_values(struct pattern *p, unsigned types, enum relation relation)
{
	if (relation != REL_IN)
		return add_item(p, types);
	if (!take_sign(p, '('))
		return refuse(p, "( behind IN");
	do {
		if (!add_item(p, types))
			return false;
		p->ors++;
	} while (take_sign(p, ','));
	p->ors--;
	return take_sign(p, ')') || refuse(p, ") behind the values of IN");
}

static bool
read_comparison(struct pattern *p)
{
	struct span path = take_path(p);
	enum relation relation;
	size_t i;

	for (i = 0; i < sizeof paths_known / sizeof paths_known[0]; i++)
		if (span_equal_nocase(path, span_text(paths_known[i].path)))
			break;
	if (i == sizeof paths_known / sizeof paths_known[0])
		return refuse(p, "a pattern of addresses, names, URLs, certificates or SHA-256");
	if (take_sign(p, '='))
		relation = REL_EQUAL;
	else if (take_word(p, "IN"))
		relation = REL_IN;
	else if (take_word(p, "ISSUBSET"))
		relation = REL_SUBSET;
	else
		return refuse(p, "=, IN or ISSUBSET in the pattern");
	return read_values(p, paths_known[i].types, relation);
}

/* [comparison OR comparison ...], the brackets again joined by OR. */
static bool
read_pattern(struct pattern *p)
{
	do {
		if (!take_sign(p, '['))
			return refuse(p, "a pattern in [ ]");
		do {
			if (!read_comparison(p))
				return false;
			if (take_word(p, "AND"))
				p->ands++;
			else if (take_word(p, "OR"))
				p->ors++;
			else
				break;
		} while (true);
		if (!take_sign(p, ']'))
			return refuse(p, "] behind the comparisons");
		if (!take_word(p, "OR"))
			break;
		p->ors++;
	} while (true);
	skip_space(p);
	return p->rest.left == 0 || refuse(p, "a pattern without qualifiers or FOLLOWEDBY");
}

/* ---- what it says ---- */

static void
load(struct feed *f, const struct pattern *p, const struct feed_line *line, struct span whole)
{
	unsigned i, address = p->count > 0 && p->item[0].types == 0;

	if (p->ands > 0) {
		if (p->count != 2 || p->ors > 0 || (p->item[0].types == 0) == (p->item[1].types == 0))
			feed_complain(f, "AND of one address and its port only", whole);
		else
			feed_take_pair(f, p->item[address].value, p->item[!address].value, line);
		return;
	}
	for (i = 0; i < p->count; i++)
		if (p->item[i].types == 0)
			feed_complain(f, "an address with the port", whole);
		else
			feed_take_text(f, p->item[i].value, p->item[i].types, line);
}

static bool
has_phase(const cJSON *o, const char *phase)
{
	const cJSON *step;

	cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(o, "kill_chain_phases"))
		if (span_equal(member_text(step, "phase_name"), span_text(phase)))
			return true;
	return false;
}

static bool
has_type(const cJSON *o, const char *type)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(o, "indicator_types"))
		if (cJSON_IsString(item) && strcmp(item->valuestring, type) == 0)
			return true;
	return false;
}

static enum indicator_role
role_of(const cJSON *o)
{
	if (has_phase(o, "command-and-control"))
		return ROLE_C2;
	if (has_phase(o, "delivery") || has_phase(o, "initial-access"))
		return ROLE_DOWNLOAD;
	return has_type(o, "anonymization") ? ROLE_RESOLVER : ROLE_SUSPICIOUS;
}

static uint8_t
confidence_of(const cJSON *o)
{
	const cJSON *c = cJSON_GetObjectItemCaseSensitive(o, "confidence");

	return cJSON_IsNumber(c) && c->valuedouble >= 0 && c->valuedouble <= 100 ?
	    (uint8_t)c->valuedouble : STIX_CONFIDENCE;
}

static void
read_indicator(struct feed *f, const cJSON *o)
{
	struct span text = member_text(o, "pattern"), language = member_text(o, "pattern_type");
	struct feed_line line = feed_says(role_of(o), confidence_of(o));
	struct pattern p = { .rest = text, .room = f->scratch };

	if (language.left > 0 && !span_equal(language, span_text("stix"))) {
		feed_complain(f, "pattern_type stix", language);
		return;
	}
	line.malware = member_text(o, "name");
	line.reference = member_text(o, "id");
	line.first_ns = feed_time(member_text(o, "valid_from"));
	line.last_ns = feed_time(member_text(o, "modified"));
	line.until_ns = feed_time(member_text(o, "valid_until"));
	if (text.left >= sizeof f->scratch || !read_pattern(&p))
		feed_complain(f, p.why != NULL ? p.why : "a shorter pattern", text);
	else
		load(f, &p, &line, text);
}

static void
read_object(struct feed *f, unsigned path, const cJSON *o)
{
	(void)path;
	if (!span_equal(member_text(o, "type"), span_text("indicator")) || member_true(o, "revoked"))
		feed_pass_over(f);
	else
		read_indicator(f, o);
}

static const char *const paths[] = { "objects.[]" };
static const struct json_rule json_rule = { paths, 1, false, "a bundle with objects", read_object };

static bool
recognise(const struct feed_head *head)
{
	return head_has_key(head, "objects") && (head_has_key(head, "spec_version") ||
	    head_has_key(head, "more") || head_has_key(head, "pattern"));
}

const struct feed_reader stix_bundle = { recognise, NULL, &json_rule, NULL };
