#include "core/filter.h"

#include "base/mem.h"

#include <stdlib.h>

/* Two bits an entry: of 16 to begin with 1.4 % of what is asked is looked for
 * in vain, of the last 8 about 5 %. */
#define BITS_AT_FIRST 16
#define BITS_AT_LAST 8
#define WORD_BITS 64

void filter_make(struct filter *f, size_t entries)
{
	uint32_t len = 1;
	while (len * WORD_BITS < BITS_AT_FIRST * (entries + 4))
		len *= 2;
	free(f->words);
	*f = (struct filter){.words = mem_new(len * sizeof *f->words), .words_len = len};
}

void filter_fini(struct filter *f)
{
	free(f->words);
	*f = (struct filter){0};
}

static uint64_t bit_of(uint64_t hash)
{
	return (uint64_t)1 << (hash % WORD_BITS);
}

static uint64_t *word_of(const struct filter *f, uint64_t hash)
{
	return &f->words[(hash >> 6) & (f->words_len - 1)];
}

void filter_add(struct filter *f, struct hash128 hash)
{
	if (!f->words)
		return;
	if (++f->entries > f->words_len * WORD_BITS / BITS_AT_LAST) {
		filter_fini(f);
		return;
	}
	*word_of(f, hash.low) |= bit_of(hash.low);
	*word_of(f, hash.high) |= bit_of(hash.high);
}

bool filter_may_hold(const struct filter *f, struct hash128 hash)
{
	return !f->words || ((*word_of(f, hash.low) & bit_of(hash.low)) &&
			     (*word_of(f, hash.high) & bit_of(hash.high)));
}
