/*
 * Runs the talks of tests/talks (tests/talks/README.md tells their format).
 * An argument names another folder.
 */
#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/proto.h"
#include "message_text.h"

enum { TURNS_MAX = 64, TURN_BYTES = 8192, TALKS_MAX = 256, LINE_BYTES = 1024 };

struct turn {
	int from;
	uint64_t gap;
	size_t len;
	uint8_t bytes[TURN_BYTES];
};

struct talk {
	struct proto_limits limits;
	bool midway, pieces, closing;
	bool fin;		/* both sides ended well */
	uint16_t port;
	unsigned turns_count;
	struct turn turn[TURNS_MAX];
	char expected[LINES_BYTES];
};

/* ---- reading ---- */

static int
hex(const char *text)
{
	char two[3] = { text[0], text[0] == '\0' ? '\0' : text[1], '\0' };
	char *end;
	long n = strtol(two, &end, 16);

	return end == two + 2 ? (int)n : -1;
}

static void
add_byte(struct turn *t, int c)
{
	assert_true(t->len < TURN_BYTES);
	t->bytes[t->len++] = (uint8_t)c;
}

static void
add_line(struct turn *t, const char *line)
{
	for (; *line != '\0'; line++) {
		if (*line != '\\') {
			add_byte(t, (unsigned char)*line);
			continue;
		}
		switch (*++line) {
		case '\0': return;
		case 'r': add_byte(t, '\r'); break;
		case 'n': add_byte(t, '\n'); break;
		case 't': add_byte(t, '\t'); break;
		case '\\': add_byte(t, '\\'); break;
		case 'x':
			assert_true(hex(line + 1) >= 0);
			add_byte(t, hex(line + 1));
			line += 2;
			break;
		default: fail_msg("unknown escape \\%c", *line);
		}
	}
	add_byte(t, '\r');
	add_byte(t, '\n');
}

static void
add_option(struct talk *talk, const char *line)
{
	unsigned n;

	if (strcmp(line, "! midway") == 0)
		talk->midway = true;
	else if (strcmp(line, "! pieces") == 0)
		talk->pieces = true;
	else if (strcmp(line, "! closing") == 0)
		talk->closing = true;
	else if (sscanf(line, "! limit recipients %u", &n) == 1)
		talk->limits.mail_recipients = n;
	else if (sscanf(line, "! limit header %u", &n) == 1)
		talk->limits.header_bytes = n;
	else if (sscanf(line, "! limit flow %u", &n) == 1)
		talk->limits.flow_bytes = n;
	else if (sscanf(line, "! limit handshake %u", &n) == 1)
		talk->limits.handshake_bytes = n;
	else if (sscanf(line, "! files %u", &n) == 1) {
		talk->limits.file_bytes = n;
		talk->closing = true;
	} else if (sscanf(line, "! port %u", &n) == 1)
		talk->port = (uint16_t)n;
	else if (strcmp(line, "! fin") == 0)
		talk->fin = true;
	else
		fail_msg("unknown option: %s", line);
}

static void
begin_turn(struct talk *talk, const char *line)
{
	struct turn *t;
	unsigned long long gap = 0;

	assert_true(talk->turns_count < TURNS_MAX);
	t = &talk->turn[talk->turns_count++];
	t->from = line[0] == '>' ? ORIGINATOR : RESPONDER;
	assert_true(line[3] == '\0' || sscanf(line + 3, " gap %llu", &gap) == 1);
	t->gap = gap;
}

static void
take_line(struct talk *talk, const char *line)
{
	size_t used = strlen(talk->expected);

	if (strncmp(line, ">>>", 3) == 0 || strncmp(line, "<<<", 3) == 0) {
		begin_turn(talk, line);
	} else if (strncmp(line, "= ", 2) == 0) {
		assert_true(used + strlen(line) < LINES_BYTES);
		sprintf(talk->expected + used, "%s\n", line + 2);
	} else if (talk->turns_count > 0) {
		add_line(&talk->turn[talk->turns_count - 1], line);
	} else if (line[0] == '!') {
		add_option(talk, line);
	} else {
		assert_true(line[0] == '#' || line[0] == '\0');
	}
}

