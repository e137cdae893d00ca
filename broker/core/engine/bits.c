#include "bits.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void bits_fini(struct bits *b)
{
	for (int level = 0; level < BITS_LEVELS; level++)
		free(b->words[level]);
	*b = (struct bits){0};
}

size_t bits_bytes(const struct bits *b)
{
	size_t words = 0;
	for (int level = 0; level < BITS_LEVELS; level++)
		words += b->len[level];
	return words * sizeof **b->words;
}

static void grow(struct bits *b, int level, size_t word)
{
	size_t len = b->len[level] ? b->len[level] : 16;
	while (len <= word)
		len *= 2;
	b->words[level] = mem_resize(b->words[level], len, sizeof **b->words);
	memset(b->words[level] + b->len[level], 0, (len - b->len[level]) * sizeof **b->words);
	b->len[level] = len;
}

void bits_set(struct bits *b, uint64_t number)
{
	assert(number >> (6 * BITS_LEVELS) == 0);
	for (int level = 0; level < BITS_LEVELS; level++, number /= 64) {
		size_t word = (size_t)(number / 64);
		if (word >= b->len[level])
			grow(b, level, word);
		uint64_t before = b->words[level][word];
		b->words[level][word] |= (uint64_t)1 << (number % 64);
		if (before)
			return; /* the levels above know of it */
	}
}

void bits_clear(struct bits *b, uint64_t number)
{
	for (int level = 0; level < BITS_LEVELS; level++, number /= 64) {
		size_t word = (size_t)(number / 64);
		if (word >= b->len[level])
			return;
		b->words[level][word] &= ~((uint64_t)1 << (number % 64));
		if (b->words[level][word])
			return;
	}
}

/* The lowest one from `at` on in the word that has it. */
static uint64_t in_word(const struct bits *b, int level, uint64_t at)
{
	size_t word = (size_t)(at / 64);
	if (word >= b->len[level])
		return UINT64_MAX;
	uint64_t rest = b->words[level][word] & (UINT64_MAX << (at % 64));
	return rest ? at / 64 * 64 + (uint64_t)__builtin_ctzll(rest) : UINT64_MAX;
}

uint64_t bits_next(const struct bits *b, uint64_t from)
{
	int level = 0;
	uint64_t at = from, found;
	/* Up until a word has one behind, then down to its lowest. */
	while ((found = in_word(b, level, at)) == UINT64_MAX) {
		if (++level == BITS_LEVELS)
			return UINT64_MAX;
		at = at / 64 + 1;
	}
	for (; level > 0; level--)
		found = in_word(b, level - 1, found * 64);
	return found;
}

uint64_t bits_last(const struct bits *b)
{
	const int top = BITS_LEVELS - 1;
	size_t word = b->len[top];
	while (word > 0 && !b->words[top][word - 1])
		word--;
	if (!word)
		return 0;
	uint64_t at = word - 1;
	for (int level = top; level >= 0; level--)
		at = at * 64 + 63 - (uint64_t)__builtin_clzll(b->words[level][at]);
	return at;
}
