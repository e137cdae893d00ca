/* Times or sizes counted in logarithmic buckets, 64 to the octave: percentiles
 * within 1.6 %, in fixed memory, at a few nanoseconds a value. Zeroed is
 * empty. Knows no unit and prints nothing. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_OCTAVE 64
#define HISTOGRAM_BUCKETS ((64 - 6 + 1) * HISTOGRAM_OCTAVE)

struct histogram {
	uint64_t count;
	uint64_t sum;
	uint64_t max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *, uint64_t value);

/* The value that `percent` (0 to 100) of the values do not exceed, rounded up
 * to the end of its bucket but never above the greatest value; 0 when empty. */
uint64_t histogram_percentile(const struct histogram *, double percent);
double histogram_mean(const struct histogram *);

#endif
