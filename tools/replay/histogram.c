#include "histogram.h"

#define OCTAVE_BITS 6

/* Values below 64 have a bucket each; above, the leading bit says the octave
 * and the six bits behind it the bucket. */
static size_t bucket_of(uint64_t value)
{
	if (value < HISTOGRAM_OCTAVE)
		return (size_t)value;
	unsigned shift = 63U - (unsigned)__builtin_clzll(value) - OCTAVE_BITS;
	return (size_t)(shift + 1) * HISTOGRAM_OCTAVE +
	       (size_t)((value >> shift) - HISTOGRAM_OCTAVE);
}

static uint64_t bucket_end(size_t bucket)
{
	if (bucket < HISTOGRAM_OCTAVE)
		return bucket;
	size_t shift = bucket / HISTOGRAM_OCTAVE - 1;
	uint64_t lead = HISTOGRAM_OCTAVE + bucket % HISTOGRAM_OCTAVE;
	return (lead << shift) + ((UINT64_C(1) << shift) - 1);
}

void histogram_add(struct histogram *h, uint64_t value)
{
	h->count++;
	h->sum += value;
	if (value > h->max)
		h->max = value;
	h->buckets[bucket_of(value)]++;
}

uint64_t histogram_percentile(const struct histogram *h, double percent)
{
	double wanted = (double)h->count * percent / 100.0;
	uint64_t below = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += h->buckets[i];
		if (below > 0 && (double)below >= wanted) {
			uint64_t end = bucket_end(i);
			return end < h->max ? end : h->max;
		}
	}
	return h->max;
}

double histogram_mean(const struct histogram *h)
{
	return h->count == 0 ? 0.0 : (double)h->sum / (double)h->count;
}
