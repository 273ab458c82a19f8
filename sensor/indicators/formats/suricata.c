/*
 * Suricata: IP reputation lists, datasets of type string (base64), and
 * datasets in JSON, whose objects have the value under a key that says what
 * it is.
 */
#include "indicators/feed.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <strings.h>

/* Scores go from 1 to 127 (rules/datasets and reputation of Suricata's guide). */
enum { SCORE_MOST = 127, CATEGORY_MOST = 60, STRING_CONFIDENCE = 50, JSON_CONFIDENCE = 60 };

/* ---- iprep: ADDRESS,CATEGORY,SCORE ---- */

static bool
small_number(struct span s, unsigned most, unsigned *out)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < s.left && i < 4; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		n = n * 10 + (unsigned)(s.at[i] - '0');
	}
	*out = n;
	return s.left > 0 && s.left < 4 && n <= most;
}

static bool
iprep_row(struct feed *f, struct span line, unsigned *category, unsigned *score)
{
	const char *why;

	return csv_split(line, ',', f->scratch, &f->row, &why) && f->row.count == 3 &&
	    small_number(f->row.cell[1], CATEGORY_MOST, category) &&
	    small_number(f->row.cell[2], SCORE_MOST, score);
}

static bool
fits_iprep(const struct feed_head *head, struct span line)
{
	unsigned category, score;
	const char *why;

	return iprep_row(head->feed, line, &category, &score) &&
	    value_read(head->feed->row.cell[0], 1 << INDICATOR_ADDRESS | 1 << INDICATOR_CIDR,
	    &head->feed->value, &why);
}

static bool
recognise_iprep(const struct feed_head *head)
{
	return head_lines_fit(head, "#", fits_iprep);
}

/* What the numbers of categories mean stands in another file: only the score is known here. */
static void
read_iprep(struct feed *f, struct span line)
{
	struct feed_line says = feed_says(ROLE_SUSPICIOUS, 0);
	unsigned category, score;

	if (line.at[0] == '#')
		return;
	if (!iprep_row(f, line, &category, &score)) {
		feed_complain(f, "address,category up to 60,score up to 127", line);
		return;
	}
	says.confidence = (uint8_t)(score * 100 / SCORE_MOST);
	feed_take_text(f, f->row.cell[0], 1 << INDICATOR_ADDRESS | 1 << INDICATOR_CIDR, &says);
}

const struct feed_reader suricata_iprep = { recognise_iprep, read_iprep, NULL, NULL };

/* ---- datasets of type string ---- */

enum { NAMES_AND_URLS = 1 << INDICATOR_DOMAIN | 1 << INDICATOR_URL | 1 << INDICATOR_ADDRESS };

/* Some writers encoded the line's end, too. A score may follow the value (datarep). */
static bool
decode_string(struct feed *f, struct span line, struct span *out)
{
	struct span text;
	unsigned char *to = f->scratch;
	int n;

	if (!span_until(&line, ',', &text))
		text = line;
	text = span_trim(text);
	if (text.left == 0 || text.left % 4 != 0 || text.left > VALUE_BYTES)
		return false;
	n = EVP_DecodeBlock(to, text.at, (int)text.left);
	while (n > 0 && to[n - 1] == '\0')	/* what "=" stood for */
		n--;
	*out = span_trim(span_of(to, n > 0 ? (size_t)n : 0));
	return out->left > 0;
}

static bool
fits_string(const struct feed_head *head, struct span line)
{
	struct span value;
	const char *why;

	return !value_read(line, VALUE_ANY, &head->feed->value, &why) &&
	    decode_string(head->feed, line, &value) &&
	    value_read(value, NAMES_AND_URLS, &head->feed->value, &why);
}

static bool
recognise_strings(const struct feed_head *head)
{
	return head_lines_fit(head, "#", fits_string);
}

static void
read_string(struct feed *f, struct span line)
{
	struct feed_line says = feed_says(ROLE_C2, STRING_CONFIDENCE);
	struct span value;

	if (line.at[0] == '#')
		return;
	if (decode_string(f, line, &value))
		feed_take_text(f, value, NAMES_AND_URLS, &says);
	else
		feed_complain(f, "base64 of a value", line);
}

const struct feed_reader suricata_strings = { recognise_strings, read_string, NULL, NULL };

/* ---- datarep: VALUE,REPUTATION ---- */

enum { REPUTATION_DIGITS = 5, REPUTATION_MOST = 65535 };

