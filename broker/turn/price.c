#include "turn/price.h"

void price_init(struct price *p, uint64_t requests, uint64_t bytes, uint64_t steps)
{
	*p = (struct price){.max = {[PRICE_REQUESTS] = requests,
				    [PRICE_BYTES_IN] = bytes,
				    [PRICE_RECORDS] = requests,
				    [PRICE_RECORD_BYTES] = bytes,
				    [PRICE_BYTES_OUT] = bytes,
				    [PRICE_STEPS] = steps},
			    .share = 1};
}

void price_begin(struct price *p)
{
	for (unsigned kind = 0; kind < PRICE_KINDS; kind++)
		p->spent[kind] = 0;
	p->counted = false;
}

void price_add(struct price *p, enum price_kind kind, uint64_t n)
{
	p->spent[kind] += n;
}

void price_set(struct price *p, enum price_kind kind, uint64_t n)
{
	p->spent[kind] = n;
}

void price_share(struct price *p, uint64_t parts)
{
	p->share = parts;
}

static bool reaches(const struct price *p, unsigned kind, unsigned times)
{
	return p->spent[kind] * p->share >= times * p->max[kind];
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
	       reaches(p, PRICE_RECORDS, 2) || reaches(p, PRICE_RECORD_BYTES, 2);
}

void price_end(struct price *p)
{
	for (unsigned kind = 0; kind < PRICE_KINDS && !p->counted; kind++) {
		p->counted = reaches(p, kind, 1);
		p->ended[kind] += p->counted;
	}
}
