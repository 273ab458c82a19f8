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

static void
prepare_null(struct score_null *null, const struct shape *s, double dead)
{
	double mean, most = 0;

	/* The share has one flat maximum over the means: steps of 5 % find it to 0.1 %. */
	for (mean = .01; mean < 50; mean *= 1.05)
		most = fmax(most, share(s, dead, mean));
	null->p0 = fmin(most, .999);
	null->log_p0 = log(null->p0);
	null->log_rest = log1p(-null->p0);
	null->odds = null->p0 / (1 - null->p0);
	null->deviation = sqrt(null->p0 * (1 - null->p0));
}

/* log10 of P(X >= k), X binomial (n, p0), for k above the mean. What is above `most` may come out as 0. */
static double
log_tail(const struct score_table *t, const struct score_null *null, unsigned n, unsigned k, double most)
{
	double term, sum = 1, first;
	unsigned i;

	if (k == 0 || k <= n * null->p0)
		return 0;
	first = t->log_factorial[n] - t->log_factorial[k] - t->log_factorial[n - k] +
	    k * null->log_p0 + (n - k) * null->log_rest;
	if (first >= most * log(10))
		return 0;
	for (term = 1, i = k; i < n && term > 1e-17; i++) {
		term *= (double)(n - i) / (i + 1.0) * null->odds;
		sum += term;
	}
	return fmin((first + log(sum)) / log(10), 0);
}

/* What the windows that were tried make of a chance, in log10. */
static double
tries(unsigned n)
{
	return log10((double)n * SCORE_SHAPES);
}

/* A larger p0 never needs fewer. */
static unsigned
least_inside(const struct score_table *t, const struct score_null *null, unsigned n)
{
	unsigned inside = 2;

	while (inside <= n && log_tail(t, null, n - 1, inside - 1, 0) + tries(n) >= 0)
		inside++;
	return inside;
}

static void
prepare_shape(struct score_table *t, unsigned shape)
{
	const struct shape *s = &shapes[shape];
	const struct score_null *least = &t->null[shape][0];
	unsigned d, k, n;

	for (d = 0; d <= SCORE_DEAD_STEPS; d++) {
		prepare_null(&t->null[shape][d], s, (double)d / SCORE_DEAD_STEPS);
		if (t->null[shape][d].p0 < least->p0)
			least = &t->null[shape][d];
	}
	for (n = 2; n <= SCORE_GAPS_MAX; n++)
		t->least[shape][n] = least_inside(t, least, n);
	for (k = 0; k < s->multiples; k++) {
		t->low[shape][k] = window_low(s, k + 1) / window_low(s, 1) * (1 - 1e-9);
		t->high[shape][k] = window_high(s, k + 1) / window_low(s, 1);
	}
}

void
score_prepare(struct score_table *t)
{
	unsigned i;

	for (i = 0; i <= SCORE_GAPS_MAX; i++)
		t->log_factorial[i] = lgamma(i + 1.0);
	for (i = 0; i < SCORE_SHAPES; i++)
		prepare_shape(t, i);
}

/* By insertion: they are few, and calls for comparisons would cost more than the moves. */
static void
sort_gaps(double *gaps, unsigned n)
{
	unsigned i, at;
	double gap;

	for (i = 1; i < n; i++) {
		gap = gaps[i];
		for (at = i; at > 0 && gaps[at - 1] > gap; at--)
			gaps[at] = gaps[at - 1];
		gaps[at] = gap;
	}
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

static const struct score_null *
null_of(const struct score_table *t, unsigned shape, double dead, double center)
{
	double steps = dead / center * SCORE_DEAD_STEPS;
	unsigned whole;

	if (!(steps < SCORE_DEAD_STEPS))
		return &t->null[shape][SCORE_DEAD_STEPS];
	whole = (unsigned)steps;
	return &t->null[shape][whole < steps ? whole + 1 : whole];
}

struct strongest {
	const struct score_null *null;	/* NULL: nothing above the mean */
	double center;
	unsigned inside;
};

/* Slide the windows over the gaps, each gap once being their lowest; `least` of them must be inside. */
static struct strongest
slide(const struct score_table *t, unsigned shape, const double *gaps, unsigned n, double dead,
    unsigned least)
{
	unsigned low[SCORE_MULTIPLES_MAX] = { 0 }, high[SCORE_MULTIPLES_MAX] = { 0 }, i, k, inside;
	struct strongest best = { NULL, 0, 0 };
	const struct score_null *null;
	double z, most = 0, center;

	for (i = 0; i + least <= n; i++) {
		for (inside = 0, k = 0; k < shapes[shape].multiples; k++) {
			while (low[k] < n && gaps[low[k]] < gaps[i] * t->low[shape][k])
				low[k]++;
			while (high[k] < n && gaps[high[k]] <= gaps[i] * t->high[shape][k])
				high[k]++;
			inside += high[k] - low[k];
		}
		if (inside < least)
			continue;
		center = gaps[i] / window_low(&shapes[shape], 1);
		null = null_of(t, shape, dead, center);
		z = (inside - 1 - (n - 1) * null->p0) / null->deviation;
		if (z > most) {
			most = z;
			best = (struct strongest){ null, center, inside };
		}
	}
	return best;
}

/* A single window is wide enough for `least` gaps somewhere, or the shape has several windows. */
static bool
may_hold(const struct score_table *t, unsigned shape, const double *gaps, unsigned n, unsigned least)
{
	unsigned i;

	if (shapes[shape].multiples > 1)
		return least <= n;
	for (i = 0; i + least <= n; i++)
		if (gaps[i + least - 1] <= gaps[i] * t->high[shape][0])
			return true;
	return false;
}

/*
 * The lowest gap inside is there by choice, so it does not count as evidence;
 * the strongest position is judged by its exact tail, times the positions
 * tried.
 */
static void
try_shape(const struct score_table *t, unsigned shape, const double *gaps, unsigned n, double dead,
    struct best *best)
{
	unsigned least = t->least[shape][n];
	struct strongest s;
	double chance;

	if (!may_hold(t, shape, gaps, n, least))
		return;
	s = slide(t, shape, gaps, n, dead, least);
	if (s.null == NULL)
		return;
	chance = log_tail(t, s.null, n - 1, s.inside - 1, best->log_chance - tries(n)) + tries(n);
	if (chance < best->log_chance)
		*best = (struct best){ chance, s.center, shape, s.inside };
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
	sort_gaps(gaps_sec, n);
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
