/* Who could have had a conversation, in the strategy's order: for whoever executes records
 * again and wants to see what was seen. Decides nothing. */
#ifndef DESK_CANDIDATES_H
#define DESK_CANDIDATES_H

#include "core/call.h"
#include "core/record.h"

enum candidate_state {
	CANDIDATE_READY,
	CANDIDATE_AWAY, /* or offline, or off */
	CANDIDATE_FULL,
	CANDIDATE_RESTS,    /* after the one before */
	CANDIDATE_EXCLUDED, /* it declined, or missed it */
	CANDIDATE_LEVEL,    /* the conversation has not come to its level yet */
	CANDIDATE_SERVES,   /* has it already */
};
struct candidate {
	struct span agent;
	uint64_t seat, load, max, score, of;
	uint8_t level, strategy;
	enum candidate_state state;
};

/* A core that has applied nothing, or was loaded, keeps what is derived from now on. */
void core_desk_derive(struct core *);
typedef void core_candidate_fn(void *ctx, const struct candidate *);
/* The seats of the team by which the record offers or assigns, before it is applied: those
 * that are ready, then the others. NOT_FOUND: it went by no team. */
enum parlor_err core_desk_candidates(struct core *, const struct record *, core_candidate_fn *,
				     void *ctx) PARLOR_MUST_CHECK;

/* A seat of a team, as it is. */
struct core_seat {
	struct span agent;
	uint64_t seat, load, max;
	uint8_t level, mode, presence; /* mode: of the agent and the seat together */
	bool robot;
	enum candidate_state state; /* of whatever it would be asked for */
};
typedef void core_seat_fn(void *ctx, const struct core_seat *);
/* All of them, those that are ready first, in the strategy's order. NOT_FOUND: no team has
 * that number. */
enum parlor_err core_desk_seats(struct core *, uint64_t team, core_seat_fn *,
				void *ctx) PARLOR_MUST_CHECK;

#endif
