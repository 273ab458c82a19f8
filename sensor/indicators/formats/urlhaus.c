/*
 * URLhaus (abuse.ch): URLs that malware is downloaded from. Often a file on a
 * host that serves many others: the URL is the indicator, never its host.
 */
#include "indicators/feed.h"

enum { URLHAUS_CONFIDENCE = 80 };

enum column { URL, ADDED, LAST, ID };

static const struct csv_alias aliases[] = {
	{ "url", URL }, { "dateadded", ADDED }, { "dateadded (utc)", ADDED },
	 { "last_online", LAST }, { "id", ID },
	{ NULL, 0 }
};

/*
 * The reference is the entry's id, of which the link is made. Tags mix names
 * of malware with processor and file types, so none is taken for a name.
 */
static void
read_row(struct feed *f)
{
	struct feed_line line = feed_says(ROLE_DOWNLOAD, URLHAUS_CONFIDENCE);

	line.reference = feed_cell(f, ID);
	line.first_ns = feed_time(feed_cell(f, ADDED));
	line.last_ns = feed_time(feed_cell(f, LAST));
	feed_take_text(f, feed_cell(f, URL), 1 << INDICATOR_URL, &line);
}

static const struct csv_rule rule = { ',', "#",
	{ aliases, 1 << URL | 1 << ADDED, 0 },
	"id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter", read_row
};

static bool
recognise_csv(const struct feed_head *head)
{
	return head_has_header(head, &rule);
}

/* Its list of hosts has the same banner: an address that leads nowhere, and a name. */
static bool
fits_hosts(const struct feed_head *head, struct span line)
{
	(void)head;
	return memchr(line.at, ' ', line.left) != NULL || memchr(line.at, '\t', line.left) != NULL;
}

static bool
recognise_text(const struct feed_head *head)
{
	return head_says(head, "urlhaus") && !head_lines_fit(head, "#", fits_hosts);
}

static void
read_text_line(struct feed *f, struct span line)
{
	struct feed_line says = feed_says(ROLE_DOWNLOAD, URLHAUS_CONFIDENCE);

	if (line.at[0] != '#')
		feed_take_text(f, line, 1 << INDICATOR_URL, &says);
}

const struct feed_reader urlhaus_csv = { recognise_csv, feed_csv_line, NULL, &rule };
const struct feed_reader urlhaus_text = { recognise_text, read_text_line, NULL, NULL };
