/*
 * csv.h - one line of cells between commas (RFC 4180) or tabs, and columns found by
 * the names in a header: the order of columns in the feeds is not fixed.
 *
 * Cells are quoted or not; blanks around a quoted cell are tolerated, which
 * abuse.ch writes. A line is a row: a quote left open is an error.
 */
#ifndef SENSOR_INDICATORS_CSV_H
#define SENSOR_INDICATORS_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { CSV_CELLS_MAX = 128, CSV_COLUMNS_MAX = 16 };

struct csv_row {
	unsigned count;
	struct span cell[CSV_CELLS_MAX];	/* trimmed */
};

/*
 * Cut `line` at each `delimiter`. Cells point into it, or into `scratch` (at least line.left
 * bytes) where doubled quotes were undone. False: *why says what is wrong.
 */
bool csv_split(struct span line, char delimiter, uint8_t *scratch, struct csv_row *row, const char **why);

struct csv_alias {
	const char *name;	/* as in a header, case ignored */
	unsigned column;	/* below CSV_COLUMNS_MAX */
};

struct csv_columns {
	unsigned count;				/* cells of the header; 0: no header yet */
	unsigned known;				/* of these, how many have a column */
	uint8_t at[CSV_COLUMNS_MAX];		/* cell number, or CSV_CELLS_MAX when absent */
};

/*
 * What makes a row the header: bits for columns that must be there, and for
 * columns that show it to be another format's. `aliases` end with a NULL name.
 */
struct csv_layout {
	const struct csv_alias *aliases;
	uint32_t required, foreign;
};

bool csv_header(const struct csv_row *row, const struct csv_layout *layout, struct csv_columns *out);

/* Is this the name of a column? Rows are told from headers by their first cell. */
bool csv_names_column(struct span cell, const struct csv_alias *aliases);

/* The cell of a column; empty when the column is absent or the cell says nothing. */
struct span csv_cell(const struct csv_row *row, const struct csv_columns *columns, unsigned column);

#endif
