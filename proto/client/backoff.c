#include "client/backoff.h"

void backoff_init(struct backoff *b, uint32_t min_ms, uint32_t max_ms)
{
	b->min_ms = min_ms;
	b->max_ms = max_ms;
	backoff_reset(b);
}

void backoff_reset(struct backoff *b)
{
	b->ceiling_ms = b->min_ms;
}

uint32_t backoff_next(struct backoff *b, uint64_t random)
{
	uint32_t ceiling = b->ceiling_ms;
	uint32_t half = ceiling / 2;

	b->ceiling_ms = ceiling > b->max_ms / 2 ? b->max_ms : ceiling * 2;
	return ceiling - half + (uint32_t)(random % (half + 1));
}
