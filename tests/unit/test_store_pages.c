/* The memory of mapped pages: what a process has read of a large map is given back, all of it,
 * a part at a time. */
#include "store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE 4096
/* As many parts as a map is gone through in, and a shorter one behind them. */
#define PARTS 64
#define PART (8 * MIB)
#define MAP (PARTS * PART + 3 * MIB)
#define TOUCHED MIB /* of each part */

struct map {
	const volatile uint8_t *at;
	uint64_t len, resident;
};

/* The data file as this process has it mapped. */
static struct map map_of(const struct world *w)
{
	char path[128], line[512];
	struct map map = {0};

	path_in(w, "data.mdb", path);
	FILE *smaps = fopen("/proc/self/smaps", "re");
	assert_non_null(smaps);
	while (!map.at && fgets(line, sizeof line, smaps)) {
		unsigned long from, to;
		if (strstr(line, path) && sscanf(line, "%lx-%lx", &from, &to) == 2)
			map = (struct map){(const volatile uint8_t *)from, to - from, 0};
	}
	unsigned long long kib = 0;
	while (map.at && fgets(line, sizeof line, smaps) && sscanf(line, "Rss: %llu", &kib) != 1)
		continue;
	assert_non_null(map.at);
	map.resident = kib * KIB;
	assert_int_equal(fclose(smaps), 0);
	return map;
}

static void touch(const struct map *map, uint64_t from, uint64_t len)
{
	for (uint64_t at = from; at < from + len && at < map->len; at += PAGE)
		(void)map->at[at];
}

/* As often as it asks for; no call gives back more than its part. */
static void drop_all(struct world *w)
{
	struct map map = map_of(w);
	uint64_t resident = map.resident;
	size_t calls = 0;
	bool more = true;

	assert_in_range(resident, PARTS * TOUCHED, MAP);
	for (; more; calls++) {
		more = store_drop_mapped_pages(w->store);
		map = map_of(w);
		assert_in_range(resident - map.resident, 0, 2 * TOUCHED);
		resident = map.resident;
		assert_in_range(calls, 0, PARTS + 1);
	}
	assert_int_equal(resident, 0);
}

static void all_of_a_large_map_is_given_back_part_by_part(void **state)
{
	static const char *const texts[] = {"one", "two"};
	struct world *w = *state;
	char path[128];

	w->options.map_init = w->options.map_max = MAP;
	open_world(w);
	post_texts(w, texts, 2);
	path_in(w, "data.mdb", path);
	/* Behind what is in use there is nothing but a hole, which is mapped as well. */
	assert_int_equal(truncate(path, (off_t)MAP), 0);
	struct map map = map_of(w);
	assert_int_equal(map.len, MAP);
	assert_false(store_drop_mapped_pages(w->store));
	for (int pass = 0; pass < 2; pass++) {
		for (uint64_t part = 0; part <= PARTS; part++)
			touch(&map, part * PART, TOUCHED);
		touch(&map, MAP - PAGE, PAGE);
		drop_all(w);
		turn(w);
		assert_event(w, 2, "two");
		store_read_end(w->store);
	}
}

int main(void)
{
	const struct CMUnitTest stories[] = {
		cmocka_unit_test_setup_teardown(all_of_a_large_map_is_given_back_part_by_part,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(stories, NULL, NULL);
}
