/*
 * Lists made for other programs to block by: FireHOL netsets, hosts files,
 * dnsmasq, ad blockers, response policy zones. They say what, seldom what for.
 */
#include "indicators/feed.h"

#include <strings.h>

#include "indicators/text.h"

enum { LIST_CONFIDENCE = 50, NETSET = 1 << INDICATOR_ADDRESS | 1 << INDICATOR_CIDR };

static struct feed_line
list_line(void)
{
	return feed_says(ROLE_SUSPICIOUS, LIST_CONFIDENCE);
}

static bool
is_domain(const struct feed_head *head, struct span text)
{
	const char *why;

	return value_read(text, 1 << INDICATOR_DOMAIN, &head->feed->value, &why);
}

static struct span
next_word(struct span *line)
{
	struct span word;
	size_t len = 0;

	*line = span_trim(*line);
	while (len < line->left && line->at[len] != ' ' && line->at[len] != '\t')
		len++;
	span_take(line, len, &word);
	return word;
}

static bool
starts_with(struct span s, const char *word)
{
	size_t len = strlen(word);

	return s.left >= len && memcmp(s.at, word, len) == 0;
}

/* ---- FireHOL: a banner, then addresses and networks ---- */

static bool
recognise_netset(const struct feed_head *head)
{
	return head_says(head, "# maintainer") && head_says(head, "# category");
}

/* "# Category        : malware" */
static void
note_category(struct feed *f, struct span line)
{
	struct span key;

	if (text_find(line, "# category") != 0 || !span_until(&line, ':', &key))
		return;
	text_clean(span_trim(line), f->event.reference, sizeof f->event.reference);
}

static enum indicator_role
role_of_category(const char *category)
{
	if (strcasecmp(category, "malware") == 0)
		return ROLE_C2;
	if (strcasecmp(category, "attacks") == 0 || strcasecmp(category, "abuse") == 0)
		return ROLE_SCANNER;
	return strcasecmp(category, "anonymizers") == 0 ? ROLE_RESOLVER : ROLE_SUSPICIOUS;
}

static void
read_netset(struct feed *f, struct span line)
{
	struct feed_line says = list_line();

	if (line.at[0] == '#') {
		note_category(f, line);
		return;
	}
	says.role = role_of_category(f->event.reference);
	says.reference = span_text(f->event.reference);
	feed_take_text(f, line, NETSET, &says);
}

const struct feed_reader firehol_netset = { recognise_netset, read_netset, NULL, NULL };

/* ---- hosts: names that are sent to nowhere ---- */

static bool
is_nowhere(struct span s)
{
	static const char *const nowhere[] = { "0.0.0.0", "127.0.0.1", "::", "::1", "255.255.255.255" };
	size_t i;

	for (i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
		if (span_equal(s, span_text(nowhere[i])))
			return true;
	return starts_with(s, "fe80::1") || starts_with(s, "ff0");
}

/* What every such file has for the machine itself. */
static bool
is_own_name(struct span s)
{
	return memchr(s.at, '.', s.left) == NULL || span_equal(s, span_text("localhost.localdomain")) ||
	    span_equal(s, span_text("0.0.0.0"));
}

static bool
fits_hosts(const struct feed_head *head, struct span line)
{
	struct span where = next_word(&line), name = next_word(&line);

	return is_nowhere(where) && name.left > 0 && (is_own_name(name) || is_domain(head, name));
}

static bool
recognise_hosts(const struct feed_head *head)
{
	return head_lines_fit(head, "#", fits_hosts);
}

static void
read_hosts(struct feed *f, struct span line)
{
	struct feed_line says = list_line();
	struct span where = next_word(&line), name;

	if (where.at[0] == '#')
		return;
	if (!is_nowhere(where)) {
		feed_complain(f, "0.0.0.0 or 127.0.0.1 and a name", where);
		return;
	}
	for (name = next_word(&line); name.left > 0 && name.at[0] != '#'; name = next_word(&line)) {
		if (is_own_name(name))
			feed_pass_over(f);
		else
			feed_take_text(f, name, 1 << INDICATOR_DOMAIN, &says);
	}
}

const struct feed_reader hosts_file = { recognise_hosts, read_hosts, NULL, NULL };

/* ---- dnsmasq: address=/one.example/two.example/0.0.0.0 ---- */

static bool
dnsmasq_names(struct span line, struct span *names)
{
	static const char *const keys[] = { "address=/", "server=/", "local=/" };
	size_t i, len;

	for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		len = strlen(keys[i]);
		if (!starts_with(line, keys[i]))
			continue;
		*names = span_of(line.at + len, line.left - len);
		return true;
	}
	return false;
}

static bool
fits_dnsmasq(const struct feed_head *head, struct span line)
{
	struct span names;

	(void)head;
	return dnsmasq_names(line, &names);
}

static bool
recognise_dnsmasq(const struct feed_head *head)
{
	return head_lines_fit(head, "#", fits_dnsmasq);
}

