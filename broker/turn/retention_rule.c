#include "turn/retention_rule.h"

/* Fewer would be written back over and over. */
#define BEHIND_MIN 1000

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* As if all records were of the same size: who comes again with every commit
 * gets to the exact place step by step. */
static uint64_t by_bytes(const struct retention_limits *l, const struct retention_facts *f)
{
	uint64_t records = f->last + 1 - f->first;
	if (!l->bytes || f->bytes <= l->bytes)
		return f->first;
	double part = (double)(f->bytes - l->bytes) / (double)f->bytes;
	return earlier(f->first + (uint64_t)(part * (double)records) + 1, f->last + 1);
}

/* The first position that no limit says should go; `first` when none should. */
static uint64_t wanted(const struct retention_limits *l, const struct retention_facts *f)
{
	uint64_t first = later(f->first, by_bytes(l, f));
	if (l->records && f->last > l->records)
		first = later(first, f->last - l->records + 1);
	if (l->seconds)
		first = later(first, f->young);
	return first;
}

uint64_t retention_rule_first(const struct retention_limits *l, const struct retention_facts *f)
{
	/* The last one that rows cover stays: recovery shows by it that both fit. */
	uint64_t first = earlier(wanted(l, f), f->covered);
	if (!l->without_mysql)
		first = earlier(first, f->synced + 1);
	if (l->snapshots)
		first = earlier(first, f->snapshot + 1);
	return later(first, f->first);
}

uint64_t retention_rule_behind(const struct retention_limits *l, const struct retention_facts *f,
			       uint64_t max)
{
	uint64_t window = wanted(l, f), kept = window > f->first ? f->last + 1 - window : max;
	if (l->records)
		kept = earlier(kept, l->records);
	return earlier(later(kept, BEHIND_MIN), max);
}
