#include "alert/eve_parts.h"

void
eve_summary(struct json *j, unsigned hansho, const struct summary_numbers *s)
{
	unsigned o = json_object(j, hansho, "summary"), examples, one;
	unsigned i;

	json_text(j, o, "of", s->signature == 0 ? "host" : "rule");
	if (s->signature != 0)
		json_number(j, o, "signature_id", s->signature);
	json_number(j, o, "limit", s->limit);
	json_number(j, o, "further", s->further);
	json_when(j, o, "since", s->since_ns);
	examples = json_array(j, o, "examples");
	for (i = 0; i < s->examples && i < SUMMARY_EXAMPLES; i++) {
		one = json_array_object(j, examples);
		json_text(j, one, "id", s->example[i].id);
		json_addr(j, one, "host", &s->example[i].host);
		json_text(j, one, "subject", s->example[i].subject);
	}
}
