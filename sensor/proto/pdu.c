#include "proto/pdu.h"

static size_t
smaller(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

static void
hand_out(struct pdu_side *s, struct span bytes, uint64_t whole, struct span *message)
{
	*message = bytes;
	s->whole_bytes = whole;
	s->skip = whole - bytes.left;
}

/* Until `want` bytes are held. */
static enum pdu_step
gather(struct pdu_side *s, struct bytes_ceiling *c, struct span *in, size_t want)
{
	struct span part = { 0 };

	if (s->held.used >= want)
		return PDU_MESSAGE;
	span_take(in, smaller(want - s->held.used, in->left), &part);
	if (!bytes_append(&s->held, c, part))
		return PDU_FULL;
	return s->held.used < want ? PDU_MORE : PDU_MESSAGE;
}

static enum pdu_step
gather_message(struct pdu_side *s, const struct pdu_rule *rule, struct bytes_ceiling *c,
    struct span *in, struct span *message)
{
	enum pdu_step step = gather(s, c, in, rule->header_bytes);
	uint64_t whole;

	if (step != PDU_MESSAGE)
		return step;
	if ((whole = rule->length(s->held.at)) < rule->header_bytes)
		return PDU_BAD;
	if ((step = gather(s, c, in, smaller(whole, rule->keep_bytes))) != PDU_MESSAGE)
		return step;
	s->given = true;
	hand_out(s, span_of(s->held.at, s->held.used), whole, message);
	return PDU_MESSAGE;
}

enum pdu_step
pdu_next(struct pdu_side *s, const struct pdu_rule *rule, struct bytes_ceiling *c, struct span *in,
    struct span *message)
{
	size_t skipped = smaller(s->skip, in->left), keep;
	uint64_t whole;
	struct span bytes;

	if (s->given)
		bytes_empty(&s->held, c);
	s->given = false;
	span_skip(in, skipped);
	s->skip -= skipped;
	if (in->left == 0)
		return PDU_MORE;
	if (s->lost && (rule->begins == NULL || !rule->begins(*in))) {
		span_skip(in, in->left);
		return PDU_MORE;
	}
	s->lost = false;
	if (s->held.used > 0 || in->left < rule->header_bytes)
		return gather_message(s, rule, c, in, message);
	if ((whole = rule->length(in->at)) < rule->header_bytes)
		return PDU_BAD;
	keep = smaller(whole, rule->keep_bytes);
	if (!span_take(in, keep, &bytes))
		return gather_message(s, rule, c, in, message);
	hand_out(s, bytes, whole, message);
	return PDU_MESSAGE;
}

void
pdu_gap(struct pdu_side *s, struct bytes_ceiling *c, uint64_t len)
{
	if (s->given)
		bytes_empty(&s->held, c);
	s->given = false;
	if (s->held.used == 0 && len <= s->skip) {
		s->skip -= len;
		return;
	}
	bytes_empty(&s->held, c);
	s->skip = 0;
	s->lost = true;
}

void
pdu_clear(struct pdu_side *s, struct bytes_ceiling *c)
{
	bytes_clear(&s->held, c);
}
