/*
 * Spamhaus: DROP (networks that no packet should go to or come from), as text
 * and as JSON lines; and CERT reports (infected addresses with their ports).
 */
#include "indicators/feed.h"

enum { DROP_CONFIDENCE = 90, CERT_CONFIDENCE = 80 };

/* ---- DROP, text: "192.0.2.0/24 ; SBL256894" ---- */

static bool
fits_drop(const struct feed_head *head, struct span line)
{
	struct span net;
	const char *why;

	return span_until(&line, ';', &net) && line.left > 3 &&
	    memcmp(span_trim(line).at, "SBL", 3) == 0 &&
	    value_read(net, 1 << INDICATOR_CIDR | 1 << INDICATOR_ADDRESS, &head->feed->value, &why);
}

static bool
recognise_drop(const struct feed_head *head)
{
	return head_lines_fit(head, ";#", fits_drop);
}

static void
read_drop(struct feed *f, struct span line)
{
	struct feed_line says = feed_says(ROLE_SUSPICIOUS, DROP_CONFIDENCE);
	struct span net;

	if (line.at[0] == ';' || line.at[0] == '#')
		return;
	if (span_until(&line, ';', &net))
		says.reference = span_trim(line);
	else
		net = line;
	feed_take_text(f, net, 1 << INDICATOR_CIDR | 1 << INDICATOR_ADDRESS, &says);
}

const struct feed_reader drop_text = { recognise_drop, read_drop, NULL, NULL };

/* ---- DROP, JSON lines; the last one tells of the list. asndrop has numbers of networks, not networks. ---- */

static bool
recognise_drop_json(const struct feed_head *head)
{
	return head_has_key(head, "sblid") || (head_has_key(head, "asn") && head_has_key(head, "rir"));
}

static void
read_drop_object(struct feed *f, struct span text, const cJSON *o)
{
	struct feed_line line = feed_says(ROLE_SUSPICIOUS, DROP_CONFIDENCE);
	struct span net = member_text(o, "cidr");

	line.reference = member_text(o, "sblid");
	if (net.left > 0)
		feed_take_text(f, net, 1 << INDICATOR_CIDR | 1 << INDICATOR_ADDRESS, &line);
	else if (span_equal(member_text(o, "type"), span_text("metadata")) || cJSON_HasObjectItem(o, "asn"))
		feed_pass_over(f);
	else
		feed_complain(f, "an object with cidr", text);
}

static void
read_drop_line(struct feed *f, struct span line)
{
	cJSON *o = feed_json_line(f, line);

	if (o != NULL)
		read_drop_object(f, line, o);
	cJSON_Delete(o);
}

const struct feed_reader drop_json = { recognise_drop_json, read_drop_line, NULL, NULL };

/* ---- CERT: the reported address is the infected one, whom it called is in remote_ip ---- */

enum column { ADDRESS, SEEN, BOTNAME, REMOTE };

static const struct csv_alias aliases[] = {
	{ "ip", ADDRESS }, { "lastseen", SEEN }, { "botname", BOTNAME }, { "remote_ip", REMOTE }, { NULL, 0 }
};

static void
read_row(struct feed *f)
{
	struct feed_line line = feed_says(ROLE_INFECTED, CERT_CONFIDENCE);

	line.malware = feed_cell(f, BOTNAME);
	line.first_ns = line.last_ns = feed_time(feed_cell(f, SEEN));
	feed_take_text(f, feed_cell(f, ADDRESS), 1 << INDICATOR_ADDRESS, &line);
}

static const struct csv_rule rule = { ',', ";",
	{ aliases, 1 << ADDRESS | 1 << SEEN | 1 << BOTNAME | 1 << REMOTE, 0 },
	"; ip, asn, country, lastseen, botname, domain, remote_ip, remote_port, local_port, protocol", read_row
};

static bool
recognise_cert(const struct feed_head *head)
{
	return head_has_header(head, &rule);
}

const struct feed_reader spamhaus_cert = { recognise_cert, feed_csv_line, NULL, &rule };
