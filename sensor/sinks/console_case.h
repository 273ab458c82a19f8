/* console_case.h - a case told on the console. For the files of this folder only. */
#ifndef SENSOR_SINKS_CONSOLE_CASE_H
#define SENSOR_SINKS_CONSOLE_CASE_H

#include "sinks/page.h"
#include "sinks/view.h"

/* `whole`: whose it is, all stages, what to do next; else the stage that came last. */
void console_case(struct page *p, const struct view *v, bool whole);

#endif
