#include "histogram.h"

#include "base/octave.h"

#define OCTAVE_BITS 6
_Static_assert(1 << OCTAVE_BITS == HISTOGRAM_OCTAVE, "so many buckets to a doubling");

void histogram_add(struct histogram *h, uint64_t value)
{
	h->count++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
	h->buckets[octave_bucket(value, OCTAVE_BITS)]++;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
	double wanted = (double)h->count * percent / 100.0;
	uint64_t below = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += h->buckets[i];
		if (below > 0 && (double)below >= wanted) {
			uint64_t end = octave_end(i, OCTAVE_BITS);
			return end < h->max ? end : h->max;
		}
	}
	return h->max;
}

double histogram_mean(const struct histogram *h)
{
	return h->count == 0 ? 0.0 : (double)h->sum / (double)h->count;
}
