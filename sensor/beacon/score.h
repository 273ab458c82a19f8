/*
 * score.h - are these gaps a machine's?
 *
 * The mathematics of beacons, apart from whose contacts they are: gaps in, a
 * significance out. No memory, no clock. docs/beacons.md derives it.
 *
 * What share of the gaps lies within a window of a given relative width around
 * some period, or around its first multiples, as when beats were missed? For
 * memoryless gaps, at whatever and however changing rates, the chance of each
 * window is bounded by a number that depends on its width alone. The statistic
 * is the smallest binomial chance over all widths and periods; what chance
 * makes of that minimum was found once by simulation (null_table.h), so that a
 * significance is a false-alarm rate. It depends on no scale and no rate.
 */
#ifndef SENSOR_BEACON_SCORE_H
#define SENSOR_BEACON_SCORE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SCORE_GAPS_MIN = 5, SCORE_GAPS_MAX = 63, SCORE_RECENT = 24,
	SCORE_SHAPES = 9, SCORE_MULTIPLES_MAX = 4,
	SCORE_ALL = -1			/* no strength is known before */
};

/* Prepared once, and of each number of gaps when that comes up first. */
struct score_table {
	bool ready[SCORE_GAPS_MAX + 1];
	/* -log10 of the binomial chance that of n gaps so many are inside, one of them by choice. */
	float tail[SCORE_SHAPES][SCORE_GAPS_MAX + 1][SCORE_GAPS_MAX + 1];
	/* So many must be inside before it says anything. */
	uint8_t least[SCORE_SHAPES][SCORE_GAPS_MAX + 1];
	/* Edges of the window around each multiple, where the lowest gap inside is 1. */
	float low[SCORE_SHAPES][SCORE_MULTIPLES_MAX], high[SCORE_SHAPES][SCORE_MULTIPLES_MAX];
	/* The chance that a gap is inside, and logarithms of it, of its opposite, and of factorials. */
	double share[SCORE_SHAPES], log_inside[SCORE_SHAPES], log_outside[SCORE_SHAPES], log_factorial[SCORE_GAPS_MAX + 1];
};

struct score_verdict {
	float strength;		/* -log10 of the chance that memoryless gaps look so regular */
	float raw;		/* the statistic itself */
	float period_sec;	/* center of the strongest window; 0: none */
	float width;		/* of that window, to either side, in periods */
	unsigned inside;	/* gaps in it */
	unsigned of;		/* gaps looked at */
	bool folded;		/* multiples of the period counted: beats were missed */
	bool clustered;		/* each beat is several contacts; the pauses between clusters were taken */
};

/* What the gaps themselves are like, once a period is known. */
struct score_shape {
	double interval_sec;	/* median, missed beats counted out */
	double jitter;		/* nine of ten beats lie within this share of the interval */
	double missed;		/* share of beats that did not come */
};

void score_prepare(struct score_table *t);

/*
 * One window of gaps: any order, in seconds, at most SCORE_GAPS_MAX; overwritten. `dead_sec`: no gap
 * can be shorter, and it is taken off each.
 */
void score_gaps(struct score_table *t, float *gaps, unsigned n, float dead_sec,
    struct score_verdict *out);

/*
 * The same when a strength up to `known` is of no interest, which then comes out as 0: what could not exceed it is not
 * looked for.
 */
void score_gaps_beyond(struct score_table *t, float *gaps, unsigned n, float dead_sec, double known,
    struct score_verdict *out);

/* `gaps` as given to score_gaps() before. */
void score_describe(const struct score_verdict *v, const float *gaps, unsigned n, struct score_shape *out);

/* What having looked at `contacts` contacts again and again takes off a strength. */
double score_looks(unsigned contacts);

/* Fisher: -log10 of the chance that `blocks` independent windows have strengths of this sum together. */
double score_together(double sum_of_strengths, unsigned blocks);

/* Is a key with so many contacts looked at now? Each contact at first, then ever more rarely. */
bool score_is_due(unsigned contacts);

#endif
