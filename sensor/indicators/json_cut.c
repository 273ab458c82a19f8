#include "indicators/json_cut.h"

void
json_cut_init(struct json_cut *c, json_element_fn *take, void *to)
{
	c->take = take;
	c->to = to;
	c->state = JSON_BEFORE;
	c->in_string = c->escaped = c->too_long = c->comma = false;
	c->depth = 0;
	c->line = c->element_line = 1;
	c->why = NULL;
	c->used = 0;
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

static void
keep(struct json_cut *c, uint8_t b)
{
	if (c->used == 0)
		c->element_line = c->line;
	if (c->used < sizeof c->element)
		c->element[c->used++] = b;
	else
		c->too_long = true;
}

/* A comma or the closing bracket of the array: the element before it is complete. */
static void
end_element(struct json_cut *c, uint8_t b)
{
	struct span element = span_trim(span_of(c->element, c->used));
	bool too_long = c->too_long, go_on;

	c->used = 0;
	c->too_long = false;
	if (element.left == 0 && (b == ',' || c->comma)) {
		broken(c, "an element between the commas");
		return;
	}
	go_on = element.left == 0 || c->take(c->to, element, c->element_line, too_long);
	c->comma = b == ',';
	if (b == ']')
		c->state = JSON_AFTER;
	if (!go_on)
		c->state = JSON_STOPPED;
}

static void
string_byte(struct json_cut *c, uint8_t b)
{
	keep(c, b);
	if (c->escaped)
		c->escaped = false;
	else if (b == '\\')
		c->escaped = true;
	else if (b == '"')
		c->in_string = false;
}

static void
inside_byte(struct json_cut *c, uint8_t b)
{
	if (c->in_string) {
		string_byte(c, b);
		return;
	}
	if (c->depth == 0 && (b == ',' || b == ']')) {
		end_element(c, b);
		return;
	}
	if (c->used == 0 && is_space(b))
		return;
	if (b == '"')
		c->in_string = true;
	else if (b == '{' || b == '[')
		c->depth++;
	else if ((b == '}' || b == ']') && c->depth == 0) {
		broken(c, "a closing bracket of the array");
		return;
	} else if (b == '}' || b == ']')
		c->depth--;
	keep(c, b);
}

static void
push_byte(struct json_cut *c, uint8_t b)
{
	switch (c->state) {
	case JSON_BEFORE:
		if (b == '[')
			c->state = JSON_INSIDE;
		else if (!is_space(b))
			broken(c, "a JSON array");
		break;
	case JSON_INSIDE:
		inside_byte(c, b);
		break;
	case JSON_AFTER:
		if (!is_space(b))
			broken(c, "nothing behind the array");
		break;
	case JSON_BROKEN:
	case JSON_STOPPED:
		break;
	}
	if (b == '\n' && c->line < UINT32_MAX)
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
	if (c->state == JSON_BEFORE)
		broken(c, "a JSON array");
	else if (c->state == JSON_INSIDE)
		broken(c, "the array's closing bracket (the file is cut off)");
	return c->state == JSON_AFTER;
}
