/* Passing a conversation on, to a seat or to a team: asked, and taken, declined or called
 * off. Until somebody takes it whoever has it keeps it, unless it lets go. */
#ifndef DESK_TRANSFER_H
#define DESK_TRANSFER_H

#include "core/desk/act.h"

struct core_desk_transfer {
	struct span agent, team; /* one of the two */
	bool let_go;             /* to a team: whoever has it leaves at once */
	bool wait;               /* to an agent: also while it is full */
	struct span note;
};
/* NOT_YOURS, TRANSFER_OPEN, SEAT_UNKNOWN, SEAT_AWAY, SEAT_FULL, TEAM_UNKNOWN, TEAM_CLOSED,
 * TOO_MANY; VALUE: to itself, or to nobody. */
enum parlor_err core_desk_transfer(struct core *, const struct core_call *,
				   const struct core_desk_act *, const struct core_desk_transfer *,
				   struct conversation_view *) PARLOR_MUST_CHECK;
/* act.offer: the number of the transfer. TRANSFER_GONE: it is not open. */
enum parlor_err core_desk_transfer_cancel(struct core *, const struct core_call *,
					  const struct core_desk_act *,
					  struct conversation_view *) PARLOR_MUST_CHECK;

#endif
