/* What talks do not show: ceilings of SMB, Kerberos in datagrams, messages by length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lateral_wire.h"
#include "message_text.h"
#include "proto/pdu.h"
#include "proto/proto.h"
#include "proto/smb/smb.h"

static const struct proto_limits LIMITS = { .header_bytes = 4096, .handshake_bytes = 4096, .flow_bytes = 65536 };

struct heard {
	unsigned writes, shares, logins, identities;
	uint32_t files;
	char text[LINES_BYTES];
};

static void
hear(void *to, const struct message *m)
{
	struct heard *h = to;

	if (m->kind == MESSAGE_REMOTE && m->remote->action == REMOTE_FILE_WRITE) {
		h->writes++;
		h->files = m->remote->files;
	}
	h->shares += m->kind == MESSAGE_REMOTE && m->remote->action == REMOTE_SHARE;
	h->logins += m->kind == MESSAGE_LOGIN;
	h->identities += m->kind == MESSAGE_IDENTITY;
	if (strlen(h->text) < LINES_BYTES / 2)
		put_message(h->text, m);
}

/* ---- SMB ---- */

struct session {
	struct heard heard;
	struct flow flow;
	struct proto *proto;
	struct dialogue *dialogue;
	uint64_t offset[2], number;
};

static void
open_session(struct session *s)
{
	memset(s, 0, sizeof *s);
	s->proto = proto_new(&LIMITS, hear, &s->heard);
	s->dialogue = dialogue_new(s->proto);
	assert_non_null(s->dialogue);
}

static void
close_session(struct session *s)
{
	dialogue_free(s->dialogue);
	assert_int_equal(proto_counts(s->proto)->held_bytes, 0);
	proto_free(s->proto);
}

static void
say(struct session *s, int from, const struct wire *body, uint16_t command)
{
	static struct wire w;
	struct stream_piece piece = { .flow = &s->flow, .ts_ns = 1, .from = from, .offset = s->offset[from],
	    .bytes = w.bytes };

	w.len = 0;
	wire_bytes(&w, "\0\0", 2);
	wire_number(&w, (64 + body->len) >> 8, 1);
	wire_number(&w, (64 + body->len) & 0xff, 1);
	wire_bytes(&w, "\xfeSMB\x40\0\0\0", 8);
	wire_number(&w, 0, 4);
	wire_number(&w, command, 2);
	wire_number(&w, 1, 2);
	wire_number(&w, from == RESPONDER, 4);
	wire_number(&w, 0, 4);
	wire_number(&w, s->number, 8);
	wire_number(&w, 0, 4);
	wire_number(&w, 7, 4);	/* tree */
	wire_zeros(&w, 24);
	wire_bytes(&w, body->bytes, body->len);
	piece.len = w.len;
	s->offset[from] += w.len;
	assert_true(dialogue_piece(s->dialogue, &piece));
}

static void
use_share(struct session *s, const char *share)
{
	struct wire asked = { 0 }, answered = { 0 };

	wire_number(&asked, 9, 4);
	wire_number(&asked, 72, 2);
	wire_number(&asked, 2 * strlen(share), 2);
	wire_wide(&asked, share);
	wire_bytes(&answered, "\x10\0\1\0", 4);
	wire_zeros(&answered, 12);
	s->number++;
	say(s, ORIGINATOR, &asked, 3);
	say(s, RESPONDER, &answered, 3);
}

static void
write_file(struct session *s, const char *name)
{
	struct wire asked = { 0 }, answered = { 0 };

	wire_number(&asked, 57, 2);
	wire_zeros(&asked, 22);
	wire_number(&asked, 0x40000000, 4);
	wire_zeros(&asked, 8);
	wire_number(&asked, 5, 4);
	wire_zeros(&asked, 4);
	wire_number(&asked, 64 + 56, 2);
	wire_number(&asked, 2 * strlen(name), 2);
	wire_zeros(&asked, 8);
	wire_wide(&asked, name);
	wire_zeros(&answered, 89);
	s->number++;
	say(s, ORIGINATOR, &asked, 5);
	say(s, RESPONDER, &answered, 5);
}

static void
test_many_files_are_told_at_doublings(void **state)
{
	struct session s;
	int i;

	(void)state;
	open_session(&s);
	use_share(&s, "\\\\bell\\work");
	for (i = 1; i < 128; i++)
		write_file(&s, "song.txt");
	assert_int_equal(s.heard.writes, 0);
	write_file(&s, "song.txt");
	assert_int_equal(s.heard.writes, 1);
	assert_int_equal(s.heard.files, 128);
	for (; i < 300; i++)
		write_file(&s, "song.txt");
	assert_int_equal(s.heard.writes, 2);
	assert_int_equal(s.heard.files, 256);
	close_session(&s);
}

