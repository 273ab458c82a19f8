#include "beacon/score.h"

#include <math.h>
#include <string.h>

#include "beacon/nth.h"
#include "beacon/null_table.h"

/*
 * Windows around a period 1: width to either side, and up to which multiple.
 * The sum of k jittered sleeps is sqrt(k) times as wide as one.
 */
struct shape {
	double width;
	unsigned multiples;
};

static const struct shape shapes[SCORE_SHAPES] = {
	{ .03, 1 }, { .08, 1 }, { .15, 1 }, { .25, 1 }, { .38, 1 }, { .55, 1 }, { .75, 1 },
	{ .05, 4 }, { .16, 3 },
};

/* A statistic below this says nothing: windows that cannot reach it are not looked for. */
static const float LEAST_RAW = 1.2f;

/* ---- the chance of a window ---- */

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

/* Share of exponential gaps in the windows. */
static double
share(const struct shape *s, double mean)
{
	double sum = 0;
	unsigned k;

	for (k = 1; k <= s->multiples; k++)
		sum += exp(-window_low(s, k) / mean) - exp(-window_high(s, k) / mean);
	return sum;
}

/* The largest share over all means bounds it for every mixture of them: steps of 2 % find it to 0.01 %. */
static double
largest_share(const struct shape *s)
{
	double mean, most = 0;

	for (mean = .01; mean < 50; mean *= 1.02)
		most = fmax(most, share(s, mean));
	return most;
}

/* -log10 of P(X >= k), X binomial (n, p of this shape). */
static double
tail(const struct score_table *t, unsigned s, unsigned n, unsigned k)
{
	double p = t->share[s], first, term = 1, sum = 1;
	unsigned i;

	if (k == 0 || k <= n * p)
		return 0;
	first = t->log_factorial[n] - t->log_factorial[k] - t->log_factorial[n - k] + k * t->log_inside[s] +
	    (n - k) * t->log_outside[s];
	for (i = k; i < n && term > 1e-17; i++) {
		term *= (double)(n - i) / (i + 1.) * p / (1 - p);
		sum += term;
	}
	return fmax(-(first + log(sum)) / log(10), 0);
}

/* Of so many gaps: few numbers of gaps ever come up in a short run. */
static void
prepare_tails(struct score_table *t, unsigned n)
{
	unsigned s, k;

	t->ready[n] = true;
	for (s = 0; s < SCORE_SHAPES; s++) {
		t->least[s][n] = (uint8_t)(n + 1);
		for (k = n; k > 0; k--) {
			t->tail[s][n][k] = (float)tail(t, s, n - 1, k - 1);
			if (t->tail[s][n][k] >= LEAST_RAW)
				t->least[s][n] = (uint8_t)k;
		}
	}
}

void
score_prepare(struct score_table *t)
{
	unsigned s, n, k;

	memset(t, 0, sizeof *t);
	for (n = 0; n <= SCORE_GAPS_MAX; n++)
		t->log_factorial[n] = lgamma(n + 1.);
	for (s = 0; s < SCORE_SHAPES; s++) {
		t->share[s] = largest_share(&shapes[s]);
		t->log_inside[s] = log(t->share[s]);
		t->log_outside[s] = log1p(-t->share[s]);
		for (k = 0; k < shapes[s].multiples; k++) {
			t->low[s][k] = (float)(window_low(&shapes[s], k + 1) / window_low(&shapes[s], 1) * (1 - 1e-6));
			t->high[s][k] = (float)(window_high(&shapes[s], k + 1) / window_low(&shapes[s], 1) * (1 + 1e-6));
		}
	}
}

/* ---- the statistic ---- */

/* By insertion: they are few, and calls for comparisons would cost more than the moves. */
static void
sort_gaps(float *gaps, unsigned n)
{
	unsigned i, at;
	float gap;

	for (i = 1; i < n; i++) {
		gap = gaps[i];
		for (at = i; at > 0 && gaps[at - 1] > gap; at--)
			gaps[at] = gaps[at - 1];
		gaps[at] = gap;
	}
}

/* Where a window holds at least `need` gaps, each gap once being its lowest: how many at most. 0: nowhere. */
static unsigned
most_in_one(const float *gaps, unsigned n, float high, unsigned need, unsigned *where)
{
	unsigned i, most = 0;

	for (i = 0; i + need <= n; i++) {
		if (gaps[i + need - 1] > gaps[i] * high)
			continue;
		while (i + need < n && gaps[i + need] <= gaps[i] * high)
			need++;
		most = need++;
		*where = i;
	}
	return most;
}

