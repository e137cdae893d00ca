/* The desk as a part of the core: read, begun, told what others record, and ticking. Owns
 * when what is derived is there, and the desk's own counters. */
#ifndef DESK_DESK_H
#define DESK_DESK_H

#include "core/call.h"
#include "core/engine/key.h"

/* What is counted by its cause: its name, and where and under which number it is counted. */
#define CORE_DESK_CAUSES(X)                                       \
	X(requeued_opened, queued, QUEUE_OPENED)                  \
	X(requeued_handoff, queued, QUEUE_HANDOFF)                \
	X(requeued_returned, queued, QUEUE_RETURNED)              \
	X(requeued_gone, queued, QUEUE_GONE)                      \
	X(requeued_unanswered, queued, QUEUE_UNANSWERED)          \
	X(requeued_resumed, queued, QUEUE_RESUMED)                \
	X(requeued_transfer, queued, QUEUE_TRANSFER)              \
	X(requeued_moved, queued, QUEUE_MOVED)                    \
	X(transfers_accepted, transfer_ends, TRANSFER_ACCEPTED)   \
	X(transfers_declined, transfer_ends, TRANSFER_DECLINED)   \
	X(transfers_expired, transfer_ends, TRANSFER_EXPIRED)     \
	X(transfers_cancelled, transfer_ends, TRANSFER_CANCELLED) \
	X(closed_agent, closed_by, CLOSE_SEAT)                    \
	X(closed_manager, closed_by, CLOSE_MANAGER)               \
	X(closed_visitor, closed_by, CLOSE_VISITOR)               \
	X(closed_service, closed_by, CLOSE_SERVICE)               \
	X(closed_room, closed_by, CLOSE_ROOM)                     \
	X(closed_waited_out, closed_by, CLOSE_WAITED_OUT)         \
	X(closed_timeout, closed_by, CLOSE_TIMEOUT)               \
	X(closed_no_service, closed_by, CLOSE_NO_SERVICE)         \
	X(closed_gone, closed_by, CLOSE_GONE)

struct core_desk_counts {
#define CORE_DESK_CAUSE(name, of, why) uint64_t name;
	CORE_DESK_CAUSES(CORE_DESK_CAUSE)
#undef CORE_DESK_CAUSE
	uint64_t oldest_us; /* of the first of each queue: the longest that one has waited */
	uint64_t open, deferred, waiting, offered, robots, active, held;
	uint64_t offers, accepted, declined, expired, withdrawn, late, claims, races;
	uint64_t transfers, abandoned, closed, storms;
	uint64_t reports, reports_dropped, tallies, tallies_refused;
};
/* Pairs that a request makes at most before it is answered; the others are due at once. */
#define CORE_DESK_PAIRS 16
void core_desk_counts(const struct core *, struct core_desk_counts *);
/* Told before conversations are paired with seats, and behind it, with how many pairs that
 * made: for whoever has a clock, which the core has not. */
struct core_settling {
	void *ctx;
	void (*begins)(void *ctx);
	void (*ended)(void *ctx, uint64_t pairs);
};
void core_desk_watch(struct core *, struct core_settling);
/* Something has been asked for that ends or moves conversations. It has to be followed up
 * in the commit of that request: a crash before the next would leave them as they are. */
bool core_desk_woken(const struct core *);
void core_desk_settle(struct core *, const struct core_call *);

/* For whoever executes records again and wants to see what else would have come of them: from
 * the last one applied on it decides, as the broker did that wrote it, by a core_call whose
 * served_us is its now_us. Again behind each DESK_CLOCK and BOOT. */
void core_desk_serve(struct core *);
/* The desk's time, as of the last record or request. */
uint64_t core_desk_now(const struct core *);

/* ---- for the core ------------------------------------------------------------- */

void desk_init(struct core *);
/* Before the rows go, and after that. */
void desk_forget(struct core *);
void desk_fini(struct core *);
enum parlor_err desk_load(struct core *) PARLOR_MUST_CHECK;
/* What is derived from rows: once, and kept from then on. */
void desk_derive(struct core *);
/* Its counters, when they have changed. */
void desk_put_state(struct core *, core_put_fn *, void *ctx);
/* As core_tick and core_due. */
enum parlor_err desk_tick(struct core *, const struct core_call *, bool *more) PARLOR_MUST_CHECK;
uint64_t desk_due(const struct core *);

#endif
