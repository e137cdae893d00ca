#include "desk_book.h"

#include "fail.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>

#define ENTRIES_FIRST 4096

enum what { OPENED, GIVEN, CLOSED };

struct entry {
	uint64_t order;
	enum what what;
	uint32_t conversation;
	uint32_t where; /* team or seat */
};

/* A list of those who wait, from its first one on. */
struct line {
	uint32_t *who;
	size_t first, len, cap;
};

struct desk_book {
	struct desk_shape shape;
	struct entry *entries;
	size_t len, cap;
	uint32_t last; /* number of a conversation */
	/* while it is executed */
	const char *system;
	struct line *lines; /* by team */
	uint32_t *load;     /* by seat */
	uint64_t *turn;     /* by seat */
	uint64_t turns;     /* of all teams: only the order within one counts */
	uint32_t *seat_of;  /* by conversation; 0: none */
};

struct desk_book *desk_book_new(const struct desk_shape *shape)
{
	struct desk_book *b = mem_new(sizeof *b);
	b->shape = *shape;
	return b;
}

static void forget(struct desk_book *b)
{
	for (uint32_t t = 0; b->lines && t < b->shape.teams; t++)
		free(b->lines[t].who);
	free(b->lines);
	free(b->load);
	free(b->turn);
	free(b->seat_of);
	b->lines = NULL;
}

void desk_book_free(struct desk_book *b)
{
	if (!b)
		return;
	free(b->entries);
	free(b);
}

/* ---- what is said --------------------------------------------------------------------- */

static void put(struct desk_book *b, struct entry entry)
{
	MEM_GROW(b->entries, b->len, b->cap, ENTRIES_FIRST);
	b->entries[b->len++] = entry;
	if (entry.conversation > b->last)
		b->last = entry.conversation;
}

void desk_book_opened(struct desk_book *b, uint64_t order, uint32_t conversation, uint32_t team)
{
	put(b, (struct entry){order, OPENED, conversation, team});
}

void desk_book_given(struct desk_book *b, uint64_t order, uint32_t conversation, uint32_t seat)
{
	put(b, (struct entry){order, GIVEN, conversation, seat});
}

void desk_book_closed(struct desk_book *b, uint64_t order, uint32_t conversation)
{
	put(b, (struct entry){order, CLOSED, conversation, 0});
}

/* ---- once more by the rules ------------------------------------------------------------ */

static int by_order(const void *a, const void *b)
{
	uint64_t x = ((const struct entry *)a)->order, y = ((const struct entry *)b)->order;
	return (x > y) - (x < y);
}

/* The seat of the team that has room and was given somebody longest ago; 0: none. */
static uint32_t due(const struct desk_book *b, uint32_t team)
{
	uint32_t best = 0, first = team * b->shape.seats + 1;
	for (uint32_t seat = first; seat < first + b->shape.seats; seat++)
		if (b->load[seat] < b->shape.max && (!best || b->turn[seat] < b->turn[best]))
			best = seat;
	return best;
}

static void open_one(struct desk_book *b, const struct entry *e)
{
	struct line *line = &b->lines[e->where];
	MEM_GROW(line->who, line->len, line->cap, 64);
	line->who[line->len++] = e->conversation;
}

static void give_one(struct desk_book *b, const struct entry *e)
{
	uint32_t team = (e->where - 1) / b->shape.seats, seat = due(b, team);
	struct line *line = &b->lines[team];
	check(line->first < line->len, "%s: seat %" PRIu32 " was given somebody of another team",
	      b->system, e->where);
	check(line->who[line->first] == e->conversation,
	      "%s: conversation %" PRIu32 " was served before %" PRIu32 ", which asked first",
	      b->system, e->conversation, line->who[line->first]);
	check(b->load[e->where] < b->shape.max, "%s: seat %" PRIu32 " was given more than %" PRIu32,
	      b->system, e->where, b->shape.max);
	check(seat == e->where, "%s: it was the turn of seat %" PRIu32 ", not of %" PRIu32,
	      b->system, seat, e->where);
	line->first++;
	b->load[seat]++;
	b->turn[seat] = ++b->turns;
	b->seat_of[e->conversation] = seat;
}

static void close_one(struct desk_book *b, const struct entry *e)
{
	uint32_t seat = b->seat_of[e->conversation];
	check(seat, "%s: conversation %" PRIu32 " ended and was not served", b->system,
	      e->conversation);
	b->load[seat]--;
	b->seat_of[e->conversation] = 0;
}

static void execute(struct desk_book *b)
{
	static void (*const steps[])(struct desk_book *, const struct entry *) = {
		[OPENED] = open_one, [GIVEN] = give_one, [CLOSED] = close_one};
	for (size_t i = 0; i < b->len; i++) {
		check(i == 0 || b->entries[i].order > b->entries[i - 1].order,
		      "%s: two things were decided at %" PRIu64, b->system, b->entries[i].order);
		steps[b->entries[i].what](b, &b->entries[i]);
	}
}

void desk_book_check(struct desk_book *b, const char *system)
{
	uint32_t seats = b->shape.teams * b->shape.seats;
	b->system = system;
	b->lines = mem_new(b->shape.teams * sizeof *b->lines);
	b->load = mem_new((seats + 1) * sizeof *b->load);
	b->turn = mem_new((seats + 1) * sizeof *b->turn);
	b->seat_of = mem_new(((size_t)b->last + 1) * sizeof *b->seat_of);
	if (b->len)
		qsort(b->entries, b->len, sizeof *b->entries, by_order);
	execute(b);
	forget(b);
}
