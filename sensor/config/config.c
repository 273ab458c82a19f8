#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/options.h"
#include "indicators/indicators.h"
#include "record.h"

/* The networks of a row's fallback: "10.0.0.0/8, fe80::/10". */
static int
add_default_home(struct config *c, const char *text)
{
	char one[ADDR_TEXT_MAX + 4];
	size_t len;

	while (*(text += strspn(text, ", ")) != '\0') {
		len = strcspn(text, ", ");
		snprintf(one, sizeof one, "%.*s", (int)len, text);
		if (config_add_home(c, one, NULL) < 0)
			return SE_NOMEM;
		text += len;
	}
	return 0;
}

int
config_defaults(struct config *c)
{
	memset(c, 0, sizeof *c);
	option_set_defaults("", c);
	if (gethostname(c->sensor_name, sizeof c->sensor_name - 1) < 0 || c->sensor_name[0] == '\0')
		snprintf(c->sensor_name, sizeof c->sensor_name, "hansho");
	c->journal.urgent_kinds = 1u << RECORD_ALERT;
	return add_default_home(c, option_find("home")->fallback);
}

void
config_clear(struct config *c)
{
	free(c->home);
	free(c->relays);
	free(c->behaviour.mail_hosts);
	free(c->behaviour.admin_hosts);
	free(c->feeds);
	free(c->sinks);
	free(c->suppress);
	memset(c, 0, sizeof *c);
}

/* Room for one more at the end of an array that grows by one; NULL without memory. */
static void *
grow(void **array, unsigned count, size_t size)
{
	char *p = realloc(*array, (count + 1) * size);

	if (p == NULL)
		return NULL;
	*array = p;
	memset(p + count * size, 0, size);
	return p + count * size;
}

_Static_assert(offsetof(struct config, home_count) == offsetof(struct config, home) + sizeof(struct cidr *) &&
    offsetof(struct config, relays_count) == offsetof(struct config, relays) + sizeof(struct cidr *) &&
    offsetof(struct behaviour_limits, mail_hosts_count) ==
    offsetof(struct behaviour_limits, mail_hosts) + sizeof(struct cidr *) &&
    offsetof(struct behaviour_limits, admin_hosts_count) ==
    offsetof(struct behaviour_limits, admin_hosts) + sizeof(struct cidr *),
    "a list of networks has its length behind it");

static unsigned *
networks_count(struct config *c, size_t offset)
{
	return (unsigned *)(void *)((char *)c + offset + sizeof(struct cidr *));
}

void
config_clear_networks(struct config *c, size_t offset)
{
	*networks_count(c, offset) = 0;
}

int
config_add_home(struct config *c, const char *text, struct fault *fault)
{
	return config_add_network(c, offsetof(struct config, home), text, fault);
}

