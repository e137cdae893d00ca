/* The steps by which a conversation gets and loses who serves it: assigned, released,
 * queued again, closed. Each is one or a few records that leave the state whole:
 * who serves is in the room, and nobody else. Owns their order; who calls has checked that
 * they may be taken. Private to the core. */
#ifndef DESK_SERVICE_H
#define DESK_SERVICE_H

#include "core/desk/offering.h"
#include "core/desk/say.h"

enum assign_how { HOW_NONE, HOW_AUTO, HOW_ACCEPTED, HOW_CLAIMED, HOW_FORCED, HOW_ROBOT };
enum queue_why {
	QUEUE_NONE,
	QUEUE_NEW,
	QUEUE_DEFERRED,
	QUEUE_OPENED,
	QUEUE_HANDOFF,
	QUEUE_RETURNED,
	QUEUE_GONE,
	QUEUE_DECLINED,
	QUEUE_TRANSFER,
	QUEUE_RESUMED,
	QUEUE_OVERFLOW,
	QUEUE_UNANSWERED,
	QUEUE_MOVED
};
enum release_why {
	RELEASE_NONE,
	RELEASE_TRANSFER,
	RELEASE_GONE,
	RELEASE_UNANSWERED,
	RELEASE_RETURNED,
	RELEASE_HELD,
	RELEASE_HANDOFF,
	RELEASE_CLOSED,
	RELEASE_REMOVED
};
enum close_why {
	CLOSE_NONE,
	CLOSE_SEAT,
	CLOSE_MANAGER,
	CLOSE_VISITOR,
	CLOSE_SERVICE,
	CLOSE_ROOM,
	CLOSE_ABANDONED,
	CLOSE_WAITED_OUT,
	CLOSE_TIMEOUT,
	CLOSE_NO_SERVICE,
	CLOSE_GONE
};
enum transfer_end {
	TRANSFER_ASKED,
	TRANSFER_ACCEPTED,
	TRANSFER_DECLINED,
	TRANSFER_EXPIRED,
	TRANSFER_CANCELLED,
	TRANSFER_DONE
};
/* It serves from here on: whoever served before leaves. team: as whose. */
void service_assign(struct core *, struct conversation *, struct seat *, struct team *,
		    enum assign_how, const struct decision *, struct span by);
/* Who serves leaves; it is closed or queued next. */
void service_release(struct core *, struct conversation *, enum release_why, struct span by,
		     struct span why);
struct queueing {
	enum queue_why why;
	bool now;          /* behind those who asked before now, else as it had asked */
	uint64_t reserved; /* seat that it waits for, or 0 */
	enum offer_why reserved_why;
	uint64_t until_us; /* desk time */
	uint64_t excluded; /* seat that is not asked for a while, or 0 */
	struct team *team; /* where, else as it is */
	struct span by;
};
void service_queue(struct core *, struct conversation *, const struct queueing *);
/* It waits on, for that seat until then, or (0) for no one in particular. */
void service_reserve(struct core *, struct conversation *, uint64_t seat, uint64_t until_us,
		     enum offer_why);
/* Taken from whoever has it: it waits again, and not for that one. */
void service_requeue(struct core *, struct conversation *, enum release_why, enum queue_why);
void service_transfer_end(struct core *, struct conversation *, enum transfer_end, struct span by);
/* With all that is open about it. */
void service_close(struct core *, struct conversation *, enum close_why, struct span by,
		   struct span why);

_Static_assert(QUEUE_MOVED < DESK_WHYS && TRANSFER_DONE < DESK_WHYS && CLOSE_GONE < DESK_WHYS,
	       "each cause is counted");
#endif
