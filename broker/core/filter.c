#include "core/filter.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* All bits of an entry lie in one line, so that asking costs one miss of the
 * cache. A full filter has 16 bits an entry: of what is asked then some 0.4 % is
 * looked for in vain, a tenth of that of half as many entries. */
#define LINE_WORDS 8
#define LINE_BITS 512
#define BITS_FULL 16
#define LINES_MAX ((uint32_t)1 << 20)

void filter_make(struct filter *f, size_t entries)
{
	uint32_t lines = 1;
	while (lines < LINES_MAX && (size_t)lines * LINE_BITS / BITS_FULL < 2 * entries)
		lines *= 2;
	free(f->words);
	*f = (struct filter){.words = mem_new(lines * LINE_WORDS * sizeof *f->words),
			     .lines = lines};
}

void filter_fini(struct filter *f)
{
	free(f->words);
	*f = (struct filter){0};
}

size_t filter_bytes(const struct filter *f)
{
	return f->lines * LINE_WORDS * sizeof *f->words;
}

static uint64_t *line_of(const struct filter *f, struct hash128 hash)
{
	return &f->words[(hash.low & (f->lines - 1)) * LINE_WORDS];
}

/* The four bits of an entry, from nine bits of its hash each. */
#define BITS 4
static bool has(const uint64_t *line, uint64_t hash)
{
	bool all = true;
	for (int i = 0; i < BITS; i++, hash >>= 9)
		all &= line[(hash >> 6) % LINE_WORDS] >> (hash % 64) & 1;
	return all;
}

void filter_add(struct filter *f, struct hash128 hash)
{
	if (!f->words)
		return;
	if (++f->entries > f->lines * (LINE_BITS / BITS_FULL) && f->lines < LINES_MAX) {
		filter_fini(f);
		return;
	}
	uint64_t *line = line_of(f, hash), bits = hash.high;
	for (int i = 0; i < BITS; i++, bits >>= 9)
		line[(bits >> 6) % LINE_WORDS] |= (uint64_t)1 << (bits % 64);
}

bool filter_may_hold(const struct filter *f, struct hash128 hash)
{
	assert(f->words);
	return has(line_of(f, hash), hash.high);
}
