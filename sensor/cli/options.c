#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

#define INSTALLED_CONFIG "/etc/hansho.yaml"

static bool
repeat(const char **list, unsigned *count, const char *value)
{
	if (*count == REPEATED_MAX) {
		fprintf(stderr, "hansho: \"%s\": an option is repeated more than %d times\n", value,
		    (int)REPEATED_MAX);
		return false;
	}
	list[(*count)++] = value;
	return true;
}

/* The second one would win in silence. */
static bool
take_once(const char **to, const char *option, const char *value)
{
	if (*to != NULL) {
		fprintf(stderr, "hansho: %s %s: given before as %s: expected once\n", option, value, *to);
		return false;
	}
	if (*value == '\0') {
		fprintf(stderr, "hansho: %s \"\": expected a value\n", option);
		return false;
	}
	*to = value;
	return true;
}

bool
common_option(struct common_options *o, int letter, const char *value)
{
	switch (letter) {
	case 'c':
		return take_once(&o->config, "--config", value);
	case 'e':
		return take_once(&o->eve, "--eve", value);
	case 'r':
		return take_once(&o->records, "--records", value);
	case 'w':
		return take_once(&o->workers, "--workers", value);
	case 'f':
		return repeat(o->feeds, &o->feeds_count, value);
	case 'H':
		return repeat(o->home, &o->home_count, value);
	default:	/* getopt has said what is wrong */
		return false;
	}
}

static bool
take_own(const struct own_option *own, void *request)
{
	if (own->flag != NULL)
		return *own->flag = true;
	return own->text != NULL ? take_once(own->text, own->name, optarg) : own->take(request, optarg);
}

int
common_read(int argc, char **argv, const struct option *known, const char *letters, const char *help,
    const struct own_option *own, struct common_options *common, void *request)
{
	const struct own_option *o;
	int letter;

	while ((letter = getopt_long(argc, argv, letters, known, NULL)) != -1) {
		if (letter == 'h') {
			fputs(help, stdout);
			return -1;
		}
		for (o = own; o->letter != 0 && o->letter != letter; o++)
			continue;
		if (!(o->letter != 0 ? take_own(o, request) : common_option(common, letter, optarg)))
			return EXIT_USAGE;
	}
	return 0;
}

bool
common_no_words(const char *command, int argc, char **argv)
{
	if (optind >= argc)
		return true;
	fprintf(stderr, "hansho: %s: \"%s\" is not expected here\n", command, argv[optind]);
	return false;
}

void
common_find_config(struct common_options *o)
{
	if (o->config == NULL && access(INSTALLED_CONFIG, F_OK) == 0)
		o->config = INSTALLED_CONFIG;
}

static int
set_workers(struct config *c, const char *text, struct fault *fault)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n < 1 || n > WORKERS_MAX)
		return fault_set(fault, SE_USAGE, "--workers %s: expected a number from 1 to %d", text,
		    (int)WORKERS_MAX);
	c->workers = (uint32_t)n;
	return 0;
}

static int
add_home(struct config *c, const char *text, struct fault *fault)
{
	struct fault why;
	int r = config_add_home(c, text, &why);

	return r < 0 ? fault_set(fault, r, "--home: %s", why.text) : 0;
}

static int
apply(const struct common_options *o, struct config *c, struct fault *fault)
{
	bool no_sinks = c->sinks_count == 0, to_output = o->eve != NULL && strcmp(o->eve, "-") == 0;
	unsigned i;
	int r = 0;

	if (o->home_count > 0)
		c->home_count = 0;
	for (i = 0; i < o->home_count && r == 0; i++)
		r = add_home(c, o->home[i], fault);
	for (i = 0; i < o->feeds_count && r == 0; i++)
		r = config_add_feed(c, o->feeds[i], fault);
	if (r == 0 && o->workers != NULL)
		r = set_workers(c, o->workers, fault);
	if (r == 0 && o->records != NULL)
		r = config_parse_records(o->records, &c->records, fault);
	if (r == 0 && o->eve != NULL && config_add_sink(c, SINK_EVE, o->eve) == NULL)
		r = fault_set(fault, SE_NOMEM, "no memory");
	if (r == 0 && no_sinks && !to_output && config_add_sink(c, SINK_CONSOLE, "-") == NULL)
		r = fault_set(fault, SE_NOMEM, "no memory");
	return r;
}

bool
common_config(const struct common_options *o, struct config *config)
{
	struct fault fault = { "" };
	int r;

	if ((r = config_defaults(config)) < 0)
		fault_set(&fault, r, "no memory");
	if (r == 0 && o->config != NULL)
		r = config_read(o->config, config, &fault);
	if (r == 0)
		r = apply(o, config, &fault);
	if (r < 0)
		fprintf(stderr, "hansho: %s\n", fault.text);
	return r == 0;
}
