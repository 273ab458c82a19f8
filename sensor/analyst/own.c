#include "analyst/own.h"

#include <curl/curl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

enum { ADDRESSES_MAX = 256, DESTINATIONS_MAX = 2 * FEEDS_MAX + SINKS_MAX, NAME_BYTES = 256 };

struct destination {
	char name[NAME_BYTES];		/* "" when it is an address */
	struct addr address;
};

struct own {
	struct addr address[ADDRESSES_MAX];
	unsigned addresses;
	struct destination to[DESTINATIONS_MAX];
	unsigned destinations;
};

void
own_add_address(struct own *o, const struct addr *a)
{
	if (o->addresses < ADDRESSES_MAX)
		o->address[o->addresses++] = *a;
}

static void
add_interfaces(struct own *o)
{
	struct ifaddrs *all, *i;
	struct addr a;

	if (getifaddrs(&all) < 0) {
		log_warn("own", "the machine's addresses cannot be read: its own traffic is taken for others'");
		return;
	}
	for (i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL)
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			a = addr_v4((const uint8_t *)&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr);
		else if (i->ifa_addr->sa_family == AF_INET6)
			memcpy(a.b, &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr, sizeof a.b);
		else
			continue;
		own_add_address(o, &a);
	}
	freeifaddrs(all);
}

/* The host of a URL; of a target that is none (a file, a local socket) nothing. */
static void
add_destination(struct own *o, const char *url)
{
	struct destination *p = &o->to[o->destinations];
	CURLU *u = curl_url();
	char *host = NULL;
	size_t n;

	if (u == NULL || o->destinations == DESTINATIONS_MAX || strstr(url, "://") == NULL ||
	    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK || (n = strlen(host)) == 0 || n >= NAME_BYTES)
		goto done;
	memset(p, 0, sizeof *p);
	if (!(host[0] == '[' ? addr_parse(host + 1, n - 2, &p->address) : addr_parse(host, n, &p->address)))
		snprintf(p->name, sizeof p->name, "%s", host);
	o->destinations++;
done:
	curl_free(host);
	curl_url_cleanup(u);
}

struct own *
own_new(const struct config *c)
{
	struct own *o = calloc(1, sizeof *o);
	unsigned i;

	if (o == NULL)
		return NULL;
	add_interfaces(o);
	for (i = 0; i < c->feeds_count; i++) {
		add_destination(o, c->feeds[i].fetch.url);
		add_destination(o, c->feeds[i].fetch.proxy);
	}
	for (i = 0; i < c->sinks_count; i++)
		add_destination(o, c->sinks[i].target);
	return o;
}

void
own_free(struct own *o)
{
	free(o);
}

static bool
is_name(const struct destination *p, struct span name)
{
	return p->name[0] != '\0' && strlen(p->name) == name.left && strncasecmp(p->name, (const char *)name.at, name.left) == 0;
}

bool
own_is(const struct own *o, const struct observation *seen, const char *name)
{
	const struct addr *host = &seen->key.addr[seen->host_side], *peer = &seen->key.addr[!seen->host_side];
	struct span said = observation_text(seen, TEXT_SERVICE);
	unsigned i;

	for (i = 0; i < o->addresses && !addr_equal(&o->address[i], host); i++)
		continue;
	if (i == o->addresses)
		return false;
	if (said.left == 0)
		said = span_text(name);
	for (i = 0; i < o->destinations; i++)
		if (o->to[i].name[0] == '\0' ? addr_equal(&o->to[i].address, peer) : is_name(&o->to[i], said))
			return true;
	return false;
}
