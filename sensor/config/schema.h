/*
 * schema.h - the option table as a libcyaml schema.
 *
 * libcyaml makes and fills what it loads. A section is a struct config of its
 * own, so that one whose options are all commented out may stand there with
 * nothing beneath; what is not in the file stays zero, and which that is
 * only the outline knows.
 */
#ifndef SENSOR_SCHEMA_H
#define SENSOR_SCHEMA_H

#include <stddef.h>

#include "config/options.h"

enum { SECTIONS_MAX = 16, NETWORKS_MAX = 4 };

struct loaded {
	struct config top;			/* what stands in no section, feeds and sinks; values unscaled */
	struct config *section[SECTIONS_MAX];	/* in the table's order; NULL when absent or empty */
	struct loaded_networks {
		char **text;
		unsigned count;
	} networks[NETWORKS_MAX];		/* in the table's order */
};

struct schema;

/* NULL without memory. */
struct schema *schema_new(void);
void schema_free(struct schema *s);	/* NULL is fine */

/*
 * The bytes of a file that is no empty document. SE_USAGE, in libcyaml's
 * words, when it does not fit. Free with schema_unload().
 */
int schema_load(const struct schema *s, const char *name, const void *bytes, size_t len,
    struct loaded **out, struct fault *fault);
void schema_unload(const struct schema *s, struct loaded *l);	/* NULL is fine */

/* What was loaded for a row of networks. */
const struct loaded_networks *schema_networks(const struct loaded *l, const struct option_row *row);

/* Where the value of a scalar row was loaded to: `entry` of its list, or its section. NULL when there is none. */
const void *schema_base(const struct loaded *l, const struct option_row *row, unsigned entry);

#endif
