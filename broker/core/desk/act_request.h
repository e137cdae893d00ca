/* A request about a conversation: the conversation, who asks and for which seat, found and
 * judged by the rules that all such requests share. Private to the core. */
#ifndef DESK_ACT_REQUEST_H
#define DESK_ACT_REQUEST_H

#include "core/call.h"
#include "core/desk/act.h"
#include "core/desk/tables.h"

enum who { WHO_NONE, WHO_SERVICE, WHO_OWNER, WHO_MANAGER, WHO_VISITOR };

struct act_request {
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
enum parlor_err act_request_begin(struct act_request *, struct core *, const struct core_call *,
				  const struct core_desk_act *, bool open) PARLOR_MUST_CHECK;
/* NOT_YOURS: neither who serves, nor a manager, nor the service. */
enum parlor_err act_request_owns(const struct act_request *) PARLOR_MUST_CHECK;
/* The seat of that agent at the conversation's desk: SEAT_UNKNOWN. */
enum parlor_err act_request_seat(struct act_request *, struct span agent) PARLOR_MUST_CHECK;
/* SEAT_AWAY, NOT_SEATED, and unless it is over, SEAT_FULL. */
enum parlor_err act_request_may_take(const struct act_request *, const struct team *,
				     bool over) PARLOR_MUST_CHECK;
/* Settles, and shows it; err is passed on. */
enum parlor_err act_request_end(struct act_request *, enum parlor_err err,
				struct conversation_view *) PARLOR_MUST_CHECK;

#endif