/* The same, with windows around the multiples. Between the ends of the first and the last there are often too few. */
static unsigned
most_folded(const struct score_table *t, unsigned shape, const float *gaps, unsigned n, unsigned need,
    unsigned *where)
{
	unsigned low[SCORE_MULTIPLES_MAX] = { 0 }, high[SCORE_MULTIPLES_MAX] = { 0 }, first = 0, behind = 0;
	unsigned i, k, inside, most = 0, multiples = shapes[shape].multiples;
	float edge;

	for (i = 0; i + need <= n; i++) {
		while (gaps[first] < gaps[i] * t->low[shape][0])
			first++;
		while (behind < n && gaps[behind] <= gaps[i] * t->high[shape][multiples - 1])
			behind++;
		if (behind - first < need)
			continue;
		for (inside = 0, k = 0; k < multiples; k++) {
			edge = gaps[i] * t->high[shape][k];
			while (high[k] < n && gaps[high[k]] <= edge)
				high[k]++;
			edge = gaps[i] * t->low[shape][k];
			while (low[k] < high[k] && gaps[low[k]] < edge)
				low[k]++;
			inside += high[k] - low[k];
		}
		if (inside < need)
			continue;
		most = inside;
		need = inside + 1;
		*where = i;
	}
	return most;
}

/* With all gaps inside. */
static bool
may_exceed(struct score_table *t, unsigned n, float raw)
{
	unsigned s;

	if (!t->ready[n])
		prepare_tails(t, n);
	for (s = 0; s < SCORE_SHAPES; s++)
		if (t->tail[s][n][n] > raw)
			return true;
	return false;
}

/* How many must be inside to exceed `raw`; above n: it cannot be. The more, the stronger. */
static unsigned
needed(const struct score_table *t, unsigned s, unsigned n, float raw)
{
	unsigned need = t->least[s][n], enough = n + 1, middle;

	while (need < enough) {
		middle = (need + enough) / 2;
		if (t->tail[s][n][middle] > raw)
			enough = middle;
		else
			need = middle + 1;
	}
	return need;
}

/* What exceeds best->raw. */
static void
try_shapes(struct score_table *t, float *gaps, unsigned n, struct score_verdict *best)
{
	unsigned s, need, inside, where = 0;

	if (!may_exceed(t, n, best->raw))
		return;
	sort_gaps(gaps, n);
	if (gaps[0] <= 0)
		gaps[0] = 1e-4f;
	for (s = 0; s < SCORE_SHAPES; s++) {
		if ((need = needed(t, s, n, best->raw)) > n)
			continue;
		inside = shapes[s].multiples == 1 ? most_in_one(gaps, n, t->high[s][0], need, &where) :
		    most_folded(t, s, gaps, n, need, &where);
		if (inside == 0)
			continue;
		best->raw = t->tail[s][n][inside];
		best->period_sec = gaps[where] / (float)(1 - shapes[s].width);
		best->width = (float)shapes[s].width;
		best->folded = shapes[s].multiples > 1;
		best->inside = inside;
	}
}

/* ---- several contacts a beat ---- */

enum { FEW_PARTS = 4 };		/* one in so many gaps at least must be small */

/* Below a tenth of the mean gap two contacts may belong to one beat. */
static float
small_gap(const float *gaps, unsigned n, unsigned *count)
{
	float sum = 0, limit;
	unsigned i;

	for (i = 0; i < n; i++)
		sum += gaps[i];
	limit = sum / (float)n / 10;
	for (*count = 0, i = 0; i < n; i++)
		*count += gaps[i] <= limit;
	return limit;
}

/* What is left of the longer ones above the limit is memoryless again, if they were. */
static unsigned
pauses_of(const float *gaps, unsigned n, float limit, float *pauses)
{
	unsigned i, count = 0;

	for (i = 0; i < n; i++)
		if (gaps[i] > limit)
			pauses[count++] = gaps[i] - limit;
	return count;
}

/* ---- its significance ---- */

/* The statistic has steps: what is between two points of the table counts as the lower. */
static double
null_at(unsigned row, double raw)
{
	unsigned i = (unsigned)(raw / NULL_STEP + 1e-6);

	if (i >= NULL_POINTS - 1)
		return null_table[row][NULL_POINTS - 1] + (raw - (NULL_POINTS - 1) * NULL_STEP) * NULL_SLOPE;
	return null_table[row][i];
}

/* The last with no more gaps, or the first. */
static unsigned
null_row(unsigned n)
{
	unsigned row = 0;

	while (row + 1 < NULL_ROWS && null_gaps[row + 1] <= n)
		row++;
	return row;
}

/* Between tabulated numbers of gaps, the weaker. */
static double
significance(unsigned n, unsigned row, double raw)
{
	double here = null_at(row, raw), next;

	if (row + 1 == NULL_ROWS || null_gaps[row] >= n)
		return here;
	next = null_at(row + 1, raw);
	return next < here ? next : here;
}

/* A statistic that means no more than this strength, if not the largest. */
static float
raw_within(unsigned n, unsigned row, double strength)
{
	const unsigned last = NULL_POINTS - 1;
	unsigned low = 0, high = last, middle;
	double above = strength - significance(n, row, last * NULL_STEP);

	if (above >= 0)
		return (float)(last * NULL_STEP + .99 * above / NULL_SLOPE);
	while (high - low > 1) {
		middle = (low + high) / 2;
		if (significance(n, row, middle * NULL_STEP) <= strength)
			low = middle;
		else
			high = middle;
	}
	return (float)(low * NULL_STEP);
}

