#include "observation.h"

#include "indicator.h"
#include "message.h"

_Static_assert(sizeof(struct observation) % 8 == 0, "texts follow the fixed part");
_Static_assert(TEXT_TAGS <= 64, "tags seen are bits of one word");

enum { TEXT_HEADER_BYTES = 3 };	/* tag, length (little endian) */

void
observation_add(struct observation_buffer *b, enum observation_text tag, struct span text, size_t most)
{
	uint8_t *to = b->text + b->o.text_bytes;
	size_t room = sizeof b->text - b->o.text_bytes;

	if (text.at == NULL || room < TEXT_HEADER_BYTES)
		return;
	if (text.left > most)
		text.left = most;
	if (text.left > room - TEXT_HEADER_BYTES || text.left > UINT16_MAX)
		return;
	to[0] = (uint8_t)tag;
	to[1] = (uint8_t)(text.left & 0xff);
	to[2] = (uint8_t)(text.left >> 8);
	if (text.left > 0)
		memcpy(to + TEXT_HEADER_BYTES, text.at, text.left);
	b->o.text_bytes = (uint16_t)(b->o.text_bytes + TEXT_HEADER_BYTES + text.left);
}

void
observation_seal(struct observation_buffer *b)
{
	uint32_t whole = ((uint32_t)b->o.text_bytes + 7u) & ~7u;

	memset(b->text + b->o.text_bytes, 0, whole - b->o.text_bytes);
	b->o.bytes = (uint32_t)sizeof b->o + whole;
}

/* Cuts the next text off *s. */
static bool
next_text(struct span *s, uint8_t *tag, struct span *text)
{
	uint16_t len;

	return span_u8(s, tag) && span_u16le(s, &len) && span_take(s, len, text);
}

struct span
observation_text(const struct observation *o, enum observation_text tag)
{
	struct span all = span_of((const uint8_t *)o + sizeof *o, o->text_bytes), text;
	uint8_t found;

	while (next_text(&all, &found, &text))
		if (found == tag)
			return text;
	return span_of(NULL, 0);
}

static bool
texts_valid(const struct observation *o)
{
	struct span all = span_of((const uint8_t *)o + sizeof *o, o->text_bytes), text;
	uint64_t seen = 0;
	uint8_t tag;

	while (all.left > 0) {
		if (!next_text(&all, &tag, &text))
			return false;
		if (tag == 0 || tag >= TEXT_TAGS || (seen & UINT64_C(1) << tag) != 0)
			return false;
		seen |= UINT64_C(1) << tag;
	}
	return true;
}

/* Enumerations of message.h that some kinds carry in `detail`. */
static bool
detail_valid(const struct observation *o)
{
	static const uint8_t kinds[OBSERVATION_KINDS] = {
		[OBSERVE_FILE] = FILE_KINDS, [OBSERVE_LOGIN] = LOGIN_METHODS,
		[OBSERVE_REMOTE] = REMOTE_ACTIONS, [OBSERVE_IDENTITY] = IDENTITY_SOURCES,
		[OBSERVE_PROXY] = PROXY_ACTIONS,
	};

	return (kinds[o->kind] == 0 || o->detail < kinds[o->kind]) && o->inner < FILE_KINDS &&
	    o->outcome < OUTCOMES;
}

static bool
times_valid(const struct observation *o)
{
	const int64_t times[] = { o->ts_ns, o->flow_first_ns, o->flow_last_ns,
		o->deadline_ns == INT64_MAX ? 0 : o->deadline_ns };
	size_t i;

	for (i = 0; i < sizeof times / sizeof times[0]; i++)
		if (times[i] < 0 || times[i] > OBSERVATION_TIME_MAX_NS)
			return false;
	return true;
}

bool
observation_valid(const struct observation *o, size_t len)
{
	if (len < sizeof *o || o->bytes > len || o->bytes < sizeof *o || o->bytes % 8 != 0)
		return false;
	if (o->text_bytes > OBSERVATION_TEXT_BYTES || o->text_bytes > o->bytes - sizeof *o)
		return false;
	if (o->kind >= OBSERVATION_KINDS || o->app >= APP_KINDS || o->host_side > 1 || o->home > 3)
		return false;
	if (o->flow_state > FLOW_RESET || o->flow_end > FLOW_END_INPUT || o->phase > PHASE_PACKET ||
	    o->indicator_type >= INDICATOR_TYPES || o->indicator_role >= ROLE_KINDS ||
	    o->tunnel >= TUNNEL_KINDS || o->key.realm.tunnel >= TUNNEL_KINDS)
		return false;
	return detail_valid(o) && times_valid(o) && texts_valid(o);
}

static int
compare_u64(uint64_t x, uint64_t y)
{
	return (x > y) - (x < y);
}

int
observation_order(const struct observation *a, const struct observation *b)
{
	int c = compare_u64(a->ordinal, b->ordinal);

	if (c == 0)
		c = (a->deadline_ns > b->deadline_ns) - (a->deadline_ns < b->deadline_ns);
	if (c == 0)
		c = compare_u64(a->phase, b->phase);
	if (c == 0 && a->phase != PHASE_PACKET)
		c = compare_u64(a->flow_ordinal, b->flow_ordinal);
	if (c == 0)
		c = compare_u64(a->index, b->index);
	return c;
}
