/* What a desk has said it did: who asked, who was given whom, who has ended, in
 * the order in which that desk decided it. Executes it once more by the rules,
 * round robin within limits, and fails where the desk did something else.
 * Asks no server, and decides nothing. */
#ifndef BENCH_DESK_BOOK_H
#define BENCH_DESK_BOOK_H

#include <stddef.h>
#include <stdint.h>

struct desk_shape {
	uint32_t teams;
	uint32_t seats;  /* of a team */
	uint32_t max;    /* conversations of a seat at once */
	uint32_t people; /* conversations that are open at once, of all teams */
	uint32_t posts;  /* of a conversation */
	uint32_t body;   /* bytes of a post */
};

struct desk_book;

struct desk_book *desk_book_new(const struct desk_shape *);
void desk_book_free(struct desk_book *);

/* Conversations and seats are numbered from 1, those of team t (from 0) from
 * t * seats + 1. order: rises with what the desk decides. */
void desk_book_opened(struct desk_book *, uint64_t order, uint32_t conversation, uint32_t team);
void desk_book_given(struct desk_book *, uint64_t order, uint32_t conversation, uint32_t seat);
void desk_book_closed(struct desk_book *, uint64_t order, uint32_t conversation);

/* Everything was in order of asking, within the limits, and by turns. */
void desk_book_check(struct desk_book *, const char *system);

#endif
