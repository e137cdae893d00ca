/* What a desk is made of, as rows: desks, teams, agents, seats and what else says how
 * conversations are routed and served. Found by what they are or by number; set, removed,
 * and put back by records. All of them are resident. What follows from a change for
 * those who wait is the business of who stands above (desk/tables.h, hooks). */
#ifndef DESK_CONFIG_H
#define DESK_CONFIG_H

#include "core/call.h"
#include "core/desk/form.h"

struct core;

struct core_desk_row {
	enum config_no kind;
	uint64_t no;
	const void *is; /* struct row_desk, row_team, ... (core/desk/form.h) */
	bool removed;
	uint64_t position; /* of the change; 0: none was made */
};

/* All of the row `is`, its numbers aside; the same again changes nothing. remove: its key
 * is enough. move_to: of a team that is removed, who gets its conversations; BUSY: so far some of
 * them, it goes on when it is asked again. DESK_UNKNOWN,
 * TEAM_UNKNOWN, AGENT_UNKNOWN, SEAT_UNKNOWN, VALUE, EMPTY, TOO_LONG, TOO_MANY, TENANT_FULL,
 * TEAM_BUSY. */
enum parlor_err core_desk_set(struct core *, const struct core_call *, enum config_no,
			      const void *is, bool remove, struct span move_to,
			      struct core_desk_row *) PARLOR_MUST_CHECK;

/* The row of a visitor; is NULL: there is none. */
enum parlor_err core_desk_visitor(struct core *, const struct core_call *, struct span visitor,
				  struct core_desk_row *) PARLOR_MUST_CHECK;

typedef void core_desk_row_fn(void *ctx, const struct core_desk_row *);
/* Of one kind, where `desk` is not empty of that desk, in order of numbers, those behind *after,
 * which is moved on; *more: there may be others. A page may end before its limit. */
enum parlor_err core_desk_rows(struct core *, const struct core_call *, enum config_no,
			       struct span desk, uint64_t *after, size_t limit, bool *more,
			       core_desk_row_fn *, void *ctx) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns ----------------------------------------------- */

/* Recorded: all of it, with its numbers. */
void config_emit(struct core *, uint32_t tenant, enum config_no, uint64_t no, const void *is,
		 bool removed);

#endif
