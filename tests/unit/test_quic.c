/* QUIC's Initial packets: the RFCs' own samples, and what can lie between a hello and its reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../quic_seal.h"
#include "proto/proto.h"
#include "proto/quic/quic.h"
#include "proto/quic/quic_frames.h"

enum { V1 = 1, V2 = 0x6b3343cf, ROOM = 4096 };

/* RFC 9001, A.1 and A.2; the ids of RFC 9369, A are the same. */
static const uint8_t ID[] = { 0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08 };
static const char CRYPTO[] =
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff";
static const char SERVER_FRAMES[] =
    "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf739"
    "88cfc79825df566dc5430b9a045a1200130100002e00330024001d00209d3c94"
    "0d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00"
    "020304";
/* RFC 9001, A.3; RFC 9369, A.3 */
static const char SERVER_1[] =
    "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a"
    "5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3"
    "dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"
    "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4"
    "2158407dd074ee";
static const char SERVER_2[] =
    "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698"
    "baeea26b91eb761d9b89237bbf87263017915358230035f7fd3945d88965cf17"
    "f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2"
    "c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca8"
    "4bed8521e2e140";
static const char HEARD_CLIENT[] = "client v=%x sni=example.com alpn=alpn ja3=41bc9ae914d6cb3bd0bd0a5453ab7d7f "
    "ja4=q13d0211an_62ed6f6ca7ad_4d634acda6c0\n";
static const char HEARD_SERVER[] = "server 1301\n";

struct world {
	struct proto *p;
	struct dialogue *d;
	struct quic_tools *tools;
	struct flow flow;
	struct flow_talk talk;
	char heard[4096];
};

static void
note(char *heard, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
note(char *heard, const char *format, ...)
{
	size_t used = strlen(heard);
	va_list ap;

	va_start(ap, format);
	vsnprintf(heard + used, 4096 - used, format, ap);
	va_end(ap);
}

static void
hear(void *to, const struct message *m)
{
	char *heard = to;

	if (m->kind == MESSAGE_TLS_CLIENT) {
		const struct tls_client *c = m->tls_client;

		assert_true(c->quic);
		note(heard, "client v=%x sni=%.*s alpn=%.*s ja3=%s ja4=%s\n", c->quic_version, (int)c->sni.left,
		    (const char *)c->sni.at, (int)c->alpn.left, (const char *)c->alpn.at, c->ja3, c->ja4);
	} else if (m->kind == MESSAGE_TLS_SERVER) {
		note(heard, "server %04x%s\n", m->tls_server->cipher, m->tls_server->retry ? " retry" : "");
	} else {
		assert_int_equal(m->kind, MESSAGE_PROTOCOL);
		note(heard, m->protocol->app == APP_QUIC ? "quic\n" : "unknown\n");
	}
}

static void
begin_with(struct world *w, uint32_t handshake_bytes, uint32_t flow_bytes)
{
	const struct proto_limits limits = { .header_bytes = 65536, .handshake_bytes = handshake_bytes,
	    .flow_bytes = flow_bytes };

	memset(w, 0, sizeof *w);
	w->flow.talk = &w->talk;
	w->p = proto_new(&limits, hear, w->heard);
	w->tools = quic_tools_new();
	assert_non_null(w->p);
	assert_non_null(w->tools);
}

static void
begin(struct world *w)
{
	begin_with(w, 65536, 262144);
}

static void
end(struct world *w)
{
	if (w->d != NULL)
		dialogue_end(w->d, &w->flow, 1);
	dialogue_free(w->d);
	assert_int_equal(proto_counts(w->p)->held_bytes, 0);
	proto_free(w->p);
	quic_tools_free(w->tools);
}

static void
send(struct world *w, int from, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);	/* exact, for sanitizers */
	struct packet p = { .protocol = PROTO_UDP, .src_port = 50000, .dst_port = 443, .payload = copy,
	    .payload_bytes = (uint32_t)len, .payload_wire_bytes = (uint32_t)len };

	memcpy(copy, bytes, len);
	w->flow.talk->payload_bytes[from] += len;
	proto_datagram(w->p, &w->d, &w->flow, from, &p);
	free(copy);
}

