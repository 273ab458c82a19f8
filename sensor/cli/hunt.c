#include "cli/hunt.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "analyst/keeper.h"
#include "base/when.h"
#include "cli/command.h"
#include "cli/options.h"
#include "history/contact_log.h"
#include "records/realm_text.h"

static const char help[] =
"usage: hansho hunt [options] VALUE...\n"
"       hansho hunt --census [options]\n"
"\n"
"Who called, or was called by, VALUE: an address, address:port, a network such as\n"
"192.0.2.0/24, or a name, which stands for all below it. Single contacts from the\n"
"contact log; from the history, where there is no log, first and last ones.\n"
"\n"
"  -c, --config FILE       configuration: its state_directory (default: /etc/hansho.yaml)\n"
"  --state DIR             the state directory itself\n"
"  --from TIME             not before: '2026-05-20', '2026-05-20 10:00:00', UTC or with a zone\n"
"  --to TIME               not after; a date is its whole day\n"
"  --source                addresses and ports are those of the side that called\n"
"  --census                no value: how many C2 servers answered, by day and malware\n"
"  --json                  one JSON object a line\n"
"  --help                  this text\n"
"\n"
"Exit status: 0 found, 1 nothing found or something could not be read, 2 wrong usage.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "state", required_argument, NULL, 's' },
	{ "from", required_argument, NULL, 'F' },
	{ "to", required_argument, NULL, 'T' },
	{ "source", no_argument, NULL, 'S' },
	{ "json", no_argument, NULL, 'j' },
	{ "census", no_argument, NULL, 'C' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

enum { VALUES_MAX = 256 };

struct request {
	struct common_options common;
	const char *state, *from, *to;
	bool source, json, census;
	struct sought value[VALUES_MAX];
	unsigned values;
	int64_t from_ns, to_ns;
};

/* ---- options ---- */

/* As common_read(). */
static int
read_options(int argc, char **argv, struct request *r)
{
	const struct own_option own[] = {
		{ .letter = 's', .name = "--state", .text = &r->state },
		{ .letter = 'F', .name = "--from", .text = &r->from },
		{ .letter = 'T', .name = "--to", .text = &r->to },
		{ .letter = 'S', .flag = &r->source },
		{ .letter = 'j', .flag = &r->json },
		{ .letter = 'C', .flag = &r->census },
		{ .letter = 0 },
	};

	return common_read(argc, argv, long_options, "c:h", help, own, &r->common, r);
}

static bool
read_time(const char *option, const char *text, int64_t *out)
{
	if (text == NULL || when_parse(text, strlen(text), 0, out))
		return true;
	fprintf(stderr, "hansho: hunt: %s \"%s\": expected a date or a time such as 2026-05-20 10:00:00\n", option, text);
	return false;
}

static bool
read_values(int argc, char **argv, struct request *r)
{
	int i;

	if (r->census && optind == argc && !r->source)
		return true;
	if (r->census) {
		fprintf(stderr, "hansho: hunt: --census stands without values and --source\n");
		return false;
	}
	if (optind == argc || argc - optind > VALUES_MAX) {
		fprintf(stderr, "hansho: hunt: expected 1 to %d values\n", (int)VALUES_MAX);
		return false;
	}
	for (i = optind; i < argc; i++)
		if (!sought_parse(argv[i], &r->value[r->values++])) {
			fprintf(stderr, "hansho: hunt: \"%s\": expected an address, address:port, a network or a name\n",
			    argv[i]);
			return false;
		}
	return true;
}

static bool
read_request(int argc, char **argv, struct request *r)
{
	r->from_ns = 0;
	r->to_ns = INT64_MAX;
	if (!read_time("--from", r->from, &r->from_ns) || !read_time("--to", r->to, &r->to_ns))
		return false;
	if (r->to != NULL && strlen(r->to) == 10)
		r->to_ns += 86400 * NS_PER_SEC - 1;
	return read_values(argc, argv, r);
}

/* ---- what was found ---- */

static const char *
protocol_text(uint8_t protocol, char buf[8])
{
	snprintf(buf, 8, "%s", protocol == 6 ? "tcp" : protocol == 17 ? "udp" : "");
	if (buf[0] == '\0')
		snprintf(buf, 8, "ip-%u", protocol);
	return buf;
}

enum { END_MAX = ADDR_TEXT_MAX + 10 };

static const char *
end_text(const struct addr *a, uint16_t port, char buf[END_MAX])
{
	char text[ADDR_TEXT_MAX];

	addr_text(a, text);
	snprintf(buf, END_MAX, addr_is_v4(a) ? "%s:%u" : "[%s]:%u", text, port);
	return buf;
}

/* Names come from the wire. */
static void
clean(char *to, size_t size, struct span name)
{
	size_t i;

	for (i = 0; i < name.left && i + 1 < size; i++)
		to[i] = name.at[i] > ' ' && name.at[i] < 0x7f ? (char)name.at[i] : '?';
	to[i] = '\0';
}

static void
print_object(cJSON *o)
{
	char *line = cJSON_PrintUnformatted(o);

	if (line != NULL)
		puts(line);
	free(line);
	cJSON_Delete(o);
}

static void
add_if(cJSON *o, const char *key, const char *text)
{
	if (text[0] != '\0')
		cJSON_AddStringToObject(o, key, text);
}

static bool
print_contact(void *to, const struct contact *c)
{
	const struct request *r = to;
	char when[WHEN_TEXT_MAX], from[END_MAX], end[END_MAX], protocol[8], realm[REALM_TEXT_MAX], name[256];
	cJSON *o;

	when_rfc3339(c->ts_ns, when);
	clean(name, sizeof name, c->name);
	realm_text(&c->realm, realm);
	protocol_text(c->protocol, protocol);
	if (!r->json) {
		printf("%s  %s -> %s %s%s%s%s%s\n", when, end_text(&c->addr[0], c->port[0], from),
		    end_text(&c->addr[1], c->port[1], end), protocol, name[0] != '\0' ? "  " : "", name,
		    realm[0] != '\0' ? "  in " : "", realm);
		return !ferror(stdout);
	}
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "timestamp", when);
	cJSON_AddStringToObject(o, "src_ip", addr_text(&c->addr[0], from));
	cJSON_AddNumberToObject(o, "src_port", c->port[0]);
	cJSON_AddStringToObject(o, "dest_ip", addr_text(&c->addr[1], end));
	cJSON_AddNumberToObject(o, "dest_port", c->port[1]);
	cJSON_AddStringToObject(o, "proto", protocol);
	add_if(o, "service", name);
	add_if(o, "realm", realm);
	print_object(o);
	return !ferror(stdout);
}

