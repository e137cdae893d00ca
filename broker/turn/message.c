#include "turn/message.h"

#include "event/event.h"
#include "wire.h"

#include <parlor/fields.h>

enum parlor_err message_event(struct commit *c, uint64_t position, struct span *event)
{
	if (turn_event_at(&c->turn, position, event) ||
	    (c->flying && turn_event_at(&c->flight, position, event)))
		return PARLOR_E_OK;
	struct entry entry;
	meter_read(c->fanout->meter);
	enum parlor_err err = store_read(c->store, position, &entry);
	if (!err)
		*event = entry.event;
	return err;
}

static enum parlor_err stored_at(struct commit *c, uint64_t position, struct span *message)
{
	struct span event;
	uint64_t time_us;
	enum parlor_err err = message_event(c, position, &event);
	if (!err && !event_message(event, message, &time_us))
		err = PARLOR_E_STORE_CORRUPT;
	return err;
}

enum parlor_err message_put(struct commit *c, struct buf *out, const struct row_message *row,
			    size_t body_max)
{
	struct span message;
	enum parlor_err err = stored_at(c, row->position, &message);
	if (!err && !event_put_message(out, message, body_max, row->recalled))
		err = PARLOR_E_STORE_CORRUPT;
	if (!err)
		wire_put_varint_field(out, PB_MESSAGE_TIME_US, row->time_us);
	return err;
}

enum parlor_err message_check(struct commit *c, uint64_t position)
{
	struct span message;
	enum parlor_err err = stored_at(c, position, &message);
	return err == PARLOR_E_NOT_FOUND ? PARLOR_E_OK : err;
}
