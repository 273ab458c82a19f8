/* ClientHellos of DTLS, whole and in fragments; what else a hello tells; pieces of messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/pieces.h"
#include "proto/proto.h"
#include "proto/tls/dtls.h"
#include "proto/tls/tls.h"
#include "proto/tls/tls_describe.h"
#include "proto/tls/tls_hello.h"

enum { ROOM = 2048, HEADERS = 25 };

struct world {
	struct proto *p;
	struct dialogue *d;
	struct flow flow;
	struct flow_talk talk;
	unsigned clients, others;
	char ja4[40];
	uint16_t best;
};

static void
hear(void *to, const struct message *m)
{
	struct world *w = to;

	if (m->kind != MESSAGE_TLS_CLIENT) {
		w->others++;
		return;
	}
	w->clients++;
	w->best = m->tls_client->best_version;
	memcpy(w->ja4, m->tls_client->ja4, sizeof w->ja4);
	assert_true(span_equal(m->tls_client->sni, span_text("a.test")));
	assert_false(m->tls_client->quic);
}

static void
begin(struct world *w, uint32_t handshake_bytes)
{
	const struct proto_limits limits = { .header_bytes = 65536, .handshake_bytes = handshake_bytes, .flow_bytes = 65536 };

	memset(w, 0, sizeof *w);
	w->flow.talk = &w->talk;
	w->p = proto_new(&limits, hear, w);
	assert_non_null(w->p);
}

static void
end(struct world *w)
{
	if (w->d != NULL)
		dialogue_end(w->d, &w->flow, 1);
	dialogue_free(w->d);
	assert_int_equal(proto_counts(w->p)->held_bytes, 0);
	proto_free(w->p);
}

static void
send(struct world *w, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len);
	struct packet p = { .protocol = PROTO_UDP, .src_port = 50000, .dst_port = 4433, .payload = copy,
	    .payload_bytes = (uint32_t)len, .payload_wire_bytes = (uint32_t)len };

	memcpy(copy, bytes, len);
	w->flow.talk->payload_bytes[0] += len;
	proto_datagram(w->p, &w->d, &w->flow, ORIGINATOR, &p);
	free(copy);
}

static void
put_number(uint8_t *at, size_t value, unsigned size)
{
	while (size-- > 0)
		*at++ = (uint8_t)(value >> 8 * size);
}

/* Two ciphers, server_name, and supported_versions where `best` is another one than `version`. */
static size_t
make_hello(uint8_t *out, uint16_t version, uint16_t best, size_t cookie_len)
{
	static const uint8_t name[] = "\0\0\0\x0b\0\x09\0\0\x06" "a.test";
	uint8_t *at = out;

	put_number(at, version, 2);
	memset(at + 2, 7, 32);
	at += 34;
	*at++ = 0;
	*at++ = (uint8_t)cookie_len;
	memset(at, 'c', cookie_len);
	at += cookie_len;
	memcpy(at, "\0\4\x13\1\xc0\x2b\1\0", 8);
	at += 8;
	put_number(at, sizeof name - 1 + (best != version ? 9 : 0), 2);
	memcpy(at + 2, name, sizeof name - 1);
	at += 2 + sizeof name - 1;
	if (best == version)
		return (size_t)(at - out);
	memcpy(at, "\0\x2b\0\5\4\xfe\xfd", 7);
	put_number(at + 7, best, 2);
	return (size_t)(at + 9 - out);
}

/* Record and handshake header in front of hello[from, to). */
static size_t
make_fragment(uint8_t *out, const uint8_t *hello, size_t len, uint16_t message, size_t from, size_t to)
{
	memcpy(out, "\x16\xfe\xfd\0\0\0\0\0\0\0", 10);
	out[10] = (uint8_t)message;
	put_number(out + 11, 12 + to - from, 2);
	out[13] = 1;
	put_number(out + 14, len, 3);
	put_number(out + 17, message, 2);
	put_number(out + 19, from, 3);
	put_number(out + 22, to - from, 3);
	memcpy(out + HEADERS, hello + from, to - from);
	return HEADERS + to - from;
}

static void
check_version(uint16_t version, uint16_t best, const char *begins)
{
	uint8_t hello[ROOM], datagram[ROOM];
	size_t len = make_hello(hello, version, best, 0);
	struct world w;

	begin(&w, 65536);
	send(&w, datagram, make_fragment(datagram, hello, len, 0, 0, len));
	assert_int_equal(w.clients, 1);
	assert_int_equal(w.best, best);
	assert_memory_equal(w.ja4, begins, strlen(begins));
	/* The same again with a cookie is no news. */
	len = make_hello(hello, version, best, 20);
	send(&w, datagram, make_fragment(datagram, hello, len, 1, 0, len));
	assert_int_equal(w.clients, 1);
	end(&w);
	assert_int_equal(w.others, 0);
}

static void
test_versions(void **state)
{
	(void)state;
	check_version(DTLS_1_0, DTLS_1_0, "dd1d020100_");
	check_version(DTLS_1_2, DTLS_1_2, "dd2d020100_");
	check_version(DTLS_1_2, DTLS_1_3, "dd3d020200_");
}

