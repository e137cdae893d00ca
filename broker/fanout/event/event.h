/* Events: a record as sessions and workers see it, encoded once when the record
 * is made, stored with it and delivered as it stands. Owns the translation from
 * records to Event bytes and the few ways to look into such bytes again. Never
 * decides who gets an event. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "core/record.h"

#include "base/arena.h"
#include "base/err.h"

/* Appends an encoded Event; appends nothing for records that nobody is told of.
 * scratch is overwritten. */
void event_put(struct buf *, const struct record *, struct buf *scratch);
/* Appends an encoded Event that is stored nowhere. */
void event_put_typing(struct buf *, struct span room, struct span member);
void event_put_end(struct buf *, int code);

/* The encoded Message inside a posted event, and the event's time. False when
 * the event is none. */
bool event_message(struct span event, struct span *message, uint64_t *time_us);

/* Appends the event of a message without its body, marked as recalled. */
enum parlor_err event_put_recalled(struct buf *, struct span event,
				   struct arena *) PARLOR_MUST_CHECK;

#endif