static void
read_dnsmasq(struct feed *f, struct span line)
{
	struct feed_line says = list_line();
	struct span names, name;

	if (line.at[0] == '#')
		return;
	if (!dnsmasq_names(line, &names)) {
		feed_complain(f, "address=/name/", line);
		return;
	}
	while (span_until(&names, '/', &name))
		feed_take_text(f, name, 1 << INDICATOR_DOMAIN, &says);
}

const struct feed_reader dnsmasq_file = { recognise_dnsmasq, read_dnsmasq, NULL, NULL };

/* ---- ad blockers: ||name^ with options behind $; exceptions (@@) and rules for pages are none of ours ---- */

static bool
fits_adblock(const struct feed_head *head, struct span line)
{
	(void)head;
	return starts_with(line, "||") || starts_with(line, "@@") || starts_with(line, "##");
}

static bool
recognise_adblock(const struct feed_head *head)
{
	return starts_with(span_trim(head->bytes), "[Adblock") || head_lines_fit(head, "!#[", fits_adblock);
}

static void
read_adblock(struct feed *f, struct span line)
{
	struct feed_line says = list_line();
	struct span rule;

	if (strchr("!#[", line.at[0]) != NULL)
		return;
	if (!span_until(&line, '$', &rule))
		rule = line;
	if (starts_with(rule, "||") && rule.at[rule.left - 1] == '^')
		feed_take_text(f, rule, 1 << INDICATOR_DOMAIN, &says);
	else
		feed_pass_over(f);
}

const struct feed_reader adblock_list = { recognise_adblock, read_adblock, NULL, NULL };

/* ---- RPZ: "name CNAME ." and "*.name CNAME ."; addresses are written backwards under rpz-ip ---- */

/* 32.7.2.0.192.rpz-ip: 192.0.2.7/32. IPv6 is passed over. */
static bool
rpz_address(struct span name, char *buf, size_t size)
{
	unsigned bits, b[4];
	char text[64];
	int used = 0;

	if (name.left >= sizeof text)
		return false;
	memcpy(text, name.at, name.left);
	text[name.left] = '\0';
	if (sscanf(text, "%3u.%3u.%3u.%3u.%3u.rpz-ip%n", &bits, &b[3], &b[2], &b[1], &b[0], &used) != 5 ||
	    used == 0)
		return false;
	snprintf(buf, size, "%u.%u.%u.%u/%u", b[0], b[1], b[2], b[3], bits);
	return true;
}

static bool
rpz_rule(struct span line, struct span *name, struct span *action)
{
	struct span word;

	*name = next_word(&line);
	for (word = next_word(&line); word.left > 0; word = next_word(&line)) {
		if (!span_equal_nocase(word, span_text("CNAME")))
			continue;
		*action = next_word(&line);
		return action->left > 0;
	}
	return false;
}

static bool
fits_rpz(const struct feed_head *head, struct span line)
{
	struct span name, action;

	return rpz_rule(line, &name, &action) && is_domain(head, name);
}

static bool
recognise_rpz(const struct feed_head *head)
{
	struct span rest = head->bytes, line, key = { NULL, 0 };
	bool comment;

	/* A zone begins with $TTL, $ORIGIN or its SOA record; a part of one with its rules. */
	while (key.left == 0 && head_line(&rest, &line, &comment))
		if (!comment && line.at[0] != ';')
			key = next_word(&line);
	return span_equal(key, span_text("$TTL")) || span_equal(key, span_text("$ORIGIN")) ||
	    text_find(line, " soa ") < line.left || text_find(line, "\tsoa ") < line.left ||
	    head_lines_fit(head, ";#$", fits_rpz);
}

static bool
is_zone_data(struct span line)
{
	static const char *const words[] = { " soa ", "\tsoa\t", " ns ", "\tns\t", " in soa", "\tsoa " };
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (text_find(line, words[i]) < line.left)
			return true;
	/* A record without a name is of the name before, which is the zone's. */
	if (text_find(line, "ns ") == 0 || text_find(line, "soa ") == 0)
		return true;
	return strchr("$;@()", line.at[0]) != NULL || (line.at[0] >= '0' && line.at[0] <= '9' &&
	    memchr(line.at, '.', line.left) == NULL);
}

static void
read_rpz(struct feed *f, struct span line)
{
	struct feed_line says = list_line();
	struct span name, action;
	char address[40];

	if (is_zone_data(line))
		return;
	if (!rpz_rule(line, &name, &action)) {
		feed_complain(f, "name CNAME action", line);
		return;
	}
	/* "rpz-passthru." and "rpz-tcp-only." let through; "." and "*." deny; a name leads to a walled garden. */
	if (span_equal_nocase(action, span_text("rpz-passthru.")) ||
	    span_equal_nocase(action, span_text("rpz-tcp-only.")))
		feed_pass_over(f);
	else if (rpz_address(name, address, sizeof address))
		feed_take_text(f, span_text(address), NETSET, &says);
	else if (text_find(name, ".rpz-") < name.left)
		feed_pass_over(f);
	else
		feed_take_text(f, name, 1 << INDICATOR_DOMAIN, &says);
}

const struct feed_reader rpz_zone = { recognise_rpz, read_rpz, NULL, NULL };
