#include "proto/http/http.h"

#include <stdlib.h>

#include "base/heap.h"
#include "proto/http/private.h"

enum {
	/* A gap up to here, about three segments, has most likely cost one message. */
	ONE_MESSAGE_BYTES = 4096,
	/* How often a side may be no HTTP, and how many pieces may pass until it is again. */
	STRAYS_MAX = 16, STRAY_PIECES_MAX = 256
};

static http_state_fn state_head, state_resync, state_after_connect;

static void *
http_open(struct proto *p)
{
	struct http *h = heap_zeroed(sizeof *h);

	if (h == NULL)
		return NULL;
	h->p = p;
	h->asker = -1;
	h->ceiling.most = proto_limits(p)->flow_bytes;
	h->ceiling.total = proto_held(p);
	h->side[0].state = h->side[1].state = http_state_start;
	return h;
}

static void
http_close(void *reader)
{
	struct http *h = reader;

	int i;

	for (i = 0; i < 2; i++) {
		http_body_clear(h, &h->side[i].body);
		bytes_clear(&h->side[i].body.texts, &h->ceiling);
		bytes_clear(&h->side[i].head, &h->ceiling);
	}
	bytes_clear(&h->outstanding.texts, &h->ceiling);
	free(h);
}

static struct message
message_of(const struct http *h, enum message_kind kind)
{
	struct message m = h->like;

	m.kind = kind;
	return m;
}

/* RFC 9112 section 3.2: which form the target has decides whom it is for. */
static void
read_target(const struct http_head *head, struct http_request *r)
{
	r->target = head->target;
	r->host = head->field[HTTP_HOST];
	r->path = head->target;
	r->forwarded_for = head->field[HTTP_FORWARDED_FOR];
	r->via = head->field[HTTP_VIA].at != NULL;
	if (span_equal(head->method, span_text("CONNECT"))) {
		r->connect = r->proxied = true;
		r->host = head->target;
		r->path = span_text("");
	} else if (http_absolute(head->target, &r->host, &r->path)) {
		r->proxied = true;
	}
}

static void
remember(struct http *h, const struct asked *a)
{
	/* Clients seldom pipeline: what was asked before the loss has been answered by now. */
	if (h->asker >= 0 && h->side[h->asker].lost) {
		outstanding_clear(&h->outstanding, &h->ceiling);
		h->side[h->asker].lost = false;
	}
	if (h->early > 0) {
		h->early--;
		return;
	}
	proto_counters(h->p)->http_unanswered += outstanding_push(&h->outstanding, &h->ceiling, a);
}

/* Then the body follows, if there is one. */
static enum step
request_body(struct http_side *side, const struct http_head *head, uint64_t bytes, enum http_length length)
{
	side->state = http_state_start;
	if (span_equal(head->method, span_text("CONNECT"))) {
		side->state = state_after_connect;
		return STEP_NEXT;
	}
	switch (length) {
	case HTTP_LENGTH_NONE: break;
	case HTTP_LENGTH_COUNTED:
		side->left = bytes;
		if (bytes > 0)
			side->state = http_state_body;
		break;
	case HTTP_LENGTH_CHUNKED:
		http_begin_chunks(side);
		break;
	/* A request cannot last until close, as then there would be no answer: its end is unknown. */
	case HTTP_LENGTH_OPEN:
	case HTTP_LENGTH_BAD: return STEP_GIVE_UP;
	}
	return STEP_NEXT;
}

/* DNS in HTTP (RFC 8484), where it can be seen: told once. */
static void
look_for_doh(struct http *h, const struct http_head *head)
{
	static const struct protocol doh = { .app = APP_DOH };
	struct message m = message_of(h, MESSAGE_PROTOCOL);

	if (h->told_doh || !span_equal_nocase(head->field[HTTP_CONTENT_TYPE], span_text("application/dns-message")))
		return;
	h->told_doh = true;
	m.protocol = &doh;
	proto_emit(h->p, &m);
}

static bool
has_body(const struct http_side *side)
{
	return side->state != http_state_start && side->state != state_after_connect;
}

static enum step
take_request(struct http *h, struct http_side *side, const struct http_head *head)
{
	struct asked a = { .request = { .method = head->method, .user_agent = head->field[HTTP_USER_AGENT],
	    .content_type = head->field[HTTP_CONTENT_TYPE], .referrer = head->field[HTTP_REFERRER] } };
	struct message m = message_of(h, MESSAGE_HTTP_REQUEST);
	struct http_login room;
	uint64_t bytes;
	enum http_length length = http_length(head, &bytes);
	enum step step;

	read_target(head, &a.request);
	a.request.number = ++h->requests;
	a.request.content_length = bytes;
	http_read_login(head, h->like.flow, &a, &room);
	remember(h, &a);
	m.http_request = &a.request;
	proto_emit(h->p, &m);
	look_for_doh(h, head);
	step = request_body(side, head, bytes, length);
	if (step == STEP_NEXT && has_body(side))
		http_body_begin(h, &side->body, head, &a.request, bytes);
	return step;
}