static size_t
unhex(const char *text, uint8_t *out)
{
	size_t len = strlen(text) / 2, i;
	unsigned n;

	for (i = 0; i < len; i++) {
		assert_int_equal(sscanf(text + 2 * i, "%2x", &n), 1);
		out[i] = (uint8_t)n;
	}
	return len;
}

static void
send_hex(struct world *w, int from, const char *text)
{
	uint8_t bytes[ROOM];

	send(w, from, bytes, unhex(text, bytes));
}

static struct quic_key_pair
keys_of(struct world *w, uint32_t version, struct span id)
{
	struct quic_key_pair keys;

	assert_true(quic_keys_derive(w->tools, quic_version_find(version), id, &keys));
	return keys;
}

static struct span
client_id(void)
{
	return span_of(ID, sizeof ID);
}

static const struct span NO_BYTES = { NULL, 0 };

/* One client's Initial in one datagram, padded; keys of `id`, which also stands in it. */
static size_t
client_packet(struct world *w, uint32_t version, struct span id, uint32_t number, struct span frames, uint8_t *out)
{
	struct quic_key_pair keys = keys_of(w, version, id);
	uint8_t plain[ROOM] = { 0 };
	size_t len = frames.left < 1162 ? 1162 : frames.left;

	memcpy(plain, frames.at, frames.left);
	return quic_initial(&keys.client, version, id, NO_BYTES, NO_BYTES, number, span_of(plain, len), out);
}

static void
say_client(struct world *w, uint32_t version, struct span id, uint32_t number, struct span frames)
{
	uint8_t packet[2 * ROOM];

	send(w, ORIGINATOR, packet, client_packet(w, version, id, number, frames, packet));
}

/* A CRYPTO frame of the sample's hello, bytes [from, to). */
static size_t
crypto_frame(uint8_t *out, size_t from, size_t to)
{
	uint8_t whole[ROOM];
	size_t at = 0;

	unhex(CRYPTO, whole);
	out[at++] = 6;
	out[at++] = (uint8_t)(0x40 | from >> 8);
	out[at++] = (uint8_t)from;
	out[at++] = (uint8_t)(0x40 | (to - from) >> 8);
	out[at++] = (uint8_t)(to - from);
	memcpy(out + at, whole + 4 + from, to - from);
	return at + to - from;
}

enum { HELLO_BYTES = 0xf1 };

static void
say_hello(struct world *w, uint32_t version, struct span id)
{
	uint8_t frame[ROOM];

	say_client(w, version, id, 2, span_of(frame, crypto_frame(frame, 0, HELLO_BYTES)));
}

static void
assert_heard(struct world *w, const char *text)
{
	assert_string_equal(w->heard, text);
}

static const char *
heard_client(uint32_t version)
{
	static char text[256];

	snprintf(text, sizeof text, HEARD_CLIENT, version);
	return text;
}

static void
check_key(const uint8_t *key, size_t len, const char *hex)
{
	uint8_t bytes[32];

	assert_int_equal(unhex(hex, bytes), len);
	assert_memory_equal(key, bytes, len);
}

static void
check_keys(const struct quic_keys *k, const char *key, const char *iv, const char *hp)
{
	check_key(k->key, sizeof k->key, key);
	check_key(k->iv, sizeof k->iv, iv);
	check_key(k->hp, sizeof k->hp, hp);
}

static void
test_keys_of_the_samples(void **state)
{
	struct quic_key_pair keys;
	struct world w;

	(void)state;
	begin(&w);
	keys = keys_of(&w, V1, client_id());
	check_keys(&keys.client, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
	    "9f50449e04a0e810283a1e9933adedd2");
	check_keys(&keys.server, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
	    "c206b8d9b9f0f37644430b490eeaa314");
	keys = keys_of(&w, V2, client_id());
	check_keys(&keys.client, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
	    "45b95e15235d6f45a6b19cbcb0294ba9");
	check_keys(&keys.server, "82db637861d55e1d011f19ea71d5d2a7", "dd13c276499c0249d3310652",
	    "edf6d05c83121201b436e16877593c3a");
	end(&w);
}

