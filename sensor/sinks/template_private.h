/* template_private.h - what template.c parses and template_render.c runs. */
#ifndef SENSOR_SINKS_TEMPLATE_PRIVATE_H
#define SENSOR_SINKS_TEMPLATE_PRIVATE_H

#include <stdbool.h>

#include "base/span.h"
#include "sinks/template.h"

enum { STEPS_MOST = 1024, PATH_PARTS = 8 };

enum escape { ESCAPE_NONE, ESCAPE_SLACK, ESCAPE_MARKDOWN };

enum step_kind { STEP_TEXT, STEP_VALUE, STEP_IF, STEP_ELSE };

struct step {
	enum step_kind kind;
	unsigned line;
	struct span text;		/* TEXT; VALUE: what to say instead; IF: what it is compared with */
	struct span part[PATH_PARTS];
	unsigned parts;			/* 0: the whole record */
	bool quoted;			/* VALUE: in a string of the template's JSON */
	bool is_time;
	bool has_text, differs;		/* VALUE: there is a default; IF: compared, for another */
	enum escape escape;
	unsigned next;			/* IF: where to go on when it does not hold; ELSE: behind the block */
};

struct template {
	char *source;			/* the steps point into it */
	struct step step[STEPS_MOST];
	unsigned steps;
};

#endif