/* RFC 9112 section 6.3, in its order. */
static enum step
answer_body(struct http_side *side, unsigned status, const struct http_request *asked, uint64_t bytes,
    enum http_length length)
{
	side->state = http_state_start;
	if (status < 200 || status == 204 || status == 304 || span_equal(asked->method, span_text("HEAD")))
		return STEP_NEXT;
	switch (length) {
	case HTTP_LENGTH_COUNTED:
		side->left = bytes;
		if (bytes > 0)
			side->state = http_state_body;
		break;
	case HTTP_LENGTH_CHUNKED:
		http_begin_chunks(side);
		break;
	case HTTP_LENGTH_NONE:
	case HTTP_LENGTH_OPEN:
	case HTTP_LENGTH_BAD: side->state = http_state_open_body; break;
	}
	return STEP_NEXT;
}

/* Which request is being answered? False: one that we did not see. */
static bool
find_request(struct http *h, struct http_side *side, struct asked *asked)
{
	unsigned count = outstanding_count(&h->outstanding);

	if (side->lost && count > 1)
		outstanding_drop(&h->outstanding, &h->ceiling, count - 1);
	side->lost = false;
	return outstanding_first(&h->outstanding, asked);
}

static bool
opens_tunnel(const struct http_head *head, bool found, const struct http_request *asked)
{
	if (head->status < 200 || head->status > 299)
		return false;
	/* Only the answering side may be seen: the words that nearly every proxy sends tell it. */
	return found ? asked->connect :
	    span_equal_nocase(head->reason, span_text("connection established"));
}

/* What both sides speak from here on may be a protocol that we know: HTTP/2, TLS (RFC 2817). WebSocket is none. */
static bool
switches_to_known(const struct http_head *head)
{
	return span_equal_nocase(head->field[HTTP_UPGRADE], span_text("h2c")) ||
	    (head->field[HTTP_UPGRADE].left >= 4 &&
	    span_equal_nocase(span_of(head->field[HTTP_UPGRADE].at, 4), span_text("TLS/")));
}

static enum step
take_answer(struct http *h, struct http_side *side, const struct http_head *head)
{
	struct http_response r = { .status = head->status,
	    .content_type = head->field[HTTP_CONTENT_TYPE], .server = head->field[HTTP_SERVER] };
	struct message m = message_of(h, MESSAGE_HTTP_RESPONSE);
	struct asked asked;
	bool found = find_request(h, side, &asked), final = head->status >= 200 || head->status == 101;
	enum http_length length = http_length(head, &r.content_length);
	enum step step;

	if (found) {
		r.number = asked.request.number;
		r.request_method = asked.request.method;
		r.request_host = asked.request.host;
		r.request_path = asked.request.path;
		r.request_user_agent = asked.request.user_agent;
	} else if (final && !side->unsure && !h->side[h->asker].unsure) {
		h->early++;
	}
	m.http_response = &r;
	proto_emit(h->p, &m);
	http_tell_login(h, &asked, head->status);
	look_for_doh(h, head);
	if (head->status == 101)
		return switches_to_known(head) ? STEP_TUNNEL : STEP_DONE;
	if (opens_tunnel(head, found, &asked.request))
		return STEP_TUNNEL;
	side->asked_before = h->requests;
	step = answer_body(side, head->status, &asked.request, r.content_length, length);
	if (has_body(side))
		http_body_begin(h, &side->body, head, &asked.request, r.content_length);
	if (found && final)
		outstanding_drop(&h->outstanding, &h->ceiling, 1);
	return step;
}

void
http_forget_head(struct http *h, struct http_side *side)
{
	bytes_empty(&side->head, &h->ceiling);
	memset(&side->scan, 0, sizeof side->scan);
	side->told = false;
}

/* These bytes begin no message. After a loss that is to be expected. */
static enum step
no_message(struct http *h, struct http_side *side)
{
	http_forget_head(h, side);
	if (!side->unsure)
		return STEP_GIVE_UP;
	side->state = state_resync;
	return STEP_NEXT;
}

static enum step
take_message(struct http *h, struct http_side *side, const struct http_head *head)
{
	int from = h->like.from, asker = head->answer ? !from : from;
	enum step step;

	if (h->asker >= 0 && h->asker != asker)
		return STEP_GIVE_UP;
	h->asker = asker;
	step = head->answer ? take_answer(h, side, head) : take_request(h, side, head);
	side->unsure = false;
	side->stray_pieces = 0;
	http_forget_head(h, side);
	return step;
}