/* The sample's header differs from ours (its token length is one byte): sealed by hand. */
static void
say_sample(struct world *w, uint32_t version, const char *header, const char *begins, const char *ends)
{
	struct quic_key_pair keys = keys_of(w, version, client_id());
	uint8_t head[64], packet[ROOM], plain[1162] = { 0 }, expected[64];
	size_t head_len = unhex(header, head), len;

	unhex(CRYPTO, plain);
	len = quic_seal(&keys.client, span_of(head, head_len), 2, span_of(plain, sizeof plain), packet);
	assert_int_equal(len, 1200);
	assert_memory_equal(packet, expected, unhex(begins, expected));
	assert_memory_equal(packet + len - 16, expected, unhex(ends, expected));
	send(w, ORIGINATOR, packet, len);
}

static void
test_the_samples(void **state)
{
	char expected[512];
	struct world w;

	(void)state;
	begin(&w);
	say_sample(&w, V1, "c300000001088394c8f03e5157080000449e",
	    "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8ba",
	    "e221af44860018ab0856972e194cd934");
	assert_heard(&w, heard_client(V1));
	send_hex(&w, RESPONDER, SERVER_1);
	snprintf(expected, sizeof expected, "%s%s", heard_client(V1), HEARD_SERVER);
	assert_heard(&w, expected);
	assert_int_equal(proto_counts(w.p)->given_up[APP_QUIC], 0);
	assert_int_equal(proto_counts(w.p)->recognised[APP_QUIC], 1);
	say_hello(&w, V1, client_id());		/* read to its end: not again */
	assert_heard(&w, expected);
	end(&w);

	begin(&w);
	say_sample(&w, V2, "d36b3343cf088394c8f03e5157080000449e",
	    "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071bf03",
	    "a18b2faa745b6fe189cf772a9f84cbfc");
	send_hex(&w, RESPONDER, SERVER_2);
	snprintf(expected, sizeof expected, "%s%s", heard_client(V2), HEARD_SERVER);
	assert_heard(&w, expected);
	end(&w);
}

static void
test_drafts(void **state)
{
	static const uint32_t versions[] = { 0xff000017, 0xff00001c, 0xff00001d, 0xff000020, 0xff000022 };
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		begin(&w);
		say_hello(&w, versions[i], client_id());
		assert_heard(&w, heard_client(versions[i]));
		end(&w);
	}
}

/* The client begins in version 1, the server answers in version 2 with keys of the same id (RFC 9369, 4.1). */
static void
test_version_changed_on_the_way(void **state)
{
	char expected[512];
	struct world w;

	(void)state;
	begin(&w);
	say_hello(&w, V1, client_id());
	send_hex(&w, RESPONDER, SERVER_2);
	snprintf(expected, sizeof expected, "%s%s", heard_client(V1), HEARD_SERVER);
	assert_heard(&w, expected);
	end(&w);
}

static void
test_hello_in_two_frames_cut_everywhere(void **state)
{
	uint8_t frames[ROOM];
	struct world w;
	size_t cut, len;

	(void)state;
	for (cut = 2; cut < HELLO_BYTES; cut++) {
		begin(&w);	/* one packet, the end first, a ping between */
		len = crypto_frame(frames, cut, HELLO_BYTES);
		frames[len++] = 1;
		len += crypto_frame(frames + len, 0, cut);
		say_client(&w, V1, client_id(), 0, span_of(frames, len));
		assert_heard(&w, heard_client(V1));
		end(&w);

		begin(&w);	/* two datagrams, overlapping, the end first */
		say_client(&w, V1, client_id(), 1, span_of(frames, crypto_frame(frames, cut / 2, HELLO_BYTES)));
		assert_heard(&w, "");
		say_client(&w, V1, client_id(), 0, span_of(frames, crypto_frame(frames, 0, cut)));
		assert_heard(&w, heard_client(V1));
		end(&w);
	}
}

/* As Chrome does it: many small pieces in no order, some of them twice. */
static void
test_hello_in_many_pieces(void **state)
{
	enum { PIECE = 7, STRIDE = 11 };
	const size_t count = (HELLO_BYTES + PIECE - 1) / PIECE;
	uint8_t frames[ROOM];
	struct world w;
	size_t i, k, len = 0;

	(void)state;
	begin(&w);
	for (i = 0; i < count; i++) {
		k = i * STRIDE % count;
		len += crypto_frame(frames + len, k * PIECE,
		    k + 1 == count ? HELLO_BYTES : (k + 1) * PIECE);
		frames[len++] = 0;
		if (i % 5 == 0)
			len += crypto_frame(frames + len, k * PIECE, k * PIECE + 3);
		if (len > 200) {
			say_client(&w, V1, client_id(), (uint32_t)i, span_of(frames, len));
			len = 0;
		}
	}
	if (len > 0)
		say_client(&w, V1, client_id(), (uint32_t)i, span_of(frames, len));
	assert_heard(&w, heard_client(V1));
	end(&w);
}

