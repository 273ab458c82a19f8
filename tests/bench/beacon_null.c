/*
 * Prints sensor/beacon/null_table.h: what memoryless gaps make of the statistic of score.c.
 *
 *     beacon_null [TRIALS [SEED]] > sensor/beacon/null_table.h
 *
 * For each number of gaps, how often chance reaches each value, as -log10 of the share. Where fewer than
 * ENOUGH trials reached a value, the line goes on with NULL_SLOPE.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beacon/score.h"

enum { POINTS = 90, ENOUGH = 30 };

static const double STEP = .1, SLOPE = .95;
static const unsigned gaps_of[] = {
	5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
	28, 32, 36, 40, 44, 48, 52, 56, 60, 63,
};
enum { ROWS = sizeof gaps_of / sizeof *gaps_of };

static uint64_t state = 0x9e3779b97f4a7c15ULL;

static double
exponential(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return -log(((double)((state * 2685821657736338717ULL) >> 11) + .5) / 9007199254740992.0);
}

static void
count(struct score_table *t, unsigned n, unsigned long trials, unsigned long reached[POINTS])
{
	float gaps[SCORE_GAPS_MAX];
	struct score_verdict v;
	unsigned long trial;
	unsigned i;

	for (trial = 0; trial < trials; trial++) {
		for (i = 0; i < n; i++)
			gaps[i] = (float)(100 * exponential());
		score_gaps(t, gaps, n, 0, &v);
		for (i = 0; i < POINTS && v.raw >= (float)(i * STEP); i++)
			reached[i]++;
	}
}

static void
print_row(const unsigned long reached[POINTS], unsigned long trials)
{
	double value = 0;
	unsigned i;

	printf("\t{");
	for (i = 0; i < POINTS; i++) {
		value = reached[i] >= ENOUGH ? -log10((double)reached[i] / (double)trials) : value + STEP * SLOPE;
		printf("%s%.3ff,", i % 12 == 0 ? "\n\t\t" : " ", value);
	}
	printf("\n\t},\n");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	unsigned long trials = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, reached[POINTS];
	static struct score_table table;
	unsigned i;

	if (argc > 2)
		state ^= strtoull(argv[2], NULL, 10) * 0xbf58476d1ce4e5b9ULL;
	score_prepare(&table);
	printf("/*\n * null_table.h - made by tests/bench/beacon_null, %lu trials a row: -log10 of how often memoryless\n"
	    " * gaps reach a statistic of 0, %.1f, %.1f, ... A row for each number of gaps.\n */\n"
	    "#ifndef SENSOR_BEACON_NULL_TABLE_H\n#define SENSOR_BEACON_NULL_TABLE_H\n\n"
	    "enum { NULL_POINTS = %d, NULL_ROWS = %d };\n\n#define NULL_STEP %.2f\n#define NULL_SLOPE %.2f\n\n",
	    trials, STEP, 2 * STEP, POINTS, (int)ROWS, STEP, SLOPE);
	printf("static const unsigned null_gaps[NULL_ROWS] = {");
	for (i = 0; i < ROWS; i++)
		printf("%s%u,", i % 16 == 0 ? "\n\t" : " ", gaps_of[i]);
	printf("\n};\n\nstatic const float null_table[NULL_ROWS][NULL_POINTS] = {\n");
	for (i = 0; i < ROWS; i++) {
		memset(reached, 0, sizeof reached);
		count(&table, gaps_of[i], trials, reached);
		print_row(reached, trials);
	}
	printf("};\n\n#endif\n");
	return 0;
}
