#include "turn/price.h"

#include <assert.h>

#define WEIGHT_SHIFT 16

static bool is_charged(unsigned kind)
{
	return kind != PRICE_US && kind != PRICE_LANDED;
}

void price_init(struct price *p, const uint64_t max[PRICE_KINDS])
{
	*p = (struct price){.share = 1};
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++) {
		assert(max[kind] > 0);
		p->max[kind] = max[kind];
		p->weight[kind] = is_charged(kind) ? (PRICE_TURN << WEIGHT_SHIFT) / max[kind] : 0;
	}
}

void price_begin(struct price *p)
{
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++)
		p->spent[kind] = p->seen[kind] = 0;
	p->charged = 0;
	p->counted = false;
}

void price_add(struct price *p, enum price_kind kind, uint64_t n)
{
	p->spent[kind] += n;
}

void price_see(struct price *p, enum price_kind kind, uint64_t n)
{
	p->spent[kind] += n < p->seen[kind] ? n : n - p->seen[kind];
	p->seen[kind] = n;
}

uint64_t price_charge(struct price *p)
{
	uint64_t cost = 0;
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++)
		cost += p->spent[kind] * p->weight[kind] >> WEIGHT_SHIFT;
	uint64_t more = cost - p->charged;
	p->charged = cost;
	return more;
}

void price_share(struct price *p, uint64_t parts)
{
	p->share = parts;
}

/* It stays until the commit, which may take several turns. */
static bool is_committed(unsigned kind)
{
	return kind == PRICE_RECORDS || kind == PRICE_RECORD_BYTES || kind == PRICE_BYTES_OUT ||
	       kind == PRICE_DELIVERIES;
}

static bool reaches(const struct price *p, unsigned kind, unsigned times)
{
	uint64_t parts = is_committed(kind) ? 1 : p->share;
	return p->spent[kind] * parts >= times * p->max[kind];
}

bool price_is_part(const struct price *p, enum price_kind kind, uint64_t n, uint64_t parts)
{
	return n * parts >= p->max[kind];
}

bool price_commit_is_full(const struct price *p, uint64_t parts)
{
	bool full = false;
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++)
		full |= is_committed(kind) && price_is_part(p, kind, p->spent[kind], parts);
	return full;
}

bool price_is_spent(const struct price *p)
{
	bool spent = false;
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++)
		spent |= reaches(p, kind, 1);
	return spent;
}

bool price_splits(const struct price *p)
{
	return reaches(p, PRICE_BYTES_OUT, 1) || reaches(p, PRICE_STEPS, 1) ||
	       reaches(p, PRICE_ROWS, 1) || reaches(p, PRICE_US, 1) ||
	       reaches(p, PRICE_LANDED, 1) || reaches(p, PRICE_DELIVERIES, 1) ||
	       reaches(p, PRICE_COMMITS, 1) || reaches(p, PRICE_RECORDS, 2) ||
	       reaches(p, PRICE_RECORD_BYTES, 2);
}

void price_end(struct price *p)
{
	for (unsigned kind = 0; kind < PRICE_KINDS && !p->counted; kind++) {
		p->counted = reaches(p, kind, 1);
		p->ended[kind] += p->counted;
	}
}
