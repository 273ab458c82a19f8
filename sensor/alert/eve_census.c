#include "alert/eve.h"

#include "alert/eve_parts.h"
#include "base/when.h"

char *
eve_census(const struct eve_census *c, int64_t ts_ns, const char *sensor_name)
{
	static const struct realm nowhere;
	char day[WHEN_TEXT_MAX];
	struct json j;
	unsigned census;

	if (!json_begin(&j))
		return NULL;
	eve_head(&j, "census", ts_ns, NULL, &nowhere, sensor_name);
	census = json_object(&j, JSON_ROOT, "census");
	when_rfc3339((int64_t)c->day * 86400 * NS_PER_SEC, day);
	day[10] = '\0';
	json_text(&j, census, "day", day);
	json_text(&j, census, "family", c->family);
	json_number(&j, census, "servers", c->servers);
	json_number(&j, census, "hosts", c->hosts);
	json_bool(&j, census, "estimated", c->estimated);
	return json_end(&j);
}
