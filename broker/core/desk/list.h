/* Looking at conversations: one, its place, a queue, those of somebody. */
#ifndef DESK_LIST_H
#define DESK_LIST_H

#include "core/call.h"
#include "core/desk/view.h"

/* CONVERSATION_UNKNOWN. */
enum parlor_err core_desk_show(struct core *, const struct core_call *, struct span conversation,
			       struct conversation_view *) PARLOR_MUST_CHECK;

/* Its number, and the position of the last record about it. CONVERSATION_UNKNOWN. */
enum parlor_err core_desk_told(struct core *, const struct core_call *, struct span conversation,
			       uint64_t *no, uint64_t *position) PARLOR_MUST_CHECK;

struct place_view {
	uint64_t place;       /* from 1 on; 0: it waits in no queue */
	uint64_t of;          /* how many wait there */
	uint64_t estimate_ms; /* 0: not known */
};
enum parlor_err core_desk_place(struct core *, const struct core_call *, struct span conversation,
				struct conversation_view *, struct place_view *) PARLOR_MUST_CHECK;

typedef void core_conversation_fn(void *ctx, const struct conversation_view *);
/* Those behind that place, in order. */
enum parlor_err core_desk_queue(struct core *, const struct core_call *, struct span desk,
				struct span team, uint64_t after, size_t limit, bool *more,
				core_conversation_fn *, void *ctx) PARLOR_MUST_CHECK;

struct core_desk_list {
	struct span desk, team, agent, visitor; /* but for the desk, empty: any */
	uint8_t state;                          /* 0: any */
	uint64_t after;                         /* number: moved on */
	size_t limit;
	bool more;
};
/* Open ones, in order of numbers; a page may end before its limit. */
enum parlor_err core_desk_list(struct core *, const struct core_call *, struct core_desk_list *,
			       core_conversation_fn *, void *ctx) PARLOR_MUST_CHECK;

/* The number of a team. DESK_UNKNOWN, TEAM_UNKNOWN. */
enum parlor_err core_desk_team(struct core *, const struct core_call *, struct span desk,
			       struct span team, uint64_t *no) PARLOR_MUST_CHECK;

/* Places that have changed, to be told to their visitors: of the first so many of each team, and
 * of a team not more often than every PLACES_US of the caller's clock. */
#define PLACES_TOLD 50
#define PLACES_US 2000000
typedef void core_place_fn(void *ctx, uint64_t visitor, const struct conversation_view *,
			   const struct place_view *);
void core_desk_places(struct core *, uint64_t now_us, core_place_fn *, void *ctx);

#endif