static enum step
take_head(struct http *h, struct http_side *side, struct span block)
{
	struct http_head head;

	return http_head_read(block, &head) ? take_message(h, side, &head) : no_message(h, side);
}

/*
 * A header that is too long tells what stands in its first bytes, whole lines
 * of it: nobody shall hide the host behind a long field.
 */
static enum step
take_long_head(struct http *h, struct http_side *side, struct span in)
{
	size_t room = proto_limits(h->p)->header_bytes - side->head.used;
	const uint8_t *end;

	if (!bytes_append(&side->head, &h->ceiling, span_of(in.at, in.left < room ? in.left : room)))
		return STEP_OVER_LIMIT;
	end = memrchr(side->head.at, '\n', side->head.used);
	if (end == NULL)
		return STEP_OVER_LIMIT;
	side->head.used = (uint32_t)(end - side->head.at) + 1;
	if (side->scan.folded)
		http_unfold(side->head.at, side->head.used);
	take_head(h, side, span_of(side->head.at, side->head.used));
	return STEP_OVER_LIMIT;
}

enum step
http_state_start(struct http *h, struct http_side *side, struct span *in)
{
	(void)h;
	while (in->left > 0 && (in->at[0] == '\r' || in->at[0] == '\n'))
		span_skip(in, 1);
	if (in->left == 0)
		return STEP_MORE;
	side->state = state_head;
	return STEP_NEXT;
}

/* Whether the header's first bytes, `seen`, look right; asked until they can be told. */
static bool
may_begin(struct http_side *side, struct span seen)
{
	enum guess g;

	if (side->told)
		return true;
	g = http_guess(seen, 0);
	side->told = g == GUESS_YES;
	return g != GUESS_NO;
}

static enum step
state_head(struct http *h, struct http_side *side, struct span *in)
{
	uint32_t most = proto_limits(h->p)->header_bytes;
	struct span part, block;
	struct http_head head;
	size_t used;
	bool whole;

	/* What came before may be the end of something else: a piece that begins a message wins. */
	if (side->unsure && !side->told && side->piece_start && http_guess(*in, 0) == GUESS_YES)
		http_forget_head(h, side);
	if (side->head.used == 0 && http_head_take(in, most, &head))
		return take_message(h, side, &head);
	if (side->head.used == 0 && !may_begin(side, *in))
		return no_message(h, side);
	whole = http_scan(&side->scan, *in, &used);
	if (used > most || side->head.used > most - used)
		return take_long_head(h, side, *in);
	span_take(in, used, &part);
	block = part;
	if (!whole || side->head.used > 0 || side->scan.folded) {
		if (!bytes_append(&side->head, &h->ceiling, part))
			return STEP_OVER_LIMIT;
		block = span_of(side->head.at, side->head.used);
		if (!may_begin(side, block))
			return no_message(h, side);
	}
	if (!whole)
		return STEP_MORE;
	if (side->scan.folded)
		http_unfold(side->head.at, side->head.used);
	return take_head(h, side, block);
}

/* After a loss: wait for a piece that begins with a whole start line. */
static enum step
state_resync(struct http *h, struct http_side *side, struct span *in)
{
	(void)h;
	if (side->piece_start && http_guess(*in, 0) == GUESS_YES) {
		side->state = http_state_start;
		return STEP_NEXT;
	}
	span_skip(in, in->left);
	return STEP_MORE;
}

/*
 * Behind a CONNECT whose answer was not seen yet: another request means that
 * it was refused, anything else that the tunnel stands.
 */
static enum step
state_after_connect(struct http *h, struct http_side *side, struct span *in)
{
	(void)h;
	if (http_guess(*in, 0) == GUESS_NO)
		return STEP_TUNNEL;
	side->state = http_state_start;
	return STEP_NEXT;
}

/*
 * Did the loss of `len` bytes here cost a header (or only the place inside a
 * chunked body, whose message is known already)?
 */
static bool
costs_message(const struct http_side *side)
{
	return side->state == http_state_start || side->state == state_head || side->state == http_state_body;
}

/* One message is missing: its counterpart must not be taken for that of the next. */
static void
miss_one(struct http *h, const struct http_side *side)
{
	static const struct asked unseen;

	if (side == &h->side[h->asker])
		remember(h, &unseen);
	else if (outstanding_count(&h->outstanding) > 0)
		outstanding_drop(&h->outstanding, &h->ceiling, 1);
	else
		h->early++;
}