int
config_add_network(struct config *c, size_t offset, const char *text, struct fault *fault)
{
	unsigned *count = networks_count(c, offset);
	struct cidr network, *to;

	if (!cidr_parse(text, strlen(text), &network))
		return fault_set(fault, SE_USAGE,
		    "\"%s\" is no network: expected an address or CIDR such as 192.0.2.0/24", text);
	if ((to = grow((void **)(void *)((char *)c + offset), *count, sizeof *to)) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for networks");
	*to = network;
	++*count;
	return 0;
}

/* "feeds/feodo.csv" → "feodo" */
static void
name_after_file(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/');
	char *dot;

	snprintf(name, size, "%s", base == NULL ? path : base + 1);
	if ((dot = strchr(name, '.')) != NULL && dot != name)
		*dot = '\0';
}

bool
config_is_format(const char *text, size_t len)
{
	const char *name;
	unsigned n;

	for (n = 0; (name = feed_format(n, NULL)) != NULL; n++)
		if (strlen(name) == len && memcmp(name, text, len) == 0)
			return true;
	return false;
}

int
config_need_file(const char *path, struct fault *fault)
{
	struct stat st;
	int fd, error;

	if (stat(path, &st) < 0)
		error = errno;
	else if (S_ISDIR(st.st_mode))
		error = EISDIR;
	else if (!S_ISREG(st.st_mode))	/* opening a pipe would use it up */
		error = 0;
	else
		error = (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0 ? errno : close(fd) * 0;
	return error == 0 ? 0 : fault_set(fault, SE_USAGE,
	    "%s: %s: expected a file that can be read", path, strerror(error));
}

struct config_feed *
config_new_feed(struct config *c, const char *path, struct fault *fault)
{
	struct config_feed *f;

	if (c->feeds_count >= FEEDS_MAX) {
		fault_set(fault, SE_LIMIT, "feed \"%s\": expected at most %d feeds", path,
		    (int)FEEDS_MAX);
		return NULL;
	}
	if ((f = grow((void **)&c->feeds, c->feeds_count, sizeof *f)) == NULL) {
		fault_set(fault, SE_NOMEM, "no memory for feeds");
		return NULL;
	}
	option_set_defaults("feeds[]", f);
	snprintf(f->path, sizeof f->path, "%s", path);
	name_after_file(path, f->name, sizeof f->name);
	c->feeds_count++;
	return f;
}

/* Who mistyped the format wants to hear of that, not of a file with a colon in its name. */
static int
no_feed(const char *text, const char *path, const struct fault *why, struct fault *fault)
{
	const char *colon = strchr(text, ':');

	if (path == text && colon != NULL && config_need_file(colon + 1, NULL) == 0)
		return fault_set(fault, SE_USAGE, "feed %s: no format \"%.*s\": expected one of `hansho check --formats`",
		    colon + 1, (int)(colon - text), text);
	return fault_set(fault, SE_USAGE, "feed %s", why->text);
}

int
config_add_feed(struct config *c, const char *text, struct fault *fault)
{
	const char *colon = strchr(text, ':'), *path = text;
	struct config_feed *f;
	struct fault why;
	size_t format_len = 0;

	if (colon != NULL && config_is_format(text, (size_t)(colon - text))) {
		format_len = (size_t)(colon - text);
		path = colon + 1;
	}
	if (*path == '\0' || strlen(path) >= sizeof f->path)
		return fault_set(fault, SE_USAGE, "feed \"%.80s\": expected [FORMAT:]PATH", text);
	if (config_need_file(path, &why) < 0)
		return no_feed(text, path, &why, fault);
	if ((f = config_new_feed(c, path, fault)) == NULL)
		return SE_USAGE;
	memcpy(f->format, text, format_len);
	return 0;
}

static bool
is_sink_name(const struct config *c, const char *name)
{
	unsigned i;

	for (i = 0; i < c->sinks_count; i++)
		if (strcmp(c->sinks[i].name, name) == 0)
			return true;
	return false;
}

struct sink_options *
config_add_sink(struct config *c, enum sink_kind kind, const char *target)
{
	struct sink_options *s = grow((void **)&c->sinks, c->sinks_count, sizeof *s);
	char name[sizeof s->name];
	unsigned n = c->sinks_count;

	if (s == NULL)
		return NULL;
	do
		snprintf(name, sizeof name, "%s-%u", sink_kind_text(kind), n++);
	while (is_sink_name(c, name));
	option_set_defaults("sinks[]", s);
	s->kind = kind;
	memcpy(s->name, name, sizeof s->name);
	snprintf(s->target, sizeof s->target, "%s", target);
	snprintf(s->sensor_name, sizeof s->sensor_name, "%s", c->sensor_name);
	s->records = kind == SINK_EVE ? (1u << RECORD_KINDS) - (1u << RECORD_ALERT)
	    : 1u << RECORD_ALERT;
	s->descriptor = -1;
	c->sinks_count++;
	return s;
}

struct suppress_rule *
config_add_suppress(struct config *c)
{
	struct suppress_rule *r = grow((void **)&c->suppress, c->suppress_count, sizeof *r);

	if (r != NULL)
		c->suppress_count++;
	return r;
}

int
config_parse_records(const char *text, unsigned *bits, struct fault *fault)
{
	const struct option_row *row = option_find("records");
	char one[16], expected[128];
	const struct option_choice *choice;
	unsigned all = 0;
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		snprintf(one, sizeof one, "%.*s", (int)len, text);
		for (choice = row->choices; choice->text != NULL; choice++)
			if (strcmp(choice->text, one) == 0)
				break;
		if (choice->text == NULL)
			return fault_set(fault, SE_USAGE, "records: \"%.*s\": expected %s", (int)len,
			    text, option_expected(row, expected, sizeof expected));
		all |= (unsigned)choice->value;
		if (text[len] == '\0')
			break;
	}
	*bits = all;
	return 0;
}