static struct talk *
read_talk(const char *path)
{
	struct talk *talk = calloc(1, sizeof *talk);
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	FILE *f = fopen(path, "re");

	assert_non_null(talk);
	assert_non_null(f);
	talk->limits = (struct proto_limits){ .header_bytes = 65536, .handshake_bytes = 65536,
	    .flow_bytes = 262144, .mail_recipients = 10 };
	while ((len = getline(&line, &size, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		take_line(talk, line);
	}
	free(line);
	fclose(f);
	assert_true(talk->turns_count > 0);
	assert_true(talk->expected[0] != '\0');
	return talk;
}

/* ---- running ---- */

struct run {
	const struct talk *talk;
	struct flow flow;
	struct proto *proto;
	struct dialogue *dialogue;
	uint64_t offset[2];
	bool wanted;
	char lines[LINES_BYTES];
};

static void
begin(struct run *r, const struct talk *talk)
{
	static const struct flow_place nowhere;	/* the addresses are :: */

	memset(r, 0, sizeof *r);
	r->talk = talk;
	r->flow.place = &nowhere;
	r->flow.midway = talk->midway;
	r->flow.port[RESPONDER] = talk->port;
	r->flow.tcp_flags[0] = r->flow.tcp_flags[1] = talk->fin ? TCP_FIN : 0;
	r->wanted = true;
	r->proto = proto_new(&talk->limits, put_message, r->lines);
	assert_non_null(r->proto);
	r->dialogue = dialogue_new(r->proto);
	assert_non_null(r->dialogue);
}

static void
end(struct run *r)
{
	dialogue_end(r->dialogue, &r->flow, 2);
	put(r->lines, "app %s\n", names_app(dialogue_app(r->dialogue)));
	dialogue_free(r->dialogue);
	proto_free(r->proto);
}

/* In memory of its own, so that a sanitizer sees a read behind the piece's end. */
static void
say(struct run *r, int from, const uint8_t *bytes, size_t len, uint64_t gap)
{
	uint8_t *copy = gap > 0 || len == 0 ? NULL : malloc(len);
	struct stream_piece piece = { .flow = &r->flow, .ts_ns = 1, .from = from, .gap = gap > 0,
	    .offset = r->offset[from], .bytes = copy, .len = gap > 0 ? gap : len };

	if (copy != NULL)
		memcpy(copy, bytes, len);
	r->offset[from] += piece.len;
	if (r->wanted && piece.len > 0)
		r->wanted = dialogue_piece(r->dialogue, &piece);
	free(copy);
}

static void
say_turn(struct run *r, const struct turn *t, size_t split)
{
	if (t->gap > 0) {
		say(r, t->from, NULL, 0, t->gap);
		return;
	}
	say(r, t->from, t->bytes, split, 0);
	say(r, t->from, t->bytes + split, t->len - split, 0);
}

static void
check(struct run *r, const char *how, unsigned turn, size_t at)
{
	end(r);
	if (strcmp(r->lines, r->talk->expected) == 0)
		return;
	fail_msg("%s (turn %u, byte %zu)\n--- expected\n%s--- found\n%s", how, turn, at,
	    r->talk->expected, r->lines);
}

static void
run_split(const struct talk *talk, unsigned turn, size_t at)
{
	struct run r;
	unsigned i;

	begin(&r, talk);
	for (i = 0; i < talk->turns_count; i++)
		say_turn(&r, &talk->turn[i], i == turn ? at : 0);
	check(&r, at == 0 ? "whole" : "split", turn, at);
}

static void
run_bytes(const struct talk *talk)
{
	struct run r;
	unsigned i;
	size_t k;

	begin(&r, talk);
	for (i = 0; i < talk->turns_count; i++) {
		if (talk->turn[i].gap > 0)
			say_turn(&r, &talk->turn[i], 0);
		for (k = 0; k < talk->turn[i].len; k++)
			say(&r, talk->turn[i].from, talk->turn[i].bytes + k, 1, 0);
	}
	check(&r, "byte by byte", 0, 0);
}

/* Of a beginning that is too short to know its protocol that is told: the whole talk says nothing of it. */
static void
drop_unknown(char *lines)
{
	static const char unknown[] = "protocol unknown";
	char *end;

	while (strncmp(lines, unknown, strlen(unknown)) == 0 && (end = strchr(lines, '\n')) != NULL)
		memmove(lines, end + 1, strlen(end + 1) + 1);
}

/* A cut talk says a beginning of what the whole one says. */
static void
run_cut(const struct talk *talk, unsigned turn, size_t at)
{
	struct run r;
	unsigned i;
	size_t len;

	begin(&r, talk);
	for (i = 0; i < turn; i++)
		say_turn(&r, &talk->turn[i], 0);
	say(&r, talk->turn[turn].from, talk->turn[turn].bytes, at, 0);
	len = strlen(r.lines);
	dialogue_end(r.dialogue, &r.flow, 2);
	drop_unknown(r.lines);
	if (!talk->closing)
		len = strlen(r.lines);
	if (strncmp(r.lines, talk->expected, len) != 0)
		fail_msg("cut at turn %u, byte %zu, says:\n%s", turn, at, r.lines);
	end(&r);
}

/* `turn` is lost, or a gap comes before it: nothing is promised but that all goes on. */
static void
run_gap(const struct talk *talk, unsigned turn, bool instead)
{
	struct run r;
	unsigned i;

	begin(&r, talk);
	for (i = 0; i < talk->turns_count; i++) {
		if (i == turn)
			say(&r, talk->turn[i].from, NULL, 0, talk->turn[i].len + 1);
		if (i != turn || !instead)
			say_turn(&r, &talk->turn[i], 0);
	}
	end(&r);
}

static void
test_talk(void **state)
{
	struct talk *talk = read_talk(*state);
	unsigned i;
	size_t k;

	run_split(talk, 0, 0);
	if (!talk->pieces)
		run_bytes(talk);
	for (i = 0; i < talk->turns_count; i++) {
		for (k = 1; k < talk->turn[i].len; k++) {
			if (!talk->pieces)
				run_split(talk, i, k);
			run_cut(talk, i, k);
		}
		run_gap(talk, i, true);
		run_gap(talk, i, false);
	}
	free(talk);
}

int
main(int argc, char **argv)
{
	static struct CMUnitTest tests[TALKS_MAX];
	char pattern[LINE_BYTES];
	size_t i, count;
	glob_t found;
	int failed;

	snprintf(pattern, sizeof pattern, "%s/*/*.talk", argc > 1 ? argv[1] : "tests/talks");
	if (glob(pattern, 0, NULL, &found) != 0) {
		fprintf(stderr, "test_talks: no talks: %s\n", pattern);
		return 1;
	}
	count = found.gl_pathc < TALKS_MAX ? found.gl_pathc : TALKS_MAX;
	for (i = 0; i < count; i++) {
		tests[i].name = found.gl_pathv[i];
		tests[i].test_func = test_talk;
		tests[i].initial_state = found.gl_pathv[i];
	}
	failed = _cmocka_run_group_tests("talks", tests, count, NULL, NULL);
	globfree(&found);
	return failed;
}
