#include "indicators/json_cut.h"

#include <string.h>

void
json_cut_init(struct json_cut *c, const char *const *paths, unsigned count, json_part_fn *take, void *to)
{
	c->paths = paths;
	c->paths_count = count;
	c->take = take;
	c->to = to;
	c->state = JSON_BETWEEN;
	c->escaped = c->in_string = c->scalar = c->too_long = c->reached = false;
	c->values = c->depth = 0;
	c->inner = 0;
	c->wanted = 0;
	c->line = c->part_line = 1;
	c->part_path = 0;
	c->why = NULL;
	c->key_bytes = c->used = 0;
}

static void
broken(struct json_cut *c, const char *why)
{
	c->state = JSON_BROKEN;
	c->why = why;
}

static bool
is_space(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\n' || b == '\r';
}

/* ---- paths ---- */

/* The n-th step of a path, from 0; empty behind its end. */
static struct span
step_of(const char *path, unsigned n)
{
	size_t len;

	for (;; n--) {
		len = strcspn(path, ".");
		if (n == 0)
			return span_of(path, len);
		path += len;
		if (*path == '\0')
			return span_of(path, 0);
		path++;
	}
}

static uint16_t
all_paths(const struct json_cut *c)
{
	return (uint16_t)((1u << c->paths_count) - 1);
}

/* Of the paths that lead to the container at hand, those whose next step is this one. */
static uint16_t
follow(const struct json_cut *c, struct span step)
{
	const struct json_level *at = &c->level[c->depth - 1];
	uint16_t wanted = 0;
	unsigned i;

	for (i = 0; i < c->paths_count; i++) {
		struct span next;

		if ((at->alive & 1u << i) == 0)
			continue;
		next = step_of(c->paths[i], c->depth - 1);
		if (at->array != span_equal(next, span_text("[]")))
			continue;
		if (span_equal(next, step) || (!at->array && next.left == 1 && next.at[0] == '*'))
			wanted |= (uint16_t)(1u << i);
	}
	return wanted;
}

/* Is the value at hand where a path ends? */
static bool
ends_here(struct json_cut *c)
{
	unsigned i;

	for (i = 0; i < c->paths_count; i++) {
		if ((c->wanted & 1u << i) == 0 || step_of(c->paths[i], c->depth).left != 0)
			continue;
		c->part_path = i;
		return true;
	}
	return false;
}

/* Does a path end at what is in the container that begins here? */
static bool
ends_inside(const struct json_cut *c, bool array)
{
	struct span step;
	unsigned i;

	for (i = 0; i < c->paths_count; i++) {
		step = step_of(c->paths[i], c->depth);
		if ((c->wanted & 1u << i) != 0 && step.left > 0 &&
		    step_of(c->paths[i], c->depth + 1).left == 0 && array == span_equal(step, span_text("[]")))
			return true;
	}
	return false;
}

/* ---- values ---- */

static void
value_done(struct json_cut *c)
{
	c->state = c->depth == 0 ? JSON_BETWEEN : JSON_BEHIND_VALUE;
	if (c->depth == 0 && c->values < 2)
		c->values++;
}

static void
hand_out(struct json_cut *c)
{
	struct json_part part = { c->part_path, span_of(c->part, c->used), c->part_line, c->too_long };
	bool go_on = c->take(c->to, &part);

	c->used = 0;
	c->too_long = false;
	value_done(c);
	if (!go_on)
		c->state = JSON_STOPPED;
}

static void
keep(struct json_cut *c, uint8_t b)
{
	if (c->used < sizeof c->part)
		c->part[c->used++] = b;
	else
		c->too_long = true;
}

static void
enter(struct json_cut *c, bool array)
{
	if (c->depth == JSON_DEPTH_MAX) {
		broken(c, "at most 32 levels of brackets");
		return;
	}
	c->reached = c->reached || ends_inside(c, array);
	c->level[c->depth++] = (struct json_level){ array, c->wanted };
	c->state = array ? JSON_FIRST_VALUE : JSON_FIRST_KEY;
	if (array)
		c->wanted = follow(c, span_text("[]"));
}

static void
begin_part(struct json_cut *c, uint8_t b)
{
	c->part_line = c->line;
	c->in_string = b == '"';
	c->inner = b == '{' || b == '[';
	c->scalar = !c->in_string && c->inner == 0;
	c->state = JSON_IN_PART;
	keep(c, b);
}

static void
value_byte(struct json_cut *c, uint8_t b)
{
	if (is_space(b))
		return;
	if (memchr("{[\"-0123456789tfn", b, 17) == NULL)
		broken(c, "a value");
	else if (ends_here(c))
		begin_part(c, b);
	else if (b == '{' || b == '[')
		enter(c, b == '[');
	else
		c->state = b == '"' ? JSON_IN_STRING : JSON_IN_SCALAR;
}

static void
leave(struct json_cut *c)
{
	c->depth--;
	value_done(c);
}

