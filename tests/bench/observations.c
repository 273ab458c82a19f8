/*
 * How many observations a worker makes of a capture, one with the default
 * configuration and no indicators: "FRAMES OBSERVATIONS BYTES" on one line.
 * What a record would add (http, tls, dns, flow) is not in it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "capture/capture.h"
#include "config/config.h"
#include "engine/pipeline.h"

struct made {
	uint64_t observations, bytes;
};

static void
count(void *to, const struct observation *o)
{
	struct made *m = to;

	m->observations++;
	m->bytes += o->bytes;
}

static void
say(void *to, const char *line)
{
	(void)to;
	fprintf(stderr, "observations: %s\n", line);
}

int
main(int argc, char **argv)
{
	struct pipeline_options options = { .shards = 1 };
	struct made made = { 0, 0 };
	struct capture_file file;
	struct pipeline *p = NULL;
	struct capture *c = NULL;
	static struct config config;
	struct fault fault;
	struct frame frame;
	uint64_t frames = 0, done;

	if (argc != 2) {
		fprintf(stderr, "usage: observations FILE\n");
		return 2;
	}
	file = (struct capture_file){ argv[1] };
	options.config = &config;
	if (config_defaults(&config) < 0 || capture_files_open(&file, 1, say, NULL, &c, &fault) < 0)
		return 1;
	capture_progress(c, &done, &options.input_bytes);
	if ((p = pipeline_new(&options, count, &made)) == NULL)
		return 1;
	for (; capture_next(c, &frame) == CAPTURE_FRAME; frames++)
		pipeline_frame(p, &frame);
	pipeline_finish(p);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", frames, made.observations, made.bytes);
	pipeline_free(p);
	capture_close(c);
	return 0;
}