static void
test_coalesced(void **state)
{
	static const uint8_t zero_rtt[] = "\xd0\0\0\0\1\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\0\x05zzzzz";
	static const uint8_t handshake[] = "\xe0\0\0\0\1\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\0\x03zzz";
	uint8_t datagram[3 * ROOM], frame[ROOM];
	struct world w;
	size_t len = 0;

	(void)state;
	begin(&w);
	memcpy(datagram, zero_rtt, sizeof zero_rtt - 1);
	len = sizeof zero_rtt - 1;
	memcpy(datagram + len, handshake, sizeof handshake - 1);
	len += sizeof handshake - 1;
	len += client_packet(&w, V1, client_id(), 0, span_of(frame, crypto_frame(frame, 0, 100)), datagram + len);
	len += client_packet(&w, V1, client_id(), 1, span_of(frame, crypto_frame(frame, 100, HELLO_BYTES)),
	    datagram + len);
	memcpy(datagram + len, "@short", 6);
	send(&w, ORIGINATOR, datagram, len + 6);
	assert_heard(&w, heard_client(V1));
	end(&w);
}

/* Behind it the client says all again, with a token and keys of the new id (RFC 9000, 8.1.2). */
static void
test_retry(void **state)
{
	static const uint8_t retry[] = "\xf0\0\0\0\1\0\x04\x01\x02\x03\x04token-0123456789abcdef";
	static const uint8_t id[] = { 1, 2, 3, 4 };
	uint8_t frame[ROOM], packet[2 * ROOM], token[300], plain[1000] = { 0 };
	struct quic_key_pair keys;
	char expected[512];
	struct world w;
	size_t len;

	(void)state;
	memset(token, 't', sizeof token);
	begin(&w);	/* half a hello before, the whole one after */
	say_client(&w, V1, client_id(), 0, span_of(frame, crypto_frame(frame, 0, 100)));
	send(&w, RESPONDER, retry, sizeof retry - 1);
	keys = keys_of(&w, V1, span_of(id, sizeof id));
	crypto_frame(plain, 0, HELLO_BYTES);
	len = quic_initial(&keys.client, V1, span_of(id, sizeof id), NO_BYTES, span_of(token, sizeof token), 1,
	    span_of(plain, sizeof plain), packet);
	send(&w, ORIGINATOR, packet, len);
	assert_heard(&w, heard_client(V1));
	end(&w);

	begin(&w);	/* told already: once is enough, and the server is understood with the new keys */
	say_hello(&w, V1, client_id());
	send(&w, ORIGINATOR, packet, len);
	assert_heard(&w, heard_client(V1));
	len = quic_initial(&keys.server, V1, span_of(id, 0), span_of(id, sizeof id), NO_BYTES, 0,
	    span_of(plain, unhex(SERVER_FRAMES, plain)), packet);
	send(&w, RESPONDER, packet, len);
	snprintf(expected, sizeof expected, "%s%s", heard_client(V1), HEARD_SERVER);
	assert_heard(&w, expected);
	assert_false(dialogue_wants(w.d));
	end(&w);
}

static void
test_version_negotiation(void **state)
{
	static const uint8_t answer[] = "\x80\0\0\0\0\0\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08\0\0\0\1";
	static const uint8_t other[] = { 9, 9, 9, 9, 9, 9, 9, 9 };
	uint8_t first[1200] = { 0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0 };
	struct world w;

	(void)state;
	begin(&w);
	send(&w, ORIGINATOR, first, sizeof first);
	send(&w, RESPONDER, answer, sizeof answer - 1);
	assert_heard(&w, "");
	say_hello(&w, V1, span_of(other, sizeof other));
	assert_heard(&w, heard_client(V1));
	end(&w);
}