static bool
datarep_row(struct feed *f, struct span line)
{
	const char *why;
	unsigned score = 0;
	size_t i;

	if (!csv_split(line, ',', f->scratch, &f->row, &why) || f->row.count != 2 || f->row.cell[1].left == 0 ||
	    f->row.cell[1].left > REPUTATION_DIGITS)
		return false;
	for (i = 0; i < f->row.cell[1].left; i++) {
		if (!isdigit(f->row.cell[1].at[i]))
			return false;
		score = score * 10 + (unsigned)(f->row.cell[1].at[i] - '0');
	}
	return score <= REPUTATION_MOST;
}

static bool
fits_datarep(const struct feed_head *head, struct span line)
{
	const char *why;

	return datarep_row(head->feed, line) && value_read(head->feed->row.cell[0], VALUE_ANY, &head->feed->value, &why);
}

static bool
recognise_datarep(const struct feed_head *head)
{
	return head_lines_fit(head, "#", fits_datarep);
}

/* What a reputation means is its rules' business: the scale is nobody's. */
static void
read_datarep(struct feed *f, struct span line)
{
	struct feed_line says = feed_says(ROLE_SUSPICIOUS, STRING_CONFIDENCE);

	if (line.at[0] == '#')
		return;
	if (!datarep_row(f, line)) {
		feed_complain(f, "value,reputation up to 65535", line);
		return;
	}
	says.reference = f->row.cell[1];
	feed_take_text(f, f->row.cell[0], VALUE_ANY, &says);
}

const struct feed_reader suricata_datarep = { recognise_datarep, read_datarep, NULL, NULL };

/* ---- datasets in JSON: an array, or an object on each line ---- */

static const struct {
	const char *key;
	unsigned types;
} keys[] = {
	{ "ip", 1 << INDICATOR_ADDRESS | 1 << INDICATOR_CIDR }, { "ipv4", 1 << INDICATOR_ADDRESS },
	{ "ipv6", 1 << INDICATOR_ADDRESS }, { "domain", 1 << INDICATOR_DOMAIN }, { "host", 1 << INDICATOR_DOMAIN },
	{ "hostname", 1 << INDICATOR_DOMAIN }, { "sni", 1 << INDICATOR_DOMAIN }, { "url", 1 << INDICATOR_URL },
	{ "sha256", 1 << INDICATOR_FILE_SHA256 }, { "ja3", 1 << INDICATOR_JA3 }, { "ja4", 1 << INDICATOR_JA4 },
	{ "user_agent", 1 << INDICATOR_USER_AGENT }, { "value", VALUE_ANY }, { "indicator", VALUE_ANY },
};

enum { KEYS = sizeof keys / sizeof keys[0] };

static void
read_object(struct feed *f, unsigned path, const cJSON *o)
{
	struct feed_line line = feed_says(ROLE_C2, JSON_CONFIDENCE);
	struct span value = { NULL, 0 };
	size_t i;

	(void)path;
	for (i = 0; i < KEYS && value.left == 0; i++)
		value = member_text(o, keys[i].key);
	line.malware = member_text(o, "malware");
	line.reference = member_text(o, "reference");
	line.first_ns = feed_time(member_text(o, "first_seen"));
	line.last_ns = feed_time(member_text(o, "last_seen"));
	if (value.left > 0)
		feed_take_text(f, value, keys[i - 1].types, &line);
	else
		feed_complain(f, "an object with ip, domain, url, sha256, ja3, ja4 or value", value);
}

static const char *const paths[] = { "[]" };
static const struct json_rule array_rule = { paths, 1, false, "an array of objects", read_object };

static bool
recognise_json(const struct feed_head *head)
{
	size_t i;

	if (span_trim(head->bytes).left == 0 || span_trim(head->bytes).at[0] != '[')
		return false;
	for (i = 0; i < KEYS; i++)
		if (head_has_key(head, keys[i].key))
			return true;
	return false;
}

const struct feed_reader suricata_json = { recognise_json, NULL, &array_rule, NULL };

static bool
recognise_lines(const struct feed_head *head)
{
	struct span s = span_trim(head->bytes);
	size_t i;

	if (s.left == 0 || s.at[0] != '{')
		return false;
	for (i = 0; i < KEYS; i++)
		if (head_has_key(head, keys[i].key))
			return true;
	return false;
}

static void
read_json_line(struct feed *f, struct span line)
{
	cJSON *o = feed_json_line(f, line);

	if (o != NULL)
		read_object(f, 0, o);
	cJSON_Delete(o);
}

const struct feed_reader suricata_ndjson = { recognise_lines, read_json_line, NULL, NULL };
