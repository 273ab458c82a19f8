/*
 * score.h - are these gaps a machine's?
 *
 * The mathematics of beacons, apart from whose contacts they are, so that it
 * can be replaced alone. Gaps in, a verdict out. No memory, no clock.
 *
 * The question asked: what share of the gaps lies within a window of a given
 * relative width (of a period, or of its first multiples when beats were
 * missed)? For gaps drawn from ANY mixture of exponential distributions, that
 * is for memoryless traffic at whatever and however changing rates, this
 * share is at most a number p0 that depends on the width alone (and on the
 * dead time, below which no gap can be). The score is the binomial chance of
 * the share that was found, corrected for the windows that were tried.
 */
#ifndef SENSOR_BEACON_SCORE_H
#define SENSOR_BEACON_SCORE_H

#include <stdbool.h>

enum { SCORE_GAPS_MAX = 63, SCORE_SHAPES = 7, SCORE_DEAD_STEPS = 16, SCORE_MULTIPLES_MAX = 4 };

/* The p0 of one shape of window and one dead time, and what a binomial tail needs of it. */
struct score_null {
	double p0, log_p0, log_rest, odds, deviation;
};

/* Prepared once. */
struct score_table {
	struct score_null null[SCORE_SHAPES][SCORE_DEAD_STEPS + 1];
	/* So many gaps at least must lie in the windows before n gaps say anything at all. */
	unsigned least[SCORE_SHAPES][SCORE_GAPS_MAX + 1];
	/* Edges of the window around each multiple, where the lowest gap inside is 1. */
	double low[SCORE_SHAPES][SCORE_MULTIPLES_MAX], high[SCORE_SHAPES][SCORE_MULTIPLES_MAX];
	double log_factorial[SCORE_GAPS_MAX + 1];
};

struct score_verdict {
	double score;		/* 0..1; 0.8 is a chance of 3 in 100,000, 0.9 of 1 in 10^10 */
	double interval_sec;	/* the period: median of the gaps that make it one */
	double spread;		/* (75 % - 25 % quantile of all gaps) / interval */
	unsigned regular;	/* gaps that lie in the window or, folded, in its multiples */
	bool folded;		/* multiples were needed: beats were missed */
};

void score_prepare(struct score_table *t);

/* `gaps_sec`: any order, n at most SCORE_GAPS_MAX, sorted in place; none below `dead_sec`. */
void score_gaps(const struct score_table *t, double *gaps_sec, unsigned n, double dead_sec,
    struct score_verdict *out);

#endif
