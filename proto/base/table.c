#include "base/table.h"

#include "base/random.h"

uint64_t table_seed;

enum parlor_err table_seed_init(void)
{
	return random_bytes(&table_seed, sizeof table_seed);
}
