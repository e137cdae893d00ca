/* Who asks what of a conversation, found and judged: what the deciding files of the desk
 * share. Private to the core. */
#ifndef DESK_ASKED_H
#define DESK_ASKED_H

#include "core/call.h"
#include "core/desk/act.h"
#include "core/desk/tables.h"

enum who { WHO_NONE, WHO_SERVICE, WHO_OWNER, WHO_MANAGER, WHO_VISITOR };

struct asked {
	struct core *core;
	const struct core_call *call;
	struct tenant *tenant;
	struct conversation *v;
	enum who who;
	uint64_t by;       /* member number; 0: the service */
	struct seat *seat; /* of the agent that is named */
	uint64_t before;   /* position when it was asked */
};

/* Also the desk's clock. open: it must be, else CONVERSATION_CLOSED. */
enum parlor_err asked_begin(struct asked *, struct core *, const struct core_call *,
			    const struct core_desk_act *, bool open) PARLOR_MUST_CHECK;
/* NOT_YOURS: neither who serves, nor a manager, nor the service. */
enum parlor_err asked_owns(const struct asked *) PARLOR_MUST_CHECK;
/* The seat of that agent at the conversation's desk: SEAT_UNKNOWN. */
enum parlor_err asked_seat(struct asked *, struct span agent) PARLOR_MUST_CHECK;
/* SEAT_AWAY, NOT_SEATED, and unless it is over, SEAT_FULL. */
enum parlor_err asked_may_take(const struct asked *, const struct team *,
			       bool over) PARLOR_MUST_CHECK;
/* Settles, and shows it; err is passed on. */
enum parlor_err asked_end(struct asked *, enum parlor_err err,
			  struct conversation_view *) PARLOR_MUST_CHECK;

#endif
