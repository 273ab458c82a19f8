/* socks_read.c - the messages: RFC 1928 sections 3, 4, 6; RFC 1929 section 2; SOCKS 4 and 4a as their authors wrote them down. */
#include <stdio.h>

#include "base/addr.h"
#include "proto/socks/private.h"

enum { VERSION_4 = 4, VERSION_5 = 5, LOGIN_VERSION = 1, COMMAND_MAX = 3, CODE_MAX = 8, CODE4_FIRST = 0x5a, CODE4_LAST = 0x5d };
enum { ADDRESS_V4 = 1, ADDRESS_NAME = 3, ADDRESS_V6 = 4 };
enum { METHODS_MAX = 16, METHOD_ASSIGNED_MAX = 9, METHOD_PRIVATE_FIRST = 0x80 };

static enum guess
read_u8(struct span *in, uint8_t *out, uint8_t least, uint8_t most)
{
	if (!span_u8(in, out))
		return GUESS_MORE;
	return *out >= least && *out <= most ? GUESS_YES : GUESS_NO;
}

/* A byte that says how many follow. */
static enum guess
read_text(struct span *in, struct span *out, uint8_t least)
{
	uint8_t len;
	enum guess g = read_u8(in, &len, least, SOCKS_TEXT_MAX);

	if (g != GUESS_YES)
		return g;
	return span_take(in, len, out) ? GUESS_YES : GUESS_MORE;
}

static bool
is_method(uint8_t m)
{
	return m <= METHOD_ASSIGNED_MAX || (m >= METHOD_PRIVATE_FIRST && m != SOCKS_METHOD_REFUSED);
}

enum guess
socks_read_greeting(struct span *in, struct span *methods)
{
	uint8_t version, count;
	enum guess g = read_u8(in, &version, VERSION_5, VERSION_5);
	size_t i, there;

	if (g != GUESS_YES || (g = read_u8(in, &count, 1, METHODS_MAX)) != GUESS_YES)
		return g;
	there = in->left < count ? in->left : count;
	for (i = 0; i < there; i++)
		if (!is_method(in->at[i]))
			return GUESS_NO;
	return span_take(in, count, methods) ? GUESS_YES : GUESS_MORE;
}

enum guess
socks_read_password(struct span *in, struct span *user)
{
	struct span password;
	uint8_t version;
	enum guess g = read_u8(in, &version, LOGIN_VERSION, LOGIN_VERSION);

	if (g == GUESS_YES)
		g = read_text(in, user, 1);
	return g == GUESS_YES ? read_text(in, &password, 0) : g;
}

static void
put_host(struct socks_asked *out, const struct addr *a, struct span name, uint16_t port)
{
	char text[ADDR_TEXT_MAX];
	struct addr literal;
	int len;

	if (a == NULL && addr_parse((const char *)name.at, name.left, &literal))
		a = &literal;
	if (a == NULL)
		len = snprintf(out->host, sizeof out->host, "%.*s:%u", (int)name.left, (const char *)name.at, port);
	else
		len = snprintf(out->host, sizeof out->host, addr_is_v4(a) ? "%s:%u" : "[%s]:%u", addr_text(a, text), port);
	out->host_bytes = (uint16_t)len;
}

/* The kind of address, the address, the port: the same in requests and answers. */
static enum guess
read_host(struct span *in, struct socks_asked *out)
{
	struct span name = { 0 };
	struct addr a;
	uint8_t kind, four[4];
	uint16_t port;
	bool there = true;
	enum guess g = read_u8(in, &kind, ADDRESS_V4, ADDRESS_V6);

	if (g != GUESS_YES)
		return g;
	switch (kind) {
	case ADDRESS_V4:
		there = span_copy(in, four, sizeof four);
		if (there)
			a = addr_v4(four);
		break;
	case ADDRESS_V6: there = span_copy(in, a.b, sizeof a.b); break;
	case ADDRESS_NAME:
		g = read_text(in, &name, 1);
		break;
	default: return GUESS_NO;
	}
	if (g != GUESS_YES)
		return g;
	if (!there || !span_u16be(in, &port))
		return GUESS_MORE;
	put_host(out, kind == ADDRESS_NAME ? NULL : &a, name, port);
	return GUESS_YES;
}

/* Requests and answers differ in what their second byte may be. */
static enum guess
read_message(struct span *in, struct socks_asked *out, uint8_t least, uint8_t most)
{
	uint8_t reserved;
	enum guess g = read_u8(in, &out->version, VERSION_5, VERSION_5);

	if (g == GUESS_YES)
		g = read_u8(in, &out->command, least, most);
	if (g == GUESS_YES)
		g = read_u8(in, &reserved, 0, 0);
	return g == GUESS_YES ? read_host(in, out) : g;
}

enum guess
socks_read_request(struct span *in, struct socks_asked *out)
{
	return read_message(in, out, 1, COMMAND_MAX);
}

enum guess
socks_read_answer(struct span *in, struct socks_asked *out)
{
	return read_message(in, out, 0, CODE_MAX);
}

/* Text and the NUL behind it. */
static enum guess
read_line(struct span *in, struct span *out)
{
	size_t i;

	for (i = 0; i < in->left && in->at[i] != '\0'; i++)
		if (in->at[i] < ' ' || in->at[i] == 0x7f || i == SOCKS_TEXT_MAX)
			return GUESS_NO;
	if (i == in->left)
		return GUESS_MORE;
	span_take(in, i, out);
	span_skip(in, 1);
	return GUESS_YES;
}

/* 4a: an address of 0.0.0.x, which is nobody's, says that a name follows. */
enum guess
socks_read_request4(struct span *in, struct socks_asked *out, struct span *user)
{
	struct span name = { 0 };
	struct addr a;
	uint8_t four[4];
	uint16_t port = 0;
	bool named;
	enum guess g = read_u8(in, &out->version, VERSION_4, VERSION_4);

	if (g == GUESS_YES)
		g = read_u8(in, &out->command, 1, COMMAND_MAX - 1);
	if (g != GUESS_YES)
		return g;
	if (!span_u16be(in, &port) || !span_copy(in, four, sizeof four))
		return GUESS_MORE;
	named = four[0] == 0 && four[1] == 0 && four[2] == 0 && four[3] != 0;
	if (port == 0 || (!named && (four[0] == 0 || four[0] >= 224)))
		return GUESS_NO;
	if ((g = read_line(in, user)) != GUESS_YES || (named && (g = read_line(in, &name)) != GUESS_YES))
		return g;
	if (named && name.left == 0)
		return GUESS_NO;
	a = addr_v4(four);
	put_host(out, named ? NULL : &a, name, port);
	return GUESS_YES;
}

enum guess
socks_read_pair(struct span *in, uint8_t version, uint8_t *value)
{
	uint8_t first;
	enum guess g = read_u8(in, &first, version, version);

	if (g != GUESS_YES)
		return g;
	return span_u8(in, value) ? GUESS_YES : GUESS_MORE;
}

enum guess
socks_read_answer4(struct span *in, struct socks_asked *out)
{
	uint8_t zero, rest[6];
	enum guess g = read_u8(in, &zero, 0, 0);

	if (g == GUESS_YES)
		g = read_u8(in, &out->command, CODE4_FIRST, CODE4_LAST);
	if (g != GUESS_YES)
		return g;
	out->version = VERSION_4;
	return span_copy(in, rest, sizeof rest) ? GUESS_YES : GUESS_MORE;
}