/* Behind a value inside a container. */
static void
behind_byte(struct json_cut *c, uint8_t b)
{
	bool array = c->level[c->depth - 1].array;

	if (is_space(b))
		return;
	if (b == (array ? ']' : '}')) {
		leave(c);
	} else if (b != ',') {
		broken(c, array ? "a comma or the array's closing bracket" :
		    "a comma or the object's closing bracket");
	} else if (array) {
		c->wanted = follow(c, span_text("[]"));
		c->state = JSON_VALUE;
	} else {
		c->state = JSON_KEY;
	}
}

/* A number or word ends where something else begins, which is still to be read. */
static void
end_scalar(struct json_cut *c, uint8_t b)
{
	value_done(c);
	if (c->depth > 0)
		behind_byte(c, b);
	else if (!is_space(b))
		broken(c, "nothing behind the value");
}

static bool
ends_scalar(uint8_t b)
{
	return is_space(b) || b == ',' || b == '}' || b == ']';
}

/* True when the string ends with this byte. */
static bool
string_ends(struct json_cut *c, uint8_t b)
{
	if (c->escaped)
		c->escaped = false;
	else if (b == '\\')
		c->escaped = true;
	else
		return b == '"';
	return false;
}

static void
part_byte(struct json_cut *c, uint8_t b)
{
	if (c->scalar && ends_scalar(b)) {
		hand_out(c);
		if (c->state != JSON_STOPPED && c->depth > 0)
			behind_byte(c, b);
		else if (c->state != JSON_STOPPED && !is_space(b))
			broken(c, "nothing behind the value");
		return;
	}
	keep(c, b);
	if (c->in_string)
		c->in_string = !string_ends(c, b);
	else if (b == '"')
		c->in_string = true;
	else if (b == '{' || b == '[')
		c->inner++;
	else if (b == '}' || b == ']')
		c->inner--;
	if (!c->scalar && !c->in_string && c->inner == 0)
		hand_out(c);
}

/* ---- keys ---- */

static void
key_byte(struct json_cut *c, uint8_t b)
{
	if (is_space(b))
		return;
	if (b == '}' && c->state == JSON_FIRST_KEY) {
		leave(c);
	} else if (b == '"') {
		c->key_bytes = 0;
		c->state = JSON_IN_KEY;
	} else {
		broken(c, "a key in quotes");
	}
}

/* Longer than JSON_KEY_BYTES no key in a path is. */
static void
in_key_byte(struct json_cut *c, uint8_t b)
{
	if (string_ends(c, b))
		c->state = JSON_COLON;
	else if (c->key_bytes < sizeof c->key)
		c->key[c->key_bytes++] = (char)b;
}

static void
colon_byte(struct json_cut *c, uint8_t b)
{
	if (is_space(b))
		return;
	if (b != ':') {
		broken(c, "a colon behind the key");
		return;
	}
	c->wanted = follow(c, span_of(c->key, c->key_bytes));
	c->state = JSON_VALUE;
}

static void
push_byte(struct json_cut *c, uint8_t b)
{
	switch (c->state) {
	case JSON_BETWEEN:
		if (is_space(b))
			break;
		c->wanted = all_paths(c);
		value_byte(c, b);
		break;
	case JSON_FIRST_VALUE:
		if (b == ']')
			leave(c);
		else
			value_byte(c, b);
		break;
	case JSON_VALUE: value_byte(c, b); break;
	case JSON_FIRST_KEY:
	case JSON_KEY: key_byte(c, b); break;
	case JSON_IN_KEY: in_key_byte(c, b); break;
	case JSON_COLON: colon_byte(c, b); break;
	case JSON_IN_STRING:
		if (string_ends(c, b))
			value_done(c);
		break;
	case JSON_IN_SCALAR:
		if (ends_scalar(b))
			end_scalar(c, b);
		break;
	case JSON_IN_PART: part_byte(c, b); break;
	case JSON_BEHIND_VALUE: behind_byte(c, b); break;
	case JSON_BROKEN:
	case JSON_STOPPED:
		break;
	}
	if (b == '\n' && c->state < JSON_BROKEN && c->line < UINT32_MAX)
		c->line++;
}

bool
json_cut_push(struct json_cut *c, struct span bytes)
{
	size_t i;

	for (i = 0; i < bytes.left && c->state < JSON_BROKEN; i++)
		push_byte(c, bytes.at[i]);
	return c->state < JSON_BROKEN;
}

bool
json_cut_whole(struct json_cut *c)
{
	if (c->state == JSON_IN_PART && c->scalar && c->depth == 0)
		hand_out(c);
	if (c->state == JSON_IN_SCALAR && c->depth == 0)
		value_done(c);
	if (c->state == JSON_BETWEEN && c->values == 0)
		broken(c, "a JSON value");
	else if (c->state < JSON_BROKEN && c->state != JSON_BETWEEN)
		broken(c, "the closing bracket (the file is cut off)");
	return c->state == JSON_BETWEEN;
}