/* Which side the flow table calls the asker does not matter. */
static void
test_turned_around(void **state)
{
	uint8_t frame[ROOM], packet[2 * ROOM];
	char expected[512];
	struct world w;
	size_t len;

	(void)state;
	begin(&w);
	len = client_packet(&w, V1, client_id(), 2, span_of(frame, crypto_frame(frame, 0, HELLO_BYTES)), packet);
	send(&w, RESPONDER, packet, len);
	send_hex(&w, ORIGINATOR, SERVER_1);
	snprintf(expected, sizeof expected, "%s%s", heard_client(V1), HEARD_SERVER);
	assert_heard(&w, expected);
	end(&w);
}

static void
test_only_the_server(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	send_hex(&w, RESPONDER, SERVER_1);
	assert_heard(&w, "");
	end(&w);
	assert_heard(&w, "quic\n");
}

static void
test_no_end_of_waiting_is_an_end(void **state)
{
	uint8_t frame[ROOM];
	struct world w;
	unsigned i;

	(void)state;
	begin(&w);
	for (i = 0; i < 2 * QUIC_DATAGRAMS_MAX; i++)
		say_client(&w, V1, client_id(), i, span_of(frame, crypto_frame(frame, 10, 20)));
	assert_heard(&w, "quic\n");
	assert_false(dialogue_wants(w.d));
	assert_int_equal(proto_counts(w.p)->held_bytes, 0);
	assert_int_equal(proto_counts(w.p)->given_up[APP_QUIC], 1);
	end(&w);
}

static void
test_short_header_ends_it(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	say_hello(&w, V1, client_id());
	assert_true(dialogue_wants(w.d));
	send(&w, RESPONDER, (const uint8_t *)"@server's", 9);
	assert_true(dialogue_wants(w.d));
	send(&w, ORIGINATOR, (const uint8_t *)"@client's", 9);
	assert_false(dialogue_wants(w.d));
	end(&w);
	assert_heard(&w, heard_client(V1));
}

/* Any changed byte of the packet spoils it: nothing is told that was not sealed. */
static void
test_spoiled_packets(void **state)
{
	uint8_t frame[ROOM], packet[2 * ROOM];
	struct world w;
	size_t len, i;

	(void)state;
	begin(&w);
	len = client_packet(&w, V1, client_id(), 2, span_of(frame, crypto_frame(frame, 0, HELLO_BYTES)), packet);
	end(&w);
	for (i = 0; i < len; i += i < 64 ? 1 : 17) {
		begin(&w);
		packet[i] ^= 1;
		send(&w, ORIGINATOR, packet, len);
		packet[i] ^= 1;
		assert_null(strstr(w.heard, "client"));
		end(&w);
	}
	for (i = 0; i < len; i += i < 64 ? 1 : 17) {
		begin(&w);
		send(&w, ORIGINATOR, packet, i);
		assert_null(strstr(w.heard, "client"));
		end(&w);
	}
}

static void
test_limits(void **state)
{
	uint8_t frame[ROOM];
	struct world w;
	size_t i, k;

	(void)state;
	begin_with(&w, 100, 262144);	/* a hello that says it is longer */
	say_hello(&w, V1, client_id());
	assert_heard(&w, "quic\n");
	assert_int_equal(proto_counts(w.p)->over_limit, 1);
	end(&w);

	begin_with(&w, 65536, 300);	/* no room for its texts */
	say_hello(&w, V1, client_id());
	assert_heard(&w, "quic\n");
	assert_int_equal(proto_counts(w.p)->over_limit, 1);
	end(&w);

	begin(&w);		/* too many pieces that do not join */
	for (i = 0; i < 4 && w.heard[0] == '\0'; i++) {
		size_t len = 0;

		for (k = 0; k < 20; k++)
			len += crypto_frame(frame + len, 2 + 2 * (20 * i + k), 3 + 2 * (20 * i + k));
		say_client(&w, V1, client_id(), (uint32_t)i, span_of(frame, len));
	}
	assert_heard(&w, "quic\n");
	assert_int_equal(proto_counts(w.p)->over_limit, 1);
	end(&w);
}

