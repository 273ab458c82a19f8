#include "beacon/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Windows around a period 1: width to either side, and up to which multiple.
 * The sum of k jittered sleeps is sqrt(k) times as wide as one.
 */
struct shape {
	double width;
	unsigned multiples;
};

enum { MULTIPLES_MAX = 4 };

static const struct shape shapes[SCORE_SHAPES] = {
	{ .05, 1 }, { .15, 1 }, { .30, 1 }, { .50, 1 }, { .05, 4 }, { .15, 3 }, { .25, 3 },
};

/* score = L / (L + SCORE_HALF), L = -log10 of the corrected chance: 0.8 at L = 4.5 */
static const double SCORE_HALF = 1.125;

static double
window_low(const struct shape *s, unsigned k)
{
	return k - s->width * sqrt(k);
}

static double
window_high(const struct shape *s, unsigned k)
{
	return k + s->width * sqrt(k);
}

/* Share of shifted exponential gaps (dead time, then mean `mean`) in the windows. */
static double
share(const struct shape *s, double dead, double mean)
{
	double sum = 0, low, high;
	unsigned k;

	for (k = 1; k <= s->multiples; k++) {
		low = fmax(window_low(s, k) - dead, 0);
		high = fmax(window_high(s, k) - dead, 0);
		sum += exp(-low / mean) - exp(-high / mean);
	}
	return sum;
}

void
score_prepare(struct score_table *t)
{
	double mean, most;
	unsigned i, d;

	for (i = 0; i < SCORE_SHAPES; i++)
		for (d = 0; d <= SCORE_DEAD_STEPS; d++) {
			most = 0;
			/* The share has one flat maximum over the means: steps of 5 % find it to 0.1 %. */
			for (mean = .01; mean < 50; mean *= 1.05)
				most = fmax(most, share(&shapes[i], (double)d / SCORE_DEAD_STEPS, mean));
			t->p0[i][d] = fmin(most, .999);
		}
}

/* log10 of P(X >= k), X binomial (n, p), for k above the mean. */
static double
log_tail(unsigned n, unsigned k, double p)
{
	double term, sum = 1, first;
	unsigned i;

	if (k == 0 || k <= n * p)
		return 0;
	first = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(p) +
	    (n - k) * log1p(-p);
	for (term = 1, i = k; i < n; i++) {
		term *= (double)(n - i) / (i + 1.0) * p / (1 - p);
		sum += term;
	}
	return fmin((first + log(sum)) / log(10), 0);
}

static int
compare_gaps(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of sorted gaps. */
static double
quantile(const double *gaps, unsigned n, double q)
{
	double at = q * (n - 1);
	unsigned below = (unsigned)at;

	if (below + 1 >= n)
		return gaps[n - 1];
	return gaps[below] + (at - below) * (gaps[below + 1] - gaps[below]);
}

struct best {
	double log_chance, center;
	unsigned shape, regular;
};

static double
null_share(const struct score_table *t, unsigned shape, double dead, double center)
{
	double step = ceil(dead / center * SCORE_DEAD_STEPS);

	return t->p0[shape][step < SCORE_DEAD_STEPS ? (unsigned)step : SCORE_DEAD_STEPS];
}

/*
 * Slide the windows over the gaps, each gap once being their lowest. That gap
 * is inside by choice, so it does not count as evidence; the strongest
 * position is judged by its exact tail, times the positions tried.
 */
static void
try_shape(const struct score_table *t, unsigned shape, const double *gaps, unsigned n, double dead,
    struct best *best)
{
	const struct shape *s = &shapes[shape];
	unsigned low[MULTIPLES_MAX] = { 0 }, high[MULTIPLES_MAX] = { 0 }, i, k, inside;
	struct best here = { 0, 0, shape, 0 };
	double z, most = 0, p0, p0_there = .5, center, chance;

	for (i = 0; i < n; i++) {
		center = gaps[i] / window_low(s, 1);
		for (inside = 0, k = 0; k < s->multiples; k++) {
			while (low[k] < n && gaps[low[k]] < center * window_low(s, k + 1) * (1 - 1e-9))
				low[k]++;
			while (high[k] < n && gaps[high[k]] <= center * window_high(s, k + 1))
				high[k]++;
			inside += high[k] - low[k];
		}
		p0 = null_share(t, shape, dead, center);
		z = (inside - 1 - (n - 1) * p0) / sqrt((n - 1) * p0 * (1 - p0));
		if (z > most) {
			most = z;
			p0_there = p0;
			here.center = center;
			here.regular = inside;
		}
	}
	if (most <= 0)
		return;
	chance = log_tail(n - 1, here.regular - 1, p0_there) + log10((double)n * SCORE_SHAPES);
	if (chance < best->log_chance) {
		here.log_chance = chance;
		*best = here;
	}
}

/* Median of the gaps in the window of the period itself. */
static double
base_interval(const double *gaps, unsigned n, const struct best *best)
{
	const struct shape *s = &shapes[best->shape];
	unsigned low = 0, high;

	while (low < n && gaps[low] < best->center * window_low(s, 1) * (1 - 1e-9))
		low++;
	for (high = low; high < n && gaps[high] <= best->center * window_high(s, 1); high++)
		;
	return high > low ? quantile(gaps + low, high - low, .5) : quantile(gaps, n, .5);
}

void
score_gaps(const struct score_table *t, double *gaps_sec, unsigned n, double dead_sec,
    struct score_verdict *out)
{
	struct best best = { 0, 0, 0, 0 };
	double strength;
	unsigned i;

	memset(out, 0, sizeof *out);
	if (n < 2 || n > SCORE_GAPS_MAX)
		return;
	qsort(gaps_sec, n, sizeof *gaps_sec, compare_gaps);
	if (gaps_sec[0] <= 0)
		return;
	for (i = 0; i < SCORE_SHAPES; i++)
		try_shape(t, i, gaps_sec, n, dead_sec, &best);
	out->interval_sec = quantile(gaps_sec, n, .5);
	if (best.log_chance < 0) {
		strength = -best.log_chance;
		out->score = strength / (strength + SCORE_HALF);
		out->interval_sec = base_interval(gaps_sec, n, &best);
		out->regular = best.regular;
		out->folded = shapes[best.shape].multiples > 1;
	}
	out->spread = (quantile(gaps_sec, n, .75) - quantile(gaps_sec, n, .25)) / out->interval_sec;
}
