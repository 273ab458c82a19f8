#include "proto/tls/tls_hello.h"

#include <stddef.h>

enum { RANDOM_BYTES = 32 };

bool
tls_name_is_grease(struct span name)
{
	uint16_t value;

	return name.left == 2 && span_u16be(&name, &value) && tls_is_grease(value);
}

bool
tls_version_is_dtls(uint16_t version)
{
	return version >> 8 == DTLS_1_0 >> 8;
}

bool
tls_version_hides(uint16_t version)
{
	/* 0x7fNN: drafts of RFC 8446; 0xfbNN: Facebook's variants of them */
	return version == TLS_1_3 || version == DTLS_1_3 || version >> 8 == 0x7f || version >> 8 == 0xfb;
}

static bool
take_u8_counted(struct span *s, struct span *out)
{
	uint8_t len;

	return span_u8(s, &len) && span_take(s, len, out);
}

static bool
take_u16_counted(struct span *s, struct span *out)
{
	uint16_t len;

	return span_u16be(s, &len) && span_take(s, len, out);
}

bool
tls_next_name(struct span *list, struct span *name)
{
	struct span s = *list;

	if (!take_u8_counted(&s, name))
		return false;
	*list = s;
	return true;
}

/* The extension block, or none at all (RFC 5246, 7.4.1.2). */
static bool
take_extensions(struct span *s, struct span *out)
{
	out->at = NULL;
	out->left = 0;
	return s->left == 0 || take_u16_counted(s, out);
}

/* ---- extensions of a ClientHello ---- */

static void
read_server_name(struct span body, struct tls_client_hello *h)
{
	struct span list, name;
	uint8_t type;

	h->has_sni = true;
	if (!take_u16_counted(&body, &list))
		return;
	while (span_u8(&list, &type) && take_u16_counted(&list, &name)) {
		if (type != 0)	/* RFC 6066, 3: host_name is the only type there is */
			continue;
		h->sni = name;
		return;
	}
}

static void
read_groups(struct span body, struct tls_client_hello *h)
{
	take_u16_counted(&body, &h->groups);
}

static void
read_point_formats(struct span body, struct tls_client_hello *h)
{
	take_u8_counted(&body, &h->point_formats);
}

static void
read_signatures(struct span body, struct tls_client_hello *h)
{
	take_u16_counted(&body, &h->signatures);
}

static void
read_alpn(struct span body, struct tls_client_hello *h)
{
	take_u16_counted(&body, &h->alpn);
}

/* DTLS counts its versions downwards. */
static bool
is_better(uint16_t version, uint16_t than)
{
	if (tls_version_is_dtls(version) && tls_version_is_dtls(than))
		return version < than;
	return version > than;
}

static void
read_versions(struct span body, struct tls_client_hello *h)
{
	uint16_t version, best = 0;
	struct span list;

	if (!take_u8_counted(&body, &list))
		return;
	while (tls_next_value(&list, &version))
		if (is_better(version, best))
			best = version;
	if (best != 0)
		h->best_version = best;
}

/* Empty, it only says that a new one is welcome (RFC 5077, 3.2). */
static void
read_ticket(struct span body, struct tls_client_hello *h)
{
	h->resumes |= body.left > 0;
}

static void
read_pre_shared_key(struct span body, struct tls_client_hello *h)
{
	(void)body;
	h->resumes = true;
}

static void (*const CLIENT_EXTENSIONS[])(struct span body, struct tls_client_hello *h) = {
	[EXTENSION_SERVER_NAME] = read_server_name,
	[EXTENSION_GROUPS] = read_groups,
	[EXTENSION_POINT_FORMATS] = read_point_formats,
	[EXTENSION_SIGNATURES] = read_signatures,
	[EXTENSION_ALPN] = read_alpn,
	[EXTENSION_TICKET] = read_ticket,
	[EXTENSION_PRE_SHARED_KEY] = read_pre_shared_key,
	[EXTENSION_VERSIONS] = read_versions,
};

static void
read_client_extension(uint16_t type, struct span body, struct tls_client_hello *h)
{
	if (type == EXTENSION_ENCRYPTED_HELLO)
		h->ech = true;
	else if (type < sizeof CLIENT_EXTENSIONS / sizeof CLIENT_EXTENSIONS[0] && CLIENT_EXTENSIONS[type] != NULL)
		CLIENT_EXTENSIONS[type](body, h);
}

bool
tls_client_hello_read(struct span body, struct tls_client_hello *out)
{
	struct span session, cookie, compression, walk, extension;
	uint16_t type;

	memset(out, 0, sizeof *out);
	if (!span_u16be(&body, &out->version) || (out->version >> 8 != 3 && !tls_version_is_dtls(out->version)))
		return false;
	if (!span_skip(&body, RANDOM_BYTES) || !take_u8_counted(&body, &session))
		return false;
	if (tls_version_is_dtls(out->version) && !take_u8_counted(&body, &cookie))
		return false;
	if (!take_u16_counted(&body, &out->ciphers) || out->ciphers.left % 2 != 0)
		return false;
	if (!take_u8_counted(&body, &compression) || !take_extensions(&body, &out->extensions))
		return false;
	out->best_version = out->version;
	walk = out->extensions;
	while (tls_next_extension(&walk, &type, &extension))
		read_client_extension(type, extension, out);
	/* From TLS 1.3 on the id is filled with anything, for the boxes in between (RFC 8446, D.4). */
	if (session.left > 0 && !tls_version_hides(out->best_version))
		out->resumes = true;
	return true;
}

/* ---- ServerHello ---- */

/* RFC 8446, 4.1.3: SHA-256 of "HelloRetryRequest" in place of the random. */
static const uint8_t RETRY_RANDOM[RANDOM_BYTES] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

static void
read_server_extension(uint16_t type, struct span body, struct tls_server_hello *h)
{
	uint16_t version;

	if (type == EXTENSION_VERSIONS && span_u16be(&body, &version))
		h->version = version;
	if (type == EXTENSION_ALPN)
		take_u16_counted(&body, &h->alpn);
}

bool
tls_server_hello_read(struct span body, struct tls_server_hello *out)
{
	struct span random, session, walk, extension;
	uint8_t compression;
	uint16_t type;
	bool draft;

	memset(out, 0, sizeof *out);
	if (!span_u16be(&body, &out->legacy_version))
		return false;
	/* Drafts 18 to 21 say their version here and have neither session nor compression. */
	draft = out->legacy_version >> 8 == 0x7f;
	if (!draft && out->legacy_version >> 8 != 3 && !tls_version_is_dtls(out->legacy_version))
		return false;
	if (!span_take(&body, RANDOM_BYTES, &random))
		return false;
	if (!draft && !take_u8_counted(&body, &session))
		return false;
	if (!span_u16be(&body, &out->cipher))
		return false;
	if (!draft && !span_u8(&body, &compression))
		return false;
	if (!take_extensions(&body, &out->extensions))
		return false;
	out->version = out->legacy_version;
	out->retry = span_equal(random, span_of(RETRY_RANDOM, RANDOM_BYTES));
	walk = out->extensions;
	while (tls_next_extension(&walk, &type, &extension))
		read_server_extension(type, extension, out);
	return true;
}