static void
test_told_things_have_a_ceiling(void **state)
{
	struct session s;
	int i;

	(void)state;
	open_session(&s);
	for (i = 0; i < 2 * SMB_SHARES_MAX; i++)
		use_share(&s, "\\\\bell\\work");
	assert_int_equal(s.heard.shares, SMB_SHARES_MAX);
	for (i = 0; i < SMB_WRITES_MAX + 20; i++)
		write_file(&s, "ring.exe");
	assert_int_equal(s.heard.writes, SMB_WRITES_MAX);
	close_session(&s);
}

/* ---- Kerberos in datagrams ---- */

static const uint8_t FIRST_TICKET[] =
    "\x6b\x2c\x30\x2a\xa0\x03\x02\x01\x05\xa1\x03\x02\x01\x0b\xa3\x06\x1b\x04" "FIRE"
    "\xa4\x16\x30\x14\xa0\x03\x02\x01\x01\xa1\x0d\x30\x0b\x1b\x09" "TOWER-3$x";

static const struct flow *
kerberos_flow(void)
{
	static const struct flow_place nowhere;	/* the addresses are :: */
	static struct flow f;

	memset(&f, 0, sizeof f);
	f.place = &nowhere;
	f.protocol = PROTO_UDP;
	f.port[RESPONDER] = 88;
	return &f;
}

static void
give_datagram(struct proto *p, struct dialogue **d, int from, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	struct packet packet = { .protocol = PROTO_UDP, .payload = copy, .payload_bytes = (uint32_t)len,
	    .payload_wire_bytes = (uint32_t)len };

	memcpy(copy, bytes, len);
	proto_datagram(p, d, kerberos_flow(), from, &packet);
	free(copy);
}

static void
test_kerberos_datagrams(void **state)
{
	static struct heard heard;
	uint8_t bytes[sizeof FIRST_TICKET];
	struct dialogue *d;
	struct proto *p;
	size_t cut;

	(void)state;
	memcpy(bytes, FIRST_TICKET, sizeof bytes);
	for (cut = 1; cut < sizeof bytes; cut++) {
		memset(&heard, 0, sizeof heard);
		p = proto_new(&LIMITS, hear, &heard);
		d = NULL;
		give_datagram(p, &d, RESPONDER, bytes, cut);
		assert_true(heard.logins <= 1);
		dialogue_free(d);
		assert_int_equal(proto_counts(p)->held_bytes, 0);
		proto_free(p);
	}
	assert_int_equal(heard.logins, 1);
	assert_int_equal(heard.identities, 1);
	assert_non_null(strstr(heard.text, "login krb5 kerberos success code=0 user=TOWER-3$x domain=FIRE\n"));
	assert_non_null(strstr(heard.text, "identity kerberos :: user=TOWER-3$x domain=FIRE\n"));
}

/* ---- messages by length ---- */

static uint64_t
length_of(const uint8_t *header)
{
	return header[0] == 'm' ? header[1] : 0;
}

static bool
begins(struct span piece)
{
	return piece.left > 2 && piece.at[0] == 'm' && piece.at[2] == '!';
}

static const struct pdu_rule RULE = { 2, 4, length_of, begins };

static void
test_the_rest_of_a_message_is_passed_over(void **state)
{
	struct bytes_ceiling ceiling = { .most = 1024 };
	struct pdu_side side = { .given = false };
	struct span in, message;

	(void)state;
	in = span_of("m\x06" "abcdm\x03" "x", 9);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MESSAGE);
	assert_int_equal(message.left, 4);
	assert_int_equal(side.whole_bytes, 6);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MESSAGE);
	assert_memory_equal(message.at, "m\x03x", 3);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MORE);
	in = span_of("m", 1);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MORE);
	in = span_of("\xff" "ab", 3);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MESSAGE);
	assert_memory_equal(message.at, "m\xff" "ab", 4);
	pdu_gap(&side, &ceiling, 0xfb - 1);	/* all of it but one byte is to be passed over */
	in = span_of("zm\x02?", 4);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MESSAGE);
	assert_int_equal(message.left, 2);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MORE);	/* "?" waits for its header's end */
	pdu_gap(&side, &ceiling, 5);
	in = span_of("m\x02?", 3);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MORE);
	in = span_of("m\x03!", 3);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_MESSAGE);
	in = span_of("no", 2);
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_BAD);
	pdu_clear(&side, &ceiling);
	assert_int_equal(ceiling.held, 0);
}

static void
test_a_full_ceiling(void **state)
{
	struct bytes_ceiling ceiling = { .most = 1 };
	struct pdu_side side = { .given = false };
	struct span in = span_of("m\x04x", 3), message;

	(void)state;
	assert_int_equal(pdu_next(&side, &RULE, &ceiling, &in, &message), PDU_FULL);
	pdu_clear(&side, &ceiling);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_files_are_told_at_doublings),
		cmocka_unit_test(test_told_things_have_a_ceiling),
		cmocka_unit_test(test_kerberos_datagrams),
		cmocka_unit_test(test_the_rest_of_a_message_is_passed_over),
		cmocka_unit_test(test_a_full_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