/* ---- the history ---- */

static void
print_row_json(const struct history_row *row, const char *first, const char *last, const char *name,
    const char *realm)
{
	char text[ADDR_TEXT_MAX], protocol[8];
	cJSON *o = cJSON_CreateObject(), *peers;
	unsigned i;

	cJSON_AddStringToObject(o, "first_contact", first);
	cJSON_AddStringToObject(o, "last_contact", last);
	cJSON_AddNumberToObject(o, "contacts", (double)row->count);
	cJSON_AddNumberToObject(o, "days", row->days);
	cJSON_AddStringToObject(o, "src_ip", addr_text(&row->host, text));
	peers = cJSON_AddArrayToObject(o, "dest_ips");
	for (i = 0; i < row->peers; i++)
		cJSON_AddItemToArray(peers, cJSON_CreateString(addr_text(&row->peer[i].addr, text)));
	cJSON_AddNumberToObject(o, "dest_port", row->port);
	cJSON_AddStringToObject(o, "proto", protocol_text(row->protocol, protocol));
	cJSON_AddNumberToObject(o, "bytes_out", (double)row->bytes_out);
	cJSON_AddNumberToObject(o, "bytes_in", (double)row->bytes_in);
	add_if(o, "service", name);
	add_if(o, "realm", realm);
	print_object(o);
}

struct rows {
	const struct request *request;
	uint64_t found;
};

static bool
print_row(void *to, const struct history_row *row)
{
	struct rows *rows = to;
	const struct request *r = rows->request;
	char first[WHEN_TEXT_MAX], last[WHEN_TEXT_MAX], host[ADDR_TEXT_MAX], peer[END_MAX], protocol[8];
	char realm[REALM_TEXT_MAX], name[256];

	if (row->last_ns < r->from_ns || row->first_ns > r->to_ns)
		return true;
	rows->found++;
	when_rfc3339(row->first_ns, first);
	when_rfc3339(row->last_ns, last);
	clean(name, sizeof name, span_text(row->name));
	realm_text(&row->realm, realm);
	if (r->json) {
		print_row_json(row, first, last, name, realm);
		return !ferror(stdout);
	}
	if (row->peers > 0)
		end_text(&row->peer[0].addr, row->port, peer);
	else
		snprintf(peer, sizeof peer, "port %u", row->port);
	printf("%.19sZ to %.19sZ  %" PRIu64 " time%s on %u day%s  %s -> %s %s%s%s%s%s%s\n", first, last, row->count,
	    row->count == 1 ? "" : "s", row->days, row->days == 1 ? "" : "s", addr_text(&row->host, host), peer, protocol_text(row->protocol, protocol),
	    name[0] != '\0' ? "  " : "", name, row->resolved ? " (by DNS)" : "",
	    realm[0] != '\0' ? "  in " : "", realm);
	return !ferror(stdout);
}