static void
lose_place(struct http *h, struct http_side *side, uint64_t len)
{
	bool one = costs_message(side) && len <= ONE_MESSAGE_BYTES && !side->unsure;

	if (h->asker >= 0 && one) {
		miss_one(h, side);
	} else if (costs_message(side) || side->state == state_resync) {
		side->lost = true;
		h->early = 0;
	}
	if (http_body_is_open(&side->body)) {
		http_body_lost(h, &side->body, len);
		http_body_end(h, &side->body, false);
	}
	http_forget_head(h, side);
	side->state = state_resync;
	side->unsure = true;
}

static void
take_gap(struct http *h, struct http_side *side, uint64_t len)
{
	if (side->state == NULL)
		return;
	if (side->state == http_state_open_body) {
		http_body_lost(h, &side->body, len);
		return;
	}
	if ((side->state != http_state_body && side->state != http_state_chunk_data) || len > side->left) {
		lose_place(h, side, len);
		return;
	}
	http_body_lost(h, &side->body, len);
	side->left -= len;
	if (side->left > 0)
		return;
	if (side->state == http_state_body) {
		http_body_end(h, &side->body, true);
		side->state = http_state_start;
	} else {
		side->state = http_state_chunk_end;
	}
}

/*
 * Where this message ends is not known here, though its server may know and
 * answer the next request: it is waited for, where there was one before.
 */
static void
stray(struct http *h, struct http_side *side, enum step why)
{
	struct proto_counts *counts = proto_counters(h->p);

	counts->malformed[APP_HTTP]++;
	if (why == STEP_OVER_LIMIT)
		counts->over_limit++;
	http_body_end(h, &side->body, false);
	http_forget_head(h, side);
	bytes_clear(&side->head, &h->ceiling);
	side->state = state_resync;
	side->lost = side->unsure = true;
	if (side->stray_pieces == 0)
		side->stray_pieces = 1;
	if (h->asker >= 0 && ++side->strays < STRAYS_MAX)
		return;
	counts->given_up[APP_HTTP]++;
	side->state = NULL;
}

/* It has not found back for so long that it will not. */
static void
mind_strays(struct http *h, struct http_side *side)
{
	if (side->stray_pieces == 0 || side->state == NULL || ++side->stray_pieces < STRAY_PIECES_MAX)
		return;
	proto_counters(h->p)->given_up[APP_HTTP]++;
	bytes_clear(&side->head, &h->ceiling);
	side->state = NULL;
}

/* Prepares a side for its piece. False: nothing of it is wanted. */
static bool
begin_piece(struct http *h, struct http_side *side, const struct stream_piece *piece)
{
	h->like.flow = piece->flow;
	h->like.from = piece->from;
	h->like.ts_ns = piece->ts_ns;
	if (!side->begun)
		side->unsure = piece->offset != 0 || (piece->flow != NULL && piece->flow->midway);
	side->begun = true;
	side->piece_start = true;
	return side->state != NULL && !piece->gap;
}

static bool
http_piece(void *reader, const struct stream_piece *piece)
{
	struct http *h = reader;
	struct http_side *side = &h->side[piece->from];
	struct span in = span_of(piece->bytes, (size_t)piece->len);
	enum step step = STEP_NEXT;

	if (!begin_piece(h, side, piece)) {
		if (piece->gap)
			take_gap(h, side, piece->len);
		return true;
	}
	while (in.left > 0 && step == STEP_NEXT) {
		step = side->state(h, side, &in);
		side->piece_start = side->piece_start && in.left == piece->len;
	}
	mind_strays(h, side);
	switch (step) {
	case STEP_NEXT:
	case STEP_MORE: break;
	case STEP_GIVE_UP:
	case STEP_OVER_LIMIT: stray(h, side, step); break;
	case STEP_TUNNEL:
		h->tunnel = true;
		h->tunnel_rest = in.left;
		return false;
	case STEP_DONE: return false;
	}
	return side->state != NULL || h->side[!piece->from].state != NULL;
}

/* What lasted until close ends well with a FIN; any other body was cut. */
static void
http_end(void *reader, const struct flow *f, int64_t ts_ns)
{
	struct http *h = reader;
	int i;

	h->like.flow = f;
	h->like.ts_ns = ts_ns;
	for (i = 0; i < 2; i++) {
		h->like.from = i;
		http_body_end(h, &h->side[i].body,
		    h->side[i].state == http_state_open_body && (f->tcp_flags[i] & TCP_FIN) != 0);
	}
}

static bool
http_tunnel(const void *reader, size_t *rest)
{
	const struct http *h = reader;

	*rest = h->tunnel_rest;
	return h->tunnel;
}

const struct proto_row http_row = {
	.app = APP_HTTP,
	.named = true,
	.guess = http_guess,
	.open = http_open,
	.piece = http_piece,
	.end = http_end,
	.close = http_close,
	.tunnel = http_tunnel,
};
