/*
 * The compiled image: look-ups, their order, and images that are damaged.
 */
#include "indicators/indicators.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"
#include "indicators/image.h"

static const struct indicator entries[] = {
	{ INDICATOR_CIDR, ROLE_C2, "192.0.2.0/24", "lists", "", "", 1, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_CIDR, ROLE_C2, "192.0.2.0/28", "lists", "", "", 2, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS, ROLE_C2, "192.0.2.7", "lists", "Dridex", "", 3, 50, 0, NS_PER_SEC, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS_PORT, ROLE_C2, "192.0.2.7:443", "feodo", "Emotet", "ref", 4, 100,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS_PORT, ROLE_C2, "192.0.2.7:443", "other", "", "", 5, 10,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS, ROLE_INFECTED, "192.0.2.7", "notice", "Emotet", "", 6, 90, 0, 0, WHEN_UNKNOWN, "" },
	{ INDICATOR_CIDR, ROLE_INFECTED, "198.51.0.0/16", "notice", "", "", 7, 90, 0, 0, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS, ROLE_C2, "2001:db8::7", "lists", "", "", 8, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_CIDR, ROLE_C2, "2001:db8::/32", "lists", "", "", 9, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_CIDR, ROLE_C2, "2001:db8::/125", "lists", "", "", 10, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_ADDRESS_PORT, ROLE_C2, "[2001:db8::7]:80", "lists", "", "", 11, 50,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_DOMAIN, ROLE_C2, "c2.example", "lists", "", "", 12, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_DOMAIN, ROLE_C2, "a.b.c2.example", "lists", "", "", 13, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_URL, ROLE_DOWNLOAD, "files.example/x?id=1", "lists", "", "", 14, 80,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_URL, ROLE_DOWNLOAD, "files.example:8080/", "lists", "", "", 15, 80,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_URL, ROLE_DOWNLOAD, "[2001:db8::7]/y", "lists", "", "", 16, 80,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_JA3, ROLE_C2, "0123456789abcdef0123456789abcdef", "lists", "", "", 17, 50,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_JA4, ROLE_C2, "t13d0102h2_0123456789ab_ba9876543210", "lists", "", "", 18, 50,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_CERT_SHA1, ROLE_C2, "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "lists", "", "", 19, 50,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	/* Values alike, types not. */
	{ INDICATOR_JA3S, ROLE_C2, "0123456789abcdef0123456789abcdef", "lists", "", "", 20, 50,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_CERT_SHA256, ROLE_C2, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	    "lists", "", "", 21, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_FILE_SHA256, ROLE_DOWNLOAD, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	    "lists", "", "", 22, 50, WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
	{ INDICATOR_USER_AGENT, ROLE_C2, "Mozilla/4.0 (Bot; 1)", "lists", "", "", 23, 50,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, WHEN_UNKNOWN, "" },
};

enum { ENTRIES = sizeof entries / sizeof entries[0] };

static int
compiled(void)
{
	struct builder *b = builder_new(ENTRIES);
	struct fault fault;
	size_t n;
	int fd;

	assert_non_null(b);
	for (n = 0; n < ENTRIES; n++)
		assert_int_equal(builder_add(b, &entries[n]), 0);
	assert_int_equal(builder_compile(b, &fd, &fault), 0);
	builder_free(b);
	return fd;
}

static int
map_entries(void **state)
{
	int fd = compiled();
	struct indicators *set;
	struct fault fault;

	assert_int_equal(indicators_map(fd, &set, &fault), 0);
	close(fd);
	*state = set;
	return 0;
}

static int
unmap_entries(void **state)
{
	indicators_unmap(*state);
	return 0;
}

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

/* Lines of what was found, e.g. "4 5 3": each entry above has its own. */
static const char *
lines_of(const struct indicators *set, const uint32_t *found, unsigned count)
{
	static char text[64];
	struct indicator i;
	unsigned n;

	text[0] = '\0';
	for (n = 0; n < count; n++) {
		indicators_get(set, found[n], &i);
		snprintf(text + strlen(text), sizeof text - strlen(text), n == 0 ? "%u" : " %u", i.line);
	}
	return text;
}

static const char *
by_peer(const struct indicators *set, const char *text, uint16_t port, unsigned most)
{
	struct addr a = address(text);
	uint32_t found[MATCHES_MAX];

	return lines_of(set, found, indicators_by_peer(set, &a, port, found, most));
}

static const char *
by_source(const struct indicators *set, const char *text)
{
	struct addr a = address(text);
	uint32_t found[MATCHES_MAX];

	return lines_of(set, found, indicators_by_source(set, &a, found, MATCHES_MAX));
}

static const char *
by_domain(const struct indicators *set, const char *name)
{
	uint32_t found[MATCHES_MAX];

	return lines_of(set, found, indicators_by_domain(set, span_text(name), found, MATCHES_MAX));
}

static const char *
by_url(const struct indicators *set, const char *host, const char *path)
{
	uint32_t found[MATCHES_MAX];

	return lines_of(set, found,
	    indicators_by_url(set, span_text(host), span_text(path), found, MATCHES_MAX));
}

static const char *
by_text(const struct indicators *set, enum indicator_type t, const char *text)
{
	uint32_t found[MATCHES_MAX];

	return lines_of(set, found, indicators_by_text(set, t, span_text(text), found, MATCHES_MAX));
}

static void
entries_come_back(void **state)
{
	const struct indicators *set = *state;
	uint32_t types[INDICATOR_TYPES] = { 0 };
	struct indicator i;
	uint32_t n;

	assert_int_equal(indicators_count(set), ENTRIES);
	for (n = 0; n < ENTRIES; n++) {
		indicators_get(set, n, &i);
		types[i.type]++;
		assert_int_equal(i.type, entries[n].type);
		assert_int_equal(i.role, entries[n].role);
		assert_string_equal(i.value, entries[n].value);
		assert_string_equal(i.feed, entries[n].feed);
		assert_string_equal(i.malware, entries[n].malware);
		assert_string_equal(i.reference, entries[n].reference);
		assert_int_equal(i.line, entries[n].line);
		assert_int_equal(i.confidence, entries[n].confidence);
		assert_true(i.first_seen_ns == entries[n].first_seen_ns);
		assert_true(i.last_seen_ns == entries[n].last_seen_ns);
	}
	for (n = 0; n < INDICATOR_TYPES; n++)
		assert_int_equal(indicators_count_type(set, n), types[n]);
	indicators_get(set, ENTRIES, &i);
	assert_string_equal(i.value, "");
}

static void
peers_most_specific_first(void **state)
{
	const struct indicators *set = *state;

	assert_string_equal(by_peer(set, "192.0.2.7", 443, MATCHES_MAX), "4 5 3 2 1");
	assert_string_equal(by_peer(set, "192.0.2.7", 443, 2), "4 5");
	assert_string_equal(by_peer(set, "192.0.2.7", 443, 1), "4");
	assert_string_equal(by_peer(set, "192.0.2.7", 443, 0), "");
	assert_string_equal(by_peer(set, "192.0.2.7", 80, MATCHES_MAX), "3 2 1");
	assert_string_equal(by_peer(set, "192.0.2.8", 443, MATCHES_MAX), "2 1");
	assert_string_equal(by_peer(set, "192.0.2.255", 443, MATCHES_MAX), "1");
	assert_string_equal(by_peer(set, "192.0.3.0", 443, MATCHES_MAX), "");
	assert_string_equal(by_peer(set, "2001:db8::7", 80, MATCHES_MAX), "11 8 10 9");
	assert_string_equal(by_peer(set, "2001:db8::8", 80, MATCHES_MAX), "9");
	assert_string_equal(by_peer(set, "2001:db9::7", 80, MATCHES_MAX), "");
}

static void
infected_hosts_are_apart(void **state)
{
	const struct indicators *set = *state;

	assert_string_equal(by_source(set, "192.0.2.7"), "6");
	assert_string_equal(by_source(set, "198.51.100.1"), "7");
	assert_string_equal(by_source(set, "2001:db8::7"), "");
	assert_string_equal(by_peer(set, "198.51.100.1", 80, MATCHES_MAX), "");
}

static void
domains_and_parents(void **state)
{
	const struct indicators *set = *state;
	char longest[300];

	assert_string_equal(by_domain(set, "c2.example"), "12");
	assert_string_equal(by_domain(set, "C2.Example."), "12");
	assert_string_equal(by_domain(set, "x.A.b.c2.example"), "13 12");
	assert_string_equal(by_domain(set, "b.c2.example"), "12");
	assert_string_equal(by_domain(set, "xc2.example"), "");
	assert_string_equal(by_domain(set, "example"), "");
	assert_string_equal(by_domain(set, ""), "");
	assert_string_equal(by_domain(set, "."), "");
	assert_string_equal(by_domain(set, "..c2.example"), "12");
	assert_string_equal(by_domain(set, "192.0.2.7"), "");
	memset(longest, '.', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_string_equal(by_domain(set, longest), "");
	strcpy(longest + 200, ".c2.example");
	assert_string_equal(by_domain(set, longest), "12");
}

static void
urls_exactly(void **state)
{
	const struct indicators *set = *state;
	char path[5000];

	assert_string_equal(by_url(set, "files.example", "/x?id=1"), "14");
	assert_string_equal(by_url(set, "FILES.example.:80", "/x?id=1"), "14");
	assert_string_equal(by_url(set, "files.example:443", "/x?id=1#f"), "14");
	assert_string_equal(by_url(set, "files.example", "/X?id=1"), "");
	assert_string_equal(by_url(set, "files.example", "/x"), "");
	assert_string_equal(by_url(set, "files.example", "/x?id=12"), "");
	assert_string_equal(by_url(set, "files.example:8080", "/"), "15");
	assert_string_equal(by_url(set, "files.example", "/"), "");
	assert_string_equal(by_url(set, "files.example:8080", ""), "");
	assert_string_equal(by_url(set, "[2001:DB8:0::7]:80", "/y"), "16");
	assert_string_equal(by_url(set, "files.example:x", "/x?id=1"), "");
	assert_string_equal(by_url(set, "", "/x?id=1"), "");
	memset(path, '/', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	assert_string_equal(by_url(set, "files.example", path), "");
}

static void
texts(void **state)
{
	const struct indicators *set = *state;

	assert_string_equal(by_text(set, INDICATOR_JA3, entries[16].value), "17");
	assert_string_equal(by_text(set, INDICATOR_JA4, entries[17].value), "18");
	assert_string_equal(by_text(set, INDICATOR_CERT_SHA1, entries[18].value), "19");
	assert_string_equal(by_text(set, INDICATOR_JA4, entries[16].value), "");
	assert_string_equal(by_text(set, INDICATOR_JA3S, entries[16].value), "20");
	assert_string_equal(by_text(set, INDICATOR_CERT_SHA256, entries[20].value), "21");
	assert_string_equal(by_text(set, INDICATOR_FILE_SHA256, entries[20].value), "22");
	assert_string_equal(by_text(set, INDICATOR_USER_AGENT, "Mozilla/4.0 (Bot; 1)"), "23");
	assert_string_equal(by_text(set, INDICATOR_USER_AGENT, "mozilla/4.0 (bot; 1)"), "");
	assert_string_equal(by_text(set, INDICATOR_DOMAIN, "c2.example"), "");
	assert_string_equal(by_text(set, INDICATOR_JA3, ""), "");
}

/* ---- the builder ---- */

static void
builder_refuses(void **state)
{
	static const struct {
		enum indicator_type type;
		enum indicator_role role;
		const char *value;
	} bad[] = {
		{ INDICATOR_ADDRESS, ROLE_C2, "192.0.2" }, { INDICATOR_ADDRESS, ROLE_C2, "192.0.2.0/24" },
		{ INDICATOR_CIDR, ROLE_C2, "10.0.0.0/7" }, { INDICATOR_CIDR, ROLE_C2, "2001::/18" },
		{ INDICATOR_DOMAIN, ROLE_C2, "example" }, { INDICATOR_DOMAIN, ROLE_C2, "192.0.2.1" },
		{ INDICATOR_JA3, ROLE_C2, "0123" }, { INDICATOR_TYPES, ROLE_C2, "c2.example" },
		{ INDICATOR_DOMAIN, ROLE_KINDS, "c2.example" }, { INDICATOR_DOMAIN, ROLE_INFECTED, "c2.example" },
		{ INDICATOR_ADDRESS_PORT, ROLE_INFECTED, "192.0.2.1:80" }, { INDICATOR_URL, ROLE_C2, "" },
	};
	struct builder *b = builder_new(10);
	struct indicator i = entries[0];
	size_t n;

	(void)state;
	for (n = 0; n < sizeof bad / sizeof bad[0]; n++) {
		i.type = bad[n].type;
		i.role = bad[n].role;
		i.value = bad[n].value;
		assert_int_equal(builder_add(b, &i), SE_FORMAT);
	}
	builder_free(b);
}

static void
builder_widens_and_stops(void **state)
{
	struct builder *b = builder_new(2);
	struct indicator i = { INDICATOR_DOMAIN, ROLE_C2, "C2.Example.", "a", "", "", 1, 1,
	    WHEN_UNKNOWN, WHEN_UNKNOWN, 70 * NS_PER_SEC, "" };
	struct indicators *set;
	struct fault fault;
	int fd;

	(void)state;
	assert_int_equal(builder_add(b, &i), 0);
	i.first_seen_ns = i.last_seen_ns = 50 * NS_PER_SEC;
	assert_int_equal(builder_add(b, &i), 0);
	i.first_seen_ns = 20 * NS_PER_SEC + 5;
	i.last_seen_ns = 90 * NS_PER_SEC;
	assert_int_equal(builder_add(b, &i), 0);
	i.first_seen_ns = i.last_seen_ns = WHEN_UNKNOWN;
	assert_int_equal(builder_add(b, &i), 0);
	i.feed = "b";
	assert_int_equal(builder_add(b, &i), 0);
	i.feed = "c";
	assert_int_equal(builder_add(b, &i), SE_LIMIT);
	assert_int_equal(builder_compile(b, &fd, &fault), 0);
	assert_int_equal(indicators_map(fd, &set, &fault), 0);
	assert_int_equal(indicators_count(set), 2);
	indicators_get(set, 0, &i);
	assert_string_equal(i.value, "c2.example");
	assert_true(i.first_seen_ns == 20 * NS_PER_SEC);
	assert_true(i.last_seen_ns == 90 * NS_PER_SEC);
	assert_string_equal(by_domain(set, "c2.example"), "1 1");
	indicators_unmap(set);
	close(fd);
	builder_free(b);
}

static void
nothing_is_an_image_too(void **state)
{
	struct builder *b = builder_new(0);
	struct indicators *set;
	struct fault fault;
	int fd;

	(void)state;
	assert_int_equal(builder_compile(b, &fd, &fault), 0);
	assert_int_equal(indicators_map(fd, &set, &fault), 0);
	assert_int_equal(indicators_count(set), 0);
	assert_string_equal(by_peer(set, "192.0.2.1", 80, MATCHES_MAX), "");
	assert_string_equal(by_domain(set, "c2.example"), "");
	indicators_unmap(set);
	close(fd);
	builder_free(b);
}

/* Many entries: every bucket overflows somewhere, every one is found, none that is not there. */
static void
ten_thousand(void **state)
{
	enum { MANY = 10000 };
	struct builder *b = builder_new(MANY);
	struct indicators *set;
	struct fault fault;
	struct indicator i = entries[0];
	struct addr a;
	char text[64];
	uint32_t found[MATCHES_MAX], n;
	int fd;

	(void)state;
	for (n = 0; n < MANY; n++) {
		snprintf(text, sizeof text, n % 2 ? "10.%u.%u.1" : "10.%u.%u.0/25", n >> 8, n & 255);
		i.type = n % 2 ? INDICATOR_ADDRESS : INDICATOR_CIDR;
		i.value = text;
		assert_int_equal(builder_add(b, &i), 0);
	}
	assert_int_equal(builder_compile(b, &fd, &fault), 0);
	assert_int_equal(indicators_map(fd, &set, &fault), 0);
	for (n = 0; n < MANY; n++) {
		snprintf(text, sizeof text, "10.%u.%u.1", n >> 8, n & 255);
		a = address(text);
		assert_int_equal(indicators_by_peer(set, &a, 80, found, MATCHES_MAX), 1);
		assert_int_equal(found[0], n);
		snprintf(text, sizeof text, "10.%u.%u.129", n >> 8, n & 255);
		a = address(text);
		assert_int_equal(indicators_by_peer(set, &a, 80, found, MATCHES_MAX), 0);
	}
	indicators_unmap(set);
	close(fd);
	builder_free(b);
}

/* ---- damaged images ---- */

static int
memfd_of(const uint8_t *bytes, size_t len, int seals)
{
	int fd = memfd_create("damaged", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

enum { ALL_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* Ask everything. What is found is of no interest: only that nothing outside is touched. */
static void
ask_all(const struct indicators *set)
{
	struct indicator i;
	uint32_t n;

	by_peer(set, "192.0.2.7", 443, MATCHES_MAX);
	by_peer(set, "2001:db8::7", 80, MATCHES_MAX);
	by_source(set, "192.0.2.7");
	by_source(set, "198.51.100.1");
	by_domain(set, "x.a.b.c2.example");
	by_url(set, "files.example", "/x?id=1");
	by_url(set, "files.example:8080", "/");
	by_text(set, INDICATOR_JA3, entries[16].value);
	by_text(set, INDICATOR_JA4, entries[17].value);
	by_text(set, INDICATOR_CERT_SHA1, entries[18].value);
	for (n = 0; n < indicators_count(set); n++) {
		indicators_get(set, n, &i);
		assert_true(strlen(i.value) + strlen(i.feed) + strlen(i.malware) + strlen(i.reference) < 1 << 20);
	}
}

/* 1 when the image was mapped all the same. */
static int
try_image(const uint8_t *bytes, size_t len)
{
	struct indicators *set;
	struct fault fault;
	int fd = memfd_of(bytes, len, ALL_SEALS), r;

	r = indicators_map(fd, &set, &fault);
	close(fd);
	if (r < 0) {
		assert_int_equal(r, SE_FORMAT);
		assert_null(set);
		return 0;
	}
	ask_all(set);
	indicators_unmap(set);
	return 1;
}

static uint8_t *
image_bytes(size_t *len)
{
	int fd = compiled();
	struct stat st;
	uint8_t *bytes;

	assert_int_equal(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	assert_non_null(bytes = malloc(*len));
	assert_int_equal(pread(fd, bytes, *len, 0), st.st_size);
	close(fd);
	return bytes;
}

static void
sign(uint8_t *bytes)
{
	struct image_header h;

	memcpy(&h, bytes, sizeof h);
	h.checksum = image_header_checksum(&h);
	memcpy(bytes, &h, sizeof h);
}

static void
every_header_byte(void **state)
{
	size_t len, n;
	uint8_t *bytes = image_bytes(&len), kept[sizeof(struct image_header)];

	(void)state;
	memcpy(kept, bytes, sizeof kept);
	assert_int_equal(try_image(bytes, len), 1);
	for (n = 0; n < sizeof kept; n++) {
		bytes[n] ^= 0xff;
		assert_int_equal(try_image(bytes, len), 0);
		/* Its maker lies: the checksum is right. */
		sign(bytes);
		try_image(bytes, len);
		bytes[n] ^= 0xfe;
		sign(bytes);
		try_image(bytes, len);
		memcpy(bytes, kept, sizeof kept);
	}
	free(bytes);
}

static void
cut_images(void **state)
{
	size_t len, n;
	uint8_t *bytes = image_bytes(&len);
	struct image_header h;

	(void)state;
	memcpy(&h, bytes, sizeof h);
	for (n = 1; n < len; n += 1 + n / 16) {
		assert_int_equal(try_image(bytes, n), 0);
		if (n < sizeof h)
			continue;
		h.image_bytes = n;
		memcpy(bytes, &h, sizeof h);
		sign(bytes);
		assert_int_equal(try_image(bytes, n), 0);
	}
	free(bytes);
}

/* Everywhere behind the masks, which may say anything. */
static void
damaged_bytes(void **state)
{
	size_t len, n, round;
	uint8_t *bytes = image_bytes(&len), kept;
	struct image_header h;
	uint64_t x = 88172645463325252ULL;

	(void)state;
	memcpy(&h, bytes, sizeof h);
	for (n = h.section[SECTION_ATTRIBUTES].at; n < len; n++) {
		kept = bytes[n];
		bytes[n] ^= 0xff;
		try_image(bytes, len);
		bytes[n] = (uint8_t)(kept ^ 1);
		try_image(bytes, len);
		bytes[n] = kept;
	}
	for (round = 0; round < 300; round++) {
		for (n = 0; n < 1 + round % 8; n++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			bytes[sizeof h + x % (len - sizeof h)] = (uint8_t)(x >> 32);
		}
		try_image(bytes, len);
		if (round % 20 == 19) {
			free(bytes);
			bytes = image_bytes(&len);
		}
	}
	free(bytes);
}

/* Every slot taken, a slot that leads nowhere, a value without end: each once, by hand. */
static void
lies(void **state)
{
	size_t len, n;
	uint8_t *bytes = image_bytes(&len);
	struct image_header h;
	struct image_bucket *bucket;
	uint32_t buckets;

	(void)state;
	memcpy(&h, bytes, sizeof h);
	bucket = (struct image_bucket *)(bytes + h.section[SECTION_BUCKETS].at);
	buckets = (uint32_t)(h.section[SECTION_BUCKETS].bytes / sizeof *bucket);
	for (n = 0; n < buckets; n++)
		bucket[n].used = BUCKET_SLOTS;	/* all lead to entries, and none ends */
	memset(bytes + h.section[SECTION_FILTER].at, 0xff, h.section[SECTION_FILTER].bytes);
	memset(bytes + h.section[SECTION_MASKS].at, 0xff, h.section[SECTION_MASKS].bytes);
	assert_int_equal(try_image(bytes, len), 1);
	bucket[0].entry[0] = ENTRIES;
	assert_int_equal(try_image(bytes, len), 0);
	bucket[0].entry[0] = 0;
	bucket[0].used = BUCKET_SLOTS + 1;
	assert_int_equal(try_image(bytes, len), 0);
	free(bytes);
	bytes = image_bytes(&len);
	memset(bytes + len - 4, 'x', 4);
	assert_int_equal(try_image(bytes, len), 0);
	free(bytes);
}

static const char *
numbered(uint32_t n)
{
	static char text[64];

	if (n % 7 == 0)
		snprintf(text, sizeof text, "[2001:db8::1:%x]:80", n);
	else
		snprintf(text, sizeof text, "192.0.%u.%u:80", n >> 8, n & 255);
	return text;
}

/* What lists say beside their values, in every order of saying and not saying it, over several blocks. */
static void
facts_come_back(void **state)
{
	enum { MANY = 5 * IMAGE_BLOCK + 7 };
	static const char *const references[] = { "", "", "", "one", "two" };
	static const int64_t times[] = { WHEN_UNKNOWN, 0, 1700000000, 1700000001, 4000000000 };
	struct builder *b = builder_new(MANY);
	struct indicators *set;
	struct indicator i = entries[0], back;
	struct fault fault;
	uint32_t n, x;
	int fd;

	(void)state;
	for (n = 0; n < MANY; n++) {
		x = n / 9 * 2654435761u;
		i.type = INDICATOR_ADDRESS_PORT;
		i.value = numbered(n);
		i.line = n % 50 == 49 ? 10 : n + 1 + n / 100 * 1000000;
		i.confidence = (uint8_t)(x >> 8 & 1);
		i.reference = references[(x >> 16) % 5];
		i.first_seen_ns = times[x % 4] == WHEN_UNKNOWN ? WHEN_UNKNOWN : times[x % 4] * NS_PER_SEC;
		i.last_seen_ns = n % 3 == 0 ? WHEN_UNKNOWN : times[4] * NS_PER_SEC;
		assert_int_equal(builder_add(b, &i), 0);
	}
	assert_int_equal(builder_compile(b, &fd, &fault), 0);
	assert_int_equal(indicators_map(fd, &set, &fault), 0);
	close(fd);
	builder_free(b);
	assert_int_equal(indicators_count(set), MANY);
	for (n = 0; n < MANY; n++) {
		x = n / 9 * 2654435761u;
		indicators_get(set, n, &back);
		assert_string_equal(back.value, numbered(n));
		assert_int_equal(back.line, n % 50 == 49 ? 10 : n + 1 + n / 100 * 1000000);
		assert_int_equal(back.confidence, x >> 8 & 1);
		assert_string_equal(back.reference, references[(x >> 16) % 5]);
		assert_true(back.first_seen_ns ==
		    (times[x % 4] == WHEN_UNKNOWN ? WHEN_UNKNOWN : times[x % 4] * NS_PER_SEC));
		assert_true(back.last_seen_ns == (n % 3 == 0 ? WHEN_UNKNOWN : times[4] * NS_PER_SEC));
	}
	indicators_unmap(set);
}

static void
unsealed_images(void **state)
{
	size_t len;
	uint8_t *bytes = image_bytes(&len);
	struct indicators *set;
	struct fault fault;
	int fd = memfd_of(bytes, len, F_SEAL_SHRINK | F_SEAL_GROW);

	(void)state;
	assert_int_equal(indicators_map(fd, &set, &fault), SE_FORMAT);
	assert_non_null(strstr(fault.text, "sealed"));
	close(fd);
	assert_int_equal(indicators_map(-1, &set, &fault), SE_FORMAT);
	fd = memfd_of(bytes, 0, ALL_SEALS);
	assert_int_equal(indicators_map(fd, &set, &fault), SE_FORMAT);
	close(fd);
	fd = compiled();
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	close(fd);
	free(bytes);
	indicators_unmap(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_come_back, map_entries, unmap_entries),
		cmocka_unit_test_setup_teardown(peers_most_specific_first, map_entries, unmap_entries),
		cmocka_unit_test_setup_teardown(infected_hosts_are_apart, map_entries, unmap_entries),
		cmocka_unit_test_setup_teardown(domains_and_parents, map_entries, unmap_entries),
		cmocka_unit_test_setup_teardown(urls_exactly, map_entries, unmap_entries),
		cmocka_unit_test_setup_teardown(texts, map_entries, unmap_entries),
		cmocka_unit_test(builder_refuses), cmocka_unit_test(builder_widens_and_stops),
		cmocka_unit_test(nothing_is_an_image_too), cmocka_unit_test(ten_thousand),
		cmocka_unit_test(facts_come_back),
		cmocka_unit_test(every_header_byte), cmocka_unit_test(cut_images),
		cmocka_unit_test(damaged_bytes), cmocka_unit_test(lies), cmocka_unit_test(unsealed_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