void
score_gaps_beyond(struct score_table *t, float *gaps, unsigned n, float dead_sec, double known, struct score_verdict *out)
{
	float pauses[SCORE_GAPS_MAX], limit;
	struct score_verdict second;
	unsigned i, small, count, row = null_row(n);

	memset(out, 0, sizeof *out);
	if (n < SCORE_GAPS_MIN || n > SCORE_GAPS_MAX)
		return;
	out->of = n;
	second = *out;
	second.raw = out->raw = raw_within(n, row, known);
	for (i = 0; i < n; i++)
		gaps[i] = gaps[i] > dead_sec ? gaps[i] - dead_sec : 0;
	limit = small_gap(gaps, n, &small);
	if (small * FEW_PARTS >= n && (count = pauses_of(gaps, n, limit, pauses)) >= SCORE_GAPS_MIN) {
		second.of = count;
		try_shapes(t, pauses, count, &second);
		second.period_sec += limit + dead_sec;
		second.clustered = true;
	}
	try_shapes(t, gaps, n, out);
	if (second.raw > out->raw)
		*out = second;
	else if (out->inside > 0)
		out->period_sec += dead_sec;
	else
		out->raw = 0;
	out->strength = (float)significance(n, row, out->raw);
}

void
score_gaps(struct score_table *t, float *gaps, unsigned n, float dead_sec, struct score_verdict *out)
{
	score_gaps_beyond(t, gaps, n, dead_sec, SCORE_ALL, out);
}

/* ---- looking often ---- */

/* Independent looks that each contact is worth: fitted on memoryless keys (make bench-beacon). */
static const double LOOKS_FIRST = 1, LOOKS_LATER = 2.2;

bool
score_is_due(unsigned contacts)
{
	if (contacts <= SCORE_GAPS_MIN)
		return false;
	return contacts <= SCORE_RECENT || contacts % (contacts <= SCORE_GAPS_MAX + 1 ? 4 : 16) == 0;
}

double
score_looks(unsigned contacts)
{
	double later = contacts > SCORE_RECENT ? contacts - SCORE_RECENT : 0;

	return log10(fmax(LOOKS_FIRST * (contacts - later) + LOOKS_LATER * later, 1));
}

/* Q(blocks, sum) of the gamma distribution: a sum of e^-x x^i / i!, in logarithms. */
double
score_together(double sum_of_strengths, unsigned blocks)
{
	double x = sum_of_strengths * log(10), term = -x, most = -x, sum = 0;
	unsigned i;

	if (blocks == 0 || x <= blocks)
		return 0;
	/* The terms grow up to the last, since x is above their number. */
	for (i = 1; i < blocks; i++)
		most += log(x / i);
	for (i = 0; i < blocks; i++) {
		sum += exp(term - most);
		term += log(x / (i + 1));
	}
	return fmax(-(most + log(sum)) / log(10), 0);
}

/* ---- what the gaps are like ---- */

enum { PLACES = 64 };

_Static_assert((int)SCORE_GAPS_MAX <= (int)PLACES, "a place for each gap");

/* Floats that are not below 0 stand in the order of their bits. */
static float
quantile(const float *values, unsigned n, double q)
{
	int32_t bits[PLACES];
	unsigned i;
	float found;

	memcpy(bits, values, n * sizeof *bits);
	for (i = n; i < PLACES; i++)
		bits[i] = INT32_MAX;
	bits[0] = nth_of(bits, PLACES, n, (unsigned)(q * (n - 1) + .5));
	memcpy(&found, bits, sizeof found);
	return found;
}

void
score_describe(const struct score_verdict *v, const float *gaps, unsigned n, struct score_shape *out)
{
	float beat[SCORE_GAPS_MAX], off[SCORE_GAPS_MAX];
	unsigned i, count = 0, slots = 0, multiple = 1, most = v->folded ? SCORE_MULTIPLES_MAX : 1;
	double width[SCORE_MULTIPLES_MAX + 1];

	memset(out, 0, sizeof *out);
	for (i = 1; i <= most; i++)
		width[i] = v->width * sqrt(i) * 1.1;
	for (i = 0; i < n && i < SCORE_GAPS_MAX && v->period_sec > 0; i++) {
		if (v->folded)
			multiple = (unsigned)fmin(fmax(gaps[i] / v->period_sec + .5, 1), most);
		if (fabs((double)gaps[i] / v->period_sec - multiple) > width[multiple])
			continue;
		slots += multiple;
		beat[count++] = gaps[i] / (float)multiple;
	}
	if (count == 0)
		return;
	out->interval_sec = quantile(beat, count, .5);
	for (i = 0; i < count; i++)
		off[i] = fabsf(beat[i] / (float)out->interval_sec - 1);
	out->jitter = quantile(off, count, .9);
	out->missed = 1 - (double)count / slots;
}
