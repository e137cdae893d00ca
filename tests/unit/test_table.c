/* Tables whose chains nobody can choose. */
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define BUCKETS 65536u
#define CHOSEN 200

static unsigned bucket(uint64_t key)
{
	unsigned hash;
	HASH_FUNCTION(&key, sizeof key, hash);
	return hash % BUCKETS;
}

/* Keys that fall together under one seed do not under another. */
static void who_knows_no_seed_cannot_choose_a_chain(void **state)
{
	(void)state;
	uint64_t keys[CHOSEN];
	size_t len = 0;
	assert_int_equal(table_seed_init(), PARLOR_E_OK);
	for (uint64_t key = 0; len < CHOSEN; key++)
		if (bucket(key) == 0)
			keys[len++] = key;
	uint64_t known = table_seed;
	assert_int_equal(table_seed_init(), PARLOR_E_OK);
	assert_int_not_equal(table_seed, known);
	size_t together = 0;
	for (size_t i = 0; i < len; i++)
		together += bucket(keys[i]) == bucket(keys[0]);
	assert_in_range(together, 1, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_knows_no_seed_cannot_choose_a_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
