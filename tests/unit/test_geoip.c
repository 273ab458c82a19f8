#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alert/alerts.h"
#include "alert_rig.h"

static char root[64], asn[96], country[96];

static int
make_databases(void **state)
{
	char command[256];

	(void)state;
	snprintf(root, sizeof root, "/tmp/hansho-geoip-XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(asn, sizeof asn, "%s/asn.mmdb", root);
	snprintf(country, sizeof country, "%s/country.mmdb", root);
	/* run from the project's folder; libmaxmind-db-writer-perl makes them */
	snprintf(command, sizeof command, "perl tests/make-geoip.pl %s", root);
	return system(command);
}

static int
remove_databases(void **state)
{
	(void)state;
	unlink(asn);
	unlink(country);
	return rmdir(root);
}

static struct place
look_up(const struct geoip *g, const char *text)
{
	struct addr a = rig_addr(text);
	struct place p;

	memset(&p, 'x', sizeof p);
	geoip_find(g, &a, &p);
	return p;
}

static void
test_places(void **state)
{
	struct geoip *g;
	struct place p;

	(void)state;
	assert_int_equal(geoip_open(asn, country, &g, NULL), 0);
	p = look_up(g, "192.0.2.200");
	assert_int_equal(p.asn, 64496);
	assert_string_equal(p.organisation, "Example Hosting");
	assert_string_equal(p.country, "JP");
	p = look_up(g, "2001:db8::1");
	assert_int_equal(p.asn, 65551);
	assert_string_equal(p.organisation, "Caf\xc3\xa9 Networks");
	assert_string_equal(p.country, "DE");
	/* only registered there; the name is cut between characters */
	p = look_up(g, "198.51.100.1");
	assert_string_equal(p.country, "NL");
	assert_int_equal(strlen(p.organisation), 62);
	p = look_up(g, "203.0.113.1");
	assert_int_equal(p.asn, 0);
	assert_string_equal(p.organisation, "");
	assert_string_equal(p.country, "");
	geoip_close(g);
}

static void
test_either_or_none(void **state)
{
	struct geoip *g;

	(void)state;
	assert_int_equal(geoip_open(NULL, country, &g, NULL), 0);
	assert_int_equal(look_up(g, "192.0.2.1").asn, 0);
	assert_string_equal(look_up(g, "192.0.2.1").country, "JP");
	geoip_close(g);
	assert_int_equal(geoip_open(asn, NULL, &g, NULL), 0);
	assert_int_equal(look_up(g, "192.0.2.1").asn, 64496);
	geoip_close(g);
	assert_string_equal(look_up(NULL, "192.0.2.1").country, "");
	geoip_close(NULL);
}

static void
test_missing_and_damaged(void **state)
{
	struct fault fault;
	struct geoip *g;
	char path[128];
	FILE *f;

	(void)state;
	snprintf(path, sizeof path, "%s/none.mmdb", root);
	assert_int_equal(geoip_open(asn, path, &g, &fault), SE_SYSTEM);
	assert_null(g);
	assert_non_null(strstr(fault.text, path));
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("this is no database", f);
	fclose(f);
	assert_int_equal(geoip_open(path, NULL, &g, &fault), SE_FORMAT);
	assert_non_null(strstr(fault.text, "expected a MaxMind database"));
	unlink(path);
}

/* Whatever byte of a database is wrong: an answer or none, never a crash. */
static void
test_flipped_bytes(void **state)
{
	static char bytes[8192];
	struct geoip *g;
	char path[128];
	size_t len, i;
	FILE *f = fopen(asn, "rb");

	(void)state;
	assert_non_null(f);
	len = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	assert_true(len > 500 && len < sizeof bytes);
	snprintf(path, sizeof path, "%s/flipped.mmdb", root);
	for (i = 0; i < len; i += 3) {
		bytes[i] ^= (char)0x90;
		f = fopen(path, "wb");
		assert_non_null(f);
		fwrite(bytes, 1, len, f);
		fclose(f);
		bytes[i] ^= (char)0x90;
		if (geoip_open(path, path, &g, NULL) == 0) {
			assert_true(strlen(look_up(g, "192.0.2.1").organisation) < 64);
			look_up(g, "2001:db8::1");
			geoip_close(g);
		}
	}
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places), cmocka_unit_test(test_either_or_none),
		cmocka_unit_test(test_missing_and_damaged), cmocka_unit_test(test_flipped_bytes),
	};

	return cmocka_run_group_tests(tests, make_databases, remove_databases);
}