static void
test_shut_versions(void **state)
{
	static const uint8_t q043[] = "\x0d\1\2\3\4\5\6\7\x08Q043\1";
	static const uint8_t q046[] = "\xc3Q046\x50\1\2\3\4\5\6\7\x08\0\0\0\1";
	static const uint8_t q050[] = "\xc3Q050\x08\1\2\3\4\5\6\7\x08\0\0";
	static const uint8_t mvfst[] = "\xc3\xfa\xce\xb0\x02\x08\1\2\3\4\5\6\7\x08\0\0";
	static const struct { const uint8_t *at; size_t len; } all[] = {
		{ q043, sizeof q043 - 1 }, { q046, sizeof q046 - 1 }, { q050, sizeof q050 - 1 },
		{ mvfst, sizeof mvfst - 1 },
	};
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof all / sizeof all[0]; i++) {
		begin(&w);
		send(&w, ORIGINATOR, all[i].at, all[i].len);
		send(&w, ORIGINATOR, all[i].at, all[i].len);
		assert_heard(&w, "quic\n");
		assert_int_equal(proto_counts(w.p)->given_up[APP_QUIC], 0);
		end(&w);
	}
}

/* What begins like QUIC, or is sent to its port, and is not. */
static void
test_look_alikes(void **state)
{
	static const uint8_t stun[] = "\0\1\0\0\x21\x12\xa4\x42" "abcdefghijkl";
	static const uint8_t rtp[] = "\x80\x60\0\1\0\0\0\1\0\0\0\1payload of some length";
	static const uint8_t other_version[] = "\xc3\0\0\0\7\x08\1\2\3\4\5\6\7\x08\0\0\x40\x10" "0123456789abcdef";
	static const uint8_t long_id[] = "\xc3\0\0\0\1\x15\1\2\3\4\5\6\7\x08\1\2\3\4\5\6\7\x08\1\2\3\4\5\0\0\x02zz";
	static const uint8_t no_fixed_bit[] = "\x83\0\0\0\1\x08\1\2\3\4\5\6\7\x08\0\0\x40\x10" "0123456789abcdef";
	static const uint8_t too_long[] = "\xc3\0\0\0\1\x08\1\2\3\4\5\6\7\x08\0\0\x7f\xff" "0123456789abcdef";
	static const struct { const uint8_t *at; size_t len; } all[] = {
		{ stun, sizeof stun - 1 }, { rtp, sizeof rtp - 1 }, { other_version, sizeof other_version - 1 },
		{ long_id, sizeof long_id - 1 }, { no_fixed_bit, sizeof no_fixed_bit - 1 },
		{ too_long, sizeof too_long - 1 },
	};
	struct world w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof all / sizeof all[0]; i++) {
		begin(&w);
		send(&w, ORIGINATOR, all[i].at, all[i].len);
		assert_heard(&w, "unknown\n");
		assert_null(w.d);
		end(&w);
	}
}

static void
test_frames(void **state)
{
	/* ACK with two ranges, ACK_ECN, PING, CRYPTO, CONNECTION_CLOSE, CRYPTO, then one that may not be there */
	static const uint8_t frames[] = "\x02\x09\x01\x02\x01\x00\x01\x02\x01" "\x03\x09\x01\x00\x01\x01\x02\x03" "\x01"
	    "\x06\x05\x02xy" "\x1c\x01\x06\x02no" "\x06\x40\x07\x01z" "\x08stream";
	struct span in = span_of(frames, sizeof frames - 1), bytes;
	uint64_t offset;

	(void)state;
	assert_true(quic_next_crypto(&in, &offset, &bytes));
	assert_int_equal(offset, 5);
	assert_true(span_equal(bytes, span_text("xy")));
	assert_true(quic_next_crypto(&in, &offset, &bytes));
	assert_int_equal(offset, 7);
	assert_true(span_equal(bytes, span_text("z")));
	assert_false(quic_next_crypto(&in, &offset, &bytes));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_the_samples),
		cmocka_unit_test(test_the_samples),
		cmocka_unit_test(test_drafts),
		cmocka_unit_test(test_version_changed_on_the_way),
		cmocka_unit_test(test_hello_in_two_frames_cut_everywhere),
		cmocka_unit_test(test_hello_in_many_pieces),
		cmocka_unit_test(test_coalesced),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_version_negotiation),
		cmocka_unit_test(test_turned_around),
		cmocka_unit_test(test_only_the_server),
		cmocka_unit_test(test_no_end_of_waiting_is_an_end),
		cmocka_unit_test(test_short_header_ends_it),
		cmocka_unit_test(test_spoiled_packets),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_shut_versions),
		cmocka_unit_test(test_look_alikes),
		cmocka_unit_test(test_frames),
	};

	quic_warm_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