int64_t
hunt_print_history(const struct config *c, const char *value, bool json)
{
	struct request *r = calloc(1, sizeof *r);
	char folder[CONFIG_TEXT_MAX + 16];
	struct fault fault = { "no memory" };
	struct rows rows = { r, 0 };
	int64_t found = SE_NOMEM;

	if (r != NULL) {
		r->json = json;
		r->to_ns = INT64_MAX;
		found = history_who(keeper_folder(c, folder, sizeof folder), value, false, print_row, &rows, &fault);
	}
	free(r);
	if (found == SE_USAGE)
		return 0;
	if (found < 0)
		fprintf(stderr, "hansho: %s\n", fault.text);
	return found;
}

static int
hunt_history(const struct request *r, const struct config *c, char **values, uint64_t *found)
{
	char folder[CONFIG_TEXT_MAX + 16];
	struct rows rows = { r, 0 };
	struct fault fault;
	unsigned i;

	fprintf(stderr, "hansho: hunt: no contact log here: these are sums of the history, first and last contact\n");
	for (i = 0; i < r->values; i++)
		if (history_who(keeper_folder(c, folder, sizeof folder), values[i], r->source, print_row, &rows,
		    &fault) < 0) {
			fprintf(stderr, "hansho: hunt: %s\n", fault.text);
			return SE_SYSTEM;
		}
	*found = rows.found;
	return 0;
}

/* ---- the command ---- */

static void
tell_limits(const struct contact_hunted *h)
{
	char first[WHEN_TEXT_MAX];

	if (h->first_ns != INT64_MAX)
		fprintf(stderr, "hansho: hunt: %" PRIu64 " of %" PRIu64 " contacts on %u day%s, since %.19sZ\n", h->found,
		    h->contacts, h->days, h->days == 1 ? "" : "s", when_rfc3339(h->first_ns, first));
	if (h->damaged_bytes > 0)
		fprintf(stderr, "hansho: hunt: %" PRIu64 " bytes are damaged and were passed over\n", h->damaged_bytes);
}

static int
run(const struct request *r, const struct config *c, char **values)
{
	const struct contact_hunt hunt = { r->value, r->values, r->source, r->from_ns, r->to_ns };
	char folder[CONFIG_TEXT_MAX + 16];
	struct contact_hunted hunted;
	struct fault fault;
	uint64_t found;
	int code;

	if (r->census)
		return hunt_print_census(c, r->from_ns, r->to_ns, r->json) > 0 ? 0 : 1;
	code = contact_log_hunt(keeper_contacts_folder(c, folder, sizeof folder), &hunt, print_contact,
	    (void *)(uintptr_t)r, &hunted, &fault);
	if (code < 0) {
		fprintf(stderr, "hansho: hunt: %s\n", fault.text);
		return 1;
	}
	found = hunted.found;
	if (hunted.days > 0)
		tell_limits(&hunted);
	else
		code = hunt_history(r, c, values, &found);
	return code == 0 && found > 0 ? 0 : 1;
}

int
command_hunt(int argc, char **argv)
{
	struct request *r = calloc(1, sizeof *r);
	struct config config;
	int status;

	if (r == NULL)
		return 1;
	if ((status = read_options(argc, argv, r)) != 0 || !read_request(argc, argv, r)) {
		free(r);
		return status < 0 ? 0 : EXIT_USAGE;
	}
	if (r->state == NULL)
		common_find_config(&r->common);
	status = EXIT_USAGE;
	if (common_config(&r->common, &config)) {
		if (r->state != NULL)
			snprintf(config.state_directory, sizeof config.state_directory, "%s", r->state);
		status = run(r, &config, argv + optind);
	}
	config_clear(&config);
	free(r);
	return status;
}
