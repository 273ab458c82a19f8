#include "indicators/csv.h"

#include "indicators/text.h"

static void
skip_blanks(struct span *s, char delimiter)
{
	while (s->left > 0 && s->at[0] != delimiter && (s->at[0] == ' ' || s->at[0] == '\t'))
		span_skip(s, 1);
}

/* Behind the opening quote. Undoes "" in scratch and moves *scratch on. */
static bool
quoted_cell(struct span *s, uint8_t **scratch, struct span *cell)
{
	uint8_t *to = *scratch, c;

	while (span_u8(s, &c)) {
		if (c == '"' && (s->left == 0 || s->at[0] != '"')) {
			*cell = span_of(*scratch, (size_t)(to - *scratch));
			*scratch = to;
			return true;
		}
		if (c == '"')
			span_skip(s, 1);
		*to++ = c;
	}
	return false;
}

static void
plain_cell(struct span *s, char delimiter, struct span *cell)
{
	size_t len = 0;

	while (len < s->left && s->at[len] != delimiter)
		len++;
	span_take(s, len, cell);
}

bool
csv_split(struct span line, char delimiter, uint8_t *scratch, struct csv_row *row, const char **why)
{
	struct span cell;

	row->count = 0;
	for (;;) {
		skip_blanks(&line, delimiter);
		if (row->count == CSV_CELLS_MAX) {
			*why = "at most 128 columns";
			return false;
		}
		if (line.left > 0 && line.at[0] == '"') {
			span_skip(&line, 1);
			if (!quoted_cell(&line, &scratch, &cell)) {
				*why = "a closing quote";
				return false;
			}
			skip_blanks(&line, delimiter);
		} else {
			plain_cell(&line, delimiter, &cell);
		}
		row->cell[row->count++] = span_trim(cell);
		if (line.left == 0)
			return true;
		if (line.at[0] != delimiter) {
			*why = "a comma behind the closing quote";
			return false;
		}
		span_skip(&line, 1);
	}
}

static const struct csv_alias *
alias_of(struct span name, const struct csv_alias *aliases)
{
	for (; aliases->name != NULL; aliases++)
		if (span_equal_nocase(name, span_text(aliases->name)))
			return aliases;
	return NULL;
}

bool
csv_header(const struct csv_row *row, const struct csv_layout *layout, struct csv_columns *out)
{
	const struct csv_alias *a;
	uint32_t seen = 0;
	unsigned i;

	out->count = row->count;
	out->known = 0;
	for (i = 0; i < CSV_COLUMNS_MAX; i++)
		out->at[i] = CSV_CELLS_MAX;
	for (i = 0; i < row->count; i++) {
		if ((a = alias_of(row->cell[i], layout->aliases)) == NULL)
			continue;
		out->known++;
		if (seen & 1u << a->column)
			continue;
		seen |= 1u << a->column;
		out->at[a->column] = (uint8_t)i;
	}
	return (seen & layout->required) == layout->required && (seen & layout->foreign) == 0;
}

bool
csv_names_column(struct span cell, const struct csv_alias *aliases)
{
	return alias_of(cell, aliases) != NULL;
}

struct span
csv_cell(const struct csv_row *row, const struct csv_columns *columns, unsigned column)
{
	unsigned at = columns->at[column];

	if (at >= row->count || text_is_missing(row->cell[at]))
		return span_of(NULL, 0);
	return row->cell[at];
}
