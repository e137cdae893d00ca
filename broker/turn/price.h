/* What a turn of the loop may cost, and what it has cost so far. Owns the budgets, what
 * a piece of work costs as a part of a turn, and the counts of what ended turns; knows
 * no request, no session and no clock. */
#ifndef TURN_PRICE_H
#define TURN_PRICE_H

#include <stdbool.h>
#include <stdint.h>

enum price_kind {
	PRICE_REQUESTS,     /* carried out */
	PRICE_BYTES_IN,     /* of the frames taken */
	PRICE_RECORDS,      /* of the turn's commit */
	PRICE_RECORD_BYTES, /* of them, as they are stored */
	PRICE_BYTES_OUT,    /* of replies, and of whom they are for */
	PRICE_STEPS,        /* of the core */
	PRICE_ROWS,         /* that the core has read from the store */
	PRICE_DELIVERIES,   /* of the turn's records, each to each session that listens */
	PRICE_COMMITS,      /* that a request could not do without */
	PRICE_US,           /* of the clock: ends a turn, and is charged to nobody */
	PRICE_LANDED,       /* the commit before is on disk: the same */
	PRICE_KINDS
};

/* What a turn costs that has spent one of its budgets and nothing else. */
#define PRICE_TURN (UINT64_C(1) << 20)

struct price {
	uint64_t max[PRICE_KINDS];
	uint64_t weight[PRICE_KINDS]; /* of one, in 1/65536 of PRICE_TURN's unit */
	uint64_t spent[PRICE_KINDS];
	uint64_t seen[PRICE_KINDS];  /* see price_see */
	uint64_t charged;            /* of the cost, see price_charge */
	uint64_t ended[PRICE_KINDS]; /* turns that each of them has ended */
	uint64_t share;              /* see price_share */
	bool counted;                /* this turn, in `ended` */
};

void price_init(struct price *, const uint64_t max[PRICE_KINDS]);
/* A new turn: nothing of it is spent. */
void price_begin(struct price *);
void price_add(struct price *, enum price_kind, uint64_t n);
/* Counted elsewhere, from 0 on: that is what it has come to. Where it begins again
 * within a turn, as records do behind a commit, it adds up. */
void price_see(struct price *, enum price_kind, uint64_t n);

/* What was spent since it was asked last, in parts of PRICE_TURN. */
uint64_t price_charge(struct price *);

/* What is to be committed has spent one part of so many of a budget: behind a commit that
 * is under way the turn goes no further. */
bool price_commit_is_full(const struct price *, uint64_t parts);
/* n of a budget is one part of so many, or more. */
bool price_is_part(const struct price *, enum price_kind, uint64_t n, uint64_t parts);
/* Some budget is spent: the turn takes no further frame. */
bool price_is_spent(const struct price *);
/* The same for the next request of a frame that was begun. What a commit holds may
 * pass its budget by as much again: a frame is split for it only if it is unusual. */
bool price_splits(const struct price *);
/* From here on a budget is spent when one part of so many is: 1 is all of it. Not those
 * of what is to be committed, which turns before may have spent. */
void price_share(struct price *, uint64_t parts);
/* Counts what is spent, if anything is, once a turn. */
void price_end(struct price *);

#endif
