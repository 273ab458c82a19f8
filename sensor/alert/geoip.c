#include <arpa/inet.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "alert/alerts.h"

/* Whose network, which country: MaxMind's GeoLite2-ASN and -Country (or -City) and what looks like them. */
struct geoip {
	MMDB_s asn, country;
	bool have_asn, have_country;
};

static int
open_one(const char *path, MMDB_s *db, bool *have, struct fault *fault)
{
	int r;

	if (path == NULL)
		return 0;
	r = MMDB_open(path, MMDB_MODE_MMAP, db);
	if (r == MMDB_SUCCESS) {
		*have = true;
		return 0;
	}
	return fault_set(fault, r == MMDB_FILE_OPEN_ERROR || r == MMDB_IO_ERROR ? SE_SYSTEM : SE_FORMAT,
	    "GeoIP database %s: %s (expected a MaxMind database, .mmdb)", path, MMDB_strerror(r));
}

int
geoip_open(const char *asn_path, const char *country_path, struct geoip **out, struct fault *fault)
{
	struct geoip *g = calloc(1, sizeof *g);
	int r;

	*out = NULL;
	if (g == NULL)
		return fault_set(fault, SE_NOMEM, "GeoIP: no memory");
	if ((r = open_one(asn_path, &g->asn, &g->have_asn, fault)) < 0 ||
	    (r = open_one(country_path, &g->country, &g->have_country, fault)) < 0) {
		geoip_close(g);
		return r;
	}
	*out = g;
	return 0;
}

void
geoip_close(struct geoip *g)
{
	if (g == NULL)
		return;
	if (g->have_asn)
		MMDB_close(&g->asn);
	if (g->have_country)
		MMDB_close(&g->country);
	free(g);
}

/* A damaged database answers with errors: then nothing is known of the address. */
static bool
find_entry(const MMDB_s *db, const struct addr *a, MMDB_entry_s *entry)
{
	struct sockaddr_storage where;
	struct sockaddr_in *four = (struct sockaddr_in *)&where;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&where;
	MMDB_lookup_result_s found;
	int error = MMDB_SUCCESS;

	memset(&where, 0, sizeof where);
	if (addr_is_v4(a)) {
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, a->b + 12, 4);
	} else {
		six->sin6_family = AF_INET6;
		memcpy(&six->sin6_addr, a->b, 16);
	}
	found = MMDB_lookup_sockaddr(db, (struct sockaddr *)&where, &error);
	if (error != MMDB_SUCCESS || !found.found_entry)
		return false;
	*entry = found.entry;
	return true;
}

static void
text_value(MMDB_entry_s *entry, char *to, size_t size, const char *const *path)
{
	MMDB_entry_data_s data;
	size_t len;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
	    data.type != MMDB_DATA_TYPE_UTF8_STRING)
		return;
	len = data.data_size < size - 1 ? data.data_size : size - 1;
	/* Cut between characters, not in one. */
	while (len > 0 && len < data.data_size && ((uint8_t)data.utf8_string[len] & 0xc0) == 0x80)
		len--;
	memcpy(to, data.utf8_string, len);
	to[len] = '\0';
}

static void
number_value(MMDB_entry_s *entry, uint32_t *to, const char *const *path)
{
	MMDB_entry_data_s data;

	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data)
		return;
	if (data.type == MMDB_DATA_TYPE_UINT32)
		*to = data.uint32;
	else if (data.type == MMDB_DATA_TYPE_UINT16)
		*to = data.uint16;
}

void
geoip_find(const struct geoip *g, const struct addr *a, struct place *out)
{
	static const char *const number[] = { "autonomous_system_number", NULL };
	static const char *const name[] = { "autonomous_system_organization", NULL };
	static const char *const country[] = { "country", "iso_code", NULL };
	static const char *const registered[] = { "registered_country", "iso_code", NULL };
	MMDB_entry_s entry;

	memset(out, 0, sizeof *out);
	if (g == NULL)
		return;
	if (g->have_asn && find_entry(&g->asn, a, &entry)) {
		number_value(&entry, &out->asn, number);
		text_value(&entry, out->organisation, sizeof out->organisation, name);
	}
	if (g->have_country && find_entry(&g->country, a, &entry)) {
		text_value(&entry, out->country, sizeof out->country, country);
		if (out->country[0] == '\0')
			text_value(&entry, out->country, sizeof out->country, registered);
	}
}