static void
test_fragments(void **state)
{
	uint8_t hello[ROOM], datagram[ROOM];
	size_t len = make_hello(hello, DTLS_1_2, DTLS_1_2, 20), cut, used;
	struct world w;

	(void)state;
	for (cut = 1; cut < len; cut++) {
		begin(&w, 65536);	/* in two datagrams, the end first */
		send(&w, datagram, make_fragment(datagram, hello, len, 1, cut, len));
		assert_int_equal(w.clients, 0);
		send(&w, datagram, make_fragment(datagram, hello, len, 1, 0, cut));
		assert_int_equal(w.clients, 1);
		end(&w);

		begin(&w, 65536);	/* in one, as two records */
		used = make_fragment(datagram, hello, len, 1, 0, cut);
		used += make_fragment(datagram + used, hello, len, 1, cut, len);
		send(&w, datagram, used);
		assert_int_equal(w.clients, 1);
		end(&w);

		begin(&w, 65536);	/* cut short */
		used = make_fragment(datagram, hello, len, 1, 0, len);
		send(&w, datagram, HEADERS + cut - 1);
		assert_int_equal(w.clients, 0);
		end(&w);
	}
}

static void
test_given_up(void **state)
{
	uint8_t hello[ROOM], datagram[ROOM];
	size_t len = make_hello(hello, DTLS_1_2, DTLS_1_2, 0);
	struct world w;
	unsigned i;

	(void)state;
	begin(&w, 40);		/* longer than we wait for */
	send(&w, datagram, make_fragment(datagram, hello, len, 0, 0, len));
	assert_int_equal(w.others, 1);
	assert_int_equal(proto_counts(w.p)->given_up[APP_TLS], 1);
	end(&w);

	begin(&w, 65536);	/* never whole */
	for (i = 0; i < 2 * DTLS_DATAGRAMS_MAX; i++)
		send(&w, datagram, make_fragment(datagram, hello, len, 0, 0, 30));
	assert_int_equal(w.others, 1);
	assert_false(dialogue_wants(w.d));
	end(&w);
	assert_int_equal(w.others, 1);

	begin(&w, 65536);	/* no DTLS: epoch 1, another handshake message */
	make_fragment(datagram, hello, len, 0, 0, len);
	datagram[4] = 1;
	send(&w, datagram, HEADERS + len);
	assert_null(w.d);
	datagram[4] = 0;
	datagram[13] = 2;
	send(&w, datagram, HEADERS + len);
	assert_null(w.d);
	end(&w);
}

/* ---- what else a hello tells ---- */

static void
read_hello(uint16_t version, const void *session, uint8_t session_len, const void *extensions, size_t len,
    struct tls_client_hello *out)
{
	uint8_t hello[ROOM], *at = hello;

	put_number(at, version, 2);
	memset(at + 2, 7, 32);
	at[34] = session_len;
	memcpy(at + 35, session, session_len);
	at += 35 + session_len;
	memcpy(at, "\0\2\x13\1\1\0", 6);
	put_number(at + 6, len, 2);
	memcpy(at + 8, extensions, len);
	assert_true(tls_client_hello_read(span_of(hello, (size_t)(at - hello) + 8 + len), out));
}

static void
test_resumption_and_ech(void **state)
{
	struct tls_client_hello h;

	(void)state;
	read_hello(0x0303, "", 0, "", 0, &h);
	assert_false(h.resumes || h.ech);
	read_hello(0x0303, "0123456789abcdef", 16, "", 0, &h);		/* an old session id */
	assert_true(h.resumes);
	read_hello(0x0303, "0123456789abcdef", 16, "\0\x2b\0\3\2\3\4", 7, &h);	/* TLS 1.3: it means nothing */
	assert_false(h.resumes);
	read_hello(0x0303, "", 0, "\0\x23\0\0", 4, &h);			/* would like a ticket */
	assert_false(h.resumes);
	read_hello(0x0303, "", 0, "\0\x23\0\2tt", 6, &h);		/* has one */
	assert_true(h.resumes);
	read_hello(0x0303, "", 0, "\0\x2b\0\3\2\3\4\0\x29\0\2pp", 13, &h);
	assert_true(h.resumes);
	assert_false(h.ech);
	read_hello(0x0303, "", 0, "\xfe\x0d\0\1e", 5, &h);
	assert_true(h.ech);
}

/* ---- pieces ---- */

static void
test_pieces(void **state)
{
	struct bytes_ceiling ceiling = { .most = 4096 };
	uint8_t whole[16];
	struct pieces p;
	unsigned i;

	(void)state;
	memset(&p, 0, sizeof p);
	assert_true(pieces_add(&p, &ceiling, 4, span_text("EFGH")));
	assert_int_equal(pieces_whole(&p), 0);
	assert_true(pieces_add(&p, &ceiling, 0, span_text("abcdefx")));	/* overlaps: the earlier copy counts */
	assert_int_equal(pieces_whole(&p), 8);
	pieces_copy(&p, whole, 8);
	assert_memory_equal(whole, "abcdEFGH", 8);
	pieces_copy(&p, whole, 3);
	assert_true(pieces_add(&p, &ceiling, 5, span_text("zz")));		/* known */
	assert_int_equal(p.count, 2);
	assert_false(pieces_add(&p, &ceiling, UINT32_MAX - 1, span_text("zz")));
	pieces_clear(&p, &ceiling);
	assert_int_equal(ceiling.held, 0);

	for (i = 0; i < PIECES_MOST; i++)
		assert_true(pieces_add(&p, &ceiling, 1 + 2 * i, span_text("x")));
	assert_false(pieces_add(&p, &ceiling, 0, span_text("x")));
	assert_true(pieces_add(&p, &ceiling, 2 * PIECES_MOST, span_text("continues")));
	pieces_clear(&p, &ceiling);

	ceiling.most = 300;
	for (i = 0; i < 1000 && pieces_add(&p, &ceiling, 16 * i, span_of(whole, 16)); i++)
		;
	assert_in_range(i, 16, 19);
	pieces_clear(&p, &ceiling);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_resumption_and_ech),
		cmocka_unit_test(test_pieces),
	};

	tls_warm_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
