/* Events: a record as sessions and workers see it, encoded once when the record
 * is made, stored with it and delivered as it stands. Owns the translation from
 * records to Event bytes and the few ways to look into such bytes again. Never
 * decides who gets an event. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "core/record.h"

/* Appends an encoded Event; appends nothing for records that nobody is told of.
 * scratch is overwritten. */
void event_put(struct buf *, const struct record *, struct buf *scratch);

/* Appends an encoded Event that is stored nowhere. */
void event_put_typing(struct buf *, struct span room, struct span member);
void event_put_end(struct buf *, int code);
struct place_view;
void event_put_place(struct buf *, struct span conversation, const struct place_view *,
		     uint8_t state);

/* The encoded Message inside a posted event, and the event's time. False when
 * the event is none. */
bool event_message(struct span event, struct span *message, uint64_t *time_us);

/* Which conversation's event it is, and the position of the one before it, or 0. False
 * when the event is about none. */
bool event_conversation(struct span event, uint64_t *no, uint64_t *before);

/* Appends an encoded Message with no more than body_max bytes of its body.
 * Recalled: with none, and marked so. Works on the bytes, whatever their size.
 * False when they are none. */
bool event_put_message(struct buf *, struct span message, size_t body_max, bool recalled);

/* Appends the event of a message as recalled. False when it is none. scratch is
 * overwritten. */
bool event_put_recalled(struct buf *, struct span event, struct buf *scratch);

#endif
