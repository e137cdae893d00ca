#include "turn/decisions.h"

#include "base/clock.h"

#define LONGEST_US ((UINT64_C(1) << DECISIONS_WIDTH) - 1)

void decisions_begin(void *ctx)
{
	struct decisions *d = ctx;
	d->began_us = clock_mono_us();
}

void decisions_end(void *ctx, uint64_t pairs)
{
	struct decisions *d = ctx;
	uint64_t us = clock_mono_us() - d->began_us;
	/* One that found nobody was a decision, too: the longest may be such. */
	uint64_t each = us / (pairs ? pairs : 1);
	if (d->us_max < each)
		d->us_max = each;
	d->pairs += pairs;
	d->took[octave_bucket(each < LONGEST_US ? each : LONGEST_US, DECISIONS_BITS)] += pairs;
}

uint64_t decisions_us_at(const struct decisions *d, uint64_t percent)
{
	uint64_t below = 0;
	for (size_t i = 0; i < sizeof d->took / sizeof d->took[0] && d->pairs; i++) {
		below += d->took[i];
		if (below * 100 < d->pairs * percent)
			continue;
		uint64_t end = octave_end(i, DECISIONS_BITS);
		return end < d->us_max ? end : d->us_max;
	}
	return 0;
}
