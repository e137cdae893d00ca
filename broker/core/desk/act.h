/* What is asked of a conversation: to be taken, passed on, held, closed. Each is refused
 * with a code and leaves no trace, or is done, and what follows is settled; the answer is
 * the conversation as it is then. by: who asks, a member; empty: the service. */
#ifndef DESK_ACT_H
#define DESK_ACT_H

#include "core/call.h"
#include "core/desk/view.h"

/* What they may have in common: CONVERSATION_UNKNOWN; CONVERSATION_CLOSED; NOT_YOURS or
 * NOT_ALLOWED where `by` is neither who serves nor a manager of the desk. */
struct core_desk_act {
	struct span conversation, by, why;
	struct span agent; /* who is to have it, or answers */
	uint64_t offer;
};

/* The live offer of that number to that agent. The same again, also later, has the same answer.
 * OFFER_GONE, NOT_YOURS, SEAT_UNKNOWN. */
enum parlor_err core_desk_accept(struct core *, const struct core_call *,
				 const struct core_desk_act *,
				 struct conversation_view *) PARLOR_MUST_CHECK;
enum parlor_err core_desk_decline(struct core *, const struct core_call *,
				  const struct core_desk_act *,
				  struct conversation_view *) PARLOR_MUST_CHECK;
/* NOT_WAITING, NOT_SEATED, SEAT_UNKNOWN, SEAT_FULL, SEAT_AWAY. */
enum parlor_err core_desk_claim(struct core *, const struct core_call *,
				const struct core_desk_act *,
				struct conversation_view *) PARLOR_MUST_CHECK;
/* By a manager; over: whatever the limits are. The same, and NOT_ALLOWED. */
enum parlor_err core_desk_assign(struct core *, const struct core_call *,
				 const struct core_desk_act *, bool over,
				 struct conversation_view *) PARLOR_MUST_CHECK;
enum parlor_err core_desk_return(struct core *, const struct core_call *,
				 const struct core_desk_act *,
				 struct conversation_view *) PARLOR_MUST_CHECK;
enum parlor_err core_desk_hold(struct core *, const struct core_call *,
			       const struct core_desk_act *,
			       struct conversation_view *) PARLOR_MUST_CHECK;
/* SEAT_FULL, SEAT_AWAY. */
enum parlor_err core_desk_resume(struct core *, const struct core_call *,
				 const struct core_desk_act *,
				 struct conversation_view *) PARLOR_MUST_CHECK;
/* From a robot to the queue. NOT_WAITING: no robot has it. */
enum parlor_err core_desk_handoff(struct core *, const struct core_call *,
				  const struct core_desk_act *,
				  struct conversation_view *) PARLOR_MUST_CHECK;
/* Its visitor may, too. What is closed already is answered as it is. */
enum parlor_err core_desk_close(struct core *, const struct core_call *,
				const struct core_desk_act *,
				struct conversation_view *) PARLOR_MUST_CHECK;
/* TYPE_UNKNOWN, VALUE. type empty: as it is. */
enum parlor_err core_desk_mark(struct core *, const struct core_call *,
			       const struct core_desk_act *, uint32_t priority, struct span type,
			       struct conversation_view *) PARLOR_MUST_CHECK;
/* Of a closed one. NOT_RATABLE; RATED: with another score. */
enum parlor_err core_desk_rate(struct core *, const struct core_call *,
			       const struct core_desk_act *, uint32_t score, struct span comment,
			       struct conversation_view *) PARLOR_MUST_CHECK;
/* act.agent: of whom. AGENT_UNKNOWN, NOT_ALLOWED. *position: 0: it was so. */
enum parlor_err core_desk_mode(struct core *, const struct core_call *,
			       const struct core_desk_act *, uint8_t mode,
			       uint64_t *position) PARLOR_MUST_CHECK;

/* ---- for the core's other nouns ----------------------------------------------- */

struct agent;
struct conversation;

void act_set_held(struct core *, struct conversation *, bool held, struct span by);
void act_handoff(struct core *, struct conversation *, struct span by, struct span why);
void act_set_mode(struct core *, const struct agent *, uint8_t mode, struct span why);

#endif
